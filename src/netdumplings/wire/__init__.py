"""The protocols between kitchens, hubs and eaters, without a socket or an event loop in sight.

Messages go in, events come out; who moves the bytes is the business of `netdumplings.transport`.

- `codec`: what a hello must look like; `dumplings`, `nesting`: what a dumpling must; `limits`: how
  much of either is taken; `refusals`: what is said when one does not.
- `messages`: the messages of the subprotocol ``netdumplings.v2``.
- `subscriptions`: which dumplings an eater wants; `compression`: how they may be packed for it.
- `events`: what a message means to a hub.
- `peers`, `v2_peers`: the hub's side of a conversation with one kitchen or one eater.
- `eater_side`: an eater's side of it.
- `hellos`: what a kitchen or an eater announces.
- `packet_messages`: how a hub asks a kitchen for packets that it has kept; `pcapng`: how they are
  written; `asked_filter`: by which filters one may ask.
- `frames`: a message as the bytes of a WebSocket frame.
"""

from __future__ import annotations

from .codec import MAX_TOKEN, Hello, decode_eater_hello, decode_kitchen_hello
from .compression import ENCODINGS, Encoding, compress
from .dumplings import (
    MAX_NAME,
    Metadata,
    check_dumpling,
    chef_of,
    metadata_of,
    read_dumpling,
)
from .eater_side import MAX_TO_EATER, Batch, EaterSide
from .events import CountsReceived, DumplingsReceived, EaterHello, Event, KitchenHello
from .frames import binary_frame_header, text_frame_header
from .hellos import eater_hello, kitchen_hello
from .limits import LIMITS, MAX_ASKED, MAX_CURSOR, Limits
from .messages import (
    MAX_PATTERNS,
    SUBPROTOCOL,
    Ack,
    BatchMessage,
    BatchToEater,
    CursorMoved,
    Gap,
    GapReason,
    UnknownType,
    Wanted,
    WelcomeToEater,
    WelcomeToKitchen,
    counts_message,
    kitchen_hello_message,
    read_to_kitchen,
    stream_of,
    write,
)
from .packet_messages import (
    MAX_ANSWER,
    MAX_SECONDS,
    PacketsEndMessage,
    PacketsMessage,
    PacketsReceived,
    PacketsUnwanted,
    PacketsWanted,
)
from .peers import EaterPeer, KitchenPeer, Peer
from .refusals import CAUSES, Cause, CloseCode, Refusal, refuse
from .subscriptions import EVERYTHING, Matcher, Subscription, subscription
from .v2_peers import V2EaterPeer, V2KitchenPeer

__all__ = [
    "CAUSES",
    "ENCODINGS",
    "EVERYTHING",
    "LIMITS",
    "MAX_ANSWER",
    "MAX_ASKED",
    "MAX_CURSOR",
    "MAX_NAME",
    "MAX_PATTERNS",
    "MAX_SECONDS",
    "MAX_TOKEN",
    "MAX_TO_EATER",
    "SUBPROTOCOL",
    "Ack",
    "Batch",
    "BatchMessage",
    "BatchToEater",
    "Cause",
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
    "Limits",
    "Matcher",
    "Metadata",
    "PacketsEndMessage",
    "PacketsMessage",
    "PacketsReceived",
    "PacketsUnwanted",
    "PacketsWanted",
    "Peer",
    "Refusal",
    "Subscription",
    "UnknownType",
    "V2EaterPeer",
    "V2KitchenPeer",
    "Wanted",
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
    "metadata_of",
    "read_dumpling",
    "read_to_kitchen",
    "refuse",
    "stream_of",
    "subscription",
    "text_frame_header",
    "write",
]
