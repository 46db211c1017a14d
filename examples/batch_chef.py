"""Two chefs that take many packets at once: the same connections as in first_chef.py, and traffic.

Try it on a capture, without root and without a hub::

    nd-sniff --read capture.pcap --chef-module examples/batch_chef.py --stdout
"""

import numpy as np
from scapy.layers.inet import IP, TCP

from netdumplings import DumplingChef

SYN = 2


class BatchConnectionChef(DumplingChef):
    """Tells of every TCP connection that is opened; looks into no other packet."""

    packet_filter = "ip and tcp"

    def batch_handler(self, packets):
        for packet in packets.where(packets.tcp_flags == SYN):
            yield {"from": packet[IP].src, "to": packet[IP].dst, "port": packet[TCP].dport}


class TrafficChef(DumplingChef):
    """Tells, every interval, how many bytes went to which ports; looks into no packet at all."""

    packet_filter = "tcp or udp"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.bytes = np.zeros(65536, np.int64)

    def batch_handler(self, packets):
        known = packets.dst_ports >= 0  # -1 where there are none, as in later fragments
        np.add.at(self.bytes, packets.dst_ports[known], packets.wire_lengths[known])

    def interval_handler(self, interval=None):
        busiest = np.argsort(-self.bytes, kind="stable")[:10]
        return {"bytes_to_port": {str(port): int(self.bytes[port]) for port in busiest}}
