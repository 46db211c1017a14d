"""A chef as they were written for scapy 2.4: it runs unchanged.

``fields['qd']`` was the first question of a DNS message then; in today's scapy it is a list.
Kitchens hand out packets on which both ways of reading work.
"""

from netdumplings import DumplingChef


class OldDNSChef(DumplingChef):
    """Tells which names are asked for."""

    def packet_handler(self, packet):
        if not packet.haslayer("DNS"):
            return None
        query = packet.getlayer("DNS").fields["qd"]
        if not query:
            return None
        return {"asked_for": query.qname.decode("utf-8")}
