#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A log that Halligan wrote is verified from the texts of RFC 6962 / 9162 and C2SP alone: leaves are
read with Python's own sqlite3, signatures checked by python3-cryptography.  Prints TAP."""
import base64, glob, hashlib, os, re, sqlite3, subprocess, sys, tempfile
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

BUILD = os.environ.get("HALLIGAN_BUILD", os.path.join(os.path.dirname(__file__), "..", "..", "build"))
MAKE_LOG = os.path.join(BUILD, "tests", "scenarios", "make-log")
LEAVES = 67

def sha(data): return hashlib.sha256(data).digest()
def leaf_hash(data): return sha(b"\0" + data)

def root(hashes):  # RFC 6962 2.1, MTH
    if not hashes: return sha(b"")
    if len(hashes) == 1: return hashes[0]
    k = 1
    while 2 * k < len(hashes): k *= 2
    return sha(b"\1" + root(hashes[:k]) + root(hashes[k:]))

def path(index, hashes):  # RFC 6962 2.1.1
    if len(hashes) == 1: return []
    k = 1
    while 2 * k < len(hashes): k *= 2
    if index < k: return path(index, hashes[:k]) + [root(hashes[k:])]
    return path(index - k, hashes[k:]) + [root(hashes[:k])]

def subproof(old, hashes, whole):  # RFC 6962 2.1.2
    if old == len(hashes): return [] if whole else [root(hashes)]
    k = 1
    while 2 * k < len(hashes): k *= 2
    if old <= k: return subproof(old, hashes[:k], whole) + [root(hashes[k:])]
    return subproof(old - k, hashes[k:], False) + [root(hashes[:k])]

class Note:  # C2SP signed-note, tlog-checkpoint
    def __init__(self, note, vkey):
        name, key_id, key = vkey.split("+", 2)
        key = base64.b64decode(key, validate=True)
        assert key[0] == 1 and len(key) == 33, "an Ed25519 key"
        assert bytes.fromhex(key_id) == sha(name.encode() + b"\n" + key)[:4], "key id"
        text, lines = note.rsplit("\n\n", 1)
        self.text = text + "\n"
        match = re.fullmatch("\u2014 (\\S+) ([A-Za-z0-9+/=]+)\n", lines)
        assert match and match.group(1) == name, "one signature by the log"
        blob = base64.b64decode(match.group(2), validate=True)
        assert blob[:4].hex() == key_id and len(blob) == 68, "its key id and size"
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob[4:], self.text.encode())
        origin, size, head = re.fullmatch("([^\n]+)\n(0|[1-9][0-9]*)\n([^\n]+)\n", self.text).groups()
        assert origin == name and re.fullmatch("test\\.example/[0-9a-f]{32}", origin), "origin"
        self.size, self.root = int(size), base64.b64decode(head, validate=True)

folder = tempfile.TemporaryDirectory(prefix="halligan-log-")
made = subprocess.run([MAKE_LOG, folder.name, str(LEAVES)], capture_output=True, text=True)
if made.returncode != 0: sys.exit(f"Bail out! make-log: {made.stderr}")
vkey, *proofs = made.stdout.splitlines()
database = sqlite3.connect(f"file:{folder.name}/vault.db?mode=ro", uri=True)
leaves = [row[0] for row in database.execute("SELECT data FROM log_leaf ORDER BY position")]
hashes = [leaf_hash(leaf) for leaf in leaves]

def checkpoint(size):
    with open(f"{folder.name}/checkpoint.{size}", encoding="utf-8", newline="") as file:
        return file.read()

def parsed(kind):
    for line in proofs:
        word, at, size, *rest = line.split(" ")
        if word == kind: yield int(at), int(size), [bytes.fromhex(h) for h in rest]

tests = []
def claim(text):
    def register(function): tests.append((text, function)); return function
    return register

@claim("the leaves in the database are those that were appended")
def contents():
    assert leaves == [(bytes([i]) + bytes(i * i - 1)) if i else b"" for i in range(LEAVES)]

@claim("every checkpoint is signed by the log's key and has the root of its leaves")
def checkpoints():
    sizes = sorted(int(name.rsplit(".", 1)[1]) for name in glob.glob(f"{folder.name}/checkpoint.*"))
    assert sizes == [10, 20, 30, 40, 50, 60, 67]
    for size in sizes:
        note = Note(checkpoint(size), vkey)
        assert note.size == size and note.root == root(hashes[:size]), f"size {size}"

@claim("a checkpoint with another size or root is not signed")
def forged():
    good = checkpoint(LEAVES)
    for bad in (good.replace("\n67\n", "\n68\n"), good.replace(good.split("\n")[2], base64.b64encode(bytes(32)).decode())):
        assert bad != good
        try: Note(bad, vkey)
        except InvalidSignature: continue
        raise AssertionError("accepted")

@claim("every inclusion proof is that of the RFC")
def inclusion():
    count = 0
    for at, size, proof in parsed("inclusion"):
        assert proof == path(at, hashes[:size]), f"leaf {at}"
        count += 1
    assert count == LEAVES

@claim("every consistency proof is that of the RFC")
def consistency():
    count = 0
    for old, size, proof in parsed("consistency"):
        assert proof == subproof(old, hashes[:size], True), f"from {old}"
        count += 1
    assert count == LEAVES

@claim("the database is a SQLite file in rollback mode with Halligan's mark, and whole")
def marks():
    def ask(pragma): return database.execute(f"PRAGMA {pragma}").fetchall()[0][0]
    assert ask("application_id") == 0x48414C47 and ask("user_version") == 1
    assert ask("journal_mode") == "delete" and ask("integrity_check") == "ok"

failed = 0
print(f"1..{len(tests)}")
for number, (text, function) in enumerate(tests, 1):
    try:
        function()
        print(f"ok {number} - {text}")
    except Exception as error: # every failure is a failed claim
        failed += 1
        print(f"not ok {number} - {text}\n# {type(error).__name__}: {error}")
sys.exit(1 if failed else 0)
