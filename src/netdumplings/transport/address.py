"""The address of a hub's port, as users write it."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, NamedTuple

from ..exceptions import InvalidAddress

#: What a host name may look like: labels of letters, digits, hyphens, and the underscores that
#: some local names have, each at most 63 characters (RFC 1035, section 2.3.4).
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[\w-]{1,63}(\.[\w-]{1,63})*\.?\Z")


class HubAddress(NamedTuple):
    """Where a hub listens.

    Attributes:
        host: a name, or an IPv4 or IPv6 address (without brackets).
        port: a TCP port, 1 to 65535.
        secure: whether it is spoken to through TLS.
    """

    host: str
    port: int
    secure: bool = False

    @classmethod
    def parse(cls, text: str) -> HubAddress:
        """Read ``HOST:PORT``, ``ws://HOST:PORT`` or ``wss://HOST:PORT``, which means TLS.

        An IPv6 address goes in brackets, as in ``[::1]:11348``.

        Raises:
            InvalidAddress: it is something else.
        """
        scheme, separator, rest = text.rpartition("://")
        if separator:
            # What a scheme is called does not depend on its case (RFC 3986, section 3.1).
            if scheme.lower() not in ("ws", "wss"):
                raise InvalidAddress(text, "that kind of URL is not a WebSocket's")
            rest = rest.removesuffix("/")
        host, colon, port = rest.rpartition(":")
        if not colon:
            raise InvalidAddress(text, "the port is missing")
        if not host:
            raise InvalidAddress(text, "the host is missing")
        # str.isdigit and int() also take the digits of other scripts.
        if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
            raise InvalidAddress(text, "a port is a number from 1 to 65535")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
            try:
                ipaddress.IPv6Address(host)
            except ValueError:
                raise InvalidAddress(text, "no IPv6 address in the brackets") from None
        elif ":" in host:
            raise InvalidAddress(text, "an IPv6 address needs brackets")
        elif not _HOST_NAME.match(host):
            raise InvalidAddress(text, "that is no host name")
        return cls(host, int(port), scheme.lower() == "wss")

    @property
    def uri(self) -> str:
        """The address as a WebSocket URI, ``ws://host:port`` or ``wss://host:port``."""
        return str(self) if self.secure else f"ws://{self}"

    @property
    def is_loopback(self) -> bool:
        """Whether that is certainly this host itself; no name but ``localhost`` is."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"wss://{host}:{self.port}" if self.secure else f"{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is this host's own, reached by nobody else.

    Args:
        host: ``localhost``, or an IP address (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3).
    """
    host = host.lower().removesuffix(".")
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
