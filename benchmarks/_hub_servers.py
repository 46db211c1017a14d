"""The servers that `hub` measures, each a process of its own on a core of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
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


class Server:
    """A server that runs; as a context manager it has ended at the end.

    Args:
        kind: ``naive``, ``nats``, or how our hub is spoken to.
        core: where it may run; None for anywhere.

    Attributes:
        in_port: for kitchens.
        out_port: for eaters.
    """

    def __init__(self, kind: str, core: set[int] | None) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        command = self._command(kind)
        before = os.sched_getaffinity(0) if core else None
        try:
            # It is to start on its core, as some look but once how many cores there are.
            if core:
                os.sched_setaffinity(0, core)
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
            )
        finally:
            if before:
                os.sched_setaffinity(0, before)
        try:
            ports = self._wait_for(_PORTS.get(kind, _PORTS[""])).groupdict()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.out_port = int(ports["eaters"])
        self.in_port = int(ports.get("kitchens", self.out_port))

    @property
    def peak(self) -> int | None:
        """The most memory it has had so far, in bytes; None where the system does not tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return None
        found = re.search(r"VmHWM:\s*(\d+) kB", status)
        return int(found[1]) * 1024 if found else None

    @property
    def worked(self) -> float | None:
        """How many seconds of processor time it has taken; None where the system does not tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/stat").read_text()
        except OSError:
            return None
        # proc_pid_stat(5): utime and stime are fields 14 and 15, and field 2 may hold anything.
        fields = status.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

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
