"""What ``--show-config`` shows: every option's value, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .settings import settable
from .text import printable


def as_toml(context: click.Context, file: Path | None) -> str:
    """Write the options of a command as they are now, as a file of settings that says the same.

    Args:
        context: the command's, with all its options read.
        file: the file of settings that was read.

    Returns:
        TOML: a table, one option a line; the comment behind it is where its value comes from.
    """
    read = f"from {printable(str(file))}" if file else "no file was read"
    lines = [f"# {read}", f"[{context.command.name}]"]
    for name, option in settable(context.command).items():
        value = context.params.get(option.name or "")
        if value is None or value == ():
            lines.append(f"# {name} is not set")
        else:
            lines.append(f"{name} = {_toml(value)}  # {_source(context, option)}")
    return "\n".join(lines)


def _source(context: click.Context, option: click.Option) -> str:
    sources: Mapping[Any, str] = {
        ParameterSource.COMMANDLINE: "command line",
        ParameterSource.ENVIRONMENT: str(option.envvar),
        ParameterSource.DEFAULT_MAP: "file",
    }
    return sources.get(context.get_parameter_source(option.name or ""), "default")


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case timedelta():
            return f'"{value.total_seconds()}s"'
        case datetime():
            return f'"{value.isoformat()}"'
        case Path():
            return _text(str(value.absolute()))
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """Write text as a basic string of TOML."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
