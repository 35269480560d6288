#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each check of house.py passes on a small house that is in order, and fails, naming the place, when
one fault is planted in it.  Prints TAP."""
import functools, json, os, re, shlex, shutil, subprocess, sys, tempfile

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
        "rotators/ssh/turn", "daemon/starter/gate", "ceremony/protocol/word", "ceremony/server/host", "ceremony/client/guest",
        "cli/hint"):
    HOUSE[stem + ".h"] = header(stem + ".h")
    HOUSE[stem + ".c"] = source(stem + ".c")
HOUSE["vault/seal/box.c"] = source("vault/seal/box.c", '\n#include "base/ground.h"\n',
    "\treturn ground();\n")

# What people read may name both sides of a token, and the option that chooses.
HOUSE["cli/hint.c"] = source("cli/hint.c", '\nstatic const char *const text = "a FIDO2 token has no PUK: --driver piv";\n',
    "\treturn *text;\n")

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

def by_hand(path, declaration, call):
    return {path: source(path, f"\n{declaration}\n", f"\treturn {call};\n")}

def driver(*literals):
    return many("ceremony/client/by", [f"static const char name[] = {literal};" for literal in literals],
        "{name}.c:4: a driver by its name", "\treturn *name;\n")

def unit_of(path, name=None):
    return {path + ".h": header(path + ".h", name=name), path + ".c": source(path + ".c", name=name)}

LONG = "#\n" * 600
# With a build, which compiles a source file with words of its own, into a LIBRARY, or not at all (None).
BUILD, LIBRARY = {}, object()
GUEST, HOST = "ceremony/client/guest.c", "ceremony/server/host.h"
# (check, what is planted, files, the place or places that must be named, how it is built: without one)
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
    ("arrows", "a folder without a row in a room that has folders", unit_of("ceremony/server/attic/box"),
        "ceremony/server/attic/box.c stands in a folder of ceremony/server that has no row: say in FOLDERS"),
    ("arrows", "folders in rooms that have none", {**unit_of("base/attic/box"), **unit_of("vault/seal/attic/lid")},
        ["base/attic/box.h stands in a folder of base that", "vault/seal/attic/lid.c stands in a folder of vault/seal that"]),
    ("arrows", "the floor of a room knows what stands on it", {**unit_of("ceremony/server/opening/door"),
        **unit_of("ceremony/server/vault/cellar"), **with_include("ceremony/server/vault/cellar.c", '"ceremony/server/opening/door.h"')},
        "ceremony/server/vault/cellar.c: ceremony/server/vault may not include ceremony/server/opening/door.h"),
    ("arrows", "a folder calls its neighbour without a header", {**unit_of("ceremony/client/opening/door"),
        **unit_of("ceremony/client/hand/ring"), **by_hand("ceremony/client/hand/ring.c", "int door(void);", "door()")},
        "ceremony/client/hand/ring.c: ceremony/client/hand may not use door of ceremony/client/opening/door.c", BUILD),
    ("arrows", "a file of a folder of which another one may be known", {**unit_of("ceremony/server/rotation/lease"),
        **unit_of("ceremony/server/rotation/leases"), **with_include("ceremony/server/opening/door.c",
        '"ceremony/server/rotation/lease.h"', '"ceremony/server/rotation/leases.h"'), "ceremony/server/opening/door.h":
        header("ceremony/server/opening/door.h")},
        "ceremony/server/opening/door.c: ceremony/server/opening may not include ceremony/server/rotation/leases.h"),
    ("arrows", "a folder knows the room's own files above it", {**unit_of("cli/terminal/screen"),
        **unit_of("cli/run"), **with_include("cli/terminal/screen.c", '"cli/run.h"')},
        "cli/terminal/screen.c: cli/terminal may not include cli/run.h"),
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
    ("arrows", "the server behind the guard of a header that others include", {"cli/hint.h":
        header("cli/hint.h", f'#ifndef CEREMONY_SERVER_HOST_H\n#include "{HOST}"\n#endif\n')},
        f"cli/hint.h: cli may not include {HOST}"),
    ("arrows", "the server where another header is missing", {GUEST:
        source(GUEST, f'\n#ifndef BASE_STONE_H\n%:include "{HOST}"\n#endif\n')}, f"{GUEST}: ceremony/client may not"),
    ("arrows", "the server where no build looks", {GUEST: source(GUEST,
        f'\n#ifdef NEVER\nstatic const char mark[] = "/*";\n# include "{HOST}"\n#endif /* NEVER */\n')},
        f"{GUEST}: ceremony/client may not include {HOST}"),
    ("arrows", "a header that the build's words name", {GUEST:
        source(GUEST, "\n#ifdef HOST\n#include HOST\n#endif\n")},
        f"{GUEST}: ceremony/client may not include {HOST}", {GUEST: [f'-DHOST="{HOST}"']}),
    ("arrows", "a header that the build's words include", {}, f"{GUEST}: ceremony/client may not include {HOST}",
        {GUEST: ["-include", HOST]}),
    ("arrows", "the client uses the server when it is there", by_hand(GUEST,
        "int host(void) __attribute__((weak));", "host != 0 ? host() : 0"),
        f"{GUEST}: ceremony/client may not use host of ceremony/server/host.c", BUILD),
    ("arrows", "the client reads what the server keeps in a section of its own", {
        **by_hand(GUEST, "extern const int pebble;", "pebble"), "ceremony/server/host.c": source("ceremony/server/host.c",
        '\nconst int pebble __attribute__((section("attic"))) = 1;\n')},
        f"{GUEST}: ceremony/client may not use pebble", BUILD),
    ("arrows", "a command speaks the wire", {**unit_of("ceremony/protocol/wire"),
        **with_include("cli/hint.c", '"ceremony/protocol/wire.h"')},
        "cli/hint.c: cli may not include ceremony/protocol/wire.h"),
    ("librar", "SQLite in a second file", with_include("vault/store/shelf.c", "<sqlite3.h>"),
        "vault/store/shelf.c: <sqlite3.h>"),
    ("librar", "SQLite in quotes", with_include("vault/store/shelf.c", '"sqlite3.h"'),
        'vault/store/shelf.c: "sqlite3.h" belongs'),
    ("librar", "headers of no library that we know", *many("vault/store/by", [f"#include <{name}>" for name in
        ("cmocka.h", "/usr/include/sqlite3.h", "sqlite3ext.h", "zlib.h", "libpq-fe.h")],
        "{name}.c: {line} is of no library that we know")),
    ("librar", "SQLite by the build's words", {"vault/store/shelf.c": source("vault/store/shelf.c",
        "\n#ifdef SHELF\n#include SHELF\n#endif\n")}, "vault/store/shelf.c: <sqlite3.h> belongs",
        {"vault/store/shelf.c": ["-DSHELF=<sqlite3.h>"]}),
    ("librar", "a header that we do not know, by the build's words", {},
        "vault/store/shelf.c: </usr/include/stdio_ext.h> is of no library",
        {"vault/store/shelf.c": ["-include", "/usr/include/stdio_ext.h"]}),
    ("librar", "SQLite without its header", by_hand("vault/store/shelf.c", "int sqlite3_sleep(int);", "sqlite3_sleep(1)"),
        "vault/store/shelf.c: sqlite3_sleep of libsqlite3 belongs", BUILD),
    ("librar", "SQLite when it is there", by_hand("vault/store/shelf.c",
        "int sqlite3_sleep(int) __attribute__((weak));", "sqlite3_sleep ? sqlite3_sleep(1) : 0"),
        "vault/store/shelf.c: sqlite3_sleep of libsqlite3 belongs", BUILD),
    ("librar", "SQLite's data", by_hand("vault/store/shelf.c", "extern char *sqlite3_temp_directory __attribute__((weak));",
        "&sqlite3_temp_directory != 0"), "vault/store/shelf.c: sqlite3_temp_directory of libsqlite3 belongs", BUILD),
    ("librar", "a library that we do not know, without its header", by_hand("vault/store/shelf.c",
        "int deflateEnd(void *);", "deflateEnd(0)"), "vault/store/shelf.c: deflateEnd is of no library that we know", BUILD),
    ("librar", "a library that nobody links", by_hand("vault/store/shelf.c",
        "void *dlsym(void *, const char *);", 'dlsym(0, "sqlite3_sleep") != 0'), "vault/store/shelf.c: dlsym uses", BUILD),
    ("librar", "a file of a library of which DESIGN.md does not tell", {"docs/DESIGN.md":
        "vault/store/sql_vfs.c\n## Dependencies\nvault/store/sql.c\n## Not yet there\nbase/json.c\n"},
        ['"Dependencies, and why each", does not say vault/store/sql_vfs.c', "does not say base/json.c"]),
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
    ("short", "a program without a suffix", {"tests/long": "#!/bin/bash\n" + LONG, "longer": "#!/usr/bin/python3\n" + LONG},
        ["tests/long: 601 lines", "longer: 601 lines"]),
    ("short", "a list of what is built", {"base/meson.build": LONG + "#"}, "base/meson.build: 601 lines"),
    ("short", "a function of 51 lines", {"base/ground.c": source("base/ground.c",
        body="\tground();\n" * 51)}, "a function of 51 lines"),
    ("short", "a flat folder", {f"base/stone{n}.c": source(f"base/stone{n}.c") for n in range(40)},
        "base/: 42 .c files"),
    ("built", "a source file in no meson.build", {"cli/hint.c": source("cli/hint.c")},
        "cli/hint.c is in no meson.build", {"cli/hint.c": None}),
    ("built", "a scenario that never runs", {"tests/scenarios/75-lost.sh": ""}, "75-lost.sh never runs", BUILD),
    ("built", "a unit test that never runs", {"tests/unit/test_lost.c": LICENCE}, "tests/unit/test_lost never runs", BUILD),
    ("built", "tests of other names that never run", {"tests/scenarios/lost.sh": "", "tests/scenarios/lost": "",
        "tests/lint/lost.py": "", "tests/lint/lost": "#!/bin/sh\n", "tests/unit/room/lost.c": LICENCE, "tests/unit/lost.sh": ""},
        [f"tests/{name} never runs" for name in
            ("scenarios/lost.sh", "scenarios/lost", "lint/lost.py", "lint/lost", "unit/room/lost", "unit/lost.sh")], BUILD),
    ("built", "programs of other folders that nothing names", {"tests/model/75-lost.sh": "", "tests/lib/lost.py": "",
        "tests/bench/lost": "#!/bin/sh\n", "tests/lost": "#!/bin/sh\n", "tests/lib/lonely.sh": ". lib/lonelier.sh\n",
        "tests/lib/lonelier.sh": ". lib/lonely.sh\n", "run": "#!/bin/sh\n# tests/lost, lost.py\n. tests/lib/found.sh\n",
        "tests/lib/found.sh": ""},
        [f"tests/{name} never runs: no test is it, and nothing that runs names it" for name in
            ("model/75-lost.sh", "lib/lost.py", "bench/lost", "lost", "lib/lonely.sh", "lib/lonelier.sh")], BUILD),
    ("built", "a test in a library", {"tests/unit/lost.c": LICENCE + "int\nmain(void)\n{\n\treturn 0;\n}\n"},
        "tests/unit/lost.c never runs: it is in a library", {"tests/unit/lost.c": LIBRARY}),
    ("skip", "cmocka's skip()", {"tests/unit/test_lost.c": LICENCE + "int\nmain(void)\n{\n\tskip();\n}\n"},
        "tests/unit/test_lost.c: skip() is a failure"),
    ("skip", "cmocka's skip(), whatever it is called", {"tests/unit/test_lost.c": LICENCE +
        "void _skip(const char *, int);\n#define LEAVE _skip\nint\nmain(void)\n{\n\tLEAVE(0, 0);\n\treturn 0;\n}\n"},
        "tests/unit/test_lost.c uses cmocka's skip()", BUILD),
    ("skip", "what an ordinary user does not see", {"tests/unit/test_lost.c": LICENCE + "\tif (geteuid() == 0) {\n",
        "tests/lint/lost.sh": 'if [ "$(id -u)" -eq 0 ]; then\n', "tests/scenarios/lost.sh": '[ "$UID" -ne 0 ] || true\n',
        "tests/scenarios/lone.sh": '[ -n "${HALLIGAN_ALONE:-}" ] || exit 0\n'}, [f"tests/{name}: says not at once" for name in
            ("unit/test_lost.c:2", "lint/lost.sh:1", "scenarios/lost.sh:1", "scenarios/lone.sh:1")]),
    ("skip", "a folder that somebody else may have made", {"tests/lint/lost.sh": "rm -rf /t" + "mp/someone\n",
        "tests/unit/test_lost.c": LICENCE + 'mkdir("/dev/s' + 'hm/x");\n'},
        ["tests/lint/lost.sh:1: /t" + "mp/someone may be", "tests/unit/test_lost.c:2: /dev/s" + "hm/x may be"]),
    ("state", "state of each kind", *many("base/by", ("static int count;", "int count;",
        "static _Thread_local int count = 1;", "static const char *count;", "static int (*count)(void);",
        'static int count __attribute__((section("attic")));', 'static int count __attribute__((section(".rodata.count")));',
        "int count __attribute__((weak));"),
        "{name}.c: mutable state: count", "\treturn count++ != 0;\n"), BUILD),
    ("state", "state in a function", {"base/ground.c": source("base/ground.c",
        body="\tstatic int count;\n\n\treturn count++;\n")}, "base/ground.c: mutable state: count", BUILD),
    ("seam", "the client asks which driver it is", {"ceremony/client/guest.c":
        source("ceremony/client/guest.c", "\n/* \"piv\" */\n", '\treturn guest() == *"fido2";\n')},
        "ceremony/client/guest.c:9: a driver by its name"),
    ("seam", "a document does", {"vault/seal/box.c": source("vault/seal/box.c", body='\treturn *"piv";\n')},
        "vault/seal/box.c:7: a driver by its name"),
    ("seam", "the client does, whatever it writes", *driver('"piv-9c"', '"pi" "v"', '"/*" "piv" "*/"', '"\\x70\\151v"',
        "{'p', 'i', 'v', 0}", '"PIV"', '"the piv slot"', '"--driver pivot"')),
    ("seam", "the client makes the word of another", {GUEST: source(GUEST, "\n#define TEXT(word) #word\n",
        "\treturn *TEXT(fido2);\n")}, f"{GUEST}:9: a driver by its name: fido2"),
    ("seam", "the client does, beside JSON", by_hand(GUEST, "int json_is(const char *);", 'json_is("piv")'),
        f"{GUEST}:9: a driver by its name"),
    ("seam", "an enrolment reads which driver it is", {**unit_of("ceremony/protocol/enrolment"),
        **by_hand("ceremony/protocol/enrolment.c", "int json_is(const char *);", 'json_is("fido2") + json_is("piv")')},
        "ceremony/protocol/enrolment.c:9: a driver by its name: piv"),
    ("naming rule", "a file that says whose side it is", {**unit_of("ceremony/client/ask_client"),
        **unit_of("cli/commands/cmd_ask"), **unit_of("ceremony/server/serve")}, ["ceremony/client/ask_client: its folder",
        "cli/commands/cmd_ask: its folder", "ceremony/server/serve: its folder"]),
    ("naming rule", "the plural of another side's word", unit_of("ceremony/server/words"),
        "ceremony/server/words: elsewhere it is called word"),
    ("naming rule", "a file that repeats its folder", unit_of("vault/seal/seal_lid"), "vault/seal/seal_lid: its folder says seal"),
    ("naming rule", "words without a line between them", unit_of("base/stoneAge"), "base/stoneAge: a name is words"),
    ("naming rule", "functions called otherwise than their folder's", {**unit_of("cli/commands/ask", "answer"),
        **unit_of("base/pebble", "serve_pebble")}, ["cli/commands/ask.h: answer() is not called cmd_",
        "base/pebble.h: serve_pebble() is called as those of ceremony/server/"]),
    ("licensed", "a file without its licence", {"base/ground.c": "int ground;\n"},
        "base/ground.c: no licence line"),
    ("licensed", "a name that says nothing", {"base/utils.c": source("base/utils.c"),
        "base/utils.h": header("base/utils.h")}, "base/utils.c: a name that says nothing"),
    ("licensed", "unfinished work", {"base/ground.c": source("base/ground.c",
        body="\treturn 0; /* TO" + "DO */\n")}, "base/ground.c:7: unfinished"),
    ("words of others are quoted", "a name as it is", {"cli/hint.c": source("cli/hint.c",
        body='\tui_say(ui, "%s asks (%s)",\n\t    seat->name, seat->person);\n\treturn 0;\n')},
        "cli/hint.c:7: seat->person is for QUOTED()"),
    ("words of others are quoted", "quotation marks of its own", {"ceremony/client/guest.c": source("ceremony/client/guest.c",
        body='\tbuf_format(text, "%u, \\"%s\\"", QUOTED(seat->person), name(1));\n\treturn 0;\n')},
        "ceremony/client/guest.c:7: what stands in quotation marks"),
    ("format", "spaces for a tab", {"base/ground.c": source("base/ground.c",
        body="        return 0;\n")}, "base/ground.c:6: clang-format -i base/ground.c"),
    ("format", "a file name of two words", {"base/two words.c":
        source("base/two words.c", body="        return 0;\n", name="two")},
        "base/two words.c:6: clang-format -i base/two words.c"),
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
def compiled(command, texts):
    """The object of a file; TEXTS is what it is made of, its own and those that it includes."""
    with tempfile.TemporaryDirectory() as folder:
        make(folder, dict(texts))
        subprocess.run(shlex.split(command), cwd=folder, check=True)
        with open(os.path.join(folder, "it.o"), "rb") as file: return file.read()

def needed(names, files):
    """The texts of NAMES and of what they name, all the way down."""
    found, left = {}, list(names)
    while left:
        name = os.path.normpath(left.pop())
        if name not in files or name in found: continue
        found[name] = files[name]
        left += re.findall(r'["<]([\w/.]+\.\w+)[">]', files[name])
    return tuple(found.items())

class House(Tree):
    """What the compiler said of the same texts is kept, since most of them have no fault."""
    kept = {}

    def __init__(self, folder, files, how):
        super().__init__(folder, build(folder, files, how) if how is not None else None)
        self.texts = files

    def keep(self, key, names, make):
        key = (*key, needed(names, self.texts))
        if key not in self.kept: self.kept[key] = make()
        return self.kept[key]

    def preprocess(self, name, folder, words):
        return self.keep(words, [name, *re.findall(r"[\w/]+\.h\b", " ".join(words))],
            lambda: super(House, self).preprocess(name, folder, words))

    def prototypes(self, names):
        return self.keep(("prototypes", *names), names, lambda: super(House, self).prototypes(names))

def build(folder, files, how):
    """Objects, and what meson says of them; it runs no test."""
    made, rows, targets = os.path.join(folder, "build"), [], []
    os.makedirs(os.path.join(made, "meson-private"))
    os.makedirs(os.path.join(made, "meson-info"))
    for name in files:
        own = how.get(name, [])
        if not name.endswith(".c") or own is None: continue
        library, words = own is LIBRARY, [] if own is LIBRARY else own
        command = shlex.join(["gcc", "-O1", "-Wa,--no-warn", "-I", ".", *words, "-c", name, "-o", "it.o"])
        row = {"file": os.path.join(folder, name), "directory": folder, "command": command,
            "output": name.replace("/", "_") + (".a.p" if library else ".p") + "/it.o"}
        targets.append({"name": os.path.basename(name)[:-2], "id": name, "filename": [name],
            "type": "static library" if library else "executable",
            "defined_in": os.path.join(folder, os.path.dirname(name), "meson.build")})
        os.makedirs(os.path.join(made, os.path.dirname(row["output"])))
        with open(os.path.join(made, row["output"]), "wb") as file: file.write(compiled(command,
            needed([name, *re.findall(r"[\w/]+\.h\b", command)], files)))
        rows.append(row)
    for name, text in (("compile_commands.json", rows), ("meson-info/intro-tests.json", []),
            ("meson-info/intro-targets.json", targets)):
        with open(os.path.join(made, name), "w", encoding="utf-8") as file: json.dump(text, file)
    return made

def lint(program, folder, *words):
    return subprocess.run([sys.executable, os.path.join(HERE, program), "--root", folder, *words],
        capture_output=True, text=True)

def said(files, check, how):
    """(claim, faults) of the checks that are called CHECK, in a house of FILES."""
    files = {path: text for path, text in files.items() if text is not None}
    with tempfile.TemporaryDirectory() as folder:
        make(folder, files)
        return house.faults(House(folder, files, how), [check])

@functools.cache
def in_order(check, with_build):
    """What a check says of the house without a fault: a fault."""
    return [found for found in said(HOUSE, check, BUILD if with_build else None) if found[1] != []]

def planted(folder, check, files, place, how=None):
    before = in_order(check, how is not None)
    if before: return f"fails on the house that is in order: {before}"
    after = said({**HOUSE, **files}, check, how)
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

def sides(_):
    """A library in several files, of which one does not say why."""
    files = house.LIBRARIES["fido2"][1]
    kept, files["tokens/fido/hid.c"] = files["tokens/fido/hid.c"], ""
    told = said(HOUSE, "librar", None)
    files["tokens/fido/hid.c"] = kept
    return None if "which side of its library tokens/fido/hid.c is" in str(told) else str(told)

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
        how=how[0] if how else None)) for check, what, files, place, *how in FAULTS]
    rows.append(("lines that may see plaintext: one function more", plaintext))
    rows.append(("libraries: a second file that does not say why", sides))
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
