"""A kitchen, a hub and an eater, as processes that one can kill and start again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Self

from support.commands import PATIENCE, Command, clean_environment
from support.packets import dns_query, write_pcap

HERE = Path(__file__).resolve().parent
#: Dumplings a second, about.
RATE = 1500
#: After so many looks without news there will be none.
QUIET = 15


class World:
    """A hub at ports of its own, a kitchen that numbers its dumplings, and a witness who eats them.

    Args:
        directory: where it may write.
        hub_prefix: what goes before the hub's command line: ``ip netns exec ...``.
        prefix: likewise, before those of the kitchen and the eater.
        host: where the hub listens.
    """

    def __init__(
        self,
        directory: Path,
        *,
        prefix: Sequence[str] = (),
        hub_prefix: Sequence[str] = (),
        host: str = "127.0.0.1",
    ) -> None:
        self._directory = directory
        self._prefix, self._hub_prefix = tuple(prefix), tuple(hub_prefix)
        self.host = host
        self.in_port, self.out_port = free_ports()
        self._capture = directory / "numbers.pcap"
        #: What the witness has written.
        self.told: list[dict[str, Any]] = []
        self.hub: Command
        self.kitchen: Command
        self._witness: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        write_capture(self._capture)
        self.start_hub()
        return self

    def __exit__(self, *_: object) -> None:
        for command in (getattr(self, "kitchen", None), self.hub):
            if command is not None:
                command.__exit__(None, None, None)
        if self._witness is not None:
            self._witness.kill()
            self._witness.wait()
            self._reader.join()
            for stream in (self._witness.stdout, self._witness.stderr):
                assert stream
                stream.close()

    def start_hub(self, *arguments: str) -> None:
        """Start a hub, where the former one was."""
        self.hub = Command(
            "hub", "-a", self.host, "-i", str(self.in_port), "-o", str(self.out_port), "-f", "0.2",
            "--insecure", *arguments, prefix=self._hub_prefix,
        )  # fmt: skip
        self.hub.wait_for_err("hub is up")

    def start_kitchen(self, *arguments: str) -> None:
        """Start a kitchen that makes dumplings from now on."""
        self.kitchen = Command(
            "sniff", "--hub", f"{self.host}:{self.in_port}", "-m", str(HERE / "number_chef.py"),
            "--read", str(self._capture), "--speed", "1", "--loop", "-f", "", *arguments,
            prefix=self._prefix, launcher=HERE / "impatient.py",
        )  # fmt: skip

    def start_witness(self) -> None:
        """Start the eater, and wait until it is connected."""
        self._witness = subprocess.Popen(
            [*self._prefix, sys.executable, str(HERE / "witness.py"),
             f"{self.host}:{self.out_port}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment(),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._listen, args=(self._witness.stdout,))
        self._reader.start()
        wait_until(lambda: {"connected": True} in self.told, "the witness does not connect")

    def wait_until_all_is_well(self, *, new_life: bool = False) -> None:
        """Wait until the witness is given dumplings again, perhaps those of a new kitchen."""
        before = self._progress()

        def well() -> bool:
            now = self._progress()
            more = now.get("eaten", 0) - before.get("eaten", 0)
            if not self._kitchen_is_connected():
                return False
            return more > RATE // 10 and (now["life"] != before.get("life") or not new_life)

        wait_until(well, "the witness is given nothing")

    def wait_until_quiet(self) -> None:
        """Wait until nothing is on its way to the witness any more."""
        seen: list[Any] = []

        def quiet() -> bool:
            seen.append(self._progress())
            return len(seen) > QUIET and seen[-1] == seen[-QUIET]

        wait_until(quiet, "dumplings come from nowhere")

    def _kitchen_is_connected(self) -> bool:
        said = self.kitchen.err
        return said.rfind("connected to the hub") > said.rfind("lost the hub")

    def _progress(self) -> dict[str, Any]:
        """What the witness told last of what it has eaten."""
        return next((line for line in reversed(self.told) if "eaten" in line), {})

    def _listen(self, output: IO[str]) -> None:
        for line in output:
            self.told.append(json.loads(line))

    def end_kitchen(self) -> int:
        """Let the kitchen deliver everything, and end; return how many dumplings it has made."""
        assert self.kitchen.end(signal.SIGTERM) == 0, self.kitchen.err[-2000:]
        return made_by(self.kitchen)

    def end_witness(self) -> tuple[dict[str, list[list[int]]], list[dict[str, Any]]]:
        """End the eater; return what it has eaten by lives, and the gaps it was told of."""
        assert self._witness
        self._witness.send_signal(signal.SIGTERM)
        assert self._witness.wait(PATIENCE) == 0
        self._reader.join()
        [runs] = [line["runs"] for line in self.told if "runs" in line]
        return runs, [line for line in self.told if "missed" in line]


def made_by(kitchen: Command) -> int:
    """How many dumplings a kitchen made that has ended, as it says itself."""
    said = kitchen.wait_for_err(r"chef NumberChef: .* (\d+) dumplings, 0 errors")
    return int(said[1])


def write_capture(path: Path) -> None:
    """Write a capture of two seconds, of `RATE` packets a second."""
    count = 2 * RATE
    write_pcap(path, *[dns_query()] * count, times=[index / RATE for index in range(count)])


def wait_until(true: Callable[[], bool], complaint: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.1)


def free_ports() -> tuple[int, int]:
    """Find two ports that are free now."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]


def memory(process: int) -> int:
    """Bytes of memory that a process has now: proc_pid_status(5), VmRSS."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"process {process} has ended", os.getpid())
