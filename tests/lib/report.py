#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a run of the suite was: how long each test took, slowest first, what was skipped and why, and as
the last line the counts.

usage: report.py [--skips-fail] [PART:TESTS:STATUS=LOG]...

LOG is what meson wrote (meson-logs/*.json) of PART, which has TESTS tests; meson ended with STATUS, its
number of failures.  Where the three disagree meson itself failed: it may have ended before its tests did.
Counted are tests as meson has them, and each thing that a test of many parts skipped, as often as it did.
What is not expected to hold has shown nothing either: it counts as skipped, and as failed where it
held.  With --skips-fail a skip counts as a failure, except where published vectors do not stand beside the
project, and for a case that belongs to another slice.  Exit status 1 unless something passed and nothing failed.
"""
import collections, json, os, re, signal, sys

# What a test says of a part of it, and TAP's directives as meson reads them, also of tests in a test: blanks or none,
# any case, whatever clings to the word.  The second directive says that a claim is not expected to hold.
SKIPPED = re.compile(r"\s*#\s*skipped:\s*(.*)", re.I)
DIRECTIVE = re.compile(r"\s*(?:(?:not )?ok\b.*?#\s*(skip|tod[o])\S*\s*(.*)|1\.\.0\s*#\s*(skip)\S*\s*(.*))", re.I)
# The published vectors that tests open, which may stand nowhere.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors"), encoding="utf-8") as names:
    VECTORS = "|".join(map(re.escape, names.read().split()))
ALLOWED = re.compile(rf"there is no vector file (?:{VECTORS})(?: \(HALLIGAN_VECTORS\))?|in another slice")
GOOD = "OK", "EXPECTEDFAIL", "SKIP"
OK, PLAN, NOTHING = (re.compile(form, re.M) for form in (r"^(not )?ok\b", r"^1\.\.\d", r"^1\.\.0+\b"))

def skips(said):
    """Why each thing was skipped that was, in the order of what a test said."""
    for line in said.splitlines():
        if found := SKIPPED.match(line): yield found[1].strip()
        elif found := DIRECTIVE.match(line):
            word, reason = (found[1], found[2]) if found[1] else (found[3], found[4])
            yield ("not expected to hold: " if word.lower() != "skip" else "") + reason.strip()

def tests(part, log):
    """(part, name, result, seconds, reasons of what was skipped) of each test."""
    part, count, status = part.split(":")
    try:
        with open(log, encoding="utf-8") as file: found = [json.loads(line) for line in file]
    except (FileNotFoundError, ValueError):
        found = []
    bad = sum(test["result"] not in GOOD for test in found)
    if not found or len(found) != int(count) or bad % 256 != int(status):
        yield part, f"meson itself, status {status} after {len(found)} of {count} tests", "ERROR", 0.0, []
    for name, times in collections.Counter(test["name"] for test in found).items():
        if times > 1: yield part, f"{name}, which stands there {times} times", "ERROR", 0.0, []
    for test in found:
        said, result = test.get("stdout", ""), test["result"]
        reasons = list(skips(said))
        if result == "EXPECTEDFAIL" and not reasons: reasons = ["not expected to hold"]
        without_plan = result == "OK" and OK.search(said) and not PLAN.search(said)
        # Who ran nothing has not passed, and meson takes a program that says nothing for a skipped one.
        if result == "OK" and NOTHING.search(said) and not OK.search(said): result = "SKIP"
        if without_plan or (result == "SKIP" and not reasons): result = "ended before its end"
        yield part, test["name"].split(" / ")[-1], result, test["duration"], reasons

def main(arguments):
    skips_fail = "--skips-fail" in arguments
    found = [test for argument in arguments if "=" in argument for test in tests(*argument.split("=", 1))]
    passed = failed = skipped = 0
    print("\n== how long each test took, slowest first")
    for part, name, _, seconds, _ in sorted(found, key=lambda test: -test[3]):
        print(f"{seconds:8.1f} s  {part}: {name}")
    for part, name, result, _, reasons in found:
        if result not in GOOD:
            failed += 1
            print(f"failed: {part}: {name} ({result.lower()})")
        elif result == "OK": passed += 1
        for reason, times in sorted(collections.Counter(reasons).items()):
            fails = skips_fail and not ALLOWED.fullmatch(reason)
            often = f" ({times} times)" if times > 1 else ""
            print(f"skipped{', which fails here' if fails else ''}: {part}: {name}: {reason}{often}")
            if fails: failed += times
            else: skipped += times
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0 or passed == 0

signal.signal(signal.SIGINT, signal.SIG_DFL) # no traceback when somebody ends it
sys.exit(main(sys.argv[1:]))
