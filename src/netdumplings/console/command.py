"""What makes a function a command of ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Any

import click

from netdumplings import __version__

from . import logs
from .errors import ending_well


class Command(click.Command):
    """A command that ends as `ending_well` says, and has the options that all have.

    Every option can be given as an environment variable too: ``--eater-name`` of ``nd-print`` as
    ``ND_PRINT_EATER_NAME``. ``--help`` names the variables and the defaults. A wrong command
    line gives one line and exit status 2.
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
        for option in self.params:
            if isinstance(option, click.Option):
                # click's own auto_envvar_prefix goes by the name of the function's argument.
                option.envvar = _variable(name, max(option.opts, key=len))
                option.show_envvar = True
        self.params.append(_version_option())

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line."""
        with ending_well(self.tool):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # Outside UTF-8 some characters cannot be written; that must not end a command.
                stream.reconfigure(errors="backslashreplace")
        with ending_well(self.tool):
            return super().invoke(ctx)


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


def _variable(tool: str, option: str) -> str:
    return f"{tool}_{option.lstrip('-')}".upper().replace("-", "_")


def _log_level_option(default: str, gives_up_root: bool) -> click.Option:
    def configure(_context: click.Context, _option: click.Parameter, level: str) -> None:
        logs.configure(level, gives_up_root=gives_up_root)

    return click.Option(
        ["--log-level"],
        type=click.Choice(logs.LEVELS, case_sensitive=False),
        default=default,
        expose_value=False,
        callback=configure,
        help=f"How much to log, on standard error. {logs.CONFIG_VARIABLE} may name a JSON "
        "logging configuration to use instead.",
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
