"""Headers as columns: from bytes made by hand."""

from __future__ import annotations

from struct import pack

import numpy as np
import pytest

from netdumplings.packets import PacketBatch
from netdumplings.packets.columns import ABSENT, MOST_EXTENSIONS, MOST_TAGS
from support import traffic
from support.traffic import ETHERNET, IPV4, IPV6, LOOP, NULL, RAW, SLL, SLL2

SEGMENT = traffic.tcp(40000, 443, b"hello", flags=0x18)
DATAGRAM = traffic.udp(1024, 53, b"name?")
IP_TCP = traffic.ipv4(6, SEGMENT)
IP6_UDP = traffic.ipv6(17, DATAGRAM)


def batch(*packets: bytes, link_type: int = ETHERNET) -> PacketBatch:
    return PacketBatch.from_records(link_type, [(0, len(data), data) for data in packets])


def frame(ip: bytes, *tags: tuple[int, int], link_type: int = ETHERNET) -> bytes:
    """A packet of IP behind some VLAN tags."""
    kind = 0x0800 if ip[0] >> 4 == 4 else 0x86DD
    tagged = b"".join(traffic.tag(*each) for each in tags)
    return traffic.link(link_type, tagged, kind) + ip


LINK_SIZE = {ETHERNET: 14, SLL: 16, SLL2: 20, NULL: 4, LOOP: 4, RAW: 0, 12: 0}


@pytest.mark.parametrize("link_type", LINK_SIZE)
def test_each_link_type_leads_to_ip(link_type: int) -> None:
    size = LINK_SIZE[link_type]
    packets = batch(
        frame(IP_TCP, link_type=link_type),
        frame(IP6_UDP, link_type=link_type),
        link_type=link_type,
    )
    assert packets.ethertypes.tolist() == [0x0800, 0x86DD]
    assert packets.network_offsets.tolist() == [size, size]
    assert packets.ip_versions.tolist() == [4, 6]
    assert packets.ip_protocols.tolist() == [6, 17]
    assert packets.src_ports.tolist() == [40000, 1024]
    assert packets.dst_ports.tolist() == [443, 53]
    assert packets.tcp_flags.tolist() == [0x18, ABSENT]
    assert packets.payload_offsets.tolist() == [size + 40, size + 48]
    assert packets.payload_lengths.tolist() == [5, 5]
    assert [packets.payload(0), packets.payload(1)] == [b"hello", b"name?"]
    assert packets.vlans.tolist() == [ABSENT, ABSENT]
    assert packets.fragments.tolist() == [False, False]


def test_link_types_of_one_ip_version_take_only_that() -> None:
    assert batch(IP_TCP, IP6_UDP, link_type=IPV4).ip_versions.tolist() == [4, ABSENT]
    assert batch(IP_TCP, IP6_UDP, link_type=IPV6).ip_versions.tolist() == [ABSENT, 6]


def test_any_other_link_type_has_no_columns() -> None:
    packets = batch(IP_TCP, link_type=105)
    assert packets.ethertypes.tolist() == packets.src_ports.tolist() == [ABSENT]
    assert not packets.fragments.any()


@pytest.mark.parametrize(
    ("family", "version"),
    [(">2", 4), ("<2", 4), ("<24", 6), ("<28", 6), (">30", 6), ("<10", 6), ("<7", ABSENT)],
)
def test_bsd_loopback_is_in_the_byte_order_of_its_host(family: str, version: int) -> None:
    data = pack(f"{family[0]}I", int(family[1:])) + (IP6_UDP if version == 6 else IP_TCP)
    assert batch(data, link_type=NULL).ip_versions.tolist() == [version]


@pytest.mark.parametrize("link_type", [ETHERNET, SLL, SLL2])
def test_tags_are_passed_and_the_outermost_vlan_told(link_type: int) -> None:
    packets = batch(
        frame(IP_TCP, (0x8100, 0xE005), link_type=link_type),
        frame(IP_TCP, (0x8100, 5), (0x88A8, 6), (0x8100, 7), link_type=link_type),
        link_type=link_type,
    )
    assert packets.vlans.tolist() == [5, 5]
    assert packets.ethertypes.tolist() == [0x0800, 0x0800]
    assert packets.dst_ports.tolist() == [443, 443]


def test_802_1ad_is_passed_on_ethernet_and_no_tag_elsewhere() -> None:
    """scapy and libpcap agree there."""
    assert batch(frame(IP_TCP, (0x88A8, 9))).vlans.tolist() == [9]
    cooked = batch(frame(IP_TCP, (0x88A8, 9), link_type=SLL), link_type=SLL)
    assert cooked.ethertypes.tolist() == [0x88A8]
    assert cooked.vlans.tolist() == [ABSENT]


def test_ever_more_tags_are_not_followed() -> None:
    packets = batch(
        frame(IP_TCP, *[(0x8100, 1)] * MOST_TAGS), frame(IP_TCP, *[(0x8100, 1)] * (MOST_TAGS + 1))
    )
    assert packets.ethertypes.tolist() == [0x0800, 0x8100]
    assert packets.src_ports.tolist() == [40000, ABSENT]


def test_a_length_is_no_ethertype() -> None:
    packets = batch(bytes(12) + b"\x00\x26" + bytes(40), bytes(12) + b"\x05\xff" + bytes(40))
    assert packets.ethertypes.tolist() == packets.network_offsets.tolist() == [ABSENT, ABSENT]


def test_addresses() -> None:
    packets = batch(frame(IP_TCP), frame(IP6_UDP))
    assert packets.ipv4_sources.tolist() == [0xC0000201, ABSENT]
    assert packets.ipv4_destinations.tolist() == [0xC0000202, ABSENT]
    assert packets.ipv6_sources[0].tobytes() == bytes(16)
    assert packets.ipv6_sources[1].tobytes().hex() == "20010db8" + "00" * 11 + "01"
    assert packets.ipv6_destinations[1].tobytes().hex() == "20010db8" + "00" * 11 + "02"


def test_only_the_first_of_a_datagrams_fragments_has_ports() -> None:
    packets = batch(
        frame(traffic.ipv4(17, DATAGRAM, more=True)),
        frame(traffic.ipv4(17, DATAGRAM, fragment=185)),
        frame(traffic.ipv6(44, traffic.fragment_header(17, 0, more=True) + DATAGRAM)),
        frame(traffic.ipv6(44, traffic.fragment_header(17, 185, more=False) + DATAGRAM)),
    )
    assert packets.fragments.tolist() == [True] * 4
    assert packets.fragment_offsets.tolist() == [0, 1480, 0, 1480]
    assert packets.ip_protocols.tolist() == [17] * 4
    assert packets.dst_ports.tolist() == [53, ABSENT, 53, ABSENT]


def test_ipv4_options_are_passed() -> None:
    packets = batch(frame(traffic.ipv4(6, SEGMENT, options=bytes(40))))
    assert packets.dst_ports.tolist() == [443]
    assert packets.payload(0) == b"hello"


def test_ipv6_extension_headers_are_passed() -> None:
    chain = traffic.routing(60, 2) + traffic.extension(17, b"x" * 20) + DATAGRAM
    packets = batch(frame(traffic.ipv6(0, traffic.extension(43, b"") + chain)))
    assert packets.ip_protocols.tolist() == [17]
    assert packets.payload(0) == b"name?"


def test_ever_more_extension_headers_are_not_followed() -> None:
    def chain(count: int) -> bytes:
        headers = b"".join(traffic.extension(60, b"") for _ in range(count - 1))
        return frame(traffic.ipv6(60, headers + traffic.extension(17, b"") + DATAGRAM))

    packets = batch(chain(MOST_EXTENSIONS), chain(MOST_EXTENSIONS + 1))
    assert packets.dst_ports.tolist() == [53, ABSENT]
    assert packets.ip_versions.tolist() == [6, 6]


def test_a_payload_ends_where_its_headers_say_or_the_capture_does() -> None:
    whole = frame(IP6_UDP)
    lying = frame(traffic.ipv4(17, pack(">HHHH", 1, 2, 500, 0) + b"name?"))
    short = frame(traffic.ipv4(17, pack(">HHHH", 1, 2, 10, 0) + b"name?"))
    packets = batch(whole + b"trailer", whole[:-2], lying, short)
    assert [packets.payload(index) for index in range(4)] == [b"name?", b"nam", b"name?", b"na"]


def test_tcp_cut_into_segments_by_the_card_has_no_length_of_its_own() -> None:
    data = bytearray(frame(IP_TCP))
    data[16:18] = b"\0\0"
    assert batch(bytes(data)).payload(0) == b"hello"


def test_jumbograms_are_absent() -> None:
    """RFC 2675 section 3: no link of ours carries them."""
    data = bytearray(frame(traffic.ipv6(0, traffic.extension(17, b"") + DATAGRAM)))
    data[18:20] = b"\0\0"
    assert batch(bytes(data)).ip_versions.tolist() == [ABSENT]


def test_a_routing_header_that_lies_about_its_addresses_ends_the_chain() -> None:
    segments = pack(">BBBBBBH", 17, 2, 4, 0, 0, 0, 0) + bytes(16)
    lying = pack(">BBBBBBH", 17, 2, 4, 0, 1, 0, 0) + bytes(16)
    odd = pack(">BBBBI", 17, 1, 0, 0, 0) + bytes(8)
    packets = batch(*(frame(traffic.ipv6(43, each + DATAGRAM)) for each in (segments, lying, odd)))
    assert packets.dst_ports.tolist() == [53, ABSENT, ABSENT]
    assert packets.ip_versions.tolist() == [6, 6, 6]


@pytest.mark.parametrize(
    ("offset", "value"),
    [(14, 0x44), (14, 0x65), (14, 0x4F)],
    ids=["header of 16 bytes", "version 6", "more options than bytes"],
)
def test_an_ip_header_that_cannot_be_is_absent(offset: int, value: int) -> None:
    data = bytearray(frame(traffic.ipv4(6, b"abcd")))
    data[offset] = value
    packets = batch(bytes(data))
    assert packets.ethertypes.tolist() == [0x0800]
    assert packets.ip_versions.tolist() == packets.ip_protocols.tolist() == [ABSENT]
    assert packets.ipv4_sources.tolist() == [ABSENT]


@pytest.mark.parametrize(("size", "offset"), [(0, 54), (4, 54), (15, 59)])
def test_a_tcp_header_that_lies_about_its_size_is_held_to_what_there_is(
    size: int, offset: int
) -> None:
    data = bytearray(frame(IP_TCP))
    data[14 + 20 + 12] = size << 4
    assert batch(bytes(data)).payload_offsets.tolist() == [offset]


PACKETS = [
    frame(IP_TCP),
    frame(IP6_UDP, (0x88A8, 1), (0x8100, 2)),
    frame(
        traffic.ipv6(0, traffic.extension(44, b"") + traffic.fragment_header(6, 0, True) + SEGMENT)
    ),
    frame(traffic.ipv4(6, traffic.tcp(1, 2, b"", flags=2, options=bytes.fromhex("1d100101") * 4))),
    frame(traffic.ipv4(1, traffic.icmp_echo(8, b"ping"))),
    traffic.link(ETHERNET, b"", 0x0806) + traffic.arp(),
]


@pytest.mark.parametrize("link_type", [*LINK_SIZE, IPV4, IPV6, 54321])
def test_packets_cut_off_anywhere_lose_columns_and_never_raise(link_type: int) -> None:
    for whole in PACKETS:
        for data in (whole, whole[14:]):
            cut = [data[:size] for size in range(len(data) + 1)]
            packets = batch(*cut, link_type=link_type)
            for column in (
                packets.vlans, packets.ethertypes, packets.ip_protocols, packets.src_ports,
                packets.payload_lengths, packets.ipv4_sources, packets.shapes,
            ):  # fmt: skip
                assert len(column) == len(cut)
                assert column.min() >= ABSENT
            assert packets.ipv6_sources.shape == (len(cut), 16)
            assert all(packets.payload(index) in data for index in range(len(cut)))
            told = packets.ethertypes >= 0
            assert (np.diff(told.astype(int)) >= 0).sum() >= len(cut) - 2


def test_a_batch_of_nothing_has_columns_of_nothing() -> None:
    packets = batch()
    assert packets.src_ports.tolist() == packets.shapes.tolist() == packets.vlans.tolist() == []
    assert packets.ipv6_sources.shape == (0, 16)
    assert batch(b"", b"\0").ipv4_sources.tolist() == [ABSENT, ABSENT]


def test_no_packet_reads_its_neighbours_bytes() -> None:
    packets = batch(frame(IP_TCP)[:40], frame(IP_TCP))
    assert packets.src_ports.tolist() == [ABSENT, 40000]
    assert packets[:1].src_ports.tolist() == [ABSENT]
    assert packets.where(np.array([False, True])).src_ports.tolist() == [40000]
