#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What README, runbook and manual show: each command parses, and what the runbook quotes is said.  Prints TAP.
usage: shown.py HALLIGAN SIMTOKEN [TREE]"""
import difflib, glob, itertools, os, re, shlex, subprocess, sys

HALLIGAN, SIMTOKEN = (os.path.abspath(program) for program in sys.argv[1:3])
TREE = sys.argv[3] if len(sys.argv) > 3 else os.path.join(os.path.dirname(__file__), "..", "..")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/man/*.scd")
PRODUCT = ("base", "vault", "tokens", "rotators", "daemon", "ceremony", "cli")
# Nothing is there that a command could reach if it began to run.
NOWHERE = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HALLIGAN_VAULT": "/nonexistent/vault",
    "PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd"}

def read(name):
    with open(os.path.join(TREE, name), encoding="utf-8") as file: return file.read()

def run(*words):
    return subprocess.run([HALLIGAN, *words], capture_output=True, text=True, env=NOWHERE,
        stdin=subprocess.DEVNULL)

def block_lines(text):
    """Lines of indented and fenced blocks, continued lines joined, without the remark behind three blanks."""
    text, fenced = re.sub(r"\\\n\s*", "", text), False
    for line in text.split("\n"):
        if line.startswith("```"): fenced = not fenced
        if fenced or line.startswith("    "): yield re.sub(r"\s{3,}\(.*", "", line.strip())

def commands(text):
    """Command lines of ours, in blocks and in prose."""
    yield from (line for line in block_lines(text) if line.startswith("halligan "))
    yield from (" ".join(shown.split()) for shown in re.findall(r"`(halligan\s[^`]*)`", text))

def fault(line):
    """What the program says against LINE, None when it parses: then it answers --help, which comes last."""
    words = list(itertools.takewhile(lambda word: not re.match(r"\d*[|<>]|&", word), shlex.split(line)))
    done = run(*words[1:], "--help")
    return None if done.stdout.startswith("usage: halligan") else (done.stderr + done.stdout).strip()

def wrong_commands(name, found):
    for line in commands(read(name)):
        found.append(line)
        if said := fault(line): yield f"{line}: {said}"

def wrong_options(name):
    """In prose an option may stand alone; then some command has it."""
    for option in re.findall(r"`(--[a-z-]+)", re.sub(r"```.*?```", "", read(name), flags=re.S)):
        if not any(f"  {option} " in known for known in HELPS): yield f"no command has {option}"

def messages():
    """Texts in the sources, neighbouring literals joined."""
    for folder in PRODUCT:
        for name in glob.glob(os.path.join(TREE, folder, "**", "*.c"), recursive=True):
            text = re.sub(r'"\s*PRI\w+\s*"|"\s*\n\s*"', "", read(name))
            yield from re.findall(r'"((?:\\.|[^"\\\n])*)"', text)

def quotes(text):
    """First cells of "It went wrong" in backquotes, and what stands in double quotes in prose, but for titles of its own."""
    table = text.split("## It went wrong")[1].split("\n## ")[0]
    for row in re.findall(r"^\|([^|]*)\|", table, re.M): yield from re.findall(r"`([^`]*)`", row)
    prose = "\n".join(line for line in text.split("\n") if not line.startswith("      "))
    titles = re.findall(r"^## (.+)$", text, re.M)
    yield from (quote for quote in re.findall(r'"([^"]*)"', re.sub(r"`[^`]*`", "", prose)) if quote not in titles)

def wrong_quotes(text, known, found):
    """In a quote ... stands for anything."""
    for quote in quotes(text):
        found.append(quote)
        quote = " ".join(quote.split())
        pattern = re.compile(".*".join(re.escape(part) for part in quote.split("...")))
        if not any(pattern.search(message) for message in known): yield f"nobody says: {quote}"

def commands_apart():
    """The commands of the manual as --help says them."""
    rows = re.findall(r"^  ([a-z]+(?: [a-z]+)?)((?: \S+)?)  +(\S.*)$", run("--help").stdout, re.M)
    wanted = [f"*{name}*{args and f' _{args[1:]}_'}\n\t{text}. See *halligan-{name.replace(' ', '-')}*(1)."
        for name, args, text in rows]
    paged = read("docs/man/halligan.1.scd").split("# COMMANDS\n\n")[1].split("\n\n# ")[0]
    return difflib.ndiff(paged.split("\n\n"), wanted) if paged.split("\n\n") != wanted else []

def controls_apart():
    """What only one of --help and manual has; of alternatives the manual has each on a line of its own."""
    usage = subprocess.run([SIMTOKEN, "--help"], capture_output=True, text=True, env=NOWHERE).stdout
    usage = usage.split("Commands of control:\n")[1].split("Profiles:")[0]
    helped = {" ".join(c.split()) for c in re.split(r" \| |\n", usage) if c.strip()}
    page = read("docs/man/halligan-simtoken.1.scd").split("# CONTROL")[1].split("# EXIT")[0]
    lines = re.findall(r"^(\*[a-z].*)\n\t", page, re.M)
    paged = {re.sub(r"[*_]", "", c) for line in lines for c in line.split(", ")}
    return sorted(helped ^ paged)

def report(claim, faults):
    global number, failed
    number, faults = number + 1, list(faults)
    failed |= bool(faults)
    print(f"{'not ok' if faults else 'ok'} {number} - {claim}")
    for line in faults: print("# " + line.replace("\n", "\n# "))

number, failed, shown, said = 0, False, [], []
HELPS = [run(*match.split(), "--help").stdout + " "
    for match in re.findall(r"^  ([a-z]+(?: [a-z]+)?) ", run("--help").stdout, re.M)]
pages = sorted(os.path.relpath(p, TREE) for pattern in PAGES for p in glob.glob(os.path.join(TREE, pattern)))
for page in pages:
    report(f"{page}: each command of ours that it shows parses", wrong_commands(page, shown))
for page in ("README.md", "docs/RUNBOOK.md"):
    report(f"{page}: each option that stands alone is one", wrong_options(page))
runbook = read("docs/RUNBOOK.md")
report("docs/RUNBOOK.md: its vault lives, so nothing is for a founding",
    (line for line in commands(runbook) if re.match("halligan (init|charter draft)", line)))
report("docs/RUNBOOK.md: what it quotes is said", wrong_quotes(runbook, list(messages()), said))
report("halligan-simtoken: --help and manual have the same commands of control", controls_apart())
report("halligan(1): its commands are those of --help, in that order", commands_apart())
report("commands and quotes were found", [] if len(shown) > 100 and len(said) > 15 else
    [f"{len(shown)} commands, {len(said)} quotes"])
print(f"1..{number}")
sys.exit(failed)
