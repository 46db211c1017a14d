"""A chef that comes with a test, ``test_refusal_chef.py``: who is refused connections, and where.

Try it on a capture, without root and without a hub::

    nd-sniff --read capture.pcap --chef-module examples/refusal_chef.py --stdout
"""

from collections import Counter

from scapy.layers.inet import IP, TCP

from netdumplings import DumplingChef

RST_ACK = 0x14
#: Whose refusals are counted at most: whoever scans a network is refused a lot.
MOST = 10_000


class RefusalChef(DumplingChef):
    """Tells of every refused TCP connection, and how often each host was refused."""

    # A host refuses a connection with RST and ACK: libpcap finds those, and we look at no other.
    packet_filter = "ip and tcp[tcpflags] & (tcp-rst|tcp-ack) == (tcp-rst|tcp-ack)"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.refused = Counter()

    def packet_handler(self, packet):
        if packet[TCP].flags != RST_ACK:
            return None
        who = packet[IP].dst  # the answer goes to the one who asked
        if who in self.refused or len(self.refused) < MOST:
            self.refused[who] += 1
        return {"refused": who, "by": packet[IP].src, "port": packet[TCP].sport}

    def interval_handler(self, interval=None):
        return {"refusals": dict(self.refused)}
