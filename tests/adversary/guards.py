#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each guard that an attempt names, removed: then the attempt succeeds.  So it was real, and the guard is what stopped it.

A guard is tests/adversary/guards/NAME.patch: the smallest change of the product that takes it away, with a line
"Attempt: PROGRAM/NAME" for each attempt that it stops, and in words what it is.  Where two guards stand one behind the other,
the patch takes both, and says so.

The tree and what was built of it are copied once; there each patch is put in, the program built, the attempt made alone, and the
patch taken out.  Most runs take some of the patches (tests/lib/sweep.sh).  Prints TAP.

usage: guards.py BUILD [GUARD...]"""
import glob, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
STEP = 25  # every so manieth, in a run that was told nothing

def run(*words, **more):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **more)

def guards():
    """{name: [attempts]}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(HERE, "guards", "*.patch"))):
        with open(path, encoding="utf-8") as file:
            found[os.path.basename(path)[:-6]] = re.findall(r"^Attempt: (\S+/\S+)$", file.read(), re.M)
    return found

def attempts(build):
    """{"program/attempt": guard}, as the programs themselves list them."""
    found = {}
    for program in sorted(glob.glob(os.path.join(build, "tests", "adversary", "adversary-*"))):
        if not os.access(program, os.X_OK) or os.path.isdir(program): continue
        name = os.path.basename(program).removeprefix("adversary-")
        for line in run(program, "--list", check=True).stdout.splitlines():
            attempt, guard = line.split()
            found[f"{name}/{attempt}"] = guard
    return found

def disagreements(of_programs, of_patches):
    """What the programs and the patches say of one another, where that is not the same."""
    named = {attempt: guard for guard, names in of_patches.items() for attempt in names}
    for guard, names in of_patches.items():
        if not names: yield f"{guard}.patch names no attempt"
        yield from (f"{guard}.patch: there is no attempt {name}" for name in names if name not in of_programs)
    for attempt, guard in of_programs.items():
        if guard == "conceded" and attempt in named: yield f"{attempt} is conceded, and has a guard: {named[attempt]}"
        elif guard != "conceded" and named.get(attempt) != guard:
            yield f"{attempt}: its guard is {guard}, and " + (f"{named[attempt]}.patch names it" if attempt in named else "no patch names it")

def takes(number):
    """As tests/lib/sweep.sh."""
    text = os.environ.get("HALLIGAN_SWEEP", "")
    if text == "all": return True
    first, _, step = text.partition("/")
    return (number - int(first)) % int(step) == 0 if step else number % STEP == 0

class Copy:
    """The tree and its build, below a folder of its own, at the same places from one another."""
    def __init__(self, home, build):
        self.home, self.build, self.root = home, home + build, home + ROOT
        shutil.copytree(ROOT, self.root, symlinks=True,
            ignore=lambda folder, names: {n for n in names if n == ".git" or n.startswith("build") and folder == ROOT})
        self.targets = [os.path.relpath(p, build) for p in glob.glob(os.path.join(build, "tests", "adversary", "adversary-*"))
            if not os.path.isdir(p)]
        self.others = ["tests/unit/served", "cli/halligan", "tests/adversary/planted.so", *(os.path.relpath(p, build)
            for folder in ("tests/unit", "rotators", "tests/adversary/rotator", "daemon/starter") for p in glob.glob(os.path.join(build, folder, "halligan-*")) if not os.path.isdir(p))]
        inputs = run("ninja", "-C", build, "-t", "inputs", *self.targets, *[o for o in self.others if not o.endswith(".json")],
            check=True).stdout.splitlines()
        for name in {*inputs, *self.targets, *self.others, ".ninja_log", ".ninja_deps"}:
            path = os.path.join(build, name)
            if not os.path.isfile(path) or not os.path.realpath(path).startswith(build + "/"): continue
            os.makedirs(os.path.dirname(os.path.join(self.build, name)), exist_ok=True)
            shutil.copy2(path, os.path.join(self.build, name))
        with open(os.path.join(build, "build.ninja"), encoding="utf-8") as file: text = file.read()
        # It is not made anew: there is no meson in the copy.
        text = text.replace("build build.ninja: REGENERATE_BUILD", "build never: REGENERATE_BUILD")
        for path in sorted({build, ROOT}, key=len, reverse=True):
            text = re.sub(rf"(?<![\w/.-]){re.escape(path)}(?=[/\"' \n$])", home + path, text)
        with open(os.path.join(self.build, "build.ninja"), "w", encoding="utf-8") as file: file.write(text)

    def make(self, program):
        done = run("ninja", "-C", self.build, f"tests/adversary/adversary-{program}",
            *[o for o in self.others if not o.endswith(".json")])
        return "" if done.returncode == 0 else "\n".join(done.stdout.splitlines()[-25:])

    def patch(self, guard, *options):
        with open(os.path.join(HERE, "guards", guard + ".patch"), encoding="utf-8") as file:
            done = run("patch", "-p1", "-F0", "--no-backup-if-mismatch", "-r-", "-s", *options, stdin=file, cwd=self.root)
        return "" if done.returncode == 0 else done.stdout

def without(copy, attempt):
    """Why ATTEMPT is not seen to succeed in COPY, whose guard is out; "": it does."""
    program, name = attempt.split("/")
    fault = copy.make(program)
    if fault: return "it does not build:\n" + fault
    said = run(os.path.join(copy.build, "tests", "adversary", f"adversary-{program}"), name).stdout
    return "" if f"not ok 1 - {name}\n# SUCCEEDED" in said else said

def main(arguments):
    build, wanted = os.path.realpath(arguments[0]), arguments[1:]
    of_patches = guards()
    if unknown := set(wanted) - set(of_patches): sys.exit(f"guards.py: there is no {min(unknown)}.patch")
    chosen = [guard for number, guard in enumerate(of_patches, 1) if guard in wanted or not wanted and takes(number)]
    print(f"1..{2 + sum(len(of_patches[guard]) for guard in chosen)}")
    number, failed = 0, False
    def tell(claim, fault):
        nonlocal number, failed
        number, failed = number + 1, failed or bool(fault)
        print(f"{'not ok' if fault else 'ok'} {number} - {claim}")
        for line in fault.splitlines(): print("# " + line)
        sys.stdout.flush()
    of_programs = attempts(build)
    tell("each attempt has its guard, and each guard its attempts", "\n".join(disagreements(of_programs, of_patches)))
    with tempfile.TemporaryDirectory(prefix="halligan-guards-") as home:
        copy = Copy(home, build)
        tell("each guard can be removed from the product as it is", "".join(f"{guard}.patch: {said}\n"
            for guard in of_patches if (said := copy.patch(guard, "--dry-run"))))
        for guard in chosen:
            fault = copy.patch(guard)
            for attempt in of_patches[guard]: tell(f"without {guard}, {attempt} succeeds", fault or without(copy, attempt))
            if not fault: copy.patch(guard, "-R")
    print(f"# {len(of_programs)} attempts, {sum(g == 'conceded' for g in of_programs.values())} of them conceded, "
        f"{len(of_patches)} guards; {len(chosen)} guards taken out here")
    return 1 if failed else 0

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
