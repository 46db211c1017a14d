"""Listening sockets for every address of a host, on one port."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from typing import Any, Final

from ..exceptions import CannotListen, Unprotected
from .address import is_loopback

#: How often to look for a port that is free in every address family.
_PORT_TRIES: Final = 20
#: Connections that the kernel may hold for us until we accept them. A client that finds no place
#: tries again only after a second. (Linux has 4096 at most, unless told otherwise.)
BACKLOG: Final = 4096
#: Connections that are accepted before it is the turn of the peers that are here.
ACCEPTED_A_TURN: Final = 8
#: Errors of an address that exists by name, but not on this host (IPv6 switched off).
_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


async def listening_sockets(
    address: str, port: int, *, lacks: Sequence[str] = ()
) -> list[socket.socket]:
    """Listen on every address of a host, on the same port.

    asyncio would do it, but with port 0 on a port of its own for each address.

    Args:
        address: a host name or an IP address.
        port: the port; 0 for any that is free on all of them.
        lacks: what is missing for others than this host itself to be let near; if anything is,
            none but loopback addresses will do.

    Returns:
        at least one socket.

    Raises:
        CannotListen: the port is taken, or not allowed, or the address is none of this host's.
        Unprotected: something is missing.
    """
    if not 0 <= port <= 65535:
        raise CannotListen(address, port, "a port is a number from 0 to 65535")
    if not address:
        raise CannotListen(address, port, "no address given (0.0.0.0 is every IPv4 address)")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise CannotListen(address, port, _reason(error)) from error
    hosts = list(dict.fromkeys((family, name) for family, _, _, _, name in found))
    if lacks and not all(is_loopback(str(name[0])) for _, name in hosts):
        raise Unprotected(address, lacks)
    for attempt in range(1, _PORT_TRIES + 1):
        try:
            return bind_all(hosts, port)
        except OSError as error:
            # With port 0, the port that one family was given may be taken in the other.
            if port or error.errno != errno.EADDRINUSE or attempt == _PORT_TRIES:
                raise CannotListen(address, port, _reason(error)) from error
    raise AssertionError("the last try returns or raises")


def bind_all(hosts: Sequence[tuple[int, Any]], port: int) -> list[socket.socket]:
    """Listen on several addresses, on the same port.

    Args:
        hosts: pairs of an address family and an address as ``bind`` takes it; its port does not
            matter.
        port: the port; 0 for one that is free on the first address.

    Returns:
        a socket for each address that this host really has; at least one.

    Raises:
        OSError: it has none of them, or the port cannot be had on one.
    """
    sockets: list[socket.socket] = []
    not_here: OSError | None = None
    try:
        for family, name in hosts:
            try:
                sock = _listen_on(family, (name[0], port, *name[2:]))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                not_here = error
                continue
            sockets.append(sock)
            port = sock.getsockname()[1]
        if not_here and not sockets:
            raise not_here
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _listen_on(family: int, name: Any) -> socket.socket:
    # asyncio switches the delay of small writes off (tcp(7), TCP_NODELAY) only where it sees TCP.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # A hub that is restarted has its port back at once.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(name)
        # Two hubs may both be allowed to bind; only one may listen.
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, socket.gaierror) and error.errno:
        return os.strerror(error.errno).lower()
    return getattr(error, "strerror", None) or ascii(str(error))
