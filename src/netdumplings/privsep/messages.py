"""What the two processes say to each other.

The side of the chefs runs code that anybody may have written. What it says is read strictly, and
can do no more than have packets sent, or not.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec

from ..capture.narrowing import MAX_FILTERS, MAX_TEXT, why_not_joined
from ..exceptions import (
    CaptureError,
    InvalidFilter,
    NoSuchInterface,
    NotPermitted,
)

#: Bytes of a message, either way.
MAX_MESSAGE: Final = 64 * 1024
_Few: Final = msgspec.Meta(max_length=64)
_Many: Final = msgspec.Meta(max_length=1000)

_Hosts = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=64)], ...], _Few]
_Ports = Annotated[tuple[Annotated[int, msgspec.Meta(gt=0, lt=65536)], ...], _Few]
_Name = Annotated[str, msgspec.Meta(max_length=256)]
_Filter = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Filters = Annotated[tuple[_Filter, ...], msgspec.Meta(max_length=MAX_FILTERS)]


class _Message(msgspec.Struct, frozen=True):
    pass


class Opened(_Message, tag="opened", frozen=True):
    """From the capturing side: the interfaces are open."""


class Refused(_Message, tag="refused", frozen=True):
    """From the capturing side: there are no packets to be had.

    Attributes:
        kind: the name of the error's class.
        arguments: what the class is called with.
    """

    kind: Literal["InvalidFilter", "NoSuchInterface", "NotPermitted", "CaptureError"]
    arguments: list[Any]


class Filled(_Message, tag="filled", frozen=True):
    """From the capturing side: a part of the shared memory has packets.

    Attributes:
        start: where it begins, bytes.
        size: how long it is, bytes.
        packets: how many packets.
        link_type: what they begin with, a LINKTYPE_ value.
        interface: where they came through.
    """

    start: int
    size: int
    packets: int
    link_type: int
    interface: str | None


class Start(_Message, tag="start", frozen=True):
    """From the side of the chefs: send packets from now on, but not its own.

    Attributes:
        hosts: where its hub is, and...
        ports: the ports of that hub; see `capture.own_traffic`.
        only: as of `Narrow`.
    """

    hosts: _Hosts = ()
    ports: _Ports = ()
    only: _Filters | None = None


class Narrow(_Message, tag="narrow", frozen=True):
    """From the side of the chefs: from now on, send what one of these filters lets through.

    Attributes:
        only: the filters, of which nothing can be made that lets through more than was to be
            captured; None for everything.
    """

    only: _Filters | None = None


class Released(_Message, tag="released", frozen=True):
    """From the side of the chefs: the packets that came first are handled; their part is free."""


class Stopped(_Message, tag="stopped", frozen=True):
    """From the side of the chefs: no more packets are wanted."""


class Working(_Message, tag="working", frozen=True):
    """From the side of the chefs: these chefs are at work, in the order of their numbers.

    Attributes:
        chefs: their names.
        revived: those among them that are run again, because they have been edited.
    """

    chefs: Annotated[list[_Name], _Many]
    revived: Annotated[list[_Name], _Many] = []


class Ended(_Message, tag="ended", frozen=True):
    """From the side of the chefs: its process ends of its own accord."""


FromCapture = Opened | Refused | Filled
ToCapture = Start | Narrow | Released | Stopped | Working | Ended

write: Final = msgspec.json.Encoder().encode
_from_capture: Final = msgspec.json.Decoder(FromCapture)
_to_capture: Final = msgspec.json.Decoder(ToCapture)


def read_from_capture(message: bytes) -> FromCapture:
    """Read what the capturing side says.

    Raises:
        msgspec.DecodeError: it is no such message. (It is a ValueError.)
    """
    told: FromCapture = _from_capture.decode(message)
    return told


def read_to_capture(message: bytes) -> ToCapture:
    """Read what the side of the chefs says. Raises as `read_from_capture`."""
    told: ToCapture = _to_capture.decode(message)
    if isinstance(told, Start | Narrow) and told.only is not None:
        # One that ends the parentheses that it is put between would have more sent, not less.
        problem = why_not_joined(told.only)
        if problem is not None:
            raise msgspec.ValidationError(problem)
    return told


def refusal(error: CaptureError) -> Refused:
    """Tell of an error, so that `raised` makes the same of it."""
    if isinstance(error, InvalidFilter):
        return Refused("InvalidFilter", [error.filter, error.reason])
    if isinstance(error, NoSuchInterface):
        return Refused("NoSuchInterface", [error.interface, list(error.available)])
    if isinstance(error, NotPermitted):
        return Refused("NotPermitted", [error.interface])
    return Refused("CaptureError", [str(error)])


def raised(refused: Refused) -> CaptureError:
    """Make the error again that was told of."""
    kinds: dict[str, type[CaptureError]] = {
        "InvalidFilter": InvalidFilter,
        "NoSuchInterface": NoSuchInterface,
        "NotPermitted": NotPermitted,
        "CaptureError": CaptureError,
    }
    return kinds[refused.kind](*refused.arguments)
