# SPDX-License-Identifier: Apache-2.0
# A private OpenSSH server on loopback, for scenarios and the demo: source this file (bash).
#
#	. "$(dirname "$0")/../lib/sshd.sh"
#	sshd_start FOLDER [OPTION...]	# on a high port, until the script ends
#	ssh-keygen -q -t ed25519 -N '' -f FOLDER/key; cp FOLDER/key.pub "$SSHD_AUTHORIZED"
#	sshd_target local		# the ssh-key rotator's target as JSON; or: ssh
#	sshd_stop
#
# Sets SSHD_PORT, SSHD_USER (who runs this), SSHD_HOST_KEY ("ssh-ed25519 AAAA..."), SSHD_AUTHORIZED
# (the authorized_keys file, empty and 0600 at first), SSHD_FOLDER (everything else: log, host key,
# configuration).  OPTIONs are further lines of sshd_config, which win; SSHD_ENVIRONMENT is more for its SetEnv.
# The account's home is an empty folder there: what its start-up files do (some wait a minute for a lock,
# others print) is not what is tested.
#
# As root the server lives in a mount namespace of its own, with an empty /run, where it may have the
# folder that it insists on, and with a root account that is not locked.  It dies with the script.

SSHD_PIDS=()

sshd_fail() {
	printf '# sshd.sh: %s\n' "$*" >&2
	[ -z "${SSHD_FOLDER:-}" ] || sed 's/^/# /' "$SSHD_FOLDER/log" 2>/dev/null | tail -n 20 >&2
	exit 99
}

# Whoever runs this logs in to it, and sshd runs the account's shell.
sshd_check() {
	local shell
	shell=$(getent passwd "$(id -u)" | cut -d: -f7)
	case $shell in
	'' | */nologin | */false) ;;
	*) [ ! -x "$shell" ] || return 0 ;;
	esac
	sshd_fail "the account $(id -un 2>/dev/null || id -u) has no login shell (${shell:-none at all}), so sshd lets nobody in" \
		"as it: run this from an ordinary account"
}

sshd_free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# sshd_quiet_ports COUNT: below those that connections get, one of which would meet itself while nobody listens there yet.
sshd_quiet_ports() {
	python3 - "$1" <<-'END'
		import random, socket, sys
		taken = []
		for port in random.sample(range(20000, 32000), 4000):
		    try: taken.append(socket.create_server(("127.0.0.1", port)))
		    except OSError: pass
		    if len(taken) == int(sys.argv[1]): break
		ports = [one.getsockname()[1] for one in taken]
		for one in taken: one.close() # who reads this is told when nobody listens there any more
		print(*ports)
	END
}

# sshd_configure OPTION...: the first line for a keyword wins in sshd_config.
sshd_configure() {
	printf '%s\n' "$@" "Port $SSHD_PORT" "ListenAddress 127.0.0.1" "HostKey \"$SSHD_FOLDER/host_key\"" \
		"AuthorizedKeysFile \"$SSHD_AUTHORIZED\"" "StrictModes no" "UsePAM no" \
		"PasswordAuthentication no" "KbdInteractiveAuthentication no" "PermitRootLogin yes" \
		"ExposeAuthInfo yes" "PidFile none" "PrintMotd no" "MaxStartups 100" "LogLevel VERBOSE" \
		"UseDNS no" "PermitUserRC no" "SetEnv \"HOME=$SSHD_FOLDER/home\" ${SSHD_ENVIRONMENT:-}" >"$SSHD_FOLDER/config"
}

# The inner shell of the namespace; $1 is the folder.
# shellcheck disable=SC2016
SSHD_NAMESPACE='
	[ -e /run/.own ] || { mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd || exit 1; }
	if grep -q "^root:!" /etc/shadow; then
		umask 077; echo "root:*:19000:0:99999:7:::" >"$1/shadow" && mount --bind "$1/shadow" /etc/shadow
	fi
	umask 022
	exec "$2" -D -e -f "$1/config"'

sshd_run() {
	local sshd us=$BASHPID program
	environment_needs sshd openssh-server || sshd_fail "there is no sshd"
	sshd=$(command -v sshd) # which wants to know its own path
	program=("$sshd" -D -e -f "$SSHD_FOLDER/config")
	[ "$(id -u)" -ne 0 ] || program=(unshare --mount --propagation private -- sh -c "$SSHD_NAMESPACE" sh "$SSHD_FOLDER" "$sshd")
	setpriv --pdeathsig TERM -- sh -c "$MORTAL" "$us" "${program[@]}" </dev/null >>"$SSHD_FOLDER/log" 2>&1 &
	SSHD_PIDS+=($!)
	disown
}

sshd_listens() { (exec 9<>"/dev/tcp/127.0.0.1/$SSHD_PORT") 2>/dev/null; }

# sshd_start FOLDER [OPTION...]
sshd_start() {
	sshd_check
	SSHD_FOLDER=$(readlink -f "$1")/sshd; shift
	mkdir -p -m 700 "$SSHD_FOLDER" "$SSHD_FOLDER/home"
	SSHD_USER=$(id -un) SSHD_AUTHORIZED=$SSHD_FOLDER/authorized_keys
	[ -e "$SSHD_AUTHORIZED" ] || (umask 077; : >"$SSHD_AUTHORIZED")
	[ -e "$SSHD_FOLDER/host_key" ] || ssh-keygen -q -t ed25519 -N '' -C '' -f "$SSHD_FOLDER/host_key"
	SSHD_HOST_KEY=$(cut -d' ' -f1,2 "$SSHD_FOLDER/host_key.pub")
	[ -z "${HALLIGAN_ALONE:-}" ] || SSHD_PORT=${SSHD_PORT:-2222} # no other is in its network
	SSHD_PORT=${SSHD_PORT:-$(sshd_free_port)}
	sshd_configure "$@"
	sshd_run
	local tries=0
	until sshd_listens; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && kill -0 "${SSHD_PIDS[-1]}" 2>/dev/null || sshd_fail "sshd did not start"
		sleep 0.05
	done
}

# Ends the server; SSHD_PORT is kept, so that sshd_start brings it back at the same place.
sshd_stop() {
	local pid
	for pid in "${SSHD_PIDS[@]}"; do
		kill "$pid" 2>/dev/null
		while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
	done
	SSHD_PIDS=()
}

# sshd_target local|ssh
sshd_target() {
	printf '{"host":"127.0.0.1","port":%d,"user":"%s","host_key":"%s","authorized_keys":"%s","access":"%s"}\n' \
		"$SSHD_PORT" "$SSHD_USER" "$SSHD_HOST_KEY" "$SSHD_AUTHORIZED" "$1"
}
