#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The USB side of a simulated FIDO2 token: CTAPHID (CTAP 2.1, 11.2) in front of halligan-simtoken,
so that the same applet, touch, PIN and faults count as behind a reader.

	hid_token.py NAME LINK FOLDER TESTBED

NAME (hidraw900) is the node that umockdev made in TESTBED; LINK is the token's reader socket
(tokens/sim/link.h).  Programs with tests/lib/hidraw_seam.c connect to FOLDER/NAME.sock, a datagram
each report, and like at a node all of them hear all reports.  When the token is pulled, the node,
its entry in /sys and the socket are gone; plugged in again, it has another inode.

FOLDER/NAME.fault spoils answers until it is removed: "KIND [MESSAGE]", where MESSAGE is "init" or
the first byte of a CTAP message in hex (all CTAP messages without it), and KIND one of
	silence		none comes
	garbage		the right channel, success, then what is no CBOR
	channel		it goes to another channel
	command		it is called a PING
	sequence	its second report is counted wrong
	short		its reports have 10 bytes
	cut		only its first report comes
	long		it announces 7700 bytes
	error		a CTAPHID error instead ("other")
	alive		KEEPALIVE for ever
Everything said and heard goes to stdout, one line a report: "> " to the token, "< " from it."""
import os, select, socket, struct, sys, time

REPORT, BROADCAST, INIT_FLAG = 64, 0xffffffff, 0x80
PING, INIT, WINK, CBOR, CANCEL, KEEPALIVE, ERROR = 0x01, 0x06, 0x08, 0x10, 0x11, 0x3b, 0x3f
INVALID_COMMAND, INVALID_LENGTH, INVALID_SEQUENCE, TIMEOUT, BUSY, INVALID_CHANNEL, OTHER = \
    0x01, 0x03, 0x04, 0x05, 0x06, 0x0b, 0x7f
PROCESSING, TOUCH_NEEDED = 1, 2
CAN_CBOR, NO_MSG = 0x04, 0x08
MESSAGE_MAX = REPORT - 7 + 128 * (REPORT - 5)
MESSAGE_SECONDS, ALIVE_SECONDS, POLL_SECONDS, PART = 3, 0.1, 0.03, 240
AID = bytes.fromhex("a0000006472f0001")

class Gone(Exception):
    """The token was pulled."""

class Link:
    """The token, as a reader sees it."""
    def __init__(self, path):
        self.commands, self.events = self.dial(path, b"C"), self.dial(path, b"E")

    @staticmethod
    def dial(path, role):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.connect(path)
        end.sendall(role)
        return end

    def exact(self, size):
        data = b""
        while len(data) < size:
            part = self.commands.recv(size - len(data))
            if not part: raise Gone
            data += part
        return data

    def ask(self, kind, data=b""):
        self.commands.sendall(kind + struct.pack(">I", len(data)) + data)
        answer, size = struct.unpack(">cI", self.exact(5))
        data = self.exact(size)
        if answer != b".": raise Gone
        return data

    def apdu(self, header, data=b""):
        """Data and status of one command, however many parts it takes."""
        while len(data) > PART:
            chained = bytes([header[0] | 0x10]) + header[1:]
            self.ask(b"A", chained + bytes([PART]) + data[:PART] + b"\0")
            data = data[PART:]
        reply = self.ask(b"A", header + (bytes([len(data)]) + data if data else b"") + b"\0")
        answer = reply[:-2]
        while reply[-2:-1] == b"\x61":
            reply = self.ask(b"A", b"\x00\xc0\x00\x00\x00")
            answer += reply[:-2]
        return answer, int.from_bytes(reply[-2:], "big") if len(reply) >= 2 else 0

    def power_up(self):
        self.ask(b"U")
        self.apdu(b"\x00\xa4\x04\x00", AID)

class Node:
    """What programs see: the node, its entry in /sys, and the socket behind it."""
    def __init__(self, name, folder, testbed):
        self.node = os.path.join(testbed, "dev", name)
        self.entry = os.path.join(testbed, "sys/class/hidraw", name)
        self.target = os.readlink(self.entry)
        self.path = os.path.join(folder, name + ".sock")
        self.number, self.listener, self.programs = 0, None, []

    def appear(self):
        if self.listener is not None: return
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen(8)
        if not os.path.lexists(self.node):
            open(self.node, "w").close()
            os.symlink(self.target, self.entry)

    def vanish(self):
        if self.listener is None: return
        os.unlink(self.entry)
        # Kept under another name, so that its inode is not given to the next one.
        self.number += 1
        os.rename(self.node, os.path.join(os.path.dirname(self.path), f"{os.path.basename(self.node)}.{self.number}"))
        os.unlink(self.path)
        for end in [self.listener, *self.programs]: end.close()
        self.listener, self.programs = None, []

    def tell(self, report):
        print("<", report.hex(), flush=True)
        for program in list(self.programs):
            try: program.send(report, socket.MSG_DONTWAIT)
            except OSError: pass # a node drops reports that nobody reads

    @staticmethod
    def listen(program):
        """One report; none: it has closed.  A program that closes without having read all resets
        the connection, which is said once before what it still sent."""
        try: return program.recv(REPORT + 2)
        except ConnectionResetError: return program.recv(REPORT + 2)

    def drop(self, program):
        program.close()
        self.programs.remove(program)

class Token:
    def __init__(self, name, link, folder, testbed):
        self.link, self.node = Link(link), Node(name, folder, testbed)
        self.fault_path = os.path.join(folder, name + ".fault")
        self.reset()

    def reset(self):
        self.channels, self.incoming, self.running = set(), None, None

    # ---- answers ----

    def fault(self, message):
        try:
            with open(self.fault_path, encoding="ascii") as file: words = file.read().split()
        except OSError: return None
        if not words or (len(words) == 1 and message == "init"): return None
        return words[0] if len(words) == 1 or words[1] == message else None

    def answer(self, channel, command, data, message=None):
        fault = self.fault(message) if message else None
        size = len(data)
        if fault == "silence": return
        if fault == "garbage":
            return self.node.tell(struct.pack(">IBH", channel, INIT_FLAG | CBOR, 5) + bytes(1) + b"\xff" * (REPORT - 8))
        if fault == "channel": channel ^= 0x01010101
        if fault == "command": command = PING
        if fault == "long": size = 7700
        if fault == "error": command, data, size = ERROR, bytes([OTHER]), 1
        reports = [struct.pack(">IBH", channel, INIT_FLAG | command, size) + data[:REPORT - 7]]
        for number, start in enumerate(range(REPORT - 7, len(data), REPORT - 5)):
            number += fault == "sequence"
            reports.append(struct.pack(">IB", channel, number) + data[start:start + REPORT - 5])
        for report in reports[:1] if fault == "cut" else reports:
            self.node.tell(report[:10] if fault == "short" else report.ljust(REPORT, b"\0"))

    def error(self, channel, code):
        self.answer(channel, ERROR, bytes([code]))

    # ---- what comes in ----

    def hear(self, report):
        print(">", report.hex(), flush=True)
        if len(report) != REPORT + 1 or report[0] != 0: return # no numbered reports
        channel, first = struct.unpack(">IB", report[1:6])
        if not first & INIT_FLAG: return self.hear_more(channel, first, report[6:])
        command, (size,) = first & ~INIT_FLAG, struct.unpack(">H", report[6:8])
        if command == INIT: return self.initialise(channel, size, report[8:])
        if channel not in self.channels: return self.error(channel, INVALID_CHANNEL)
        if command == CANCEL:
            if self.running and self.running[0] == channel: self.cancelled = True
            return
        if self.running or (self.incoming and self.incoming[0] != channel): return self.error(channel, BUSY)
        if self.incoming: # a new message in the middle of one
            self.incoming = None
            return self.error(channel, INVALID_SEQUENCE)
        if size > MESSAGE_MAX: return self.error(channel, INVALID_LENGTH)
        self.incoming = [channel, command, size, report[8:8 + size], 0, time.monotonic() + MESSAGE_SECONDS]
        self.complete()

    def hear_more(self, channel, number, data):
        if not self.incoming or self.incoming[0] != channel: return # spurious: ignored
        if number != self.incoming[4]:
            self.incoming = None
            return self.error(channel, INVALID_SEQUENCE)
        self.incoming[3] += data[:self.incoming[2] - len(self.incoming[3])]
        self.incoming[4] += 1
        self.complete()

    def initialise(self, channel, size, data):
        if size != 8: return self.error(channel, INVALID_LENGTH)
        if channel != BROADCAST and channel not in self.channels: return self.error(channel, INVALID_CHANNEL)
        new = channel
        if channel == BROADCAST:
            new = int.from_bytes(os.urandom(3), "big") << 8 | len(self.channels) & 0xff | 0x10
            self.channels.add(new)
        else: # synchronise: what was under way on it ends
            if self.incoming and self.incoming[0] == channel: self.incoming = None
            if self.running and self.running[0] == channel: self.cancelled = True
        self.answer(channel, INIT, data[:8] + struct.pack(">IBBBBB", new, 2, 5, 7, 4, CAN_CBOR | NO_MSG), "init")

    def complete(self):
        channel, command, size, data = self.incoming[:4]
        if len(data) < size: return
        self.incoming = None
        if command == PING: self.answer(channel, PING, data)
        elif command == CBOR and size > 0: self.start(channel, data)
        else: self.error(channel, INVALID_LENGTH if command == CBOR else INVALID_COMMAND)

    # ---- messages ----

    def start(self, channel, data):
        self.running, self.cancelled, self.alive = [channel, f"{data[0]:02x}"], False, time.monotonic()
        self.finish(*self.link.apdu(b"\x80\x10\x80\x00", data))

    def finish(self, data, status):
        channel, message = self.running
        if status == 0x9100: return
        if self.fault(message) == "alive":
            if not self.cancelled: return
            data, status = b"\x2d", 0x9000
        self.running = None
        if status == 0x9000 and data: self.answer(channel, CBOR, data, message)
        else: self.error(channel, OTHER)

    def turn(self):
        """Once each POLL_SECONDS."""
        if self.incoming and time.monotonic() > self.incoming[5]:
            channel, self.incoming = self.incoming[0], None
            self.error(channel, TIMEOUT)
        if not self.running: return
        channel, message = self.running
        if self.fault(message) == "alive": self.finish(b"", 0)
        else: self.finish(*self.link.apdu(b"\x80\x11" + (b"\x11" if self.cancelled else b"\0") + b"\0"))
        if self.running and time.monotonic() - self.alive > ALIVE_SECONDS:
            self.alive = time.monotonic()
            self.answer(channel, KEEPALIVE, bytes([TOUCH_NEEDED]))

    def event(self, byte):
        if byte == b"+" and self.node.listener is None:
            self.link.power_up()
            self.reset()
            self.node.appear()
        elif byte == b"-": self.node.vanish()

    def run(self):
        while True:
            node = self.node
            ends = [self.link.events] + ([node.listener, *node.programs] if node.listener else [])
            ready = select.select(ends, [], [], POLL_SECONDS)[0]
            try:
                if self.link.events in ready:
                    byte = self.link.events.recv(1)
                    if not byte: return node.vanish() # the token's program has ended
                    self.event(byte)
                    continue
                if node.listener in ready: node.programs.append(node.listener.accept()[0])
                for program in [end for end in ready if end in node.programs]:
                    report = node.listen(program)
                    if report: self.hear(report)
                    else: node.drop(program)
                self.turn()
            except Gone: node.vanish()

Token(*sys.argv[1:]).run()
