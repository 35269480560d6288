#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Labelled dumps of the golden files, for docs/FORMAT.md.

usage: dump.py --write | --check     (rewrite the dumps in docs/FORMAT.md, or say whether they agree)
"""
import hashlib, json, os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
FORMAT = os.path.join(HERE, "..", "..", "docs", "FORMAT.md")

def golden(name):
    with open(os.path.join(HERE, name), "rb") as file:
        return file.read()

class Dump:
    def __init__(self, data):
        self.data, self.at, self.lines = data, 0, []
    def take(self, size, label):
        piece = self.data[self.at:self.at + size]
        if len(piece) != size: raise SystemExit(f"dump.py: {label} reaches over the end")
        for offset in range(0, max(size, 1), 16):
            row = piece[offset:offset + 16]
            self.lines.append(f"    {self.at + offset:04x}  {row.hex(' '):<47}  {label if offset == 0 else ''}".rstrip())
        self.at += size
        return piece
    def number(self, size, label):
        value = int.from_bytes(self.data[self.at:self.at + size], "big")
        self.take(size, f"{label} = {value}")
        return value
    def prefixed(self, bits, label):
        size = self.number(bits // 8, f"length of {label}")
        return self.take(size, label)
    def end(self):
        if self.at != len(self.data): raise SystemExit("dump.py: trailing bytes")
        return self.lines

def header(data):
    d = Dump(data)
    d.take(4, "magic"); d.number(2, "format"); d.number(1, "flags"); d.take(32, "vault id")
    d.take(16, "secret id"); d.take(32, "definition"); d.number(4, "version"); d.take(32, "charter")
    d.prefixed(16, "quorum")
    for e in range(d.number(2, "envelopes")):
        d.prefixed(8, f"envelope {e}: seat"); d.take(32, "token id")
        for field in ("kem", "kdf", "aead"): d.number(2, field)
        d.prefixed(16, "share key")
        for s in range(d.number(1, "shares")):
            for field in ("clause", "group", "m", "n", "x"): d.number(1, field)
            d.take(32, "commitment")
    d.take(32, "com_dek")
    return d.end()

def payload(data):
    d = Dump(len(data).to_bytes(4, "big") + data)
    d.number(4, "length of the credential"); d.number(1, "credential format")
    for _ in range(d.number(1, "fields")):
        d.prefixed(8, "name"); d.prefixed(32, "value")
    lines = d.end()
    size = 256
    while size < len(data) + 4: size *= 2
    return lines + [f"    {len(data) + 4:04x}  zeros to {size:04x}"]

def plain(label):
    def dump(data):
        d = Dump(data)
        d.take(len(data), label)
        return d.end()
    return dump

def envelope(data):
    d = Dump(data)
    d.take(65, "enc"); d.take(len(data) - 65, "ciphertext and tag")
    return d.end()

def anchor(data):
    lines = []
    for at in (0, 4096):
        d = Dump(data[:at + 235])
        d.at = at
        d.take(19, "label"); d.take(32, "vault id"); d.number(8, "seq")
        for state in ("from", "to"):
            d.number(8, f"{state}: size"); d.take(32, f"{state}: log root"); d.take(32, f"{state}: state root")
        d.take(32, "MAC")
        lines += d.end()
        if any(data[at + 235:at + 4096]): raise SystemExit("dump.py: not zeros")
        lines.append(f"    {at + 235:04x}  zeros to {at + 4096:04x}")
    return lines

def definitions(data):
    """Each entry and its hash, computed as FORMAT.md says it."""
    statement, label, lines = json.loads(data), b"halligan/v1 definition", []
    for at, entry in enumerate(statement["definitions"]):
        text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode()
        hashed = bytes([len(label)]) + label + bytes.fromhex(statement["vault"]) + text
        lines += [f"    entry {at}  {text.decode()}", f"    hash  {at}  {hashlib.sha256(hashed).hexdigest()}"]
    return lines

DUMPS = {"anchor-1": ("anchor-1", anchor),
    "secret-1.payload": ("secret-1.payload", definitions),
    "release-1.answer": ("release-1.answer", envelope), "release-1.reply": ("release-1.reply", envelope),
    "version-1.spare": ("version-1.spare", envelope), "version-1.envelope": ("version-1.envelope", envelope), "version-1.header": ("version-1.header", header), "version-1.dek": ("version-1.dek", plain("DEK")),
    "version-1.ciphertext": ("version-1.ciphertext", plain("ciphertext and tag")),
    "version-1.payload": ("version-1.credential", payload)}

def rendered(text):
    def fill(match):
        file, dump = DUMPS[match.group(1)]
        return f"<!-- dump {match.group(1)} -->\n\n" + "\n".join(dump(golden(file))) + "\n\n<!-- end -->"
    return re.sub(r"<!-- dump (\S+) -->.*?<!-- end -->", fill, text, flags=re.S)

with open(FORMAT, encoding="utf-8") as file:
    before = file.read()
after = rendered(before)
if sys.argv[1:] == ["--write"]:
    with open(FORMAT, "w", encoding="utf-8") as file: file.write(after)
elif sys.argv[1:] == ["--check"]:
    print("1..1")
    print(("ok" if before == after else "not ok") + " 1 - the dumps in FORMAT.md are those of the golden files")
    sys.exit(before != after)
else:
    sys.exit(__doc__)
