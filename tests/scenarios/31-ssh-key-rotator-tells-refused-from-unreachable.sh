#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# "Refused" is said only by the host, with its pinned key, about this key; whatever else goes wrong is
# "unreachable" or "unknown". One attempt each, and nothing is left behind.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
ROTATE=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")/rotators/halligan-rotate-ssh-key

sshd_start "$FOLDER"
ssh-keygen -q -t ed25519 -N '' -f key
ssh-keygen -q -t ed25519 -N '' -f next
cat key.pub >"$SSHD_AUTHORIZED"
TARGET=$(sshd_target ssh)
ask() { "$LIB/rotator.py" --seconds "${SECONDS_EACH:-20}" --current private-key=key --next private-key=next "$ROTATE" "$TARGET" "$@"; }
change() { sshd_target ssh | python3 -c "import json,sys; t=json.load(sys.stdin); $1; print(json.dumps(t))"; }
attempts() { grep -c "^Connection from" "$SSHD_FOLDER/log"; }

# sshd_start's own look at the port is a connection too, which a busy machine logs late.
for _ in $(seq 200); do [ "$(attempts)" -ge 1 ] && break; sleep 0.05; done
before=$(attempts)
like "the right key is accepted" "$(ask probe-current)" '^accepted'
like "another key is refused" "$(ask probe-next)" '^refused .*does not let'
is "each probe is one connection" "$(($(attempts) - before))" 2
is "the start-up files of whoever runs this are not those of the host" "$(ssh -F none -i key -p "$SSHD_PORT" -o BatchMode=yes \
	-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$SSHD_USER@127.0.0.1" 'echo "$HOME"' 2>/dev/null)" "$SSHD_FOLDER/home"

printf 'command="exit 255" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
like "a key whose forced command fails is accepted: it was let in" "$(ask probe-current)" '^accepted'
cp "$SSHD_AUTHORIZED" before
like "and apply does not know, for its script did not run" "$(ask apply; cmp before "$SSHD_AUTHORIZED" && echo same)" '^unknown .*forced.*same'
cat key.pub >"$SSHD_AUTHORIZED"

ssh-keygen -q -t ed25519 -N '' -f evil
TARGET=$(change "t['host_key']='$(cut -d' ' -f1,2 evil.pub)'")
like "another host key is unreachable, and named as an attack or a rebuilt host" "$(ask probe-current)" '^unreachable .*attack.*rebuilt'
like "apply to it is unknown" "$(ask apply)" '^unknown .*attack'
ssh-keygen -q -t ecdsa -N '' -f evil-ecdsa
TARGET=$(change "t['host_key']='$(cut -d' ' -f1,2 evil-ecdsa.pub)'")
like "so is a host without a key of the pinned type" "$(ask probe-current)" '^unreachable .*attack.*rebuilt'
is "the key was offered to neither" "$(grep -c "Failed publickey" "$SSHD_FOLDER/log")" "$(grep -c "Failed publickey.*$(ssh-keygen -lf next.pub | cut -d' ' -f2)" "$SSHD_FOLDER/log")"

TARGET=$(change "t['port']=$(sshd_free_port)")
like "nobody listens: unreachable" "$(ask probe-current)" '^unreachable .*refused'
TARGET=$(change "t['host']='name.invalid'")
like "no such host: unreachable" "$(ask probe-current)" '^unreachable '

# A host that accepts connections and says nothing.
coproc SILENT { exec python3 -c '
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(50); print(s.getsockname()[1], flush=True)
kept = []
while True: kept.append(s.accept())'; }
read -r port <&"${SILENT[0]}"
TARGET=$(change "t['port']=$port")
SECONDS_EACH=4
like "a silent host is unreachable" "$(ask probe-current)" '^unreachable '
like "apply to it is unknown" "$(ask apply)" '^unknown '
like "expel on it cannot tell" "$(ask expel)" '^cannot-tell '
SECONDS_EACH=20

# A host that falls silent when it is asked to change the file: sshd's child is stopped by the account itself.
TARGET=$(sshd_target ssh)
printf 'command="sleep 600" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
SECONDS_EACH=4
like "a host that falls silent after the login leaves apply unknown" "$(ask apply)" '^unknown '
SECONDS_EACH=20
kill "$SILENT_PID" 2>/dev/null

sshd_stop
cat key.pub >"$SSHD_AUTHORIZED"
sshd_start "$FOLDER" "MaxAuthTries 1"
like "a host that allows one try accepts the right key" "$(ask probe-current)" '^accepted'
like "and refuses another" "$(ask probe-next)" '^refused '
sshd_stop
sshd_start "$FOLDER" "Banner \"$FOLDER/banner\""
printf 'Authenticated to nothing\nroot@x: Permission denied (publickey).\n' | sed 's/^/  /' >banner
like "a banner is not taken for an answer" "$(ask probe-current)" '^accepted'
like "not for the other one either" "$(ask probe-next)" '^refused '

# A vault that dies while the target is slow leaves nothing running.
printf 'command="sleep 600" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
"$LIB/rotator.py" --current private-key=key --next private-key=next "$ROTATE" "$TARGET" apply >vault.log 2>&1 & vault=$!
workshop=
for _ in $(seq 200); do
	workshop=$(pgrep -af "ssh -F none .* Port=$SSHD_PORT " | grep -o '/tmp/halligan-ssh-[A-Za-z0-9]*' | head -n 1)
	[ -n "$workshop" ] && break
	sleep 0.05
done
left() { pgrep -fc "${workshop:-nothing}/"; }
is "an agent and an ssh run during an attempt" "$(left)" 2
kill -KILL $vault; wait $vault 2>/dev/null
for _ in $(seq 100); do [ "$(left)" -eq 0 ] && break; sleep 0.05; done
is "when the vault is killed, they end" "$(left)" 0
for _ in $(seq 100); do [ -e "$workshop" ] || break; sleep 0.05; done
ok "and their folder goes" [ ! -e "$workshop" ]
tap_end
