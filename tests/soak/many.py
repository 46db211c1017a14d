"""More flows than chefs remember: what they take of memory is what they say."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any, Final, NamedTuple

from netdumplings import DumplingChef
from netdumplings.dumplingchefs import FlowChef, ICMPChef, TCPHealthChef
from support import traffic
from support.many import many_flows

#: Packets of a batch, and how many come within a second.
BATCH, A_SECOND = 2000, 50_000
_SYN = (6, traffic.tcp(40000, 443, b"", flags=2))
_DATAGRAM = traffic.ipv4(17, traffic.udp(1024, 53, b""))
_ECHO = (1, traffic.icmp_echo(8, b""))
_UNREACHABLE = (1, traffic.icmp_echo(3, b"")[:8] + _DATAGRAM)
Transport = tuple[int, bytes]


class Claim(NamedTuple):
    """What a chef says of itself.

    Attributes:
        chef: its class.
        transport: what its packets carry.
        most: bytes that it takes at most, by its own words.
    """

    chef: type[DumplingChef]
    transport: Transport
    most: int


CLAIMS: Final = (
    Claim(FlowChef, _SYN, 20_000_000),
    Claim(TCPHealthChef, _SYN, 18_000_000),
    Claim(ICMPChef, _ECHO, 8_000_000),
    Claim(ICMPChef, _UNREACHABLE, 8_000_000),
)


def held(chef: Any, transport: Transport, flows: int) -> int:
    """Give a chef that many flows, and return the most that it held of memory, bytes."""
    list(chef.batch_handler(many_flows(0, 10, transport, 0)) or ())
    most = 0
    tracemalloc.start()
    try:
        for first in range(0, flows, BATCH):
            packets = many_flows(first, BATCH, transport, first // A_SECOND)
            for _ in chef.batch_handler(packets) or ():
                pass
            if not first % A_SECOND:
                chef.interval_handler(5.0)
            del packets
            most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    return most


def many(flows: int) -> bool:
    """Try every claim, print a line for each; return whether one is false."""
    bad = False
    for claim in CLAIMS:
        began = time.monotonic()
        most = held(claim.chef(), claim.transport, flows)
        verdict = "good" if most <= claim.most else "BAD"
        print(
            f"{claim.chef.__name__}: {flows} flows in {time.monotonic() - began:.0f} seconds, "
            f"{most / 1e6:.1f} MB of {claim.most / 1e6:.0f}: {verdict}",
            flush=True,
        )
        bad |= most > claim.most
    return bad
