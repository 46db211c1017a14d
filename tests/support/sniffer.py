"""A process that sniffs in a network namespace and tells what it sees, as JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from netdumplings.capture import CaptureStatistics

from .commands import PATIENCE
from .network import start_inside

# After its standard input was closed, it goes on until nothing has come for longer than the kernel
# holds packets back.
_PROGRAM = """
import json, logging, sys, threading
from netdumplings.capture import CaptureOptions, live, live_source

live._RESCAN = 0.2

class Teller(logging.Handler):
    def emit(self, record):
        tell(log=record.getMessage())

def tell(**what):
    print(json.dumps(what), flush=True)

interfaces, options = json.loads(sys.argv[1])
logging.getLogger("netdumplings").addHandler(Teller())
logging.getLogger("netdumplings").setLevel(logging.INFO)
told_to_stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), told_to_stop.set()), daemon=True).start()
narrow = options.pop("narrow", None)
source = live_source(interfaces, CaptureOptions(**options))
if narrow is not None:
    source.narrow(narrow)
source.open()
tell(ready=True)
batch = None
while batch is not None or not told_to_stop.is_set():
    batch = source.read(0.3)
    if batch is not None:
        tell(
            interface=batch.interface,
            link_type=batch.link_type,
            packets=[batch.data(i).hex() for i in range(len(batch))],
            wire_lengths=batch.wire_lengths.tolist(),
            times_ns=batch.times_ns.tolist(),
        )
tell(statistics=source.statistics())
source.close()
"""


@dataclass(frozen=True)
class Sniffed:
    """A packet that was sniffed."""

    interface: str
    link_type: int
    data: bytes
    wire_length: int
    time_ns: int


class Sniffer:
    """A live source in a namespace; as a context manager it is ended at the end.

    Args:
        namespace: where to sniff.
        interfaces: on which interfaces.
        options: fields of `CaptureOptions`; the filter lets everything through by default. And
            ``narrow``: what `LiveSource.narrow` is called with.

    Attributes:
        packets: what was sniffed so far.
        logs: what was logged so far.
        statistics: what the source counted; once it has ended.
    """

    def __init__(self, namespace: str, *interfaces: str, **options: Any) -> None:
        self.packets: list[Sniffed] = []
        self.logs: list[str] = []
        self.statistics: CaptureStatistics | None = None
        self._is_ready = False
        self._changed = threading.Condition()
        arguments = json.dumps([interfaces, {"filter": "", **options}])
        self._process = start_inside(
            namespace, [sys.executable, "-c", _PROGRAM, arguments], stdin=subprocess.PIPE
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        self.wait_until(lambda: self._is_ready)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.end()
        finally:
            self._process.kill()
            self._process.wait()
            self._listener.join()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe
                with suppress(BrokenPipeError):
                    pipe.close()

    def end(self) -> None:
        """Have it read what is left, and end."""
        assert self._process.stdin
        self._process.stdin.close()
        assert self._process.wait(PATIENCE) == 0
        self._listener.join()

    def wait_for(self, data: bytes, interface: str | None = None) -> Sniffed:
        """Wait for a packet that has some bytes in it; return the first."""

        def found() -> Sniffed | None:
            for packet in self.packets:
                if data in packet.data and interface in (None, packet.interface):
                    return packet
            return None

        self.wait_until(lambda: found() is not None)
        packet = found()
        assert packet
        return packet

    def wait_for_log(self, message: str, times: int = 1) -> None:
        """Wait until something was logged so many times."""
        self.wait_until(lambda: self.logs.count(message) >= times)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until what it told so far makes a condition true."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not condition():
                if self._process.poll() is not None and not self._listener.is_alive():
                    raise AssertionError(f"the sniffer ended: {self.logs}")
                if time.monotonic() > deadline:
                    raise AssertionError(f"it never came to that: {self.logs} {self.packets}")
                self._changed.wait(0.1)

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            with self._changed:
                self._take(told)
                self._changed.notify_all()

    def _take(self, told: dict[str, Any]) -> None:
        if "log" in told:
            self.logs.append(told["log"])
        elif "ready" in told:
            self._is_ready = True
        elif "statistics" in told:
            self.statistics = CaptureStatistics(*told["statistics"])
        else:
            self.packets += [
                Sniffed(told["interface"], told["link_type"], bytes.fromhex(data), wire, time_ns)
                for data, wire, time_ns in zip(
                    told["packets"], told["wire_lengths"], told["times_ns"], strict=True
                )
            ]
