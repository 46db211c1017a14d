"""How many dumplings a second does the hub's fan-out write, against ``websockets.broadcast``?

    python benchmarks/fanout.py [EATERS DUMPLINGS]

Both ways run in this one process, one after the other, over the same kind of real loopback
connections; the eaters are threads of a second process that read and throw away. Dumplings of 300
bytes are handed over in ticks of 100, as a busy kitchen's come in.

Bias, in favour of the hub: dumplings come a hundred to a tick. With one to a tick the joining
saves nothing, so that figure is printed too. And reading and checking dumplings, which takes as
long either way, is left out, so a whole hub gains less than the ratio says.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from ctypes import Array
from typing import Any

from websockets.asyncio.server import broadcast

from netdumplings import defaults
from netdumplings.hub.router import Router
from netdumplings.hub.service import Outlet
from netdumplings.transport.server import PeerConnection, listen
from netdumplings.wire import text_frame_header

TEXT = b'{"metadata":{},"payload":"' + b"x" * 272 + b'"}'
TICK = 100
ROUNDS = 3

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def eat(port: int, read: Array[int]) -> None:
    """Be eaters that read and throw away, until the hub closes their connections.

    Args:
        port: the hub's.
        read: one number an eater: how many bytes it has read so far.
    """

    def one(index: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(HANDSHAKE)
            while not sock.recv(4096).endswith(b"\r\n\r\n"):
                pass
            buffer = bytearray(1024 * 1024)
            while size := sock.recv_into(buffer):
                read[index] += size

    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(read))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def measure(
    peers: Sequence[PeerConnection],
    read: Array[int],
    count: int,
    tick: int,
    hand_over: Callable[[], Any],
) -> float:
    """Hand over so many dumplings; return dumplings a second until every eater has read them."""
    wanted = sum(read) + count * len(peers) * (len(text_frame_header(len(TEXT))) + len(TEXT))
    start = time.perf_counter()
    for _ in range(0, count, tick):
        for _ in range(tick):
            hand_over()
        await asyncio.sleep(0)
        # Neither way may win by dropping what it cannot write.
        while any(peer.full for peer in peers):  # noqa: ASYNC110
            await asyncio.sleep(0)
    while sum(read) < wanted:  # noqa: ASYNC110
        await asyncio.sleep(0)
    return count * len(peers) / (time.perf_counter() - start)


async def main(eaters: int, dumplings: int) -> None:
    """Measure both ways and print the ratio."""
    peers: list[PeerConnection] = []

    async def handler(connection: PeerConnection) -> None:
        peers.append(connection)
        await connection.wait_closed()

    listener = await listen(
        handler,
        "127.0.0.1",
        0,
        max_size=1024,
        open_timeout=60.0,
        write_limit=defaults.EATER_BUFFER,
    )
    context = multiprocessing.get_context("spawn")
    read = context.Array("Q", eaters, lock=False)
    process = context.Process(target=eat, args=(listener.port, read))
    process.start()
    while len(peers) < eaters:  # noqa: ASYNC110
        await asyncio.sleep(0.01)

    router = Router(asyncio.get_running_loop().call_soon)
    for number, peer in enumerate(peers):
        router.add(Outlet(peer), f"eater {number}")

    print(f"{eaters} eaters, {dumplings} dumplings of {len(TEXT)} bytes, best of {ROUNDS} rounds")
    for tick in (TICK, 1):
        count = dumplings if tick > 1 else dumplings // 10
        ours, theirs = 0.0, 0.0
        for _ in range(ROUNDS):
            theirs = max(
                theirs,
                await measure(peers, read, count, tick, lambda: broadcast(peers, TEXT, text=True)),
            )
            ours = max(ours, await measure(peers, read, count, tick, lambda: router.route(TEXT)))
        assert router.dropped == 0
        print(
            f"{tick:4} to a tick: hub {ours:12,.0f}/s, broadcast {theirs:12,.0f}/s, "
            f"ratio {ours / theirs:.1f}"
        )
    await listener.stop()
    await listener.close(1001, "measured", 1.0, discard=True)
    process.join()


if __name__ == "__main__":
    eaters, dumplings = (int(argument) for argument in sys.argv[1:3] or ("100", "10000"))
    asyncio.run(main(eaters, dumplings))
