"""What is told from columns of a filter is what libpcap tells, of any packet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import dumplingchefs
from netdumplings.capture.column_filter import ColumnFilter
from netdumplings.capture.filters import OfflineFilter
from netdumplings.capture.libpcap import load_library
from netdumplings.capture.linktypes import ETHERNET, dlt_of
from netdumplings.defaults import PACKET_FILTER
from netdumplings.packets import PacketBatch
from support.packets import batch
from support.real_packets import real_batches
from support.traffic import Frame, damaged_frames, frames

CHEFS = [getattr(dumplingchefs, name) for name in dumplingchefs.__all__]
EXPRESSIONS = [
    *sorted({chef.packet_filter for chef in CHEFS if chef.packet_filter}),
    PACKET_FILTER,
    "ip or ip6 and tcp",
    "not (udp or arp) && ip",
    "! port 53",
    "not icmp6 and not ip6[6] = 0",
    "udp dst port 53 or src port 443",
    "tcp port 0x1bb || dst port 0",
    "ip6[200] = 1 or arp",
    "ip6[6] = 17 or not ip6[6] = 58",
    "arp or ip[100] != 0 or tcp",
    "ether proto 0x0800 and icmp",
]
#: What other words there are.
OTHERS = [
    "host 192.0.2.1", "vlan", "port 53 or 80", "tcp[13] & 2 != 0", "ip proto 6", "ip host 1.1.1.1",
    "port domain", "port 053", "ether proto 100", "portrange 1-9", "less 100", "ip6[6] = 0x0g",
    "udp port 53 and len > 100", "ip6[1:2] = 4", "ether src 02:00:00:00:00:01", "port http",
    "ip broadcast", "tcp src", "ip src 192.0.2.1", "icmp[0] = 8", "arp host 192.0.2.1",
    "ip6 protochain 6", "(tcp", "",
]  # fmt: skip
libpcap = load_library()


def _agree(packets: PacketBatch, expression: str) -> int:
    """Compare; returns how many packets were left to libpcap."""
    columns = ColumnFilter.of(expression)
    assert columns is not None
    told = columns.tell(packets)
    expected = libpcap.compile(dlt_of(ETHERNET), expression)(packets)
    assert not (told.true & told.unknown).any()
    wrong = np.flatnonzero(~told.unknown & (told.true != expected))
    assert not len(wrong), (expression, packets.data(int(wrong[0])).hex())
    matches = OfflineFilter(expression).matches(packets, "test")
    assert np.array_equal(matches, expected)
    return int(told.unknown.sum())


@given(st.lists(frames() | damaged_frames(), min_size=1, max_size=5), st.sampled_from(EXPRESSIONS))
def test_of_any_packet_libpcap_says_the_same(given_frames: list[Frame], expression: str) -> None:
    on_ethernet = [data for link_type, data in given_frames if link_type == ETHERNET]
    _agree(batch(*on_ethernet), expression)


def test_of_real_captures_libpcap_says_the_same_and_is_seldom_asked(captures: Path) -> None:
    packets = left = 0
    for each in real_batches(captures, each=100):
        if each.link_type == ETHERNET:
            left += sum(_agree(each, expression) for expression in EXPRESSIONS)
            packets += len(each) * len(EXPRESSIONS)
    assert packets > 10_000
    assert left < packets / 4


@pytest.mark.parametrize("expression", OTHERS)
def test_other_words_are_left_to_libpcap(expression: str) -> None:
    assert ColumnFilter.of(expression) is None
