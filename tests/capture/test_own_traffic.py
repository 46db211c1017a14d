"""The filter that leaves out dumplings' own packets leaves out those and no others."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from netdumplings.capture import offline_filter
from netdumplings.capture.own_traffic import OwnTraffic, own_traffic
from netdumplings.packets import PacketBatch

# Without addresses, scapy would ask the network for them.
ETHERNET = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
HUB = OwnTraffic(("192.0.2.10", "2001:db8::10"), (11347, 11348))


def passes(filter: str, packet: Packet) -> bool:
    data = bytes(packet)
    batch = PacketBatch.from_records(1, [(0, len(data), data)])
    return bool(offline_filter(filter).matches(batch, "test")[0])


@pytest.mark.parametrize(
    "packet",
    [
        IP(src="192.0.2.10", dst="192.0.2.1") / TCP(sport=11348, dport=5),
        IP(src="192.0.2.1", dst="192.0.2.10") / TCP(sport=5, dport=11347),
        IPv6(src="2001:db8::1", dst="2001:db8::10") / TCP(sport=5, dport=11347),
    ],
)
@pytest.mark.parametrize("filter", ["", "tcp", "tcp or udp"])
def test_the_hubs_packets_are_left_out(packet: Packet, filter: str) -> None:
    assert passes(filter, ETHERNET / packet)
    assert not passes(HUB.filtered_out(filter), ETHERNET / packet)


@pytest.mark.parametrize(
    "packet",
    [
        IP(src="192.0.2.10", dst="192.0.2.1") / TCP(sport=22, dport=5),
        IP(src="192.0.2.1", dst="192.0.2.2") / TCP(sport=5, dport=11347),
        IP(src="192.0.2.1", dst="192.0.2.10") / UDP(sport=5, dport=11347),
        IPv6(src="2001:db8::1", dst="2001:db8::11") / TCP(sport=5, dport=11347),
    ],
)
def test_all_others_are_not(packet: Packet) -> None:
    assert passes(HUB.filtered_out(""), ETHERNET / packet)


def test_a_filter_of_several_words_keeps_its_meaning() -> None:
    packet = ETHERNET / IP(src="192.0.2.1", dst="192.0.2.10") / TCP(sport=5, dport=11347)
    assert not passes(HUB.filtered_out("udp or tcp"), packet)


def test_without_ports_nothing_is_left_out() -> None:
    assert OwnTraffic().filtered_out("udp") == "udp"


@pytest.mark.parametrize(
    "own",
    [
        OwnTraffic(("192.0.2.10 or ip",), (1,)),
        OwnTraffic((), (0,)),
        OwnTraffic((), (65536,)),
    ],
)
def test_what_is_no_address_and_no_port_comes_into_no_filter(own: OwnTraffic) -> None:
    with pytest.raises(ValueError, match=r"port|address"):
        own.filtered_out("")


def test_a_hub_is_found_by_all_its_addresses() -> None:
    assert "127.0.0.1" in own_traffic(["localhost"], [11347]).hosts


def test_several_hubs_are_found_by_the_addresses_of_each() -> None:
    found = own_traffic(["192.0.2.10", "192.0.2.10", "2001:db8::10"], [11347, 11348])
    assert found == HUB
    many = [f"192.0.2.{number}" for number in range(65)]
    assert own_traffic(many[:-1], [11347]).hosts == tuple(many[:-1])
    assert own_traffic(many, [11347]) == OwnTraffic((), (11347,))


def test_of_a_hub_without_an_address_any_host_will_do() -> None:
    assert own_traffic(["127.0.0.1", "no-such-host.invalid"], [11347]) == OwnTraffic((), (11347,))
