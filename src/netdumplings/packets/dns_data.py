r"""What DNS records say, as text: in the form of zone files, as ``dig`` and others print it.

Of types that are not known here, and of data that is not as its type has it, the text is that of
RFC 3597 section 5: ``\# 4 0a000001``.
"""

from __future__ import annotations

from base64 import b32encode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from .addresses import address_text
from .dns_names import BrokenName, Names
from .dns_numbers import type_name

#: Bytes of data that are made text, at most, where they are just bytes: keys, signatures, strings.
#: What is longer ends in "...".
LONGEST_DATA: Final = 512
#: The same of what is made of parts: strings, types, parameters.
MOST_PARTS: Final = 64

A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33

#: The fields of types, in order; see `_READERS` for what each word means.
_FIELDS: Final = {
    A: "a", 2: "name", 5: "name", PTR: "name", 39: "name",
    6: "name name u32 u32 u32 u32 u32",
    13: "string string", 15: "u16 name",
    TXT: "strings", 99: "strings",
    17: "name name", 18: "u16 name", 21: "u16 name", 36: "u16 name", 107: "u16 name",
    AAAA: "aaaa", SRV: "u16 u16 u16 name",
    35: "u16 u16 string string string name",
    37: "u16 u16 u8 base64",
    43: "u16 u8 u8 hex", 59: "u16 u8 u8 hex", 32769: "u16 u8 u8 hex",
    44: "u8 u8 hex",
    46: "type u8 u8 u32 date date u16 name base64",
    47: "name types", 50: "u8 u8 u16 salt hash types", 51: "u8 u8 u16 salt",
    48: "u16 u8 u8 base64", 60: "u16 u8 u8 base64",
    49: "base64", 61: "base64",
    52: "u8 u8 u8 hex", 53: "u8 u8 u8 hex", 62: "u32 u16 types", 63: "u32 u8 u8 hex",
    64: "u16 name params", 65: "u16 name params",
    256: "u16 u16 text", 257: "u8 tag text",
}  # fmt: skip

#: RFC 9460 section 14.3.2, and what was registered since.
_SERVICE_KEYS: Final = (
    "mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath",
    "ohttp",
)  # fmt: skip


class _Data:
    """The data of one record, read field by field."""

    __slots__ = ("at", "end", "message", "names")

    def __init__(self, message: bytes, at: int, end: int, names: Names) -> None:
        self.message, self.at, self.end, self.names = message, at, end, names

    def take(self, size: int) -> bytes:
        at = self.at
        if at + size > self.end:
            raise BrokenName
        self.at = at + size
        return self.message[at : at + size]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def rest(self) -> bytes:
        return self.take(self.end - self.at)

    def name(self) -> str:
        name, self.at = self.names.at(self.at)
        if self.at > self.end:
            raise BrokenName
        return name


def data_text(message: bytes, kind: int, at: int, end: int, names: Names) -> str:
    """What a record says.

    Args:
        message: the whole message: names in it may be pointers.
        kind: the number of the record's type.
        at: where its data begins.
        end: where it ends, within the message.
        names: of the message.
    """
    if kind == A and end - at == 4:  # by far the most
        return address_text(message[at:end])
    fields = _FIELDS_OF.get(kind)
    if fields is not None:
        data = _Data(message, at, end, names)
        try:
            told = [read(data) for read in fields]
            if data.at == end:
                return " ".join(told).rstrip(" ")  # the last may be a list of none
        except BrokenName:
            pass
    return f"\\# {end - at} {_cut(message[at:end], bytes.hex)}".rstrip()


def strings(data: bytes) -> list[bytes]:
    """The first strings of a TXT record (RFC 1035 section 3.3.14), as far as there are any."""
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < MOST_PARTS:
        found.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return found


def _cut(data: bytes, to_text: Callable[[bytes], str]) -> str:
    if len(data) <= LONGEST_DATA:
        return to_text(data)
    return f"{to_text(data[:LONGEST_DATA])}..."


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _quoted(data: bytes) -> str:
    text = data.replace(b"\\", rb"\\").replace(b'"', rb"\"").decode("utf-8", "backslashreplace")
    return f'"{text}"'


def _string(data: _Data) -> str:
    return _quoted(data.take(data.number(1)))


def _strings(data: _Data) -> str:
    told, begin = [], data.at
    while data.at < data.end:
        told.append(_quoted(data.take(data.number(1))))
        if data.at - begin > LONGEST_DATA:
            return _and_so_on(data, told)
    return " ".join(told)


def _salt(data: _Data) -> str:
    return data.take(data.number(1)).hex() or "-"


def _hash(data: _Data) -> str:
    """RFC 5155 section 3.3: base32 of RFC 4648 section 7, without padding."""
    return b32encode(data.take(data.number(1))).decode().rstrip("=").translate(_TO_BASE32HEX)


_TO_BASE32HEX: Final = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghijklmnopqrstuv"
)


def _date(data: _Data) -> str:
    """RFC 4034 section 3.2."""
    return datetime.fromtimestamp(data.number(4), UTC).strftime("%Y%m%d%H%M%S")


def _types(data: _Data) -> str:
    """RFC 4034 section 4.1.2: windows of bits, one for each type."""
    told: list[str] = []
    while data.at < data.end:
        window = data.number(1) << 8
        for place, octet in enumerate(data.take(data.number(1))):
            told += [type_name(window + 8 * place + bit) for bit in range(8) if octet & 0x80 >> bit]
        if len(told) > MOST_PARTS:
            return _and_so_on(data, told)
    return " ".join(told)


def _params(data: _Data) -> str:
    """RFC 9460 section 2.1."""
    told = []
    while data.at < data.end:
        key, value = data.number(2), data.take(data.number(2))
        name, text = _service_key(key), _param(key, value)
        told.append(f"{name}={text}" if text else name)
        if len(told) > MOST_PARTS:
            return _and_so_on(data, told)
    return " ".join(told)


def _service_key(number: int) -> str:
    return _SERVICE_KEYS[number] if number < len(_SERVICE_KEYS) else f"key{number}"


def _param(key: int, value: bytes) -> str:
    if key == 0 and len(value) % 2 == 0:
        return ",".join(_service_key(int.from_bytes(each, "big")) for each in _every(2, value))
    if key == 1:
        return _quoted(b",".join(strings(value)))
    if key == 3 and len(value) == 2:
        return str(int.from_bytes(value, "big"))
    if key == 4 and len(value) % 4 == 0:
        return ",".join(map(address_text, _every(4, value)))
    if key == 5:
        return f'"{_cut(value, _base64)}"'
    if key == 6 and len(value) % 16 == 0:
        return ",".join(map(address_text, _every(16, value)))
    return _cut(value, _quoted) if value else ""


def _every(size: int, data: bytes) -> list[bytes]:
    """Data in parts of a size, not too many."""
    return [data[at : at + size] for at in range(0, len(data), size)][:MOST_PARTS]


def _and_so_on(data: _Data, told: list[str]) -> str:
    data.at = data.end
    return " ".join([*told[:MOST_PARTS], "..."])


_READERS: Final[dict[str, Callable[[_Data], str]]] = {
    "a": lambda data: address_text(data.take(4)),
    "aaaa": lambda data: address_text(data.take(16)),
    "name": _Data.name,
    "u8": lambda data: str(data.number(1)),
    "u16": lambda data: str(data.number(2)),
    "u32": lambda data: str(data.number(4)),
    "type": lambda data: type_name(data.number(2)),
    "types": _types,
    "date": _date,
    "string": _string,
    "strings": _strings,
    "tag": lambda data: data.take(data.number(1)).decode("utf-8", "backslashreplace"),
    "text": lambda data: _cut(data.rest(), _quoted),
    "hex": lambda data: _cut(data.rest(), bytes.hex),
    "base64": lambda data: _cut(data.rest(), _base64),
    "salt": _salt,
    "hash": _hash,
    "params": _params,
}
_FIELDS_OF: Final = {
    kind: tuple(_READERS[field] for field in fields.split()) for kind, fields in _FIELDS.items()
}
