"""One filter made of several: what one of them lets through, so that the kernel drops the rest.

The filters it is made of are applied again to what comes of it, each for whom it is meant. So it
may let through too much, but never too little. It cannot be made of every filter:

- ``vlan`` and its like shift what is behind them in the whole expression (pcap-filter(7));
- an address or number without a word before it means what the one before it does;
- a name may have another address whenever it is looked up. What captures may besides be a process
  that is to ask nobody anything, and the filter come from one that is not trusted;
- a program of BPF that looks behind a packet's end lets it not through, whatever else it would have
  asked. Packets that end within the headers are let through for that, and filters that look behind
  those are not joined.

The kernel takes VLAN tags off before it filters, and libpcap puts them on again: a tagged packet is
another one to the two. All of them are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from .linktypes import ETHERNET, RAW

#: How many filters are joined at most, and how many characters they have.
MAX_FILTERS: Final = 64
MAX_TEXT: Final = 4096
#: Lets nothing through, on any link type. (libpcap refuses what it can see to be false.)
NOTHING: Final = "less 0"

#: Bytes before the IP header by link type: of those that narrowing is for. Besides Ethernet: NULL,
#: raw IP, LOOP, IPv4, IPv6, in which there are no tags.
_BEFORE_IP: Final = {ETHERNET: 14, 0: 4, RAW: 0, 108: 4, 228: 0, 229: 0}
#: Bytes of each header that a filter may look at, and that are there if a packet is not let through
#: for being short: of TCP and what is in its place, and of others by their names.
_TRANSPORT: Final = 20
_ARP: Final = 28
_DEPTHS: Final = {
    "ether": 14,
    "arp": _ARP,
    "rarp": _ARP,
    "ip": 20,
    "ip6": 40 + _TRANSPORT,
    **dict.fromkeys(("tcp", "udp", "sctp", "icmp", "icmp6"), _TRANSPORT),
}
#: The words of pcap-filter(7) that look nothing up, and nowhere else, and shift nothing.
_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        host net port portrange proto src dst mask and or not len less greater broadcast multicast
        ether ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp pim ah esp
        tcpflags icmptype icmpcode icmp6type icmp6code
        """,
    )
)
_FLAGS: Final = re.compile(r"(?:tcp|icmp|icmp6)-[a-z]+")
_NAMED: Final = {"tcpflags": 13, "icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1}
_TOKEN: Final = re.compile(
    r"\s+"
    r"|(?P<looks>(?P<header>[a-z0-9]+)\s*\[\s*(?P<at>[0-9]{1,4}|[a-z][a-z0-9]*)"
    r"\s*(?::\s*(?P<size>[124])\s*)?\])"
    r"|(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+){0,3})(?![0-9a-zA-Z_.:])"
    # IPv6 and Ethernet addresses.
    r"|[0-9a-fA-F]*(?::[0-9a-fA-F]*)+(?:(?:\.[0-9]+){3})?(?![0-9a-zA-Z_.])"
    r"|\\?(?P<word>[a-z][a-z0-9]*(?:-[a-z]+)?)(?![0-9a-zA-Z_.:-])"
    r"|[()<>=!&|+*/%^-]"
)


def why_not_joined(filters: Sequence[str]) -> str | None:
    """Say why no filter can be made of several.

    Args:
        filters: in pcap-filter(7) language; each is one that libpcap takes.

    Returns:
        None if it can.
    """
    if len(filters) > MAX_FILTERS:
        return f"there are over {MAX_FILTERS} filters"
    if sum(map(len, filters)) > MAX_TEXT:
        return f"the filters have over {MAX_TEXT} characters"
    for expression in filters:
        if not expression.strip():
            return "one lets everything through"
        for part in _strange(expression):
            return f"{part!r} in {expression!r} may mean something else there"
    return None


def union(filters: Sequence[str]) -> str:
    """Write a filter that lets through what at least one of several does.

    Args:
        filters: as `why_not_joined` has no objection to; none for a filter that lets nothing
            through.
    """
    return " or ".join(f"({expression})" for expression in filters) or NOTHING


def narrowed(filter: str, only: Sequence[str], link_type: int) -> str | None:
    """Write what a filter lets through of what at least one of several others does.

    Args:
        filter: empty for one that lets everything through.
        only: the others; see `union`.
        link_type: what packets begin with, a LINKTYPE_ value.

    Returns:
        a filter that lets through those, and of what ``filter`` does besides what has a VLAN tag or
        ends within the headers; None if there is none for this link type or this filter.
    """
    before_ip = _BEFORE_IP.get(link_type)
    if before_ip is None or re.search(r"\b(?:vlan|mpls|pppoes|geneve|vxlan)\b", filter):
        return None
    wanted = union(only)
    if only:
        # First, so that nothing has looked behind their end by then.
        wanted = f"{' or '.join(_short(before_ip))} or {wanted}"
    if link_type == ETHERNET:
        # Last: behind it everything would mean something else.
        wanted = f"{wanted} or vlan"
    return f"({filter}) and ({wanted})" if filter.strip() else wanted


def _short(before_ip: int) -> Iterator[str]:
    """Write filters for packets that end within the headers that filters may look at."""
    yield f"(ip and len < {before_ip + _TRANSPORT} + ((ip[0] & 0xf) << 2))"
    yield f"(ip6 and len < {before_ip + 40 + _TRANSPORT})"
    if before_ip == 14:
        yield f"((arp or rarp) and len < {before_ip + _ARP})"


def _strange(expression: str) -> Iterator[str]:
    """Yield what is in a filter that does not mean the same everywhere, or looks too far."""
    at = depth = 0
    begun = False
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        if token is None:
            yield expression[at : at + 20]
            return
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            yield ")"
        word = token["word"]
        if word and word not in _WORDS and not _FLAGS.fullmatch(word):
            yield word
        if token["looks"] and not _is_near(token["header"], token["at"], token["size"]):
            yield token["looks"]
        if not begun and token[0].strip() not in ("", "(", "!", "not"):
            begun = True
            if not word and not token["looks"]:
                yield token[0]
        at = token.end()
    if depth:
        yield "("


def _is_near(header: str, at: str, size: str | None) -> bool:
    """Tell whether a filter looks no further than it may."""
    offset = _NAMED.get(at, -1) if not at.isdecimal() else int(at)
    return offset >= 0 and offset + int(size or 1) <= _DEPTHS.get(header, 0)
