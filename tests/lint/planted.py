#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each check of house.py passes on a small house that is in order, and fails, naming the place, when
one fault is planted in it.  Prints TAP."""
import functools, json, os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
import house
from tree import Tree

ROOT = os.path.join(HERE, "..", "..")
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"

def header(path, more="", name=None):
    guard = path.replace("/", "_").replace(".", "_").upper()
    return (f"{LICENCE}#ifndef {guard}\n#define {guard}\n\n{more}"
        f"int {name or os.path.basename(path)[:-2]}(void);\n\n#endif\n")

def source(path, more="", body="\treturn 0;\n", name=None):
    return (f'{LICENCE}#include "{path[:-2]}.h"\n{more}\nint\n'
        f"{name or os.path.basename(path)[:-2]}(void)\n{{\n{body}}}\n")

# In order: seal knows base, the client and the server know the protocol.
HOUSE = {}
for stem in ("base/ground", "base/stone", "vault/seal/box", "vault/store/shelf", "tokens/token",
        "rotators/ssh/turn", "ceremony/protocol/word", "ceremony/server/host", "ceremony/client/guest",
        "cli/hint"):
    HOUSE[stem + ".h"] = header(stem + ".h")
    HOUSE[stem + ".c"] = source(stem + ".c")
HOUSE["vault/seal/box.c"] = source("vault/seal/box.c", '\n#include "base/ground.h"\n',
    "\treturn ground();\n")

HOUSE["ceremony/server/server.h"] = header("ceremony/server/server.h")
OPS = """#include <stddef.h>

enum { FOUNDING = 1, LIVE = 2 };

static int
serve_look(void)
{
	return 0;
}

static int
serve_move(void)
{
	return 0;
}

static const struct op {
	const char *name;
	int states;
	int (*run)(void);
	const char *who, *proof;
} ops[] = {
    {"look", LIVE, serve_look, "anyone", NULL},
    {"move", FOUNDING | LIVE, serve_move, "an officer", "a signature"},
};
"""
SAYS = "| `look` | `id` | `state` | |\n| `move` | `move` | | |\n\n## Who may ask for what\n\n" \
    "| `look` | live | anyone | reads |\n| `move` | founding, live | an officer | a signature |\n"
HOUSE["ceremony/server/server.c"] = source("ceremony/server/server.c", "\n" + OPS)
HOUSE["docs/PROTOCOL.md"] = SAYS

SCHEMA = 'static const char *const made[] = {\n    "CREATE TABLE box ("\n    ") STRICT;"\n    "CREATE TABLE sum ("\n    ") STRICT;",\n};\n'
CELLS = ('#include <stddef.h>\n\n#define ROWS(name) #name\n\nstruct table {\n\tconst char *name;\n\tint kind;\n\tconst char *why;\n};\n'
    'static const struct table told[] = {\n    {ROWS(box), CELL_BOX, NULL},\n    {"sum", .why = "whoever adds gets the same"},\n};\n')
KINDS = "enum cell_kind { CELL_BOX = 1 };\n"
KEPT = "| 1 | `box` | id | |\n"
for name, text in (("schema", SCHEMA), ("cells", CELLS)):
    HOUSE[f"vault/store/{name}.h"] = header(f"vault/store/{name}.h")
    HOUSE[f"vault/store/{name}.c"] = source(f"vault/store/{name}.c", "\n" + text)
HOUSE["vault/store/cells.h"] = header("vault/store/cells.h").replace("\nint", "\n" + KINDS + "int", 1)
HOUSE["docs/FORMAT.md"] = KEPT

def with_cells(old, new):
    return {"vault/store/cells.c": source("vault/store/cells.c", "\n" + CELLS.replace(old, new))}

def with_ops(old, new):
    return {"ceremony/server/server.c": source("ceremony/server/server.c", "\n" + OPS.replace(old, new))}

def with_says(old, new):
    return {"docs/PROTOCOL.md": SAYS.replace(old, new)}

def with_include(path, *lines, body="\treturn 0;\n"):
    return {path: source(path, "\n" + "".join(f"#include {line}\n" for line in lines), body)}

def many(stem, ways, place, body="\treturn 0;\n"):
    """Files and places: a unit for each of some ways to do the same."""
    files, places = {}, []
    for number, lines in enumerate(ways):
        name = f"{stem}{number}"
        files[name + ".h"], files[name + ".c"] = header(name + ".h"), source(name + ".c", f"\n{lines}\n", body)
        places.append(place.format(name=name, line=lines.split(" ")[-1]))
    return files, places

SECRET_USER = source("vault/seal/box.c", body="\tstruct secret *value = open();\n\n\treturn value != 0;\n")
COPIED = "".join(f"\tif (ground() == {n})\n\t\treturn stone({n});\n" for n in range(6)) + "\treturn 0;\n"
HOLDER = {"vault/seal/box.h": header("vault/seal/box.h", "struct box {\n\tstruct secret *pin;\n};\n\n"),
    "vault/seal/box.c":
        source("vault/seal/box.c", body="\treturn box->pin != 0;\n").replace("(void)", "(struct box *box)")}
# With a build, from which these source files are left out.
BUILD, WITHOUT_HINT = (), ("cli/hint.c",)
# (check, what is planted, files, the place or places that must be named, what the build leaves out: none without one)
FAULTS = [
    ("arrows", "base knows the vault", with_include("base/ground.c", '"vault/seal/box.h"'),
        "base/ground.c: base may not include vault/seal/box.h"),
    ("arrows", "the client knows the server",
        with_include("ceremony/client/guest.c", '"ceremony/server/host.h"'),
        "ceremony/client/guest.c: ceremony/client may not include"),
    ("arrows", "the client opens the database",
        with_include("ceremony/client/guest.c", '"vault/store/shelf.h"'), "ceremony/client/guest.c"),
    ("arrows", "the server touches a token", with_include("ceremony/server/host.c", '"tokens/token.h"'),
        "ceremony/server/host.c"),
    ("arrows", "a folder without a room", {"vault/attic/box.c": source("vault/attic/box.c"),
        "vault/attic/box.h": header("vault/attic/box.h")}, "vault/attic/box.c stands in no room"),
    ("arrows", "a floor without a room", {"daemon/clock.c": source("daemon/clock.c"),
        "daemon/clock.h": header("daemon/clock.h")},
        "daemon/clock.c stands in no room: name one in ARROWS (tests/lint/house.py)"),
    ("arrows", "a right that only begins like this name", {
        "tokens/attest/chain.h": header("tokens/attest/chain.h"),
        "tokens/attest/chain.c": source("tokens/attest/chain.c"),
        "ceremony/protocol/enrolments.h": header("ceremony/protocol/enrolments.h"),
        **with_include("ceremony/protocol/enrolments.c", '"tokens/attest/chain.h"')},
        "ceremony/protocol/enrolments.c: ceremony/protocol may not include"),
    ("arrows", "the client knows the server, whatever it calls that", *many("ceremony/client/by", (
        '#include <ceremony/server/host.h>', '#include "base/../ceremony/server/host.h"',
        '#define HOST "ceremony/server/host.h"\n#include HOST', '#import "ceremony/server/host.h"',
        '%:include "ceremony/server/host.h"', '/* */ # /* */ include /* */ "ceremony/server/host.h"',
        '#include "ceremony/server/host.c"'), "{name}.c: ceremony/client may not include ceremony/server/host.")),
    ("arrows", "a source file is included", with_include("base/ground.c", '"base/stone.c"'),
        "base/ground.c: base/stone.c is no header"),
    ("arrows", "the client uses the server without a header", {"ceremony/client/guest.c":
        source("ceremony/client/guest.c", "\nint host(void);\n", "\treturn host();\n")},
        "ceremony/client/guest.c: ceremony/client may not use host of ceremony/server/host.c", BUILD),
    ("arrows", "a neighbour without its folder", with_include("base/ground.c", '"stone.h"'),
        'base/ground.c: "stone.h" is to be written #include "base/stone.h"'),
    ("arrows", "a header that is not there", with_include("base/ground.c", '"base/nowhere.h"'),
        "base/ground.c cannot be read"),
    ("arrows", "text that is no header", {"base/stone.inc": "", **with_include("base/ground.c", '"base/stone.inc"')},
        "base/ground.c: base/stone.inc is no header"),
    ("library", "SQLite in a second file", with_include("vault/store/shelf.c", "<sqlite3.h>"),
        "vault/store/shelf.c: <sqlite3.h>"),
    ("library", "SQLite in quotes", with_include("vault/store/shelf.c", '"sqlite3.h"'),
        'vault/store/shelf.c: "sqlite3.h" belongs'),
    ("library", "headers of no library that we know", *many("vault/store/by", [f"#include <{name}>" for name in
        ("cmocka.h", "/usr/include/sqlite3.h", "sqlite3ext.h", "zlib.h", "libpq-fe.h")],
        "{name}.c: {line} is of no library that we know")),
    ("circle", "two units include each other", {**with_include("base/ground.c", '"base/stone.h"'),
        **with_include("base/stone.c", '"base/ground.h"')}, "base/ground base/stone"),
    ("circle", "two units call each other without saying so", {
        "base/ground.c": source("base/ground.c", "\nint stone(void);\n", "\treturn stone();\n"),
        "base/stone.c": source("base/stone.c", "\nint ground(void);\n", "\treturn ground();\n")},
        "base/ground base/stone", BUILD),
    ("one header", "a source file without a header", {"base/ground.h": None,
        "base/ground.c": LICENCE + "int ground;\n"}, "base/ground.c has no header"),
    ("one header", "a header for functions of another file", {"base/lonely.h":
        header("base/lonely.h", "/* static inline */\n")}, "base/lonely.h declares lonely()"),
    ("one header", "a header with a function of its neighbour", {
        "base/ground.h": header("base/ground.h", "int pebble(void);\n"),
        "base/stone.c": source("base/stone.c", "\nint\npebble(void)\n{\n\treturn 0;\n}\n")},
        "base/ground.h declares pebble(), which no base/ground.c defines", BUILD),
    ("one header", "a function that its header does not tell", {"base/stone.c": source("base/stone.c",
        "\nint\npebble(void)\n{\n\treturn 0;\n}\n")}, "base/stone.h does not declare pebble", BUILD),
    ("short", "a file of 601 lines", {"base/ground.c": source("base/ground.c") + "\n" * 600 + "/* */"},
        "base/ground.c: "),
    ("short", "a program of 601 lines", {"tests/long.py": "#\n" * 600 + "#"}, "tests/long.py: 601 lines"),
    ("short", "a function of 51 lines", {"base/ground.c": source("base/ground.c",
        body="\tground();\n" * 51)}, "a function of 51 lines"),
    ("short", "a flat folder", {f"base/stone{n}.c": source(f"base/stone{n}.c") for n in range(40)},
        "base/: 42 .c files"),
    ("built", "a source file in no meson.build", {"cli/hint.c": source("cli/hint.c")},
        "cli/hint.c is in no meson.build", WITHOUT_HINT),
    ("built", "a scenario that never runs", {"tests/scenarios/75-lost.sh": ""}, "75-lost.sh never runs", BUILD),
    ("built", "a unit test that never runs", {"tests/unit/test_lost.c": LICENCE}, "test_lost.c never runs", BUILD),
    ("state", "state of each kind", *many("base/by", ("static int count;", "int count;",
        "static _Thread_local int count = 1;", "static const char *count;", "static int (*count)(void);"),
        "{name}.c: mutable state: count", "\treturn count++ != 0;\n"), BUILD),
    ("state", "state in a function", {"base/ground.c": source("base/ground.c",
        body="\tstatic int count;\n\n\treturn count++;\n")}, "base/ground.c: mutable state: count", BUILD),
    ("seam", "the client asks which driver it is", {"ceremony/client/guest.c":
        source("ceremony/client/guest.c", "\n/* \"piv\" */\n", '\treturn guest() == *"fido2";\n')},
        "ceremony/client/guest.c:9: a driver by its name"),
    ("seam", "a document does", {"vault/seal/box.c": source("vault/seal/box.c", body='\treturn *"piv";\n')},
        "vault/seal/box.c:7: a driver by its name"),
    ("licensed", "a file without its licence", {"base/ground.c": "int ground;\n"},
        "base/ground.c: no licence line"),
    ("licensed", "a name that says nothing", {"base/utils.c": source("base/utils.c"),
        "base/utils.h": header("base/utils.h")}, "base/utils.c: a name that says nothing"),
    ("licensed", "unfinished work", {"base/ground.c": source("base/ground.c",
        body="\treturn 0; /* TO" + "DO */\n")}, "base/ground.c:7: unfinished"),
    ("format", "spaces for a tab", {"base/ground.c": source("base/ground.c",
        body="        return 0;\n")}, "base/ground.c:6: clang-format -i base/ground.c"),
    ("format", "a function that does not look like one", {"base/ground.c":
        source("base/ground.c").replace("(void)\n{", "(void) {")}, "base/ground.c:5: clang-format -i base/ground.c"),
    ("format", "a form switched off", {"base/ground.c": source("base/ground.c", "/* clang-format o" + "ff */\n")},
        "base/ground.c: clang-format is switched off"),
    ("format", "a folder's own form", {"base/.clang-format": "DisableFormat: true\n", "base/ground.c":
        source("base/ground.c", body="        return 0;\n")}, "base/ground.c:6: clang-format"),
    ("format", "a form that nobody uses yet", {"base/.clang-format": ""}, "base/.clang-format: one form"),
    ("compiles alone", "a header that needs another", {"base/pebble.h": header("base/pebble.h",
        "size_t many(void);\n")}, "base/pebble.h does not compile alone"),
    ("compiles alone", "a source file that includes its own header late", {"base/ground.c":
        source("base/ground.c").replace("#include", "#include <stddef.h>\n#include")},
        "base/ground.c: its own header is not the first"),
    ("in common", "a function of one room in another", {
        "vault/seal/box.c": source("vault/seal/box.c", body=COPIED),
        "ceremony/server/host.c": source("ceremony/server/host.c", body=COPIED)},
        "ceremony/server/host.c:5 and vault/seal/box.c:5 have "),
    ("cells", "a table of which nobody says anything", {"vault/store/schema.c": source("vault/store/schema.c",
        "\n" + SCHEMA.replace("TABLE sum", "TABLE lost"))},
        ["which cells lost has, or why none", "no table sum, which"]),
    ("cells", "a table without cells that does not say why", with_cells("whoever adds gets the same", "none"),
        "which cells sum has, or why none"),
    ("cells", "a kind that FORMAT.md does not have", {"docs/FORMAT.md": KEPT.replace("| 1 |", "| 2 |")},
        ["do not agree on box, kind 1", "do not agree on box, kind 2"]),
    ("cells", "a kind of no cell", {"vault/store/cells.h":
        HOUSE["vault/store/cells.h"].replace("CELL_BOX = 1", "CELL_BOX = 1,\n\tCELL_LID")}, "CELL_LID is no cell's"),
    ("who may", "an operation that proves less than PROTOCOL.md says",
        with_ops('"an officer", "a signature"', '"an officer", NULL'), "move | founding, live | an officer | reads"),
    ("who may", "an operation that proves nothing", {**with_ops('"a signature"', '"good will"'),
        **with_says("a signature", "good will")}, "move: good will proves nothing"),
    ("who may", "PROTOCOL.md says that others may ask", with_says("an officer", "anyone"),
        "does not say: move | founding, live | anyone"),
    ("who may", "an operation without its frames", with_says("| `move` | `move` | | |", ""),
        "does not describe the frames of move"),
    ("who may", "an operation that is gone", with_says("\n\n##", "\n| `run` | | | |\n\n##"),
        "has no operation run"),
    ("who may", "a row that is not understood", with_ops("LIVE, serve_look", "1, serve_look"),
        "a row of its table is not understood"),
]

def make(folder, files):
    for path, text in files.items():
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file: file.write(text)
    shutil.copy(os.path.join(ROOT, ".clang-format"), folder)

@functools.cache
def compiled(path, texts):
    """The object of a file; TEXTS is what it is made of, its own and those that it includes."""
    with tempfile.TemporaryDirectory() as folder:
        make(folder, dict(texts))
        subprocess.run(["gcc", "-O1", "-I", ".", "-c", path, "-o", "it.o"], cwd=folder, check=True)
        with open(os.path.join(folder, "it.o"), "rb") as file: return file.read()

def build(folder, files, without):
    """Objects, and what meson says of them; it runs no test."""
    made, rows = os.path.join(folder, "build"), []
    os.makedirs(os.path.join(made, "meson-private"))
    os.makedirs(os.path.join(made, "meson-info"))
    for name in files:
        if not name.endswith(".c") or name in without: continue
        parts = [name, *(part for part in re.findall('#include "(.*)"', files[name]) if part in files)]
        rows.append({"file": os.path.join(folder, name), "output": name.replace("/", "_") + ".p/it.o"})
        os.makedirs(os.path.join(made, os.path.dirname(rows[-1]["output"])))
        with open(os.path.join(made, rows[-1]["output"]), "wb") as file:
            file.write(compiled(name, tuple((part, files[part]) for part in parts)))
    for name, text in (("compile_commands.json", rows), ("meson-info/intro-tests.json", [])):
        with open(os.path.join(made, name), "w", encoding="utf-8") as file: json.dump(text, file)
    return made

def lint(program, folder, *words):
    return subprocess.run([sys.executable, os.path.join(HERE, program), "--root", folder, *words],
        capture_output=True, text=True)

def said(files, check, without):
    """(claim, faults) of the checks that are called CHECK, in a house of FILES."""
    files = {path: text for path, text in files.items() if text is not None}
    with tempfile.TemporaryDirectory() as folder:
        make(folder, files)
        tree = Tree(folder, build(folder, files, without) if without is not None else None)
        return house.faults(tree, [check])

@functools.cache
def in_order(check, with_build):
    """What a check says of the house without a fault: a fault."""
    return [found for found in said(HOUSE, check, () if with_build else None) if found[1] != []]

def planted(folder, check, files, place, without=None):
    before = in_order(check, without is not None)
    if before: return f"fails on the house that is in order: {before}"
    after = said({**HOUSE, **files}, check, without)
    for each in [place] if isinstance(place, str) else place:
        if not any(each in fault for _, told in after for fault in told): return f"does not name {each!r}: {after}"
    return None

def plaintext(folder):
    """A function that takes a secret in hand is counted, be it out of a struct."""
    sums = []
    for files in (HOUSE, {"vault/seal/box.c": SECRET_USER}, HOLDER):
        make(folder, files)
        sums.append(lint("measure.py", folder).stdout)
    if all(f"plaintext {n};" in said for n, said in zip((0, 3, 1), sums)): return None
    return "".join(sums)

def empty(folder):
    """What git lists of an ignored folder is nothing: that is not in order."""
    inner = os.path.join(folder, "inner")
    os.mkdir(inner)
    subprocess.run(["git", "init", "-q", folder], check=True)
    make(folder, {".gitignore": "/inner/\n"})
    nothing = [lint(program, inner) for program in ("house.py", "measure.py")]
    make(inner, {path: text for path, text in HOUSE.items() if not path.startswith("cli/")})
    nothing.append(lint("house.py", inner, "licensed"))
    make(inner, {**HOUSE, "build.c": ""})
    found = lint("house.py", inner, "licensed")
    if all(done.returncode == 1 and "no source file in" in done.stderr for done in nothing) and \
        found.returncode == 1 and "build.c: no licence line" in found.stdout: return None
    return "".join(done.stdout + done.stderr for done in (*nothing, found))

def main():
    if len(sys.argv) > 1: sys.exit(__doc__)
    failed = False
    rows = [(f"{check}: {what}", functools.partial(planted, check=check, files=files, place=place,
        without=without[0] if without else None)) for check, what, files, place, *without in FAULTS]
    rows.append(("lines that may see plaintext: one function more", plaintext))
    rows.append(("a tree without source files", empty))
    print(f"1..{len(rows)}")
    for number, (claim, run) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            problem = run(folder)
        failed |= problem is not None
        print(f"{'ok' if problem is None else 'not ok'} {number} - {claim}", flush=True)
        for line in (problem or "").splitlines(): print(f"# {line}")
    return 1 if failed else 0

if __name__ == "__main__":
    sys.exit(main())
