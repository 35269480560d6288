# SPDX-License-Identifier: Apache-2.0
# What the suite takes from the environment of whoever starts it: source this file (bash).
#
#	environment_known PROGRAM ARGUMENT...	PROGRAM again without all the rest; returns when there is no rest
#	environment_set				what can be mended without that
#
# A start-up file of other shells, a preloaded library, somebody's own vault, agent or git folder is none of
# ours.  Programs that call this begin with `bash -p`, which reads no start-up file and takes no function and
# option from the environment before the first line is reached.

# The person and the terminal, how to compile and to fetch, and what the suite says that it reads.
ENVIRONMENT_KEPT=(HOME USER LOGNAME TERM COLORTERM NO_COLOR TMPDIR
	CC CFLAGS CPPFLAGS LDFLAGS PKG_CONFIG_PATH NINJA_STATUS
	http_proxy https_proxy ftp_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY APT_CONFIG
	HALLIGAN_BUILD HALLIGAN_PREFIX HALLIGAN_VECTORS HALLIGAN_SKIPS_FAIL HALLIGAN_SLICE HALLIGAN_SWEEP
	HALLIGAN_COMMIT HALLIGAN_ALONE)
# Set below, or by bash itself.
ENVIRONMENT_OURS=(PATH LC_ALL LANG PWD OLDPWD SHLVL _)

environment_kept() {
	[[ $1 == CCACHE_* || " ${ENVIRONMENT_KEPT[*]} ${ENVIRONMENT_OURS[*]} " == *" $1 "* ]]
}

# Is there anything else?  A broken pipe that is ignored (as by some who start us from Python) is, too.
environment_foreign() {
	local name
	for name in $(compgen -e); do environment_kept "$name" || return 0; done
	[ -n "$(declare -Fx)$(trap -p PIPE INT)" ]
}

environment_known() {
	local name kept=()
	if environment_foreign; then
		for name in $(compgen -e); do ! environment_kept "$name" || kept+=("$name=${!name}"); done
		exec /usr/bin/env -i --default-signal=PIPE,INT,QUIT "${kept[@]}" "$@"
	fi
	environment_set
}

# Daemons stand where an ordinary user's PATH does not look.  A file that a test makes is one that others may read.
environment_set() {
	unset BASH_ENV ENV CDPATH GREP_OPTIONS GREP_COLOR GREP_COLORS POSIXLY_CORRECT
	export PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
	export LC_ALL=C.UTF-8 LANG=C.UTF-8
	set +o noclobber
	umask 022
	environment_temporary
}

environment_temporary() {
	local folder=${TMPDIR:-}
	[ -n "$folder" ] || { unset TMPDIR; return; }
	if folder=$(readlink -e "$folder") && [ -d "$folder" ] && [ -w "$folder" ]; then
		export TMPDIR=$folder
	else
		printf 'TMPDIR is no folder that can be written, /tmp is taken: %s\n' "$TMPDIR" >&2
		unset TMPDIR
	fi
}

# environment_needs PROGRAM PACKAGE: Debian's package that has it, when nothing has.
environment_needs() {
	[ ! -x "$(type -P "$1")" ] || return 0
	printf '%s was not found: install the package %s (as root: ./run install)\n' "$1" "$2" >&2
	return 1
}
