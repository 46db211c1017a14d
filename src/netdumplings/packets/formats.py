"""How headers are laid out, and the numbers in them that say what is what."""

from __future__ import annotations

from typing import Final

import numpy as np

#: LINKTYPE_ values of the registry at tcpdump.org.
NULL, ETHERNET, RAW, LOOP, LINUX_SLL, IPV4, IPV6, LINUX_SLL2 = 0, 1, 101, 108, 113, 228, 229, 276
#: What some systems write into files in place of `RAW`: their own number for it.
RAW_DLT: Final = 12

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_ARP = 0x0800, 0x86DD, 0x0806
TAG, SERVICE_TAG = 0x8100, 0x88A8
#: IEEE 802.3 clause 3.2.6: smaller values of the field are a length.
SMALLEST_ETHERTYPE: Final = 0x0600

#: Address families in the header of BSD loopback: IPv6's is another on each system. What says
#: none is IPv4's.
AF_INET: Final = 2
AF_INET6: Final = (10, 24, 28, 30)

TCP, UDP = 6, 17
# RFC 792, RFC 4443 section 1, RFC 9260.
ICMP, ICMPV6, SCTP = 1, 58, 132
#: RFC 8200 section 4: hop-by-hop options, routing, destination options; and fragment.
HOP_BY_HOP, ROUTING, FRAGMENT = 0, 43, 44
EXTENSIONS: Final = (HOP_BY_HOP, ROUTING, 60)

U8, U16, U32 = (np.dtype([("value", kind)]) for kind in ("u1", ">u2", ">u4"))
#: A VLAN tag behind its own EtherType (IEEE 802.1Q clause 9.6).
TAG_HEADER: Final = np.dtype([("control", ">u2"), ("ethertype", ">u2")])
#: RFC 791 section 3.1, without options.
IPV4_HEADER: Final = np.dtype(
    [
        ("version_and_size", "u1"), ("service", "u1"), ("length", ">u2"), ("id", ">u2"),
        ("fragment", ">u2"), ("ttl", "u1"), ("protocol", "u1"), ("checksum", ">u2"),
        ("source", ">u4"), ("destination", ">u4"),
    ]
)  # fmt: skip
#: RFC 8200 section 3.
IPV6_HEADER: Final = np.dtype(
    [
        ("version_and_flow", ">u4"), ("length", ">u2"), ("next", "u1"), ("hops", "u1"),
        ("source", "u1", (16,)), ("destination", "u1", (16,)),
    ]
)  # fmt: skip
#: RFC 8200 section 4: how any extension header begins, and where some have what. Of a routing
#: header, the first byte of ``fragment`` is the type, and ``last`` the last segment of type 4.
EXTENSION: Final = np.dtype(
    [("next", "u1"), ("size", "u1"), ("fragment", ">u2"), ("last", "u1"), ("", "V3")]
)
SEGMENT_ROUTING: Final = 4
#: RFC 768.
UDP_HEADER: Final = np.dtype(
    [("source", ">u2"), ("destination", ">u2"), ("length", ">u2"), ("checksum", ">u2")]
)
#: RFC 9293 section 3.1, without options.
TCP_HEADER: Final = np.dtype(
    [
        ("source", ">u2"), ("destination", ">u2"), ("sequence", ">u4"), ("acknowledged", ">u4"),
        ("size", "u1"), ("flags", "u1"), ("window", ">u2"), ("checksum", ">u2"), ("urgent", ">u2"),
    ]
)  # fmt: skip
#: RFC 792, and RFC 4443 section 2.1: what every message has.
ICMP_HEADER: Final = np.dtype([("type", "u1"), ("code", "u1"), ("checksum", ">u2")])
#: How TCP, UDP and SCTP begin (RFC 9293 section 3.1, RFC 768, RFC 9260 section 3.1).
PORTS: Final = np.dtype([("source", ">u2"), ("destination", ">u2")])
