#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# After a rotation the sessions that were opened with the old key are ended, with their processes, and
# no others; where sshd does not tell which key opened a session, or only the session says that it was another one,
# the rotator says so. Who else is on the host has no say in it. Whatever the access, that is done by a login with the new key.
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

# left_is CLAIM ACCESS PATTERN: expel's answer, when those who were told to end have.
left_is() {
	local left
	for _ in $(seq 20); do left=$(ask "$2" expel); [[ $left =~ $3 ]] && break; sleep 0.5; done
	like "$1" "$left" "$3"
}

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
	like "$access: $sessions sessions are ended, and the one that says another key is told" "$(ask $access add withdraw-current expel | tr '\n' ' ')" \
		"^added .* withdrawn .* cannot-tell $sessions sessions ended; 1 more says that another key opened it, which only it says: look at it by hand"
	ok "$access: the old key's session is gone" ended one
	ok "$access: the old key's terminal is gone" ended terminal
	ok "$access: the session with a detached process is gone" ended leaver
	ok "$access: so is the detached process" dead "$(cat stays)"
	ok "$access: another key's session goes on" runs stranger
	# A process that was told to end is a session until it has.
	left_is "$access: asked again only that one is left" $access '^cannot-tell 0 sessions ended; 1 more says that another key'
	ok "$access: and another key's session still goes on" runs stranger
	kill "${PIDS[stranger]}"; rm -f stays
	left_is "$access: when that has ended there is none" $access '^none'
	cat old.pub next.pub >"$SSHD_AUTHORIZED"
	open old one
	like "$access: and a session that is alone is ended" "$(ask $access expel)" '^ended 1 session ended'
	left_is "$access: so that there is none" $access '^none'
done

# A session of the old key can say of itself what it likes, but not that there is none.
forged=$(mktemp /tmp/sshauth.XXXXXXXXXXXXXXX)
printf 'publickey %s\n' "$(cut -d' ' -f1,2 other.pub)" >"$forged"
cat old.pub next.pub >"$SSHD_AUTHORIZED"
for access in local ssh; do
	for lie in "env SSH_USER_AUTH=$forged" "env SSH_USER_AUTH=$FOLDER/fake" "env -i"; do
		open old liar "exec $lie sh -c 'echo \$\$ >$FOLDER/liar.up; sleep 600; :';"
		like "$access: a session of the old key that lies ($lie) is not none" "$(ask $access expel)" \
			'^cannot-tell 0 sessions ended; 1 (more says that another|of the account.s sessions)'
		kill "${PIDS[liar]}"; left_is "$access: until it has ended" $access '^none'
	done
done
# What it names may become a pipe after it was looked at: nobody is held up, root least of all.
mkfifo pipe
python3 -c '
import os, sys, itertools
plain, pipe, named = sys.argv[1:]
for source in itertools.cycle((plain, pipe)):
    os.link(source, named + "-"); os.rename(named + "-", named)
' "$(readlink -f old.pub)" "$FOLDER/pipe" "$forged" & PIDS[flipper]=$!
for access in local ssh; do
	open old liar "exec env SSH_USER_AUTH=$forged sh -c 'echo \$\$ >$FOLDER/liar.up; sleep 600; :';"
	said='' before=$(date +%s)
	for _ in $(seq 12); do
		runs liar 2>/dev/null || open old liar "exec env SSH_USER_AUTH=$forged sh -c 'echo \$\$ >$FOLDER/liar.up; sleep 600; :';"
		said+="$(ask $access expel | grep -vE '^(cannot-tell|ended) [01] sessions? ended')"
	done
	is "$access: a file that becomes a pipe when it is read holds nobody up" "held up: $said" "held up: "
	ok "$access: not for long either" [ $(($(date +%s) - before)) -le 60 ]
	kill "${PIDS[liar]}"; left_is "$access: and when that session has ended there is none" $access '^none'
done
kill "${PIDS[flipper]}"; wait "${PIDS[flipper]}" 2>/dev/null
rm -f "$forged" "$forged-" pipe

# Another account of the host, who knows the old public key and wants to have sessions of other keys ended.
if [ "$(id -u)" -ne 0 ]; then echo "# skipped: only root has other accounts"; else
	printf 'publickey %s\n' "$(cut -d' ' -f1,2 old.pub)" >old.line
	chmod 755 "$FOLDER"; mkdir -m 755 hostile; cp "$(readlink -f /bin/sh)" hostile/sshd; chmod 755 hostile/sshd
	named=$(mktemp -u /tmp/sshauth.XXXXXXXXXXXXXXX) # as sshd names them
	cat next.pub other.pub >"$SSHD_AUTHORIZED"
	stranger() { setpriv --reuid nobody --clear-groups "$@"; }
	# plot NAME: a process of nobody's that looks like a session, with the file that it names.
	plot() {
		stranger bash -c "exec -a 'sshd: $SSHD_USER@pts/9' $FOLDER/hostile/sshd -c 'echo >/dev/null; SSH_USER_AUTH=$1 sleep 602; :'" & PIDS[plot]=$!
		sleep 0.3
	}
	for access in local ssh; do
		rm -f other.auth; open other witness "echo \$SSH_USER_AUTH >$FOLDER/other.auth;"
		theirs=$(cat other.auth)
		for file in "${named%.*}" "$theirs" "${theirs%?}" "$named"; do
			[ "$file" = "$theirs" ] || stranger cp old.line "$file"
			plot "$file"
			like "$access: a stranger's process that names $(sed 's/[A-Za-z0-9]*$/.../' <<<"${file#/tmp/}") ends and adds no session" "$(ask $access expel)" \
				'^cannot-tell 0 sessions ended; 1 more says that another key opened it, which only it says: look at it by hand *$'
			ok "$access: and the other key's session goes on" runs witness
			kill "${PIDS[plot]}"; wait "${PIDS[plot]}" 2>/dev/null
			[ "$file" = "$theirs" ] || rm "$file"
		done
		stranger mkfifo -m 666 "$named"
		plot "$named"
		before=$(date +%s)
		like "$access: a pipe of his holds nobody up" "$(ask $access expel)" '^cannot-tell 0 sessions ended; 1 more says'
		ok "$access: at all" [ $(($(date +%s) - before)) -le 10 ]
		kill "${PIDS[plot]}"; wait "${PIDS[plot]}" 2>/dev/null; rm "$named"
		kill "${PIDS[witness]}"; left_is "$access: then there is none" $access '^none'
	done
fi

# What cannot be looked at is not none: not where nobody gets in to look,
cat old.pub >"$SSHD_AUTHORIZED"
open old one
for access in local ssh; do
	like "$access: where the new key does not get in, an open session is not none" "$(ask $access expel)" '^cannot-tell '
	ok "$access: and it goes on" runs one
done
kill "${PIDS[one]}"
# nor where a tool fails, or who gets in is not shown it.  through NAME PROGRAM: the new key's logins run PROGRAM, which runs what they ask for.
through() {
	printf '#!/bin/sh\n%s\n' "$2" >"$1"; chmod 755 "$1"
	{ cat old.pub; printf 'command="%s" ' "$FOLDER/$1"; cat next.pub; } >"$SSHD_AUTHORIZED"
}
blind() {
	through blind "exec unshare --map-root-user --mount -- sh -c 'mount --bind /bin/false $(command -v "$1") && exec sh -c \"\$SSH_ORIGINAL_COMMAND\"'"
}
for tool in grep xargs sed sort tr id; do
	open old one
	blind $tool
	for access in local ssh; do
		like "$access: where $tool fails an open session is not none, nor ended for sure" "$(ask $access expel)" '^cannot-tell '
	done
	cat old.pub next.pub >"$SSHD_AUTHORIZED"
	kill "${PIDS[one]}" 2>/dev/null; left_is "when that has ended there is none" local '^none'
done
if [ "$(id -u)" -ne 0 ]; then echo "# skipped: only root mounts /proc, and sees all of it"; else
	open old one
	# Those logins are root's, who sees all: so they become somebody else's.
	through hidden "exec unshare --mount -- sh -c 'mount -t proc -o hidepid=2 none /proc &&
		exec setpriv --reuid nobody --regid 65534 --clear-groups sh -c \"\$SSH_ORIGINAL_COMMAND\"'"
	for access in local ssh; do
		like "$access: where others' processes are hidden an open session is not none" "$(ask $access expel)" \
			'^cannot-tell .*more may be open.*hidepid'
	done
	cat old.pub next.pub >"$SSHD_AUTHORIZED"
	kill "${PIDS[one]}"; left_is "when that has ended there is none" local '^none'
fi
sshd_stop
# More processes than go into one command's arguments: these have 128 KiB, of which the environment takes the most.
stack=$(ulimit -S -s); ulimit -S -s 256
SSHD_ENVIRONMENT="$(for i in {1..11}; do printf '"LONG_%d=%s" ' "$i" "$(head -c 10000 /dev/zero | tr '\0' x)"; done)" sshd_start "$FOLDER"
ulimit -S -s "$stack"
many=(); for _ in $(seq 900); do sleep 600 & many+=($!); done
open old one
like "a session among many processes is found and ended" "$(ask ssh expel)" '^ended 1 session ended'
ok "so that it is gone" ended one
left_is "and then there is none" ssh '^none'
kill "${many[@]}"; wait "${many[@]}" 2>/dev/null
sshd_stop
sshd_start "$FOLDER"

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
