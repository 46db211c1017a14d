"""Whom a hub answers at all: by what name it was called, and by the page of which site.

A web page may open a WebSocket to any host, the visitor's own included; the browser sends which
site the page is of (``Origin``: RFC 6454, RFC 6455, section 10.2), and leaves it to the server to
say no. A site whose name begins to resolve to the visitor's own address after the page was loaded
(DNS rebinding) is of the right origin; but the browser still calls the server by the site's name
(``Host``: RFC 9110, section 7.2).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Sequence
from typing import Final, Literal, NamedTuple

from .address import is_loopback

#: A host as in a URI: a name, an IPv4 address, or an IPv6 address in brackets, of which clients may
#: leave the zone in (RFC 6874, section 3); and perhaps a port.
_AUTHORITY: Final = re.compile(
    r"(\[[0-9a-f:.]{2,45}(?:%[a-z0-9_.-]{1,40})?\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.IGNORECASE
)
_WEB: Final = re.compile(r"https?://(.+)", re.IGNORECASE)
#: What may be allowed by name: any scheme, for browsers' extensions have schemes of their own.
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+", re.IGNORECASE)


class Unwelcome(NamedTuple):
    """A handshake that is answered with HTTP 403.

    Attributes:
        cause: the header that is wrong.
        text: what is wrong with it, in printable ASCII, whatever was sent.
    """

    cause: Literal["host", "origin"]
    text: str


class Doorman:
    """Knows what a hub is called, and whose pages may connect to it.

    Programs send no ``Origin``, and may connect. Pages may, where that is wanted at all, if their
    host is this host itself or the hub's own name or address; others must be allowed one by one.

    Args:
        names: names and addresses of the hub, beside those of the loopback interface, and those
            that it listens on.
        origins: the origins that may connect besides, as browsers send them.
        pages: whether pages may connect without being among those.

    Raises:
        ValueError: one of these is no name, or no origin.
    """

    def __init__(
        self, names: Collection[str] = (), origins: Collection[str] = (), *, pages: bool
    ) -> None:
        self._names = {_own_name(name) for name in names}
        self._origins = frozenset(map(_own_origin, origins))
        self._pages = pages

    def listens_on(self, address: str) -> None:
        """Note a name or address of the hub's; ``0.0.0.0`` and ``::`` are nobody's."""
        if address not in ("0.0.0.0", "::"):  # noqa: S104
            self._names.add(_plain(address))

    def turn_away(
        self, hosts: Sequence[str], origins: Sequence[str], called_at: str
    ) -> Unwelcome | None:
        """Look at a handshake.

        Args:
            hosts: the values of its ``Host`` headers.
            origins: the values of its ``Origin`` headers.
            called_at: the address of this host that the connection came in by. (A hub that
                listens on every address knows none of them beforehand; no site can be called so.)

        Returns:
            why it must go no further; None if it may.
        """
        if len(hosts) != 1:
            return Unwelcome("host", f"{len(hosts)} Host headers instead of one")
        if not self._is_own(host_of(hosts[0]), called_at):
            return Unwelcome("host", f"it calls the hub {ascii(hosts[0])[:80]}: see --allow-host")
        if not origins:
            return None
        if len(origins) > 1:
            return Unwelcome("origin", f"{len(origins)} Origin headers")
        if origins[0].lower() in self._origins:
            return None
        page = _WEB.fullmatch(origins[0])
        if page and self._pages and self._is_own(host_of(page[1]), called_at):
            return None
        option = "--allow-origin" if self._pages else "--allow-kitchen-origin"
        return Unwelcome("origin", f"a page of {ascii(origins[0])[:80]}: see {option}")

    def _is_own(self, host: str | None, called_at: str) -> bool:
        if host is None:
            return False
        return is_loopback(host) or host in self._names or (host == _plain(called_at) != "")


def host_of(authority: str) -> str | None:
    """Read the host of ``HOST`` or ``HOST:PORT``, in the one form that equal ones have.

    Returns:
        a name in lower case, or an address, without brackets; None if it is neither.
    """
    found = _AUTHORITY.fullmatch(authority)
    if not found:
        return None
    host = found[1]
    if not host.startswith("["):
        return _plain(host)
    try:
        return str(ipaddress.IPv6Address(host[1:-1].partition("%")[0]))
    except ValueError:
        return None


def _plain(host: str) -> str:
    """Write a name or address as `host_of` does; the zone of an address says nothing here."""
    host = host.lower().partition("%")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.removesuffix(".")


def _own_name(name: str) -> str:
    plain = _plain(name)
    if host_of(f"[{plain}]" if ":" in plain else plain) != plain or not plain:
        raise ValueError(f"{name!r} is no name or address of a host (it goes without a port)")
    return plain


def _own_origin(origin: str) -> str:
    if origin == "null":
        raise ValueError("the origin null cannot be allowed: pages of any site can have it")
    if not _ORIGIN.fullmatch(origin):
        raise ValueError(
            f"{origin!r} is no origin: give it as browsers send it, as in https://example.org"
        )
    return origin.lower()
