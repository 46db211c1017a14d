"""``nd-chef test``: what a chef makes of a capture, shown or compared."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from . import color as colors
from .chef_loading import load_chefs, showing_tracebacks
from .errors import Failure
from .options import CHEF_MODULE, at_home
from .text import harmless_json, printable

if TYPE_CHECKING:
    from netdumplings import Dumpling, DumplingChef

logger = logging.getLogger(__name__)

#: How the lines of a difference are colored, by what they begin with.
_STYLES: Final = {"+": "green", "-": "red", "d": "bold"}


class Made(NamedTuple):
    """What a run has made.

    Attributes:
        dumplings: the dumplings.
        errors: how many errors the chefs have made.
    """

    dumplings: list[Dumpling]
    errors: int


class Trial:
    """A run of chefs over captures, as the options describe it.

    Raises:
        click.UsageError: a file of expected dumplings that is not there.
    """

    def __init__(
        self,
        *,
        module: str,
        chefs: Sequence[str],
        read: Sequence[str],
        filter: str,
        poke_interval: float,
        expect: Path | None,
        update: bool = False,
        ignore: Sequence[str] = (),
        color: bool | None = None,
    ) -> None:
        self._module = module
        self._names = chefs
        self._read = read
        self._filter = filter
        self._poke_interval = poke_interval
        self._expect = _beside(module, read[0]) if update and expect is None else expect
        self._update = update
        self._ignore = ignore
        self._with_colors = colors.wanted(color)
        if self._expect is not None and not update and not self._expect.is_file():
            raise click.UsageError(
                f"there is no {printable(str(self._expect))} to compare with: --update makes it"
            )

    def run(self) -> None:
        """Show the dumplings, or compare them with those expected, or write them as those.

        Raises:
            Failure: they differ, or a chef has made an error.
            NetDumplingsError: it cannot be run.
        """
        chefs = load_chefs(self._module, self._names)
        if self._expect is None:
            errors = self._made(chefs, show=True).errors
        else:
            made = self._made(chefs)
            errors = made.errors
            if not self._update:
                self._compare(made.dumplings, self._expect, chefs)
            elif not errors:
                self._write(made.dumplings, self._expect)
        if errors:
            raise Failure(
                f"the chefs have made {errors} errors"
                + ("; nothing was written" if self._update else "")
            )

    def _made(self, chefs: Sequence[type[DumplingChef]], *, show: bool = False) -> Made:
        from netdumplings.exceptions import TruncatedCapture
        from netdumplings.testing import TrialKitchen

        with showing_tracebacks():
            kitchen = TrialKitchen(*chefs, poke_interval=self._poke_interval, raising=False)
        dumplings: list[Dumpling] = []
        try:
            for dumpling in kitchen.each_of_replay(self._read, filter=self._filter):
                if show:
                    click.echo(next(self._lines([dumpling])))
                else:
                    dumplings.append(dumpling)
        except TruncatedCapture as error:
            # Its packets were handled, and will be the same ones the next time.
            logger.warning("%s", error)
        return Made(dumplings, len(kitchen.errors))

    def _lines(self, dumplings: Iterable[Dumpling]) -> Iterator[str]:
        from netdumplings.testing import as_lines

        return map(harmless_json, as_lines(dumplings, ignore=self._ignore))

    def _compare(
        self, made: Sequence[Dumpling], path: Path, chefs: Sequence[type[DumplingChef]]
    ) -> None:
        shown = self._difference(made, path)
        if not shown:
            click.echo(f"{_so_many(made)}, as expected")
            return
        self._show(shown)
        if "-" not in self._read and self._difference(made, self._made(chefs).dumplings):
            click.echo(
                "It is not the same from run to run: does a chef tell the time of day, or choose "
                "by chance? --ignore passes over the values of a key."
            )
        raise Failure(
            f"the dumplings are not as in {path}; if they are right, --update takes them over"
        )

    def _write(self, made: Sequence[Dumpling], path: Path) -> None:
        old = path.is_file()
        shown = self._difference(made, path) if old else ""
        if old and not shown:
            click.echo(f"{printable(str(path))} has these {_so_many(made)} already")
            return
        self._show(shown)
        text = "".join(f"{line}\n" for line in self._lines(made))
        _writing(path, lambda: path.write_text(text, encoding="utf-8"))
        click.echo(f"wrote {_so_many(made)} to {printable(str(path))}")

    def _difference(self, made: Sequence[Dumpling], expected: Path | Sequence[Dumpling]) -> str:
        from netdumplings.testing import difference, read_lines

        if isinstance(expected, Path):
            path = expected
            expected = _reading(path, lambda: read_lines(path))
        return difference(made, expected, ignore=self._ignore)

    def _show(self, lines: str) -> None:
        for line in lines.split("\n") if lines else ():
            style = _STYLES.get(line[:1])
            shown = printable(line)
            painted = colors.painted(shown, style) if self._with_colors and style else shown
            click.echo(painted, color=self._with_colors)


def _reading(path: Path, read: Callable[[], list[Dumpling]]) -> list[Dumpling]:
    try:
        return read()
    except UnicodeDecodeError:
        raise Failure(f"{path} holds no dumplings: it is not UTF-8") from None
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}") from None


def _writing(path: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from None


def _beside(module: str, capture: str) -> Path:
    """Where the dumplings of a capture are expected, if nobody says: beside the chef."""
    if CHEF_MODULE.is_path(module):
        chef = at_home(module)
        directory, name = chef.parent, chef.stem
    else:
        directory, name = Path(), module.rpartition(".")[2]
    captured = "stdin" if capture == "-" else Path(capture).name
    for suffix in (".gz", ".pcapng", ".pcap", ".cap"):
        captured = captured.removesuffix(suffix)
    return directory / f"{name}.{captured}.jsonl"


def _so_many(dumplings: Sequence[Dumpling]) -> str:
    return "1 dumpling" if len(dumplings) == 1 else f"{len(dumplings)} dumplings"
