"""The messages of ``netdumplings.v2`` by which a hub asks a kitchen for packets that it has kept.

The reference in the documentation says what each message is for.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

#: How many seconds before and behind a dumpling one may ask for.
MAX_SECONDS: Final = 300.0
#: Bytes of all packets of an answer, as blocks of a pcapng file.
MAX_ANSWER: Final = 16 * 1024 * 1024
#: Bytes of the blocks in one message. A packet that is longer by itself is left out.
MAX_PIECE: Final = 512 * 1024
#: Bytes of blocks that a kitchen puts in one message, if it can: they are to be no burden.
PIECE: Final = 64 * 1024
#: Characters of a filter that somebody asks by.
MAX_FILTER: Final = 500

_MAX: Final = 2**53 - 1
_Number = Annotated[int, msgspec.Meta(ge=0, le=_MAX)]
_Time = Annotated[float, msgspec.Meta(ge=0, le=2.0**33)]


class _Message(msgspec.Struct, omit_defaults=True, frozen=True):
    pass


class PacketsWanted(_Message, tag="packets wanted", frozen=True):
    """Hub to kitchen: give me the packets of a span of time.

    Attributes:
        ask: the number of this request, of the hub's choice.
        around: the middle of the span, seconds since the epoch.
        seconds: how far it goes before and behind.
        most: bytes that all of the answer's blocks may have together.
        filter: which packets, in pcap-filter(7) language; empty for all.
    """

    ask: _Number
    around: _Time
    seconds: Annotated[float, msgspec.Meta(ge=0, le=MAX_SECONDS)]
    most: Annotated[int, msgspec.Meta(ge=0, le=MAX_ANSWER)] = MAX_ANSWER
    filter: Annotated[str, msgspec.Meta(max_length=MAX_FILTER)] = ""


class PacketsUnwanted(_Message, tag="packets unwanted", frozen=True):
    """Hub to kitchen: nobody waits for that answer any more."""

    ask: _Number


class PacketsMessage(_Message, tag="packets", frozen=True):
    """Kitchen to hub: the first line of a message that goes on with blocks of a pcapng file."""

    ask: _Number


class PacketsEndMessage(_Message, tag="packets end", frozen=True):
    """Kitchen to hub: that was the answer.

    Attributes:
        ask: the number of the request.
        left_out: how many packets there were besides, and no room for them.
        since: the time of the oldest packet that the kitchen has, seconds since the epoch.
        problem: why there is no answer.
    """

    ask: _Number
    left_out: _Number = 0
    since: _Time | None = None
    problem: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class PacketsReceived(msgspec.Struct, frozen=True):
    """A kitchen sent some of the packets that it was asked for.

    Attributes:
        ask: the number of the request.
        blocks: blocks of a pcapng file, not looked at yet.
    """

    ask: int
    blocks: bytes
