#!/usr/bin/python3 -IS
# SPDX-License-Identifier: Apache-2.0
"""A rotator of all three styles at a file that holds secrets, which may be told to do one thing wrong: the target's
"fault", one of those named below.  Its file is {NAME: {"secret": TEXT, "by": NAME}}, what it says of itself beside it.

Target: {"style": ..., "file": PATH, "fault": TEXT}."""
import base64, glob, json, os, secrets, shutil, signal, sys, time

FIELDS = ["username", "password", "private-key", "certificate", "token", "totp-seed", "codes", "url", "note"]
ANNOUNCED = {"holds": 1, "identity": "ambient", "grace": 0, "death": "refused", "can": ["expel", "warn"]}

def decode(data):
    fields, at = {}, 2
    for _ in range(data[1]):
        size = data[at]; name = data[at + 1:at + 1 + size].decode(); at += 1 + size
        size = int.from_bytes(data[at:at + 4], "big"); fields[name] = data[at + 4:at + 4 + size]; at += 4 + size
    return fields

def encode(fields):
    out = bytes([1, len(fields)])
    for name in FIELDS:
        if name in fields: out += bytes([len(name)]) + name.encode() + len(fields[name]).to_bytes(4, "big") + fields[name]
    return out

def read(fd):
    try:
        with os.fdopen(fd, "rb") as file: return decode(file.read())
    except OSError: return None

class Rotator:
    def __init__(self, first, current, following, via):
        self.target, self.name = first["target"], first.get("name", "")
        self.fault, self.style = self.target.get("fault", ""), self.target.get("style")
        self.current, self.next, self.via = current, following, via

    def held(self):
        with open(self.target["file"]) as file: return json.load(file)

    def hold(self, held):
        new = self.target["file"] + ".new"
        with open(new, "w") as file: json.dump(held, file)
        os.rename(new, self.target["file"])

    def token(self, which): return which["token"].decode()
    def has(self, value): return value is not None and self.token(value) in self.held().values()
    def without(self, value): return {k: v for k, v in self.held().items() if v != self.token(value)}
    def made(self): return dict(self.current, token=secrets.token_hex(16).encode())

    def give(self, value):
        with os.fdopen(5, "wb") as file: file.write(encode(value))
        self.next = value

    def describe(self, _):
        answer = dict(ANNOUNCED, result="ok", rotator="sim", contract=2, fields=["username", "token"], style=self.style)
        if self.style != "replace": answer.update(holds=2, can=["expel", "warn", "mint"])
        if self.fault == "is changed by another": answer["identity"] = "via"
        if self.fault == "has a grace time": answer["grace"] = 60
        if self.fault == "describes another style": answer.update(style="overlap", holds=2)
        if self.fault == "speaks contract 1": answer["contract"] = 1
        if self.fault != "takes any member" and set(self.target) - {"style", "file", "fault"}:
            unknown = sorted(set(self.target) - {"style", "file", "fault"})
            if self.fault == "tells eleven reasons": return {"result": "refused", "reasons": ["no"] * 11}
            if self.fault == "tells one reason": return {"result": "refused", "detail": unknown[0] + " is not known"}
            return {"result": "refused", "reasons": [member + " is not known" for member in unknown]}
        return answer

    def check(self, _):
        if self.fault == "is changed by another" and (self.via or {}).get("token") != b"the other value":
            return {"result": "refused", "detail": "the other value is missing"}
        return {"result": "refused", "detail": "no"} if self.fault == "check refuses" else "ok"

    def generate(self, _):
        value = self.made()
        if self.fault == "generate refuses": return "refused"
        if self.fault == "generates the current value": value = self.current
        if self.fault == "generates a constant": value = dict(value, token=b"always the same")
        if self.fault == "generate forgets the name": value = dict(value, username=b"somebody")
        if self.fault == "generates no token": value = {"username": value["username"], "password": b"x" * 20}
        if self.fault == "generates garbage": os.write(5, b"garbage"); return "ok"
        self.give(value)
        return "ok"

    def probe(self, which):
        value, other = (self.current, self.next) if which == "current" else (self.next, self.current)
        if self.fault == "cannot be asked in the end" and self.held().get("asked"): return "unreachable"
        if self.fault == "refuses for any target" and set(self.target) - {"style", "file", "fault"}: return "refused"
        if self.fault == "fails": raise ValueError("the \"box\" speaks another version")
        if self.fault == "fails with the value": raise ValueError("box: " + self.token(self.current))
        if self.fault == "fails with colors": sys.stderr.write("first\n\n" + "x" * 500 + "\n\033[31mred\033[0m\nlast"); sys.exit(1)
        if self.fault == "is away": return {"result": "unreachable", "detail": "no route"}
        if self.fault == "is away later" and self.held().get("away"): return {"result": "unreachable", "detail": "no route"}
        if self.fault == "accepts all": return "accepted"
        if self.fault == "accepts none": return "refused"
        if self.fault == "never answers": time.sleep(600)
        if self.fault == "tells the value": return {"result": "accepted", "detail": "took " + self.token(value)}
        if self.fault == "tells half the value": return {"result": "accepted", "detail": "took " + self.token(value)[:-1]}
        if self.fault == "tells the value's base64":
            return {"result": "accepted", "detail": base64.b64encode(("x" + self.token(value)).encode()).decode()}
        if self.fault == "tells the value as a member": return {"result": "accepted", self.token(value)[1:]: 1}
        if self.fault == "spells half the value":
            return b'{"result":"accepted","%s":1}\n' % "".join("\\u%04x" % ord(letter) for letter in self.token(value)[1:]).encode()
        if self.fault == "says no JSON": return b"yes\n"
        if self.fault == "answers twice": return b'{"result":"accepted"}\n{"result":"accepted"}\n'
        if self.fault == "writes the value on stderr": print("trying", self.token(value), file=sys.stderr)
        if self.fault == "writes the value on stderr, late":
            for text in ["x" * 15000000, self.token(value)]: print(text, file=sys.stderr)
        if self.fault == "floods stderr":
            try: sys.stderr.write("x" * 17000000)
            except OSError: pass
        if os.path.exists(self.target["file"] + ".locked") and self.token(value) != "the first value": return "denied"
        if self.has(value): return "accepted"
        if self.fault == "denies a dead value" and which == "current": return "denied"
        if self.fault == "accepts any old value" and which == "current": return "accepted"
        if self.fault == "refuses without proof": return "refused"
        return "refused" if other is not None and self.has(other) else "denied"

    def apply(self, _):
        if self.fault == "apply rejects": return {"result": "rejected", "detail": "not this one"}
        if self.fault == "is full": return {"result": "unchanged", "detail": "the disk is full"}
        if self.fault == "is away later": self.hold(dict(self.held(), away="yes")); return "applied"
        if self.fault == "apply only once, and says why" and not self.has(self.current): return {"result": "unchanged", "detail": "the old one is gone"}
        if self.fault == "apply lies": return "applied"
        if self.fault == "cannot be asked in the end": self.hold({"given": self.token(self.next), "asked": self.token(self.next)}); return "applied"
        if self.fault == "apply keeps the old": self.hold(dict(self.held(), other=self.token(self.next))); return "applied"
        if self.fault == "has a grace time": self.hold(dict(self.held(), **{self.token(self.next): self.token(self.next)})); return "applied"
        if self.fault == "apply only once" and not self.has(self.current): return "unchanged"
        if self.fault == "apply never to the first" and self.token(self.next) == "the first value": return "rejected"
        if self.fault == "apply is done by halves" and self.has(self.current):
            self.hold({}); time.sleep(0.5)
            self.hold({"given": self.token(self.next)}); return "applied"
        if self.current is None and self.fault == "apply wants the current one": return {"result": "unchanged", "detail": "there is no current one"}
        if self.current and not self.has(self.next) and not self.has(self.current): return {"result": "unknown", "detail": "neither is there"}
        if not self.has(self.next): self.hold({"given": self.token(self.next)})
        return "applied"

    def add(self, _):
        if self.fault == "is full": return {"result": "unchanged", "detail": "the disk is full"}
        if self.fault == "add rejects": return "rejected"
        if self.fault == "add replaces": self.hold({"given": self.token(self.next)}); return "added"
        if self.fault.startswith("add only once") and self.has(self.next): return "unchanged"
        if self.fault == "add never of the first" and self.token(self.next) == "the first value": return "rejected"
        if self.fault == "add is done by halves":
            held = self.held(); self.hold(dict(held, half="")) if "half" not in held else sys.exit(1)
            time.sleep(0.5); self.hold({k: v for k, v in self.held().items() if k != "half"})
        if not self.has(self.next): self.hold(dict(self.held(), **{self.name: self.token(self.next)}))
        return "added"

    def issue(self, _):
        if self.fault == "issue refuses": return "unchanged"
        if self.fault == "is full": return {"result": "unchanged", "detail": "the disk is full"}
        held = self.held()
        if self.fault != "issue piles up": held = {k: v for k, v in held.items() if k.partition("#")[0] != self.name}
        if self.fault == "issue is done by halves, and does not begin again":
            if self.held().get(self.name) == "half": return "unchanged"
            self.hold(dict(held, **{self.name: "half"})); time.sleep(0.5)
        if self.fault == "issue is done by halves":
            self.hold(dict(held, half="")) if "half" not in held else sys.exit(1)
            time.sleep(0.5)
        value = self.made()
        if self.fault == "issues the current value": value = self.current
        if self.fault.endswith("issue replaces"): held = {}
        name = self.name if self.name not in held else self.name + "#2"
        self.hold(dict(held, **{name: self.token(value)}))
        if self.fault == "issue keeps it to itself": return "issued"
        if self.fault == "issue gives it as it is": os.write(5, value["token"]); return "issued"
        if self.fault.startswith("the disk fails"):
            for folder in glob.glob("halligan-kept-*"): shutil.rmtree(folder)
        if self.fault.startswith("the disk is full"):
            with open("fills", "wb") as file:
                try: file.write(b"x" * 10000000)
                except OSError: pass
        self.give(value)
        if self.fault == "issue does not know": return "unknown"
        return "issued"

    def withdraw(self, which):
        if which == "orphans":
            if self.fault == "orphans stay": return "withdrawn"
            kept = self.token(self.next) if self.next and self.fault != "orphans are all" else None
            self.hold({k: v for k, v in self.held().items() if k.partition("#")[0] != self.name or v == kept})
            return "withdrawn"
        if self.fault == "withdraw does not": return "unchanged"
        if self.fault.endswith("lets only the first in"): open(self.target["file"] + ".locked", "w").close()
        if self.fault.startswith("withdraw lies"): return "withdrawn"
        if self.fault.endswith("withdraws all"): self.hold({}); return "withdrawn"
        if self.fault == "withdraws only once" and not self.has(self.current): return "unknown"
        self.hold(self.without(self.current))
        return "withdrawn"

    def expel(self, _): return "unsupported" if self.fault == "does not expel" else "none"
    def warn(self, _): return "unsupported" if self.fault == "does not warn" else "told"

    def mint(self, _):
        if self.fault == "mint refuses": return "unchanged"
        value = self.made()
        if self.fault != "mint lies": self.hold(dict(self.held(), **{self.name: self.token(value)}))
        self.give(value)
        return "minted"

    def unmint(self, _):
        held = self.held()
        if self.fault == "unmint only once" and self.name not in held: return "unchanged"
        if self.fault != "unmint lies": self.hold({k: v for k, v in held.items() if k != self.name})
        return "unminted"

    def answer(self, question):
        verb = question["verb"]
        verbs = ["describe", "check", "generate", "probe", "apply", "add", "issue", "withdraw", "expel", "warn", "mint", "unmint"]
        if verb not in verbs:
            if self.fault == "does anything": return b'{"result":"ok"}\n'
            if self.fault == "ends at what it does not know": sys.exit(1)
            result = "unsupported"
        else: result = getattr(self, verb)(question.get("value"))
        if isinstance(result, bytes): return result
        return json.dumps({"result": result} if isinstance(result, str) else result).encode() + b"\n"

def main():
    current, following, via = read(3), read(4), read(6)
    rotator = Rotator(json.loads(sys.stdin.readline()), current, following, via)
    for _ in range(150 if rotator.fault == "leaves many processes" else 0):
        if os.fork() == 0: os.setsid(); os.closerange(0, 8); time.sleep(600)
    if rotator.fault == "leaves a process" and os.fork() == 0:
        os.setsid(); os.closerange(0, 8); time.sleep(600)
    for line in iter(sys.stdin.readline, ""):
        os.write(1, rotator.answer(json.loads(line)))
    if rotator.fault == "does not end":
        signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)

main()
