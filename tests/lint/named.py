#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What comments and documents name is there: files of this tree, and parts of a document by their title.
Prints TAP.  usage: named.py [TREE]"""
import glob, os, re, sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from tree import Tree

ROOT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
ROOMS = "base|vault|tokens|rotators|daemon|ceremony|cli|installed|udev|docs|tests"
FILE = re.compile(rf"(?<![\w/.-])(?:{ROOMS})/[\w/*-]+\.(?:c|h|py|sh|md|scd|build)\b")
PART = re.compile(r'\b([A-Z]+)\.md,\s+(?:"([^"]+)"|(section\s+\S+))')

def prose(tree, name):
    """Its text; of sources without the marks that lines of a comment begin with, and without includes."""
    return re.sub(r"\n\s*(\*|#|//|>) ?", "\n", re.sub(r'#include "[^"]*"', "", tree.text(name)))

def lost_files(tree, names):
    for name in names:
        for path in sorted(set(FILE.findall(prose(tree, name)))):
            if not glob.glob(os.path.join(tree.root, path)): yield f"{name}: there is no {path}"

def lost_parts(tree, names):
    titles = {os.path.basename(n)[:-3]: re.findall(r"^#+ (.+)$", tree.text(n), re.M)
        for n in tree.files(".md")}
    for name in names:
        for document, title, other in PART.findall(prose(tree, name)):
            title = " ".join(title.split())
            if document in titles and title not in titles[document]:
                yield f"{name}: {document}.md has no part {title or other}"

def main():
    tree, failed = Tree(ROOT), False
    # A planted fault names what is not there.
    names = [n for n in tree.files(".c", ".h", ".py", ".sh", ".md", ".scd", ".build") if n != "tests/lint/planted.py"]
    checks = [("each file that is named is there", list(lost_files(tree, names))),
        ("each part of a document that is named is there, by its title", list(lost_parts(tree, names)))]
    print(f"1..{len(checks)}")
    for number, (claim, faults) in enumerate(checks, 1):
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {claim}")
        for fault in faults: print(f"# {fault}")
    return 1 if failed else 0

if __name__ == "__main__":
    sys.exit(main())
