"""Tests of a chef, with nothing but pytest: ``pytest examples/test_refusal_chef.py``."""

from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP

from netdumplings import DumplingDriver
from netdumplings.testing import TrialKitchen, load_chef, packet_batch, payloads, run_chef

RefusalChef = load_chef(Path(__file__).with_name("refusal_chef.py"))


def asks(port):
    return IP(src="192.0.2.1", dst="192.0.2.9") / TCP(sport=40000, dport=port, flags="S")


def refuses(port):
    return IP(src="192.0.2.9", dst="192.0.2.1") / TCP(sport=port, dport=40000, flags="RA")


def accepts(port):
    return IP(src="192.0.2.9", dst="192.0.2.1") / TCP(sport=port, dport=40000, flags="SA")


def test_a_refused_connection_is_told():
    packets = [asks(80), refuses(80), asks(443), accepts(443)]
    made = run_chef(RefusalChef, packets)
    assert payloads(made, driver=DumplingDriver.packet) == [
        {"refused": "192.0.2.1", "by": "192.0.2.9", "port": 80}
    ]


def test_refusals_are_counted_by_interval():
    # As far apart as the calls of its interval handler are.
    packets = packet_batch([refuses(1), refuses(2)], every=5.0)
    made = run_chef(RefusalChef, packets)
    counts = [each["refusals"] for each in payloads(made, driver=DumplingDriver.interval)]
    assert counts == [{}, {"192.0.2.1": 1}, {"192.0.2.1": 2}]


@pytest.mark.parametrize("batch_size", [1, 2, None])
def test_it_makes_no_difference_how_packets_come(batch_size):
    made = run_chef(RefusalChef, [refuses(1), asks(2), refuses(3)], batch_size=batch_size)
    assert [each["port"] for each in payloads(made, driver=DumplingDriver.packet)] == [1, 3]


def test_it_remembers_no_more_than_it_says():
    kitchen = TrialKitchen(RefusalChef)
    scanned = [IP(dst=f"10.{n >> 8}.{n & 255}.1") / TCP(flags="RA") for n in range(10_100)]
    kitchen.handle(packet_batch(map(bytes, scanned), link_type=101))
    assert len(kitchen.chef.refused) == 10_000


def test_an_eater_gets_it_over_a_hub(dumpling_kitchen, dumpling_eater):
    dumpling_kitchen(RefusalChef).feed([asks(80), refuses(80)])
    started, refused = dumpling_eater.wait_for(2)
    assert started.payload == {"refusals": {}}
    assert refused.payload["port"] == 80
