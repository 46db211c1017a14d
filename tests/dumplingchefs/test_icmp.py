"""What ICMP says: echoes and how long they take, and errors with what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import Dot1Q
from scapy.packet import Packet, Raw

from netdumplings.capture import offline_filter
from netdumplings.dumplingchefs import ICMPChef
from netdumplings.packets.community_id import community_id
from support.expected_dumplings import assert_as_expected
from support.packets import SECOND, START, arp, batch, ether, tcp_syn
from support.traffic import Frame, damaged_frames, frames

A, B, ROUTER = "192.0.2.1", "192.0.2.2", "192.0.2.254"
A6, B6, ROUTER6 = "2001:db8::1", "2001:db8::2", "2001:db8::254"
T = START / SECOND


def ask(seq: int = 1, *, number: int = 7) -> bytes:
    return ether(IP(src=A, dst=B), ICMP(type=8, id=number, seq=seq))


def reply(seq: int = 1, *, number: int = 7) -> bytes:
    return ether(IP(src=B, dst=A), ICMP(type=0, id=number, seq=seq))


def told(
    packets: Sequence[bytes],
    times: Iterable[float] | None = None,
    chef: ICMPChef | None = None,
) -> dict[str, Any]:
    """What is told at an interval."""
    chef = chef or ICMPChef()
    list(chef.batch_handler(batch(*packets, times=times)))
    payload = chef.interval_handler()
    assert payload is not None
    return payload["icmp"]  # type: ignore[no-any-return]


def errors(*packets: bytes, chef: ICMPChef | None = None) -> list[dict[str, Any]]:
    chef = chef or ICMPChef()
    return [each["icmp_error"] for each in chef.batch_handler(batch(*packets))]


def error(message: Packet, about: Packet, *, cut: int | None = None) -> bytes:
    """An error of a router to the host that sent something."""
    ip = IPv6(src=ROUTER6, dst=A6) if isinstance(about, IPv6) else IP(src=ROUTER, dst=A)
    return ether(ip, message, Raw(bytes(about)[:cut]))


def test_echoes_are_told_with_their_round_trip() -> None:
    packets = [ask(1), reply(1), ask(2), reply(2), ask(3)]
    (echo,) = told(packets, [0, 0.25, 1, 1.75, 2])["echoes"]
    assert echo == {
        "src_ip": A, "dst_ip": B, "proto": "icmp", "requests": 3, "replies": 2, "unanswered": 0,
        "rtt_min": 0.25, "rtt_mean": 0.5, "rtt_max": 0.75,
    }  # fmt: skip


def test_echoes_of_ipv6_and_of_a_vlan() -> None:
    packets = [
        ether(Dot1Q(vlan=5), IPv6(src=B6, dst=A6), ICMPv6EchoRequest(id=1, seq=2)),
        ether(Dot1Q(vlan=5), IPv6(src=A6, dst=B6), ICMPv6EchoReply(id=1, seq=2)),
    ]
    (echo,) = told(packets, [0, 0.5])["echoes"]
    assert (echo["src_ip"], echo["dst_ip"], echo["proto"], echo["vlan"]) == (B6, A6, "icmp6", 5)
    assert (echo["replies"], echo["rtt_mean"]) == (1, 0.5)


def test_a_reply_belongs_to_the_request_of_its_number() -> None:
    packets = [ask(1), ask(1, number=8), reply(2), reply(1, number=8), reply(1, number=8)]
    (echo,) = told(packets, [0, 1, 2, 3, 4])["echoes"]
    assert (echo["requests"], echo["replies"], echo["rtt_max"]) == (2, 1, 2.0)


def test_a_reply_in_a_later_interval_is_told_there() -> None:
    chef = ICMPChef()
    (echo,) = told([ask()], [0], chef)["echoes"]
    assert (echo["requests"], echo["replies"], "rtt_mean" in echo) == (1, 0, False)
    (echo,) = told([reply()], [3], chef)["echoes"]
    assert (echo["requests"], echo["replies"], echo["rtt_mean"]) == (0, 1, 3.0)
    assert chef.interval_handler() is None


def test_a_request_without_a_reply_is_told_as_such_after_a_while() -> None:
    chef = ICMPChef()
    assert told([ask(1), ask(2)], [0, 9], chef)["echoes"][0]["unanswered"] == 0
    (echo,) = told([ask(3), reply(1)], [11, 11], chef)["echoes"]
    assert (echo["unanswered"], echo["replies"]) == (1, 0)


def test_of_more_requests_than_are_remembered_the_oldest_are_forgotten() -> None:
    class Brief(ICMPChef):
        size = 2
        pairs = 1

    packets = [ask(1), ask(2), ask(3), reply(1), reply(2), reply(3)]
    icmp = told([*packets, ether(IP(src=A, dst=ROUTER), ICMP())], [0] * 7, Brief())
    assert (icmp["echoes_forgotten"], icmp["echoes_left_out"]) == (1, 1)
    assert icmp["echoes"][0]["replies"] == 2


def test_messages_are_counted_by_their_names() -> None:
    icmp = told(
        [
            arp(), tcp_syn(), ask(), ask(2), reply(),
            *[ether(IPv6(), ICMPv6ND_NS())] * 2, ether(IPv6(), ICMPv6ND_NA()),
            ether(IPv6(), IPv6ExtHdrHopByHop(), ICMPv6MLReport2()), ether(IP(), ICMP(type=200)),
            error(ICMP(type=3, code=3), IP() / UDP()),
        ]
    )  # fmt: skip
    assert icmp["messages"] == {
        "icmp": {
            "echo reply": 1, "destination unreachable": 1, "echo request": 2, "type 200": 1,
        },
        "icmp6": {
            "neighbor solicitation": 2, "neighbor advertisement": 1,
            "multicast listener report v2": 1,
        },
    }  # fmt: skip


def test_of_nothing_nothing_is_told() -> None:
    chef = ICMPChef()
    assert list(chef.batch_handler(batch(arp(), tcp_syn()))) == []
    assert chef.interval_handler() is None


def test_an_error_is_told_with_the_flow_it_is_about() -> None:
    (told,) = errors(
        error(ICMP(type=3, code=3), IP(src=A, dst=B) / UDP(sport=40000, dport=53) / b"hello")
    )
    assert told == {
        "src_ip": ROUTER, "dst_ip": A, "icmp_type": 3, "icmp_code": 3, "proto": "icmp",
        "community_id": community_id(1, bytes([192, 0, 2, 254]), bytes([192, 0, 2, 1]), 3, 3),
        "time": T, "kind": "port unreachable",
        "about": {
            "src_ip": A, "src_port": 40000, "dst_ip": B, "dst_port": 53, "proto": "udp",
            "community_id": community_id(
                17, bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]), 40000, 53
            ),
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "about", "kind", "more"),
    [
        (ICMP(type=11), IP(src=A, dst=B) / TCP(sport=9, dport=80), "time to live exceeded", {}),
        (ICMP(type=3, code=4, nexthopmtu=1400), IP(src=A, dst=B) / TCP(), "fragmentation needed",
         {"mtu": 1400}),
        (ICMP(type=5, code=1, gw="192.0.2.9"), IP(src=A, dst=B) / ICMP(), "redirect for host",
         {"gateway_ip": "192.0.2.9"}),
        (ICMP(type=3, code=99), IP(src=A, dst=B) / TCP(), "destination unreachable", {}),
        (ICMPv6DestUnreach(code=4), IPv6(src=A6, dst=B6) / UDP(), "port unreachable", {}),
        (ICMPv6PacketTooBig(mtu=1280), IPv6(src=A6, dst=B6) / TCP(), "packet too big",
         {"mtu": 1280}),
        (ICMPv6TimeExceeded(), IPv6(src=A6, dst=B6) / UDP(), "hop limit exceeded", {}),
    ],
)  # fmt: skip
def test_kinds_of_errors(message: Packet, about: Packet, kind: str, more: dict[str, Any]) -> None:
    (told,) = errors(error(message, about))
    assert told["kind"] == kind
    assert {key: told[key] for key in ("mtu", "gateway_ip") if key in told} == more
    assert told["about"]["dst_ip"] in (B, B6)
    assert told["about"]["src_ip"] in (A, A6)


def test_what_is_quoted_may_be_cut_off_behind_its_ports_or_before_them() -> None:
    about = IP(src=A, dst=B) / TCP(sport=50000, dport=80)
    (whole,) = errors(error(ICMP(type=11), about, cut=28))
    assert whole["about"]["dst_port"] == 80
    (portless,) = errors(error(ICMP(type=11), about, cut=22))
    assert (portless["about"]["dst_ip"], "dst_port" in portless["about"]) == (B, False)
    for cut in (0, 19):
        (bare,) = errors(error(ICMP(type=11), about, cut=cut))
        assert "about" not in bare
    (short,) = errors(error(ICMP(type=5), about, cut=0)[:38])
    assert "gateway_ip" not in short


def test_the_same_error_is_told_once() -> None:
    def closed(sport: int, dport: int) -> bytes:
        about = IP(src=A, dst=B) / UDP(sport=sport, dport=dport)
        return error(ICMP(type=3, code=3), about)

    chef = ICMPChef()
    told = errors(closed(1000, 53), closed(1001, 53), closed(1000, 54), chef=chef)
    assert [each["about"]["dst_port"] for each in told] == [53, 54]
    assert errors(closed(1002, 53), chef=chef) == []
    (other,) = errors(error(ICMP(type=3, code=1), IP(src=A, dst=B) / UDP(dport=53)), chef=chef)
    assert other["kind"] == "host unreachable"


def test_of_packets_that_do_not_arrive_their_ports_are_no_news() -> None:
    def dead(host: str, port: int) -> bytes:
        return error(ICMP(type=11), IP(src=A, dst=host) / UDP(dport=port))

    told = errors(dead(B, 33434), dead(B, 33435), dead(ROUTER, 33434))
    assert [each["about"]["dst_ip"] for each in told] == [B, ROUTER]


def test_so_many_errors_are_told_between_two_intervals_and_no_more() -> None:
    def closed(port: int) -> bytes:
        return error(ICMP(type=3, code=3), IP(src=A, dst=B) / UDP(dport=port))

    chef = ICMPChef()
    assert len(errors(*map(closed, range(130)), chef=chef)) == 100
    icmp = chef.interval_handler()
    assert icmp is not None
    assert icmp["icmp"]["errors_left_out"] == 30
    assert len(errors(*map(closed, range(130, 135)), chef=chef)) == 5


def test_the_filter_lets_through_what_is_told_and_not_the_rest() -> None:
    packets = batch(
        ask(), ether(IPv6(), ICMPv6EchoRequest()), ether(Dot1Q(vlan=1), IP(), ICMP()),
        ether(IPv6(), IPv6ExtHdrHopByHop(), ICMPv6MLReport2()), tcp_syn(), arp(),
    )  # fmt: skip
    matches = offline_filter(ICMPChef.packet_filter or "").matches(packets, "test")
    assert matches.tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    "path",
    [
        "arkime/tests/pcap/v6.pcap",
        "ipfixprobe/tests/functional/inputs/smtp.pcap",
        "pcapplusplus/Tests/Packet++Test/PacketExamples/IcmpPackets.pcap",
    ],
)
def test_real_captures_are_told_as_expected(captures: Path, path: str) -> None:
    assert_as_expected(ICMPChef, captures / path, "icmp")


class BriefChef(ICMPChef):
    size = 3
    pairs = 2
    errors = 2


@given(st.lists(st.lists(frames() | damaged_frames(), min_size=1, max_size=8), max_size=6))
def test_of_anything_it_makes_something_and_remembers_no_more_than_the_bound(
    some: list[list[Frame]],
) -> None:
    chef = BriefChef()
    for number, group in enumerate(some):
        told = []
        for link_type, data in group:
            told += chef.batch_handler(batch(data, link_type=link_type, times=[number]))
            assert len(chef._echoes._asked) <= 3
        assert len(told) <= 2
        payload = chef.interval_handler()
        assert payload is None or len(payload["icmp"]["echoes"]) <= 2
