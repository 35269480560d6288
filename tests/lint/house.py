#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house rules that a machine can check: arrows, one library in one file, headers that compile
alone, lengths, no mutable file-scope data.  Prints TAP."""
import os, re, subprocess, sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
os.chdir(ROOT)

# Folder: the folders whose headers it may include.
ARROWS = {
    "base": {"base"},
    "vault": {"vault", "base"},
    "tokens": {"tokens", "base"},
    "rotators": {"rotators", "base"},
    "ceremony": {"ceremony", "vault", "tokens", "rotators", "base"},
    "cli": {"cli", "ceremony", "vault", "tokens", "rotators", "base"},
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
    r"cbor\.h": {"tokens/sim/ctap_cbor.c"},
    # X.509 has no part that two files could share without OpenSSL's types in a header.
    r"openssl/.*": {"base/crypto.c", "base/crypto_key.c", "tokens/attest/attest.c",
        "tokens/attest/chain.c", "tokens/attest/fido.c", "tokens/piv/block.c", "tokens/sim/sim_crypto.c",
        "tokens/sim/sim_key_check.c",
        "tokens/sim/sim_edwards.c", "tokens/sim/ctap_certificate.c"},
}
FILE_LINES, FUNCTION_LINES = 600, 80
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|not implemented|simplified|for now)\b", re.I)

def sources(suffixes=(".c", ".h")):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split("\n")
    else: # an exported tree without git
        names = [os.path.relpath(os.path.join(d, f), ".") for d, _, fs in os.walk(".") for f in fs
            if not d.startswith("./build")]
    return sorted(n for n in names if n.endswith(suffixes) and os.path.isfile(n))

def text(name):
    with open(name, encoding="utf-8") as file:
        return file.read()

def includes(name):
    return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', text(name), re.M)

def arrows():
    for name in sources():
        folder = name.split("/")[0]
        if folder not in ARROWS: continue
        for kind, header in includes(name):
            target = header.split("/")[0]
            if kind == '"' and target not in ARROWS[folder]:
                yield f"{name}: {folder} may not include {header}"
            if kind == '"' and "/" not in header:
                yield f"{name}: \"{header}\" lacks its folder"
            if kind == '"' and header.startswith("tokens/sim/") and not name.startswith("tokens/sim/"):
                yield f"{name}: nothing outside tokens/sim may include {header}"

def libraries():
    for name in sources():
        if name.startswith("tests/"): continue
        for kind, header in includes(name):
            for pattern, allowed in LIBRARIES.items():
                if kind == "<" and re.fullmatch(pattern, header) and name not in allowed:
                    yield f"{name}: <{header}> belongs to {', '.join(sorted(allowed))} alone"

def lengths():
    for name in sources():
        lines = text(name).split("\n")
        if len(lines) > FILE_LINES + 1:
            yield f"{name}: {len(lines) - 1} lines, at most {FILE_LINES}"
        start = None
        for number, line in enumerate(lines):
            if line == "{": start = number
            elif line == "}" and start is not None:
                if number - start > FUNCTION_LINES:
                    yield f"{name}:{start}: a function of {number - start} lines, at most {FUNCTION_LINES}"
                start = None

def state():
    for name in sources():
        if name.startswith("tests/") or name == "tokens/sim/ifd.c": continue
        for number, line in enumerate(text(name).split("\n"), 1):
            if re.match(r"static (?!const|inline|_Thread_local const)[^()]*(=|;)", line):
                yield f"{name}:{number}: mutable file-scope state: {line.strip()}"

def words():
    for name in sources((".c", ".h", ".sh", ".scd", ".md", ".build")):
        if name.startswith("tests/lint/"): continue
        for number, line in enumerate(text(name).split("\n"), 1):
            if UNFINISHED.search(line):
                yield f"{name}:{number}: unfinished: {line.strip()[:80]}"
    for name in sources():
        if not text(name).startswith("/* SPDX-License-Identifier: Apache-2.0 */"):
            yield f"{name}: no licence line"
        if os.path.basename(name).split(".")[0] in ("utils", "util", "misc", "common"):
            yield f"{name}: a name that says nothing"

def headers():
    flags = subprocess.run(["pkg-config", "--cflags", "libpcsclite", "ykpiv", "libfido2"],
        capture_output=True, text=True).stdout.split()
    for name in sources((".h",)):
        done = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I.", "-fsyntax-only", "-Wall",
            "-Wextra", "-Werror", *flags, "-x", "c", "-"], input=f'#include "{name}"\n',
            capture_output=True, text=True)
        if done.returncode != 0:
            yield f"{name} does not compile alone: {done.stderr.splitlines()[0]}"

CHECKS = [
    ("arrows point down", arrows),
    ("one third-party library in one file", libraries),
    ("files and functions are short", lengths),
    ("no mutable file-scope state", state),
    ("nothing unfinished, licensed, named", words),
    ("each header compiles alone", headers),
]
failed = False
print(f"1..{len(CHECKS)}")
for number, (claim, check) in enumerate(CHECKS, 1):
    faults = list(check())
    failed |= bool(faults)
    print(f"{'not ok' if faults else 'ok'} {number} - {claim}")
    for fault in faults: print(f"# {fault}")
sys.exit(1 if failed else 0)
