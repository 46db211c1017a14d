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
    """

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> HubAddress:
        """Read ``HOST:PORT``; an IPv6 address goes in brackets, as in ``[::1]:11348``.

        Raises:
            InvalidAddress: it is something else.
        """
        if "://" in text:
            raise InvalidAddress(text, "it looks like a URL")
        host, colon, port = text.rpartition(":")
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
        return cls(host, int(port))

    @property
    def uri(self) -> str:
        """The address as a WebSocket URI, ``ws://host:port``."""
        return f"ws://{self}"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
