"""The chefs that a command of ``nd-chef`` is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from netdumplings import defaults
from netdumplings.exceptions import BrokenChef, ChefModuleError

from .text import printable

if TYPE_CHECKING:
    from netdumplings import DumplingChef


def load_chefs(module: str, names: Sequence[str]) -> list[type[DumplingChef]]:
    """Load the chefs of a module: those that are named, or all.

    A traceback of the user's own code is shown before the error that ends the command.

    Raises:
        ChefError: there are none, or not those.
    """
    from netdumplings.kitchen.loader import choose_chefs, load_modules

    with showing_tracebacks():
        return choose_chefs(load_modules([module]), names, defaults.MENU_OF_ALL)


@contextmanager
def showing_tracebacks() -> Iterator[None]:
    """Show the traceback of the user's own code if a chef cannot be loaded or made."""
    try:
        yield
    except (ChefModuleError, BrokenChef) as error:
        for line in error.traceback.splitlines():
            click.echo(printable(line), err=True)
        raise
