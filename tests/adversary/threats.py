#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the adversaries' programs try, docs/THREATS.md says, and the other way round; each has its guard, each row a test.
Prints TAP.  usage: threats.py BUILD"""
import glob, os, re, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import guards

DOCUMENT = os.path.join(guards.ROOT, "docs", "THREATS.md")
CELL = re.compile(r"`adversary (\S+/\S+)`")
TESTS = os.path.join(guards.ROOT, "tests")
CONCEDED = os.path.join(TESTS, "adversary", "rotator", "conceded.c")
LEFT = "## What it does not hold against"

def read(path):
    with open(path, encoding="utf-8") as file: return file.read()

def cells():
    """{attempt: the line of its table}, and what is wrong with them."""
    found, faults = {}, []
    with open(DOCUMENT, encoding="utf-8") as file:
        for line in file:
            for attempt in CELL.findall(line):
                if attempt in found: faults.append(f"docs/THREATS.md names {attempt} twice")
                if not line.startswith("| "): faults.append(f"docs/THREATS.md: {attempt} stands in no table")
                found[attempt] = line
    return found, faults

def compare(told, tried):
    yield from (f"docs/THREATS.md has no cell for {attempt}" for attempt in tried if attempt not in told)
    yield from (f"docs/THREATS.md: no program tries {attempt}" for attempt in told if attempt not in tried)
    for attempt in told.keys() & tried.keys():
        if ("| conceded: " in told[attempt]) != (tried[attempt] == "conceded"):
            yield f"docs/THREATS.md: {attempt} is {'not ' if tried[attempt] != 'conceded' else ''}conceded by its program"

def tests_of(tried):
    """What the last cell of a row may name: an adversary's program, one attempt of it, a scenario's number, a file of unit tests, a
    unit test."""
    units = glob.glob(os.path.join(TESTS, "unit", "**", "test_*.c"), recursive=True)
    return {*(f"adversary {name.split('/')[0]}" for name in tried), *(f"adversary {name}" for name in tried),
        *(os.path.basename(path)[:2] for path in glob.glob(os.path.join(TESTS, "scenarios", "[0-9][0-9]-*"))),
        *(os.path.basename(path)[:-2] for path in units),
        *(name for path in units for name in re.findall(r"^(\w+)\(void \*\*\w+\)$", read(path), re.M))}

def rows_without_test(tried):
    known, heads = tests_of(tried), 0
    for number, line in enumerate(read(DOCUMENT).splitlines(), 1):
        if not line.startswith("|"): heads = 0
        elif (heads := heads + 1) > 2: # below its head and the line under that
            names = re.findall(r"`([^`]*)`", line.rstrip("| ").rsplit(" | ", 1)[1])
            if not names: yield f"docs/THREATS.md:{number}: this row says by nobody that it was tried"
            yield from (f"docs/THREATS.md:{number}: there is no test {name}" for name in names if name not in known)

def words_unsaid():
    left = " ".join(read(DOCUMENT).split(LEFT, 1)[1].lower().split())
    words = [text for text in re.findall(r'"([^"\\]*)"', read(CONCEDED)) if len(text) > 30 and ".h" not in text]
    if len(words) < 5: yield f"{CONCEDED} concedes nothing any more"
    yield from (f'docs/THREATS.md does not concede that "{text}"' for text in words if text.lower() not in left)

def main(build):
    tried, (told, faults) = guards.attempts(build), cells()
    checks = [("each attempt stands in THREATS.md, once, and each that stands there is made", faults + sorted(compare(told, tried))),
        ("each attempt has its guard, and each guard its attempts", list(guards.disagreements(tried, guards.guards()))),
        ("each row of its tables names a test that there is", list(rows_without_test(tried))),
        ("what a rotator gone bad is conceded, it concedes in the same words", list(words_unsaid()))]
    print(f"1..{len(checks)}")
    for number, (claim, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {claim}")
        for fault in wrong: print(f"# {fault}")
    print(f"# {len(tried)} attempts, {sum(guard == 'conceded' for guard in tried.values())} of them conceded")
    return 1 if any(wrong for _, wrong in checks) else 0

if __name__ == "__main__":
    sys.exit(main(os.path.realpath(sys.argv[1])))
