# SPDX-License-Identifier: Apache-2.0
"""What house.py holds of tests: all of them run, say what they skip, and use what they made."""
import json, os, re

from tree import code, run

# Programs below tests/ that no test runs or needs: pattern, why.
NO_TEST = {
    r"arrows-.*": "that it links is the test",
    r"bench-.*": "./run bench",
    r"make-(golden|release|spare)": "by hand, once for each format",
    r"tests/lint/(tree|tested)\.py": "read by the others",
    r"tests/lint/measure\.py": "printed by ./run lint",
    r"tests/fuzz/fuzz\.sh": "./run fuzz",
}

def told(tree, name):
    """What meson says of its tests or targets."""
    with open(os.path.join(tree.build, "meson-info", f"intro-{name}.json"), encoding="utf-8") as file: return json.load(file)

def all_built(tree):
    """Every source file is in a meson.build; every program below tests/, compiled or not, whatever it is called, runs as a
    test or is needed by one."""
    for name in tree.files(".c"):
        if name not in tree.objects.values(): yield f"{name} is in no meson.build"
        elif name.startswith("tests/") and re.search(r"^main\(", tree.text(name), re.M) and \
                all(os.path.dirname(file).endswith(".a.p") for file, source in tree.objects.items() if source == name):
            yield f"{name} never runs: it is in a library"
    tests = told(tree, "tests")
    ran = {os.path.realpath(word) for test in tests for word in test["cmd"] if "/" in word}
    ran.update(target for test in tests for target in test["depends"])
    for target in told(tree, "targets"):
        folder = os.path.relpath(os.path.dirname(target["defined_in"]), tree.root)
        if target["type"] == "static library" or not (folder + "/").startswith("tests/"): continue
        if not ran & {target["id"], *target["filename"]} and not without_test(target["name"]):
            yield f"{folder}/{target['name']} never runs: {folder}/meson.build builds it, and no test runs or needs it"
    scripts, reached = {n for n in tree.names if n in tree.scripts and n.startswith("tests/")}, needed(tree, ran)
    for name in tree.names:
        folder, _, file = name.removeprefix("tests/").partition("/")
        if not name.startswith("tests/") or without_test(name): continue
        if folder in OF_TESTS and (name in scripts or folder == "scenarios" and file != "meson.build"):
            if os.path.join(tree.root, name) not in ran: yield f"{name} never runs: no test of tests/{folder}/meson.build is it"
        elif name in scripts and name not in reached:
            yield f"{name} never runs: no test is it, and nothing that runs names it"

# Below tests/, where each program is a test of its own.
OF_TESTS = ("scenarios", "lint", "unit", "golden", "fuzz")

def needed(tree, ran):
    """The scripts below tests/ that run as tests, and those whose names stand in what runs: in a test, ./run, CI, the sources
    of compiled tests, and on from there.  Remarks in scripts do not count."""
    scripts = [n for n in tree.names if n in tree.scripts and n.startswith("tests/")]
    found = {n for n in scripts if os.path.join(tree.root, n) in ran}
    left = [*found, *(n for n in ("run", ".ci/run") if n in tree.names), *(n for n in tree.files(".c", ".h") if n.startswith("tests/"))]
    while left:
        name = left.pop()
        text = re.sub(r"^\s*#.*", "", tree.text(name), flags=re.M) if name in tree.scripts else tree.text(name)
        more = [other for other in scripts if other not in found and re.search(called(other), text)]
        found.update(more)
        left += more
    return found

def called(name):
    """How others name a script: a module by its stem, what has no suffix with its folder."""
    folder, file = name.split("/")[-2:]
    word = re.escape(file) if "." in file else f"{folder}/{re.escape(file)}"
    module = rf"|^(import|from) .*\b{re.escape(file[:-3])}\b" if file.endswith(".py") else ""
    return rf"(?m)(?<![\w.-]){word}(?![\w.-]){module}"

# Who asks whether it is root, or alone in its namespaces; and who says at once what it leaves out.
ROOT = re.compile(r'get(e?)uid\(\)\s*[!=]=|id -u\)"?\s+(-eq|-ne|=|==|!=)|\bE?UID\b"?\s+(-eq|-ne|=|==|!=)|HALLIGAN_ALONE:-\}"? \]')
SAID = re.compile(r"# (skipped:|SKIP) \S")
OTHERWISE = {"tests/scenarios/33-ssh-key-rotator-survives-a-full-disk.sh": "an ordinary user has a disk, too",
    "tests/lint/planted.py": "its faults are planted"}
# What lies where everybody's temporary files do, and is neither new nor a pattern.
FIXED = re.compile(r"(?<![\w$}.*-])(?:/var)?/(?:tmp|dev/shm)/(?!\w*\.?[\w.-]*X{6})\w[\w.-]*+(?![\[\\*])")
PRIVATE = {"tests/lib/tokens.sh": "alone.sh's empty /tmp", "tests/lib/found.sh": "likewise"}

def tests_tell(tree):
    """A test says what it skips, in words that are counted (cmocka's skip() is a failure in TAP), and touches no folder that
    somebody else may have made."""
    for name in sorted(n for n in {*tree.files(".c", ".h"), *tree.scripts} if n.startswith("tests/")):
        lines = tree.lines(name)
        if name.endswith((".c", ".h")) and re.search(r"\b_?skip\s*\(", code(tree.text(name))):
            yield f'{name}: skip() is a failure in TAP: print "# skipped: why", and return'
        for number, line in enumerate(lines, 1):
            if name.split("/")[1] in OF_TESTS and name not in OTHERWISE and ROOT.search(line) and \
                    not SAID.search("\n".join(lines[number - 1:number + 2])):
                yield f"{name}:{number}: says not at once what an ordinary user skips (# skipped: why)"
            if name not in PRIVATE and (found := FIXED.search(line)) and not re.match(r"\s*(#|\*|/\*)", line):
                yield f"{name}:{number}: {found[0]} may be somebody else's: mktemp"
    used = {o: s for o, s in tree.objects.items() if s.startswith("tests/")} if tree.build else {}
    for line in run("nm", "-A", "-u", *used).stdout.splitlines() if used else ():
        file, _, symbol = line.rpartition(":")
        if symbol.split()[-1] == "_skip": yield f"{used[file]} uses cmocka's skip(), a failure in TAP"

def without_test(name):
    return any(re.fullmatch(pattern, name) for pattern in NO_TEST)
