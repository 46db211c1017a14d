"""The options that several commands share, each declared once."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from netdumplings.exceptions import InvalidAddress

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# What click's own decorators take: the function, or the command that was made of it.
Decorated = TypeVar("Decorated", bound=Callable[..., Any] | click.Command)
Decorator = Callable[[Decorated], Decorated]


class HubAddressType(click.ParamType):  # type: ignore[type-arg]  # not generic in older clicks
    """Addresses of hubs, checked before the command runs; the value is that text."""

    name = "host:port,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the addresses as they were given, or fail with a usage error."""
        _check_hubs([value], param, ctx)
        return str(value)

    def split_envvar_value(self, rv: str) -> list[str]:
        """Leave what a variable has as it is: there are commas between addresses."""
        return [rv]


def _check_hubs(
    texts: Sequence[str], param: click.Parameter | None, ctx: click.Context | None
) -> None:
    # Here, because --help must not wait for what else lies in that package.
    from netdumplings.transport.address import HubAddresses

    try:
        HubAddresses.parse(texts)
    except InvalidAddress as error:
        raise click.BadParameter(str(error), ctx, param) from None


def _one_text(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> str:
    """Make one text of all addresses that were given."""
    if not ctx.resilient_parsing:
        _check_hubs(given, param, ctx)
    return ",".join(given)


class NameType(click.ParamType):  # type: ignore[type-arg]  # likewise
    """A name that a hub accepts, from a kitchen or an eater."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, or fail with a usage error."""
        from netdumplings.wire import eater_hello

        try:
            eater_hello(value)  # the bound is the same for kitchens
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class SecondsType(click.ParamType):  # type: ignore[type-arg]  # likewise
    """A time span in seconds: more than zero, and no more than a year."""

    name = "seconds"
    maximum: Final = 366 * 24 * 3600.0

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail with a usage error."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not 0 < seconds <= self.maximum or math.isnan(seconds):
            self.fail(f"{value} is not more than 0 seconds and at most a year", param, ctx)
        return seconds


class SecondsOrNoneType(SecondsType):
    """As `SecondsType`; 0 is for no limit."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail with a usage error."""
        return 0.0 if value in (0, "0") else super().convert(value, param, ctx)


class FactorType(click.FloatRange):
    """A number over 0; unlike click's own ranges it lets no NaN and no infinity through."""

    name = "factor"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or fail with a usage error."""
        factor = float(super().convert(value, param, ctx))
        if not math.isfinite(factor):
            self.fail(f"{value} is not a number over 0", param, ctx)
        return factor


class SinceType(click.ParamType):  # type: ignore[type-arg]  # likewise
    """A point in time: so long ago (``30s``, ``5m``, ``1h30m``, ``2d``), or in ISO 8601.

    Its value is a `timedelta` or a `datetime`. As in all that the commands write, a time without
    a time zone is UTC.
    """

    name = "time"
    _units: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    _part: Final = re.compile(r"(\d+(?:\.\d+)?)([dhms])", re.ASCII)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | timedelta:
        """Return the time, or fail with a usage error."""
        if isinstance(value, datetime | timedelta):
            return value
        try:
            parts = self._part.findall(value)
            if parts and not self._part.sub("", value):
                spans = (timedelta(**{self._units[unit]: float(many)}) for many, unit in parts)
                return sum(spans, timedelta())
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is neither a time span, as in 30s, 5m, 1h30m or 2d, "
                "nor a time, as in 2026-01-31T12:00:00",
                param,
                ctx,
            )
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def at_home(text: str) -> Path:
    """Return a path; where nobody knows the home that ``~`` stands for, ``~`` stays."""
    return Path(os.path.expanduser(text))  # noqa: PTH111  # that of Path raises


class FileType(click.Path):
    """A file; whether it is of use shows when it is read."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)
        self.name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path; ``~`` stands for the user's home, also from a unit file or a shell."""
        return at_home(os.fsdecode(super().convert(value, param, ctx)))


class PathOrName(click.ParamType):  # type: ignore[type-arg]  # likewise
    """Text that is the path of a file, or something else; its value is that text.

    Args:
        name: what the help calls it.
        is_path: whether some text is a path.
    """

    def __init__(self, name: str, is_path: Callable[[str], bool]) -> None:
        self.name = name
        self.is_path = is_path

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Have the shell complete it as a file."""
        return click.Path().shell_complete(ctx, param, incomplete)


def _is_file_of_chefs(text: str) -> bool:
    separators = filter(None, (os.sep, os.altsep))
    return text.endswith(".py") or any(separator in text for separator in separators)


HUB_ADDRESS: Final = HubAddressType()
NAME: Final = NameType()
SECONDS: Final = SecondsType()
SECONDS_OR_NONE: Final = SecondsOrNoneType()
FACTOR: Final = FactorType()
SINCE: Final = SinceType()
PORT: Final = click.IntRange(0, 65535)
FILE: Final = FileType()
CAPTURE_FILE: Final = PathOrName("file", lambda text: text != "-")
CHEF_MODULE: Final = PathOrName("module|file", _is_file_of_chefs)


def hub_option(default: str) -> Decorator[Any]:
    """``-h/--hub``; ``-h`` is the hub everywhere, so help is ``--help`` only.

    The command gets one text, with commas where there are several addresses.

    Args:
        default: `defaults.KITCHEN_HUB` or `defaults.EATER_HUB`.
    """
    return click.option(
        "-h",
        "--hub",
        type=HUB_ADDRESS,
        multiple=True,
        default=[default],
        callback=_one_text,
        help="The hub to connect to; wss://HOST:PORT for one that speaks TLS. Of several, with "
        "commas between them, the next is tried when one is away; repeatable.",
    )


def eater_name_option(default: str) -> Decorator[Any]:
    """``-n/--eater-name``."""
    return click.option(
        "-n", "--eater-name", type=NAME, default=default, help="The name to tell the hub."
    )


def color_option() -> Decorator[Any]:
    """``--color/--no-color``: True, False, or None for what `color.wanted` finds best."""
    return click.option(
        "--color/--no-color",
        default=None,
        help="Use colors, or none.  [default: colors on a terminal, unless NO_COLOR is set]",
    )
