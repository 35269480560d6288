# SPDX-License-Identifier: Apache-2.0
# A private pcscd with simulated tokens, for scenarios: source this file (bash).
#
#	. "$(dirname "$0")/../lib/tokens.sh"
#	tokens_folder				# a temporary folder, removed at the end; cd to it
#	tokens_start "$TOKENS_DIR" 1001 1002	# ... until the script ends
#	yubico-piv-tool -r "$(token_reader 1001)" -a status
#	token_control 1001 touch manual
#
# Needs HALLIGAN_BUILD (the build folder) or HALLIGAN_PREFIX (what is installed below it is used), and root or user
# namespaces.  Everything lives in the
# folder given to tokens_start and in a mount namespace of its own, so any number of harnesses can
# run side by side; it all dies with the script, however that dies.
#
# Environment of tokens_start: TOKENS_FIRMWARE (5.7.4) or TOKENS_PROFILE, TOKENS_QUIRKS,
# TOKENS_PIN and TOKENS_PUK (123456, 12345678: the factory's), TOKENS_TOUCH (auto), TOKENS_READER
# (what readers are called, before the serial number; ykman's FIDO part wants a name without
# "Yubico YubiKey").  States of tokens that are there already are reused.  Exports
# PCSCLITE_CSOCK_NAME.

if [ -n "${HALLIGAN_PREFIX:-}" ]; then
	HALLIGAN=$HALLIGAN_PREFIX/bin/halligan SIMTOKEN=$HALLIGAN_PREFIX/bin/halligan-simtoken
	IFD=$(compgen -G "$HALLIGAN_PREFIX/lib*/halligan/libifd-halligan.so" ||
		compgen -G "$HALLIGAN_PREFIX/lib*/*/halligan/libifd-halligan.so")
else
	HALLIGAN=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/cli/halligan
	SIMTOKEN=$(readlink -f "$HALLIGAN_BUILD")/tokens/sim/halligan-simtoken
	IFD=$(readlink -f "$HALLIGAN_BUILD")/tokens/sim/libifd-halligan.so
fi
TOKENS_DRIVER=/run/ifd.so # as pcscd sees it
TOKENS_DIR=
TOKENS_REMOVE=
TOKENS_PIDS=()
exec {TOKENS_NEVER}<> <(:) # where nothing ever comes

tokens_fail() {
	printf '# tokens.sh: %s\n' "$*" >&2
	[ -z "$TOKENS_DIR" ] || sed 's/^/# /' "$TOKENS_DIR"/*.log 2>/dev/null | tail -n 40 >&2
	exit 99
}

# tokens_until SECONDS COMMAND...: try until it succeeds.
tokens_until() {
	local end=$((EPOCHSECONDS + $1)); shift
	until "$@"; do
		[ $EPOCHSECONDS -lt $end ] || return 1
		read -rt 0.03 -u "$TOKENS_NEVER" || : # a sleep that starts no process
	done
}

# Run a child that gets SIGTERM when we die.
tokens_spawn() {
	local log=$1 us=$BASHPID; shift
	setpriv --pdeathsig TERM -- sh -c "$MORTAL" "$us" "$@" </dev/null >>"$log" 2>&1 &
	TOKENS_PIDS+=($!)
	disown
}

# An ssh-agent like that, for SSH_AUTH_SOCK.  It belongs to a group of its own, so the kernel does not end it for us: the
# shell that waits for it does.
tokens_agent() {
	export SSH_AUTH_SOCK=$TOKENS_DIR/agent.sock
	# shellcheck disable=SC2016
	tokens_spawn agent.log sh -c 'ssh-agent -D -a "$1" & trap "kill $!" TERM; wait' sh "$SSH_AUTH_SOCK"
	tokens_until 10 test -S "$SSH_AUTH_SOCK" || tokens_fail "ssh-agent did not start"
}

# token_run SERIAL: start the token's process (again).
token_run() {
	local base=$TOKENS_DIR/$1
	tokens_spawn "$base.log" "$SIMTOKEN" run --state "$base.json" --socket "$base.sock" \
		--control "$base.ctl" --touch "${TOKENS_TOUCH:-auto}"
	echo "${TOKENS_PIDS[-1]}" > "$base.pid"
}

# token_kill SERIAL: end the token's process, as if it broke.
token_kill() {
	local pid
	pid=$(cat "$TOKENS_DIR/$1.pid")
	kill -KILL "$pid"
	tokens_until 10 tokens_gone "$pid"
}

token_control() { local serial=$1; shift; "$SIMTOKEN" control "$TOKENS_DIR/$serial.ctl" "$@"; }
token_unplug() { token_control "$1" unplug; }
token_plug() { token_control "$1" plug && token_ready "$1"; }
# token_ready SERIAL: wait until pcscd has seen the token.
token_ready() {
	tokens_until 60 token_powered "$1" ||
		tokens_fail "pcscd did not see token $1 within a minute: is this machine very busy? The logs follow"
}
token_powered() { [ "$(token_field "$1" powered 2>/dev/null)" = true ]; }
# token_touch SERIAL: touch it as soon as it blinks (within a minute).
token_touch() { tokens_until 60 token_control "$1" touch 2>/dev/null; }
# token_field SERIAL NAME: a member of its status.
token_field() { token_control "$1" status | sed -n "s/.*\"$2\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/p"; }
# The name that tools look for with -r; unique, but without pcscd's numbers at the end.
token_reader() {
	local name='Simulated Yubico YubiKey CCID'
	[ "${TOKENS_PROFILE:-}" != generic ] || name='Simulated PIV card'
	printf '%s %s' "${TOKENS_READER:-$name}" "$1"
}

# token_ykman SERIAL ARGUMENTS...: ykman at that token.  When it cannot connect, ykman kills every
# scdaemon of the machine with pkill: not that of whoever runs the tests.
token_ykman() {
	local reader
	reader=$(token_reader "$1"); shift
	mkdir -p "$TOKENS_DIR/ykman"
	printf '#!/bin/sh\nexit 1\n' > "$TOKENS_DIR/ykman/pkill"
	chmod 755 "$TOKENS_DIR/ykman/pkill"
	PATH=$TOKENS_DIR/ykman:$PATH HOME=$TOKENS_DIR PYTHONWARNINGS=ignore \
		ykman --reader "$reader" "$@" </dev/null
}

# pcscd in a mount namespace of its own, where /run holds nothing but our folder, and without
# drivers for the machine's real readers.  The names in its configuration may hold no space: ours lie in /run there.
tokens_pcscd() {
	local namespaces=(--mount --propagation private)
	[ "$(id -u)" -eq 0 ] || namespaces+=(--user --map-root-user)
	rm -f "$TOKENS_DIR"/run/pcscd.*
	# shellcheck disable=SC2016
	tokens_spawn "$TOKENS_DIR/pcscd.log" env PCSCLITE_HP_DROPDIR="$TOKENS_DIR/none" \
		unshare "${namespaces[@]}" setpriv --pdeathsig TERM -- sh -c '
		[ "$PPID" = "$3" ] || exit 1
		set -e
		mkdir -p "$1/top"
		mount -n -t tmpfs none "$1/top"
		mkdir "$1/top/pcscd" "$1/top/tokens"
		: > "$1/top/ifd.so"
		mount -n --bind "$1/run" "$1/top/pcscd"
		mount -n --bind "$1" "$1/top/tokens"
		mount -n --bind "$2" "$1/top/ifd.so"
		mount -n --move "$1/top" /run
		exec pcscd --foreground --config /run/tokens/readers --error' sh "$TOKENS_DIR" "$IFD" "$BASHPID"
	TOKENS_PCSCD=${TOKENS_PIDS[-1]}
}

# Make TOKENS_DIR, to be removed when the script ends, and go there; the same for all that run alone.
tokens_folder() {
	if [ -n "${HALLIGAN_ALONE:-}" ]; then TOKENS_DIR=/tmp/town; mkdir $TOKENS_DIR; else TOKENS_DIR=$(mktemp -d); fi
	TOKENS_REMOVE=$TOKENS_DIR
	trap tokens_end EXIT
	cd "$TOKENS_DIR" || exit 99
}

# tokens_start FOLDER SERIAL...
tokens_start() {
	TOKENS_DIR=$(readlink -f "$1"); shift
	case $TOKENS_DIR/ in /run/*) tokens_fail "the folder may not lie in /run" ;; esac
	environment_needs pcscd pcscd || tokens_fail "there is no pcscd"
	local serial number=0 kind=(--firmware "${TOKENS_FIRMWARE:-5.7.4}")
	[ -z "${TOKENS_PROFILE:-}" ] || kind=(--profile "$TOKENS_PROFILE")
	[ -z "${TOKENS_QUIRKS:-}" ] || kind+=(--quirks "$TOKENS_QUIRKS")
	mkdir -p "$TOKENS_DIR/readers" "$TOKENS_DIR/run" "$TOKENS_DIR/none"
	trap tokens_end EXIT
	for serial; do
		[ -f "$TOKENS_DIR/$serial.json" ] || "$SIMTOKEN" new --serial "$serial" \
			--state "$TOKENS_DIR/$serial.json" "${kind[@]}" \
			--pin "${TOKENS_PIN:-123456}" --puk "${TOKENS_PUK:-12345678}" \
			${TOKENS_FIDO_PIN:+--fido-pin "$TOKENS_FIDO_PIN"} ||
			tokens_fail "cannot make token $serial"
		token_run "$serial"
		printf 'FRIENDLYNAME "%s"\nDEVICENAME halligan:/run/tokens/%s.sock\nLIBPATH %s\nCHANNELID %d\n' \
			"$(token_reader "$serial")" "$serial" "$TOKENS_DRIVER" $((number++))
	done > "$TOKENS_DIR/readers/halligan"
	export PCSCLITE_CSOCK_NAME=$TOKENS_DIR/run/pcscd.comm
	tokens_pcscd
	tokens_until 60 tokens_pcscd_begun && [ -S "$PCSCLITE_CSOCK_NAME" ] || {
		kill -0 "$TOKENS_PCSCD" 2>/dev/null || tokens_fail "pcscd ended at once; the logs follow"
		tokens_fail "pcscd did not start within a minute: is this machine very busy? The logs follow"
	}
	for serial; do token_ready "$serial"; done
}

# It serves, or is gone.
tokens_pcscd_begun() { [ -S "$PCSCLITE_CSOCK_NAME" ] || ! kill -0 "$TOKENS_PCSCD" 2>/dev/null; }

# Stop pcscd alone; the tokens go on, and tokens_pcscd starts it again.
tokens_pcscd_stop() { kill "$TOKENS_PCSCD"; tokens_until 10 tokens_gone "$TOKENS_PCSCD"; }
tokens_gone() { ! kill -0 "$1" 2>/dev/null; }

# End everything; also run when the script exits, which then removes the folder it made.
tokens_stop() {
	local pid
	for pid in "${TOKENS_PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${TOKENS_PIDS[@]}"; do
		tokens_until "${1:-5}" tokens_gone "$pid" || kill -KILL "$pid" 2>/dev/null
	done
	TOKENS_PIDS=()
}

# tokens_end [COMMAND...]: COMMAND first; the status that the script ends with stays what it was.
tokens_end() {
	local status=$?
	set +e # what has ended by itself is no reason to leave the rest
	trap '' INT TERM HUP
	[ $# -eq 0 ] || "$@" || :
	# Whoever interrupts it does not wait for a pcscd that waits for a token.
	tokens_stop $((status == 130 ? 0 : 5))
	# In a build with sanitizers the tokens themselves are under test too.
	if grep -l 'Sanitizer\|runtime error' "$TOKENS_DIR"/*.log >/dev/null 2>&1; then
		sed 's/^/# /' "$TOKENS_DIR"/*.log >&2
		status=98
	fi
	cd /
	[ -z "$TOKENS_REMOVE" ] || rm -rf -- "$TOKENS_REMOVE"
	[ -z "${TAP_OUTPUT:-}" ] || rm -f "$TAP_OUTPUT" # the demo and a scenario that gave up have no tap_end
	exit "$status"
}
