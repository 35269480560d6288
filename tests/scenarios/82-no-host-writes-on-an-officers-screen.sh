#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A vault's host that writes to the standard error of its server, which ssh hands on: escape sequences, carriage
# returns, another dossier, 10 MiB without a newline; before the first frame, in the middle of every frame, after it, and
# all the while.  What an officer sees before the signature is, byte for byte, what an honest host shows; what
# the host said is quoted, marked, and told before the screen or after the signature.
. "$(dirname "$0")/../lib/vault.sh"
. "$LIB/refusals.sh"
town_founded
town_remote
ok "alice requests" town_request

# screen.py FOLDER REPLY COMMAND...: on a terminal of 80 columns; REPLY is typed to a question one second after it came,
# the PIN (TOWN_PIN) to a prompt for it.  FOLDER/asked: the bytes until REPLY was typed; FOLDER/all: all of them.
cat > screen.py <<'END'
import fcntl, os, pty, re, select, signal, struct, sys, termios, time
folder, reply, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execvp(command[0], command)
os.makedirs(folder, exist_ok=True)
seen, mark, deadline = b"", 0, time.monotonic() + 60
def listen(seconds):
    global seen
    end = min(deadline, time.monotonic() + seconds)
    while select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
        try: data = os.read(terminal, 65536)
        except OSError: data = b""
        if not data: return False
        seen += data
        if seconds > 10: break
    return time.monotonic() < deadline
while listen(30):
    for pattern, answer in ((rb"Type yes: $", reply), (rb"PIN[^\n]*: $", os.environ["TOWN_PIN"])):
        if re.search(pattern, seen[mark:]):
            listen(1) # whoever would write here has the time
            if answer == reply: open(folder + "/asked", "wb").write(seen)
            mark = len(seen)
            os.write(terminal, answer.encode() + b"\n")
open(folder + "/all", "wb").write(seen)
if time.monotonic() >= deadline: os.kill(pid, signal.SIGKILL)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
export TOWN_PIN
# sees FOLDER REPLY SEAT: an officer approves at a terminal.
sees() { timeout 100 python3 screen.py "$1" "$2" "$HALLIGAN" approve --serial "${SERIAL[$3]}" --wait 0s; }
# The screen from the ceremony on, but for its clock.
screen() { python3 - "$1" <<'END'
import re, sys
seen = open(sys.argv[1], "rb").read()
at = max(seen.find(b"\033[1;33mTRAINING. Ceremony"), 0) # what comes before it is none of it
sys.stdout.buffer.write(re.sub(rb"  asked [^\r]*", b"  asked", seen[at:]))
END
}

# hostile.py COMMAND...: the real server, and what else its host has to say.
cat > hostile.py <<'END'
import os, subprocess, sys, threading, time
DOSSIER = (b"\r  who        Chris Iso (seat ciso)\n  secret     test/nothing, version 1\n  can do     \"nothing at all\"\n"
    b"  words      aardvark absurd accrue acme\n\n\033[1;33mTRAINING. Ceremony 00000000\033[0m\nApprove? Type yes: ")
RUDE = b"\033[2J\033[H\033]0;title\007\233H\302\233H\xe2\x80\xae" + DOSSIER
FLOOD = b"FLOOD" * (2 << 20)
lock = threading.Lock()
def rude(text):
    with lock:
        while text: text = text[os.write(2, text):]
rude(RUDE + b"\n" + FLOOD + b"\n" + RUDE)
child = subprocess.Popen(sys.argv[1:], stdin=0, stdout=subprocess.PIPE)
def exact(size):
    data = b""
    while len(data) < size:
        more = child.stdout.read(size - len(data))
        if not more: os._exit(0)
        data += more
    return data
def always():
    while True: rude(RUDE); time.sleep(0.01)
threading.Thread(target=always, daemon=True).start()
flood = FLOOD
while True:
    head = exact(8)
    body = exact(int.from_bytes(head[:4], "big") + int.from_bytes(head[4:], "big"))
    sys.stdout.buffer.write(head + body[:5]); sys.stdout.buffer.flush()
    rude(RUDE + flood); flood = b""
    sys.stdout.buffer.write(body[5:]); sys.stdout.buffer.flush()
    rude(RUDE + b"\n")
END
hostile() { rm -f bin/halligan; printf '#!/bin/sh\nexec python3 %s/hostile.py %s "$@"\n' "${PWD@Q}" "${HALLIGAN@Q}" > bin/halligan; chmod 755 bin/halligan; }

# --- one ceremony, seen through both hosts ---
sees honest no ciso > /dev/null
screen honest/asked > honest.screen
like "an honest host shows the ceremony" "$(tr -d '\r' < honest.screen)" 'Ceremony .*who .*words .*Approve\? Type yes: $'
hostile
ok "a host that writes without end keeps nobody from reading, and asking" test "$(sees rude no ciso > /dev/null; echo $?)" = 1
screen rude/asked > rude.screen
ok "before the answer the screen is that of the honest host, byte for byte" cmp honest.screen rude.screen
# theirs FILE: every line with their words begins with the mark, or goes on in quotation marks; nothing of it is obeyed.
cat > theirs.py <<'END'
import re, sys
seen = open(sys.argv[1], "rb").read()
own = (b"\033[1;33m", b"\033[1;31m", b"\033[0m", b"\r\033[K", b"\033[K")
rest = seen
for one in own: rest = rest.replace(one, b"")
assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", rest), "a control character of theirs"
rest.decode("utf-8")
quoted = False
for line in rest.decode().replace("\r", "").split("\n"):
    theirs = re.search("FLOOD|test/nothing|aardvark absurd|title|nothing at all", line)
    marked = line.startswith("ssh or the vault host says: ") or (quoted and re.match(" +[|] ", line)) \
        or (quoted and line.startswith('  "'))
    quoted = marked or line == "ssh or the vault host says:"
    assert marked or not theirs, line
END
ok "what the host said is plain and marked" python3 theirs.py rude/all
like "and how much of it is not shown is told" "$(cat rude/all)" 'said more: [0-9]{8} bytes that are not shown'
ok "it is bounded" test "$(wc -c < rude/all)" -lt 60000

# --- a whole approval ---
ok "an officer approves through it" sees approved yes ciso
ok "what the host said is plain and marked" python3 theirs.py approved/all
ok "and none of it stands between the screen and the last touch" python3 - <<'END'
import re
seen = open("approved/all", "rb").read()
begin, end = seen.index(b"\033[1;33mTRAINING. Ceremony"), seen.rindex(b"Touched.")
assert seen.count(b"Touched.") == 2 and not re.search(b"says:|FLOOD|test/nothing", seen[begin:end]), seen[begin:end]
assert b"ssh or the vault host says:" in seen[end:]
END
is "the approval counts" "$(db "SELECT count(*) FROM voices")" 1

# --- ssh itself, which a host can have ask at any time ---
# It asks before it connects; and again when the server has greeted, as another key exchange would have it do.
rm bin/halligan; ln -s "$HALLIGAN" bin/halligan
sees honest no secops > /dev/null
screen honest/asked > honest.screen
cp /usr/bin/ssh real-ssh
cat > fake-ssh <<END
#!/usr/bin/python3
import subprocess
with open("/dev/tty", "r+b", buffering=0) as tty:
    tty.write(b"Enter passphrase for key: ")
    answer = b""
    while not answer.endswith(b"\n"): answer += tty.read(1)
    if answer != b"open sesame\n": raise SystemExit(1)
child = subprocess.Popen(["$HALLIGAN", "serve", "--stdio", "--vault", "$VAULT"], stdin=0, stdout=subprocess.PIPE)
def exact(size):
    data = b""
    while len(data) < size:
        more = child.stdout.read(size - len(data))
        if not more: raise SystemExit(0)
        data += more
    return data
import sys
asks = None
while True:
    head = exact(8)
    sys.stdout.buffer.write(head + exact(int.from_bytes(head[:4], "big") + int.from_bytes(head[4:], "big"))); sys.stdout.buffer.flush()
    if asks is None:
        asks = subprocess.Popen(["$PWD/real-ssh", "-F", "none", "-o", "UserKnownHostsFile=$PWD/none", "-o", "GlobalKnownHostsFile=$PWD/none",
            "-o", "StrictHostKeyChecking=ask", "-p", "$SSHD_PORT", "127.0.0.1", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
END
chmod 755 fake-ssh
mount --bind fake-ssh /usr/bin/ssh
sed -i 's/^    for pattern, answer in (/&(rb"passphrase for key: $", "open sesame"), /' screen.py
sees asking no secops > /dev/null
screen asking/asked > asking.screen
like "ssh asks before it is connected" "$(tr -d '\r' < asking/all)" 'Enter passphrase for key: open sesame'
is "what it asks afterwards is not on the terminal" "$(grep -c -a authenticity asking/all)" 0
# Before it tries to ask it writes one carriage return, which no question of anybody's is.
ok "and the screen is that of an honest one, byte for byte" cmp <(tr -d '\r' < honest.screen) <(tr -d '\r' < asking.screen)
cat > interrupt.py <<'END'
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
while not seen.endswith(b"for key: "): seen += os.read(terminal, 4096)
os.write(terminal, b"\x03")
try:
    while os.read(terminal, 4096): pass
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != -signal.SIGINT)
END
ok "Ctrl-C at its question ends the command, as it does anywhere" timeout 20 python3 interrupt.py "$HALLIGAN" status
cat > suspend.py <<'END'
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.environ["PS1"] = "ready> "
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
seen, deadline = b"", time.monotonic() + 30
def until(text):
    global seen
    while text not in seen:
        assert select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0], (text, seen)
        seen += os.read(terminal, 4096)
    seen = seen[seen.index(text) + len(text):]
until(b"ready> ")
os.write(terminal, " ".join("'" + word + "'" for word in sys.argv[1:]).encode() + b"\n")
until(b"for key: ")
os.write(terminal, b"\x1a")
until(b"Stopped")
until(b"ready> ")
os.write(terminal, b"fg\n")
until(b"\n")
os.write(terminal, b"open sesame\n")
until(b"town.example")
until(b"ready> ")
END
ok "Ctrl-Z there stops it for the shell, and it goes on where it was" timeout 40 python3 suspend.py "$HALLIGAN" status
umount /usr/bin/ssh

# --- a host that takes its leave ---
rm bin/halligan; printf '#!/bin/sh\nprintf "\\033[2Jthe disk is full\\n" >&2\nexit 3\n' > bin/halligan; chmod 755 bin/halligan
told "the last words stand in the error" 1 'halligan: .*server ended before it answered.*The last words of ssh or the vault host: .\?\[2Jthe disk is full.' halligan status
rm bin/halligan; ln -s "$HALLIGAN" bin/halligan
ok "with an honest one everything is as before" as secops approve

# --- an ssh-add that is none ---
ok "a third approval releases it" as audit approve
cat > fake-ssh-add <<'END'
#!/bin/sh
printf '\033[2J\033]0;title\007\302\233H\342\200\256\rOpened. All is well.\nhalligan: nothing failed\n' | tee /dev/stderr
[ "$1" = -l ]
END
chmod 755 fake-ssh-add
mount --bind fake-ssh-add /usr/bin/ssh-add
told "what ssh-add says is quoted" 1 'halligan: .*ssh-add says: "' as alice open --agent --no-wait
umount /usr/bin/ssh-add
cp "$TAP_OUTPUT" agent.seen
ok "and nothing of it is obeyed" python3 - <<'END'
import re
seen = open("agent.seen", "rb").read()
for own in (b"\033[1;33m", b"\033[1;31m", b"\033[0m", b"\r\033[K", b"\033[K"): seen = seen.replace(own, b"")
assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", seen.replace(b"\r\n", b"\n")), seen
assert b"title" in seen and not re.search(rb"(?m)^(Opened. All is well|halligan: nothing failed)", seen), seen
END
tap_end
