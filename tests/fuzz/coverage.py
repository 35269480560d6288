#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How much of each decoder the corpora reach.

usage: coverage.py BUILD

Builds the fuzz targets into the folder BUILD with clang's source-based coverage, replays each
corpus once (files only, no mutations), and prints the share of regions that ran for every decoder
named in the table `targets`.  A region counts when it stands in the decoder's own text: what a
macro such as TRY hides elsewhere does not.  Prints TAP; fails below 90 percent."""
import json, os, re, shutil, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
LEAST = 90.0
FLAGS = "-fprofile-instr-generate -fcoverage-mapping"

def table():
    """Rows of (name, {file: set of functions, or None for all})."""
    for line in open(os.path.join(HERE, "targets"), encoding="utf-8"):
        words = line.split()
        if not words or words[0].startswith("#"): continue
        name, _, _, decoders = words
        parts = [] if decoders == "-" else [part.partition(":") for part in decoders.split(";")]
        yield name, {file: set(names.split(",")) if names else None for file, _, names in parts}

def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"Bail out! {' '.join(command)}\n{done.stdout}")
    return done.stdout

def build(folder, names):
    # Programs run while building, meson's probes too, must not leave a profile where we stand.
    env = {**os.environ, "LLVM_PROFILE_FILE": os.path.join(folder, "build.profraw")}
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        run("meson", "setup", folder, ROOT, "-Dbuildtype=plain", f"-Dc_args=-O0 {FLAGS}",
            f"-Dc_link_args={FLAGS}", env={**env, "CC": "clang", "CFLAGS": "", "LDFLAGS": ""})
    run("ninja", "-C", folder, *[f"tests/fuzz/fuzz-{name}" for name in names], env=env)

def replay(folder, names):
    """One profile of all the corpora together."""
    raw = []
    for name in names:
        raw.append(os.path.join(folder, f"{name}.profraw"))
        run(os.path.join(folder, "tests/fuzz", f"fuzz-{name}"), "--once",
            os.path.join(HERE, "corpus", name), env={**os.environ, "LLVM_PROFILE_FILE": raw[-1]})
    profile = os.path.join(folder, "all.profdata")
    run("llvm-profdata", "merge", "-sparse", "-o", profile, *raw)
    return profile

def export(folder, names, profile, files):
    programs = [os.path.join(folder, "tests/fuzz", f"fuzz-{name}") for name in names]
    command = ["llvm-cov", "export", f"-instr-profile={profile}", programs[0]]
    for program in programs[1:]: command += ["-object", program]
    done = subprocess.run(command + [os.path.join(ROOT, file) for file in files],
        capture_output=True, text=True)
    if done.returncode != 0: sys.exit(f"Bail out! llvm-cov: {done.stderr}")
    return json.loads(done.stdout)["data"][0]["functions"]

def regions(functions, file, wanted):
    """{(function, place): did it run} of the code in FILE itself."""
    found = {}
    for function in functions:
        name = function["name"].split(":")[-1]
        path = function["filenames"][0]
        if os.path.realpath(path) != os.path.join(ROOT, file): continue
        if wanted is not None and name not in wanted: continue
        for region in function["regions"]:
            place, count, source, kind = tuple(region[:4]), region[4], region[5], region[7]
            if source == 0 and kind == 0:
                found[name, place] = found.get((name, place), False) or count > 0
    return found

def main():
    folder = os.path.abspath(sys.argv[1])
    for program in ("clang", "llvm-profdata", "llvm-cov"):
        if shutil.which(program): continue
        print(f"1..0 # SKIP there is no {program}: ./run install")
        return 0
    rows = list(table())
    names = [name for name, _ in rows]
    decoders = [(file, wanted) for _, files in rows for file, wanted in files.items()]
    build(folder, names)
    functions = export(folder, names, replay(folder, names), sorted({file for file, _ in decoders}))
    failed = False
    print(f"1..{len(decoders)}")
    for number, (file, wanted) in enumerate(decoders, 1):
        found = regions(functions, file, wanted)
        lost = (wanted or set()) - {name for name, _ in found}
        share = 100.0 * sum(found.values()) / len(found) if found else 0.0
        good = share >= LEAST and not lost
        failed |= not good
        part = "" if wanted is None else f" ({', '.join(sorted(wanted))})"
        print(f"{'ok' if good else 'not ok'} {number} - {share:5.1f} % of {len(found)} regions of {file}{part}")
        for name in sorted(lost): print(f"# no function {name}")
        if good and "-v" not in sys.argv: continue
        for (name, place), ran in sorted(found.items(), key=lambda item: item[0][1]):
            if not ran: print(f"# {file}:{place[0]}:{place[1]} in {name} never ran")
    return failed

sys.exit(main())
