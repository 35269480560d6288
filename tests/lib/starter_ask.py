#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Asks a starter of rotators for something, as a vault would, or as nobody should (rotators/contract/start.h).

usage: starter_ask.py [--socket PATH | --starter PROGRAM] [--raw] [--end SECONDS] [WISH [LINE...]]

WISH: JSON, whose members replace those of an ordinary wish for the rotator `exec`; a member that is null is left out.  "fds"
names descriptors instead of pipes: "folder", "socket", "file".  With --raw it is the whole message.  Then each LINE goes to
the rotator's stdin.  Prints what the starter says, what the rotator answers, and what the starter says at the end."""
import fcntl, hashlib, json, os, select, signal, socket, subprocess, sys

def reach(words):
    if "--socket" in words:
        path = words.pop(words.index("--socket") + 1); words.remove("--socket")
        ours = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.connect(path)
        return ours
    program = words.pop(words.index("--starter") + 1); words.remove("--starter")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours, theirs = (socket.socket(fileno=fcntl.fcntl(one.detach(), fcntl.F_DUPFD_CLOEXEC, 10)) for one in (ours, theirs))
    os.dup2(theirs.fileno(), 3) # what it is handed
    subprocess.Popen([program, "--once"], pass_fds=[3], stdin=subprocess.DEVNULL)
    os.close(3)
    return ours

def sha(path):
    try:
        with open(path, "rb") as file: return hashlib.sha256(file.read()).hexdigest()
    except OSError: return "0" * 64

OTHER = {"folder": lambda: os.open("/", os.O_RDONLY), "file": lambda: os.open("/etc/hosts", os.O_RDONLY),
    "socket": lambda: socket.socket(socket.AF_UNIX).detach()}

def wish(text, rotators):
    given = json.loads(text) if text else {}
    fds = given.pop("fds", None)
    made = {"rotator": "exec", "own": False, "reads": [], "changes": [], "network": True, "hidden": [], "seconds": 20,
        "capabilities": [], "values": []}
    made.update(given)
    made.setdefault("hash", sha(os.path.join(rotators, "halligan-rotate-" + made["rotator"])))
    if "command" in made: made.setdefault("command_hash", sha(made["command"]))
    return {name: value for name, value in made.items() if value is not None}, fds

def main(words):
    raw = "--raw" in words
    if raw: words.remove("--raw")
    end = float(words.pop(words.index("--end") + 1)) if "--end" in words else None
    if end is not None: words.remove("--end")
    rotators = os.environ["HALLIGAN_BUILD"] + "/rotators"
    ours = reach(words)
    text, lines = (words[0] if words else ""), words[1:]
    into, out_of = os.pipe(), os.pipe()
    fds = [into[0], out_of[1]]
    if raw: message, other = text, None
    else:
        made, other = wish(text, rotators)
        message = json.dumps({"start": made})
    if raw: fds = []
    if other: fds = [OTHER[name]() for name in other]
    socket.send_fds(ours, [message.encode()], fds) if fds else ours.send(message.encode())
    os.close(into[0]); os.close(out_of[1])
    said = ours.recv(1 << 16)
    print(said.decode() or "(nothing)", flush=True)
    if b"started" not in said: return 1
    answers = os.fdopen(out_of[0], "r")
    for line in lines:
        os.write(into[1], line.encode() + b"\n")
        if not line.startswith('{"target"'): print(answers.readline().rstrip("\n"), flush=True)
    if end is not None: select.select([ours], [], [], end)
    os.close(into[1])
    print(ours.recv(1 << 16).decode() or "(nothing)")
    return 0

signal.alarm(60)
sys.exit(main(sys.argv[1:]))
