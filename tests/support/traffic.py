"""Packets of all sorts, made byte by byte: well-formed ones, and ones that were damaged."""

from __future__ import annotations

from struct import pack

from hypothesis import strategies as st

Frame = tuple[int, bytes]

ETHERNET, NULL, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 1, 0, 101, 108, 113, 228, 229, 276
LINK_TYPES = (ETHERNET, NULL, RAW, LOOP, SLL, IPV4, IPV6, SLL2)
KIND_OF_VERSION = {4: 0x0800, 6: 0x86DD}

#: Ports that scapy binds nothing to, and ports that it does (DNS, SMB, NTP, mDNS).
ports = st.sampled_from([1024, 40000, 443, 80, 65535, 53, 445, 123, 5353])
small = st.binary(max_size=24)
tag_kinds = st.sampled_from([0x8100, 0x8100, 0x88A8])


def tag(kind: int, vlan: int) -> bytes:
    """A VLAN tag, to be followed by what the next EtherType says."""
    return pack(">HH", kind, vlan)


def link(link_type: int, tags: bytes, kind: int) -> bytes:
    """The header of a link type, with VLAN tags where it has any, up to an EtherType."""
    kinds = tags + pack(">H", kind)
    if link_type == ETHERNET:
        return bytes.fromhex("020000000001 020000000002") + kinds
    if link_type == SLL:
        return pack(">HHH8s", 0, 1, 6, b"\x02") + kinds
    if link_type == SLL2:
        return kinds[:2] + pack(">HIHBB8s", 0, 1, 1, 0, 6, b"\x02") + kinds[2:]
    if link_type in (NULL, LOOP):
        family = 2 if kind == 0x0800 else 30
        return pack(">I" if link_type == LOOP else "<I", family)
    return b""


def ipv4(
    protocol: int, payload: bytes, *, options: bytes = b"", fragment: int = 0, more: bool = False
) -> bytes:
    """RFC 791 section 3.1; options in whole words of 4 bytes, a fragment's place in 8 bytes."""
    options = options[: len(options) // 4 * 4]
    size = 20 + len(options)
    flags = more << 13 | fragment
    start = pack(">BBHHHBBH", 0x40 | size // 4, 0, size + len(payload), 7, flags, 64, protocol, 0)
    return start + bytes.fromhex("c0000201 c0000202") + options + payload


def ipv6(next_header: int, payload: bytes) -> bytes:
    """RFC 8200 section 3."""
    start = pack(">IHBB", 6 << 28, len(payload), next_header, 64)
    return (
        start
        + bytes.fromhex("20010db8" + "00" * 11 + "01" + "20010db8" + "00" * 11 + "02")
        + payload
    )


def extension(next_header: int, data: bytes) -> bytes:
    """RFC 8200 section 4: an options header, filled with one padding option."""
    size = (2 + 2 + len(data) + 7) // 8 * 8
    padding = size - 4
    return pack(">BBBB", next_header, size // 8 - 1, 1, padding) + bytes(padding)


def routing(next_header: int, addresses: int) -> bytes:
    """RFC 8200 section 4.4, with the addresses of type 0."""
    return pack(">BBBBI", next_header, 2 * addresses, 0, 0, 0) + bytes(16 * addresses)


def fragment_header(next_header: int, offset: int, more: bool) -> bytes:
    """RFC 8200 section 4.5, its offset in 8 bytes."""
    return pack(">BBHI", next_header, 0, offset << 3 | more, 7)


def tcp(
    source: int, destination: int, payload: bytes, *, flags: int, options: bytes = b""
) -> bytes:
    """RFC 9293 section 3.1; options in whole words of 4 bytes."""
    options = options[: len(options) // 4 * 4]
    size = 20 + len(options)
    start = pack(">HHIIBBHHH", source, destination, 1, 2, size // 4 << 4, flags, 512, 0, 0)
    return start + options + payload


def udp(source: int, destination: int, payload: bytes) -> bytes:
    """RFC 768."""
    return pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def icmp_echo(kind: int, payload: bytes) -> bytes:
    """RFC 792."""
    return pack(">BBHHH", kind, 0, 0, 1, 1) + payload


def arp() -> bytes:
    """RFC 826, for IPv4 over Ethernet."""
    return pack(">HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20)


DNS_QUERY = bytes.fromhex("0007 0100 0001 0000 0000 0000") + b"\x07example\0\0\1\0\1"

tcp_options = st.sampled_from(
    [
        b"",
        bytes.fromhex("0101080a 00000005 0000001d"),
        bytes.fromhex("020405b4 0402080a 00000005 00000006 01030307"),
        bytes.fromhex("0101050a 00000001 00000002"),
        bytes.fromhex("1d100101") + bytes(12),
        bytes.fromhex("1d030100"),
        bytes.fromhex("00000000"),
        bytes.fromhex("0204"),
        bytes.fromhex("ff0401 00"),
    ]
) | st.binary(max_size=40)


@st.composite
def transports(draw: st.DrawFn) -> tuple[int, bytes]:
    """What IP carries, with the number of its protocol."""
    what = draw(st.sampled_from(["tcp", "udp", "icmp", "icmp6", "other"]))
    if what == "tcp":
        return 6, tcp(
            draw(ports), draw(ports), draw(small),
            flags=draw(st.integers(0, 255)), options=draw(tcp_options),
        )  # fmt: skip
    if what == "udp":
        return 17, udp(draw(ports), draw(ports), draw(small | st.just(DNS_QUERY)))
    if what == "icmp":
        return 1, icmp_echo(draw(st.sampled_from([0, 8, 3, 11, 13])), draw(small))
    if what == "icmp6":
        return 58, icmp_echo(draw(st.sampled_from([128, 129, 1, 130])), draw(small))
    return draw(st.sampled_from([2, 47, 50, 58, 89, 132, 255])), draw(small)


@st.composite
def ip_packets(draw: st.DrawFn, version: int) -> bytes:
    """An IP packet of a version, in fragments or with options or extension headers or plain."""
    protocol, payload = draw(transports())
    place = draw(st.sampled_from([0, 0, 0, 185]))
    more = draw(st.sampled_from([False, False, True]))
    if version == 4:
        options = draw(st.sampled_from([b"", b"", bytes.fromhex("94040000"), bytes(8)]))
        return ipv4(protocol, payload, options=options, fragment=place, more=more)
    for kind in draw(st.lists(st.sampled_from(["hop", "to", "routing", "fragment"]), max_size=3)):
        if kind == "routing":
            protocol, payload = 43, routing(protocol, draw(st.integers(0, 2))) + payload
        elif kind == "fragment":
            protocol, payload = 44, fragment_header(protocol, place, more) + payload
        else:
            number = 0 if kind == "hop" else 60
            protocol, payload = number, extension(protocol, draw(small)) + payload
    return ipv6(protocol, payload)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """A well-formed packet, with its link type."""
    link_type = draw(st.sampled_from(LINK_TYPES))
    tags = b""
    if link_type in (ETHERNET, SLL, SLL2):
        kinds = draw(st.lists(tag_kinds, max_size=3))
        if link_type != ETHERNET and kinds:
            kinds[0] = 0x8100
        tags = b"".join(tag(kind, draw(st.integers(0, 0xFFFF))) for kind in kinds)
        if draw(st.sampled_from([False, False, False, False, True])):
            return link_type, link(link_type, tags, 0x0806) + arp() + draw(padding)
    version = {IPV4: 4, IPV6: 6}.get(link_type) or draw(st.sampled_from([4, 4, 6]))
    kind = KIND_OF_VERSION[version]
    return link_type, link(link_type, tags, kind) + draw(ip_packets(version)) + draw(padding)


padding = st.sampled_from([b"", b"", bytes(6), b"trailer"])


@st.composite
def damaged_frames(draw: st.DrawFn) -> Frame:
    """A packet with bits flipped, bytes changed, or its end cut off; or several put together."""
    link_type, data = draw(frames())
    damaged = bytearray(data)
    if draw(st.booleans()):  # layers that lie in each other
        at = draw(st.integers(0, len(damaged)))
        damaged[at:at] = draw(frames())[1]
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(damaged) - 1))
        damaged[at] = draw(
            st.integers(0, 255) | st.sampled_from([0, 6, 17, 29, 43, 44, 60, 0x45, 0x60, 0xFF])
        )
    if draw(st.booleans()):
        del damaged[draw(st.integers(0, len(damaged))) :]
    return link_type, bytes(damaged)
