#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rotate an SSH key through its rotator as the vault would, again and again, while something happens at a step.

usage: ssh_truth.py ROW		ROW is JSON; a line "well N of M: KIND=COUNT..." or "wrong WHAT..." for it
       ssh_truth.py ROW count	how many cases are taken, of how many

M cases were taken, in N of which what should happen happened: by kinds of what happens ("none": nothing should).

ROW: name, rotator, target, sshd (process), old (private key), files (authorized_keys files that sshd reads), keys (those
of the row), ends (how a rotation that nothing happens to ends: retired, refused, old, open), heal (a command after which
an attempt that stopped goes on; then it ends as "healed" says), harm (a command before each case), steps (all, few), jump (the
target's jump host), liars (ports of others who take the port), number (of the
first case), plain (events that the plain suite takes, as "KIND CONNECTION PIECE").

The rotator goes through a proxy, whose Nth connection and Mth piece of what the host sends are the steps.  At one of
them the connection is cut, the host's session killed, the rotator killed, or from one connection on somebody else
answers: a liar, or a twin, which has the host's own key and knows nobody.  Whatever happens: what a rotator says is
refused, no file has, and the other value is in one; a liar is unreachable, and a twin denies; one of the values that a
vault has sealed is let in; and when nothing happens any more, the rotation ends as it should.
"""
import collections, json, os, signal, socket, subprocess, sys, tempfile, threading

PIECES = (4, 8, 11)	# of what the host sends: its keys, its answers, what the account says
CONNECTIONS = {"ssh": 12, "local": 7}	# of a rotation
TELLS = 3		# as often as the vault tells a target
LIARS = ("words", "other", "first", "replay")
TAKERS = LIARS + ("twin",)	# of the port
# What may come of a liar's words: a check asks no more of a host that cannot be reached.
BELIEVED = {"check": ("ok",), "probe": ("unreachable",), "add": ("unknown",), "withdraw": ("unknown",), "expel": ("cannot-tell",)}

def encode(key):
    return bytes([1, 1, len(b"private-key")]) + b"private-key" + len(key).to_bytes(4, "big") + key

def decode(data): return data.split(b"\x0bprivate-key", 1)[1][4:] # the last field

class Stopped(Exception): pass
class Died(Exception): pass

class Proxy:
    """Connections to the host, and what happens to them."""
    def __init__(self, port, sshd):
        self.port, self.sshd, self.count, self.happened, self.recorded, self.records = port, sshd, 0, False, b"", False
        self.event = self.victim = None
        self.listener = socket.socket(); self.listener.bind(("127.0.0.1", 0)); self.listener.listen(50)
        threading.Thread(target=self.serve, daemon=True).start()

    def own(self): return self.listener.getsockname()[1]

    def arm(self, event):
        self.count, self.happened, self.event = 0, False, event

    def serve(self):
        while True:
            peer = self.listener.accept()[0]
            self.count += 1
            threading.Thread(target=self.carry, args=(peer, self.count), daemon=True).start()

    def carry(self, peer, number):
        kind, connection, piece = self.event or (None, 0, 0)
        lied = kind in TAKERS and number >= connection
        try:
            if lied and kind == "replay":
                self.happened = True
                peer.sendall(self.recorded); peer.settimeout(2)
                while peer.recv(65536): pass
            else:
                host = socket.create_connection(("127.0.0.1", ROW["liars"][kind] if lied else self.port))
                self.happened |= lied
                threading.Thread(target=self.pump, args=(peer, host, None), daemon=True).start()
                self.pump(host, peer, number)
        except OSError: pass
        peer.close()

    def pump(self, source, sink, number):
        """NUMBER: of the connection, when it comes from the host."""
        pieces = 0
        try:
            while data := source.recv(65536):
                pieces += 1 if number else 0
                if number and self.strikes(number, pieces): break
                if number and self.records: self.recorded += data
                sink.sendall(data)
        except OSError: pass
        for end in (source, sink):
            try: end.shutdown(socket.SHUT_RDWR)
            except OSError: pass

    def strikes(self, number, pieces):
        kind, connection, piece = self.event or (None, 0, 0)
        if kind == "written": due = inode() != piece # the file was replaced, and nobody has heard of it
        else: due = kind in ("cut", "session", "rotator") and (number, pieces) == (connection, piece)
        if not due or self.happened: return False
        self.happened = True
        if kind in ("session", "written"): kill(*descendants(self.sshd))
        if kind == "rotator": kill(self.victim)
        return True

def inode(): return os.stat(ROW["target"]["authorized_keys"]).st_ino

def kill(*processes):
    for process in processes:
        try: os.kill(process, signal.SIGKILL)
        except (ProcessLookupError, TypeError): pass

def descendants(process):
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="latin1") as file: parents[int(name)] = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError: pass
    found, left = [], [process]
    while left:
        of = left.pop(); children = [child for child, parent in parents.items() if parent == of]
        found += children; left += children
    return found

class Rotator:
    def __init__(self, proxy, current, following):
        places, self.made, self.proxy, self.met = {3: pipe(encode(current))}, None, proxy, None
        if following: places[4] = pipe(encode(following))
        else: self.made, places[5] = map(high, os.pipe())
        def place():
            for number in (3, 4, 5, 6):
                if number in places: os.dup2(places[number], number)
                else:
                    try: os.close(number)
                    except OSError: pass
        self.child = subprocess.Popen([ROW["rotator"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            preexec_fn=place, close_fds=False, env={"PATH": "/usr/bin:/bin"})
        for end in places.values(): os.close(end)
        proxy.victim = self.child.pid
        self.say({"target": dict(ROW["target"], port=proxy.own(), **({"jump": ROW["jump"]} if "jump" in ROW else {})), "seconds": 20})

    def say(self, line):
        try: self.child.stdin.write(json.dumps(line).encode() + b"\n"); self.child.stdin.flush()
        except OSError: raise Died()

    def ask(self, verb, value=None):
        """In `met`: who had the port during all of it; None: the host."""
        before = self.proxy.count
        result = self.hear(verb, value)
        kind, connection, _ = self.proxy.event or (None, 0, 0)
        self.met = kind if kind in TAKERS and self.proxy.count > before >= connection - 1 else None
        return result

    def hear(self, verb, value):
        self.say({"verb": verb, "value": value} if value else {"verb": verb})
        line = self.child.stdout.readline()
        if not line: raise Died()
        answer = json.loads(line)
        SAID.append((verb, value or "", answer["result"], answer.get("detail", "")))
        return answer["result"]

    def end(self):
        kill(self.child.pid); self.child.wait()
        for file in (self.child.stdin, self.child.stdout):
            try: file.close()
            except OSError: pass
        if self.made is not None: os.close(self.made)

def high(end):
    import fcntl
    moved = fcntl.fcntl(end, fcntl.F_DUPFD, 10); os.close(end); return moved

def pipe(data):
    reading, writing = map(high, os.pipe())
    os.write(writing, data); os.close(writing); return reading

def blob(key):
    """The base64 of its public half."""
    if key not in BLOBS:
        with tempfile.NamedTemporaryFile(dir=".", buffering=0) as file:
            file.write(key)
            BLOBS[key] = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", file.name], capture_output=True, check=True).stdout.split()[1]
    return BLOBS[key]

class Debt:
    """What the vault remembers: ceremony/server/rotation, style overlap."""
    def __init__(self, proxy, old):
        self.proxy, self.old, self.new, self.state, self.wrong = proxy, old, None, "owed", []
        self.rotator = None

    def ask(self, verb, value=None):
        result = self.rotator.ask(verb, value)
        if self.rotator.met in LIARS and result not in BELIEVED[verb]: self.wrong.append(f"{verb} was {result} by a liar")
        if self.rotator.met == "twin" and result in ("accepted", "refused", "added", "withdrawn"): self.wrong.append(f"{verb} was {result} by a twin")
        return result

    def probe(self, which):
        result = self.ask("probe", which)
        key, other = (self.old, self.new) if which == "current" else (self.new, self.old)
        if result == "refused" and stands(key): self.wrong.append("refused a key that stands there")
        # A shut row's old key stands in a file that is not among those of the row; a check that was cut short lets it pass.
        if result == "refused" and not ROW.get("shut") and not (other and stands(other)): self.wrong.append("refused, and the other key does not stand there")
        return result

    def run(self):
        """One attempt, with a rotator of its own; it ends where the vault's would."""
        self.tells, self.resumed = 0, True
        self.rotator = Rotator(self.proxy, self.old, self.new)
        try:
            while self.state not in ("retired", "refused"): getattr(self, self.state)()
        except (Stopped, Died):
            if self.state == "owed": self.new = None # nobody has it
        finally: self.rotator.end()

    def owed(self):
        if self.rotator.ask("describe") != "ok": raise Stopped()
        if self.ask("check") != "ok":
            self.state = "owed" if self.proxy.happened else "refused"
            raise Stopped()
        if self.probe("current") != "accepted": raise Stopped()
        if self.rotator.ask("generate") != "ok": raise Stopped()
        self.new = decode(os.read(self.rotator.made, 65536))
        if self.probe("next") not in ("refused", "denied"): raise Stopped() # a target that takes anything
        self.state, self.resumed = "applying", False

    def applying(self):
        if self.resumed or self.tells:
            result = self.probe("next")
            if result == "accepted": self.state = "verified"; return
            if result == "unreachable" or self.probe("current") != "accepted" or self.tells >= TELLS: raise Stopped()
        self.tells += 1
        self.resumed = False
        if self.ask("add") in ("unchanged", "rejected"): raise Stopped()

    def verified(self): self.state = "withdrawing" # committed: the new value is the one that is sealed as current

    def withdrawing(self):
        if self.probe("next") != "accepted": raise Stopped()
        if self.ask("withdraw", "current") != "withdrawn" and self.probe("current") != "refused": raise Stopped()
        self.ask("expel")
        self.state = "watched"

    def watched(self):
        result = self.probe("current")
        if result == "refused": self.state = "retired"; return
        if result != "accepted" or self.tells >= TELLS: raise Stopped()
        self.tells += 1
        self.state = "withdrawing"

    def sealed(self): return self.new if self.state in ("withdrawing", "watched", "retired") else self.old

def stands(key):
    return any(blob(key) in content for content in contents())

def contents():
    for name in ROW["files"]:
        try:
            with open(name, "rb") as file: yield file.read()
        except FileNotFoundError: pass

def lets_in(key):
    """By the ordinary client, at the host itself; what the client says goes to a file of its own, where no banner comes."""
    with tempfile.NamedTemporaryFile(dir=".", buffering=0) as file, tempfile.NamedTemporaryFile(dir=".") as said:
        file.write(key)
        subprocess.run(["ssh", "-v", "-E", said.name, "-F", "none", "-i", file.name, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "KexAlgorithms=curve25519-sha256",
            "-p", str(ROW["target"]["port"]), f'{ROW["target"]["user"]}@127.0.0.1', "true"], capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        with open(said.name, "rb") as lines: return b"\nAuthenticated to 127.0.0.1" in lines.read()

def ending(debt):
    if debt.state in ("retired", "refused"): return debt.state
    return "open" if debt.state in ("withdrawing", "watched") else "old"

def case(proxy, event, kept):
    """What is wrong after it."""
    if "heal" in ROW: subprocess.run(ROW["heal"], shell=True, check=False)
    for name, content in kept.items():
        with open(name, "wb") as file: file.write(content)
    if "harm" in ROW: subprocess.run(ROW["harm"], shell=True, check=True)
    nothing = event[0] == "none"
    proxy.arm(None if nothing else ("written", 0, inode()) if event[0] == "written" else event)
    debt = Debt(proxy, OLD)
    debt.run()
    if not nothing and not debt.wrong and not ROW.get("shut") and not lets_in(debt.sealed()):
        debt.wrong.append(f"shut out, {debt.state}")
    happened, lied = nothing or proxy.happened, event[0] in TAKERS
    if lied: # once more, to a liar from the beginning
        proxy.arm((event[0], 1, 0)); debt.run()
    proxy.arm(None)
    for _ in range(0 if nothing else 2): debt.run()
    # Where a check was cut short it refuses nothing; then nothing else goes on either.
    if ending(debt) not in ((ROW["ends"], "old") if not nothing and ROW["ends"] == "refused" else (ROW["ends"],)): debt.wrong.append(f"ends {debt.state}")
    if not ROW.get("shut") and not lets_in(debt.sealed()): debt.wrong.append(f"shut out in the end, {debt.state}")
    if "heal" in ROW:
        subprocess.run(ROW["heal"], shell=True, check=True)
        if debt.state == "refused": debt.state, debt.new = "owed", None # a vault asks again
        debt.run()
        if ending(debt) != ROW["healed"]: debt.wrong.append(f"ends {debt.state} when it is healed")
        if not lets_in(debt.sealed()): debt.wrong.append(f"shut out when it is healed, {debt.state}")
    if debt.state == "retired" and stands(OLD): debt.wrong.append("the old key stands there")
    folder = os.path.dirname(ROW["target"]["authorized_keys"])
    left = [name for name in os.listdir(folder) if name.startswith(".halligan")]
    if left and debt.state == "retired": debt.wrong.append(f"left {left}")
    for name in left: os.unlink(os.path.join(folder, name))
    return happened, debt.wrong

def events():
    """Every step of the plain rows; of the others each connection once.  What happens there goes by turns.  Where check
    refuses, that has two connections, which end early."""
    yield ("none", 0, 0)
    kinds = ("cut", "session", "rotator")
    if ROW["ends"] == "refused":
        for connection in (1, 2):
            for kind in kinds: yield (kind, connection, PIECES[0])
        return
    reach = CONNECTIONS[ROW["target"]["access"]]
    for connection in range(1, reach + 1):
        for at, piece in enumerate(PIECES):
            if ROW["steps"] == "all" or connection % 3 == at: yield (kinds[(connection + connection // 3 + at) % 3], connection, piece)
    if "harm" not in ROW: yield ("written", 0, 0) # else nothing is
    for kind in ROW.get("liars", {}):
        for connection in range(1, reach + 1, 2): yield (kind, connection, 0)

def takes(number, event):
    """sweep.sh; the plain suite takes what the row names."""
    sweep = os.environ.get("HALLIGAN_SWEEP", "")
    if sweep == "all": return True
    if "/" in sweep: return (number - int(sweep.split("/")[0])) % int(sweep.split("/")[1]) == 0
    return " ".join(map(str, event)) in ROW["plain"]

ROW, BLOBS, SAID = json.loads(sys.argv[1]), {}, []
with open(ROW["old"], "rb") as file: OLD = file.read()

def main():
    every = list(events())
    chosen = [event for number, event in enumerate(every, ROW["number"]) if takes(number, event)]
    if sys.argv[2:] == ["count"]: print(len(chosen), len(every)); return
    kept = {name: content for name, content in zip(ROW["files"], contents())}
    proxy, wrong, kinds = Proxy(ROW["target"]["port"], ROW["sshd"]), [], collections.Counter()
    if "replay" in ROW.get("liars", {}): lets_replay(proxy)
    for event in chosen:
        SAID.clear()
        happened, bad = case(proxy, event, kept)
        kinds[event[0]] += happened

        if bad: wrong.append(f"{event}: {', '.join(bad)}: {SAID[-6:]}")
    counts = " ".join(f"{kind}={count}" for kind, count in sorted(kinds.items()) if count)
    print(f"wrong {' | '.join(wrong)}" if wrong else f"well {sum(kinds.values())} of {len(chosen)}: {counts}")

def lets_replay(proxy):
    """What the host said when the old key was let in."""
    proxy.records = True
    rotator = Rotator(proxy, OLD, None)
    rotator.ask("probe", "current"); rotator.end()
    proxy.records = False

main()
