#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A folder where something is mounted when somebody looks into it, as systemd's .automount units and direct maps make one.

	automount.py direct|indirect FOLDER SOURCE COMMAND ARGUMENT...

Runs COMMAND while that is so.  Direct: SOURCE, a folder, is mounted on FOLDER, which is empty until then.  Indirect: on FOLDER/NAME, for
each NAME that somebody looks for and that is a folder in SOURCE.  Root alone, in a mount namespace of its own.
Ends with COMMAND's status; 77: the kernel has no autofs.
"""
import ctypes, fcntl, os, struct, subprocess, sys, threading

READY, FAIL = 0x9360, 0x9361  # ioctl(2) of linux/auto_fs.h
MS_BIND, MNT_DETACH = 4096, 2
kind, folder, source, *command = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
os.setpgid(0, 0)  # who is in the group of the mount sees what is below it, and awaits nothing
reading, writing = os.pipe()
options = f"fd={writing},pgrp={os.getpgrp()},minproto=5,maxproto=5,{kind}"
if libc.mount(b"automount", folder.encode(), b"autofs", 0, options.encode()) != 0:
    sys.exit(77)
control = os.open(folder, os.O_RDONLY | os.O_NONBLOCK)


def serve():
    """struct autofs_v5_packet"""
    while True:
        packet = os.read(reading, 512)
        if not packet:
            return
        (token,), (size,) = struct.unpack_from("I", packet, 8), struct.unpack_from("I", packet, 40)
        name = packet[44:44 + size].decode()
        at, wanted = (folder, source) if kind == "direct" else (f"{folder}/{name}", f"{source}/{name}")
        done = os.path.isdir(wanted)
        if done:
            os.makedirs(at, exist_ok=True)
            done = libc.mount(wanted.encode(), at.encode(), None, MS_BIND, None) == 0
        fcntl.ioctl(control, READY if done else FAIL, token)


threading.Thread(target=serve, daemon=True).start()
status = subprocess.run(command, preexec_fn=lambda: os.setpgid(0, 0)).returncode
os.close(control)
for _ in range(2):
    libc.umount2(folder.encode(), MNT_DETACH)
sys.exit(status)
