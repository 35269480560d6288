#!/bin/bash -p
# SPDX-License-Identifier: Apache-2.0
# A program alone: with processes, mounts, a loopback network and an empty /tmp of its own, which end
# with it, and it with whoever started it, however that ends.  So nothing is left behind, and each has
# the same paths and ports as the others that run beside it.
#
#	. tests/lib/alone.sh; alone PROGRAM ARGUMENT...
#	alone_check PROGRAM	can namespaces be made here at all? If not, says what is missing
#
# Returns when the program is alone already, and when only root could make it so.  Root who may not (in a
# container, without CAP_SYS_ADMIN) is root of a user namespace first, in which everybody is who he was.
# A project that lies in /tmp, its build folder and vectors are still there; where somebody's home or other
# folders of the environment are below /tmp, empty ones stand.

# What is started so ends with whoever started it: setpriv's signal comes when that one ends, and is missed by a
# program that had lost him before it asked for it.
#	setpriv --pdeathsig TERM -- sh -c "$MORTAL" "$BASHPID" COMMAND... &
# shellcheck disable=SC2016
MORTAL='[ "$PPID" = "$0" ] || exit 1; exec "$@"'

ALONE=$(readlink -f "${BASH_SOURCE[0]}")
ALONE_NAMESPACES=(--mount --propagation private --net --pid --fork --kill-child --mount-proc)

alone() {
	[ "${HALLIGAN_ALONE:-}" != "$1" ] && [ "$(id -u)" -eq 0 ] || return 0
	case $(alone_way) in
	root) exec bash -p "$ALONE" outside "$@" ;;
	mapped) alone_mapped bash -p "$ALONE" outside "$@" ;;
	esac
}

# The process that was started.  unshare hears no signal while it waits, and the first process in its namespaces only
# those that it asks for: so this one, asked to end, ends them.
alone_outside() {
	local us=$BASHPID namespaces status=0
	setpriv --pdeathsig KILL -- sh -c "$MORTAL" "$us" env --default-signal=INT,QUIT \
		unshare "${ALONE_NAMESPACES[@]}" -- bash -p "$ALONE" inside "$@" <&0 &
	namespaces=$!
	# shellcheck disable=SC2064
	trap "kill -KILL $namespaces; printf '%s: interrupted\n' ${1@Q} >&2; exit 130" INT TERM HUP
	wait $namespaces || status=$?
	exit $status
}

# How namespaces are made here: as root, by way of a user namespace, or not at all.
alone_way() {
	if [ -n "${HALLIGAN_ALONE:-}" ] && [ "$(id -u)" -eq 0 ]; then echo root # where one is alone it was possible
	elif [ "$(id -u)" -ne 0 ]; then
		if unshare --user --map-root-user --mount true; then echo mapped; else echo none; fi
	elif unshare "${ALONE_NAMESPACES[@]}" true; then echo root
	elif (alone_mapped unshare "${ALONE_NAMESPACES[@]}" true); then echo mapped
	else echo none
	fi 2> /dev/null
}

alone_check() {
	[ "$(alone_way)" = none ] || return 0
	printf '%s: %s, %s\n' "$1" "no namespaces can be made here: CAP_SYS_ADMIN is missing, and user namespaces are forbidden" \
		"so in a container run this with --privileged, elsewhere see user_namespaces(7)" >&2
	return 1
}

# alone_mapped COMMAND...: becomes COMMAND, as root of a user namespace with all users that there are here.  Only
# somebody outside can say who they are: a child that stays there until it has.
alone_mapped() {
	local us=$BASHPID outside kind
	outside=$(readlink /proc/self/ns/user)
	(
		while [ "$(readlink "/proc/$us/ns/user")" = "$outside" ]; do sleep 0.01; done
		for kind in gid uid; do
			awk '{ print $1, $1, $3 }' "/proc/self/${kind}_map" > "/proc/$us/${kind}_map" || kill "$us"
		done
	) &
	# shellcheck disable=SC2016
	exec unshare --user -- sh -c 'until grep -q . /proc/self/uid_map; do sleep 0.01; done; exec "$@"' sh "$@"
}

# alone_seen FOLDER...: those that lie in /tmp are in the new one as well.  alone_empty NAME...: what these
# variables name is there, and empty.
alone_seen() {
	local folder
	for folder; do
		folder=$(readlink -e "$folder") || continue
		case $folder in "$ALONE_TMP"/*) ;; *) continue ;; esac
		mkdir -p "/mnt${folder#"$ALONE_TMP"}" && mount -n --rbind "$folder" "/mnt${folder#"$ALONE_TMP"}" || exit 99
	done
}
alone_empty() {
	local name folder
	for name; do
		folder=$(readlink -m "${!name:-/}")
		case $folder in "$ALONE_TMP"/*) (umask 077; mkdir -p "/mnt${folder#"$ALONE_TMP"}") ;; esac
	done
}

# In the namespaces: the empty /tmp, made at /mnt, where nobody looks meanwhile; what the host's root lists for vaults of
# the host's own is out of sight; then the program.
alone_inside() {
	local project
	project=$(readlink -f "$(dirname "$ALONE")/../..")
	ALONE_TMP=$(readlink -f /tmp)
	mount -n -t tmpfs -o mode=1777 none /mnt || exit 99
	alone_seen "$project" "$project/../shared" "${HALLIGAN_BUILD:-}" "${HALLIGAN_PREFIX:-}" "${HALLIGAN_VECTORS:-}"
	alone_empty HOME "${!XDG_@}"
	mount -n --move /mnt "$ALONE_TMP" && ip link set lo up || exit 99
	[ ! -d /etc/halligan ] || mount -n -t tmpfs -o mode=755 none /etc/halligan || exit 99
	unset TMPDIR TMP TEMP TEMPDIR
	cd "$(pwd -P)" 2>/dev/null || cd / # the same folder, in the new /tmp
	HALLIGAN_ALONE=$1 exec "$@"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || "alone_$1" "${@:2}"
