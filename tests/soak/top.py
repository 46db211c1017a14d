"""``nd-top`` under load: its share of a processor, its memory, and whether it keeps up."""

from __future__ import annotations

import asyncio
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from support.hubs import Hub
from support.processes import children, status
from support.terminal import Terminal

from .page_load import send

#: Bytes that it may have, and what share of one core.
MOST_BYTES: Final = 200 * 2**20
MOST_OF_A_CORE: Final = 0.6
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Outcome(NamedTuple):
    """What it took.

    Attributes:
        of_a_core: which share of one core.
        most_bytes: of memory.
        came: what it says of dumplings a second.
        missed: whether it says that it missed some.
        ended: how it ended: 0 is well.
    """

    of_a_core: float
    most_bytes: int
    came: str
    missed: bool
    ended: int

    def __str__(self) -> str:
        return (
            f"{self.of_a_core:.0%} of a core, {self.most_bytes / 2**20:.0f} MiB; it says "
            f"{self.came!r}{' and MISSED some' if self.missed else ''}; exit status {self.ended}"
        )


async def look(seconds: float, rate: int, directory: Path, *, size: tuple[int, int]) -> Outcome:
    """Run it on a terminal while dumplings come.

    Args:
        seconds: for how long it is measured.
        rate: dumplings a second.
        directory: for the terminal.
        size: columns and lines of the terminal.
    """
    with Hub(0, 0, "-f", "1") as hub:
        told = asyncio.Event()
        sending = asyncio.create_task(send(hub.in_port, rate, told))
        try:
            await told.wait()
            arguments = ("top", "-h", hub.for_eaters)
            columns, lines = size
            with Terminal(directory, *arguments, columns=columns, lines=lines) as terminal:
                await asyncio.to_thread(terminal.wait_for, "● cellar")
                [pid] = children(terminal.pid)
                began, used, most = time.monotonic(), _cpu(pid), 0
                while time.monotonic() - began < seconds:
                    await asyncio.sleep(0.5)
                    most = max(most, int(status(pid)["VmRSS"].split()[0]) * 1024)
                share = (_cpu(pid) - used) / (time.monotonic() - began)
                screen = await asyncio.to_thread(terminal.screen)
                terminal.keys("q")
                left = await asyncio.to_thread(terminal.wait_for, r"^status=\d+$")
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
    titles = [line for line in screen.splitlines() if "─ dumplings " in line]
    came = titles[0].strip("─ ") if titles else "nothing"
    [ended] = re.findall(r"^status=(\d+)$", left, re.MULTILINE)
    return Outcome(share, most, came, "MISSED" in screen, int(ended))


def soak_top(seconds: float, rate: int, directory: Path) -> bool:
    """Look on a small terminal and on a big one; return whether it took too much."""
    bad = False
    for size in ((80, 24), (200, 60)):
        place = directory / str(size[0])
        place.mkdir()
        outcome = asyncio.run(look(seconds, rate, place, size=size))
        wrong = (
            outcome.most_bytes > MOST_BYTES
            or outcome.of_a_core > MOST_OF_A_CORE
            or outcome.missed
            or outcome.ended != 0
        )
        print(f"top at {size[0]}x{size[1]}: {outcome}: {'BAD' if wrong else 'good'}", flush=True)
        bad |= wrong
    return bad


def _cpu(pid: int) -> float:
    """Seconds of a processor that a process took so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
