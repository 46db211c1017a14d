"""The packets a kitchen takes in, and the books that are kept of them."""

from __future__ import annotations

import threading

from ..capture import CaptureStatistics, PacketSource
from ..delivery import PacketLedger
from ..packets import PacketBatch


class PacketTally:
    """Counts what becomes of packets, for many at once; of one moment, whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = 0
        self._waiting = 0
        self._left = 0
        self.handled = 0

    def note_read(self, packets: int, in_all: int) -> None:
        """Packets were handed over by the source.

        Args:
            packets: how many.
            in_all: how many it says that it has handed over so far.
        """
        with self._lock:
            self._read = in_all
            self._waiting += packets

    def note_handled(self, packets: int) -> None:
        """So many packets have passed all chefs."""
        with self._lock:
            self._waiting -= packets
            self.handled += packets

    def note_left(self, packets: int) -> None:
        """So many packets will never be handled: the kitchen was stopped."""
        with self._lock:
            self._waiting -= packets
            self._left += packets

    def ledger(self, captured: CaptureStatistics) -> PacketLedger:
        """What became of the packets so far.

        Args:
            captured: what the source has counted; what it says of drops is taken from it.
        """
        with self._lock:
            return PacketLedger(
                received=self._read + captured.dropped_by_kernel,
                handled=self.handled,
                dropped_by_kernel=captured.dropped_by_kernel,
                dropped_by_kitchen=self._left,
                waiting=self._waiting,
                dropped_by_interface=captured.dropped_by_interface,
                filtered_out=captured.filtered_out,
                damaged=captured.damaged,
            )


class Intake:
    """Takes packets from a source, and notes it.

    The source counts what it hands out, and the tally what it was told of each batch: whether both
    come to the same, the ledger shows.

    Args:
        source: where the packets come from.
        tally: where to note them.

    Attributes:
        tally: as given.
    """

    def __init__(self, source: PacketSource, tally: PacketTally) -> None:
        self._source = source
        self.tally = tally
        self.statistics = source.statistics

    @property
    def ended(self) -> bool:
        """True once all there is was read; never for a live source."""
        return self._source.ended

    def read(self, timeout: float) -> PacketBatch | None:
        """Take the next packets; see `PacketSource.read`."""
        batch = self._source.read(timeout)
        if batch is not None:
            captured = self._source.statistics()
            self.tally.note_read(len(batch), captured.received - captured.dropped_by_kernel)
        return batch

    def ledger(self) -> PacketLedger:
        """What became of the packets so far."""
        return self.tally.ledger(self._source.statistics())
