#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Be the network between an SSH client and two servers that have one host key, and choose which of them it meets.

usage: ssh_router.py PORT OTHER_PORT N...	prints its port, and routes until it is killed

The Nth connections (counted from 1) go to OTHER_PORT, the others to PORT.
"""
import socket, sys, threading

def pump(source, sink):
    try:
        while data := source.recv(65536): sink.sendall(data)
    except OSError: pass
    try: sink.shutdown(socket.SHUT_WR)
    except OSError: pass

port, other, *strays = map(int, sys.argv[1:])
listener = socket.socket()
listener.bind(("127.0.0.1", 0)); listener.listen(50)
print(listener.getsockname()[1], flush=True)
number = 0
while True:
    peer = listener.accept()[0]
    number += 1
    server = socket.create_connection(("127.0.0.1", other if number in strays else port))
    for ends in ((peer, server), (server, peer)): threading.Thread(target=pump, args=ends, daemon=True).start()
