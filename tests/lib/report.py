#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a run of the suite was: how long each test took, slowest first, what was skipped and why, and as
the last line the counts.

usage: report.py [--skips-fail] [PART=LOG]...

LOG is what meson wrote (meson-logs/*.json) of PART.  Counted are tests as meson has them, and each thing
that a test of many parts skipped.  With --skips-fail a skip counts as a failure, except where published
vectors do not stand beside the project.  Exit status 1 unless something passed and nothing failed.
"""
import json, re, sys

SKIPS = re.compile(r"^(?:1\.\.0 # SKIP|(?:not )?ok\b[^#\n]*# SKIP|# skipped:) *(.*)$", re.I | re.M)
ABSENT = "there is no vector file"

def tests(part, log):
    """(part, name, result, seconds, reasons of what was skipped) of each test."""
    try:
        with open(log, encoding="utf-8") as file: lines = file.readlines()
    except FileNotFoundError:
        lines = []
    if not lines: yield part, "meson itself", "ERROR", 0.0, []
    for test in map(json.loads, lines):
        reasons = SKIPS.findall(test.get("stdout", ""))
        if test["result"] == "SKIP": reasons = reasons or ["it does not say why"]
        yield part, test["name"].split(" / ")[-1], test["result"], test["duration"], reasons

def main(arguments):
    skips_fail = "--skips-fail" in arguments
    found = [test for argument in arguments if "=" in argument for test in tests(*argument.split("=", 1))]
    passed = failed = skipped = 0
    print("\n== how long each test took, slowest first")
    for part, name, _, seconds, _ in sorted(found, key=lambda test: -test[3]):
        print(f"{seconds:8.1f} s  {part}: {name}")
    for part, name, result, _, reasons in found:
        if result in ("OK", "EXPECTEDFAIL"): passed += 1
        elif result != "SKIP":
            failed += 1
            print(f"failed: {part}: {name} ({result.lower()})")
        for reason in sorted(set(reasons)):
            fails = skips_fail and ABSENT not in reason
            print(f"skipped{', which fails here' if fails else ''}: {part}: {name}: {reason}")
            if fails: failed += 1
            else: skipped += 1
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0 or passed == 0

sys.exit(main(sys.argv[1:]))
