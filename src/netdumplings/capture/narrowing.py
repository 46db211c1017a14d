"""One filter made of several: what one of them lets through, so that the kernel drops the rest.

The filters it is made of are applied again to what comes of it, each for whom it is meant. So it
may let through too much, but never too little. It cannot be made of every filter:

- ``vlan`` and its like shift what is behind them in the whole expression (pcap-filter(7));
- an address or number without a word before it means what the one before it does;
- a name may have another address whenever it is looked up. What captures may besides be a process
  that is to ask nobody anything, and the filter come from one that is not trusted.

The kernel takes VLAN tags off before it filters, and libpcap puts them on again: a tagged packet is
another one to the two. All of them are let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from .linktypes import RAW

#: How many filters are joined at most, and how many characters they have.
MAX_FILTERS: Final = 64
MAX_TEXT: Final = 4096
#: Lets nothing through, on any link type. (libpcap refuses what it can see to be false.)
NOTHING: Final = "less 0"

#: Link types without an Ethernet header, and so without tags: NULL, raw IP, LOOP, IPv4, IPv6.
_TAGLESS: Final = frozenset({0, RAW, 108, 228, 229})
#: The words of pcap-filter(7) that look nothing up and shift nothing.
_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        host net port portrange proto src dst mask and or not len less greater broadcast multicast
        ether link ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp igrp pim ah esp vrrp carp stp
        tcpflags icmptype icmpcode icmp6type icmp6code
        """,
    )
)
_FLAGS: Final = re.compile(r"(?:tcp|icmp|icmp6)-[a-z]+")
_TOKEN: Final = re.compile(
    r"\s+"
    r"|(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+){0,3})(?![0-9a-zA-Z_.:])"
    # IPv6 and Ethernet addresses, and the numbers in ip[6:2].
    r"|[0-9a-fA-F]*(?::[0-9a-fA-F]*)+(?:(?:\.[0-9]+){3})?(?![0-9a-zA-Z_.])"
    r"|\\?(?P<word>[a-z][a-z0-9]*(?:-[a-z]+)?)(?![0-9a-zA-Z_.:-])"
    r"|[()\[\]<>=!&|+*/%^-]"
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
        for word in _strange(expression):
            return f"{word!r} in {expression!r} may mean something else there"
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
        a filter that lets through those, and of what ``filter`` does everything that has a VLAN
        tag; None if it cannot be made.
    """
    if any(True for _ in _shifting(filter)):
        return None
    # Behind "vlan" everything would mean something else.
    wanted = union(only) if link_type in _TAGLESS else f"{union(only)} or vlan"
    return f"({filter}) and ({wanted})" if filter.strip() else wanted


def _strange(expression: str) -> Iterator[str]:
    """Yield what is in a filter that does not mean the same everywhere."""
    at = 0
    depth = 0
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
        if not begun and token[0].strip() not in ("", "(", "!", "not"):
            begun = True
            if not word:
                yield token[0]
        at = token.end()
    if depth:
        yield "("


def _shifting(expression: str) -> Iterator[str]:
    """Yield words that shift what is behind them."""
    for found in re.finditer(r"\b(?:vlan|mpls|pppoes|geneve|vxlan)\b", expression):
        yield found[0]
