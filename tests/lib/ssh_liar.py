#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stand on a port and say what an SSH client's caller may want to hear, without any host key.

usage: ssh_liar.py HOW		prints its port, and serves until it is killed

HOW: disconnect WORDS	the version, then a disconnect in clear whose text is WORDS
     talk WORDS		lines of WORDS before a version, then the end
     success, failure	the version, then USERAUTH_SUCCESS or USERAUTH_FAILURE in clear
     version		the version, then silence
     kexinit FILE	the version and the KEXINIT in FILE, as somebody else's server sent it, then silence
     drip		the version, a byte each 0.3 s, which never ends
     flood		the version, then IGNORE without end
"""
import socket, struct, sys, threading, time

VERSION = b"SSH-2.0-OpenSSH_9.2p1\r\n"

def string(text): return struct.pack(">I", len(text)) + text

def packet(payload):
    pad = 8 - (len(payload) + 5) % 8
    if pad < 4: pad += 8
    return struct.pack(">IB", len(payload) + pad + 1, pad) + payload + bytes(pad)

def lie(peer, how, words):
    words = words.encode().decode("unicode_escape").encode()
    if how == "talk": return peer.sendall(words + b"\r\n")
    if how == "drip":
        for byte in VERSION.strip() + b"x" * 200:
            peer.sendall(bytes([byte])); time.sleep(0.3)
    peer.sendall(VERSION)
    if how == "disconnect":
        peer.sendall(packet(b"\x01" + struct.pack(">I", 2) + string(words) + string(b"")))
        while peer.recv(65536): pass # an end before all was read would take the words with it
        return
    if how == "success": peer.sendall(packet(b"\x34"))
    if how == "failure": peer.sendall(packet(b"\x33" + string(b"password") + b"\0"))
    if how == "kexinit":
        with open(words, "rb") as file: peer.sendall(file.read())
    while how == "flood": peer.sendall(packet(b"\x02" + string(bytes(1000))))
    time.sleep(60)

def serve(peer, how, words):
    try: lie(peer, how, words)
    except OSError: pass
    peer.close()

how, words = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
listener = socket.socket()
listener.bind(("127.0.0.1", 0)); listener.listen(50)
print(listener.getsockname()[1], flush=True)
while True: threading.Thread(target=serve, args=(listener.accept()[0], how, words), daemon=True).start()
