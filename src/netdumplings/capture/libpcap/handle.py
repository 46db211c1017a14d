"""What is asked of a Python library around libpcap; two adapters give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ...exceptions import CaptureError, InvalidFilter
from ...packets import PacketBatch
from ..source import CaptureOptions

#: How long the kernel may hold a packet back, waiting for more to hand over with it, seconds.
PACKET_TIMEOUT: Final = 0.1

#: The same where packets are wanted at once. Linux has no need of pcap_set_immediate_mode(3PCAP),
#: with which it keeps a slot of `snaplen` bytes for every packet, however short: a buffer of 16 MiB
#: then holds 64 packets. With a timeout, even a short one, it holds as many as there is room for.
SHORT_PACKET_TIMEOUT: Final = 0.005

#: What pcap_compile(3PCAP) is told the network's mask is, where there is no network. tcpdump does
#: the same: with it, `ip broadcast` means 255.255.255.255, and not a refusal.
NO_NETMASK: Final = 0

#: Tells for each packet of a batch whether a compiled filter lets it through.
PacketTest = Callable[[PacketBatch], npt.NDArray[np.bool_]]


class InterfaceGone(CaptureError):
    """There is no interface of that name, or not any more.

    Attributes:
        interface: its name.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        super().__init__(f"there is no interface {interface}")


class InterfaceDown(CaptureError):
    """An interface is there, but down.

    Attributes:
        interface: its name.
    """

    def __init__(self, interface: str) -> None:
        self.interface = interface
        super().__init__(f"the interface {interface} is down")


class Drops(NamedTuple):
    """Packets that libpcap knows to be lost.

    Attributes:
        by_kernel: that passed the filter and found the kernel's buffer full.
        by_interface: that the interface itself dropped.
    """

    by_kernel: int = 0
    by_interface: int = 0


class Handle(Protocol):
    """An interface that is being sniffed on.

    Attributes:
        link_type: what its packets begin with, a LINKTYPE_ value.
        descriptor: a file descriptor that becomes readable when there are packets; None where
            the system has no such thing.
    """

    link_type: int
    descriptor: int | None

    def read(self, max_packets: int) -> PacketBatch | None:
        """Take the packets that are there, without waiting.

        Returns:
            at most so many; None if there are none.

        Raises:
            CaptureError: the interface went down, or away.
        """
        ...

    def set_filter(self, expression: str, *, at_work: bool = False) -> None:
        """Let through what matches.

        Args:
            expression: in pcap-filter(7) language; empty for everything.
            at_work: whether packets are being read: then those that match both this filter and the
                one before are not to be lost, if that can be done. Else those that came already
                are to be left out if they do not match.

        Raises:
            InvalidFilter: libpcap refuses it.
        """
        ...

    def drops(self) -> Drops:
        """How many packets were lost since it was opened."""
        ...

    def close(self) -> None:
        """Let go of it; once."""
        ...


class Library(Protocol):
    """A Python library around libpcap.

    Attributes:
        name: the package's name.
    """

    name: str

    def open(self, interface: str, options: CaptureOptions) -> Handle:
        """Begin to sniff.

        Raises:
            InterfaceGone, InterfaceDown, NotPermitted, InvalidFilter: as their names say.
            CaptureError: it cannot be done for another reason.
        """
        ...

    def compile(self, dlt: int, expression: str) -> PacketTest:
        """Compile a filter.

        Args:
            dlt: the link type that it is for, a DLT_ value.
            expression: in pcap-filter(7) language.

        Raises:
            InvalidFilter: libpcap refuses it.
        """
        ...

    def interfaces(self) -> list[str]:
        """The names of all that libpcap can sniff on."""
        ...


def dispatched(
    pcap: Any, max_packets: int, failure: type[Exception], reason: Callable[[Any], str]
) -> tuple[list[Any], list[bytes]]:
    """Take the packets that are there from a library's handle, without waiting.

    Args:
        pcap: the handle, which does not block.
        max_packets: how many packets to take at most.
        failure: what the library raises.
        reason: tells in words what it raised.

    Returns:
        the library's header of each packet, and the bytes of each.

    Raises:
        CaptureError: it failed, with no packets in hand. With some, those are not lost: the
            failure comes again, or did no harm.
    """
    headers: list[Any] = []
    packets: list[bytes] = []

    def keep(header: Any, data: bytes) -> None:
        headers.append(header)
        packets.append(data)

    try:
        pcap.dispatch(max_packets, keep)
    except failure as error:
        if not packets:
            raise CaptureError(reason(error)) from None
    return headers, packets


def assemble(
    link_type: int,
    interface: str,
    packets: Sequence[bytes],
    wire_lengths: Sequence[int],
    times_ns: npt.NDArray[np.int64],
) -> PacketBatch:
    """Make a batch of packets that came one by one."""
    captured = np.fromiter(map(len, packets), np.int64, len(packets))
    return PacketBatch(
        link_type,
        b"".join(packets),
        np.cumsum(captured) - captured,
        captured,
        np.array(wire_lengths, np.int64),
        times_ns,
        interface,
    )


def check_text(expression: str) -> None:
    """Refuse a filter that cannot be handed to C as it is.

    Raises:
        InvalidFilter: it has a NUL, which would end it there, or is not Unicode.
    """
    if "\0" in expression:
        raise InvalidFilter(expression, "it has a NUL in it")
    try:
        expression.encode()
    except UnicodeEncodeError:
        raise InvalidFilter(expression, "it is not Unicode text") from None
