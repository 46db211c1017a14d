"""What every source of packets is to those who use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .. import defaults

if TYPE_CHECKING:
    from ..packets import PacketBatch
    from .own_traffic import OwnTraffic


class CaptureStatistics(NamedTuple):
    """What a source has seen so far, a snapshot.

    Attributes:
        received: packets that passed the filter: those that were read, and those that the kernel
            dropped. (What pcap_stats(3PCAP) counts under this name depends on the system, and on
            Linux has each packet of the loopback interface twice.)
        dropped_by_kernel: packets that passed the filter and found the kernel's buffer full.
        dropped_by_interface: packets the interface itself dropped, before any filter; 0 where the
            system does not tell.
        filtered_out: packets of capture files that did not pass the filter. Live, it is the kernel
            that filters, and nobody counts them: 0.
        damaged: records of capture files that could not be read: one for each time that a file
            broke off. What it had behind that, nobody can know.
    """

    received: int = 0
    dropped_by_kernel: int = 0
    dropped_by_interface: int = 0
    filtered_out: int = 0
    damaged: int = 0


class Progress(NamedTuple):
    """How much of what is to be replayed was read.

    Attributes:
        read_bytes: bytes read so far, as they lie on the disk (compressed, if they are).
        total_bytes: bytes there are in all; None where nobody can know (a pipe, a loop).
    """

    read_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class CaptureOptions:
    """How to capture.

    Attributes:
        filter: which packets are wanted, in pcap-filter(7) language; an empty one wants all.
        snaplen: bytes kept of each packet.
        promiscuous: whether an interface also takes in what is not addressed to this host.
        buffer_size: bytes of kernel buffer for each interface.
        immediate: whether the kernel hands over every packet at once. Else it may hold packets
            back for up to a tenth of a second, to hand over many together, which takes less time
            for each.
    """

    filter: str = defaults.PACKET_FILTER
    snaplen: int = defaults.SNAPLEN
    promiscuous: bool = True
    buffer_size: int = defaults.CAPTURE_BUFFER
    immediate: bool = False

    def __post_init__(self) -> None:
        for name in ("snaplen", "buffer_size"):
            # Both are a C int in libpcap.
            if not 0 < getattr(self, name) < 1 << 31:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be 1 to 2147483647")


class PacketSource(Protocol):
    """Where packets come from: live interfaces, or capture files.

    One thread opens, reads and closes it; `statistics` and `progress` may be asked from any.

    Attributes:
        name: for log lines: ``eth0, eth1``, ``all``, ``a.pcap, standard input``.
        live: True if paced by the wall clock; False for a replay, which has a clock of its own,
            that of its packets' times.
    """

    name: str
    live: bool

    @property
    def ended(self) -> bool:
        """True once all there is was read; never for a live source."""
        ...

    def open(self) -> None:
        """Make ready to read.

        Raises:
            CaptureError: there are no packets to be had from it. Nothing stays open.
        """
        ...

    def leave_out(self, own: OwnTraffic) -> None:
        """Do without some packets from now on; before it is opened. A replay has none of them."""
        ...

    def read(self, timeout: float) -> PacketBatch | None:
        """Take the next packets.

        Args:
            timeout: how long to wait for some, seconds; 0 does not wait.

        Returns:
            a batch with at least one packet, or None if none came in that time.

        Raises:
            CaptureError: something is wrong with a part of the source (a capture file is
                truncated). It is raised once; read again to go on with what comes after.
        """
        ...

    def progress(self) -> Progress | None:
        """How much was read so far; None for a live source."""
        ...

    def statistics(self) -> CaptureStatistics:
        """What was seen so far."""
        ...

    def close(self) -> None:
        """Let go of everything; harmless when it was done before."""
        ...
