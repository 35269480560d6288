#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""State trees that went through many batches are, row by row, those that docs/FORMAT.md describes; a cell and its
absence are proven from rows alone.  tests/lib/state_tree.py is that page in Python.  Prints TAP."""
import os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.dont_write_bytecode = True
from state_tree import build, pack, sha, shared

BUILD = os.environ.get("HALLIGAN_BUILD", os.path.join(HERE, "..", "..", "build"))
MAKE_TREE = os.path.join(BUILD, "tests", "scenarios", "make-tree")
# (seed, keys, batches): no cell at all; a bucket; a few forks; many.
WORLDS = ((1, 40, 0), (2, 24, 9), (3, 60, 25), (4, 400, 60), (5, 3000, 150))

class World:
    def __init__(self, *arguments):
        made = subprocess.run([MAKE_TREE, *map(str, arguments)], capture_output=True, text=True)
        if made.returncode != 0: sys.exit(f"Bail out! make-tree: {made.stderr}")
        self.cells, self.gone, self.rows = {}, [], {}
        for line in made.stdout.splitlines():
            word, *rest = line.split(" ")
            if word == "cell": self.cells[rest[0]] = bytes.fromhex(rest[1])
            elif word == "gone": self.gone.append(rest[0])
            elif word == "row": self.rows[int(rest[0])] = (bytes.fromhex(rest[1]), bytes.fromhex(rest[2]))
            else: self.root = bytes.fromhex(rest[0])

def walk(world, number=1):
    """Bodies and numbers of children from row NUMBER down, a fork before its children; marks the rows as met."""
    body, kids = world.rows.pop(number)
    yield body, len(kids) // 8
    for at in range(0, len(kids), 8): yield from walk(world, int.from_bytes(kids[at:at + 8], "big"))

def prove(world, key):
    """The value of KEY or None, from the root and the rows on the way."""
    number, path, wanted = 1, "", world.root
    if wanted == sha(b"halligan/v1 empty\0"): return None
    while True:
        body, kids = world.rows[number]
        if body[0] == 1:
            assert wanted == sha(b"halligan/v1 bucket\0", len(path).to_bytes(2, "big"), pack(path), body)
            begun, size = key[:len(path) // 2 * 2], 65 - len(path) // 2
            for at in range(2, len(body), size + 32):
                if begun + body[at:at + size].hex() == key: return body[at + size:at + size + 32]
            return None
        assert body[0] == 2 and wanted == sha(b"halligan/v1 node\0", body)
        length = body[1]
        end = 2 + (length + 1) // 2
        if shared(body[2:end].hex()[:length], key) < length: return None
        nibble, which = int(key[length], 16), int.from_bytes(body[end:end + 2], "big")
        if not which >> nibble & 1: return None
        child = bin(which & ((1 << nibble) - 1)).count("1")
        at = end + 2 + 36 * child
        number, path, wanted = int.from_bytes(kids[8 * child:8 * child + 8], "big"), key[:length + 1], body[at:at + 32]

tests = []
def claim(text):
    def register(function): tests.append((text, function)); return function
    return register

worlds = [World(*arguments) for arguments in WORLDS]

@claim("the worlds have what they are for")
def worth():
    assert not worlds[0].cells and 0 < len(worlds[1].cells) <= 32 and len(worlds[1].rows) == 1
    assert len(worlds[4].rows) > 50 and all(world.gone for world in worlds)

@claim("a stranger proves each cell and each absence from the rows on its way")
def proofs():
    for world in worlds:
        for key, value in world.cells.items(): assert prove(world, key) == value, key
        for key in world.gone: assert prove(world, key) is None, key

@claim("root and rows are those of the same cells by the written rules, and there is no other row")
def rows():
    for world in worlds:
        expected, root = build(world.cells)
        assert world.root == root
        assert (list(walk(world)) if world.cells else []) == [(body, children) for _, body, children in expected]
        assert not world.rows, f"{len(world.rows)} rows belong to no cell"

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
