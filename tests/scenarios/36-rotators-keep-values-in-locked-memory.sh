#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# While a rotator works, its values are in its locked memory alone (and in the user's program): not in
# its other memory, in what libssh gave back, in any argument or environment, or in a file.
set -u
LIB=$(dirname "$(readlink -f "$0")")/../lib
. "$LIB/tap.sh"
. "$LIB/sshd.sh"
FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT; cd "$FOLDER" || exit 99
BUILD=$(readlink -f "${HALLIGAN_BUILD:?the build folder}")
if [ "$(id -u)" -ne 0 ]; then echo "1..0 # SKIP only root may read the memory of other processes"; exit 0; fi
if ldd "$BUILD/rotators/halligan-rotate-exec" | grep -q libasan; then
	echo "1..0 # SKIP the address sanitizer keeps copies and maps terabytes"; exit 0
fi

sshd_start "$FOLDER"
mkdir keys
for name in old next; do ssh-keygen -q -t ed25519 -N '' -f keys/$name; done
printf 'command="sleep 600" %s\n' "$(cat keys/old.pub)" >"$SSHD_AUTHORIZED"
# The seed of each key, the second line of its file (the private part begins in it) and the passwords.
python3 - keys/old keys/next >needles <<'END'
import base64, sys
for path in sys.argv[1:]:
    lines = open(path).read().split("\n")
    raw = base64.b64decode("".join(lines[1:-2]))
    seed = raw[raw.rindex(b"\0\0\0\x40") + 4:][:32]
    print(path + ":seed", seed.hex())
    print(path + ":line", lines[4].encode().hex())
END
printf 'a rather long old password' >keys/password
printf 'another rather long password' >keys/password2
printf 'old-password %s\nnext-password %s\n' "$(od -An -v -tx1 keys/password | tr -d ' \n')" \
	"$(od -An -v -tx1 keys/password2 | tr -d ' \n')" >>needles
scan() { "$LIB/scan.py" needles "$@"; }
until_found() { for _ in $(seq 200); do "$@" && return; sleep 0.05; done; return 1; }

"$LIB/rotator.py" --current private-key=keys/old --next private-key=keys/next "$BUILD/rotators/halligan-rotate-ssh-key" \
	"$(sshd_target ssh)" apply >vault.log 2>&1 & vault=$!
until_found pgrep -f "^sleep 600" >/dev/null
rotator=$(pgrep -P $vault)
ok "the rotator's unlocked memory holds no key" scan memory "$rotator"
ok "nor does its heap, once it is logged in: libssh's copies are cleared" scan heap "$rotator"
ok "all of its memory is locked" [ "$(awk '/^VmLck:/ { print $2 }' "/proc/$rotator/status")" -gt 4096 ]
ok "no argument or environment holds one" scan process "$rotator"
refused "the scan finds the keys in this test's vault, which does not care" scan memory "$vault"
kill "$rotator" "$vault"; wait $vault 2>/dev/null

# A host that says nothing: it has not proven its key, so ours is in nobody's hands yet.
coproc SILENT { exec python3 -c '
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(50); print(s.getsockname()[1], flush=True)
kept = []
while True: kept.append(s.accept()); print("met", flush=True)'; }
read -r port <&"${SILENT[0]}"
"$LIB/rotator.py" --current private-key=keys/old --next private-key=keys/next "$BUILD/rotators/halligan-rotate-ssh-key" \
	"$(sshd_target ssh | sed "s/\"port\":[0-9]*/\"port\":$port/")" apply >vault.log 2>&1 & vault=$!
read -r _ <&"${SILENT[0]}" # it has met the rotator
rotator=$(pgrep -P $vault)
sleep 0.5
ok "before the host has proven its key, libssh has none of ours" scan heap "$rotator"
kill "$rotator" "$vault" "$SILENT_PID"; wait $vault 2>/dev/null

cat keys/old.pub >"$SSHD_AUTHORIZED"
check() { "$@" "$LIB/rotator.py" --current private-key=keys/old "$BUILD/rotators/halligan-rotate-ssh-key" "$(sshd_target ssh)" check; }
like "where little memory may be locked check says what that means" \
	"$(check prlimit --memlock=8388608:8388608 setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock)" '^ok .*swap.*ulimit -l'
like "and where enough may be it says nothing" "$(check env)" '^ok *$'

printf '#!/bin/sh\nexec 3<&- 4<&-\nsleep 600\n' >program; chmod 755 program
"$LIB/rotator.py" --current password=keys/password --next password=keys/password2 "$BUILD/rotators/halligan-rotate-exec" \
	'{"command":["'"$FOLDER"'/program"]}' apply >vault.log 2>&1 & vault=$!
find_program() { rotator=$(pgrep -P $vault) && program=$(pgrep -P "$rotator"); }
until_found find_program
sleep 0.5
ok "exec: its unlocked memory holds no password" scan memory "$rotator"
ok "exec: no argument or environment holds one" scan process "$rotator" "$program"
refused "exec: the scan finds them in this test's vault" scan memory "$vault"
kill $vault "$rotator"; wait $vault 2>/dev/null
tap_end
