#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `open --agent` on a vault that is reached over ssh, under an ssh_config that is none for programs: Ctrl-C asks, a frozen
# host does not hold the countdown up, the lease ends by the clock over a new connection, and a terminal that closes ends it.
. "$(dirname "$0")/../lib/vault.sh"
town_founded
town_remote
cat >> ssh_config <<END
	RemoteCommand cat
	PermitLocalCommand yes
	LocalCommand touch $TOKENS_DIR/local
	StdinNull yes
	SessionType none
	RequestTTY force
	LocalForward $SSHD_PORT 127.0.0.1:1
	ExitOnForwardFailure yes
END
ok "a request over it" timeout 60 "$LIB/terminal.py" --always 'PIN[^\n]*: $' "$TOWN_PIN" -- "$HALLIGAN" request prod/db \
	--reason "primary does not boot" --incident INC-4711 --for 30m --serial "${SERIAL[alice]}"
ok "nothing of it is obeyed" test ! -e local
far=$HALLIGAN_VAULT HALLIGAN_VAULT=$VAULT
town_clock 0
ok "three officers approve" town_approve ciso secops audit

cat > opening.py <<'END'
import os, pty, re, signal, subprocess, sys, time
program, vault, folder, serial, pin = sys.argv[1:]
class Opening:
    def __init__(self):
        self.seen = ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execv(program, [program, "open", "--agent", "--serial", serial, "--vault", vault])
        self.until("PIN[^\n]*: $")
        self.type(pin + "\n")
        self.until("ssh -F (/[^ ]*)/config prod-db")
        self.folder = self.found[1]
        self.until("left; Ctrl-C asks")
    def until(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while True:
            self.found = re.search(pattern, self.seen)
            if self.found:
                self.seen = self.seen[self.found.end():]
                return
            assert time.monotonic() < end, f"{pattern} did not come: {self.seen!r}"
            try: data = os.read(self.terminal, 65536)
            except OSError: data = b""
            assert data, f"it ended without {pattern}: {self.seen!r}"
            sys.stdout.write(data.decode())
            self.seen = re.sub(r"\r?\n *", "\n", self.seen + data.decode())
    def type(self, text): os.write(self.terminal, text.encode())
    def interrupt(self):
        self.type("\x03")
        self.until("End the lease of prod/db now")
    def ended(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid: return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        assert False, "it hangs"
END
cat > frozen.py <<'END'
from opening import *
def serving(): return set(map(int, subprocess.run(["pgrep", "-f", f"^halligan serve --stdio --vault {folder}$"], capture_output=True, text=True).stdout.split()))
before = serving()
open_ = Opening()
open_.interrupt()
open_.type("\n")
open_.until("prod/db: the lease goes on")
frozen = serving() - before
assert frozen, "no server"
for pid in frozen: os.kill(pid, signal.SIGSTOP)
time.sleep(11)	# a question, and the time after which who has not answered it is asked nothing any more
open_.seen = ""
open_.until("left; Ctrl-C asks")
open_.interrupt()
with open("clock", "w") as file: file.write("1801 0\n")
open_.until("the lease has expired")
open_.until("prod/db: the key is gone, with the ssh-agent of this lease")
assert not os.path.exists(open_.folder)
open_.until("The new value is accepted")
assert open_.ended() == 0
for pid in frozen: os.kill(pid, signal.SIGCONT)
END
cat > twice.py <<'END'
from opening import *
open_ = Opening()
open_.interrupt()
open_.type("\x03")
open_.until("prod/db: ending the lease")
open_.until("The new value is accepted")
assert open_.ended() == 0
END
cat > closed.py <<'END'
from opening import *
open_ = Opening()
open_.interrupt()
os.close(open_.terminal)
assert open_.ended() >= 0, "it was killed"
assert not os.path.exists(open_.folder)
END
at() { PYTHONPATH=$PWD python3 "$1.py" "$HALLIGAN" "$2" "$VAULT" "${SERIAL[alice]}" "$TOWN_PIN"; }
debts() { "$LIB/tamper.py" "$VAULT" get "SELECT group_concat(DISTINCT state) FROM debts"; }
ok "Ctrl-C asks; with its host frozen the lease ends by the clock, over a new connection" at frozen "$far"
town_clock 0
is "and the debt is paid" "$(debts)" retired
ok "another request" town_request
ok "is approved" town_approve ciso secops audit
ok "a second Ctrl-C ends it" at twice "$VAULT"
ok "a third" town_request
ok "is approved, too" town_approve ciso secops audit
ok "a terminal that closes ends it, in the middle of the question" at closed "$VAULT"
is "all is replaced" "$(debts)" retired
tap_end
