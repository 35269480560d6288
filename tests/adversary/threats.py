#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the adversaries' programs try, docs/THREATS.md says, and the other way round; and each has its guard.
Prints TAP.  usage: threats.py BUILD"""
import os, re, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import guards

DOCUMENT = os.path.join(guards.ROOT, "docs", "THREATS.md")
CELL = re.compile(r"`adversary (\S+/\S+)`")

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

def main(build):
    tried, (told, faults) = guards.attempts(build), cells()
    checks = [("each attempt stands in THREATS.md, once, and each that stands there is made", faults + sorted(compare(told, tried))),
        ("each attempt has its guard, and each guard its attempts", list(guards.disagreements(tried, guards.guards())))]
    print(f"1..{len(checks)}")
    for number, (claim, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {claim}")
        for fault in wrong: print(f"# {fault}")
    print(f"# {len(tried)} attempts, {sum(guard == 'conceded' for guard in tried.values())} of them conceded")
    return 1 if any(wrong for _, wrong in checks) else 0

if __name__ == "__main__":
    sys.exit(main(os.path.realpath(sys.argv[1])))
