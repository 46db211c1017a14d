"""Why a hub sends a peer away: the close codes, the causes, and the words."""

from __future__ import annotations

import enum
from typing import Final, Literal, get_args

import msgspec

#: Bytes of a close frame's reason: a control frame holds 125, and the code takes two of them
#: (RFC 6455, sections 5.5 and 5.5.1).
MAX_REASON: Final = 123


class CloseCode(enum.IntEnum):
    """Why a connection is closed: RFC 6455, section 7.4.1; from 4000 on, by our own definition."""

    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    #: An eater has been too slow for longer than the hub's grace.
    TOO_SLOW = 4001
    #: Another connection has gone on with this kitchen's session.
    REPLACED = 4002
    #: The hub has as many peers as it is to have.
    TOO_MANY = 4003
    #: The peer has no token that lets it do what it wants to.
    NOT_ALLOWED = 4004


#: What refusals are counted by. The vocabulary is fixed, so that no peer can make it grow; the
#: documentation of the status dumpling says what each means.
Cause = Literal[
    "no WebSocket",
    "TLS",
    "host",
    "origin",
    "token",
    "role",
    "too many",
    "too many of an address",
    "silent",
    "no hello",
    "protocol",
    "not text",
    "not UTF-8",
    "not JSON",
    "not a dumpling",
    "reserved chef",
    "too big",
    "too deep",
    "too many pings",
    "does not read",
    "too slow",
    "replaced",
]
CAUSES: Final[tuple[Cause, ...]] = get_args(Cause)


class Refusal(msgspec.Struct, frozen=True):
    """A peer broke the protocol, and is to be sent away.

    Attributes:
        code: the close code.
        reason: what it did, in at most 123 printable ASCII characters, whatever it sent.
        cause: what to count it by.
    """

    code: CloseCode
    reason: str
    cause: Cause


def refuse(code: CloseCode, cause: Cause, reason: str) -> Refusal:
    """Make a refusal of any reason, which may quote what the peer sent."""
    # It goes to our log and the peer's terminal.
    printable = reason.encode("unicode_escape").decode("ascii")
    if len(printable) > MAX_REASON:
        printable = printable[: MAX_REASON - 3] + "..."
    return Refusal(code, printable, cause)


def not_text(what: str) -> Refusal:
    """Refuse a binary message."""
    reason = f"{what} came as a binary message; send text"
    return refuse(CloseCode.UNSUPPORTED_DATA, "not text", reason)


def not_unicode(what: str) -> Refusal:
    """Refuse a text that has no UTF-8 form."""
    return refuse(CloseCode.INVALID_DATA, "not UTF-8", f"{what} is not Unicode text")


def no_hello(seconds: float) -> Refusal:
    """Refuse a peer that connects and then says nothing."""
    reason = f"no first message within {seconds:g} seconds"
    return refuse(CloseCode.POLICY_VIOLATION, "silent", reason)


def too_big(what: str, limit: int) -> Refusal:
    """Refuse what has more bytes than it may."""
    return refuse(CloseCode.TOO_BIG, "too big", f"{what} over {limit} bytes long")


def too_deep(what: str) -> Refusal:
    """Refuse what is nested more than it may be."""
    return refuse(CloseCode.POLICY_VIOLATION, "too deep", f"{what} is nested too deeply")
