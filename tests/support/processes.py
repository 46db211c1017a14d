"""Processes, as proc(5) shows them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from .commands import PATIENCE


def status(pid: int) -> dict[str, str]:
    """The lines of ``/proc/PID/status``."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def children(pid: int) -> list[int]:
    """The processes that a process has begun and that are there still."""
    return [
        int(child)
        for begun in Path(f"/proc/{pid}/task").glob("*/children")
        for child in begun.read_text().split()
    ]


def descendants(pid: int) -> Iterator[int]:
    """A process, and all that come of it."""
    yield pid
    for child in children(pid):
        yield from descendants(child)


def wait_until_gone(pid: int) -> None:
    """Wait until a process is no more, or waits only to be taken note of."""
    deadline = time.monotonic() + PATIENCE
    while is_there(pid):
        assert time.monotonic() < deadline, f"process {pid} goes on"
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
        return status(pid)["State"][0] not in "ZX"
    except (ProcessLookupError, FileNotFoundError):
        return False
