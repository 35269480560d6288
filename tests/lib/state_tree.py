#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The state tree as docs/FORMAT.md, "State tree", says it, from a whole set of cells at once; slow and plain.
As a program it prints the roots that tests/unit/vault/test_tree.c holds typed in."""
import hashlib

BUCKET_MAX = 32

def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def pack(nibbles): return bytes.fromhex(nibbles + "0" * (len(nibbles) % 2))

def shared(a, b):
    count = 0
    while count < len(a) and a[count] == b[count]: count += 1
    return count

def bucket(path, cells):
    """Body and hash; keys and paths are hex text, a nibble a character."""
    rest = len(path) // 2 * 2
    body = bytes([1, len(cells)]) + b"".join(bytes.fromhex(key[rest:]) + value for key, value in sorted(cells.items()))
    return body, sha(b"halligan/v1 bucket\0", len(path).to_bytes(2, "big"), pack(path), body)

def build(cells, path=""):
    """The tree of {key: value}: a list of (path, body, number of children), a fork before its children, and the root's hash."""
    if not cells: return [], sha(b"halligan/v1 empty\0")
    if len(cells) <= BUCKET_MAX:
        body, root = bucket(path, cells)
        return [(path, body, 0)], root
    keys = sorted(cells)
    prefix = keys[0][:shared(keys[0], keys[-1])]
    below, which, children = [], 0, b""
    for nibble in "0123456789abcdef":
        part = {key: value for key, value in cells.items() if key.startswith(prefix + nibble)}
        if not part: continue
        rows, child = build(part, prefix + nibble)
        below += rows
        which |= 1 << int(nibble, 16)
        children += child + len(part).to_bytes(4, "big")
    body = bytes([2, len(prefix)]) + pack(prefix) + which.to_bytes(2, "big") + children
    return [(path, body, bin(which).count("1")), *below], sha(b"halligan/v1 node\0", body)

def golden(number, ordered):
    """A key and value of the unit test's sets."""
    middle = (number // 7).to_bytes(32, "big") if ordered else sha(b"parent %d" % (number % 3))
    return (bytes([2 if ordered else 1]) + middle + sha(b"key %d" % number)).hex(), sha(b"value %d" % number)

if __name__ == "__main__":
    for size, ordered in ((1, False), (32, False), (33, False), (33, True), (1000, False), (5000, True)):
        cells = dict(golden(k, ordered or k % 3 == 2) for k in range(size))
        print(size, "ordered" if ordered else "mixed", build(cells)[1].hex())
