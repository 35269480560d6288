#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No state without a door: the runbook names each state that the code has, and none else, and of each that is no end a command
that leads out of it (shown.py asks the real parser whether it takes them).  Prints TAP.  usage: doors.py [TREE]"""
import os, re, sys

TREE = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
# Nothing waits there.
ENDS = {("vault", "live"), ("ceremony", "closed"), ("item", "done"), ("debt", "retired")}
# By hand: what no command of ours can make whole.
BY_HAND = {("vault", "absent"), ("item", "damaged"), ("item", "waiting")}

def read(name):
    with open(os.path.join(TREE, name), encoding="utf-8") as file: return file.read()

def names(source, array):
    """The strings of a C array."""
    body = re.search(rf"\b{array}\[[^\]]*\] = \{{(.*?)\}};", source, re.S).group(1)
    return re.findall(r'"([a-z]+)"', body)

def states():
    """(of, state) as the code has them."""
    source = read("vault/documents/state_names.c")
    yield from (("vault", name) for name in names(read("ceremony/server/vault/session.c"), "session_state_names"))
    yield from (("ceremony", name) for name in names(source, "ceremony_state_names"))
    yield from (("item", name) for name in names(source, "item_state_names"))
    yield from (("debt", name) for name in names(source, "debt_state_names"))
    kinds = re.search(r"draft_types\[\] = \{(.*?)\};", read("ceremony/server/documents/waiting.c"), re.S).group(1)
    yield from (("draft", name.lower()) for name in re.findall(r"STATEMENT_(\w+)", kinds))

def table(text, title):
    part = text.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in part.split("\n") if line.startswith("| ")]
    return rows[1:] # without its head

def doors(text):
    """{(of, state): the last cell}"""
    found = {}
    for of, state, _, out in table(text, "Every state, and the way out of it"): found[of, state] = out
    for cells in table(text, "The debt is not paid"):
        for state in cells[0].split(", "): found["debt", state] = cells[-1]
    return found

def faults(known, found):
    yield from (f"the runbook says nothing of {of} {state}" for of, state in known if (of, state) not in found and (of, state) not in ENDS)
    yield from (f"the runbook has {of} {state}, which the code has not" for of, state in found if (of, state) not in known)
    for (of, state), out in found.items():
        if (of, state) not in ENDS | BY_HAND and "`halligan " not in out: yield f"no command leads out of {of} {state}"
        if (of, state) in ENDS and out != "-": yield f"{of} {state} is an end, and has a way out"

def report(number, claim, wrong):
    print(f"{'not ok' if wrong else 'ok'} {number} - {claim}")
    for line in wrong: print(f"# {line}")
    return bool(wrong)

def main():
    text, known = read("docs/RUNBOOK.md"), list(states())
    found = doors(text)
    failed = report(1, f"each of {len(known)} states has its way out in the runbook", list(faults(known, found)))
    # Each check is seen to fail.
    without = {key: out for key, out in found.items() if key != ("ceremony", "releasing")}
    planted = [faults(known, without), faults(known, {**found, ("item", "lost"): "`halligan status`"}),
        faults(known, {**found, ("debt", "owed"): "wait"}), faults(known, {**found, ("item", "done"): "`halligan status`"})]
    failed |= report(2, "a state that is missing, unknown, without a command, or no end is seen",
        [f"fault {number} is not seen" for number, wrong in enumerate(planted) if len(list(wrong)) != 1])
    print("1..2")
    sys.exit(failed)

main()
