"""How long it takes a lone packet on a quiet link to reach an eater.

    python benchmarks/latency.py [PACKETS]

A hub and a kitchen that sniffs on the loopback interface run as processes, as their commands start
them; the eater is this process, which also sends the packets, a UDP datagram every fifth of a
second or so, and measures from just before it is sent until its dumpling is there. It is done
twice, without and with ``--immediate``.

Baseline, in the same run: a dumpling sent straight to the same hub and eater, which leaves out the
kernel's capture and the kitchen. Bias: sender and eater are one process, so the eater is awake
already when the packet is sent; and all is on one host, so a real link's time is to be added.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.asyncio.client import connect

from netdumplings import DumplingEater
from netdumplings.capture import may_sniff

PACKETS = 50
#: What is promised, milliseconds.
PROMISED = {"kitchen": 200, "kitchen --immediate": 20}
#: Seconds within which the first packet must come through.
PATIENCE = 20.0

CHEF = """
from netdumplings import DumplingChef

class EchoChef(DumplingChef):
    def packet_handler(self, packet):
        return int(bytes(packet["UDP"].payload).decode())
"""

Send = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def command(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command of netdumplings, its log in a pipe."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"netdumplings.console.{module}", *arguments),
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.communicate()


async def measure(dumplings: AsyncIterator[int], send: Send, count: int) -> list[float]:
    """Send so many, one after the other; return how long each took to come back, milliseconds."""
    first = 0
    async with asyncio.timeout(PATIENCE):
        arrived = asyncio.ensure_future(anext(dumplings))
        while not arrived.done():  # until everybody is connected
            await send(first)
            first += 1
            await asyncio.wait({arrived}, timeout=0.2)
    last = arrived.result()
    times = []
    for number in range(first, first + count):
        # At any moment of whatever period somebody may wake up in.
        await asyncio.sleep(random.uniform(0.15, 0.25))
        start = time.perf_counter()
        await send(number)
        while last < number:
            last = await anext(dumplings)
        times.append((time.perf_counter() - start) * 1000)
    return times


async def payloads(eater: DumplingEater) -> AsyncIterator[int]:
    """The numbers that come back."""
    async for dumpling in eater:
        yield dumpling.payload


async def straight(in_port: int, out_port: int, count: int) -> list[float]:
    """Measure hub and eater alone."""
    uri = f"ws://localhost:{in_port}"
    eater = DumplingEater("bench", f"localhost:{out_port}", chef_filter=["EchoChef"])
    async with connect(uri, compression=None, proxy=None) as kitchen, eater:
        await kitchen.send(json.dumps({"kitchen_name": "bench"}))

        async def send(number: int) -> None:
            metadata = {"chef": "EchoChef", "creation_time": 0.0, "driver": "packet"}
            text = {"metadata": metadata | {"kitchen": "bench"}, "payload": number}
            await kitchen.send(json.dumps(text))

        return await measure(payloads(eater), send, count)


async def sniffed(
    in_port: int, out_port: int, chef: Path, count: int, *options: str
) -> list[float]:
    """Measure from a packet to the eater."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        address = receiver.getsockname()
        arguments = ["-i", "lo", "-f", f"udp dst port {address[1]}", "-m", str(chef)]
        eater = DumplingEater("bench", f"localhost:{out_port}", chef_filter=["EchoChef"])
        hub = ("-h", f"localhost:{in_port}")
        async with command("sniff", *hub, *arguments, *options), eater:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

                async def send(number: int) -> None:
                    sender.sendto(str(number).encode(), address)

                return await measure(payloads(eater), send, count)


def show(name: str, times: list[float], baseline: list[float]) -> None:
    """Print one line of the table."""
    median = statistics.median(times)
    ratio = median / statistics.median(baseline)
    promised = f"{PROMISED[name]} ms" if name in PROMISED else ""
    print(f"{name:24} {median:7.2f} ms {max(times):7.2f} ms {ratio:6.1f}   {promised}")


async def main(count: int) -> None:
    """Measure all three and print them."""
    if refusal := may_sniff(["lo"]):
        print(f"not measured: {refusal}")
        return
    with tempfile.TemporaryDirectory() as directory:
        chef = Path(directory) / "echo_chef.py"
        chef.write_text(CHEF)
        async with command("hub", "-i", "0", "-o", "0") as hub:
            assert hub.stderr
            said = re.search(
                r"kitchens on port (\d+), eaters on port (\d+)",
                (await hub.stderr.readline()).decode(),
            )
            assert said
            ports = int(said[1]), int(said[2])
            print(f"{count} lone packets each:     median    longest  ratio   promised")
            baseline = await straight(*ports, count)
            show("hub and eater alone", baseline, baseline)
            show("kitchen", await sniffed(*ports, chef, count), baseline)
            immediate = await sniffed(*ports, chef, count, "--immediate")
            show("kitchen --immediate", immediate, baseline)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PACKETS))
