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
# The scan itself: what is locked is told from what is not, in whatever place the kernel says so.
holds() { # holds locked|unlocked: a process that has the password in a page of its own
	exec python3 -c '
import ctypes, mmap, sys, time
page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
with open("keys/password", "rb", 0) as file: file.readinto(page)
if sys.argv[1] == "locked": assert ctypes.CDLL(None).mlock(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(page))), 4096) == 0
print("holds", flush=True)
time.sleep(600)' "$1"
}
held() { # held CLAIM EXPECTED locked|unlocked KIND
	coproc HOLDS { holds "$3"; }
	read -r _ <&"${HOLDS[0]}"
	scan "$4" "$HOLDS_PID" >/dev/null
	is "$1" $? "$2"
	kill "$HOLDS_PID"; wait "$HOLDS_PID" 2>/dev/null
}
held "the scan finds what stands in memory that is not locked" 1 unlocked memory
held "and takes locked memory for what it is" 0 locked memory
held "unless it is asked for all memory" 1 locked all

until_found() { for _ in $(seq 200); do "$@" && return; sleep 0.05; done; return 1; }

"$LIB/rotator.py" --current private-key=keys/old --next private-key=keys/next "$BUILD/rotators/halligan-rotate-ssh-key" \
	"$(sshd_target ssh)" add >vault.log 2>&1 & vault=$!
until_found pgrep -f "^sleep 600" >/dev/null
rotator=$(pgrep -P $vault)
# everywhere PID: locked memory too, where secrets are in none that can be read at all.
everywhere() { if grep -q secretmem "/proc/$1/maps"; then scan all "$1"; else scan memory "$1"; fi; }
ok "the rotator's unlocked memory holds no key, nor any that can be read" everywhere "$rotator"
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
	"$(sshd_target ssh | sed "s/\"port\":[0-9]*/\"port\":$port/")" add >vault.log 2>&1 & vault=$!
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
ok "exec: its unlocked memory holds no password, nor any that can be read" everywhere "$rotator"
ok "exec: no argument or environment holds one" scan process "$rotator" "$program"
refused "exec: the scan finds them in this test's vault" scan memory "$vault"
kill $vault "$rotator"; wait $vault 2>/dev/null
# What its own user may do to it: nothing.  The kernel makes a process dumpable again when it executes a program, so that
# each rotator has to see to it by itself.
mkdir seen; chmod 755 . seen
cat >seen/asks.py <<'END'
"""As another user: starts PROGRAM, asks it one thing, and prints what it answered, and what that user may do to it."""
import ctypes, os, subprocess, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
libc = ctypes.CDLL(None, use_errno=True)
def looks(child):
    attached = libc.ptrace(0x4206, child.pid, None, None) == 0                      # PTRACE_SEIZE
    try: mem = bool(os.open(f"/proc/{child.pid}/mem", os.O_RDONLY))
    except OSError: mem = False
    with open(f"/proc/{child.pid}/limits") as file: core = next(line.split()[4:6] for line in file if line.startswith("Max core"))
    return f"owner {os.stat(f'/proc/{child.pid}/mem').st_uid}, core {' '.join(core)}, {'traced' if attached else 'not traced'}, {'read' if mem else 'not read'}"
child = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=True)
child.stdin.write(b'{"target":{},"seconds":5,"name":"n"}\n{"verb":"nothing"}\n'); child.stdin.flush()
print(child.stdout.readline().decode().strip(), looks(child))
child.stdin.close(); child.wait()
END
ulimit -c unlimited 2>/dev/null
for name in ssh-key exec; do
	install -m 755 "$BUILD/rotators/halligan-rotate-$name" seen/
	is "$name: its own user may neither trace nor read it, and it leaves no core" "$(python3 seen/asks.py "$FOLDER/seen/halligan-rotate-$name")" \
		'{"result":"unsupported"} owner 0, core 0 0, not traced, not read'
done
cp /bin/cat seen/; chmod 755 seen/cat
like "as that user may any other program" "$(python3 seen/asks.py "$FOLDER/seen/cat")" 'owner 65534,.*, read$'
tap_end
