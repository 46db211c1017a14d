"""The addresses of hubs' ports, as users write them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from ..exceptions import InvalidAddress

#: How many hubs one may name.
MAX_HUBS: Final = 16
#: What a host name may look like: labels of letters, digits, hyphens, and the underscores that
#: some local names have, each at most 63 characters (RFC 1035, section 2.3.4).
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[\w-]{1,63}(\.[\w-]{1,63})*\.?\Z")
#: What an IPv6 address is written with; `ipaddress` takes any text for its zone, behind ``%``.
_IN_BRACKETS: Final = re.compile(r"[0-9A-Fa-f:.]+(%[\w.:@-]{1,64})?", re.ASCII)


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
                ipaddress.IPv6Address(host if _IN_BRACKETS.fullmatch(host) else "")
            except ValueError:
                raise InvalidAddress(text, "no IPv6 address in the brackets") from None
        elif ":" in host:
            several = re.search(r"[\s;]", host)
            problem = "an IPv6 address needs brackets"
            raise InvalidAddress(text, "commas go between several" if several else problem)
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


class HubAddresses(tuple[HubAddress, ...]):
    """Where hubs listen, in the order in which they are tried; no two are the same.

    Its text is that of the addresses, with commas between them.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, hubs: str | Iterable[str]) -> HubAddresses:
        """Read addresses.

        Args:
            hubs: one, or several with commas between them; or a list of such texts. Of those that
                are the same, the first counts.

        Raises:
            InvalidAddress: one of them is none, or there are none, or more than `MAX_HUBS`.
            TypeError: it is something else than text.
        """
        texts = [hubs] if isinstance(hubs, str) else list(hubs)
        found: dict[HubAddress, HubAddress] = {}
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"a hub's address is text, HOST:PORT, not {text!r}")
            for one in map(str.strip, text.split(",")):
                if not one and "," in text:
                    raise InvalidAddress(text, "there is a comma without an address")
                address = HubAddress.parse(one)
                found.setdefault(address._replace(host=address.host.lower()), address)
                if len(found) > MAX_HUBS:
                    raise InvalidAddress(one, f"it is one more than the {MAX_HUBS} there may be")
        if not found:
            raise InvalidAddress("", "there is none")
        return cls(found.values())

    @classmethod
    def of(cls, hubs: HubAddress | Sequence[HubAddress]) -> HubAddresses:
        """Make it of one address, or of several.

        Raises:
            ValueError: there are none.
        """
        if not hubs:
            raise ValueError("at least one hub is wanted")
        return cls((hubs,) if isinstance(hubs, HubAddress) else hubs)

    def __str__(self) -> str:
        return ",".join(map(str, self))


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
