#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A host that has the pinned host key and sends without end gets an answer from nobody: not by its account's stderr, by
# messages that nobody asked for, or before it said whether the key is right. The rotator ends in time, and
# keeps little of it.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
BUILD=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")
ROTATE=$BUILD/rotators/halligan-rotate-ssh-key

for name in key next host_key; do ssh-keygen -q -t ed25519 -N '' -f $name; done
# ask HOST_PORT VERB: the answer; in `seconds` and `megabytes` what the largest process on the way to it took.
ask() {
	local target
	target=$(printf '{"host":"127.0.0.1","port":%d,"user":"me","host_key":"%s","authorized_keys":"keys","access":"ssh"}' \
		"$1" "$(cut -d' ' -f1,2 host_key.pub)")
	timeout 60 python3 - "$LIB/rotator.py" --seconds 8 --current private-key=key --next private-key=next "$ROTATE" "$target" "$2" <<'END'
import resource, subprocess, sys, time
begun = time.monotonic()
subprocess.run([sys.executable] + sys.argv[1:])
for name, value in (("seconds", time.monotonic() - begun),
        ("megabytes", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)):
    with open(name, "w") as file: print(int(value), file=file)
END
}
# floods HOW VERB
floods() {
	local host port
	coproc HOST { exec "$BUILD/tests/scenarios/ssh-host" "$FOLDER/host_key" "$1"; }
	host=$HOST_PID
	read -r port <&"${HOST[0]}"
	rm -f seconds megabytes
	ask "$port" "$2"
	kill "$host"; wait "$host" 2>/dev/null
}
ended() { [ "$(cat seconds)" -le 9 ]; }
small() { [ "$(cat megabytes)" -le 100 ]; }

for how in stderr stdout window debug opens; do
	like "$how without end: the key was let in, and no more is known" "$(floods $how probe-current)" '^accepted .*let in.*sent more than [0-9]+ bytes'
	ok "$how: in time" ended
	ok "$how: in little memory" small
	like "$how: apply does not know" "$(floods $how apply)" '^unknown .*sent more than'
	ok "$how: in time, too" ended
done
like "a host that sends instead of saying whether the key is right is unreachable" "$(floods auth probe-current)" \
	'^unreachable .*sent more than [0-9]+ bytes'
ok "in time" ended
ok "in little memory" small

# The same by a real sshd.
sshd_start "$FOLDER"
cp "$SSHD_FOLDER/host_key.pub" host_key.pub
printf 'command="exec yes >&2" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
TARGET=$(sshd_target ssh)
like "sshd's account, too" "$(timeout 60 "$LIB/rotator.py" --seconds 8 --current private-key=key "$ROTATE" "$TARGET" probe-current)" \
	'^accepted .*sent more than [0-9]+ bytes; it said "[y ]+'
printf 'command="head -c 3000000 /dev/zero >&2" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
like "and one that would end, later" "$("$LIB/rotator.py" --current private-key=key "$ROTATE" "$TARGET" probe-current)" \
	'^accepted .*sent more than [0-9]+ bytes'
printf 'command="head -c 2000000 /dev/zero >&2" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
like "less is heard to its end" "$("$LIB/rotator.py" --current private-key=key "$ROTATE" "$TARGET" probe-current)" \
	'^accepted .*it ended with status 0 *$'
printf 'command="kill -9 $PPID" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
like "an account that ends its own connection is unreachable, though the key was let in" \
	"$("$LIB/rotator.py" --current private-key=key "$ROTATE" "$TARGET" probe-current)" '^unreachable .*let in.*connection ended'
is "with and without a command that shows itself first" "$(
	printf 'command="sleep 1; kill -9 $PPID" %s\n' "$(cat key.pub)" >"$SSHD_AUTHORIZED"
	"$LIB/rotator.py" --current private-key=key "$ROTATE" "$TARGET" probe-current | cut -d' ' -f1)" unreachable
tap_end
