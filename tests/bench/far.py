#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A far machine on loopback: what comes on a port goes on to another one later, in order, both ways.
usage: far.py MILLISECONDS PORT TO

MILLISECONDS: of a round trip.  A connection is made after one, as TCP's handshake takes it; each piece then comes half
of one later than it was sent.  Where the kernel has no netem, this has a program wait as a network would."""
import asyncio, os, signal, sys

HALF, PORT, TO = int(sys.argv[1]) / 2000, int(sys.argv[2]), int(sys.argv[3])

async def carry(reader, writer):
    """Pieces wait for their time beside each other: the line is long, not narrow."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue()
    async def deliver():
        while (piece := await pieces.get())[1]:
            await asyncio.sleep(piece[0] - loop.time())
            writer.write(piece[1])
            await writer.drain()
        writer.write_eof()
    delivering = asyncio.create_task(deliver())
    try:
        while True:
            data = await reader.read(65536)
            pieces.put_nowait((loop.time() + HALF, data))
            if not data: break
        await delivering
    except OSError: delivering.cancel()

async def meet(reader, writer):
    await asyncio.sleep(2 * HALF)
    there = await asyncio.open_connection("127.0.0.1", TO)
    await asyncio.gather(carry(reader, there[1]), carry(there[0], writer), return_exceptions=True)
    for side in (writer, there[1]): side.close()

async def main():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0)) # with what is under way
    server = await asyncio.start_server(meet, "127.0.0.1", PORT)
    print("ready", flush=True)
    await server.serve_forever()

asyncio.run(main())
