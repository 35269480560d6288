#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Connect to a reader like another program would, until stdin ends: hold.py shared|exclusive|transaction READER."""
import ctypes, sys, time

pcsc = ctypes.CDLL("libpcsclite.so.1")
how, wanted = sys.argv[1:]
context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
size, names = ctypes.c_ulong(8192), ctypes.create_string_buffer(8192)

def must(result):
    if result & 0xffffffff != 0: sys.exit(f"PC/SC error {result & 0xffffffff:08x}")

must(pcsc.SCardEstablishContext(2, None, None, ctypes.byref(context)))
must(pcsc.SCardListReaders(context, None, names, ctypes.byref(size)))
reader = next(n for n in names.raw[:size.value].split(b"\0") if n.startswith(wanted.encode()))

SHARING_VIOLATION = 0x8010000b
def connect():
    return pcsc.SCardConnect(context, reader, 1 if how == "exclusive" else 2, 2, ctypes.byref(card), ctypes.byref(protocol))

# A program that has just ended is connected until pcscd has noticed, which a busy machine delays.
end = time.monotonic() + 20
while (result := connect()) & 0xffffffff == SHARING_VIOLATION and time.monotonic() < end: time.sleep(0.05)
must(result)
if how == "transaction": must(pcsc.SCardBeginTransaction(card))
print("holding", flush=True)
sys.stdin.read()
must(pcsc.SCardDisconnect(card, 1 if how == "shared" else 0)) # reset, or leave
