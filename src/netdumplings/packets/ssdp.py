"""Messages of SSDP, by which UPnP devices are found (UPnP Device Architecture 2.0, section 1)."""

from __future__ import annotations

from typing import Final, NamedTuple

#: Bytes that are read of a message, and lines.
_LONGEST: Final = 4096
_MOST_LINES: Final = 64

NOTIFY, SEARCH, RESPONSE = "notify", "search", "response"
_KINDS: Final = {
    b"NOTIFY * HTTP/1": NOTIFY,
    b"M-SEARCH * HTTP": SEARCH,
    b"HTTP/1.1 200 OK": RESPONSE,
}


class SsdpMessage(NamedTuple):
    """A message: its kind, one of three, and its headers, by their names in lower case."""

    kind: str
    headers: dict[str, str]


def read_ssdp(data: bytes) -> SsdpMessage | None:
    """Read a message of SSDP.

    Args:
        data: what a datagram carries, from or to port 1900.

    Returns:
        the message; None if it is none.
    """
    kind = _KINDS.get(data[:15])
    if kind is None:
        return None
    headers: dict[str, str] = {}
    for line in data[:_LONGEST].split(b"\n")[1:_MOST_LINES]:
        name, colon, value = line.partition(b":")
        if colon:
            key = name.strip().lower().decode("latin-1")
            headers.setdefault(key, value.strip().decode("utf-8", "backslashreplace"))
    return SsdpMessage(kind, headers)
