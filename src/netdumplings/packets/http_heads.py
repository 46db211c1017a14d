"""The heads of HTTP/1 messages (RFC 9112), read from their bytes.

Only as much of them as chefs tell. Nothing in the bytes makes any of this raise; where clients and
servers are lenient, so is this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from .streams import Looks

if TYPE_CHECKING:
    from .batch import PacketBatch

#: Bytes of a head that is read; servers take 8 or 16 KiB.
LONGEST: Final = 2**15
#: Lines of a head that are looked at.
MOST_FIELDS: Final = 256

#: The methods of the registry at iana.org, and others that are seen.
METHODS: Final = (
    b"ACL", b"BASELINE-CONTROL", b"BCOPY", b"BDELETE", b"BIND", b"BMOVE", b"BPROPFIND",
    b"BPROPPATCH", b"CCM_POST", b"CHECKIN", b"CHECKOUT", b"CONNECT", b"COPY", b"DELETE", b"GET",
    b"HEAD", b"LABEL", b"LINK", b"LOCK", b"MERGE", b"MKACTIVITY", b"MKCALENDAR", b"MKCOL",
    b"MKREDIRECTREF", b"MKWORKSPACE", b"MOVE", b"NOTIFY", b"OPTIONS", b"ORDERPATCH", b"PATCH",
    b"POLL", b"POST", b"PROPFIND", b"PROPPATCH", b"PURGE", b"PUT", b"QUERY", b"REBIND", b"REPORT",
    b"RPC_IN_DATA", b"RPC_OUT_DATA", b"SEARCH", b"SOURCE", b"SUBSCRIBE", b"TRACE", b"UNBIND",
    b"UNCHECKOUT", b"UNLINK", b"UNLOCK", b"UNSUBSCRIBE", b"UPDATE", b"UPDATEREDIRECTREF",
    b"VERSION-CONTROL",
)  # fmt: skip
_VERSION: Final = b"HTTP/1."
_BEGINNINGS: Final = (_VERSION, *(method + b" " for method in METHODS))
_METHOD: Final = re.compile(rb"[A-Z_-]{1,32}")
_HEAD_END: Final = re.compile(rb"\n\r?\n")
#: A length that is one; more digits than these nothing has.
_LENGTH: Final = re.compile(rb"\d{1,18}")
_HOST: Final = re.compile(rb"[^/?#]*")
#: Fields that are kept, and bytes of one, and of a target.
KEPT: Final = (b"content-length", b"content-type", b"host", b"transfer-encoding", b"user-agent")
_FIELD, _TARGET = 512, 1024
#: As four letters are compared.
_FOUR: Final = np.dtype([("letters", "V4")])
_FIRSTS: Final = np.unique(
    np.array([beginning[:4] for beginning in _BEGINNINGS], "S4").view(">u4").astype(np.int64)
)

#: Fields that tell who somebody is: that they are there is told, never what they say.
CREDENTIALS: Final = (b"authorization", b"cookie", b"proxy-authorization", b"set-cookie")


class Head(NamedTuple):
    """The head of a request or a response.

    Attributes:
        method: of a request; empty for a response.
        target: of a request, whatever form it has (RFC 9112 section 3.2), cut.
        status: of a response; 0 for a request.
        version: such as ``1.1``.
        fields: the values of those of `KEPT`, cut, by their names in lower case; of such as come
            more than once the first.
        credentials: which of `CREDENTIALS` it has.
    """

    method: bytes
    target: bytes
    status: int
    version: str
    fields: Mapping[bytes, bytes] = MappingProxyType({})
    credentials: tuple[str, ...] = ()

    @property
    def length(self) -> int | None:
        """The length of the body, by what Content-Length says, if it does; in bytes."""
        value = self.fields.get(b"content-length", b"")
        # (A list of the same number, over and over, is allowed: RFC 9112 section 6.3.)
        parts = {part.strip() for part in value.split(b",")}
        first = parts.pop()
        return int(first) if not parts and _LENGTH.fullmatch(first) else None

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks (RFC 9112 section 7.1)."""
        codings = self.fields.get(b"transfer-encoding", b"").lower()
        return codings.split(b",")[-1].strip() == b"chunked"


#: What is said where nothing was.
NO_HEAD: Final = Head(b"", b"", 0, "")


def host_of(head: Head) -> bytes | None:
    """Which host a request is for, with its port if that is said; never with a user's name."""
    host = head.fields.get(b"host") or _split(head.target)[0]
    return host and host.rpartition(b"@")[2]


def path_of(head: Head, *, query: bool) -> bytes:
    """What a request asks its host for: of a target in whichever form, what follows the host.

    Args:
        head: the request's.
        query: whether with the query.
    """
    path = _split(head.target)[1]
    return path if query else path.partition(b"?")[0]


def _split(target: bytes) -> tuple[bytes | None, bytes]:
    """The host and the path in a target, whichever of its forms it has (RFC 9112 section 3.2)."""
    scheme, mark, rest = target.partition(b"://")
    if mark and scheme.isalnum():
        found = _HOST.match(rest)
        size = found.end() if found else 0
        return rest[:size], rest[size:] or b"/"
    if target[:1] in (b"/", b"*"):
        return None, target
    host = target.rpartition(b"@")[2]  # CONNECT has nothing else
    return host, host


def looks_like_http(packets: PacketBatch) -> Looks:
    """Which TCP segments of a batch begin as a head does, and which do not."""
    length = packets.payload_lengths
    tcp = packets.tcp_flags >= 0
    begins, other = np.zeros(len(packets), np.bool_), np.zeros(len(packets), np.bool_)
    rows = np.flatnonzero(tcp & (length >= _FOUR.itemsize))
    letters = packets.headers.read(_FOUR, rows, packets.payload_offsets[rows])
    values = letters["letters"].copy().view(">u4").astype(np.int64)
    at = np.minimum(np.searchsorted(_FIRSTS, values), len(_FIRSTS) - 1)
    like = _FIRSTS[at] == values
    begins[rows], other[rows] = like, ~like
    for row in np.flatnonzero(tcp & (length > 0) & (length < _FOUR.itemsize)).tolist():
        other[row] = not is_like_http(packets.payload(row))
    return Looks(begins, other)


def is_like_http(data: bytes | bytearray) -> bool:
    """Whether some bytes may be the first of a head."""
    return data.startswith(_BEGINNINGS) or any(
        beginning.startswith(data) for beginning in _BEGINNINGS
    )


def head_size(data: bytes | bytearray) -> int | None:
    """How many bytes the head has that some bytes begin with; None if its end is not there yet."""
    end = _HEAD_END.search(data)
    return None if end is None else end.end()


def read_head(data: bytes) -> Head | None:
    """Read a head, all of it; None where it is none."""
    first, *lines = data.split(b"\n")[: MOST_FIELDS + 1]
    begun = _read_request(first) if not first.startswith(_VERSION) else _read_response(first)
    return begun and _with_fields(begun, lines)


def _read_request(line: bytes) -> Head | None:
    """RFC 9112 section 3; spaces in a target, which may not be there, are taken for its part."""
    rest, _, version = line.strip().rpartition(b" ")
    method, _, target = rest.partition(b" ")
    target = target.strip()
    if not target or not _METHOD.fullmatch(method) or not _is_version(version):
        return None
    return Head(method, target[:_TARGET], 0, version[5:].decode("ascii"))


def _read_response(line: bytes) -> Head | None:
    """RFC 9112 section 4."""
    version, _, rest = line.strip().partition(b" ")
    status = rest.lstrip()[:4].strip()
    if not _is_version(version) or len(status) != 3 or not status.isdigit():
        return None
    return Head(b"", b"", int(status), version[5:].decode("ascii"))


def _is_version(text: bytes) -> bool:
    return text.startswith(_VERSION) and len(text) == len(_VERSION) + 1 and text[-1:].isdigit()


def _with_fields(head: Head, lines: list[bytes]) -> Head:
    fields: dict[bytes, bytes] = {}
    credentials: list[str] = []
    latest = None
    for line in lines:
        if line[:1] in (b" ", b"\t"):  # RFC 9112 section 5.2: it goes on
            if latest is not None:
                fields[latest] = (fields[latest] + b" " + line.strip())[:_FIELD]
            continue
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        latest = None
        if name in CREDENTIALS:
            if (text := name.decode("ascii")) not in credentials:
                credentials.append(text)
        elif name in KEPT and name not in fields:
            fields[name] = value.strip()[:_FIELD]
            latest = name
    return head._replace(fields=fields, credentials=tuple(credentials))
