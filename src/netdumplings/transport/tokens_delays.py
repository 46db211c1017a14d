"""How long those wait for an answer who come with tokens that are none."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Final

#: Seconds that the first of a host's failures waits; each further one twice as long.
FIRST: Final = 0.1
#: Seconds that none waits longer than: a client would give up before it was told why.
LONGEST: Final = 3.0
#: Seconds after a host's last failure until all of them are forgotten.
FORGOTTEN_AFTER: Final = 300.0
#: How many hosts are remembered; the one that has failed least lately is forgotten first.
HOSTS: Final = 10_000


class FailureDelays:
    """Counts failures by host, and tells how long to let the next one wait.

    Only who fails waits: from a host with many failures, a good token is as quick as ever. A host
    of IPv6 is its network of 64 bits, of which one machine can have every address (RFC 4291,
    section 2.5.4).

    Args:
        clock: seconds of a steady clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._failures)

    def failed(self, host: str) -> float:
        """Note a failure.

        Args:
            host: the address that it came from.

        Returns:
            how many seconds to wait before telling.
        """
        now = self._clock()
        host = _network(host)
        count, last = self._failures.pop(host, (0, now))
        if now - last > FORGOTTEN_AFTER:
            count = 0
        # At the end: the first is always the one that failed least lately.
        self._failures[host] = (count + 1, now)
        if len(self._failures) > HOSTS:
            del self._failures[next(iter(self._failures))]
        return min(FIRST * 2.0 ** min(count, 16), LONGEST)


def _network(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
