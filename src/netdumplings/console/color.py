"""Colors on a terminal: for what we write ourselves and for JSON, never for text as it comes."""

from __future__ import annotations

import os
import re
import sys

import click

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


def json_colored(text: str) -> str:
    """Color the keys, strings, numbers and literals of JSON text from `printable_json`."""
    return _JSON_TOKEN.sub(_colored_token, text)


def _colored_token(token: re.Match[str]) -> str:
    if token["string"]:
        return (
            click.style(token["string"], fg="blue" if token["colon"] else "green") + token["colon"]
        )
    return click.style(token[0], fg="cyan" if token["number"] else "magenta")
