"""What a peer may send that no hub should take: as bytes that follow its handshake, or are none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from support.hubs import dumpling
from support.raw_peers import BINARY, CLOSE, CONTINUATION, HANDSHAKE, PING, TEXT, frame

V2 = HANDSHAKE[:-2] + b"Sec-WebSocket-Protocol: netdumplings.v2\r\n\r\n"
SESSION = {"type": "hello", "session": "x" * 32, "first": 1}


class Port(NamedTuple):
    """A port of a hub, and how one says hello there.

    Attributes:
        name: as the hub's log has it.
        hello: a first message that is as it should be.
        v2_hello: likewise, of netdumplings.v2.
    """

    name: str
    hello: str
    v2_hello: str


KITCHENS: Final = Port(
    "kitchens",
    '{"kitchen_name": "flood"}',
    json.dumps(SESSION | {"announcement": {"kitchen_name": "flood"}}),
)
EATERS: Final = Port(
    "eaters",
    '{"eater_name": "flood"}',
    '{"type": "hello", "announcement": {"eater_name": "flood"}}',
)


def text(message: str | bytes) -> bytes:
    """A text message in one frame."""
    return frame(TEXT, message.encode() if isinstance(message, str) else message)


#: Instead of a first message.
FIRST_MESSAGES: Final[Mapping[str, bytes]] = {
    "not JSON": text("hello"),
    "cut off JSON": text('{"kitchen_name": "flood", "eater_name":'),
    "no object": text("[1, 2, 3]"),
    "nothing": text(""),
    "no name": text('{"interface": "eth0"}'),
    "a name that is none": text('{"kitchen_name": {}, "eater_name": []}'),
    "a dumpling": text(dumpling(1)),
    "nested without end": text('{"kitchen_name": ' + "[" * 5000),
    "too long": text('{"kitchen_name": "' + "x" * 20_000 + '"}'),
    "not UTF-8": text(b'{"kitchen_name": "\xff\xfe", "eater_name": "\xc0\x80"}'),
    "half a character": text('{"kitchen_name": "\\ud800", "eater_name": "\\ud800"}'),
    "control characters": text(b'{"kitchen_name": "\x1b[2J\n", "eater_name": "\x1b[2J\n"}'),
    "binary": frame(BINARY, b'{"kitchen_name": "flood", "eater_name": "flood"}'),
    "numbers": text('{"kitchen_name": 1e999, "eater_name": NaN}'),
    "a million members": text("{" + '"a":1,' * 2000 + "}"),
}

#: Instead of a frame.
FRAMES: Final[Mapping[str, bytes]] = {
    "reserved bits": frame(TEXT, b"{}", reserved=7),
    "an unknown opcode": frame(5, b"{}"),
    "an unknown control opcode": frame(11, b"{}"),
    "not masked": b"\x81\x02{}",
    "a ping that is too long": frame(PING, bytes(126)),
    "a ping in pieces": frame(PING, b"x", fin=False),
    "the rest of nothing": frame(CONTINUATION, b"x"),
    "a message within another": frame(TEXT, b"{", fin=False) + frame(TEXT, b"}"),
    "a close frame of one byte": frame(CLOSE, b"x"),
    "an unknown close code": frame(CLOSE, b"\0\0"),
    "a length beyond all": frame(TEXT, length=2**63 - 1),
    "a length that is no length": frame(TEXT, length=2**64 - 1),
    "100 MiB": frame(TEXT, length=100 * 2**20),
    "noise": bytes(range(128, 256)) * 4,
}

#: Instead of a WebSocket.
NO_HANDSHAKES: Final = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "SSH": b"SSH-2.0-scanner\r\n",
    "frames": frame(PING) * 10,
    "an endless line": b"GET /" + b"x" * 20_000,
}


def floods(port: Port) -> dict[str, bytes]:
    """All that a peer at this port may say: from its first byte to its last."""
    everything = {f"no handshake: {name}": data for name, data in NO_HANDSHAKES.items()}
    for name, data in FIRST_MESSAGES.items():
        everything[f"first message: {name}"] = HANDSHAKE + data
        everything[f"first message of v2: {name}"] = V2 + data
        everything[f"second message: {name}"] = HANDSHAKE + text(port.hello) + data
        everything[f"second message of v2: {name}"] = V2 + text(port.v2_hello) + data
    for name, data in FRAMES.items():
        everything[f"first frame: {name}"] = HANDSHAKE + data
        everything[f"second frame: {name}"] = HANDSHAKE + text(port.hello) + data
        everything[f"second frame of v2: {name}"] = V2 + text(port.v2_hello) + data
    return everything
