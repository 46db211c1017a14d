"""One filter of several: it lets through what one of them does, as libpcap sees it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netdumplings.capture import offline_filter
from netdumplings.capture.narrowing import (
    MAX_FILTERS,
    MAX_TEXT,
    NOTHING,
    narrowed,
    union,
    why_not_joined,
)
from netdumplings.dumplingchefs.filters import TAGGED
from netdumplings.exceptions import InvalidFilter
from netdumplings.kitchen.loader import load_modules
from netdumplings.packets import PacketBatch
from support.packets import arp, batch, dns_query, dns_response, icmp, tcp_syn

ETHERNET, RAW = 1, 101
PLAIN = [arp(), dns_query(), dns_response(), icmp(), tcp_syn(), tcp_syn(443), tcp_syn()[:30]]
#: With a tag, with two, and with one that is cut off.
VLAN = [one[:12] + b"\x81\x00\x00\x05" + one[12:] for one in PLAIN]
QINQ = [one[:12] + b"\x88\xa8\x00\x07" + one[12:] for one in VLAN]

#: Such as do not end within a header.
WHOLE = [one for one in PLAIN + VLAN + QINQ if not one.endswith(PLAIN[-1][-10:])]

LEAVES = [
    "tcp", "udp", "arp", "icmp", "ip", "ip6", "udp port 53", "tcp dst port 80 or 443",
    "port 53 or icmp", TAGGED, "not arp", "! (tcp or arp)", "host 192.0.2.1", "net 192.0.2.0/24",
    "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn", "ip[6:2] & 0x1fff = 0", "ether[0] & 1 = 1",
    "greater 60", "udp[18:2] = 5", "icmp[icmptype] = icmp-echo", "ip6[6] = 0", "arp[6:2] = 1",
    "ether src 02:00:00:00:00:01", "ip proto \\tcp", "ether broadcast",
]  # fmt: skip


def joined(word: str, pair: tuple[str, str]) -> str:
    return f"({pair[0]}) {word} ({pair[1]})"


FILTERS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: joined("and", pair)),
        st.tuples(inner, inner).map(lambda pair: joined("or", pair)),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=4,
)
PACKETS = st.lists(
    st.tuples(st.sampled_from(PLAIN + VLAN + QINQ), st.integers(14, 90)).map(
        lambda cut: cut[0][: cut[1]]
    )
    | st.binary(min_size=14, max_size=80),
    min_size=1,
)


def passes(expression: str, packets: PacketBatch) -> npt.NDArray[np.bool_]:
    try:
        return offline_filter(expression).matches(packets, "test")
    except InvalidFilter as error:
        if error.reason != "expression rejects all packets":
            raise
        # What libpcap can see to be false it does not compile.
        return np.zeros(len(packets), np.bool_)


@given(st.lists(FILTERS, min_size=1, max_size=5), st.lists(st.sampled_from(WHOLE), min_size=1))
@example(["tcp port 53", "udp"], PLAIN)
@example(["tcp or udp or arp", TAGGED], VLAN)
def test_a_packet_passes_the_union_if_and_only_if_it_passes_one(
    filters: list[str], packets: list[bytes]
) -> None:
    assert why_not_joined(filters) is None
    given = batch(*packets)
    expected = np.logical_or.reduce([passes(one, given) for one in filters])
    assert passes(union(filters), given).tolist() == expected.tolist()


@given(st.sampled_from(["", *LEAVES]), st.lists(FILTERS, min_size=1, max_size=3), PACKETS)
@example("", ["udp port 53", "ip"], [dns_query()[:36]])
@example("", ["udp[18:2] = 5", "udp port 53"], [dns_query()[:52]])
def test_narrowed_it_lets_through_those_and_what_is_short_or_has_a_tag(
    wide: str, filters: list[str], packets: list[bytes]
) -> None:
    given = batch(*packets)
    narrow = narrowed(wide, filters, ETHERNET)
    assert narrow is not None
    assert why_not_joined(filters) is None
    wanted = np.logical_or.reduce([passes(each, given) for each in filters])
    more = passes("vlan", given) | [is_short(one) for one in packets]
    if wide:
        wanted &= passes(wide, given)
        more &= passes(wide, given)
    lets_through = passes(narrow, given)
    assert lets_through[wanted].all()
    assert (wanted | more)[lets_through].all()


def is_short(packet: bytes) -> bool:
    """Whether a packet ends within a header that a filter may look at."""
    kind = packet[12:14]
    if kind == b"\x08\x00":
        return len(packet) < 14 + 4 * (packet[14] & 15 if len(packet) > 14 else 0) + 20
    if kind == b"\x86\xdd":
        return len(packet) < 14 + 40 + 20
    return kind in (b"\x08\x06", b"\x80\x35") and len(packet) < 14 + 28


@given(st.lists(st.sampled_from(["tcp", "udp port 53", "icmp", "not udp"]), max_size=3))
def test_where_there_are_no_tags_none_are_let_through(filters: list[str]) -> None:
    given = batch(*(one[14:] for one in PLAIN[1:] if not is_short(one)), link_type=RAW)
    narrow = narrowed("ip", filters, RAW)
    assert narrow is not None
    masks = [offline_filter(one).matches(given, "test") for one in filters]
    expected = np.logical_or.reduce([np.zeros(len(given), np.bool_), *masks])
    assert offline_filter(narrow).matches(given, "test").tolist() == expected.tolist()


def test_no_filter_lets_nothing_through() -> None:
    assert union([]) == NOTHING
    assert not passes(NOTHING, batch(*PLAIN, *VLAN)).any()


@pytest.mark.parametrize(
    "expression",
    [
        "tcp) or (udp", "(tcp", "tcp)", ")(", "vlan 5", "vlan and tcp", "mpls", "pppoes", "geneve",
        "vxlan", "host example.org", "port http", "portrange ftp-data-90", "inbound", "ifname eth0",
        "ip6 protochain 6", "192.0.2.1", "not 192.0.2.1", "(80)", "! 80", "", "  ", "tcp; udp",
        "tcp #", "tcp\0", "tcp \u00e9", "ip host 1.2.3.4.5", "gateway 192.0.2.1", "0x1 = ip[0]",
        "udp[20] = 1", "udp[19:2] = 1", "tcp[((tcp[12] & 0xf0) >> 2):4] = 1", "ip[20] = 1",
        "link[0] = 1",
        "tcp[tcp[0]] = 1", "stp", "ip6[60] = 1", "ether[14] = 1", "arp[27:2] = 1", "igmp[0] = 1",
    ],
)  # fmt: skip
def test_what_might_mean_something_else_is_not_joined(expression: str) -> None:
    assert why_not_joined(["tcp", expression]) is not None


def test_there_may_be_too_many_and_too_long_ones() -> None:
    assert why_not_joined(["tcp"] * MAX_FILTERS) is None
    assert "over 64 filters" in str(why_not_joined(["tcp"] * (MAX_FILTERS + 1)))
    assert "characters" in str(why_not_joined(["tcp" + " or tcp" * MAX_TEXT]))


@given(
    st.lists(
        st.sampled_from(
            ["tcp", "(", ")", " or ", " and ", "!", "udp port 5", "vlan", "[", "ip[0]", "="]
        )
    ).map("".join)
)
def test_what_is_joined_ends_no_parenthesis_that_it_is_put_between(expression: str) -> None:
    if why_not_joined([expression]) is not None:
        return
    depth = 0
    for character in expression:
        depth += (character == "(") - (character == ")")
        assert depth >= 0
    assert depth == 0
    assert "vlan" not in expression


@pytest.mark.parametrize("wide", ["vlan", "vlan 5 and tcp", "tcp or pppoes"])
def test_a_filter_that_shifts_what_is_behind_it_is_not_narrowed(wide: str) -> None:
    assert narrowed(wide, ["tcp"], ETHERNET) is None


def test_the_filters_of_the_chefs_in_the_box_can_be_joined() -> None:
    (module,) = load_modules(["netdumplings.dumplingchefs"])
    filters = [chef.packet_filter for chef in module.chefs if chef.packet_filter]
    assert len(filters) >= 5
    assert why_not_joined(filters) is None
    offline_filter(union(filters))
