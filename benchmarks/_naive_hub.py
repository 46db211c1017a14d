"""The obvious hub: a queue for each eater, and one ``send`` for each eater and dumpling.

    python benchmarks/_naive_hub.py

What one writes first with an asyncio WebSocket library, and what `hub` measures ours against. It
takes two free ports, prints them as our hub does, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import resource

from websockets.asyncio.server import ServerConnection, serve

QUEUES: set[asyncio.Queue[str | bytes]] = set()


async def serve_kitchen(connection: ServerConnection) -> None:
    """Put every dumpling of a kitchen into the queue of each eater."""
    await connection.recv()
    async for message in connection:
        json.loads(message)
        for queue in QUEUES:
            queue.put_nowait(message)


async def serve_eater(connection: ServerConnection) -> None:
    """Send an eater what is in its queue."""
    await connection.recv()
    queue: asyncio.Queue[str | bytes] = asyncio.Queue()
    QUEUES.add(queue)
    try:
        while True:
            await connection.send(await queue.get())
    finally:
        QUEUES.remove(queue)


async def main() -> None:
    """Serve kitchens on one port, eaters on the other."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    async with (
        serve(serve_kitchen, "127.0.0.1", 0) as kitchens,
        serve(serve_eater, "127.0.0.1", 0) as eaters,
    ):
        ports = [server.sockets[0].getsockname()[1] for server in (kitchens, eaters)]
        print(f"kitchens on port {ports[0]}, eaters on port {ports[1]}", flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
