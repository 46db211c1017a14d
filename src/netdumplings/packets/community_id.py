"""Community ID version 1: one string for a flow, whichever side's packet it is made of.

The specification is at https://github.com/corelight/community-id-spec. Zeek, Suricata, Wireshark
and others tell the same string of the same flow.
"""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import sha1
from struct import Struct

from .formats import ICMP, ICMPV6
from .icmp import COUNTERPARTS, COUNTERPARTS_V6

_SEED = Struct(">H")
_PORTS = Struct(">BxHH")
_NO_PORTS = Struct(">Bx")


def community_id(
    protocol: int,
    src: bytes,
    dst: bytes,
    src_port: int | None = None,
    dst_port: int | None = None,
    *,
    seed: int = 0,
) -> str:
    """The community ID of a flow.

    Args:
        protocol: what IP carries: 6 is TCP, 17 UDP.
        src: an address, 4 bytes or 16.
        dst: the other, as long.
        src_port: the port at `src`, of TCP, UDP and SCTP; of ICMP the type. None with any other
            protocol, and where there is none.
        dst_port: the port at `dst`; of ICMP the code.
        seed: what those who want other strings than everybody else agreed upon, 16 bits.
    """
    one_way = False
    if src_port is not None and dst_port is not None and protocol in (ICMP, ICMPV6):
        counterparts = COUNTERPARTS if protocol == ICMP else COUNTERPARTS_V6
        counterpart = int(counterparts[src_port & 0xFF])
        if counterpart < 0:
            one_way = True
        else:
            dst_port = counterpart
    if not one_way and (src, src_port or 0) > (dst, dst_port or 0):
        src, dst, src_port, dst_port = dst, src, dst_port, src_port
    return of_ordered(protocol, src, dst, src_port, dst_port, seed)


def of_ordered(
    protocol: int,
    lower: bytes,
    upper: bytes,
    lower_port: int | None,
    upper_port: int | None,
    seed: int = 0,
) -> str:
    """The community ID of a flow whose ends are in order already, as those of a flow's key are."""
    if lower_port is None or upper_port is None:
        rest = _NO_PORTS.pack(protocol)
    else:
        rest = _PORTS.pack(protocol, lower_port, upper_port)
    # It is no secret that SHA-1 is broken, but what makes a name need not keep one.
    digest = sha1(_SEED.pack(seed) + lower + upper + rest, usedforsecurity=False).digest()
    return "1:" + b2a_base64(digest, newline=False).decode("ascii")
