"""Text from the network, made safe to print.

A chef, a kitchen and a payload are named and filled by whoever can reach the hub, and much of
what they hold was taken from packets. Printed as it comes, such text could move the cursor,
change colours, set the window's title, reverse the order of a line or forge a line of its own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from netdumplings.dumpling import MAX_DEPTH, jsonable
from netdumplings.exceptions import InvalidDumplingPayload


def printable(text: str) -> str:
    r"""Escape every character that is not a plain visible one.

    Escaped are control characters (C0, C1 and DEL), format characters (among them the overrides
    of text direction), line and paragraph separators, spaces other than U+0020, halves of
    surrogate pairs, and private and unassigned characters: all that `str.isprintable` refuses.

    Args:
        text: any text.

    Returns:
        the text on one line, with ``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN`` for each of those. A
        backslash stays as it is: the result is for reading, not for turning back.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def printable_json(value: Any, *, ascii_only: bool = False, indent: int | None = 2) -> str:
    r"""Write a payload as JSON in which nothing but newlines is unprintable.

    Args:
        value: any JSON value.
        ascii_only: escape whatever is not ASCII too, for an output that is not UTF-8.
        indent: by how many spaces each level is indented; None writes it on one line.

    Returns:
        valid JSON (RFC 8259), without spaces if it is on one line: inside its strings, the
        characters that `printable` escapes are written ``\uNNNN``. Numbers beyond a double's
        range, which become infinite when they are read, are null.

    Raises:
        InvalidDumplingPayload: it is nested too deeply, or JSON has no form for it.
    """
    if _is_deeper(value, MAX_DEPTH):
        # Each level adds indentation to every line within: a small hostile message would grow
        # to a gigabyte of spaces.
        raise InvalidDumplingPayload("payload", f"nested more than {MAX_DEPTH} deep")
    try:
        text = _dumps(value, ascii_only, indent)
    except (TypeError, ValueError):
        text = _dumps(jsonable(value), ascii_only, indent)
    return harmless_json(text)


def harmless_json(text: str, *, ascii_only: bool = False) -> str:
    r"""Write what is unprintable in a JSON text, newlines apart, as ``\uNNNN``.

    Args:
        text: valid JSON, in which no such character is outside its strings.
        ascii_only: escape whatever is not ASCII too.

    Returns:
        JSON of the same value.
    """
    plain = text.isascii() or not ascii_only
    if plain and (text.isprintable() or text.replace("\n", "").isprintable()):
        return text

    def stays(character: str) -> bool:
        if character == "\n":
            return True
        return character.isprintable() and (character.isascii() or not ascii_only)

    return "".join(
        character if stays(character) else json.dumps(character)[1:-1] for character in text
    )


def iso_time(seconds: float) -> str:
    """Write a point in time in ISO 8601, in UTC, to the millisecond.

    Args:
        seconds: since the epoch.

    Returns:
        the time (``2018-01-15T04:32:45.925Z``), or the bare seconds where the calendar does
        not reach that far.
    """
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return f"{seconds:g}"
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        inner: Any = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    else:
        return False
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _dumps(value: Any, ascii_only: bool, indent: int | None) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(
        value, indent=indent, separators=separators, ensure_ascii=ascii_only, allow_nan=False
    )
