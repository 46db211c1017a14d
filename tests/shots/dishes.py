"""What real chefs make of a made-up capture: dumplings that are always the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Final

from scapy.layers.inet import IP, TCP

from netdumplings import Dumpling, DumplingChef, DumplingKitchen
from netdumplings.capture import write_pcap
from netdumplings.dumplingchefs import ARPChef, DNSLookupChef, PacketCountChef
from netdumplings.packets.sample import DURATION, sample_packets

from .fleet import NOW

#: The hardware address of whoever takes another's IP address, at the end.
THIEF: Final = "00:00:5e:00:53:ee"


class ConnectionChef(DumplingChef):
    """Somebody's own: tells of the connections that are opened, and of how many."""

    packet_filter = "tcp[tcpflags] & tcp-syn != 0"
    count = 0

    def packet_handler(self, packet):
        self.count += 1
        ip, tcp = packet[IP], packet[TCP]
        return {"from": ip.src, "to": ip.dst, "port": tcp.dport, "window": tcp.window}

    def interval_handler(self, interval=None):
        return {"opened": self.count}


#: What is cooked where.
KITCHENS: Final = {
    "office": [PacketCountChef, DNSLookupChef, ARPChef, ConnectionChef],
    "harbour-gateway": [PacketCountChef, DNSLookupChef],
}


def dishes() -> list[str]:
    """Cook in each of some kitchens; return the dumplings as JSON, in the order of their time."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "sample.pcap"
        write_pcap(path, sample_packets(NOW - DURATION))
        cooked = [
            dumpling
            for name, chefs in KITCHENS.items()
            for dumpling in DumplingKitchen(name=name, read=str(path), filter="", chefs=chefs)
        ]
    cooked.sort(key=lambda dumpling: dumpling.creation_time)
    return [*(dumpling.to_json() for dumpling in cooked), _conflict(cooked)]


def _conflict(cooked: list[Dumpling]) -> str:
    """Somebody takes the router's address."""
    replies = [json.loads(one.to_json()) for one in cooked if one.chef_name == "ARPChef"]
    reply = next(one for one in reversed(replies) if one["payload"]["operation"] == "reply")
    reply["metadata"]["creation_time"] = NOW
    reply["payload"] |= {"src_hw": THIEF, "notes": "source device has new IP address", "time": NOW}
    return json.dumps(reply)
