"""What ``nd-chef new`` writes. Tests run it, and see that formatters leave it as it is."""

from __future__ import annotations

from string import Template
from typing import Final

_BEGINNING: Final = '''"""Counts who opens TCP connections, by the port that is called."""

from collections import Counter

$imports


class $chef(DumplingChef):
    """Tells, every interval, how often each TCP port was called.

    ``{"calls": {"443": 12, "22": 1}}``: connections opened since the kitchen started.
    """

    # It is handed no other packets: the cheapest way there is to make a chef fast.
    # (libpcap sees flags over IPv4 only; over IPv6, we look ourselves.)
    packet_filter = "tcp[tcpflags] & tcp-syn != 0 or (ip6 and tcp)"
    # How the page of a hub shows it.
    display = {"view": "top", "of": ["calls"], "rate": True}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # A kitchen may run for months. But there are no more than 65536 ports.
        self.calls = Counter()

'''

_PACKET_IMPORTS: Final = """from netdumplings import DumplingChef
from scapy.layers.inet import TCP"""

_PACKET_HANDLER: Final = """    def packet_handler(self, packet):
        # A SYN and nothing else opens a connection.
        if packet.haslayer(TCP) and packet[TCP].flags == "S":
            self.calls[str(packet[TCP].dport)] += 1
"""

_BATCH_IMPORTS: Final = """import numpy as np
from netdumplings import DumplingChef

SYN = 2"""

_BATCH_HANDLER: Final = """    def batch_handler(self, packets):
        # A SYN and nothing else opens a connection.
        opening = packets.where(packets.tcp_flags == SYN)
        ports, counts = np.unique(opening.dst_ports, return_counts=True)
        for port, count in zip(ports.tolist(), counts.tolist()):
            self.calls[str(port)] += count
"""

_END: Final = """
    def interval_handler(self, interval=None):
        return {"calls": dict(self.calls)}
"""

PACKET_CHEF: Final = Template(
    _BEGINNING.replace("$imports", _PACKET_IMPORTS) + _PACKET_HANDLER + _END
)
BATCH_CHEF: Final = Template(_BEGINNING.replace("$imports", _BATCH_IMPORTS) + _BATCH_HANDLER + _END)

TEST: Final = Template('''"""Tests of $chef: run them with pytest."""

from pathlib import Path

from netdumplings.testing import load_chef, packet_batch, payloads, run_chef
from scapy.layers.inet import IP, TCP

$chef = load_chef(Path(__file__).with_name("$module.py"))


def calls(port):
    addresses = IP(src="192.0.2.1", dst="192.0.2.2")
    return addresses / TCP(sport=40000, dport=port, flags="S")


def answers(port):
    addresses = IP(src="192.0.2.2", dst="192.0.2.1")
    return addresses / TCP(sport=port, dport=40000, flags="SA")


def test_calls_are_counted_by_port():
    packets = packet_batch([calls(443), answers(443), calls(22), calls(443)], every=1.0)
    at_the_start, at_the_end = payloads(run_chef($chef, packets))
    assert at_the_start == {"calls": {}}
    assert at_the_end == {"calls": {"443": 2, "22": 1}}


def test_they_are_told_every_interval():
    packets = packet_batch([calls(22), calls(22), calls(22)], every=5.0)
    told = payloads(run_chef($chef, packets, poke_interval=5.0))
    assert [each["calls"].get("22", 0) for each in told] == [0, 1, 2, 3]


def test_it_makes_no_difference_how_many_packets_come_at_once():
    packets = packet_batch([calls(443), calls(22), calls(443)], every=1.0)
    one_by_one = payloads(run_chef($chef, packets, batch_size=1))
    assert one_by_one == payloads(run_chef($chef, packets))
''')
