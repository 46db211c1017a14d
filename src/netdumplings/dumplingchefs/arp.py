"""Tells who asks for whose hardware address, and who answers."""

from __future__ import annotations

from typing import Any

from scapy.layers.l2 import ARP

from ..chef import DumplingChef
from ..packets import Packet
from .recent import RecentDict

#: RFC 826; the other operations, of RARP and the like, keep their number.
OPERATIONS = {1: "request", 2: "reply"}
REPLY = 2
#: IP addresses remembered: a /16 network full of devices.
DEVICES = 65_536


class ARPChef(DumplingChef):
    """Tells what ARP packets say, and marks replies that say something new.

    Per ARP packet: ``{"operation": "request" | "reply" | number, "src_hw": ..., "src_ip": ...,
    "dst_hw": ..., "dst_ip": ..., "time": epoch seconds, "notes": ...}``. ``notes`` is
    ``"source device is new"`` for the first reply from an IP address, ``"source device has new
    IP address"`` for a reply whose hardware address is not the one last seen with that IP
    address, and otherwise null.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hardware_of: RecentDict[str, str] = RecentDict(DEVICES)

    def packet_handler(self, packet: Packet) -> dict[str, Any] | None:
        """Tell what an ARP packet says."""
        if not packet.haslayer(ARP):
            return None
        arp = packet[ARP]
        src_hw, src_ip = _address(arp.hwsrc), _address(arp.psrc)
        return {
            "operation": OPERATIONS.get(arp.op, arp.op),
            "src_hw": src_hw,
            "src_ip": src_ip,
            "dst_hw": _address(arp.hwdst),
            "dst_ip": _address(arp.pdst),
            "time": float(packet.time),
            "notes": self._notes(src_ip, src_hw) if arp.op == REPLY else None,
        }

    def _notes(self, src_ip: str, src_hw: str) -> str | None:
        known = self._hardware_of.get(src_ip)
        self._hardware_of[src_ip] = src_hw
        if known is None:
            return "source device is new"
        return "source device has new IP address" if known != src_hw else None


def _address(value: str | bytes) -> str:
    """An address as text: scapy leaves one of a kind it does not know as bytes."""
    return value.hex(":") if isinstance(value, bytes) else value
