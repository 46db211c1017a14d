"""Replaying capture files: one after the other, filtered, at their own pace or at full speed."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from .. import defaults
from ..exceptions import CaptureError, NotACapture
from ..packets import PacketBatch
from .file import CaptureFile, check_capture
from .filters import OfflineFilter
from .own_traffic import OwnTraffic
from .pace import Pace, Repeat
from .source import CaptureOptions, CaptureStatistics, Progress
from .streams import STANDARD_INPUT

#: At a pace, packets are handed out this many seconds late at most, several at a time.
_GRAIN: Final = 0.01


class FileSource:
    """A `PacketSource` that replays capture files, pcap or pcapng, gzipped or not.

    At a pace, each file's first packet is due as soon as the file before it is through: what
    time passed between the files is left out.

    Args:
        paths: the files, in the order they are to be read; ``-`` is standard input.
        options: of these, the filter and the snaplen have a meaning here.
        speed: how many seconds of the capture go by in one second; None for full speed.
        loop: whether to begin again after the last file, for ever. The times of each round
            follow those of the one before. It ends if a round has no packet.
        clock: any steady clock, seconds.
        sleep: waits for some seconds.

    Raises:
        ValueError: there is no path, or the speed is not a number above 0.
    """

    live = False

    def __init__(
        self,
        paths: Sequence[str],
        options: CaptureOptions,
        *,
        speed: float | None = None,
        loop: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not paths:
            raise ValueError("no capture file is named")
        if speed is not None and not 0 < speed < math.inf:
            raise ValueError(f"the speed of a replay is {speed}: it must be above 0")
        self.name = ", ".join(_name(path) for path in paths)
        self._paths = tuple(paths)
        self._options = options
        self._pace = None if speed is None else Pace(speed)
        self._repeat = Repeat() if loop else None
        self._clock = clock
        self._sleep = sleep
        self._filter = OfflineFilter("")
        self._next = 0
        self._file: CaptureFile | None = None
        self._waiting: deque[PacketBatch] = deque()
        self._exhausted = False
        self._found_in_round = False
        self._complained: set[str] = set()
        self._total_bytes: int | None = None
        self._bytes_before = 0
        self._received = 0
        self._filtered_out = 0
        self._damaged = 0

    @property
    def ended(self) -> bool:
        """True once the last packet was read."""
        return self._exhausted and not self._waiting

    def open(self) -> None:
        """Compile the filter, and make sure that every file can be read and is a capture.

        Raises:
            InvalidFilter: libpcap refuses the filter.
            NotACapture: one of the files is none.
            CaptureError: one of the files cannot be read.
        """
        self._filter = OfflineFilter(self._options.filter)
        if self._paths.count(STANDARD_INPUT) > 1:
            raise CaptureError("standard input can be read only once")
        looped = self._repeat is not None
        sizes = [check_capture(path, again=looped) for path in self._paths]
        if not looped and None not in sizes:
            self._total_bytes = sum(size for size in sizes if size is not None)

    def leave_out(self, own: OwnTraffic) -> None:
        """Do nothing: what another kitchen sent, then, is what a capture is for."""

    def read(self, timeout: float) -> PacketBatch | None:
        """Take the next packets; see `PacketSource.read`.

        Raises:
            NotACapture, TruncatedCapture, CaptureError: what is wrong with a file, once for each.
        """
        deadline = self._clock() + timeout
        while not self.ended:
            if not self._waiting:
                self._fill(max(0.0, deadline - self._clock()))
            batch = self._take()
            if batch is not None:
                self._received += len(batch)
                return batch
            now = self._clock()
            if now >= deadline:
                break
            if self._waiting and self._pace:
                wait = self._pace.wait(int(self._waiting[0].times_ns[0]), now)
                self._sleep(min(max(wait, _GRAIN), deadline - now))
        return None

    def progress(self) -> Progress:
        """How much of the files was read so far."""
        file = self._file
        return Progress(self._bytes_before + (file.read_bytes if file else 0), self._total_bytes)

    def statistics(self) -> CaptureStatistics:
        """The packets of the files so far; files drop none.

        Once it has ended, what was received, filtered out and damaged is all that the files have,
        as often as a loop has read them.
        """
        return CaptureStatistics(
            received=self._received, filtered_out=self._filtered_out, damaged=self._damaged
        )

    def close(self) -> None:
        """Close what is open; harmless when done before."""
        self._exhausted = True
        self._waiting.clear()
        self._finish_file()

    def _take(self) -> PacketBatch | None:
        """Take of the packets that wait what is due."""
        if not self._waiting:
            return None
        batch = self._waiting.popleft()
        due = self._pace.due(batch.times_ns, self._clock()) if self._pace else len(batch)
        if due < len(batch):
            self._waiting.appendleft(batch[due:])
        return batch[:due] if due else None

    def _fill(self, timeout: float) -> None:
        """Read some more, to wait until it is due."""
        if self._file is None and not self._open_next():
            return
        file = self._file
        assert file is not None
        try:
            batches = file.read(timeout)
        except CaptureError as error:
            self._damaged += not isinstance(error, NotACapture)
            self._finish_file()
            if self._is_news(file.name):
                raise
            return
        if file.ended:
            self._finish_file()
        for batch in batches:
            wanted = self._filter.apply(batch, file.name)
            self._filtered_out += len(batch) - len(wanted)
            if len(wanted):
                self._waiting.append(self._adjusted(wanted))
                self._found_in_round = True

    def _open_next(self) -> bool:
        """Go on to the next file; return False if there is none."""
        if self._next == len(self._paths):
            if self._repeat is None or not self._found_in_round:
                self._exhausted = True
                return False
            self._repeat.next_round()
            self._found_in_round = False
            self._next = 0
        path = self._paths[self._next]
        self._next += 1
        if self._pace:
            self._pace.restart()
        try:
            self._file = CaptureFile(path)
        except CaptureError:
            if self._is_news(_name(path)):
                raise
            return False
        return True

    def _finish_file(self) -> None:
        if self._file:
            self._bytes_before += self._file.read_bytes
            self._file.close()
            self._file = None

    def _is_news(self, name: str) -> bool:
        """Whether an error of a file was not raised in an earlier round of a loop."""
        if name in self._complained:
            return False
        self._complained.add(name)
        return True

    def _adjusted(self, batch: PacketBatch) -> PacketBatch:
        """Cut packets off at the snaplen, and move their times to this round of a loop."""
        captured, times_ns = batch.captured_lengths, batch.times_ns
        if self._options.snaplen < defaults.SNAPLEN:
            captured = np.minimum(captured, self._options.snaplen)
        if self._repeat:
            times_ns = self._repeat.shifted(times_ns)
        return PacketBatch(
            batch.link_type,
            batch.buffer,
            batch.offsets,
            captured,
            batch.wire_lengths,
            times_ns,
            batch.interface,
        )


def _name(path: str) -> str:
    return "standard input" if path == STANDARD_INPUT else path
