"""What scapy dissects is counted, once each, for the lines that had it to."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from netdumplings.packets import layer_names
from netdumplings.packets.dissections import counting_dissections
from support.packets import arp, batch, dns_query, dns_response, tcp_syn


def here(file: str) -> bool:
    return file == __file__


def test_a_packet_is_counted_once_when_somebody_looks_into_it() -> None:
    packets = batch(tcp_syn(), dns_response(), arp())
    with counting_dissections(here) as found:
        for packet in packets:
            assert packet.haslayer("NTP") == 0 or packet.haslayer("DNS")
    assert found.count == 1  # only of DNS the ports do not tell all
    with counting_dissections(here) as found:
        for packet in packets:
            first = packet.summary()
            assert packet.summary() == first
    assert found.count == 3
    assert found.seconds > 0


def test_the_lines_that_had_it_to_are_told_apart() -> None:
    def look(packet: Any) -> int:
        return int(packet[TCP].dport)

    def glance(packet: Any) -> str:
        return str(packet.summary())

    line = look.__code__.co_firstlineno
    with counting_dissections(here) as found:
        for packet in batch(tcp_syn(), tcp_syn()):
            look(packet)
            glance(packet)
        glance(batch(tcp_syn())[0])
    assert found.places == {(__file__, line + 1): 2, (__file__, line + 4): 1}


def test_what_nobody_asked_for_has_no_place() -> None:
    with counting_dissections(lambda _: False) as found:
        assert layer_names(1, dns_query())[-1] == "DNS"
    assert found.count >= 1
    assert found.places == {}


def test_packets_that_are_made_are_not_dissected() -> None:
    with counting_dissections(here) as found:
        assert Ether() / IP() / TCP()
    assert found.count == 0


def test_scapy_is_as_before_however_it_ends() -> None:
    before = Packet.__init__
    with pytest.raises(ZeroDivisionError), counting_dissections(here) as found:
        Ether(tcp_syn())
        raise ZeroDivisionError
    assert Packet.__init__ is before
    assert found.count == 1
    Ether(tcp_syn())
    assert found.count == 1


def test_what_scapy_fails_on_is_counted_too() -> None:
    class Odd(Packet):
        def do_dissect(self, s: bytes) -> bytes:
            raise ValueError("odd")

    with counting_dissections(here) as found:
        with pytest.raises(ValueError, match="odd"):
            Odd(b"x")
        Ether(tcp_syn())
    assert found.count == 2
