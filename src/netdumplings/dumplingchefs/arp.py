"""Tells who asks for whose hardware address, and who answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..chef import DumplingChef
from ..packets import PacketBatch, arp_messages
from .recent import RecentDict

#: RFC 826; the other operations, of RARP and the like, keep their number.
OPERATIONS = {1: "request", 2: "reply"}
REPLY = 2
#: IP addresses remembered: a /16 network full of devices.
DEVICES = 65_536
#: Characters remembered of an address. A hostile packet's may have 764; 20 bytes, as InfiniBand's
#: have, take 59.
ADDRESS = 64


class ARPChef(DumplingChef):
    """Tells what ARP packets say, and marks replies that say something new.

    Per ARP packet: ``{"operation": "request" | "reply" | number, "src_hw": ..., "src_ip": ...,
    "dst_hw": ..., "dst_ip": ..., "time": epoch seconds, "notes": ...}``. ``notes`` is
    ``"source device is new"`` for the first reply from an IP address, ``"source device has new
    IP address"`` for a reply whose hardware address is not the one last seen with that IP
    address, and otherwise null.

    It remembers the 65536 IP addresses that replied latest, in some 26 MiB at most. Once others had
    to make way, and may be called new again, ``"devices_forgotten"`` says how many times one did.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hardware_of: RecentDict[str, str] = RecentDict(DEVICES)

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell what the ARP packets say."""
        for arp in arp_messages(packets):
            notes = self._notes(arp.src_ip, arp.src_hw) if arp.operation == REPLY else None
            told = {
                "operation": OPERATIONS.get(arp.operation, arp.operation),
                "src_hw": arp.src_hw,
                "src_ip": arp.src_ip,
                "dst_hw": arp.dst_hw,
                "dst_ip": arp.dst_ip,
                "time": int(packets.times_ns[arp.place]) / 1e9,
                "notes": notes,
            }
            if self._hardware_of.forgotten:
                told["devices_forgotten"] = self._hardware_of.forgotten
            yield told

    def _notes(self, src_ip: str, src_hw: str) -> str | None:
        src_ip, src_hw = src_ip[:ADDRESS], src_hw[:ADDRESS]
        known = self._hardware_of.get(src_ip)
        self._hardware_of[src_ip] = src_hw
        if known is None:
            return "source device is new"
        return "source device has new IP address" if known != src_hw else None
