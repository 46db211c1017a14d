"""A chef that is worth its time only while somebody looks.

    nd-sniff -m wanted_chef.py

It rests while no eater subscribes to it, and the kernel then passes on no packet for it either.
"""

from __future__ import annotations

from netdumplings import DumplingChef
from netdumplings.packets import PacketBatch


class LengthsChef(DumplingChef):
    """Tells how long each DNS message is, one batch after the other."""

    only_when_wanted = True
    packet_filter = "udp port 53"

    def batch_handler(self, packets: PacketBatch) -> list[int]:
        return packets.wire_lengths.tolist()
