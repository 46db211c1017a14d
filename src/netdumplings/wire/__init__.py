"""The protocol of SPEC, without a socket or an event loop in sight.

Messages go in, events come out; who moves the bytes is the business of `netdumplings.transport`.

- `codec`: what a hello and a dumpling must look like, and what is said when one does not.
- `peers`: the hub's side of a conversation with one kitchen or one eater.
- `hellos`: the first message a kitchen or an eater sends.
- `frames`: a text message as the bytes of a WebSocket frame.
"""

from __future__ import annotations

from .codec import (
    ACCEPTS_HEADER,
    ANNOUNCEMENTS,
    MAX_HELLO,
    MAX_NAME,
    CloseCode,
    Hello,
    Refusal,
    check_dumpling,
    chef_of,
    decode_announcement,
    decode_eater_hello,
    decode_kitchen_hello,
)
from .frames import text_frame_header
from .hellos import eater_hello, kitchen_hello
from .peers import DumplingReceived, EaterPeer, Event, KitchenPeer, Peer

__all__ = [
    "ACCEPTS_HEADER",
    "ANNOUNCEMENTS",
    "MAX_HELLO",
    "MAX_NAME",
    "CloseCode",
    "DumplingReceived",
    "EaterPeer",
    "Event",
    "Hello",
    "KitchenPeer",
    "Peer",
    "Refusal",
    "check_dumpling",
    "chef_of",
    "decode_announcement",
    "decode_eater_hello",
    "decode_kitchen_hello",
    "eater_hello",
    "kitchen_hello",
    "text_frame_header",
]
