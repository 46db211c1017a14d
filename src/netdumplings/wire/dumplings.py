"""What a dumpling must look like for a hub to take it.

The payload is checked to be strict JSON (RFC 8259), but neither decoded nor copied: whoever eats
it reads it.
"""

from __future__ import annotations

import io
import json
import re
import secrets
from typing import Annotated, Any, Final, Literal

import msgspec

from ..defaults import STATUS_CHEF
from ..dumpling import MAX_DIGITS
from .limits import LIMITS, Limits
from .nesting import any_deeper, is_deeper
from .refusals import CloseCode, Refusal, refuse, too_big, too_deep

#: Characters of a name: a kitchen's, an eater's, a chef's.
MAX_NAME: Final = 256
_RESERVED: Final = frozenset({STATUS_CHEF})

_Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]


class Metadata(msgspec.Struct, gc=False):
    """What a dumpling says of itself.

    Attributes:
        chef: the name of the chef that made it.
        creation_time: seconds since the epoch; finite.
        driver: ``packet`` or ``interval``.
        kitchen: the name of the chef's kitchen; None for the hub's own dumplings.
    """

    chef: _Name
    creation_time: float
    driver: Literal["packet", "interval"]
    kitchen: _Name | None


class _Dumpling(msgspec.Struct, gc=False):
    metadata: Metadata
    payload: msgspec.Raw


class _ChefOnly(msgspec.Struct):
    chef: str


class _Glance(msgspec.Struct):
    metadata: _ChefOnly


_glances: Final = msgspec.json.Decoder(_Glance)
_dumplings: Final = msgspec.json.Decoder(_Dumpling)
_batches: Final[msgspec.json.Decoder[list[Any]]] = msgspec.json.Decoder(list[_Dumpling | int])

#: What stands for a newline between two dumplings while they are read.
_NUMBER: Final = secrets.randbits(60)
_NEWLINE: Final = b",%d," % _NUMBER

#: A number of over `MAX_DIGITS` digits has this, of every so many bytes one.
_EVERY: Final = 1000
_DIGITS: Final = re.compile(rb"[0-9]{%d}" % (MAX_DIGITS // _EVERY))


def check_dumpling(text: bytes, limits: Limits = LIMITS) -> Refusal | None:
    """Check that a hub will take a dumpling.

    Args:
        text: the dumpling's JSON, in UTF-8.
        limits: the hub's.

    Returns:
        None if all is well, else why not.
    """
    outcome = read_dumpling(text, limits)
    return outcome if isinstance(outcome, Refusal) else None


def read_dumplings(body: bytes, limits: Limits = LIMITS) -> list[Metadata] | Refusal:
    """Read what dumplings say of themselves.

    Args:
        body: the JSON of each, parted by newlines, in what is known to be UTF-8.
        limits: what each may be.

    Returns:
        the metadata of each, where that of one may stand for all that differ in nothing but their
        times; or why not, for the first that is not to be taken.
    """
    # The decoder reads all of them in one call, as a list, which takes half the time of a call
    # each. What stands for a newline is an element of that list: a number that nobody knows who
    # sends dumplings. With a mere comma there, a newline inside of a dumpling passed for one
    # between two, if elsewhere two were on one line.
    listed = b"".join((b"[", body.replace(b"\n", _NEWLINE), b"]"))
    newlines = (len(listed) - len(body) - 2) // (len(_NEWLINE) - 1)
    try:
        found = _batches.decode(listed)
        metadata = [dumpling.metadata for dumpling in found[::2]]
    except (msgspec.DecodeError, RecursionError, AttributeError):
        found = metadata = []
    # All newlines are there, and between two of them is one dumpling each.
    if found[1::2].count(_NUMBER) == newlines == len(metadata) - 1 and _is_harmless(
        body, len(metadata), limits
    ):
        metadata = _shared(metadata)
        if _RESERVED.isdisjoint({one.chef for one in metadata}):
            return metadata
    # Something is wrong with one of them.
    metadata = []
    for text in body.split(b"\n"):
        outcome = read_dumpling(text, limits)
        if isinstance(outcome, Refusal):
            return outcome
        metadata.append(outcome)
    return metadata


def _shared(metadata: list[Metadata]) -> list[Metadata]:
    """Let the first stand for all that differ from it in nothing but their times: mostly for all.

    Five hundred objects are then gone before they have left the processor's nearest memory.
    """
    first = metadata[0]
    chef, kitchen, driver = first.chef, first.kitchen, first.driver
    for one in metadata:
        if one.chef != chef or one.kitchen != kitchen or one.driver != driver:
            return metadata
    return [first] * len(metadata)


def read_dumpling(
    text: bytes, limits: Limits = LIMITS, *, from_hub: bool = False
) -> Metadata | Refusal:
    """Read what a dumpling says of itself.

    Args:
        text: the dumpling's JSON, in UTF-8.
        limits: what it may be.
        from_hub: whether it comes from a hub, and so may be of the hub's own chef.

    Returns:
        its metadata; or why a hub will not take it.
    """
    if len(text) > limits.message:
        return too_big("a dumpling", limits.message)
    try:
        # The JSON decoder does not look into the strings of a payload that it leaves undecoded,
        # and a browser that is sent a text message of bad UTF-8 must drop its connection
        # (RFC 6455, section 8.1).
        text.decode()
        metadata = _dumplings.decode(text).metadata
    except UnicodeDecodeError as error:
        reason = f"the dumpling is not UTF-8: {error.reason}"
        return refuse(CloseCode.INVALID_DATA, "not UTF-8", reason)
    except msgspec.ValidationError as error:
        return _not_a_dumpling(str(error))
    except msgspec.DecodeError as error:
        return refuse(CloseCode.INVALID_DATA, "not JSON", f"the dumpling is not JSON: {error}")
    except RecursionError:
        return too_deep("the dumpling")
    if metadata.chef in _RESERVED and not from_hub:
        reason = f"{metadata.chef} is the hub's own chef; rename yours"
        return refuse(CloseCode.POLICY_VIOLATION, "reserved chef", reason)
    # The dumpling itself is a level, too.
    if is_deeper(text, limits.depth + 1):
        return too_deep("the dumpling")
    if _has_long_number(text):
        return _not_a_dumpling(f"a number of over {MAX_DIGITS} digits")
    return metadata


def metadata_of(text: bytes) -> Metadata:
    """Read the metadata of a dumpling that has been taken already, or is the hub's own."""
    return _dumplings.decode(text).metadata


def metadata_of_many(body: bytes) -> list[Metadata]:
    """Read the metadata of dumplings that have been taken already, a line each."""
    listed = b"".join((b"[", body.replace(b"\n", b","), b"]"))
    return [dumpling.metadata for dumpling in _batches.decode(listed)]


def chef_of(text: str | bytes) -> str | None:
    """Read just the chef's name of a dumpling, at a tenth of the cost of reading it all.

    Returns:
        the name; None if the text is not JSON, or has no ``metadata.chef``.
    """
    try:
        return _glances.decode(text).metadata.chef
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _not_a_dumpling(why: str) -> Refusal:
    return refuse(CloseCode.POLICY_VIOLATION, "not a dumpling", f"not a dumpling: {why}")


def _is_harmless(body: bytes, count: int, limits: Limits) -> bool:
    """Tell whether none of so many dumplings that are valid otherwise is too long or too deep.

    Now and then it says no of one that is harmless, too.
    """
    # (Each line comes with its newline.)
    if len(body) > limits.message and max(map(len, io.BytesIO(body))) > limits.message:
        return False
    if _DIGITS.search(body[::_EVERY]) and any(map(_has_long_number, io.BytesIO(body))):
        return False
    return not any_deeper(body, limits.depth + 1, count=count)


def _has_long_number(text: bytes) -> bool:
    if len(text) <= MAX_DIGITS or not _DIGITS.search(text[::_EVERY]):
        return False
    try:
        json.loads(text, parse_int=_whole)
    except ValueError:
        return True
    return False


def _whole(digits: str) -> int:
    if len(digits.removeprefix("-")) > MAX_DIGITS:
        raise ValueError("a number that Python does not read")
    return 0
