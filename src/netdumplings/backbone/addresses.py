"""The addresses of the servers of a backbone, as users write them."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

#: Servers that a hub may be told of.
_MOST_SERVERS: Final = 100
_USUAL_PORT: Final = 4222
#: As for hubs: labels of letters, digits, hyphens and underscores (RFC 1035, section 2.3.4).
_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[\w-]{1,63}(\.[\w-]{1,63})*\.?\Z", re.ASCII)
#: What an IPv6 address is written with; `ipaddress` takes any text for its zone, behind ``%``.
_IN_BRACKETS: Final = re.compile(r"[0-9A-Fa-f:.]+(%[\w.:@-]{1,64})?", re.ASCII)


def parse_servers(text: str) -> list[str]:
    """Read the addresses of servers, with commas between them.

    Args:
        text: each is ``nats://HOST:PORT`` or ``tls://HOST:PORT``; without a port it is 4222,
            and without the beginning it is as the one before, or ``nats://``. An IPv6 address is
            in brackets.

    Returns:
        their URLs, whole, each once.

    Raises:
        ValueError: one is no such address, some have TLS and some have not, or somebody's name
            or password is in one.
    """
    urls: list[str] = []
    scheme = "nats"
    for one in text.split(","):
        scheme, host, port = _parts(one.strip(), scheme)
        urls.append(f"{scheme}://{host}:{port}")
    if len({url.partition("://")[0] for url in urls}) > 1:
        raise ValueError("some servers of the backbone are tls://, some are nats://: choose one")
    urls = list(dict.fromkeys(urls))
    if len(urls) > _MOST_SERVERS:
        raise ValueError(f"a backbone has at most {_MOST_SERVERS} addresses, not {len(urls)}")
    return urls


def is_loopback(url: str) -> bool:
    """Whether a server that `parse_servers` has read is on this host, certainly."""
    host = url.partition("://")[2].rpartition(":")[0].strip("[]").lower().removesuffix(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(text: str, usual: str) -> tuple[str, str, int]:
    """Take an address apart: scheme, host and port."""
    given, separator, rest = text.rpartition("://")
    scheme = given.lower() if separator else usual
    rest = rest.removesuffix("/")
    if "@" in text:  # so that it is not shown, wherever it is
        raise ValueError(
            "a user or a password has no place in the address of a server, as others can see it "
            "there: see --backbone-user and --backbone-password-file"
        )
    if scheme not in ("nats", "tls"):
        raise _wrong(text, "such an address begins with nats:// or tls://")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        host, port = rest, str(_USUAL_PORT)
    # str.isdigit and int() also take the digits of other scripts.
    if not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise _wrong(text, "a port is a number from 1 to 65535")
    if not host:
        raise _wrong(text, "the host is missing")
    if host.startswith("[") and host.endswith("]"):
        try:
            inside = host[1:-1]
            host = f"[{ipaddress.IPv6Address(inside if _IN_BRACKETS.fullmatch(inside) else '')}]"
        except ValueError:
            raise _wrong(text, "no IPv6 address in the brackets") from None
    elif ":" in host:
        raise _wrong(text, "an IPv6 address needs brackets")
    elif not _HOST_NAME.match(host):
        raise _wrong(text, "that is no host name")
    return scheme, host, int(port)


def _wrong(text: str, problem: str) -> ValueError:
    return ValueError(f"{text!r:.300} is not the address of a server of a backbone: {problem}")
