#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Speak the rotator contract (rotators/contract/contract.h) to a rotator, as the vault would.

usage: rotator.py [--seconds N] [--name NAME] [--current FIELD=FILE]... [--next FIELD=FILE]... [--via FIELD=FILE]...
                  [--save FIELD=FILE] PROGRAM TARGET VERB...

TARGET is JSON.  VERBs: describe, check, generate, probe-current, probe-next, apply, add, issue, withdraw-current,
withdraw-orphans, expel, warn, mint, unmint.  Prints one line for each: the result, a space, the detail, and what
else it has as JSON.  --via is the
value of the secret that changes this one; --save writes a field of what `generate`, `issue` or `mint` made.
Exit status 1 when the rotator ends early or says what is not JSON.
"""
import json, os, subprocess, sys

FIELDS = ["username", "password", "private-key", "certificate", "token", "totp-seed", "codes", "url", "note"]

def encode(fields):
    out = bytes([1, len(fields)])
    for name in FIELDS:
        if name in fields:
            out += bytes([len(name)]) + name.encode() + len(fields[name]).to_bytes(4, "big") + fields[name]
    return out

def decode(data):
    assert data[0] == 1, "format"
    fields, at = {}, 2
    for _ in range(data[1]):
        size = data[at]; name = data[at + 1:at + 1 + size].decode(); at += 1 + size
        size = int.from_bytes(data[at:at + 4], "big"); fields[name] = data[at + 4:at + 4 + size]; at += 4 + size
    assert at == len(data), "trailing bytes"
    return fields

def main(arguments):
    seconds, called, values, save = 20, None, {"--current": {}, "--next": {}, "--via": {}}, None
    while arguments[0].startswith("--"):
        option, value = arguments.pop(0), arguments.pop(0)
        if option == "--seconds": seconds = int(value)
        elif option == "--name": called = value
        elif option == "--save": save = value.split("=", 1)
        else:
            name, path = value.split("=", 1)
            with open(path, "rb") as file: values[option][name] = file.read()
    program, target, verbs = arguments[0], json.loads(arguments[1]), arguments[2:]

    # Descriptors from 10 on, so that none stands in the way of 3 to 6.
    def pipe():
        return tuple(os.dup(end) if end >= 10 else high(end) for end in os.pipe())
    def high(end):
        import fcntl
        moved = fcntl.fcntl(end, fcntl.F_DUPFD, 10); os.close(end); return moved
    places, ours = {}, None
    for number, option in ((3, "--current"), (4, "--next"), (6, "--via")):
        if values[option]:
            places[number], writing = pipe()
            os.write(writing, encode(values[option])); os.close(writing)
    if 4 not in places: ours, places[5] = pipe()
    try: places[8] = high(os.open(target["command"][0], os.O_RDONLY)) # the program that it runs
    except (LookupError, TypeError, OSError): pass
    def place():
        for number in (3, 4, 5, 6, 8):
            if number in places: os.dup2(places[number], number)
            else:
                try: os.close(number)
                except OSError: pass
    child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=place,
        close_fds=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    for end in places.values(): os.close(end)
    def say(line):
        child.stdin.write((json.dumps(line) + "\n").encode()); child.stdin.flush()
    say({"target": target, "seconds": seconds, **({"name": called} if called else {})})
    for verb in verbs:
        name, _, which = verb.partition("-")
        say({"verb": name, "value": which} if which else {"verb": name})
        answer = child.stdout.readline()
        if not answer: print("ended", child.wait()); return 1
        answer = json.loads(answer)
        print(answer.pop("result"), answer.pop("detail", ""), json.dumps(answer, sort_keys=True) if answer else "")
        sys.stdout.flush()
    child.stdin.close()
    status = child.wait()
    if save and ours is not None:
        data = os.read(ours, 1 << 20)
        if not data: return status
        with open(os.open(save[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(decode(data)[save[0]])
    return status

sys.exit(main(sys.argv[1:]))
