"""The servers that `hub` measures, each a process of its own on a core of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from netdumplings.backbone.servers import find_nats_server

#: Seconds that a server has to come up, and to end when it is told to.
PATIENCE = 20.0

_NAIVE = Path(__file__).with_name("_naive_hub.py")
_OURS = ("-m", "netdumplings.console.hub", "-a", "127.0.0.1", "-i", "0", "-o", "0", "-f", "3600")
_PORTS = {
    "nats": r"client connections on 127\.0\.0\.1:(?P<eaters>\d+)",
    "": r"kitchens on port (?P<kitchens>\d+), eaters on port (?P<eaters>\d+)",
}


def cores() -> tuple[set[int], set[int]] | None:
    """Return the core for the server and those for the drivers; None where that cannot be had."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    first, *others = sorted(os.sched_getaffinity(0))
    return ({first}, set(others)) if others else None


@contextlib.contextmanager
def placed(where: set[int] | None) -> Iterator[None]:
    """Have what is started meanwhile start on some cores: some look but once how many there are.

    Args:
        where: the cores; None for anywhere.
    """
    before = os.sched_getaffinity(0) if where else None
    try:
        if where:
            os.sched_setaffinity(0, where)
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


def memory(pid: int, what: str = "VmHWM") -> int | None:
    """Return the memory of a process in bytes; None where the system does not tell.

    Args:
        pid: which process.
        what: which figure of proc_pid_status(5); ``VmHWM`` is the most that it has had so far,
            ``VmRSS`` what it has.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(rf"{what}:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else None


def worked(pid: int) -> float | None:
    """Return how many seconds a process has worked; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # proc_pid_stat(5): utime and stime are fields 14 and 15, and field 2 may hold anything.
    fields = status.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """A server that runs; as a context manager it has ended at the end.

    Args:
        kind: ``naive``, ``nats``, or how our hub is spoken to.
        core: where it may run; None for anywhere.
        options: what else our hub is told.

    Attributes:
        in_port: for kitchens.
        out_port: for eaters.
    """

    def __init__(self, kind: str, core: set[int] | None, options: Sequence[str] = ()) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = [*self._command(kind), *options]
        with placed(core):
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
            )
        try:
            ports = self._wait_for(_PORTS.get(kind, _PORTS[""])).groupdict()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.out_port = int(ports["eaters"])
        self.in_port = int(ports.get("kitchens", self.out_port))

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def peak(self) -> int | None:
        """The most memory it has had so far, in bytes; None where the system does not tell."""
        return memory(self.pid)

    @property
    def worked(self) -> float | None:
        """How many seconds of processor time it has taken; None where the system does not tell."""
        return worked(self.pid)

    def end(self) -> str:
        """End it, politely if it listens; return what it has logged."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return self._logged()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._log.close()

    def _command(self, kind: str) -> list[str]:
        if kind == "naive":
            return [sys.executable, str(_NAIVE)]
        if kind == "nats":
            program = find_nats_server()
            assert program is not None
            return [program, "-a", "127.0.0.1", "-p", "-1"]
        return [sys.executable, *_OURS]

    def _logged(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def _wait_for(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self._logged())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ConnectionError(f"a server does not come up: {self._logged()[-500:]}")
            time.sleep(0.02)
        return found
