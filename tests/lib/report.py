#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a run of the suite was: how long each test took, slowest first, what was skipped and why, and as
the last line the counts.

usage: report.py [--skips-fail] [PART:TESTS:STATUS=LOG]...

LOG is what meson wrote (meson-logs/*.json) of PART, which has TESTS tests; meson ended with STATUS, its
number of failures.  Where the three disagree meson itself failed: it may have ended before its tests did.
Counted are tests as meson has them, and each thing that a test of many parts skipped.  With --skips-fail a
skip counts as a failure, except where published vectors do not stand beside the project, and for a case
that belongs to another slice.  Exit status 1 unless something passed and nothing failed.
"""
import json, re, sys

SKIPS = re.compile(r"^(?:1\.\.0 # SKIP|(?:not )?ok\b.*# SKIP|# skipped:) *(.*)$", re.I | re.M)
ALLOWED = "there is no vector file", "in another slice"
GOOD = "OK", "EXPECTEDFAIL", "SKIP"
OK, PLAN = re.compile(r"^ok\b", re.M), re.compile(r"^1\.\.\d", re.M)

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
    for test in found:
        said, result = test.get("stdout", ""), test["result"]
        reasons = SKIPS.findall(said)
        without_plan = result == "OK" and OK.search(said) and not PLAN.search(said)
        # Meson takes a program that says nothing for a skipped one.
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
        elif result != "SKIP": passed += 1
        for reason in sorted(set(reasons)):
            fails = skips_fail and not any(allowed in reason for allowed in ALLOWED)
            print(f"skipped{', which fails here' if fails else ''}: {part}: {name}: {reason}")
            if fails: failed += 1
            else: skipped += 1
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0 or passed == 0

sys.exit(main(sys.argv[1:]))
