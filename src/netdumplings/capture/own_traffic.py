"""The packets that carry dumplings: to tell of them would make more of them."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

logger = logging.getLogger(__name__)

#: How many addresses a filter may name.
MAX_HOSTS: Final = 64


class OwnTraffic(NamedTuple):
    """TCP connections that are not to be sniffed on.

    Attributes:
        hosts: the addresses of the hubs' hosts, IPv4 and IPv6; none for any host.
        ports: their ports.
    """

    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    def filtered_out(self, filter: str) -> str:
        """Write a filter that lets through what another does, but for this.

        Args:
            filter: in pcap-filter(7) language; empty for everything.

        Raises:
            ValueError: a host is no address, or a port no port.
        """
        if not self.ports:
            return filter
        ports = " or ".join(f"tcp port {_port(port)}" for port in self.ports)
        hosts = " or ".join(f"host {ipaddress.ip_address(host)}" for host in self.hosts)
        own = f"({ports}) and ({hosts})" if hosts else ports
        return f"({filter}) and not ({own})" if filter.strip() else f"not ({own})"


def own_traffic(hosts: Iterable[str], ports: Collection[int]) -> OwnTraffic:
    """Find out which packets those are.

    Args:
        hosts: the hubs' names or addresses. Where one has no address now, or they have more than
            `MAX_HOSTS`, any host will do.
        ports: the ports that the hubs take dumplings and give them out by.
    """
    addresses: dict[str, None] = {}
    for host in hosts:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            logger.info(
                "%s has no address: no host's TCP ports %s are sniffed on", host, list(ports)
            )
            return OwnTraffic((), tuple(ports))
        # An address of a link has the interface behind it: fe80::1%eth0.
        addresses |= dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found)
    return OwnTraffic(tuple(addresses) if len(addresses) <= MAX_HOSTS else (), tuple(ports))


def _port(port: int) -> int:
    if not 0 < port < 65536:
        raise ValueError(f"{port} is no port")
    return port
