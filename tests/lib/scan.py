#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Look for secrets where none may be.

usage: scan.py NEEDLES memory PID...     the readable memory of processes (run as root)
       scan.py NEEDLES all PID...        the same, locked or not
       scan.py NEEDLES heap PID...       their heaps, locked or not
       scan.py NEEDLES files PATH...     files, and everything below folders
       scan.py NEEDLES process PID...    argv and environment

NEEDLES is a file with one NAME HEX a line.  Each needle is looked for as it is, in hex and in base64
(all three alignments, without the edges).  Prints what was found and where (never the secret)
and exits 1; 0 when nothing was found; 2 when nothing could be read.
Locked memory (VmFlags lo, or memfd_secret, which not even root can read) is where secrets live and is
not searched.
"""
import base64, os, sys

def forms(raw):
    yield "as it is", raw
    if len(raw) < 12: return
    yield "in hex", raw.hex().encode()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        yield "in base64", text[4 if shift else 0:-4]

def needles(path):
    with open(path) as file:
        for line in file:
            name, value = line.split()
            for how, pattern in forms(bytes.fromhex(value)):
                if len(pattern) >= 6: yield name, how, pattern

def mappings(lines):
    """Of smaps: (start, end, mode, name, flags) of each.  One whose flags are not told has none."""
    current = None
    for line in lines:
        key, _, rest = line.partition(" ")
        if "-" in key and not key.endswith(":"):
            if current: yield *current, []
            start, end = (int(x, 16) for x in key.split("-"))
            fields = rest.split(None, 4)                # mode, offset, device, inode, name
            current = (start, end, fields[0], fields[4].strip() if len(fields) > 4 else "")
        elif key.strip() == "VmFlags:" and current:
            yield *current, rest.split()
            current = None
    if current: yield *current, []

def regions(pid, which):
    """Readable mappings that are not locked, all of them, or the heap: (start, end, name)."""
    with open(f"/proc/{pid}/smaps") as file:
        for start, end, mode, name, flags in mappings(file):
            searched = name == "[heap]" if which == "heap" else "r" in mode and (which == "all" or "lo" not in flags)
            if searched and "secretmem" not in name and name not in ("[vvar]", "[vsyscall]"): yield start, end, name

def memory(pid, patterns, which="memory"):
    read = 0
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for start, end, name in regions(pid, which):
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except (OSError, ValueError):
                continue
            read += len(data)
            for needle, how, pattern in patterns:
                at = data.find(pattern)
                if at >= 0:
                    yield f"{needle} {how} in process {pid} at {start + at:x} ({name or 'anonymous'})"
    if read == 0:
        print(f"scan.py: nothing of process {pid} could be read", file=sys.stderr)
        sys.exit(2)

def files(path, patterns):
    names = [path] if os.path.isfile(path) else [os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs]
    for name in names:
        if not os.path.isfile(name): continue
        with open(name, "rb") as file: data = file.read()
        for needle, how, pattern in patterns:
            if pattern in data: yield f"{needle} {how} in {name}"

def process(pid, patterns):
    for kind in ("cmdline", "environ"):
        with open(f"/proc/{pid}/{kind}", "rb") as file: data = file.read()
        for needle, how, pattern in patterns:
            if pattern in data: yield f"{needle} {how} in {kind} of process {pid}"

kinds = {"memory": memory, "all": lambda pid, patterns: memory(pid, patterns, "all"),
    "heap": lambda pid, patterns: memory(pid, patterns, "heap"), "files": files, "process": process}
if len(sys.argv) < 4 or sys.argv[2] not in kinds: sys.exit(__doc__)
patterns = list(needles(sys.argv[1]))
if not patterns: sys.exit("scan.py: no needles")
found = [line for place in sys.argv[3:] for line in kinds[sys.argv[2]](place, patterns)]
for line in found: print(line)
sys.exit(1 if found else 0)
