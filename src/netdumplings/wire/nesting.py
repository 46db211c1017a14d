"""How deep JSON texts are nested, told at hardly any cost where they are not deep."""

from __future__ import annotations

import io
from typing import Final

_ROUND: Final = bytes.maketrans(b"[{]}", b"(())")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[{]}"))


def any_deeper(lines: bytes, levels: int, *, count: int) -> bool:
    """Tell whether any of some texts is nested more than so many levels deep.

    Args:
        lines: the texts, each JSON (RFC 8259) that is known to be valid, parted by newlines.
        levels: how deep lists and objects may be nested; ``[[]]`` is two levels deep.
        count: how many texts there are.
    """
    # Two brackets make a level, and without arrays five bytes: ``{"":}``. Where most texts are too
    # short to be so deep, to see that all are takes the least time.
    arrays = b"[" in lines
    enough = levels * (2 if arrays else 5)
    if len(lines) < count * enough and max(map(len, io.BytesIO(lines))) <= enough:
        return False
    # A text has as many opening brackets as levels, at least, and few texts have so many. To count
    # them in many texts at once takes a fraction of the time of counting them in each. Mostly the
    # texts are all alike: so as many are taken at once as have few enough together.
    end = lines.find(b"\n")
    if end < 0:
        return is_deeper(lines, levels)
    step = (end + 1) * levels // max(_openers(lines[:end]), 1)
    start = 0
    while start < len(lines):
        end = len(lines) if start + step > len(lines) else lines.rfind(b"\n", start, start + step)
        if end < 0:
            end = lines.find(b"\n", start)
        some = lines[start : end if end >= 0 else None]
        openers = _openers(some) if arrays else len(some) - len(some.replace(b"{", b""))
        if openers > levels and any(is_deeper(text, levels) for text in some.split(b"\n")):
            return True
        start += len(some) + 1
    return False


def is_deeper(text: bytes, levels: int) -> bool:
    """Tell whether lists and objects are nested more than so many levels deep.

    Args:
        text: JSON (RFC 8259), known to be valid.
        levels: how deep they may be.
    """
    if _openers(text) <= levels:
        return False
    # With the quotes inside of strings gone (and the backslashes that do not escape them), every
    # second piece between two quotes is outside of strings.
    if b"\\" in text:
        text = text.replace(rb"\\", b"").replace(rb"\"", b"")
    brackets = b"".join(text.split(b'"')[::2]).translate(_ROUND, _NO_BRACKETS)
    for _ in range(levels):
        brackets = brackets.replace(b"()", b"")
        if not brackets:
            return False
    return True


def _openers(text: bytes) -> int:
    """Count opening brackets, inside of strings or out."""
    # (`bytes.count` looks at each byte.)
    return 2 * len(text) - len(text.replace(b"{", b"")) - len(text.replace(b"[", b""))
