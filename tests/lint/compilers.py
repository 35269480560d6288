#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The other compiler warns of nothing either: what gcc built, clang reads, with the same options and any warning an
error.  Prints TAP.  usage: compilers.py BUILD"""
import concurrent.futures, json, os, shlex, shutil, subprocess, sys, tempfile

OF_THE_OUTPUT = ("-o", "-MF", "-MQ", "-MT")

# What gcc does not warn of, since it is cleaned up.
PLANTED = """static void end(int *value) { (void)value; }
int planted(void);
int planted(void) { __attribute__((cleanup(end))) int unused = 0; return 0; }
"""

def reading(command):
    """COMMAND, which makes an object file, as one that only reads."""
    words, kept = iter(shlex.split(command)[1:]), ["clang", "-fsyntax-only", "-Werror"]
    for word in words:
        if word in OF_THE_OUTPUT: next(words)
        elif word not in ("-c", "-MD") and not word.startswith("-O"): kept.append(word)
    return kept

def said(unit):
    ran = subprocess.run(reading(unit["command"]), cwd=unit["directory"], capture_output=True, text=True)
    return ran.stderr if ran.returncode else ""

def units(build):
    """One for each source file, however many programs it is part of."""
    with open(os.path.join(build, "compile_commands.json")) as file: all_of_them = json.load(file)
    return {os.path.normpath(os.path.join(u["directory"], u["file"])): u for u in all_of_them if u["file"].endswith(".c")}

def planted(unit):
    """What is said of the planted fault, with the options of UNIT."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "planted.c")
        with open(path, "w") as file: file.write(PLANTED)
        command = unit["command"].replace(shlex.quote(unit["file"]), shlex.quote(path))
        return said({"command": command, "directory": unit["directory"]})

def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"): sys.exit(__doc__)
    if not shutil.which("clang"):
        print("1..0 # SKIP there is no clang: ./run install")
        return 0
    found = list(units(sys.argv[1]).values())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool: faults = [t for t in pool.map(said, found) if t]
    checks = [("a planted warning is an error", "unused variable" in planted(found[0]), []),
        (f"clang says nothing of {len(found)} files", len(found) > 0 and not faults, faults)]
    print(f"1..{len(checks)}")
    for number, (claim, holds, why) in enumerate(checks, 1):
        print(f"{'ok' if holds else 'not ok'} {number} - {claim}")
        for line in "".join(why).splitlines()[:60]: print(f"# {line}")
    return 0 if all(holds for _, holds, _ in checks) else 1

if __name__ == "__main__":
    sys.exit(main())
