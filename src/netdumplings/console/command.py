"""What makes a function a command of ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

import click

from netdumplings import __version__

from . import logs
from .errors import ending_well
from .options import at_home
from .settings import CONFIG_VARIABLE, long_name, read_settings

_FILE: Final = "netdumplings.file"
_SHOW: Final = "netdumplings.show"


class Command(click.Command):
    """A command that ends as `ending_well` says, and has the options that all have.

    Every option can be given as an environment variable too: ``--eater-name`` of ``nd-print`` as
    ``NETDUMPLINGS_PRINT_EATER_NAME``; and in a file, as `settings` has it. ``--help`` names the
    variables and the defaults. A wrong command line gives one line and exit status 2.
    """

    def __init__(
        self, name: str, *, log_level: str = "info", gives_up_root: bool = False, **attributes: Any
    ) -> None:
        super().__init__(name, **attributes)
        self.tool = name
        self.context_settings = {
            "max_content_width": 100,
            "show_default": True,
            **self.context_settings,
        }
        self.params.append(_log_level_option(log_level, gives_up_root))
        name_variables(name, self.params)
        self.params += [_config_option(), _show_config_option(), _version_option()]

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line."""
        _open_what_is_closed()
        with ending_well(self.tool):
            return super().make_context(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line; to be shown the options nobody needs to say what to do."""
        needed = [each for each in self.params if each.required and "--show-config" in args]
        for each in needed:
            each.required = False
        try:
            return super().parse_args(ctx, args)
        finally:
            for each in needed:
                each.required = True

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # Outside UTF-8 some characters cannot be written; that must not end a command.
                stream.reconfigure(errors="backslashreplace")
        with ending_well(self.tool):
            if ctx.meta.get(_SHOW):
                from .settings_shown import as_toml

                click.echo(as_toml(ctx, ctx.meta.get(_FILE)))
                return None
            ctx.params.pop("log_level")
            return super().invoke(ctx)


class SubCommand(click.Command):
    """A command below another of ours."""

    def __init__(self, name: str, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        self.context_settings = {"show_default": True, **self.context_settings}


class CommandOfCommands(Command, click.Group):
    """A command of ours that has others below it, whose options have variables, too.

    ``--role`` of ``nd-token make`` is ``NETDUMPLINGS_TOKEN_MAKE_ROLE``.
    """

    command_class = SubCommand

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Take a command in."""
        super().add_command(cmd, name)
        name_variables(f"{self.tool}-{name or cmd.name}", cmd.params)


def command(
    name: str, *, log_level: str = "info", gives_up_root: bool = False
) -> Callable[[Callable[..., None]], Command]:
    """Make a function, with its click options, a command; its docstring is the help text.

    Args:
        name: what is typed, as in ``nd-print``.
        log_level: the default of its ``--log-level``.
        gives_up_root: whether it begins by giving up root, as `privileges` does.
    """
    return click.command(name, cls=Command, log_level=log_level, gives_up_root=gives_up_root)


def _open_what_is_closed() -> None:
    """Put something in the place of standard streams that are closed (``>&-``).

    Otherwise the next file that is opened, or the connection to a hub, would be in that place, and
    get what is meant for the stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115  # for good
            setattr(sys, name, nothing)


def name_variables(command: str, parameters: Iterable[click.Parameter]) -> None:
    """Give each option of a command its environment variable."""
    for option in parameters:
        if isinstance(option, click.Option):
            # click's own auto_envvar_prefix goes by the name of the function's argument.
            name = f"{command.removeprefix('nd-')}_{long_name(option)}"
            option.envvar = f"NETDUMPLINGS_{name}".upper().replace("-", "_").replace(" ", "_")
            option.show_envvar = True


def _log_level_option(default: str, gives_up_root: bool) -> click.Option:
    def configure(context: click.Context, _option: click.Parameter, level: str) -> str:
        if not context.resilient_parsing:
            logs.configure(level, gives_up_root=gives_up_root)
        return level

    return click.Option(
        ["--log-level"],
        type=click.Choice(logs.LEVELS, case_sensitive=False),
        default=default,
        callback=configure,
        help=f"How much to log, on standard error. {logs.CONFIG_VARIABLE} may name a JSON "
        "logging configuration to use instead.",
    )


def _config_option() -> click.Option:
    def configure(context: click.Context, _option: click.Parameter, given: str | None) -> None:
        if given is None:
            # click takes an empty variable for one that is not there.
            given = os.environ.get(CONFIG_VARIABLE)
        if given is None:
            from .settings import find_file

            path = find_file()
        else:
            path = at_home(given) if given else None
        if path is not None:
            # In a completion click goes on without what a file with a mistake says.
            context.default_map = read_settings(path, context)
            context.meta[_FILE] = path

    return click.Option(
        ["--config"],
        type=click.Path(),
        metavar="FILE",
        # It has to be read before any option that it may set.
        is_eager=True,
        expose_value=False,
        envvar=CONFIG_VARIABLE,
        show_envvar=True,
        callback=configure,
        help="Take options from this TOML file; '' for none.  [default: config.toml in the user's "
        "or the system's directory for netdumplings]",
    )


def _show_config_option() -> click.Option:
    def show(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
        context.meta[_SHOW] = wanted

    return click.Option(
        ["--show-config"],
        is_flag=True,
        expose_value=False,
        callback=show,
        help="Show the value of each option, and where it comes from, as a TOML file, and exit.",
    )


def _version_option() -> click.Option:
    def show(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            click.echo(f"{context.command.name} {__version__}")
            context.exit()

    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Show the version and exit.",
    )
