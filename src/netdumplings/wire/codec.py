"""What a hello and a dumpling must look like; what is wrong with one that does not.

Nothing here raises for anything a peer may send: bad text comes back as a `Refusal`, which says
with what close code and reason that peer is sent away.
"""

from __future__ import annotations

import enum
import secrets
from typing import Annotated, Any, Final, Literal

import msgspec

from ..defaults import MAX_MESSAGE

#: Bytes of the first message of a kitchen or an eater.
MAX_HELLO: Final = 64 * 1024
#: Characters of a name: a kitchen's, an eater's, a chef's.
MAX_NAME: Final = 256
#: How deep an announcement may be nested. It is shown to every eater, so no eater's JSON reader
#: may choke on it.
MAX_HELLO_DEPTH: Final = 16

#: Bytes of a close frame's reason: a control frame holds 125, and the code takes two of them
#: (RFC 6455, sections 5.5 and 5.5.1).
_MAX_REASON: Final = 123


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


class Refusal(msgspec.Struct, frozen=True):
    """A peer broke the protocol, and is to be sent away.

    Attributes:
        code: the close code.
        reason: what it did, in at most 123 printable ASCII characters, whatever it sent.
    """

    code: CloseCode
    reason: str


class Hello(msgspec.Struct, frozen=True):
    """The first message of a kitchen or an eater.

    Attributes:
        name: what it calls itself; at most `MAX_NAME` characters, any characters.
        announcement: the whole message, a JSON object in UTF-8, to the byte as it was sent.
    """

    name: str
    announcement: bytes


_Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]


class Metadata(msgspec.Struct, gc=False):
    """What a dumpling says of itself.

    Attributes:
        chef: the name of the chef that made it.
        creation_time: seconds since the epoch.
        driver: ``packet`` or ``interval``.
        kitchen: the name of the chef's kitchen; None for the hub's own dumplings.
    """

    chef: _Name
    creation_time: float
    driver: Literal["packet", "interval"]
    kitchen: _Name | None


class _Dumpling(msgspec.Struct, gc=False):
    metadata: Metadata
    # Checked to be JSON, but neither decoded nor copied: whoever eats it reads it.
    payload: msgspec.Raw


_MARK: Final = secrets.token_hex(8)
_MARK_LINE: Final = b'\n"%b"\n' % _MARK.encode()


class _ChefOnly(msgspec.Struct):
    chef: str


class _Glance(msgspec.Struct):
    metadata: _ChefOnly


_glances: Final = msgspec.json.Decoder(_Glance)
_dumplings: Final = msgspec.json.Decoder(_Dumpling)
_dumplings_and_marks: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(
    _Dumpling | Literal[_MARK]
)
_documents: Final = msgspec.json.Decoder()


def check_dumpling(text: bytes) -> Refusal | None:
    """Check that a hub will take a dumpling.

    Args:
        text: the dumpling's JSON, in UTF-8.

    Returns:
        None if all is well, else why not.
    """
    outcome = read_dumpling(text)
    return outcome if isinstance(outcome, Refusal) else None


def read_dumplings(body: bytes) -> list[Metadata] | Refusal:
    """Read what dumplings say of themselves; their payloads are checked to be JSON.

    Args:
        body: the JSON of each, parted by newlines, in what is known to be UTF-8.

    Returns:
        the metadata of each; or why not, for the first that is no dumpling.
    """
    # The decoder reads all of them in one call, which takes half the time of a call each; but it
    # takes newlines for white space, so that a dumpling of several lines would do, and several
    # on one line. A mark between the lines, which no kitchen can guess, shows where they end.
    marked = body.replace(b"\n", _MARK_LINE)
    count = (len(marked) - len(body)) // (len(_MARK_LINE) - 1) + 1
    try:
        found = _dumplings_and_marks.decode_lines(marked)
        metadata = [dumpling.metadata for dumpling in found[::2]]
    except (msgspec.DecodeError, RecursionError, AttributeError):
        found, metadata = [], []  # there is a mark where a dumpling should be, or some such thing
    parted = len(metadata) == count and found[1::2].count(_MARK) == count - 1
    if parted and len(body) <= MAX_MESSAGE:
        return metadata
    # Something is wrong; or one of them is of nearly the largest size.
    metadata.clear()
    for text in body.split(b"\n"):
        outcome = read_dumpling(text)
        if isinstance(outcome, Refusal):
            return outcome
        metadata.append(outcome)
    return metadata


def read_dumpling(text: bytes) -> Metadata | Refusal:
    """Read what a dumpling says of itself.

    Args:
        text: the dumpling's JSON, in UTF-8.

    Returns:
        its metadata; or why a hub will not take it.
    """
    if len(text) > MAX_MESSAGE:
        return _too_big("a dumpling", MAX_MESSAGE)
    try:
        # The JSON decoder does not look into the strings of a payload that it leaves undecoded,
        # and a browser that is sent a text message of bad UTF-8 must drop its connection
        # (RFC 6455, section 8.1).
        text.decode()
        return _dumplings.decode(text).metadata
    except UnicodeDecodeError as error:
        return refuse(CloseCode.INVALID_DATA, f"the dumpling is not UTF-8: {error.reason}")
    except msgspec.ValidationError as error:
        return refuse(CloseCode.POLICY_VIOLATION, f"not a dumpling: {error}")
    except msgspec.DecodeError as error:
        return refuse(CloseCode.INVALID_DATA, f"the dumpling is not JSON: {error}")
    except RecursionError:
        return refuse(CloseCode.POLICY_VIOLATION, "the dumpling is nested too deeply")


def chef_of(text: str | bytes) -> str | None:
    """Read just the chef's name of a dumpling, at a tenth of the cost of reading it all.

    Returns:
        the name; None if the text is not JSON, or has no ``metadata.chef``.
    """
    try:
        return _glances.decode(text).metadata.chef
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def decode_kitchen_hello(text: bytes, what: str = "first message") -> Hello | Refusal:
    """Read the first message of a kitchen: a JSON object with a ``kitchen_name``."""
    return _decode_hello(text, "kitchen_name", what)


def decode_eater_hello(text: bytes) -> Hello | Refusal:
    """Read the first message of an eater: a JSON object with an ``eater_name``."""
    return _decode_hello(text, "eater_name", "first message")


def _decode_hello(text: bytes, key: str, what: str) -> Hello | Refusal:
    if len(text) > MAX_HELLO:
        return _too_big(f"a {what}", MAX_HELLO)
    try:
        document = _documents.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return refuse(CloseCode.INVALID_DATA, f"the {what} is not JSON: {error}")
    except RecursionError:
        return refuse(CloseCode.POLICY_VIOLATION, f"the {what} is nested too deeply")
    if not isinstance(document, dict):
        return refuse(CloseCode.POLICY_VIOLATION, f"the {what} is not a JSON object")
    if key not in document:
        return refuse(CloseCode.POLICY_VIOLATION, f"the {what} has no {key}")
    name = document[key]
    if not isinstance(name, str):
        return refuse(CloseCode.POLICY_VIOLATION, f"{key} is not a string")
    if len(name) > MAX_NAME:
        return refuse(CloseCode.POLICY_VIOLATION, f"{key} is over {MAX_NAME} characters long")
    if _deeper_than(MAX_HELLO_DEPTH, document):
        return refuse(CloseCode.POLICY_VIOLATION, f"the {what} is nested too deeply")
    return Hello(name, text)


def _deeper_than(limit: int, value: Any) -> bool:
    """Tell whether lists and objects are nested more than so many levels deep."""
    level = [value]
    for _ in range(limit):
        level = [
            item
            for container in level
            if isinstance(container, dict | list)
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def not_text(what: str) -> Refusal:
    """Refuse a binary message."""
    return refuse(CloseCode.UNSUPPORTED_DATA, f"{what} came as a binary message; send text")


def not_unicode(what: str) -> Refusal:
    """Refuse a text that has no UTF-8 form."""
    return refuse(CloseCode.INVALID_DATA, f"{what} is not Unicode text")


def no_hello(seconds: float) -> Refusal:
    """Refuse a peer that connects and then says nothing."""
    return refuse(CloseCode.POLICY_VIOLATION, f"no first message within {seconds:g} seconds")


def _too_big(what: str, limit: int) -> Refusal:
    return refuse(CloseCode.TOO_BIG, f"{what} over {limit} bytes long")


def refuse(code: CloseCode, reason: str) -> Refusal:
    """Make a refusal of any reason, which may quote what the peer sent."""
    # It goes to our log and the peer's terminal.
    printable = reason.encode("unicode_escape").decode("ascii")
    if len(printable) > _MAX_REASON:
        printable = printable[: _MAX_REASON - 3] + "..."
    return Refusal(code, printable)
