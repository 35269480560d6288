#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the house measures, by room; prints, judges nothing (tests/lint/house.py judges).
usage: measure.py [--root TREE] [--brief]

statements	semicolons outside the heads of for loops, comments and texts
plaintext	lines that may see plaintext: bodies of functions that have a struct secret in their
		head or body, or have a struct that holds one, and take it out of that.  Secrets live
		nowhere else, so nothing outside them can see one in the clear.  Simulated tokens, whose
		secrets are nobody's, are not counted."""
import argparse, os, re, statistics, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from house import room
from tree import Tree, code, statements

SECRET = re.compile(r"\bstruct secret\b|\bSECRET\b")

def holders(tree):
    """For each struct that has a secret: its name and the access to that member, as patterns."""
    for name in tree.files(".c", ".h", product=True):
        for struct, body in re.findall(r"\bstruct (\w+) \{(.*?)^\t*\}", code(tree.text(name)), re.S | re.M):
            for member in re.findall(r"\bstruct secret \**(\w+)[;\[]", body):
                yield re.compile(rf"\bstruct {struct}\b"), re.compile(rf"(?:->|\.){member}\b")

def sees(text, holding):
    return SECRET.search(text) or any(struct.search(text) and member.search(text) for struct, member in holding)

def plaintext(tree, name, holding):
    if name.startswith("tokens/sim/"): return 0
    return sum(length for _, length, text in tree.functions(name) if sees(code(text), holding))

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    parser.add_argument("--brief", action="store_true", help="the sums alone")
    options = parser.parse_args()
    tree = Tree(options.root)
    rows, lengths, holding = {}, [], list(holders(tree))
    for name in tree.files(".c", ".h", product=True):
        row = rows.setdefault(room(name) or "?", [0, 0, 0, 0])
        own = [length for _, length, _ in tree.functions(name)]
        lengths += own
        for at, value in enumerate((len(tree.lines(name)), statements(tree.text(name)), len(own),
                plaintext(tree, name, holding))): row[at] += value
    form = "{:<30} {:>7} {:>11} {:>10} {:>10}"
    if not options.brief:
        print(form.format("room", "lines", "statements", "functions", "plaintext"))
        for name, row in sorted(rows.items()): print(form.format(name, *row))
    sums = [sum(row[at] for row in rows.values()) for at in range(4)]
    sources = [len(tree.lines(n)) for n in tree.files(".c", product=True)]
    flat = {}
    for name in tree.files(".c", product=True): flat.setdefault(os.path.dirname(name), []).append(name)
    largest = max(flat, key=lambda folder: len(flat[folder]))
    print(f"statements {sums[1]}; lines that may see plaintext {sums[3]}; functions {sums[2]}, "
        f"median {statistics.median(lengths):g} lines; .c files {len(sources)}, median "
        f"{statistics.median(sources):g} lines; largest flat folder {largest}/ ({len(flat[largest])})")

if __name__ == "__main__":
    main()
