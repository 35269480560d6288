#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check (docs/DESIGN.md, "The house").  Prints TAP.
usage: house.py [--root TREE] [--build FOLDER] [WORD-OF-A-CLAIM...]

With --build, circles are looked for by symbols, too.  tests/lint/planted.py shows that each check
fails when it should."""
import argparse, concurrent.futures, os, re, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tree import Tree, circles, include_arrows, symbol_arrows, unit

# Room: what it may include, beside itself; the longest name that begins a path is its room.
DOCUMENTS = ("vault/seal", "vault/documents", "vault/log")
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
    "rotators/program": ("rotators/contract", "base"),
    "rotators/exec": ("rotators/program", "rotators/contract", "base"),
    "rotators/ssh": ("rotators/program", "rotators/contract", "base"),
    "ceremony/protocol": (*DOCUMENTS, "base"),
    # Enrolments carry what tokens say; nothing else of the protocol does.
    "ceremony/protocol/enrolment": ("ceremony/protocol", "tokens/attest", "tokens/formats", "tokens",
        *DOCUMENTS, "base"),
    "ceremony/server": ("ceremony/protocol", "ceremony/protocol/enrolment", *DOCUMENTS,
        "vault/store", "rotators/contract", "base"),
    "ceremony/client": ("ceremony/protocol", "ceremony/protocol/enrolment", *DOCUMENTS,
        "tokens/attest", "tokens/formats", "tokens", "base"),
    "cli": ("cli/commands/serve", "ceremony/client", "ceremony/protocol",
        "ceremony/protocol/enrolment", *DOCUMENTS, "tokens", "base"),
    "cli/main": ("cli", "tokens/piv", "tokens/fido", "tokens", "base"),
    "cli/commands/serve": ("cli", "ceremony/server", "ceremony/client", "base"),
}
# Third-party header (pattern): the files that may include it.
LIBRARIES = {
    r"jansson\.h": {"base/json.c"},
    r"sqlite3\.h": {"vault/store/sql.c"},
    r"ykpiv.*": {"tokens/piv/piv.c"},
    # Finding USB keys, and being carried over PC/SC, share nothing with talking to one token.
    r"fido(/.*)?\.h": {"tokens/fido/fido.c", "tokens/fido/carry.c", "tokens/fido/hid.c"},
    r"(PCSC/)?(winscard|pcsclite|wintypes)\.h": {"tokens/reader/reader.c", "tokens/reader/count.c"},
    r"(PCSC/)?ifdhandler\.h": {"tokens/sim/ifd.c"},
    r"cbor\.h": {"tokens/sim/ctap/cbor.c"},
    # X.509 has no part that two files could share without OpenSSL's types in a header.
    r"openssl/.*": {"base/crypto.c", "base/crypto_key.c", "tokens/attest/chain.c",
        "tokens/attest/fido.c", "tokens/attest/piv.c", "tokens/piv/block.c",
        "tokens/sim/crypto/crypto.c", "tokens/sim/crypto/edwards.c", "tokens/sim/crypto/key_check.c",
        "tokens/sim/ctap/certificate.c"},
}
# Programs, and rows of a table, need no header; their folder's meson.build names them.
NO_HEADER = {"cli/main", "tokens/sim/ifd", "tokens/sim/main", "rotators/exec/exec",
    "rotators/ssh/ssh_key"}
FILE_LINES, FUNCTION_LINES, FLAT_FOLDER = 600, 50, 40
DRIVER = re.compile(r'"(piv|fido2)"')
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|simplified|for now)\b", re.I)
CLANG_FORMAT = "14" # Debian 12's; others differ in places

def room(name):
    stem, rooms = unit(name), ARROWS
    return max((r for r in rooms if stem == r or stem.startswith(r + "/") or
        (r.startswith("ceremony/protocol/") and stem.startswith(r))), key=len, default=None)

def arrows(tree):
    for name in tree.files(".c", ".h", product=True):
        own = room(name)
        if own is None:
            yield f"{name} stands in no room"
            continue
        for kind, header in tree.includes(name):
            if kind != '"': continue
            target = room(header) if "/" in header else None
            if target is None: yield f'{name}: "{header}" lacks its folder'
            elif target != own and target not in ARROWS[own]:
                yield f"{name}: {own} may not include {header}"

def libraries(tree):
    for name in tree.files(".c", ".h"):
        if name.startswith("tests/"): continue
        for kind, header in tree.includes(name):
            for pattern, allowed in LIBRARIES.items():
                if kind == "<" and re.fullmatch(pattern, header) and name not in allowed:
                    yield f"{name}: <{header}> belongs to {', '.join(sorted(allowed))} alone"

def no_circles(tree):
    found = list(include_arrows(tree)) + (list(symbol_arrows(tree)) if tree.build else [])
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
    for name in sorted(headers - sources):
        if re.search(r"^\w[^;={}#]*\)[^;={}]*;", re.sub(r"/\*.*?\*/", "", tree.text(name + ".h"),
                flags=re.S), re.M) and "static inline" not in tree.text(name + ".h"):
            yield f"{name}.h declares functions that no {name}.c defines"

def lengths(tree):
    for name in tree.files(".c", ".h"):
        lines = len(tree.lines(name)) - 1
        if lines > FILE_LINES: yield f"{name}: {lines} lines, at most {FILE_LINES}"
        for start, length, _ in tree.functions(name):
            if length > FUNCTION_LINES and not name.startswith("tests/"):
                yield f"{name}:{start}: a function of {length} lines, at most {FUNCTION_LINES}"
    folders = {}
    for name in tree.files(".c"): folders.setdefault(os.path.dirname(name), []).append(name)
    for folder, names in sorted(folders.items()):
        if len(names) > FLAT_FOLDER:
            yield f"{folder}/: {len(names)} .c files, at most {FLAT_FOLDER}"

def state(tree):
    for name in tree.files(".c", ".h", product=True):
        if name == "tokens/sim/ifd.c": continue
        for number, line in enumerate(tree.lines(name), 1):
            if re.match(r"static (?!const|inline|_Thread_local const)[^()]*(=|;)", line):
                yield f"{name}:{number}: mutable file-scope state: {line.strip()}"

def seam(tree):
    """What differs between drivers stands in struct token_traits; a field of a document may be
    called as one."""
    for name in tree.files(".c", ".h", product=True):
        if not name.startswith(("ceremony/", "cli/")): continue
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), tree.text(name), flags=re.S)
        for number, line in enumerate(text.split("\n"), 1):
            if DRIVER.search(line) and "json_" not in line:
                yield f"{name}:{number}: a driver by its name: {line.strip()[:80]}"

def words(tree):
    for name in tree.files(".c", ".h", ".sh", ".scd", ".md", ".build"):
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
    version = program and re.search(r"version (\d+)", subprocess.run([program, "--version"],
        capture_output=True, text=True).stdout)
    if not version or version[1] != CLANG_FORMAT:
        yield f"clang-format {CLANG_FORMAT} is not here: ./run install"
        return
    names = tree.files(".c", ".h")
    done = subprocess.run([program, "--dry-run", "--Werror", "--style=file", *names], cwd=tree.root,
        capture_output=True, text=True)
    for line in sorted(set(re.findall(r"^(\S+?:\d+):\d+: error", done.stderr, re.M))):
        yield f"{line}: clang-format would write it otherwise"
    if done.returncode != 0 and "error" not in done.stderr: yield done.stderr.strip()

def headers(tree):
    flags = subprocess.run(["pkg-config", "--cflags", "libpcsclite", "ykpiv", "libfido2"],
        capture_output=True, text=True).stdout.split()
    def compile(name):
        return name, subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I.", "-fsyntax-only",
            "-Wall", "-Wextra", "-Werror", *flags, "-x", "c", "-"], input=f'#include "{name}"\n',
            cwd=tree.root, capture_output=True, text=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, done in pool.map(compile, tree.files(".h")):
            if done.returncode != 0:
                yield f"{name} does not compile alone: {done.stderr.splitlines()[0]}"

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
        done = subprocess.run(["sim_c", "-e", "-s", "-F", "-n", "-T", "-w", "400", "-r",
            str(COPY_TOKENS), *names], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0: yield f"sim_c: {done.stderr.strip()}"
    for one, at, other, there, size in re.findall(
            r"^(\S+): line (\d+)-\d+ *\|(\S+): line (\d+)-\d+ *\[(\d+)\]", done.stdout, re.M):
        if os.path.dirname(one) != os.path.dirname(other):
            yield f"{one}:{at} and {other}:{there} have {size} tokens in common, at most {COPY_TOKENS - 1}"

SERVER, PROTOCOL = "ceremony/server/server.c", "docs/PROTOCOL.md"
STATES = ("absent", "founding", "live")

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
        # Invariant 22 asks for a signature, a lease key or the host's clock; what only reads says NULL.
        if row[3] == "nothing": yield f"{SERVER}: {row[0]}: nothing proves it"
    for row in said:
        if row not in code: yield f"{SERVER} does not say: {' | '.join(row)}"
    for name, _ in cells[0]:
        if name not in [row[0] for row in code]: yield f"{SERVER} has no operation {name}"

CHECKS = [
    ("arrows point down", arrows),
    ("one third-party library in one file", libraries),
    ("no circle of units", no_circles),
    ("one header a source file", one_header),
    ("files, functions and folders are short", lengths),
    ("no mutable file-scope state", state),
    ("nothing above the seam names a driver", seam),
    ("nothing unfinished, licensed, named", words),
    ("format", form),
    ("each header compiles alone", headers),
    ("no two rooms have a function in common", copies),
    ("who may ask for what, and what proves it", operations),
]

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    parser.add_argument("--build")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    tree = Tree(options.root, options.build)
    chosen = [c for c in CHECKS if not options.words or any(w in c[0] for w in options.words)]
    failed = False
    print(f"1..{len(chosen)}")
    for number, (claim, check) in enumerate(chosen, 1):
        faults = list(check(tree))
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} - {claim}")
        for fault in faults: print(f"# {fault}")
    return 1 if failed else 0

if __name__ == "__main__":
    sys.exit(main())
