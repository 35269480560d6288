#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`halligan rotator test` passes right rotators of each style, names what is wrong with those that do one thing wrong, and
never loses the value that the target takes.  Prints TAP."""
import concurrent.futures, glob, json, os, re, shutil, subprocess, sys, tempfile

# Alone, like the other scenarios (tests/lib/alone.sh).
HERE = os.path.abspath(__file__)
if os.environ.get("HALLIGAN_ALONE") != HERE:
    os.execvp("bash", ["bash", "-c", '. "$1"; alone "$2"; HALLIGAN_ALONE=$2 exec "$2"',
        "sh", os.path.join(os.path.dirname(HERE), "..", "lib", "alone.sh"), HERE])

HALLIGAN = os.path.join(os.path.abspath(os.environ["HALLIGAN_BUILD"]), "cli", "halligan")
SIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib", "rotator_sim.py")
FIRST = "the first value"

# Fault of the rotator, the style in which it is met, and the line that names it (rotators/checker/finding.c).
FAULTS = [
    ("describes another style", "replace", "describe does not answer what the description says"),
    ("speaks contract 1", "replace", "describe does not answer what the description says"),
    ("takes any member", "replace", "a target with a member that it does not know is not refused as the contract has it"),
    ("tells eleven reasons", "replace", "a target with a member that it does not know is not refused as the contract has it: the rotator's answer breaks the contract"),
    ("refuses for any target", "replace", "for a target that it refuses it calls a value refused"),
    ("check refuses", "replace", "check refuses this target"),
    ("generate refuses", "replace", "generate gives no whole value"),
    ("generates garbage", "replace", "generate gives no whole value"),
    ("generates no token", "replace", "generate gives no whole value"),
    ("generates the current value", "replace", "generate gives a value that was there before"),
    ("generates a constant", "replace", "generate gives a value that was there before"),
    ("generate forgets the name", "replace", "generate does not keep user name, address and note"),
    ("accepts none", "replace", "the present value is not accepted"),
    ("never answers", "replace", "the present value is not accepted"),
    ("says no JSON", "replace", "the present value is not accepted"),
    ("accepts all", "replace", "a value that nobody brought there is not refused"),
    ("accepts all", "issue", "a value that nobody brought there is not refused"),
    *[("refuses without proof", style, "where neither value is accepted, probe does not answer denied") for style in ("replace", "overlap", "issue")],
    ("accepts any old value", "replace", "where neither value is accepted, probe does not answer denied"),
    ("does anything", "replace", "a verb that it does not know has a result"),
    ("tells the value", "replace", "an answer holds a part of a value"),
    ("tells half the value", "replace", "an answer holds a part of a value"),
    ("tells the value's base64", "replace", "an answer holds a part of a value"),
    ("tells the value as a member", "replace", "an answer holds a part of a value"),
    ("spells half the value", "replace", "an answer holds a part of a value"),
    ("writes the value on stderr", "replace", "a value stands on standard error"),
    ("writes the value on stderr, late", "replace", "a value stands on standard error"),
    ("floods stderr", "replace", "it floods its standard error"),
    ("leaves many processes", "replace", "it leaves a process behind: 150 of them, killed now"),
    ("answers twice", "replace", "it says what nobody asked"),
    ("does not end", "replace", "it does not end within 2 s of its standard input"),
    ("leaves a process", "replace", "it leaves a process behind"),
    ("apply rejects", "replace", "apply does not bring the next value there"),
    ("apply lies", "replace", 'after "applied" the next value is not accepted'),
    ("apply keeps the old", "replace", 'after "applied" the old value is not refused'),
    ("denies a dead value", "replace", 'after "applied" the old value is not refused'),
    ("apply only once", "replace", "an apply that comes again is not applied"),
    ("apply only once, and says why", "replace", "an apply that comes again is not applied"),
    ("apply wants the current one", "replace", "without the current value, which identity ambient does not need, it is not replaced"),
    ("apply never to the first", "replace", "the way back, with the values exchanged, fails"),
    ("cannot be asked in the end", "replace", "NOBODY CAN TELL WHICH VALUE THE TARGET TAKES NOW"),
    ("apply is done by halves", "replace", "killed in the middle and asked again, it does not get there"),
    ("add rejects", "overlap", "add does not bring the next value there"),
    ("add replaces", "overlap", 'after "added" not both values are accepted'),
    ("add only once", "overlap", "an add that comes again is not added"),
    ("add only once, and it withdraws all", "overlap", "an add that comes again is not added"),
    ("withdraw does not", "overlap", "withdraw does not take the value away"),
    ("withdraws all", "overlap", 'after "withdrawn" the other value is not accepted'),
    ("withdraw lies", "overlap", 'after "withdrawn" the value is not refused'),
    ("withdraws only once", "overlap", "a withdraw that comes again fails"),
    ("add never of the first", "overlap", "the way back, with the values exchanged, fails"),
    ("add is done by halves", "overlap", "killed in the middle and asked again, it does not get there"),
    ("issue refuses", "issue", "issue gives no whole value"),
    ("issue keeps it to itself", "issue", "issue gives no whole value"),
    ("issue gives it as it is", "issue", "issue gives no whole value"),
    ("issue does not know", "issue", "issue gives no whole value"),
    ("issues the current value", "issue", "issue gives a value that was there before"),
    ("issue replaces", "issue", 'after "issued" not both values are accepted'),
    ("issue piles up", "issue", "an issue that comes again leaves the first value there"),
    ("orphans are all", "issue", "withdraw orphans does not leave the next value and the present one"),
    ("orphans stay", "issue", "withdraw orphans leaves what nobody has"),
    ("issue is done by halves", "issue", "killed in the middle and asked again, it does not get there"),
    ("withdraw lies", "issue", 'after "withdrawn" the value is not refused'),
    ("does not expel", "replace", "expel is announced, and does not answer"),
    ("does not warn", "overlap", "warn is announced, and does not answer"),
    ("mint refuses", "issue", "mint gives no value that is accepted"),
    ("mint lies", "issue", "mint gives no value that is accepted"),
    ("unmint lies", "issue", "unmint does not take away what was minted"),
    ("unmint only once", "overlap", "an unmint that comes again fails"),
]
# Those that a vault can live with.
RIGHT = [("", "replace"), ("", "overlap"), ("", "issue"), ("ends at what it does not know", "replace")]
# Here the target is left with another value, or with none: then it must be said, and the value be there.
LOST = {("add only once, and it withdraws all", "overlap"): "MAY TAKE THE VALUE IN",
    ("cannot be asked in the end", "replace"): "MAY TAKE THE VALUE IN", ("issue gives it as it is", "issue"): "MAY TAKE THE VALUE IN",
    ("apply is done by halves", "replace"): "MAY TAKE THE VALUE IN",
    ("apply never to the first", "replace"): "TAKES THE VALUE IN", ("withdraws all", "overlap"): "MAY TAKE THE VALUE IN",
    ("add never of the first", "overlap"): "TAKES THE VALUE IN", ("add replaces", "overlap"): "TAKES THE VALUE IN",
    ("issue replaces", "issue"): "TAKES THE VALUE IN"}

def case(name):
    return {"when": {"style": name}, "style": name, "holds": 1 if name == "replace" else 2, "identity": "ambient", "grace": 0,
        "death": "refused", "can": ["expel", "warn"] + ["mint"] * (name != "replace")}

class Place:
    """A folder with the rotator, its target, and the value that this takes."""
    def __init__(self, top, number):
        self.folder = os.path.join(top, str(number)); os.mkdir(self.folder)
        self.program = os.path.join(self.folder, "halligan-rotate-sim")
        shutil.copy(SIM, self.program); os.chmod(self.program, 0o755)
        self.write("halligan-rotate-sim.json", json.dumps({"rotator": "sim", "contract": 2, "fields": ["username", "token"],
            "announces": [{**case("overlap"), "when": {"fault": "is changed by another"}, "identity": "via"},
                {**case("replace"), "when": {"fault": "has a grace time"}, "grace": 60}, case("replace"), case("overlap"), case("issue")]}))
        self.write("token", FIRST)
        self.write("held", json.dumps({"given": FIRST}))
    def write(self, name, text):
        with open(os.open(os.path.join(self.folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file: file.write(text)
    def run(self, style, fault="", *words, program=None, before=()):
        target = [f"--target=style={style}", f"--target=file={self.folder}/held"] + [f"--target=fault={fault}"] * bool(fault)
        self.write("user", "breakglass")
        done = subprocess.run([*before, HALLIGAN, "rotator", "test", program or self.program, *target, f"--value=username={self.folder}/user",
            f"--value=token={self.folder}/token", "--seconds=3", *words], cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.status, self.said = done.returncode, done.stdout + done.stderr
        self.wrong = [line[7:] for line in done.stdout.splitlines() if line.startswith("WRONG: ")]
        return self
    def held(self):
        with open(os.path.join(self.folder, "held")) as file: return sorted(json.load(file).values())
    def kept(self):
        return {open(os.path.join(folder, name)).read() for folder, _, names in os.walk(self.folder) if "halligan-kept-" in folder for name in names}

number, failed = 0, False
def report(holds, claim, detail=""):
    global number, failed
    number, failed = number + 1, failed or not holds
    print(f"{'ok' if holds else 'not ok'} {number} - {claim}")
    if not holds: print("# " + detail.replace("\n", "\n# "), flush=True)

def fault_cases(top):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        places = [pool.submit(lambda i=i, f=f: Place(top, f"fault{i}").run(f[1], f[0])) for i, f in enumerate(FAULTS)]
        for (fault, style, line), place in zip(FAULTS, places):
            place = place.result()
            told = fault.startswith(("tells", "spells")) and FIRST[1:-1] in place.said
            report(place.status == 1 and any(wrong.startswith(line) for wrong in place.wrong) and not told, f"{style}: {fault}: {line}", place.said)
            lost = LOST.get((fault, style))
            if lost is None: report(FIRST in place.held(), f"{style}: {fault}: the value that was given is in use", place.said)
            else: report(FIRST in place.held() or lost in place.said and set(place.held()) <= place.kept() | {FIRST},
                f"{style}: {fault}: the value that the target has stands in a file, and it is said which", place.said)

def right_cases(top):
    for number, (fault, style) in enumerate(RIGHT):
        place = Place(top, f"right{number}").run(style, fault)
        report(place.status == 0 and not place.wrong, f"{style}: {fault or 'a right rotator'} passes", place.said)
        report(place.held() == [FIRST] and not place.kept(), f"{style}: {fault or 'a right rotator'}: the target is as it was", place.said)

# On a disk of a few KiB; what was kept there is said in the end.
SMALL = ["unshare", "--mount", "--propagation", "private", "--user", "--map-root-user", "--", "sh", "-c",
    'mount -t tmpfs -o size="$0",mode=700 none small && cd small && { "$@"; status=$?; cat halligan-kept-*/*.token; exit $status; }']

# Where the memory for files has room for one of two fields.
FULL = [*SMALL[:-1], 'mount -t tmpfs -o size=4k,mode=700 none /dev/shm && "$0" "$@"; status=$?; '
    'ls -A /dev/shm | grep . >&2 || echo nothing in /dev/shm >&2; exit $status']

def keep_cases(top):
    """Values that the target makes are kept, or taken away, or their name is said."""
    name = re.compile("look there for (halligan-test-[0-9a-f]{8})")
    def others(place):
        with open(os.path.join(place.folder, "held")) as file: return {key: value for key, value in json.load(file).items() if value != FIRST}
    def named(place): return set(others(place)) == set(name.findall(place.said))
    place = Place(top, "raw").run("issue", "issue gives it as it is")
    report(others(place) and named(place) and set(others(place).values()) <= place.kept() and "as it came on descriptor 5" in place.said,
        "what came on descriptor 5 and is no credential is kept as it came", place.said)
    place = Place(top, "itself").run("issue", "issue keeps it to itself")
    report(others(place) and named(place) and "A VALUE THAT NOBODY HAS" in place.said and not place.kept(),
        "a value that was made and not handed over is told by its name", place.said)
    report(not glob.glob(place.folder + "/halligan-kept-*/room"), "and no room is kept in the end", place.said)
    place = Place(top, "killed").run("issue", "issue is done by halves, and does not begin again")
    report(others(place) and named(place) and "A VALUE THAT NOBODY HAS" in place.said, "so is one that was made by what was killed", place.said)
    place = Place(top, "refuses").run("issue", "issue refuses")
    report("NOBODY HAS" not in place.said, "and none is looked for where none was made", place.said)
    place = Place(top, "lies").run("issue", "withdraw lies, and lets only the first in")
    report(others(place) and set(others(place).values()) <= place.kept() and "THE TARGET MAY TAKE THE VALUE IN" in place.said,
        "a value that is denied in the end is kept: nobody can tell whether it is dead", place.said)
    place = Place(top, "unknown").run("issue", "issue does not know")
    report(place.held() == [FIRST] and not place.kept(), "a value that came with \"unknown\" is taken away", place.said)
    place = Place(top, "fails").run("issue", "the disk fails")
    report(place.status == 1 and place.held() == [FIRST] and not place.wrong and "keeping the value that the target made" in place.said
        and "ok: the value that you gave is accepted in the end" in place.said,
        "a value that no file could hold is taken away, and the rotator is not blamed", place.said)
    place = Place(top, "fails-replaces").run("issue", "the disk fails, and issue replaces")
    def elsewhere(place):
        files = re.findall(r"TAKES THE VALUE IN \S+, (/(?:dev/shm|tmp)/halligan-kept-\w{6}/1\.token)", place.said)
        held = [open(file).read() for file in files]
        for file in files: shutil.rmtree(os.path.dirname(file))
        return held and held == place.held() and "VALUE THAT YOU GAVE IS NOT ACCEPTED" in place.said
    report(elsewhere(place), "and where it is the only one, it is put where there is room", place.said)
    place = Place(top, "fails-all").run("issue", "the disk fails, and issue replaces", before=FULL)
    report(elsewhere(place) and place.said.endswith("nothing in /dev/shm\n"), "in each place in turn, and no part of it stays in one that is full", place.said)
    def small(number, size, fault):
        place = Place(top, number); os.mkdir(place.folder + "/small")
        return place.run("issue", fault, before=[*SMALL, size])
    place = small("small", "64k", "")
    report(place.status != 0 and place.held() == [FIRST] and not place.wrong and "the target was not asked to make a value: there is no room" in place.said,
        "without room for it no value is made", place.said)
    place = small("fills", "1m", "the disk is full")
    report(place.status != 0 and place.held() == [FIRST] and not place.wrong and "ok: issue gives a whole value" in place.said,
        "a disk that is full when the value comes holds it, since there was room kept", place.said)
    place = small("fills-replaces", "1m", "the disk is full, and issue replaces")
    report(len(place.held()) == 1 and place.said.count(place.held()[0]) == 1 and "TAKES THE VALUE IN" in place.said,
        "also where it is the only one", place.said)

def outer_cases(top):
    place = Place(top, "outer"); os.chmod(place.program, 0o777)
    report(any(w.startswith("no vault would run the program") for w in place.run("replace").wrong), "a program that others may write is named", place.said)
    os.chmod(place.program, 0o755); place.write("halligan-rotate-sim.json", "{}")
    report(any(w.startswith("its description is not sound") for w in place.run("replace").wrong), "a description that is none is named", place.said)
    place = Place(top, "nothing").run("sideways")
    report(len(place.wrong) == 1 and place.wrong[0].startswith("the target is wrong: target: rotator sim has nothing for a target like this: ")
        and '"style" may be "replace" or "overlap" or "issue"' in place.wrong[0], "a target that fits no case is named, with the members that decide, and what they may say", place.said)
    report(place.status == 1 and "its description is not" not in place.said and "wrong with this rotator" not in place.said
        and "the rotator was not tried" in place.said, "and neither the file nor the rotator", place.said)
    place = Place(top, "members"); path = place.program + ".json"
    with open(path) as file: described = json.load(file)
    place.write("halligan-rotate-sim.json", json.dumps({**described, "target": ["announces", "fields"]}))
    for member in "announces", "fields":
        report(any(w.startswith(f"the target is wrong: target: {member}") for w in place.run("replace", "", f"--target={member}=x").wrong)
            and len(place.wrong) == 1, f"so is a wrong member {member}", place.said)
    place = Place(top, "dry").run("replace", "apply lies", "--dry")
    report(place.status == 0 and "ok: generate" in place.said and "apply" not in place.said, "--dry tries nothing that changes the target", place.said)
    place = Place(top, "kept").run("replace", "apply never to the first")
    modes = {oct(os.stat(os.path.join(f, n)).st_mode & 0o777) for f, _, names in os.walk(place.folder) if "halligan-kept-" in f for n in names}
    report(modes == {"0o600"} and set(place.held()) <= place.kept(), "what was brought there stands in files of mode 0600", place.said)
    report("THE VALUE THAT YOU GAVE IS NOT ACCEPTED" in place.said, "and that is said loudly", place.said)
    report(not any(value in place.said for value in place.kept() | {FIRST} if len(value) > 12), "no value is printed", place.said)
    with open(os.path.join(os.path.dirname(SIM), "..", "..", "rotators", "checker", "finding.c")) as file: text = re.sub(r'"\s*\n\s*"', "", file.read())
    rows = [row.replace('\\"', '"') for row in re.findall(r'\[FIND_\w+\] = \{\s*"(?:\\.|[^"\\])*",\s*"((?:\\.|[^"\\])*)"', text)]
    untried = {row for row in rows if not any(line.startswith(row) for _, _, line in FAULTS)} - {"no vault would run the program", "its description is not sound", "the target is wrong",
        "THE VALUE THAT YOU GAVE IS NOT ACCEPTED ANY MORE"}
    report(len(rows) > 30 and not untried, "each line that names a fault has a rotator here that does it", "\n".join(untried))
    report("names one" not in place.said, "a rotator that tells all reasons is not told to", place.said)
    place = Place(top, "reasons").run("replace", "tells one reason", "--dry")
    report(place.status == 0 and "note: of two members that it does not know it names one" in place.said,
        "one that stops at the first reason is told so, and that is no fault", place.said)
    place = Place(top, "grace").run("replace", "has a grace time")
    report(place.status == 0 and "good for 60 s more" in place.said, "an old value that is good for a while is no fault", place.said)
    report("the target takes the values of this test for 60 s more" in place.said and "are erased now" in place.said and not place.kept(),
        "and that it outlives its file is said", place.said)
    place = Place(top, "via"); place.write("other", "the other value")
    report(place.run("overlap", "is changed by another").status == 2 and "--via" in place.said, "without the value that changes it nothing is tried", place.said)
    report(place.run("overlap", "is changed by another", "--via=token=other").status == 0, "with it a right rotator passes", place.said)
    place = Place(top, "other"); os.rename(place.program, place.folder + "/sim")
    report(place.run("replace", program=place.folder + "/sim").status == 2, "a file of another name is refused with a hint", place.said)

def last_words_cases(top):
    """Of a rotator that ends early, its last lines on standard error."""
    place = Place(top, "words").run("replace", "fails")
    words = "ValueError: the 'box' speaks another version"
    report(re.search(f'WRONG: the present value is not accepted.*note: on standard error it said, at last: ".*" ".*" "{words}"\n', place.said, re.S)
        and place.said.count("on standard error it said") == 1, "the last lines of one that fails are shown, quoted", place.said)
    place = Place(top, "words-colors").run("replace", "fails with colors")
    report('it said, at last: "first" "last"\n' in place.said, "those that are not plain, or long, are not", place.said)
    place = Place(top, "words-value").run("replace", "fails with the value")
    report(any(w.startswith("a value stands on standard error") for w in place.wrong) and "it said" not in place.said and FIRST not in place.said,
        "nor is any where a value stands among them", place.said)
    place = Place(top, "words-none").run("replace", "says no JSON")
    report(place.wrong and "on standard error it said" not in place.said, "one that said nothing there is not shown", place.said)

def away_cases(top):
    """Of a target that is away or full the rotator is not blamed."""
    cases = [("is away", "replace", 'NOT TRIED: the present value is accepted: probe current answers "unreachable" and says "no route"')]
    cases += [("is full", style, f'NOT TRIED: {claim}: {verb} answers "unchanged" and says "the disk is full"') for style, verb, claim in (
        ("replace", "apply", "apply brings the next value there"), ("overlap", "add", "add brings the next value beside the present one"),
        ("issue", "issue", "issue gives a whole value"))]
    for fault, style, line in cases:
        place = Place(top, f"{fault} {style}").run(style, fault)
        report(place.status == 1 and not place.wrong and line in place.said and "wrong with this rotator" not in place.said
            and "the target could not be tried, and nothing else is wrong" in place.said, f"{style}: the target {fault}: no fault of the rotator", place.said)
        report(place.held() == [FIRST] and not place.kept(), f"{style}: the target {fault}: it is as it was", place.said)
    place = Place(top, "later").run("replace", "is away later")
    report(place.status == 1 and "the target could not be tried, and nothing else is wrong" in place.said
        and [line.split(" NOW")[0] for line in place.wrong] == ["NOBODY CAN TELL WHICH VALUE THE TARGET TAKES"],
        "nor where it goes away in the middle, and then nobody can tell", place.said)

def name_cases(top):
    """A name without a slash is found as a vault finds it."""
    place = Place(top, "names")
    for name, told in ("nobody", "there is no rotator nobody: no halligan-rotate-nobody in /"), (".." , "cannot be the name of a rotator"), ("x" * 41, "cannot be the name of a rotator"):
        place.run("replace", program=name)
        report(place.status != 0 and told in place.said and not place.wrong, f"the name {name[:8]} is refused before anything is tried", place.said)
    place.run("replace", program="./halligan-rotate-sim")
    report(place.status == 0, "a path may begin with the present folder", place.said)

with tempfile.TemporaryDirectory() as top:
    right_cases(top); outer_cases(top); keep_cases(top); away_cases(top); last_words_cases(top); name_cases(top); fault_cases(top)
print(f"1..{number}")
sys.exit(failed)
