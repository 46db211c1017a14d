"""What a filter may say that comes from a network.

libpcap looks names up when it compiles a filter (pcap-filter(7)): of hosts in the DNS, which takes
seconds and tells others what is asked for. So who asks by a filter writes numbers.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from .packet_messages import MAX_FILTER

#: Words of the language that name nothing outside of it.
_WORDS: Final = frozenset(
    [
        "and", "or", "not", "host", "net", "mask", "port", "portrange", "proto", "protochain",
        "src", "dst", "gateway", "less", "greater", "len", "broadcast", "multicast", "inbound",
        "outbound", "ether", "link", "fddi", "tr", "wlan", "ppp", "slip", "ip", "ip6", "arp",
        "rarp", "atalk", "aarp", "decnet", "iso", "stp", "ipx", "netbeui", "moprc", "mopdl", "lat",
        "sca", "vrrp", "carp", "tcp", "udp", "icmp", "icmp6", "igmp", "igrp", "pim", "ah", "esp",
        "sctp", "vlan", "mpls", "pppoed", "pppoes", "geneve", "vxlan", "addr1", "addr2", "addr3",
        "addr4", "ra", "ta", "type", "subtype", "dir", "tcpflags", "tcp-fin", "tcp-syn", "tcp-rst",
        "tcp-push", "tcp-ack", "tcp-urg", "tcp-ece", "tcp-cwr", "icmptype", "icmpcode",
        "icmp-echoreply", "icmp-unreach", "icmp-sourcequench", "icmp-redirect", "icmp-echo",
        "icmp-routeradvert", "icmp-routersolicit", "icmp-timxceed", "icmp-paramprob",
        "icmp-tstamp", "icmp-tstampreply", "icmp-ireq", "icmp-ireqreply", "icmp-maskreq",
        "icmp-maskreply", "icmp6type", "icmp6code",
    ]
)  # fmt: skip
#: Numbers, addresses of IPv4 and beginnings of them, hardware addresses, which part of a packet.
_NUMBERS: Final = re.compile(
    r"0x[0-9a-f]+|\d+(\.\d+){0,3}|[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}|\d+:\d+", re.ASCII
)
_RANGE: Final = re.compile(r"\d+-\d+", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s()\[\]+*/%&|^<>=!]+")


def problem_of(expression: str) -> str | None:
    """Say what may not be in a filter that comes from a network.

    Returns:
        one clear sentence; None if there is nothing. It may be no filter all the same.
    """
    if len(expression) > MAX_FILTER:
        return f"a filter has at most {MAX_FILTER} characters"
    before = ""
    for token in _BETWEEN.split(expression.lower()):
        if not _is_known(token, before):
            what = ascii(token)[:60]
            return f"{what} is no word of a filter, or a name: write addresses and numbers"
        before = token
    return None


def _is_known(token: str, before: str) -> bool:
    """Whether a word, behind another one, is of the language, or a number or address."""
    if not token.strip("-") or token in _WORDS or _NUMBERS.fullmatch(token):
        return True
    if before == "portrange":
        return _RANGE.fullmatch(token) is not None
    try:
        return ":" in token and bool(ipaddress.IPv6Address(token).packed)
    except ValueError:
        return False
