"""Options from a file: TOML, with a table for each command.

What is found there becomes click's ``default_map``, which comes after the command line and the
environment, and before an option's own default. The file is checked as a whole before anything
runs: what it gets wrong is one line that says where, and what would be right.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from .backbone_options import ServersType
from .errors import Misuse
from .options import HubAddressType, NameType, PathOrName, SecondsType, SinceType, at_home
from .text import printable
from .trust import changeable_by_others, is_root

#: Names the file, if ``--config`` does not; empty for none.
CONFIG_VARIABLE: Final = "NETDUMPLINGS_CONFIG"
#: What the file is called, in the directories where programs keep such files.
FILE_NAME: Final = "config.toml"
#: The commands that have a table, each with its module.
COMMANDS: Final = {
    "nd-up": "up",
    "nd-sniff": "sniff",
    "nd-hub": "hub",
    "nd-print": "print",
    "nd-top": "top",
    "nd-hubstatus": "hubstatus",
    "nd-hubdetails": "hubdetails",
    "nd-record": "record",
    "nd-replay": "replay",
    "nd-pcap": "pcap",
    "nd-token": "token",
    "nd-chef": "chef",
}
#: Options that say what to do, not how: no file sets them.
_NOT_IN_A_FILE: Final = {"config", "help", "show-config", "version"}
_MOST_BYTES: Final = 1 << 20
#: The types whose values are text, whatever it looks like.
_TEXT: Final = (
    type(click.STRING),
    click.Choice,
    click.Path,
    HubAddressType,
    NameType,
    PathOrName,
    ServersType,
)
#: What those of others are: a number with its unit, perhaps, or without.
_MEASURE: Final = "text, or a number"


def find_file() -> Path | None:
    """Return the user's own file, or else the one for all users of this host, if there is one."""
    from platformdirs import PlatformDirs

    places = PlatformDirs("netdumplings", appauthor=False, multipath=True)
    directories = [places.user_config_dir, *places.site_config_dir.split(os.pathsep)]
    for directory in directories:
        path = Path(directory) / FILE_NAME
        # Without a home there may be no such place.
        if path.is_absolute() and os.path.isfile(path):  # noqa: PTH113 - never raises
            return path
    return None


def read_settings(path: Path, context: click.Context) -> dict[str, Any]:
    """Read what a file says for a command.

    Args:
        path: the file.
        context: the command's.

    Returns:
        values by the names of the command's parameters, and for a command of commands such a
        dictionary for each of those: what click calls a ``default_map``.

    Raises:
        Misuse: the file cannot be read; as root, others can change it; or it says what no command
            understands.
    """
    document = _load(path)
    command = context.command
    name = command.name or ""
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    for table in tables:
        if table not in COMMANDS:
            _refuse(path, f"[{table}]", "there is no such command", table, [*COMMANDS], "[{}]")
    options = settable(command)
    found: dict[str, Any] = {}
    for key, value in document.items():
        if key in tables:
            continue
        if key in COMMANDS:
            _refuse(path, key, f"it is to be a table: [{key}]")
        if key in options:
            found[_name(options[key])] = _value(path, key, options[key], value, context)
        elif key not in (names := _names_of_all()):
            _refuse(path, key, "no command has such an option", key, names)
    return found | _table(path, name, command, tables.get(name, {}), context)


def settable(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command that a file may set, by their long names without dashes."""
    named = {
        long_name(option): option for option in command.params if isinstance(option, click.Option)
    }
    return {name: option for name, option in named.items() if name not in _NOT_IN_A_FILE}


def long_name(option: click.Option) -> str:
    """Return the name of an option as it is typed, without dashes before it."""
    return max(option.opts, key=len).lstrip("-")


def _load(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        # Links are followed once: nobody may lead them elsewhere between the look and the reading.
        real = path.resolve() if is_root() else path
        if is_root() and (other := changeable_by_others(real)):
            raise Misuse(
                f"{path}: {other} can be changed by others than root, who would tell root's "
                "commands what to do; take that from them, name another file with --config, or "
                "none: --config ''"
            )
        with real.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, RuntimeError) as error:  # until Python 3.13 RuntimeError: links in a circle
        raise Misuse(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(content) > _MOST_BYTES:
        raise Misuse(f"{path} cannot be read: it is longer than 1 MiB")
    try:
        # (Some editors begin a file with a byte order mark.)
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Misuse(f"{path} is no TOML: {error}") from None


def _table(
    path: Path, where: str, command: click.Command, table: dict[str, Any], context: click.Context
) -> dict[str, Any]:
    """Read the table of a command, and those within it of the commands below it."""
    options = settable(command)
    commands = command.commands if isinstance(command, click.Group) else {}
    found: dict[str, Any] = {}
    for key, value in table.items():
        place = f"[{where}] {key}"
        if key in commands and isinstance(value, dict):
            below = commands[key]
            found[key] = _table(path, f"{where}.{key}", below, value, context)
        elif key in options:
            found[_name(options[key])] = _value(path, place, options[key], value, context)
        else:
            _refuse(path, place, f"{command.name} has no such option", key, _with_short(options))
    return found


def _value(path: Path, place: str, option: click.Option, value: Any, context: click.Context) -> Any:
    """Check a value, and return it as click would have it of the command line."""
    if option.is_flag or not (option.multiple or option.nargs != 1):
        value = _one(path, place, option, value)
    elif isinstance(option.type, HubAddressType) and not isinstance(value, list):
        value = [_one(path, place, option, value)]  # which may be several, with commas
    elif isinstance(value, list):
        value = [_one(path, place, option, each) for each in value]
    else:
        _refuse(path, place, f"it is to be a list, not {_kind(value)}")
    try:
        option.type_cast_value(context, value)
    except click.BadParameter as error:
        _refuse(path, place, error.message.rstrip("."))
    return value


def _one(path: Path, place: str, option: click.Option, value: Any) -> Any:
    wanted, right = _wanted(option)
    if not right(value):
        _refuse(path, place, f"it is to be {wanted}, not {_kind(value)}")
    if isinstance(value, date | time):
        return value.isoformat()
    if wanted == _MEASURE and isinstance(value, int):
        return str(value)
    if isinstance(value, str) and _is_path(option.type, value):
        # An absolute path stays what it is.
        return str(path.absolute().parent / at_home(value))
    return value


def _wanted(option: click.Option) -> tuple[str, Callable[[Any], bool]]:
    """What a value of an option is to be, and whether one is."""
    kind = option.type
    if option.is_flag:
        return "true or false", lambda value: isinstance(value, bool)
    if option.count or isinstance(kind, type(click.INT)):
        return "a whole number", lambda value: _is_number(value) and isinstance(value, int)
    if isinstance(kind, type(click.FLOAT) | SecondsType):
        return "a number", _is_number
    if isinstance(kind, SinceType):
        return "text, or a time", lambda value: isinstance(value, str | date | time)
    if isinstance(kind, _TEXT):
        return "text", lambda value: isinstance(value, str)
    return _MEASURE, lambda value: isinstance(value, str) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    """What TOML calls a value, in plain words."""
    kinds: Mapping[type, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
    }
    return kinds.get(type(value), "a time")


def _is_path(kind: click.ParamType[Any], value: str) -> bool:
    return kind.is_path(value) if isinstance(kind, PathOrName) else isinstance(kind, click.Path)


def _name(option: click.Option) -> str:
    assert option.name is not None  # every option of ours has a long name
    return option.name


def _with_short(options: Mapping[str, click.Option]) -> dict[str, str]:
    """The names of options, and what somebody may write instead, each with the right one."""
    right = {name: name for name in options}
    for name, option in options.items():
        others = {typed.lstrip("-") for typed in (*option.opts, *option.secondary_opts)}
        right |= dict.fromkeys(others - right.keys(), name)
    return right


def _names_of_all() -> set[str]:
    """The names of the options of all commands."""
    from contextlib import suppress
    from importlib import import_module

    names: set[str] = set()
    for module in COMMANDS.values():
        # Some need what is not installed with every netdumplings.
        with suppress(ImportError):
            main = import_module(f"netdumplings.console.{module}").main
            names.update(settable(main))
    return names


def _refuse(
    path: Path,
    place: str,
    problem: str,
    given: str = "",
    names: Iterable[str] = (),
    form: str = "{}",
) -> NoReturn:
    """Say what is wrong, and which of the names would be nearest to the given one."""
    if given == "token":
        problem += (
            ": a token has no place in a file that others may read; "
            "token-file names a file of its own, or NETDUMPLINGS_TOKEN has it"
        )
    elif given:
        from difflib import get_close_matches

        names = names if isinstance(names, Mapping) else {name: name for name in names}
        near = get_close_matches(given.replace("_", "-").lower(), names, 1)
        if near:
            problem += f"; did you mean {form.format(names[near[0]])}?"
    raise Misuse(printable(f"{path}: {place}: {problem}"))
