"""The chefs in the box as they would be written with nothing but scapy: what ours are held against.

They do the least that tells the same: no dumpling is made or encoded of what they return, and
what they remember has no bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

# All that scapy loads by itself, as `from scapy.all import *` does.
import scapy.layers.all  # noqa: F401
from scapy.layers.dns import DNS
from scapy.layers.l2 import ARP
from scapy.packet import NoPayload, Packet

Handler = Callable[[Packet], Any]


def chefs_in_the_box() -> list[Handler]:
    """The three of them, one function each."""
    return [packet_count(), dns_lookup(), arp()]


def packet_count() -> Handler:
    """Count packets by layer."""
    counts: Counter[str] = Counter()

    def handle(packet: Packet) -> None:
        layer = packet
        while not isinstance(layer, NoPayload):
            counts[layer.name] += 1
            layer = layer.payload

    return handle


def dns_lookup() -> Handler:
    """Tell which names are looked up."""
    seen: dict[str, dict[str, Any]] = {}

    def handle(packet: Packet) -> dict[str, Any] | None:
        if not packet.haslayer(DNS):
            return None
        questions = packet[DNS].qd
        if not questions:
            return None
        name, when = questions[0].qname.decode().removesuffix("."), float(packet.time)
        count = seen[name]["count"] if name in seen else 0
        seen[name] = {"count": count + 1, "latest": when}
        return {"lookup": {"hostname": name, "when": when}}

    return handle


def arp() -> Handler:
    """Tell what ARP packets say."""
    hardware_of: dict[str, str] = {}

    def handle(packet: Packet) -> dict[str, Any] | None:
        if not packet.haslayer(ARP):
            return None
        said = packet[ARP]
        notes = None
        if said.op == 2:
            known = hardware_of.get(said.psrc)
            hardware_of[said.psrc] = said.hwsrc
            if known != said.hwsrc:
                notes = f"source device {'has new IP address' if known else 'is new'}"
        return {
            "operation": {1: "request", 2: "reply"}.get(said.op, said.op),
            "src_hw": said.hwsrc,
            "src_ip": said.psrc,
            "dst_hw": said.hwdst,
            "dst_ip": said.pdst,
            "time": float(packet.time),
            "notes": notes,
        }

    return handle


def old_dns() -> Handler:
    """What examples/old_chef.py does, in the words of today's scapy."""

    def handle(packet: Packet) -> dict[str, Any] | None:
        if not packet.haslayer("DNS"):
            return None
        questions = packet.getlayer("DNS").fields["qd"]
        return {"asked_for": questions[0].qname.decode("utf-8")} if questions else None

    return handle
