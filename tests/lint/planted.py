#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each check of house.py passes on a small house that is in order, and fails, naming the place, when
one fault is planted in it.  Prints TAP."""
import os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
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
for stem in ("base/ground", "base/stone", "vault/seal/box", "vault/store/shelf",
        "ceremony/protocol/word", "ceremony/server/host", "ceremony/client/guest"):
    HOUSE[stem + ".h"] = header(stem + ".h")
    HOUSE[stem + ".c"] = source(stem + ".c")
HOUSE["vault/seal/box.c"] = source("vault/seal/box.c", '\n#include "base/ground.h"\n',
    "\treturn ground();\n")

HOUSE["ceremony/server/server.h"] = header("ceremony/server/server.h")
OPS = 'static const int ops[] = {\n    {"look", LIVE, serve_look, "anyone", NULL},\n' \
    '    {"move", FOUNDING | LIVE, serve_move, "an officer", "a signature"},\n};\n'
SAYS = "| `look` | `id` | `state` | |\n| `move` | `move` | | |\n\n## Who may ask for what\n\n" \
    "| `look` | live | anyone | reads |\n| `move` | founding, live | an officer | a signature |\n"
HOUSE["ceremony/server/server.c"] = source("ceremony/server/server.c", "\n" + OPS)
HOUSE["docs/PROTOCOL.md"] = SAYS

def with_ops(old, new):
    return {"ceremony/server/server.c": source("ceremony/server/server.c", "\n" + OPS.replace(old, new))}

def with_says(old, new):
    return {"docs/PROTOCOL.md": SAYS.replace(old, new)}

def with_include(path, *lines, body="\treturn 0;\n"):
    return {path: source(path, "\n" + "".join(f"#include {line}\n" for line in lines), body)}

SECRET_USER = source("vault/seal/box.c", body="\tstruct secret *value = open();\n\n\treturn value != 0;\n")
COPIED = "".join(f"\tif (ground() == {n})\n\t\treturn stone({n});\n" for n in range(6)) + "\treturn 0;\n"
# (check, what is planted, files, the place that must be named, options)
FAULTS = [
    ("arrows", "base knows the vault", with_include("base/ground.c", '"vault/seal/box.h"'),
        "base/ground.c: base may not include vault/seal/box.h"),
    ("arrows", "the client knows the server",
        with_include("ceremony/client/guest.c", '"ceremony/server/host.h"'),
        "ceremony/client/guest.c: ceremony/client may not include"),
    ("arrows", "the client opens the database",
        with_include("ceremony/client/guest.c", '"vault/store/shelf.h"'), "ceremony/client/guest.c"),
    ("arrows", "the server touches a token", {"tokens/token.h": header("tokens/token.h"),
        "tokens/token.c": source("tokens/token.c"),
        **with_include("ceremony/server/host.c", '"tokens/token.h"')}, "ceremony/server/host.c"),
    ("arrows", "a folder without a room", {"vault/attic/box.c": source("vault/attic/box.c"),
        "vault/attic/box.h": header("vault/attic/box.h")}, "vault/attic/box.c stands in no room"),
    ("library", "SQLite in a second file", with_include("vault/store/shelf.c", "<sqlite3.h>"),
        "vault/store/shelf.c: <sqlite3.h>"),
    ("library", "OpenSSL in the protocol", with_include("ceremony/protocol/word.c",
        "<openssl/evp.h>"), "ceremony/protocol/word.c: <openssl/evp.h>"),
    ("circle", "two units include each other", {**with_include("base/ground.c", '"base/stone.h"'),
        **with_include("base/stone.c", '"base/ground.h"')}, "base/ground base/stone"),
    ("circle", "two units call each other without saying so", {
        "base/ground.c": source("base/ground.c", "\nint stone(void);\n", "\treturn stone();\n"),
        "base/stone.c": source("base/stone.c", "\nint ground(void);\n", "\treturn ground();\n")},
        "base/ground base/stone", "build"),
    ("one header", "a source file without a header", {"base/ground.h": None,
        "base/ground.c": LICENCE + "int ground;\n"}, "base/ground.c has no header"),
    ("one header", "a header for functions of another file", {"base/lonely.h":
        header("base/lonely.h")}, "base/lonely.h declares functions"),
    ("short", "a file of 601 lines", {"base/ground.c": source("base/ground.c") + "\n" * 601},
        "base/ground.c: "),
    ("short", "a function of 51 lines", {"base/ground.c": source("base/ground.c",
        body="\tground();\n" * 51)}, "a function of 51 lines"),
    ("short", "a flat folder", {f"base/stone{n}.c": source(f"base/stone{n}.c") for n in range(40)},
        "base/: 42 .c files"),
    ("state", "a mutable global", {"base/ground.c": source("base/ground.c",
        "\nstatic int count;\n")}, "mutable file-scope state: static int count;"),
    ("seam", "the client asks which driver it is", {"ceremony/client/guest.c":
        source("ceremony/client/guest.c", "\n/* \"piv\" */\n", '\treturn guest() == *"fido2";\n')},
        "ceremony/client/guest.c:9: a driver by its name"),
    ("licensed", "a file without its licence", {"base/ground.c": "int ground;\n"},
        "base/ground.c: no licence line"),
    ("licensed", "a name that says nothing", {"base/utils.c": source("base/utils.c"),
        "base/utils.h": header("base/utils.h")}, "base/utils.c: a name that says nothing"),
    ("licensed", "unfinished work", {"base/ground.c": source("base/ground.c",
        body="\treturn 0; /* TO" + "DO */\n")}, "base/ground.c:7: unfinished"),
    ("format", "spaces for a tab", {"base/ground.c": source("base/ground.c",
        body="        return 0;\n")}, "base/ground.c:"),
    ("compiles alone", "a header that needs another", {"base/ground.h": header("base/ground.h",
        "size_t many(void);\n")}, "base/ground.h does not compile alone"),
    ("in common", "a function of one room in another", {
        "vault/seal/box.c": source("vault/seal/box.c", body=COPIED),
        "ceremony/server/host.c": source("ceremony/server/host.c", body=COPIED)},
        "ceremony/server/host.c:5 and vault/seal/box.c:5 have "),
    ("who may", "an operation that proves less than PROTOCOL.md says",
        with_ops('"an officer", "a signature"', '"an officer", NULL'), "move | founding, live | an officer | reads"),
    ("who may", "an operation that proves nothing", {**with_ops('"a signature"', '"nothing"'),
        **with_says("a signature", "nothing")}, "move: nothing proves it"),
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
        if text is None:
            os.remove(path)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file: file.write(text)
    shutil.copy(os.path.join(ROOT, ".clang-format"), folder)

def build(folder):
    objects = os.path.join(folder, "build", "base", "libbase.a.p")
    os.makedirs(objects)
    for name in ("ground", "stone"):
        subprocess.run(["gcc", "-I", folder, "-c", os.path.join(folder, "base", name + ".c"),
            "-o", os.path.join(objects, name + ".c.o")], check=True)
    return ["--build", os.path.join(folder, "build")]

def lint(program, folder, *words):
    return subprocess.run([sys.executable, os.path.join(HERE, program), "--root", folder, *words],
        capture_output=True, text=True)

def planted(folder, check, files, place, how=None):
    make(folder, HOUSE)
    more = build(folder) if how else []
    before = lint("house.py", folder, *more, check)
    if before.returncode != 0: return "fails on the house that is in order:\n" + before.stdout
    make(folder, files)
    if how:
        shutil.rmtree(os.path.join(folder, "build"))
        build(folder)
    after = lint("house.py", folder, *more, check)
    if after.returncode != 1 or place not in after.stdout:
        return f"does not name {place!r}:\n" + after.stdout + after.stderr
    return None

def plaintext(folder):
    """A function that takes a secret in hand is counted."""
    make(folder, HOUSE)
    before = lint("measure.py", folder).stdout
    make(folder, {"vault/seal/box.c": SECRET_USER})
    after = lint("measure.py", folder).stdout
    if "plaintext 0;" in before and "plaintext 3;" in after: return None
    return before + after

def main():
    failed = False
    print(f"1..{len(FAULTS) + 1}")
    rows = [(f"{check}: {what}", lambda folder, row=row: planted(folder, row[0], *row[2:]))
        for row in FAULTS for check, what in [row[:2]]]
    rows.append(("lines that may see plaintext: one function more", plaintext))
    for number, (claim, run) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            problem = run(folder)
        failed |= problem is not None
        print(f"{'ok' if problem is None else 'not ok'} {number} - {claim}")
        for line in (problem or "").splitlines(): print(f"# {line}")
    return 1 if failed else 0

if __name__ == "__main__":
    sys.exit(main())
