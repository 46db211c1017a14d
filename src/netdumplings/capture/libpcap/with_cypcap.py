"""libpcap by way of cypcap, which carries its own libpcap 1.10."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from typing import Any

import cypcap
import numpy as np
import numpy.typing as npt

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
from .swapping import can_swap, swap

_DENIED = (cypcap.ErrorCode.PERM_DENIED, cypcap.ErrorCode.PROMISC_PERM_DENIED)


class CypcapHandle:
    """An interface that is being sniffed on; a `Handle`."""

    def __init__(self, pcap: Any, interface: str) -> None:
        self.link_type = link_type_of(int(pcap.datalink()))
        try:
            self.descriptor = pcap.get_selectable_fd()
        except (AttributeError, cypcap.Error):  # Windows
            self.descriptor = None
        self._pcap = pcap
        self._interface = interface
        self._drops = Drops()

    def read(self, max_packets: int) -> PacketBatch | None:
        """Take the packets that are there, without waiting; see `Handle`."""
        headers, packets = dispatched(self._pcap, max_packets, cypcap.Error, _reason)
        if not packets:
            return None
        # libpcap's microseconds, of which a float of seconds holds all. (Its nanoseconds would
        # be of no use: cypcap 0.6.3 makes seconds of them as if they were microseconds.)
        seconds = np.array([header.ts for header in headers])
        times_ns = np.rint(seconds * 1e6).astype(np.int64) * 1000
        wire_lengths = [header.len for header in headers]
        return assemble(self.link_type, self._interface, packets, wire_lengths, times_ns)

    def set_filter(self, expression: str, *, at_work: bool = False) -> None:
        """Let through what matches; see `Handle`."""
        # Left to find the netmask by itself, cypcap 0.6.3 prints it on standard output.
        netmask = _netmask(self._interface)
        try:
            if at_work and self.descriptor is not None and can_swap(self.link_type):
                program = self._pcap.compile(expression, optimize=True, netmask=netmask)
                if swap(self.descriptor, program):
                    return
            self._pcap.setfilter(expression, netmask=netmask)
        except cypcap.Error as error:
            raise InvalidFilter(expression, f"{_reason(error)} (on {self._interface})") from None

    def drops(self) -> Drops:
        """How many packets were lost since it was opened."""
        with suppress(cypcap.Error):  # where there is no counting any more, the last count holds
            counts = self._pcap.stats()
            self._drops = Drops(counts.drop, counts.ifdrop)
        return self._drops

    def close(self) -> None:
        """Let go of it; once."""
        self._pcap.close()


class CypcapLibrary:
    """libpcap, by way of cypcap; a `Library`."""

    name = "cypcap"

    def open(self, interface: str, options: CaptureOptions) -> Handle:
        """Begin to sniff; see `Library`."""
        check_text(options.filter)
        try:
            pcap = cypcap.create(interface)
        except cypcap.Error as error:
            raise CaptureError(f"cannot sniff on {interface}: {_reason(error)}") from None
        try:
            pcap.set_snaplen(options.snaplen)
            pcap.set_promisc(options.promiscuous)
            pcap.set_buffer_size(options.buffer_size)
            pcap.set_timeout(SHORT_PACKET_TIMEOUT if options.immediate else PACKET_TIMEOUT)
            if options.immediate and sys.platform != "linux":
                pcap.set_immediate_mode(True)
            with warnings.catch_warnings():
                # An interface that knows no promiscuous mode (`any`) is worth no warning.
                warnings.simplefilter("ignore", cypcap.Warning)
                pcap.activate()
            pcap.setnonblock(True)
        except cypcap.Error as error:
            pcap.close()
            raise _translated(error, interface) from None
        handle = CypcapHandle(pcap, interface)
        try:
            handle.set_filter(options.filter)
        except InvalidFilter:
            handle.close()
            raise
        return handle

    def compile(self, dlt: int, expression: str) -> PacketTest:
        """Compile a filter; see `Library`."""
        check_text(expression)
        try:
            program = cypcap.compile(dlt, 262_144, expression, True, NO_NETMASK)
        except (cypcap.Error, ValueError) as error:
            raise InvalidFilter(expression, _reason(error)) from None

        def test(batch: PacketBatch) -> npt.NDArray[np.bool_]:
            buffer = batch.buffer
            matches = program.offline_filter
            header = cypcap.Pkthdr()
            results = []
            for start, captured, wire in zip(
                batch.offsets.tolist(),
                batch.captured_lengths.tolist(),
                batch.wire_lengths.tolist(),
                strict=True,
            ):
                header.caplen = captured
                header.len = wire
                results.append(matches(header, buffer[start : start + captured]))
            return np.array(results, np.bool_)

        return test

    def interfaces(self) -> list[str]:
        """The names of all that libpcap can sniff on."""
        return [device.name for device in cypcap.findalldevs()]


def _translated(error: Any, interface: str) -> CaptureError:
    code = error.args[0]
    if code == cypcap.ErrorCode.NO_SUCH_DEVICE:
        return InterfaceGone(interface)
    if code == cypcap.ErrorCode.IFACE_NOT_UP:
        return InterfaceDown(interface)
    if code in _DENIED:
        return NotPermitted(interface)
    return CaptureError(f"cannot sniff on {interface}: {_reason(error)}")


def _netmask(interface: str) -> int:
    """The IPv4 netmask of an interface, as pcap_compile(3PCAP) wants it."""
    try:
        _network, netmask = cypcap.lookupnet(interface)
    except cypcap.Error:  # it has no address
        return NO_NETMASK
    return int(netmask)


def _reason(error: Exception) -> str:
    """The words of libpcap itself, the last of what the exception was made with."""
    return str(error.args[-1])
