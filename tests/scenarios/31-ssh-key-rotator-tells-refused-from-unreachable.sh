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
like "the right key is accepted" "$("$LIB/rotator.py" --current private-key=key "$ROTATE" "$TARGET" probe-current)" '^accepted'
is "that is one connection" "$(($(attempts) - before))" 1
# print FILE: as ssh-keygen does, in a pattern.
print() { ssh-keygen -lf "$1" | cut -d' ' -f2 | sed 's,[+],[+],g'; }
like "another key is refused, beside the one that is let in, and the host is named by the key that it proved to have" \
	"$(ask probe-current probe-next | tail -n 1)" \
	"^refused the host with key $(print "$SSHD_FOLDER/host_key.pub") says no to the key $(print next.pub) of $SSHD_USER, and takes $(print key.pub) in the same session *\$"
like "where no other was seen to be let in it is denied: no proof" "$(ask probe-next)" '^denied .*says no to the key.*proves nothing of this one'
like "a key that is to die is refused, too" "$("$LIB/rotator.py" --current private-key=next --next private-key=key "$ROTATE" "$TARGET" \
	probe-current)" '^refused '
is "it is asked once, and the other after it on the same connection" "$(
	sed -nE 's/^(Accepted|Failed) publickey for .* port ([0-9]+) .*/\1 \2/p' "$SSHD_FOLDER/log" | tail -n 2 |
		awk '{print $1; ports[$2]} END {print length(ports)}' | tr '\n' ' ')" "Failed Accepted 1 "
: >"$SSHD_AUTHORIZED"
failed=$(grep -c "^Failed publickey" "$SSHD_FOLDER/log")
is "an account that takes no key proves none dead" "$(ask probe-next probe-current | cut -d' ' -f1 | tr '\n' ' ')" "denied denied "
is "and is asked once for each: what was denied proves nothing" "$(($(grep -c "^Failed publickey" "$SSHD_FOLDER/log") - failed))" 2
cat key.pub >"$SSHD_AUTHORIZED"
is "the start-up files of whoever runs this are not those of the host" "$(ssh -F none -i key -p "$SSHD_PORT" -o BatchMode=yes \
	-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$SSHD_USER@127.0.0.1" 'echo "$HOME"' 2>/dev/null)" "$SSHD_FOLDER/home"

printf 'command="exit 255" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
like "a key whose forced command fails is accepted: it was let in" "$(ask probe-current)" '^accepted'
cp "$SSHD_AUTHORIZED" before
like "and add does not know, for its script did not run" "$(ask add; cmp before "$SSHD_AUTHORIZED" && echo same)" '^unknown .*forced.*same'
cat key.pub >"$SSHD_AUTHORIZED"

offered=$(grep -c "Failed publickey\|Accepted publickey" "$SSHD_FOLDER/log")
ssh-keygen -q -t ed25519 -N '' -f evil
TARGET=$(change "t['host_key']='$(cut -d' ' -f1,2 evil.pub)'")
like "another host key is unreachable, and named as an attack or a rebuilt host, with both fingerprints and what to do" "$(ask probe-current)" \
	"^unreachable .*another host key, $(print "$SSHD_FOLDER/host_key.pub"), than the definition.s, $(print evil.pub): an attack.*rebuilt.*console"
like "add to it is unknown" "$(ask add)" '^unknown .*attack'
ssh-keygen -q -t ecdsa -N '' -f evil-ecdsa
TARGET=$(change "t['host_key']='$(cut -d' ' -f1,2 evil-ecdsa.pub)'")
like "so is a host without a key of the pinned type, which is named" "$(ask probe-current)" "^unreachable .*$(print evil-ecdsa.pub), secures: an attack.*rebuilt"
is "the key was offered to neither" "$(grep -c "Failed publickey\|Accepted publickey" "$SSHD_FOLDER/log")" "$offered"

TARGET=$(change "t['port']=$(sshd_free_port)")
like "nobody listens: unreachable" "$(ask probe-current)" '^unreachable .*refused'
TARGET=$(change "t['host']='name.invalid'")
like "no such host: unreachable, and perhaps no name server" "$(ask probe-current)" '^unreachable .*no address of name.invalid.*no name server'
TARGET=$(change "t['host']='localhost'")
like "a name that could not even be looked up is no missing host" "$(unshare --map-root-user --mount -- sh -c \
	'mount --bind /bin/false /usr/bin/getent && exec "$@"' sh "$LIB/rotator.py" --current private-key=key "$ROTATE" "$TARGET" probe-current)" \
	'^unreachable .*could not be looked up.*status 1'

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
like "add to it is unknown" "$(ask add)" '^unknown '
like "expel on it cannot tell" "$(ask expel)" '^cannot-tell '
SECONDS_EACH=20

# A host that falls silent when it is asked to change the file: sshd's child is stopped by the account itself.
TARGET=$(sshd_target ssh)
printf 'command="sleep 600" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
SECONDS_EACH=4
like "a host that falls silent after the login leaves add unknown" "$(ask add)" '^unknown '
SECONDS_EACH=20
kill "$SILENT_PID" 2>/dev/null

sshd_stop
cat key.pub >"$SSHD_AUTHORIZED"
sshd_start "$FOLDER" "MaxAuthTries 1"
like "a host that allows one try accepts the right key" "$(ask probe-current)" '^accepted'
like "but that it hangs up on another is no refusal" "$(ask probe-current probe-next | tail -n 1)" '^unreachable .*ended the connection'
like "check says that nothing can be proven there" "$(ask check)" '^refused .*MaxAuthTries'

# All that is wrong is told at once, as far as one answer does not need another.
printf root-wrong >user.wrong
check() { local access=$1; shift
	"$LIB/rotator.py" --current private-key="${KEY:-key}" --next username=user.wrong --next private-key=next "$ROTATE" "$(sshd_target "$access")" check; }
reasons() { # reasons CLAIM ACCESS PATTERN...: these, in this order, and no others
	local claim=$1 access=$2 more='([^"\\]|\\.)*' pattern='^refused *.."reasons": .' comma=; shift 2
	for reason in "$@"; do pattern+="$comma\"$more$reason$more\"" comma=', '; done
	like "$access: $claim: all of it at once" "$(check "$access")" "$pattern..\$"
}
sshd_stop
sshd_start "$FOLDER" "MaxAuthTries 1" "AuthorizedKeysFile \"$SSHD_AUTHORIZED\" \"$FOLDER/second_file\""
chmod 666 "$SSHD_AUTHORIZED"
reasons "a user name, a file's mode, one try" local "username" "can be written by other users" "MaxAuthTries"
chmod 770 "$SSHD_FOLDER"
reasons "a user name, a folder's and a file's mode, one try" local "username" "$SSHD_FOLDER/.{2} can be written" "authorized_keys.{2} can be written" "MaxAuthTries"
reasons "a user name, a folder's and a file's mode, one try" ssh "username" "MaxAuthTries" "authorized_keys has mode" "sshd has mode"
chmod 700 "$SSHD_FOLDER"; chmod 600 "$SSHD_AUTHORIZED"
printf 'command="exit 1" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
reasons "a user name, a forced command, one try" ssh "username" "ran no command of ours" "MaxAuthTries"
cat key.pub >second_file; cat next.pub >"$SSHD_AUTHORIZED"
for access in local ssh; do
	reasons "a user name, another file that lets in, one try" $access "username" "MaxAuthTries" "second AuthorizedKeysFile"
done
ssh-keygen -q -t ed25519 -N secret -f locked; chmod 666 "$SSHD_AUTHORIZED"
KEY=locked reasons "a locked key, a user name, a file's mode, one try" local "passphrase" "username" "can be written by other users" "MaxAuthTries"
rm second_file; chmod 600 "$SSHD_AUTHORIZED"; cat key.pub >"$SSHD_AUTHORIZED"
sshd_stop
sshd_start "$FOLDER" "MaxAuthTries 2"
is "two are enough" "$(ask check probe-current probe-next | cut -d' ' -f1 | tr '\n' ' ')" "ok accepted refused "
sshd_stop
sshd_start "$FOLDER" "Banner \"$FOLDER/banner\""
printf 'Authenticated to nothing\nroot@x: Permission denied (publickey).\n' | sed 's/^/  /' >banner
like "a banner is not taken for an answer" "$(ask probe-current)" '^accepted'
like "not for the other one either" "$(ask probe-current probe-next | tail -n 1)" '^refused '

# A vault that dies while the target is slow leaves nothing running.
printf 'command="sleep 600" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
"$LIB/rotator.py" --current private-key=key --next private-key=next "$ROTATE" "$TARGET" add >vault.log 2>&1 & vault=$!
for _ in $(seq 200); do rotator=$(pgrep -P $vault) && pgrep -f "^sleep 600" >/dev/null && break; sleep 0.05; done
kill -KILL $vault; wait $vault 2>/dev/null
for _ in $(seq 100); do [ -d "/proc/$rotator" ] || break; sleep 0.05; done
ok "when the vault is killed, the attempt ends" [ ! -d "/proc/$rotator" ]
tap_end
