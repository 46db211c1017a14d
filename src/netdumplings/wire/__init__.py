"""The protocols between kitchens, hubs and eaters, without a socket or an event loop in sight.

Messages go in, events come out; who moves the bytes is the business of `netdumplings.transport`.

- `codec`: what a hello and a dumpling must look like, and what is said when one does not.
- `messages`: the messages of the subprotocol ``netdumplings.v2``.
- `subscriptions`: which dumplings an eater wants; `compression`: how they may be packed for it.
- `events`: what a message means to a hub.
- `peers`, `v2_peers`: the hub's side of a conversation with one kitchen or one eater.
- `eater_side`: an eater's side of it.
- `hellos`: what a kitchen or an eater announces.
- `frames`: a message as the bytes of a WebSocket frame.
"""

from __future__ import annotations

from .codec import (
    MAX_HELLO,
    MAX_NAME,
    CloseCode,
    Hello,
    Metadata,
    Refusal,
    check_dumpling,
    chef_of,
    decode_eater_hello,
    decode_kitchen_hello,
    read_dumpling,
)
from .compression import ENCODINGS, Encoding, compress
from .eater_side import MAX_TO_EATER, Batch, EaterSide
from .events import CountsReceived, DumplingsReceived, EaterHello, Event, KitchenHello
from .frames import binary_frame_header, text_frame_header
from .hellos import eater_hello, kitchen_hello
from .messages import (
    MAX_CURSOR,
    MAX_V2_MESSAGE,
    SUBPROTOCOL,
    Ack,
    BatchMessage,
    BatchToEater,
    CursorMoved,
    Gap,
    GapReason,
    UnknownType,
    WelcomeToEater,
    WelcomeToKitchen,
    counts_message,
    kitchen_hello_message,
    read_to_kitchen,
    stream_of,
    write,
)
from .peers import EaterPeer, KitchenPeer, Peer
from .subscriptions import EVERYTHING, Matcher, Subscription, subscription
from .v2_peers import V2EaterPeer, V2KitchenPeer

__all__ = [
    "ENCODINGS",
    "EVERYTHING",
    "MAX_CURSOR",
    "MAX_HELLO",
    "MAX_NAME",
    "MAX_TO_EATER",
    "MAX_V2_MESSAGE",
    "SUBPROTOCOL",
    "Ack",
    "Batch",
    "BatchMessage",
    "BatchToEater",
    "CloseCode",
    "CountsReceived",
    "CursorMoved",
    "DumplingsReceived",
    "EaterHello",
    "EaterPeer",
    "EaterSide",
    "Encoding",
    "Event",
    "Gap",
    "GapReason",
    "Hello",
    "KitchenHello",
    "KitchenPeer",
    "Matcher",
    "Metadata",
    "Peer",
    "Refusal",
    "Subscription",
    "UnknownType",
    "V2EaterPeer",
    "V2KitchenPeer",
    "WelcomeToEater",
    "WelcomeToKitchen",
    "binary_frame_header",
    "check_dumpling",
    "chef_of",
    "compress",
    "counts_message",
    "decode_eater_hello",
    "decode_kitchen_hello",
    "eater_hello",
    "kitchen_hello",
    "kitchen_hello_message",
    "read_dumpling",
    "read_to_kitchen",
    "stream_of",
    "subscription",
    "text_frame_header",
    "write",
]
