"""libpcap by way of pcapy-ng, which carries libpcap 1.9: for machines that cypcap has no wheel for.

Two things are less than with cypcap: a filter on lengths (``greater 100``), applied to a file,
looks at the bytes there are of a packet and not at its length on the wire; and what else can be
wrong with an interface comes without libpcap's words for it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pcapy

from ...exceptions import CaptureError, InvalidFilter, NotPermitted
from ...packets import PacketBatch
from ..linktypes import link_type_of
from ..source import CaptureOptions
from .handle import (
    NO_NETMASK,
    PACKET_TIMEOUT,
    SHORT_PACKET_TIMEOUT,
    Drops,
    Handle,
    InterfaceDown,
    InterfaceGone,
    PacketTest,
    assemble,
    check_text,
    dispatched,
)

# What pcap_activate(3PCAP) returns.
_NO_SUCH_DEVICE: Final = -5
_PERM_DENIED: Final = -8
_IFACE_NOT_UP: Final = -9
_PROMISC_PERM_DENIED: Final = -11


class PcapyHandle:
    """An interface that is being sniffed on; a `Handle`."""

    def __init__(self, pcap: Any, interface: str) -> None:
        self.link_type = link_type_of(pcap.datalink())
        descriptor = pcap.getfd()
        self.descriptor = descriptor if descriptor >= 0 else None
        self._pcap = pcap
        self._interface = interface
        self._drops = Drops()

    def read(self, max_packets: int) -> PacketBatch | None:
        """Take the packets that are there, without waiting; see `Handle`."""
        # `next_batch` is faster, but says nothing of the lengths on the wire.
        headers, packets = dispatched(self._pcap, max_packets, pcapy.PcapError, str)
        if not packets:
            return None
        stamps = np.array([header.getts() for header in headers], np.int64)
        times_ns = stamps[:, 0] * 1_000_000_000 + stamps[:, 1] * 1000
        wire_lengths = [header.getlen() for header in headers]
        return assemble(self.link_type, self._interface, packets, wire_lengths, times_ns)

    def set_filter(
        self,
        expression: str,
        *,
        at_work: bool = False,  # noqa: ARG002 - it has no programs to be had
    ) -> None:
        """Let through what matches; see `Handle`."""
        try:
            self._pcap.setfilter(expression)
        except pcapy.PcapError as error:
            raise InvalidFilter(expression, f"{error} (on {self._interface})") from None

    def drops(self) -> Drops:
        """How many packets were lost since it was opened."""
        with suppress(pcapy.PcapError):  # where there is no counting any more, the last count holds
            _received, *drops = self._pcap.stats()
            self._drops = Drops(*drops)
        return self._drops

    def close(self) -> None:
        """Let go of it; once."""
        self._pcap.close()


class PcapyLibrary:
    """libpcap, by way of pcapy-ng; a `Library`."""

    name = "pcapy-ng"

    def open(self, interface: str, options: CaptureOptions) -> Handle:
        """Begin to sniff; see `Library`."""
        check_text(options.filter)
        try:
            pcap = pcapy.create(interface)
            pcap.set_snaplen(options.snaplen)
            pcap.set_promisc(options.promiscuous)
            pcap.set_buffer_size(options.buffer_size)
            timeout = SHORT_PACKET_TIMEOUT if options.immediate else PACKET_TIMEOUT
            pcap.set_timeout(round(timeout * 1000))
            status = pcap.activate()
        except pcapy.PcapError as error:
            raise CaptureError(f"cannot sniff on {interface}: {error}") from None
        if status < 0:  # what is above is a warning
            pcap.close()
            raise _error(status, interface)
        handle = PcapyHandle(pcap, interface)
        try:
            pcap.setnonblock(True)
            handle.set_filter(options.filter)
        except pcapy.PcapError as error:
            handle.close()
            raise CaptureError(f"cannot sniff on {interface}: {error}") from None
        except InvalidFilter:
            handle.close()
            raise
        return handle

    def compile(self, dlt: int, expression: str) -> PacketTest:
        """Compile a filter; see `Library`."""
        check_text(expression)
        try:
            program = pcapy.compile(dlt, 262_144, expression, 1, NO_NETMASK)
        except (pcapy.PcapError, ValueError) as error:
            raise InvalidFilter(expression, str(error)) from None

        def test(batch: PacketBatch) -> npt.NDArray[np.bool_]:
            buffer = batch.buffer
            matches = program.filter
            ends = (batch.offsets + batch.captured_lengths).tolist()
            return np.array(
                [
                    matches(buffer[start:end]) != 0
                    for start, end in zip(batch.offsets.tolist(), ends, strict=True)
                ],
                np.bool_,
            )

        return test

    def interfaces(self) -> list[str]:
        """The names of all that libpcap can sniff on."""
        try:
            return list(pcapy.findalldevs())
        except pcapy.PcapError:
            return []


def _error(status: int, interface: str) -> CaptureError:
    if status == _NO_SUCH_DEVICE:
        return InterfaceGone(interface)
    if status == _IFACE_NOT_UP:
        return InterfaceDown(interface)
    if status in (_PERM_DENIED, _PROMISC_PERM_DENIED):
        return NotPermitted(interface)
    return CaptureError(f"cannot sniff on {interface}: libpcap gives status {status}")
