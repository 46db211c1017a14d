"""Chefs that take the places of others while their kitchen is at work."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ..chef import DumplingChef
from ..exceptions import BrokenChef, ChefModuleError, NetDumplingsError
from .calls import Overdue
from .isolated import Ended, Isolated
from .loader import ChefClass, ChefModule
from .reloading import LOOK_EVERY, ChefMenu, Edited
from .runner import ChefRunner, ctrl_c_comes_here
from .stations import Filters, Station, make_chef, stand_in
from .tracebacks import one_line, own_exc_info, own_traceback

logger = logging.getLogger(__name__)

#: Seconds that an isolated chef of a live kitchen has for what it is at, before another takes its
#: place.
FINISH: Final = 0.5


class Swapper:
    """Looks now and then whether chefs were edited, and has the new ones take over.

    Everything is called in the thread that runs the chefs, between two of their calls.

    Args:
        menu: which chefs there are to be.
        runner: runs them.
        kitchen: theirs.
        classes: the classes of the chefs.
        chefs: the chefs, or what is in their places: a list that is kept up to date.
        isolated: makes a process for a chef, of its class and of the state it is to go on with;
            None where the chef is not to have one.
        taken: called when chefs have taken over, with the classes of all.
    """

    def __init__(
        self,
        menu: ChefMenu,
        runner: ChefRunner,
        kitchen: object,
        classes: Sequence[ChefClass],
        chefs: list[DumplingChef],
        isolated: Callable[[ChefClass, bytes | None], Isolated | None],
        taken: Callable[[Sequence[ChefClass]], object],
    ) -> None:
        self._menu = menu
        self._runner = runner
        self._kitchen = kitchen
        self._classes = list(classes)
        self._chefs = chefs
        self._isolated = isolated
        self._taken = taken
        self._look_at = 0.0
        for file in menu.unreadable:
            logger.warning(
                "%s cannot be read by the user that chefs are run as (see --user): no edit of it "
                "is taken",
                file,
            )

    def look(self) -> Iterator[str]:
        """If it is time, see whether something was edited, and swap.

        Yields:
            dumplings that isolated chefs had still to make.
        """
        if (now := time.monotonic()) < self._look_at:
            return
        self._look_at = now + LOOK_EVERY
        if not self._menu.changed(time.time()):
            return
        yield from self._runner.finish(FINISH)
        for problem in self._menu.reload(self._guard, self._swap):
            _report(problem)
        self._look_at = time.monotonic() + LOOK_EVERY

    def _guard(self, given: str, load: Callable[[], ChefModule]) -> ChefModule:
        """Import a module, which may take as long as a handler."""
        loaded, failure = self._call(1, "module", load)
        if failure is None:
            module: ChefModule = loaded
            return module
        if isinstance(failure, Overdue) or isinstance(failure.__cause__, Overdue):
            raise ChefModuleError(given, self._runner.calls.reason)
        raise failure

    def _swap(self, edited: Edited) -> None:
        """Have chefs take over; if one cannot, none does.

        Raises:
            NetDumplingsError: why one cannot.
        """
        old = {station.name: station for station in self._runner.stations}
        kept = dict(zip(self._classes, self._runner.stations, strict=True))
        chefs_of = dict(zip(self._classes, self._chefs, strict=True))
        stations: list[Station] = []
        chefs: list[DumplingChef] = []
        new: dict[str, str] = {}
        begun: list[Isolated] = []
        try:
            for number, chef in enumerate(edited.chefs, start=1):
                if chef in kept:
                    stations.append(kept[chef])
                    chefs.append(chefs_of[chef])
                    continue
                before = old.get(chef.__name__)
                station, made, what = self._make(chef, number, before, begun)
                new[station.name] = what
                stations.append(station)
                chefs.append(made)
            filters = Filters(stations)
        except BaseException:
            for process in begun:
                process.close()
            raise
        self._runner.replace(stations, filters)
        self._classes = list(edited.chefs)
        self._chefs[:] = chefs
        names = [station.name for station in stations]
        _announce(edited.modules, new, [name for name in old if name not in names])
        self._taken(self._classes)
        revived = [name for name in new if name in old and old[name].quarantined is not None]
        self._menu.on_change(names, revived)

    def _make(
        self, chef: ChefClass, number: int, before: Station | None, begun: list[Isolated]
    ) -> tuple[Station, DumplingChef, str]:
        """Make a chef, and have it go on where the one before it was.

        Returns:
            it at its work, the chef or what is in its place, and what to say of it.
        """
        name = chef.__name__
        blamed = before.number if before else 1
        what = "new" if before is None else "reloaded"
        if before is not None and before.quarantined is not None:
            what = "back"
        packed = None
        alive = before is not None and before.chef is not None
        if alive and before and before.isolated and hasattr(chef, "restore"):
            packed = self._packed(before)
        process = self._isolated(chef, packed)
        if process is not None:
            begun.append(process)
            what = "reloaded, with its state" if packed is not None else what
            idle = stand_in(name, self._kitchen)
            return Station(idle, number, None, process), idle, what
        made, failure = self._call(blamed, "__init__", make_chef, chef, self._kitchen)
        if failure is not None:
            raise self._broken(name, failure)
        if made.name != name:
            raise BrokenChef(name, f"it has another name: {made.name!r}")
        if alive and before and not before.isolated and _has(before.chef, "state"):
            if not _has(made, "restore"):
                return Station(made, number), made, what
            state, failure = self._call(blamed, "state", before.chef.state)  # type: ignore[union-attr]
            if failure is not None:
                # It is the old one's, and no edit could mend it.
                _log(f"chef {name}: its state() failed, it begins anew", failure)
                return Station(made, number), made, what
            _, failure = self._call(blamed, "restore", made.restore, state)
            if failure is not None:
                raise self._broken(name, failure, "restore() ")
            what = "reloaded, with its state"
        return Station(made, number), made, what

    def _packed(self, before: Station) -> bytes | None:
        """The state of an isolated chef, pickled; None if it has none to give."""
        assert before.isolated is not None
        try:
            return before.isolated.state()
        except Ended as error:
            logger.error(
                "chef %s: its state cannot be had (%s): it begins anew", before.name, error
            )
            return None

    def _call(self, number: int, what: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something of a chef's under the watch of its kitchen; as `Calls.call`."""
        calls = self._runner.calls
        calls.here()
        calls.handler = what
        value, failure = calls.call(number, function, *arguments)
        if isinstance(failure, KeyboardInterrupt) and ctrl_c_comes_here():
            raise failure
        return value, failure

    def _broken(self, name: str, failure: BaseException, what: str = "") -> NetDumplingsError:
        if isinstance(failure, Overdue):
            return BrokenChef(name, self._runner.calls.reason)
        if isinstance(failure, NetDumplingsError):
            return failure
        broken = BrokenChef(name, f"{what}{one_line(failure)}", own_traceback(failure))
        broken.__cause__ = failure
        return broken


def _has(chef: object, method: str) -> bool:
    return callable(getattr(chef, method, None))


def _report(problem: NetDumplingsError) -> None:
    """Say what is wrong with an edit."""
    cause = problem.__cause__
    _log(f"{problem}: the edit is not taken, what ran before goes on", cause)


def _log(said: str, cause: BaseException | None) -> None:
    logger.error("%s", said, exc_info=own_exc_info(cause) if cause is not None else None)


def _announce(modules: Sequence[str], new: Mapping[str, str], gone: Sequence[str]) -> None:
    said = [f"{name} ({what})" for name, what in new.items()]
    said += [f"{name} (gone)" for name in gone]
    logger.info("edited: %s: %s", ", ".join(modules), ", ".join(said) or "no chef has changed")
