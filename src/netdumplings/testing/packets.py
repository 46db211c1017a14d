"""Batches of whatever a test has for packets: scapy's, bytes, batches, capture files."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from ..capture import CaptureOptions, CaptureStatistics, PacketSource, file_source, offline_filter
from ..packets import PacketBatch

if TYPE_CHECKING:
    from ..capture.own_traffic import OwnTraffic
    from ..packets import Packet

PathLike = str | os.PathLike[str]
#: What a test may have for packets. (Those of scapy, which has no type hints, are not named.)
Packets = PacketBatch | bytes | PathLike | Iterable[Any]

#: When the first packet of a test comes by if nothing else is said, seconds since the epoch:
#: 2020-09-13T12:26:40Z.
START: Final = 1_600_000_000.0
#: Seconds between two packets of which nobody says when they came.
EVERY: Final = 0.001
_SECOND: Final = 1_000_000_000
_ETHERNET: Final = 1


def packet_batch(
    packets: Packet | bytes | Iterable[Packet | bytes],
    *,
    start: float = START,
    every: float | None = None,
    times: Iterable[float] | None = None,
    link_type: int | None = None,
    interface: str | None = None,
) -> PacketBatch:
    """Make a batch of packets that come when the test says.

    Args:
        packets: scapy packets, or the bytes of some; several or just one.
        start: when the first one comes, seconds since the epoch.
        every: how many seconds later each of the others comes. None leaves scapy packets the times
            that they have (those that a test makes: when it made them), and has a millisecond
            between bytes.
        times: when each one comes, seconds since the epoch, in place of ``start`` and ``every``.
        link_type: what the packets begin with, a ``LINKTYPE_`` value of the registry at
            tcpdump.org; None for that of scapy's first layer, and for Ethernet, 1, of bytes.
        interface: the name of the interface that they came through.

    Raises:
        ValueError: the packets begin with different layers, or with none that begins a packet, or
            there are more or fewer times than packets.
    """
    given = _several(packets)
    if link_type is None:
        found = {_link_type(packet) for packet in given}
        if len(found) > 1:
            raise ValueError(f"packets of one batch have one link type, not {sorted(found)}")
        link_type = found.pop() if found else _ETHERNET
    if times is not None:
        moments = [round(time * _SECOND) for time in times]
        if len(moments) != len(given):
            raise ValueError(f"there are {len(given)} packets, and times of {len(moments)}")
    else:
        moments = [_time_ns(packet, n, start, every) for n, packet in enumerate(given)]
    records = [
        (moment, getattr(packet, "wirelen", None) or len(data), data)
        for moment, packet in zip(moments, given, strict=True)
        for data in [bytes(packet)]
    ]
    return PacketBatch.from_records(link_type, records, interface)


def batches(packets: Any) -> Iterator[PacketBatch]:
    """Make batches of anything that `run_chef` takes for packets, but a capture file.

    Packets of different link types, or of different interfaces, are in batches of their own; so
    are batches that were given.

    Raises:
        ValueError: as of `packet_batch`.
        TypeError: it is nothing of the kind.
    """
    for kind, group in groupby(enumerate(_several(packets)), key=lambda each: _kind(each[1])):
        if kind is None:
            yield from (batch for _, batch in group)
            continue
        numbered = list(group)
        link_type, interface = kind
        yield packet_batch(
            [packet for _, packet in numbered],
            start=START + numbered[0][0] * EVERY,
            link_type=link_type,
            interface=interface,
        )


def _paths(packets: Any) -> list[str]:
    """The capture files that packets are in; none if they are not."""
    given = packets if isinstance(packets, list | tuple) else [packets]
    return [os.fspath(path) for path in given] if given and all(map(_is_path, given)) else []


def _is_path(given: Any) -> bool:
    return isinstance(given, str | os.PathLike)


def source_of(packets: Any, packet_filter: str = "", batch_size: int | None = None) -> PacketSource:
    """Make a source of anything that `run_chef` takes for packets.

    Args:
        packets: the packets.
        packet_filter: which of them are wanted, in pcap-filter(7) language.
        batch_size: how many packets a batch may have; None for as many as there are.

    Raises:
        ValueError, TypeError: as of `batches`.
        InvalidFilter: libpcap refuses the filter.
    """
    if paths := _paths(packets):
        file = file_source(paths, CaptureOptions(filter=packet_filter))
        return file if batch_size is None else _Bites(file, batch_size)
    fed = FedSource(packet_filter)
    for batch in batches(packets):
        fed.feed(batch)
    fed.end()
    return fed if batch_size is None else _Bites(fed, batch_size)


class FedSource:
    """A `PacketSource` of what it is fed, from any thread, until it is told that this was all.

    Like a replay, it has the clock of its packets.

    Args:
        packet_filter: which packets are wanted, in pcap-filter(7) language.

    Raises:
        InvalidFilter: libpcap refuses the filter.
    """

    live = False
    name = "packets of a test"

    def __init__(self, packet_filter: str = "") -> None:
        self._filter = offline_filter(packet_filter)
        self._changed = threading.Condition()
        self._waiting: deque[PacketBatch] = deque()
        self._received = self._filtered_out = 0
        self._all_there = False

    def feed(self, batch: PacketBatch) -> None:
        """Have a batch read soon."""
        wanted = self._filter.apply(batch, self.name)
        with self._changed:
            self._filtered_out += len(batch) - len(wanted)
            if len(wanted):
                self._waiting.append(wanted)
            self._changed.notify()

    def end(self) -> None:
        """Say that there is no more to come."""
        with self._changed:
            self._all_there = True
            self._changed.notify()

    @property
    def ended(self) -> bool:
        """True once all that was fed was read, and there is no more to come."""
        return self._all_there and not self._waiting

    def open(self) -> None:
        """Do nothing: there is nothing to open."""

    def leave_out(self, own: OwnTraffic) -> None:
        """Do nothing: a test feeds what it means to."""

    def read(self, timeout: float) -> PacketBatch | None:
        """Take the next packets; see `PacketSource.read`."""
        with self._changed:
            if not self._waiting and not self._all_there:
                self._changed.wait(timeout)
            if not self._waiting:
                return None
            batch = self._waiting.popleft()
            self._received += len(batch)
            return batch

    def progress(self) -> None:
        """Nobody knows."""

    def statistics(self) -> CaptureStatistics:
        """What was read so far."""
        return CaptureStatistics(received=self._received, filtered_out=self._filtered_out)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class _Bites:
    """A source of the packets of another one, in batches of no more than so many."""

    live = False

    def __init__(self, source: PacketSource, size: int) -> None:
        if size < 1:
            raise ValueError(f"a batch has one packet at least, not {size}")
        self._source = source
        self._size = size
        self._rest: PacketBatch | None = None
        self.name = source.name
        self.open = source.open
        self.leave_out = source.leave_out
        self.progress = source.progress
        self.close = source.close

    @property
    def ended(self) -> bool:
        return self._rest is None and self._source.ended

    def read(self, timeout: float) -> PacketBatch | None:
        batch = self._rest or self._source.read(timeout)
        self._rest = None
        if batch is not None and len(batch) > self._size:
            batch, self._rest = batch[: self._size], batch[self._size :]
        return batch

    def statistics(self) -> CaptureStatistics:
        counted = self._source.statistics()
        return counted._replace(received=counted.received - len(self._rest or ()))


def _several(packets: Any) -> list[Any]:
    """A list of what may be one or several."""
    if isinstance(packets, PacketBatch | bytes | bytearray | memoryview) or _is_packet(packets):
        return [packets]
    if _is_path(packets) or not isinstance(packets, Iterable):
        raise TypeError(f"a test's packets are scapy's, bytes or batches, not {packets!r:.80}")
    return list(packets)


def _is_packet(value: Any) -> bool:
    from ..packets import Packet

    return isinstance(value, Packet)


def _kind(packet: Any) -> tuple[int, str | None] | None:
    """What packets of one batch have in common; None for what is a batch."""
    if isinstance(packet, PacketBatch):
        return None
    interface = getattr(packet, "sniffed_on", None)
    return _link_type(packet), None if interface is None else str(interface)


def _link_type(packet: Any) -> int:
    if isinstance(packet, bytes | bytearray | memoryview):
        return _ETHERNET
    if not _is_packet(packet):
        raise TypeError(f"a packet of a test is scapy's, or bytes, not {packet!r:.80}")
    from ..packets.dissection import link_type_of

    link_type: int | None = link_type_of(packet)
    if link_type is None:
        raise ValueError(
            f"nobody knows on which kind of link a packet begins with {packet.name}: give its "
            "link type (packet_batch has an argument for it), or put Ether() before it"
        )
    return link_type


def _time_ns(packet: Any, number: int, start: float, every: float | None) -> int:
    time = getattr(packet, "time", None)
    if every is not None or time is None:
        gap = EVERY if every is None else every
        return round(start * _SECOND) + number * round(gap * _SECOND)
    moment: int = round(time * _SECOND)
    return moment
