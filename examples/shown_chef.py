"""A chef that says how it wants to be shown in the page of a hub.

Try it on a capture, without root, and look at http://localhost:11348/ meanwhile::

    nd-up --read capture.pcap --speed 1 --chef-module examples/shown_chef.py
"""

from collections import Counter

from netdumplings import DumplingChef


class PortChef(DumplingChef):
    """Tells which ports are called, how often each."""

    display = {
        "title": "Ports called",
        "view": "top",
        "of": ["ports"],
        "rate": True,
        "unit": "connections/s",
    }
    packet_filter = "tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ports = Counter()  # there are 65536, so this cannot grow for ever

    def batch_handler(self, packets):
        self.ports.update(packets.dst_ports.tolist())

    def interval_handler(self, interval=None):
        return {"ports": {str(port): count for port, count in self.ports.most_common(50)}}
