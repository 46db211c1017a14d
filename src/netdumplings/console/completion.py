"""What the shell completes beyond the names of options: interfaces, and chefs.

It has to be there before whoever pressed the key wonders, and must do nothing: chefs are found by
reading their module's source, which is not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from netdumplings import defaults

from .options import CHEF_MODULE, at_home

if TYPE_CHECKING:
    import ast

    import click

_MOST_BYTES = 1 << 20


def interfaces(_context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """The interfaces whose names begin so."""
    import socket

    names = [defaults.ALL_INTERFACES]
    with suppress(OSError, AttributeError):  # not every system tells
        names += [name for _, name in socket.if_nameindex()]
    return [name for name in names if name.startswith(begun)]


def chefs(context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """The chefs whose names begin so, of the modules that are named so far."""
    modules: Sequence[str] = context.params.get("chef_modules") or [defaults.CHEF_MODULE]
    if "module" in (parameter.name for parameter in context.command.params):
        # click has not come to the arguments: there is an option that wants its value yet.
        modules = context.args[:1]
    names = dict.fromkeys(name for module in modules for name in chefs_of(module))
    return [name for name in names if name.startswith(begun)]


def chefs_of(module: str) -> Iterator[str]:
    """What look like the chefs of a module, going by the names of classes that they are made of.

    Args:
        module: a module's name, or a file.
    """
    import ast

    for path in sources_of(module):
        # What cannot be read or understood has none that could be named.
        with suppress(OSError, ValueError, SyntaxError, RecursionError):
            with path.open("rb") as file:
                source = file.read(_MOST_BYTES)
            for node in ast.parse(source).body:
                if isinstance(node, ast.ClassDef) and any(map(_is_chef, node.bases)):
                    yield node.name


def sources_of(module: str) -> list[Path]:
    """The files that a module's classes may be in; the module is not imported for that."""
    if CHEF_MODULE.is_path(module):
        path = at_home(module)
        return [path] if path.is_file() else []
    for directory in (Path.cwd(), *map(Path, sys.path)):
        place = directory.joinpath(*module.split("."))
        if place.with_suffix(".py").is_file():
            return [place.with_suffix(".py")]
        if (place / "__init__.py").is_file():
            return sorted(place.glob("*.py"))
    return []


def _is_chef(base: ast.expr) -> bool:
    name = getattr(base, "attr", getattr(base, "id", ""))  # module.DumplingChef, DumplingChef
    return str(name).endswith("Chef")
