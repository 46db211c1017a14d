"""The packets a kitchen takes in, and the books that are kept of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import defaults
from ..capture import CaptureStatistics, PacketSource
from ..delivery import PacketLedger
from ..packets import PacketBatch
from ..packets.traffic import count_traffic


class Traffic(NamedTuple):
    """How much was handled: a snapshot.

    Attributes:
        bytes: of all packets, on the wire.
        layers: packets and bytes of each of `TRAFFIC_LAYERS` that there were any of.
        newest: when the packet was captured that was handled last, seconds since the epoch; None
            before there was one.
        handled_at: when it was handled, likewise.
    """

    bytes: int
    layers: dict[str, tuple[int, int]]
    newest: float | None
    handled_at: float

    def behind(self, now: float, *, waiting: bool) -> float | None:
        """Say by how many seconds whoever handles live packets is behind them.

        Args:
            now: seconds since the epoch.
            waiting: whether there are packets that were not handled yet.
        """
        if self.newest is None:
            return None
        # (Clocks are set now and then.)
        return max(0.0, (now if waiting else self.handled_at) - self.newest)


class PacketTally:
    """Counts what becomes of packets, for many at once; of one moment, whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = 0
        self._waiting = 0
        self._left = 0
        self._traffic = np.zeros((len(defaults.TRAFFIC_LAYERS), 2), np.int64)
        self._bytes = 0
        self._newest_ns: int | None = None
        self._handled_at = 0.0
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

    def note_traffic(self, batch: PacketBatch) -> None:
        """These are the packets that were handled: more is known of them than how many."""
        if not len(batch):
            return
        counts = count_traffic(batch)
        size, newest = int(batch.wire_lengths.sum()), int(batch.times_ns[-1])
        with self._lock:
            self._traffic += counts
            self._bytes += size
            self._newest_ns = newest
            self._handled_at = time.time()

    def traffic(self) -> Traffic:
        """How much was handled so far; of packets that take a while, those of whole batches."""
        with self._lock:
            counts, size = self._traffic.tolist(), self._bytes
            newest, handled_at = self._newest_ns, self._handled_at
        layers = {
            name: (packets, bytes_)
            for name, (packets, bytes_) in zip(defaults.TRAFFIC_LAYERS, counts, strict=True)
            if packets
        }
        return Traffic(size, layers, None if newest is None else newest / 1e9, handled_at)

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
        keep: keeps each batch besides; None if nobody does.

    Attributes:
        tally: as given.
    """

    def __init__(
        self,
        source: PacketSource,
        tally: PacketTally,
        keep: Callable[[PacketBatch], object] | None = None,
    ) -> None:
        self._source = source
        self._keep = keep
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
            if self._keep is not None:
                self._keep(batch)
        return batch

    def ledger(self) -> PacketLedger:
        """What became of the packets so far."""
        return self.tally.ledger(self._source.statistics())
