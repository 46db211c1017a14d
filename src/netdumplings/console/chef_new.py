"""``nd-chef new``: a chef, and its test, from a template."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

import click

from netdumplings.defaults import STATUS_CHEF

from .chef_templates import BATCH_CHEF, PACKET_CHEF, TEST
from .errors import Failure
from .text import printable

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_LONGEST: Final = 60
#: Where a new word begins: portScan, DNSLookup, port2Scan.
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: Names of classes that mean something already.
_TAKEN: Final = {STATUS_CHEF, "DumplingChef"}


class Names(NamedTuple):
    """What a new chef is called.

    Attributes:
        chef: its class, as in ``PortScanChef``.
        module: its module, as in ``port_scan_chef``.
    """

    chef: str
    module: str


def names_of(name: str) -> Names:
    """Make the names of a chef from what somebody calls it, with or without Chef at the end.

    Raises:
        ValueError: it is no name for a chef.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(
            f"{name!r:.80} is no name for a chef: take up to {_LONGEST} letters, digits and _, "
            "as in PortScan or port_scan"
        )
    words = [word for part in name.split("_") for word in _WORD.split(part) if word]
    if words[-1].lower() == "chef":
        words.pop()
    elif words[-1].lower().endswith("chef"):  # portscanchef
        words[-1] = words[-1][:-4]
    if not words:
        raise ValueError(f"{name!r} is no name for a chef: say what it is a chef of")
    chef = "".join(word[0].upper() + word[1:] for word in words) + "Chef"
    if chef in _TAKEN:
        raise ValueError(f"{chef} is taken: choose another name")
    return Names(chef, "_".join(_WORD.split(chef)).lower())


def write_chef(name: str, directory: Path, *, batches: bool) -> None:
    """Write the files of a new chef, and say what to do with them.

    Args:
        name: what somebody calls it.
        directory: where to write them.
        batches: whether it is to take batches.

    Raises:
        click.BadParameter: the name is none for a chef.
        Failure: one of them is there already, or cannot be written; then neither is written.
    """
    try:
        names = names_of(name)
    except ValueError as error:
        raise click.BadParameter(printable(str(error)), param_hint="NAME") from None
    chef, test = (directory / f"{stem}.py" for stem in (names.module, f"test_{names.module}"))
    fill = {"chef": names.chef, "module": names.module}
    template = BATCH_CHEF if batches else PACKET_CHEF
    _write({chef: template.substitute(fill), test: TEST.substitute(fill)})
    click.echo(
        f"{printable(str(chef))} has a chef that works, and {printable(str(test))} its tests. "
        "Make it yours:\n\n"
        f"  pytest {printable(str(test))}\n"
        f"  nd-chef watch {printable(str(chef))} --read CAPTURE\n"
        f"  nd-chef bench {printable(str(chef))} --read CAPTURE\n"
        f"  nd-sniff --chef-module {printable(str(chef))}"
    )


def _write(files: dict[Path, str]) -> None:
    """Write new files, all of them or none."""
    written: list[Path] = []
    path = next(iter(files))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for each in written:
            each.unlink(missing_ok=True)
        if isinstance(error, FileExistsError) and path.parent.is_dir():
            problem = "is there already: choose another name, or another --directory"
        else:
            problem = f"cannot be written: {error.strerror}"
        raise Failure(f"{path} {problem}; nothing was written") from None
