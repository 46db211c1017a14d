"""What scapy says of packets, the plain way: what our quicker answers are held to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import TCP, UDP
from scapy.layers.l2 import ARP
from scapy.packet import NoPayload, Packet

from netdumplings.packets import ArpMessage, PacketBatch, dissect, layer_names
from netdumplings.packets.dns import LONGEST_NAME


def dns_message(payload: bytes, over_tcp: bool) -> tuple[bytes | None, bool]:
    """The first question's name, and whether the payload is one DNS layer and nothing else."""
    transport = TCP() if over_tcp else UDP()
    try:
        message = DNS(payload, _internal=1, _underlayer=transport)
    except Exception:
        return None, False
    return question_of(message), isinstance(message.payload, NoPayload)


def question_of(packet: Packet) -> bytes | None:
    """The name in the first question of a packet's DNS, if it has any."""
    questions = packet[DNS].qd if packet.haslayer(DNS) else None
    if not questions or not isinstance(questions[0], DNSQR):
        return None
    name: bytes = questions[0].qname
    return name


def questions(packets: PacketBatch) -> list[tuple[int, bytes]]:
    """As `netdumplings.packets.dns_questions`, from packets dissected one by one."""
    names = [(index, question_of(packet)) for index, packet in enumerate(_dissected(packets))]
    return [(index, name[:LONGEST_NAME]) for index, name in names if name is not None]


def arp_messages(packets: PacketBatch) -> list[ArpMessage]:
    """As `netdumplings.packets.arp_messages`, from packets dissected one by one."""
    return [
        ArpMessage(
            index, arp.op, _text(arp.hwsrc), _text(arp.psrc), _text(arp.hwdst), _text(arp.pdst)
        )
        for index, packet in enumerate(_dissected(packets))
        if packet.haslayer(ARP)
        for arp in [packet[ARP]]
    ]


def layer_counts(packets: PacketBatch) -> Counter[str]:
    """As `netdumplings.packets.count_layers`, packet by packet."""
    counts: Counter[str] = Counter()
    for index in range(len(packets)):
        counts.update(layer_names(packets.link_type, packets.data(index)))
    return counts


def _dissected(packets: PacketBatch) -> list[Packet]:
    return [
        dissect(packets.link_type, packets.data(index), time=0) for index in range(len(packets))
    ]


def _text(address: Any) -> str:
    return address.hex(":") if isinstance(address, bytes) else address
