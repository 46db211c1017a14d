"""A first chef: who opens TCP connections to whom.

Try it on a capture, without root and without a hub::

    nd-sniff --read capture.pcap --chef-module examples/first_chef.py --stdout
"""

from scapy.layers.inet import IP, TCP

from netdumplings import DumplingChef


class ConnectionChef(DumplingChef):
    """Tells of every TCP connection that is opened, and how many there were."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.opened = 0

    def packet_handler(self, packet):
        if not (packet.haslayer(IP) and packet.haslayer(TCP)):
            return None
        if packet[TCP].flags != "S":  # a SYN and nothing else opens a connection
            return None
        self.opened += 1
        return {"from": packet[IP].src, "to": packet[IP].dst, "port": packet[TCP].dport}

    def interval_handler(self, interval=None):
        return {"opened_so_far": self.opened}
