#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# After a rotation the sessions that were opened with the old key are ended, with their processes, and
# no others; where sshd does not tell which key opened a session, the rotator says so.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

for name in old next other; do ssh-keygen -q -t ed25519 -N '' -f $name; done
ask() { local access=$1; shift
	"$LIB/rotator.py" --current private-key=old --next private-key=next "$ROTATE" "$(sshd_target "$access")" "$@"; }
# open KEY NAME ARGUMENT...: a session in the background; waits until it runs. Its ssh is $!.
open() {
	local key=$1 name=$2; shift 2
	rm -f "$FOLDER/$name.up"
	ssh -F none -i "$key" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR -p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" "$@" "echo \$\$ >$FOLDER/$name.up; sleep 600" \
		</dev/null >"$name.log" 2>&1 &
	PIDS[$name]=$!
	for _ in $(seq 200); do [ -s "$FOLDER/$name.up" ] || ! runs_ssh "$name" && break; sleep 0.05; done
}
declare -A PIDS
runs_ssh() { kill -0 "${PIDS[$1]}" 2>/dev/null; }
# Where terminals are not made in the group tty, sshd wants to give each to it, which takes root.
no_terminals() { [ ! -s terminal.up ] && grep -q 'chown(/dev/pts/.* failed' "$SSHD_FOLDER/log"; }
ended() { for _ in $(seq 100); do kill -0 "${PIDS[$1]}" 2>/dev/null || return 0; sleep 0.05; done; return 1; }
runs() { kill -0 "${PIDS[$1]}" && [ -d "/proc/$(cat "$FOLDER/$1.up")" ]; }
dead() { for _ in $(seq 100); do [ -d "/proc/$1" ] || return 0; sleep 0.05; done; return 1; }

sshd_start "$FOLDER"
for access in local ssh; do
	cat old.pub other.pub >"$SSHD_AUTHORIZED"
	open old one
	open old terminal -tt
	sessions=3
	if no_terminals; then echo "# skipped: $access: only root's sshd gives a terminal here"; sessions=2; fi
	open other stranger
	# A process that left its session, as one would who wants to stay.
	ssh -F none -i old -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" "setsid sh -c 'echo \$\$ >$FOLDER/stays; exec sleep 600' </dev/null >/dev/null 2>&1 & sleep 600" \
		</dev/null >/dev/null 2>&1 & PIDS[leaver]=$!
	for _ in $(seq 200); do [ -s stays ] && break; sleep 0.05; done
	like "$access: $sessions sessions are ended" "$(ask $access add withdraw-current expel | tr '\n' ' ')" "^added .* withdrawn .* ended $sessions sessions"
	ok "$access: the old key's session is gone" ended one
	ok "$access: the old key's terminal is gone" ended terminal
	ok "$access: the session with a detached process is gone" ended leaver
	ok "$access: so is the detached process" dead "$(cat stays)"
	ok "$access: another key's session goes on" runs stranger
	# A process that was told to end is a session until it has.
	for _ in $(seq 20); do left=$(ask $access expel); [[ $left =~ ^none ]] && break; sleep 0.5; done
	like "$access: asked again there is none" "$left" '^none'
	ok "$access: and another key's session still goes on" runs stranger
	kill "${PIDS[stranger]}"; rm -f stays
done

# Connections that only forward ports have no process that could tell.
cat old.pub next.pub >"$SSHD_AUTHORIZED"
ssh -F none -i old -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=VERBOSE \
	-N -p "$SSHD_PORT" "$SSHD_USER@127.0.0.1" </dev/null >forward.log 2>&1 & PIDS[forward]=$!
for _ in $(seq 200); do grep -q "^Authenticated to" forward.log && break; sleep 0.05; done
like "a connection that only forwards ports: cannot tell" "$(ask local expel)" '^cannot-tell .*forward'
kill "${PIDS[forward]}"; wait "${PIDS[forward]}" 2>/dev/null

sshd_stop
sshd_start "$FOLDER" "ExposeAuthInfo no"
open old silent
like "an sshd that does not tell: cannot tell, with the remedy" "$(ask ssh expel)" '^cannot-tell .*ExposeAuthInfo yes'
ok "and nothing was ended on a guess" runs silent
kill "${PIDS[silent]}"
tap_end
