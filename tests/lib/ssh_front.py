#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stand on the port that an SSH target names, carry connections on to the host, and let something happen on the way.

usage: ssh_front.py PORT HOST_PORT EVENT	serves until it is killed

EVENT is a file, one line, which is read for each connection; when it is written anew, connections count from 1 again:
	none			the host answers
	gone N			from connection N on nobody answers
	port N PORT		from connection N on somebody else does
	replay N		from connection N on what the host said first is said again
	session N PROCESS	in connection N all that came of the sshd PROCESS is killed
	kill N PATTERN		in connection N every program is killed whose command line matches
	rotator N PATTERN	in connection N every rotator that such a program started
The file EVENT.met stands there when it has happened.
"""
import os, signal, socket, subprocess, sys, threading

PIECES = 8	# of what the host sends, before what happens in a connection

class Front:
    def __init__(self, host, path):
        self.host, self.path, self.written, self.count, self.spoken = host, path, None, 0, b""

    def event(self):
        """KIND, N, WHAT."""
        with open(self.path) as file: kind, number, what = (file.readline().strip().split(" ", 2) + ["0", ""])[:3]
        return kind, int(number), what

    def accepts(self):
        """The number of a connection that came."""
        written = os.stat(self.path).st_mtime_ns
        if written != self.written: self.written, self.count = written, 0
        self.count += 1
        return self.count

    def happens(self):
        with open(self.path + ".met", "w"): pass

    def carry(self, peer, number, event):
        kind, at, what = event
        takes = kind in ("gone", "port", "replay") and number >= at
        try:
            if takes: self.happens()
            if takes and kind == "replay":
                peer.sendall(self.spoken); peer.settimeout(2)
                while peer.recv(65536): pass
            elif not (takes and kind == "gone"):
                host = socket.create_connection(("127.0.0.1", int(what) if takes else self.host))
                threading.Thread(target=self.pump, args=(peer, host, None), daemon=True).start()
                self.pump(host, peer, event if number == at and not takes else ("none", 0, ""))
        except OSError: pass
        peer.close()

    def pump(self, source, sink, event):
        """EVENT: None to the host."""
        pieces, first = 0, event is not None and not self.spoken
        try:
            while data := source.recv(65536):
                pieces += 1
                if event and pieces == PIECES: self.strike(*event)
                if first: self.spoken += data
                sink.sendall(data)
        except OSError: pass
        for end in (source, sink):
            try: end.shutdown(socket.SHUT_RDWR)
            except OSError: pass

    def strike(self, kind, _, what):
        if kind == "session":
            for process in descendants(int(what)): kill(process)
        elif kind == "kill":
            for process in matching(what): kill(process)
        elif kind == "rotator":
            for process in matching(what):
                for child in descendants(process):
                    if "/halligan-rotate-" in command(child): kill(child)
        else: return
        self.happens()

def kill(process):
    try: os.kill(process, signal.SIGKILL)
    except ProcessLookupError: pass

def matching(pattern):
    return [int(found) for found in subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True).stdout.split()]

def command(process):
    try:
        with open(f"/proc/{process}/cmdline", encoding="latin1") as file: return file.read().split("\0")[0]
    except OSError: return ""

def descendants(process):
    children = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True).stdout.split()
    return [found for child in map(int, children) for found in [child] + descendants(child)]

port, host, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
front = Front(host, path)
listener = socket.socket(); listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port)); listener.listen(50)
while True:
    peer = listener.accept()[0]
    threading.Thread(target=front.carry, args=(peer, front.accepts(), front.event()), daemon=True).start()
