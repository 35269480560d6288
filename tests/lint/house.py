#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check (docs/DESIGN.md, "The house").  Prints TAP.
usage: house.py [--root TREE] [--build FOLDER] [WORD-OF-A-CLAIM...]

Who includes what, the preprocessor says; with --build (meson's folder, up to date) the symbols of its objects
say who uses what, and some checks need that.  tests/lint/planted.py shows that each check fails when it
should."""
import argparse, json, os, re, shutil, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from tested import all_built, tests_tell
from tree import USED, Tree, circles, exported, include_arrows, run, symbol_arrows, unit

# Room: what it may know, beside itself, rooms or units.  The longest name that begins a path is its room; what stands
# in none is a fault.  A new room comes here and into docs/DESIGN.md, "The house".
DOCUMENTS = ("vault/seal", "vault/documents", "vault/log")
ENROLMENT = ("ceremony/protocol/enrolment", "ceremony/protocol/enrolment_verify")
ATTESTED = ("tokens/attest", "tokens/formats", "tokens")
ARROWS = {
    "base": (),
    "vault/seal": ("base",),
    "vault/documents": ("vault/seal", "base"),
    "vault/log": ("base",),
    "vault/store": (*DOCUMENTS, "base"),
    "tokens": ("base",),
    "tokens/formats": ("tokens", "base"),
    "tokens/attest": ("tokens/formats", "tokens", "base"),
    "tokens/reader": ("tokens", "base"),
    "tokens/piv": ("tokens/reader", "tokens/formats", "tokens", "base"),
    # Which card a FIDO2 application sits on, its PIV neighbour's commands tell.
    "tokens/fido": ("tokens/piv", "tokens/reader", "tokens/formats", "tokens", "base"),
    "tokens/sim": ("base",),
    "rotators/contract": ("base",),
    "daemon/starter": ("rotators/contract", "base"),
    "rotators/program": ("rotators/contract", "base"),
    "rotators/checker": ("rotators/contract", "base"),
    "rotators/exec": ("rotators/program", "rotators/contract", "base"),
    "rotators/ssh": ("rotators/program", "rotators/contract", "base"),
    "ceremony/protocol": (*DOCUMENTS, "base"),
    # Enrolments carry what tokens say; nothing else of the protocol does.
    **dict.fromkeys(ENROLMENT, ("ceremony/protocol", *ENROLMENT, *ATTESTED, *DOCUMENTS, "base")),
    "ceremony/server": ("ceremony/protocol", *ENROLMENT, *DOCUMENTS, "vault/store", "rotators/contract", "base"),
    "ceremony/client": ("ceremony/protocol", *ENROLMENT, *DOCUMENTS, *ATTESTED, "base"),
    # Of the protocol only what a row shows and an enrolment is judged by; the frames are the client's.
    # What it starts to unlock a key says how in its header.
    "cli": ("cli/commands/serve", "cli/commands/rotator", "rotators/ssh/unlock_contract", "ceremony/client", "ceremony/protocol/enrolment", "ceremony/protocol/items",
        "ceremony/protocol/rows", "vault/documents", "tokens", "base"),
    "cli/main": ("cli", "tokens/piv", "tokens/fido", "rotators/contract", "base"),
    "cli/commands/serve": ("cli", "ceremony/server", "ceremony/client", "base"),
    "cli/commands/rotator": ("cli", "rotators/checker", "ceremony/client", "base"),
}
# Room with folders in it: which of them, and of its own files, each may know beside itself.  A name with a slash at its end is
# a folder, one without is a file with its header, "." the room's own files that have no row.  The longest row is a file's
# own; a folder without one is a fault, also in a room that has none here.  Folders are subjects: some know each other
# both ways, then by the files that stand here; units are in no circle.
FOLDERS = {
    "ceremony/server": {
        ".": ("call", "options", "vault/", "copies/", "documents/", "opening/", "rotation/", "secrets/"), # the table, and what runs by itself
        "copies/": ("call", "vault/"),
        "documents/": ("call", "vault/", "opening/erase", "opening/refuse", "opening/spare_envelopes", "rotation/program", "rotation/states",
            "secrets/account", "secrets/classes", "secrets/living"),
        "opening/": ("call", "vault/", "rotation/lease", "rotation/taken", "secrets/seal_version", "secrets/walk"),
        "rotation/": ("call", "vault/", "opening/ceremony", "opening/refuse", "secrets/seal_version"),
        "secrets/": ("call", "vault/", "opening/refuse", "opening/spare_envelopes", "rotation/candidates", "rotation/debt", "rotation/program", "rotation/target", "rotation/wait"),
        "vault/": ("options",),
        "call": ("vault/",),
        "options": (),
    },
    "ceremony/client": {
        "documents/": (".", "enrol/", "hand/", "opening/", "secrets/", "text/"),
        "opening/": (".", "case_fetch", "hand/", "secrets/", "text/"),
        "enrol/": (".", "hand/"),
        "secrets/": (".", "hand/", "text/announced"),
        "text/": (".", "case_fetch"),
        "case_fetch": (".", "opening/list", "secrets/secret"),
        "hand/": (".",),
        ".": (),
    },
    "cli": {
        "run": (".", "commands", "terminal/"),
        "commands": (".", "commands/"), # the table
        "commands/": (".",),
        "terminal/": (".",),
        ".": (),
    },
    "tokens/sim": {
        ".": ("faults", "card/", "crypto/", "ctap/", "piv/", "state/"),
        "ctap/": ("faults", "card/", "crypto/", "state/"),
        "piv/": ("card/", "crypto/", "state/"),
        "card/": ("crypto/", "state/"),
        "state/": ("crypto/",),
        "crypto/": (),
        "faults": (),
    },
}
# Headers of the C library and of the kernel (pattern).
SYSTEM = (r"(arpa|linux|netinet|sys)/\w+\.h|std\w+\.h|(ctype|dirent|errno|fcntl|getopt|inttypes|libgen|limits|malloc|netdb|poll"
    r"|pthread|pwd|grp|sched|signal|string|strings|termios|time|unistd)\.h")
# Third-party library: its headers (pattern), and the files that may include them and use its symbols: one, or several where
# each is another side of the library and says which.  Others are a fault: a new library or file comes here and into
# docs/DESIGN.md, "Dependencies, and why each".
LIBRARIES = {
    "jansson": (r"jansson\.h", {"base/json.c": ""}),
    "sqlite3": (r"sqlite3\.h", {
        "vault/store/sql.c": "talks to it",
        "vault/store/sql_fail.c": "what its results mean",
        "vault/store/sql_guard.c": "asked by it before it does something",
        "vault/store/sql_row.c": "told by it of each row that changes",
        "vault/store/sql_vfs.c": "asked by it for each file"}),
    "ykpiv": (r"ykpiv.*", {"tokens/piv/piv.c": ""}),
    "fido2": (r"fido(/.*)?\.h", {
        "tokens/fido/fido.c": "talks to a token",
        "tokens/fido/carry.c": "carries what it says over PC/SC",
        "tokens/fido/hid.c": "finds USB keys"}),
    "pcsclite": (r"(PCSC/)?(winscard|pcsclite|wintypes)\.h", {
        "tokens/reader/reader.c": "talks to a card",
        "tokens/reader/count.c": "counts how often one came"}),
    "": (r"(PCSC/)?(ifdhandler|reader)\.h", {"tokens/sim/ifd.c": ""}), # what pcscd asks of a driver
    "ssh": (r"libssh/.*", {
        "rotators/ssh/link.c": "logs in to a host",
        "rotators/ssh/link_jump.c": "goes through another",
        "rotators/ssh/link_run.c": "runs commands there",
        "rotators/ssh/link_session.c": "waits for it"}),
    "seccomp": (r"seccomp\.h", {"daemon/starter/filter.c": ""}),
    "cbor": (r"cbor\.h", {"tokens/sim/ctap/cbor.c": ""}),
    # X.509 has no part that two files could share without OpenSSL's types in a header.
    "crypto": (r"openssl/.*", {
        "base/crypto.c": "primitives, random bytes",
        "base/crypto_key.c": "private keys",
        "base/crypto_locked.c": "keys that OpenSSH locked by a passphrase",
        "base/crypto_numbers.c": "keys of all of SSH's kinds as numbers: made, checked, and read from PEM",
        "tokens/attest/chain.c": "X.509: chains",
        "tokens/attest/fido.c": "X.509: what a FIDO2 attestation says",
        "tokens/attest/piv.c": "X.509: what a PIV attestation says",
        "tokens/piv/block.c": "ciphers that only management keys still have",
        "tokens/sim/crypto/crypto.c": "the simulated token's own primitives, a program apart",
        "tokens/sim/crypto/edwards.c": "curves by hand",
        "tokens/sim/crypto/key_check.c": "keys of its state",
        "tokens/sim/ctap/certificate.c": "X.509: its attestation"}),
}
# The C library and the compiler's; what the linker and the loader make; and what sanitizers call.
OWN_LIBRARIES = ("libc.so.6", "libm.so.6", "libgcc_s.so.1")
MADE = r"_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__(a|ub|l|t)san_\w+|__sanitizer_\w+"
LOADER = ("dlopen", "dlmopen", "dlsym", "dlvsym")
# Programs, and rows of a table, need no header; their folder's meson.build names them.
NO_HEADER = {"cli/main", "daemon/starter/main", "tokens/sim/ifd", "tokens/sim/main", "rotators/exec/exec",
    "rotators/ssh/ssh_key", "rotators/ssh/unlock",
    "rotators/ssh/wipe"} # functions of the C library
FILE_LINES, FUNCTION_LINES, FLAT_FOLDER = 600, 50, 40
# Of a process there is one: who may keep state, and why.
STATE = {
    "base/arena.c": "libraries ask for secret memory without saying whose; a mapping for each is what secrets cost",
    "base/crypto.c": "what OpenSSL found is kept: to look for it at each call is most of what small ones cost",
    "base/crypto_key.c": "likewise, the curve",
    "tokens/sim/ifd.c": "pcscd's driver has one reader, by pcscd's interface",
}
# The statements of SQL stand as they are read.
OWN_FORM = {"vault/store/schema.c"}
# What a program compares has no blank, and a driver's name is in lower case; people read of PIV and FIDO2.
DRIVER = re.compile(r"piv|fido|^\S*(?:PIV|FIDO)\S*$")
ADVICE = re.compile(r"--driver (piv|fido2)\b|\bykman --device %u piv access\b")
# Unit: the texts (pattern) that it alone may have.
DRIVER_TEXTS = {
    "vault/documents/seat": r"piv|fido2", # the charter's words, where everybody else asks
    "ceremony/protocol/enrolment": r"fido2", # a member of the document
    "cli/options": r"piv\|fido2", # what --driver takes
    "base/process": r"FIDO_DEBUG", # libfido2's, which no child inherits
}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|simplified|for now)\b", re.I)
# Where two sides have the same operations, and the words that no file needs to say which.
SIDED, SIDE = ("ceremony/", "cli/"), {"client", "server", "serve", "cli", "cmd"}
# Names against the rule: why.
OWN_NAMES = {
    "ceremony/server/server": "the table of its operations",
    "cli/commands/serve": "the command's own word",
    "ceremony/client/documents/enrolments": "all that a document takes in, not what one is",
    "ceremony/server/documents/enrolments": "all that a document takes in, not what one is",
    "ceremony/protocol/items": "the list, which a signature covers whole",
    "rotators/ssh/ssh_key": "the program's own name",
}
# Folder: how functions begin that others may call.  Where it has no row they are called after the struct that they
# handle, which no machine knows.
PREFIXES = {
    "cli/commands/": ("cmd_", "request_"), # request_: what request, reseal and rotate share
    "tokens/attest/": ("attest_",),
    "tokens/fido/": ("fido_",),
    "tokens/piv/": ("piv_", "block_"), # block_: its own cipher
}
# How functions begin in these folders alone.
OWNED = {"cmd_": ("cli/commands/",), "serve_": ("ceremony/server/", "tokens/sim/")}
CLANG_FORMAT = "14" # Debian 12's; others differ in places

def room(name):
    stem = unit(name)
    return max((r for r in ARROWS if stem == r or stem.startswith(r + "/")), key=len, default=None)

def knows(name, other):
    """May the file NAME know the file OTHER?"""
    own, to = room(name), room(other)
    return own is None or to == own or to in ARROWS[own] or unit(other) in ARROWS[own]

def within(name):
    """The row of FOLDERS that a file of a room is in; None where there is none, as in a room without folders."""
    own = unit(name)[len(room(name)) + 1:] # nothing of a room that is one file
    rows = FOLDERS.get(room(name), ())
    row = max((r for r in rows if own == r or r.endswith("/") and own.startswith(r)), key=len, default=None)
    return row or ("." if "/" not in own else None)

def knows_within(name, other):
    """May the file NAME know the file OTHER of the same room?"""
    own, to = within(name), within(other)
    if room(name) not in FOLDERS or None in (own, to): return True # which has said so
    return own == to or to in FOLDERS[room(name)][own] or \
        unit(other).removeprefix(room(other) + "/") in FOLDERS[room(name)][own]

def forbids(name, other):
    """Who is it that may not know the file OTHER, None where the file NAME may?"""
    if not knows(name, other): return room(name)
    if room(name) is None or room(name) != room(other) or knows_within(name, other): return None
    return os.path.join(room(name), within(name)).removesuffix("/")

def arrows(tree):
    for name in tree.files(".c", ".h", product=True):
        if room(name) is None:
            yield (f"{name} stands in no room: name one in ARROWS (tests/lint/house.py) and in "
                'docs/DESIGN.md, "The house"')
        elif within(name) is None:
            yield (f"{name} stands in a folder of {room(name)} that has no row: say in FOLDERS (tests/lint/house.py) "
                "what it may know")
    for by, written, target in tree.includes:
        if target is None: continue
        if written != f'"{target}"': yield f'{by}: {written} is to be written #include "{target}"'
        if not target.endswith(".h"): yield f"{by}: {target} is no header"
        if who := forbids(by, target): yield f"{by}: {who} may not include {target}"
    for name, problem in tree.unread.items(): yield f"{name} cannot be read: {problem}"
    for user, used, symbol in symbol_arrows(tree) if tree.build else ():
        if who := forbids(user, used): yield f"{user}: {who} may not use {symbol} of {used}"

DESIGN = "docs/DESIGN.md"

def libraries(tree):
    told = tree.text(DESIGN).partition("## Dependencies")[2].partition("\n## ")[0] if DESIGN in tree.names else None
    for _, files in LIBRARIES.values():
        for name, side in files.items():
            if len(files) > 1 and not side: yield f"LIBRARIES does not say which side of its library {name} is"
            if told is not None and name not in told: yield f'{DESIGN}, "Dependencies, and why each", does not say {name}'
    for by, written, target in tree.includes:
        if target or re.fullmatch(f"<({SYSTEM})>", written): continue
        allowed = [files for pattern, files in LIBRARIES.values() if re.fullmatch(pattern, written[1:-1])]
        if not allowed:
            yield (f"{by}: {written} is of no library that we know: name it in LIBRARIES (tests/lint/house.py) "
                'and in docs/DESIGN.md, "Dependencies, and why each"')
        elif by not in allowed[0]: yield f"{by}: {written} belongs to {', '.join(sorted(allowed[0]))} alone"
    if tree.build: yield from foreign_symbols(tree)

def foreign_symbols(tree):
    """Who uses what of which library, however declared."""
    homes = {library: exported(f"lib{library}.so") for library in LIBRARIES if library}
    for library, symbols in homes.items():
        if not symbols: yield f"lib{library}.so is not here: ./run install"
    own = set().union(*map(exported, OWN_LIBRARIES), tree.defined)
    for user, symbol in sorted({(s.source, s.name) for s in tree.symbols if s.kind in USED}):
        home = next((library for library, symbols in homes.items() if symbol in symbols), None)
        if symbol in LOADER: yield f"{user}: {symbol} uses a library that nobody links"
        elif symbol in own or re.fullmatch(MADE, symbol): continue
        elif not home: yield f"{user}: {symbol} is of no library that we know"
        elif user not in LIBRARIES[home][1]:
            yield f"{user}: {symbol} of lib{home} belongs to {', '.join(sorted(LIBRARIES[home][1]))} alone"

def no_circles(tree):
    found = [(unit(user), unit(used), by) for user, used, by in
        include_arrows(tree) + (symbol_arrows(tree) if tree.build else []) if unit(user) != unit(used)]
    for part in circles(found):
        yield f"{len(part)} units in a circle: {' '.join(part)}"
        ties = {}
        for user, used, by in found:
            if user in part and used in part: ties.setdefault((user, used), set()).add(by)
        for (user, used), by in sorted(ties.items())[:40]:
            yield f"    {user} -> {used}: {' '.join(sorted(by)[:6])}"

def one_header(tree):
    sources = {unit(n) for n in tree.files(".c", product=True)}
    headers = {unit(n) for n in tree.files(".h", product=True)}
    for name in sorted(sources - headers - NO_HEADER): yield f"{name}.c has no header of its own"
    for header, functions in tree.declared.items():
        for function in sorted(functions):
            source = unit(header) + ".c"
            if unit(header) not in sources or (tree.build and source not in tree.defined.get(function, ())):
                yield f"{header} declares {function}(), which no {source} defines"
    for symbol, homes in sorted(tree.defined.items()) if tree.build else ():
        for header in {unit(source) + ".h" for source in homes} & set(tree.names):
            if not re.search(rf"\b{symbol}\b", tree.text(header)):
                yield f"{header} does not declare {symbol}, which its source file defines"

def lengths(tree):
    for name in sorted({*tree.files(".c", ".h", ".build"), *tree.scripts}):
        lines = len(tree.lines(name))
        if lines > FILE_LINES: yield f"{name}: {lines} lines, at most {FILE_LINES}"
    for name in tree.files(".c", ".h"):
        for start, length, _ in tree.functions(name):
            if length > FUNCTION_LINES and not name.startswith("tests/"):
                yield f"{name}:{start}: a function of {length} lines, at most {FUNCTION_LINES}"
    folders = {}
    for name in tree.files(".c"): folders.setdefault(os.path.dirname(name), []).append(name)
    for folder, names in sorted(folders.items()):
        if len(names) > FLAT_FOLDER:
            yield f"{folder}/: {len(names)} .c files, at most {FLAT_FOLDER}"

def state(tree):
    """By where the compiler puts it: what it may write to is neither constant nor only relocated."""
    for source, name, writable in sorted({(s.source, s.name, s.writable) for s in tree.symbols}):
        if writable and source not in STATE:
            yield f"{source}: mutable state: {name}"

def seam(tree):
    """What differs between drivers stands in struct token_traits: texts as the compiler sees them."""
    for name, line, text in tree.literals:
        if name.startswith(("tokens/", "tests/")) or not DRIVER.search(ADVICE.sub("", text)): continue
        if not re.fullmatch(DRIVER_TEXTS.get(unit(name), "(?!)"), text):
            yield f"{name}:{line}: a driver by its name: {text.strip()[:80]}"

def names(tree):
    """One word for a concept in each room, and folders say whose side it is (docs/DESIGN.md, "The house")."""
    stems = {unit(name) for name in tree.files(".c", ".h", product=True)}
    sided = {stem for stem in stems if stem.startswith(SIDED)}
    singular = {os.path.basename(stem) for stem in sided}
    for stem in sorted(stems - set(OWN_NAMES)):
        folder, name = os.path.split(stem)
        above = os.path.basename(folder)
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name): yield f"{stem}: a name is words with _ between them"
        if stem in sided and SIDE & set(name.split("_")): yield f"{stem}: its folder says whose side it is"
        if stem in sided and name[-1] == "s" and name[:-1] in singular: yield f"{stem}: elsewhere it is called {name[:-1]}"
        if name.startswith((above + "_", above.removesuffix("s") + "_")): yield f"{stem}: its folder says {above}"
    for header, functions in tree.declared.items():
        for function in sorted(functions):
            for folder, begins in PREFIXES.items():
                if header.startswith(folder) and not function.startswith(begins):
                    yield f"{header}: {function}() is not called {' or '.join(begins)}..."
            for begin, folders in OWNED.items():
                if function.startswith(begin) and not header.startswith(folders):
                    yield f"{header}: {function}() is called as those of {' and '.join(folders)}"

def words(tree):
    for name in sorted({*tree.files(".c", ".h", ".scd", ".md", ".build"), *tree.scripts}):
        if name.startswith("tests/lint/"): continue
        for number, line in enumerate(tree.lines(name), 1):
            if UNFINISHED.search(line): yield f"{name}:{number}: unfinished: {line.strip()[:80]}"
    for name in tree.files(".c", ".h"):
        if not tree.text(name).startswith("/* SPDX-License-Identifier: Apache-2.0 */"):
            yield f"{name}: no licence line"
        if os.path.basename(name).split(".")[0] in ("utils", "util", "misc", "common"):
            yield f"{name}: a name that says nothing"

def form(tree):
    program = shutil.which("clang-format")
    version = program and re.search(r"version (\d+)", run(program, "--version").stdout)
    if not version or version[1] != CLANG_FORMAT:
        yield f"clang-format {CLANG_FORMAT} is not here: ./run install"
        return
    for name in tree.names:
        if os.path.basename(name) in (".clang-format", "_clang-format") and name != ".clang-format":
            yield f"{name}: one form for the whole house"
        elif name.endswith((".c", ".h")) and name not in OWN_FORM and "clang-format o" + "ff" in tree.text(name):
            yield f"{name}: clang-format is switched off"
    done = run(program, "--dry-run", "--Werror", "--style=file:.clang-format", *tree.files(".c", ".h"), cwd=tree.root)
    for line, name in sorted(set(re.findall(r"^((.+?):\d+):\d+: error", done.stderr, re.M))):
        yield f"{line}: clang-format -i {name} would write it otherwise"
    if done.returncode != 0 and "error" not in done.stderr: yield done.stderr.strip()

def headers(tree):
    """A source file that includes its own header first shows it whenever it is built."""
    alone = set(tree.files(".h"))
    for name in tree.files(".c"):
        own, first = unit(name) + ".h", re.search(r"^[ \t]*#.*", tree.text(name), re.M)
        if own not in alone: continue
        alone.remove(own)
        if not first or first[0] != f'#include "{own}"': yield f"{name}: its own header is not the first thing that it includes"
    for name, done in tree.each(sorted(alone), "-fsyntax-only", "-Wall", "-Wextra", "-Werror"):
        if done.returncode != 0: yield f"{name} does not compile alone: {done.stderr.splitlines()[0]}"

# Tokens in a row that two rooms may have in common.  Idioms of C and of this house reach 70 (allocate,
# check, begin the loop over it); of what is longer each was a copy, and so were some of 67 to 69.
COPY_TOKENS = 71

def copies(tree):
    """Bodies of functions only: to sim_c all tables look alike.  Runs are alike when they call the
    same functions (-F), so that rows of reads and writes of other members are not."""
    if not shutil.which("sim_c"):
        yield "sim_c is not here: ./run install"
        return
    names = tree.files(".c", product=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            kept = [""] * len(tree.lines(name))
            for start, length, _ in tree.functions(name):
                kept[start - 2:start + length] = tree.lines(name)[start - 2:start + length]
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file: file.write("\n".join(kept))
        done = run("sim_c", "-e", "-s", "-F", "-n", "-T", "-w", "400", "-r", str(COPY_TOKENS), *names,
            cwd=folder)
    if done.returncode != 0: yield f"sim_c: {done.stderr.strip()}"
    for one, at, other, there, size in re.findall(
            r"^(\S+): line (\d+)-\d+ *\|(\S+): line (\d+)-\d+ *\[(\d+)\]", done.stdout, re.M):
        if os.path.dirname(one) != os.path.dirname(other):
            yield f"{one}:{at} and {other}:{there} have {size} tokens in common, at most {COPY_TOKENS - 1}"

SERVER, PROTOCOL = "ceremony/server/server.c", "docs/PROTOCOL.md"
STATES = ("absent", "founding", "live")
# What may prove a change (invariant 22), before there is a vault its folder's account; what only reads says NULL.
PROOFS = r"^reads$|signature|one-time key|lease key|host's clock|^there is no vault yet$"

def operations(tree):
    """PROTOCOL.md says of each operation what the server's table does, and describes its frames."""
    if SERVER not in tree.names: return
    text = re.sub(r'"\s*\n\s*"', "", tree.text(SERVER))
    code = [[name, ", ".join(s for s in STATES if s.upper() in states), who, proof or "reads"]
        for name, states, who, proof in re.findall(
            r'\{"([a-z-]+)", ([A-Z| ]+), serve_\w+,\s*"([^"]*)",\s*(?:NULL|"([^"]*)")\}', text)]
    frames, _, proofs = tree.text(PROTOCOL).partition("## Who may ask")
    cells = [re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", part, re.M) for part in (frames, proofs)]
    said = [[name, *rest.split(" | ")] for name, rest in cells[1]]
    if len(code) != text.count(", serve_"): yield f"{SERVER}: a row of its table is not understood"
    for row in code:
        if row not in said: yield f"{PROTOCOL} does not say: {' | '.join(row)}"
        if row[0] not in dict(cells[0]): yield f"{PROTOCOL} does not describe the frames of {row[0]}"
        if not re.search(PROOFS, row[3]): yield f"{SERVER}: {row[0]}: {row[3]} proves nothing"
    for row in said:
        if row not in code: yield f"{SERVER} does not say: {' | '.join(row)}"
    for name, _ in cells[0]:
        if name not in [row[0] for row in code]: yield f"{SERVER} has no operation {name}"

SCHEMA, CELLS, KINDS, FORMAT = ("vault/store/schema.c", "vault/store/cells.c", "vault/store/cells.h", "docs/FORMAT.md")

def kinds(text):
    """The numbers of enum cell_kind."""
    numbers, number = {}, 0
    for name, value in re.findall(r"\b(CELL_\w+)(?: = (\d+))?", text.partition("enum cell_kind {")[2].partition("}")[0]):
        number = int(value) if value else number + 1
        numbers[name] = number
    return numbers

def tables(tree):
    """Each table says which cells its rows are, or why they are none; FORMAT.md has the same."""
    if SCHEMA not in tree.names: return
    made = re.findall(r'"CREATE TABLE (\w+) \(', tree.text(SCHEMA))
    cells = dict(re.findall(r"\{ROWS\((\w+)[^)]*\),\s+(CELL_\w+),", tree.text(CELLS)))
    none = re.findall(r'\{"(\w+)",\s*\.why = "[^"]{10,}"\}', tree.text(CELLS))
    numbers = kinds(tree.text(KINDS))
    said = {(int(kind), name) for kind, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", tree.text(FORMAT), re.M)}
    for name in made:
        if (name in cells) == (name in none): yield f"{CELLS} does not say which cells {name} has, or why none"
    for name in [*cells, *none]:
        if name not in made: yield f"{SCHEMA} has no table {name}, which {CELLS} speaks of"
    has = {(numbers.get(kind, 0), name) for name, kind in cells.items()}
    for kind, name in has ^ said: yield f"{FORMAT} and {CELLS} do not agree on {name}, kind {kind}"
    for kind in set(numbers) - set(re.findall(r"\bCELL_\w+", tree.text(CELLS))): yield f"{KINDS}: {kind} is no cell's"

# What somebody else chose, or said through the host: members with it, where they are no names, and who prints.  A
# driver's label is ours, and so is where this computer says that it is; the vault's own sentence quotes by itself.
THEIRS = re.compile(r"(?:->|\.)(?:person|label|reason|effect|incident|user|host|note|debt_note|stale|reader)\b(?!\[)")
OURS = re.compile(r"traits\)?->label|location->\w+|environment->\w+|here->\w+")
PRINTS = re.compile(r"\b(ui_say|ui_progress|row|buf_format|snprintf|err_set|err_add)(?=\()")
QUOTED = re.compile(r"\b(?:QUOTED|TOLD)\((?:[^()]|\([^()]*\))*\)")

def arguments(text):
    """Of the call whose parenthesis TEXT begins with."""
    depth, quoted, last, found = 0, False, 1, []
    for at, letter in enumerate(text):
        if letter == '"' and text[at - 1] != "\\": quoted = not quoted
        if quoted: continue
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 or depth == 1 and letter == ",":
            found.append(" ".join(text[last:at].split()))
            last = at + 1
        if depth == 0: return found

def quotation(tree):
    """Words of others are printed by text_quote() alone, and quotation marks are its own, since what is broken between
    them is marked (cli/terminal/wrap.h).  What this person typed just now is printed cut, "%.60s"."""
    for name in tree.files(".c", product=True):
        if not name.startswith(("ceremony/client/", "cli/")): continue
        for call in PRINTS.finditer(tree.text(name)):
            given = arguments(tree.text(name)[call.end():])
            place = f"{name}:{tree.text(name).count(chr(10), 0, call.start()) + 1}"
            if call[1] == "snprintf" and '"%s"' in given: continue # kept, not printed
            for argument in given:
                if THEIRS.search(OURS.sub("", QUOTED.sub("", argument))):
                    yield f"{place}: {argument} is for QUOTED()"
                if r'\"%s' in argument: yield f"{place}: what stands in quotation marks is for QUOTED()"

CHECKS = [
    ("arrows point down", arrows),
    ("third-party libraries in their files", libraries),
    ("no circle of units", no_circles),
    ("one header a source file", one_header),
    ("files, functions and folders are short", lengths),
    ("all that is there is built, all tests run", all_built),
    ("tests say what they skip, and use what they made", tests_tell),
    ("no mutable state", state),
    ("nothing above the seam names a driver", seam),
    ("files and functions keep to the naming rule", names),
    ("nothing unfinished, licensed, named", words),
    ("format", form),
    ("each header compiles alone", headers),
    ("no two rooms have a function in common", copies),
    ("who may ask for what, and what proves it", operations),
    ("each table has its cells", tables),
    ("words of others are quoted", quotation),
]
NEED_BUILD = (all_built, state)

def faults(tree, words):
    """(claim, its faults, None where it needs the build that is not there) of each check that WORDS choose."""
    for floor in sorted({name.split("/")[0] for name in ARROWS}):
        if not any(n.startswith(floor + "/") for n in tree.files(".c")):
            sys.exit(f"lint: no source file in {os.path.join(tree.root, floor)}")
    return [(claim, None if check in NEED_BUILD and not tree.build else list(check(tree)))
        for claim, check in CHECKS if not words or any(w in claim for w in words)]

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    parser.add_argument("--build")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    found = faults(Tree(options.root, options.build), options.words)
    print(f"1..{len(found)}")
    for number, (claim, told) in enumerate(found, 1):
        print(f"{'not ok' if told else 'ok'} {number} - {claim}{' # SKIP without --build' if told is None else ''}")
        for fault in told or (): print(f"# {fault}")
    return 1 if any(told for _, told in found) else 0

if __name__ == "__main__":
    sys.exit(main())
