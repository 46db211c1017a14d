"""The filter on packets of files, compiled by libpcap, through either library."""

from __future__ import annotations

import logging
from struct import pack

import pytest

from netdumplings.capture.filters import OfflineFilter
from netdumplings.exceptions import InvalidFilter
from netdumplings.packets import PacketBatch
from support.packets import arp, batch, dns_query, icmp, tcp_syn

pytestmark = pytest.mark.usefixtures("pcap_library")

PACKETS = [arp(), dns_query(), icmp(), tcp_syn()]
IP_ONLY = [packet[14:] for packet in PACKETS[1:]]


def passed(expression: str, given: PacketBatch) -> list[bytes]:
    kept = OfflineFilter(expression).apply(given, "test.pcap")
    return [kept.data(index) for index in range(len(kept))]


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("", [0, 1, 2, 3]),
        ("  ", [0, 1, 2, 3]),
        ("tcp or udp or arp", [0, 1, 3]),
        ("udp port 53", [1]),
        ("not ip", [0]),
        ("ether src 02:00:00:00:00:01 and icmp", [2]),
        ("ip broadcast", []),
    ],
)
def test_what_matches_gets_through(expression: str, kept: list[int]) -> None:
    assert passed(expression, batch(*PACKETS)) == [PACKETS[index] for index in kept]


def test_a_filter_works_on_every_link_type_in_turn() -> None:
    cooked = [pack(">HHH8sH", 0, 1, 6, bytes(8), 0x0800) + packet for packet in IP_ONLY]
    loopback = [pack("<I", 2) + packet for packet in IP_ONLY]
    filter = OfflineFilter("udp or tcp")
    for link_type, packets in ((1, PACKETS[1:]), (101, IP_ONLY), (113, cooked), (0, loopback)):
        kept = filter.apply(batch(*packets, link_type=link_type), "test.pcap")
        assert [kept.data(index) for index in range(len(kept))] == [packets[0], packets[2]]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("bogus", "can't parse filter expression: syntax error"),
        ("tcp or", "can't parse filter expression: syntax error"),
        ("tcp\0 or bogus", "it has a NUL in it"),
        ("tcp \udcff", "it is not Unicode text"),
    ],
)
def test_a_wrong_filter_is_refused_in_the_words_of_libpcap(expression: str, reason: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        OfflineFilter(expression)
    assert caught.value.filter == expression
    assert caught.value.reason == reason


def test_a_filter_only_other_link_types_know_is_not_wrong(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert passed("wlan type mgt", batch(*PACKETS)) == []
    assert "wlan type mgt" in caplog.text


def test_packets_libpcap_cannot_filter_are_left_out_with_one_warning_a_file(
    caplog: pytest.LogCaptureFixture,
) -> None:
    netlink = batch(b"some bytes", b"more", link_type=253)
    filter = OfflineFilter("tcp")
    for source in ("a.pcap", "a.pcap", "b.pcap"):
        assert len(filter.apply(netlink, source)) == 0
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert [warning.split(":")[0] for warning in warnings] == ["a.pcap", "b.pcap"]
    assert "packets of link type 253 are left out" in warnings[0]
    assert "filtering not implemented" in warnings[0]
    assert passed("", netlink) == [b"some bytes", b"more"]


def test_broken_packets_are_filtered_like_any_other() -> None:
    packets = [b"", b"\0", tcp_syn()[:20], tcp_syn()]
    assert passed("tcp", batch(*packets)) == [tcp_syn()]
