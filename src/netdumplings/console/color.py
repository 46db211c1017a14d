"""Colors on a terminal: for what we write ourselves and for JSON, never for text as it comes."""

from __future__ import annotations

import functools
import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.style import Style

# A string and whether it is a key, a number, or a literal. What `printable_json` writes holds
# nothing else that could match.
_JSON_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")(?P<colon>:?)|(?P<number>-?\d[\d.eE+-]*)|(?P<literal>[a-z]+)'
)


def wanted(color: bool | None) -> bool:
    """Tell whether standard output gets colors.

    Args:
        color: what ``--color/--no-color`` said; None leaves it to the terminal, and to the
            environment variables NO_COLOR (https://no-color.org) and TERM.
    """
    if color is not None:
        return color
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def output_is_ascii() -> bool:
    """Tell whether standard output may be unable to hold what is not ASCII."""
    return "utf" not in (sys.stdout.encoding or "").lower()


def painted(text: str, style: str) -> str:
    """Color a text with the eight colors that every terminal has.

    Args:
        text: it is written as it is; no markup in it means anything.
        style: what rich calls a style, as in ``bold red``.
    """
    return _style(style).render(text)


def json_colored(text: str) -> str:
    """Color the keys, strings, numbers and literals of JSON text from `printable_json`."""
    return _JSON_TOKEN.sub(_colored_token, text)


def _colored_token(token: re.Match[str]) -> str:
    if token["string"]:
        return painted(token["string"], "blue" if token["colon"] else "green") + token["colon"]
    return painted(token[0], "cyan" if token["number"] else "magenta")


@functools.cache
def _style(definition: str) -> Style:
    # Here, because --help must not wait for it.
    from rich.style import Style

    return Style.parse(definition)
