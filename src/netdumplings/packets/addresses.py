"""IP addresses as text, the same on every version of Python."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

#: RFC 4291 section 2.5.5.2: how an IPv4 address in the form of an IPv6 one begins.
_MAPPED: Final = bytes(10) + b"\xff\xff"


@lru_cache(4096)
def address_text(address: bytes) -> str:
    """An IP address as text.

    Args:
        address: 4 bytes of IPv4, or 16 of IPv6, which are written as RFC 5952 has it.
    """
    if len(address) == 4:
        return "%d.%d.%d.%d" % tuple(address)  # noqa: UP031 - the fastest way there is
    if address.startswith(_MAPPED):  # RFC 5952 section 5
        return "::ffff:" + ".".join(map(str, address[12:]))
    groups = [f"{address[at] << 8 | address[at + 1]:x}" for at in range(0, 16, 2)]
    start, length = _longest_zeros(groups)
    if length < 2:
        return ":".join(groups)
    return f"{':'.join(groups[:start])}::{':'.join(groups[start + length :])}"


def _longest_zeros(groups: list[str]) -> tuple[int, int]:
    """Where the first of the longest runs of zeros begins, and how long it is."""
    best = (0, 0)
    start = None
    for at, group in enumerate([*groups, "end"]):
        if group == "0":
            start = at if start is None else start
        elif start is not None:
            best = max(best, (start, at - start), key=lambda run: run[1])
            start = None
    return best
