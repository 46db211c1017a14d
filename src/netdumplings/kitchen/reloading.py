"""Chef modules that are edited while their chefs are at work: seen, and imported again.

An edited module is imported beside the old one, which is out of `sys.modules` for so long. If that
goes wrong, the old one is put back and nothing has happened.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from .. import defaults
from ..exceptions import NetDumplingsError, NoChefs
from .loader import (
    ChefClass,
    ChefModule,
    FreshLoader,
    chefs_of,
    choose_chefs,
    current_directory,
    is_path,
    load_again,
    load_modules,
    path_of,
)
from .sources import Sources, State, file_of, is_ours

#: Seconds between two looks at the files.
LOOK_EVERY: Final = 1.0
#: Seconds that a file must not have changed for: some editors write one in several steps.
CALM: Final = 0.1
#: So many looks later it is taken as it is.
PATIENCE: Final = 3
_NOT_THERE: Final = object()

Guard = Callable[[str, Callable[[], ChefModule]], ChefModule]


@dataclass(frozen=True)
class Edited:
    """What came of an edit, or of several at once.

    Attributes:
        modules: the chef modules that were imported again, as they were given.
        chefs: the classes of the chefs to be run now; those of other modules are as before.
    """

    modules: tuple[str, ...]
    chefs: tuple[ChefClass, ...]


class ChefMenu:
    """The chefs of some modules, now and after edits.

    Those of this package are never loaded again.

    Args:
        modules: what was loaded.
        wanted: the names of the chefs to run; if empty, those of the menu.
        menu: as of `choose_chefs`.
        since: when loading began, seconds since the epoch: what was changed later is loaded again.

    Attributes:
        on_change: called, when chefs have been changed, with the names of all in their order, and
            with those of the chefs that have come back.
    """

    def __init__(
        self,
        modules: Sequence[ChefModule],
        wanted: Sequence[str] = (),
        menu: str = defaults.MENU,
        since: float | None = None,
    ) -> None:
        self._modules = list(modules)
        self._wanted = tuple(wanted)
        self._menu = menu
        self._sources = Sources()
        self._roots: list[tuple[str, Path] | None] = [_root_of(module) for module in modules]
        self._scan()
        began = time.time() if since is None else since
        self._states = {
            name: None if state and state[0] >= began * 1e9 else state
            for name, state in self._sources.states().items()
        }
        self._directories: dict[Path, State] | None = None
        self._waited = 0
        self._failed: set[str] = set()
        self._told: list[object] = []
        self.on_change: Callable[[list[str], list[str]], object] = lambda *_: None

    @classmethod
    def load(
        cls, given: Sequence[str], wanted: Sequence[str] = (), menu: str = defaults.MENU
    ) -> ChefMenu:
        """Load modules; arguments as of `load_modules` and `choose_chefs`."""
        since = time.time()
        return cls(load_modules(given), wanted, menu, since)

    @classmethod
    def of(cls, chefs: Sequence[ChefClass]) -> ChefMenu:
        """The menu that consists of some chefs, whose modules are loaded."""
        names = dict.fromkeys(chef.__module__ for chef in chefs)
        modules = []
        for name in names:
            module = sys.modules.get(name)
            own = tuple(chef for chef in chefs if chef.__module__ == name)
            if module is None or not set(own) <= set(chefs_of(module)):
                module = None  # a class of a function's, say: it stays as it is
            modules.append(ChefModule(name, own, module=module))
        return cls(modules, [chef.__name__ for chef in chefs])

    def choose(self) -> list[ChefClass]:
        """Choose which chefs to run; as `choose_chefs`."""
        return choose_chefs(self._modules, self._wanted, self._menu)

    @property
    def unreadable(self) -> list[Path]:
        """The files of chefs whose edits nobody here could read."""
        roots = [file for _, file in filter(None, self._roots)]
        return [file for file in roots if not os.access(file, os.R_OK)]

    def changed(self, now: float) -> set[str]:
        """See which modules have been edited.

        Args:
            now: seconds since the epoch.

        Returns:
            their names; empty while one is just being written.
        """
        states = self._sources.states()
        changed = {name for name, state in states.items() if state != self._states.get(name)}
        if self._directories is not None and self._sources.directories() != self._directories:
            # What was missing may be there now.
            changed |= self._failed
        times = [state[0] / 1e9 for name in changed if (state := states[name]) is not None]
        fresh = any(0 <= now - at < CALM for at in times)
        if changed and (fresh or len(times) < len(changed)) and self._waited < PATIENCE:
            self._waited += 1
            return set()
        self._waited = 0
        return changed

    def reload(self, guard: Guard, use: Callable[[Edited], None]) -> list[NetDumplingsError]:
        """Import again what has been edited, and all that imports it.

        An edit that was broken is tried again with the next one, which may be what it lacked; but
        it does not keep that from being taken.

        Args:
            guard: calls what imports a module, and returns or raises what that does.
            use: takes what came of it. If it raises, the edit is taken back.

        Returns:
            what is wrong with the edits, unless it was returned before.
        """
        before, self._states = self._states, self._sources.states()
        edited = {name for name, state in self._states.items() if state != before.get(name)}
        self._scan()
        # What is new here is looked at before it is read, so that no edit is missed.
        self._states = self._sources.states() | self._states
        self._directories = self._sources.directories()
        problems: list[NetDumplingsError] = []
        left = self._failed - edited
        attempts = [edited | left]
        if left and edited:
            attempts.append(edited)
        for names in attempts:
            try:
                self._load(names, guard, use)
            except NetDumplingsError as error:
                about = sorted(names & left or names)
                news = str(error), tuple((name, self._states.get(name)) for name in about)
                if news not in self._told:
                    problems.append(error)
                    self._told = [*self._told[-1:], news]
            else:
                self._failed -= names
                break
        else:
            self._failed |= edited
        if not self._failed:
            self._directories = None
        return problems

    def _load(self, changed: set[str], guard: Guard, use: Callable[[Edited], None]) -> None:
        stale = self._sources.stale(changed)
        with self._out_of_the_way(stale):
            modules, roots = list(self._modules), list(self._roots)
            again = []
            for number, root in enumerate(roots):
                if root is None or root[0] not in stale:
                    continue
                given = modules[number].given
                again.append(given)
                modules[number] = guard(given, partial(load_again, given, *root))
            use(Edited(tuple(again), tuple(self._choose_of(modules))))
        self._modules = modules

    def _choose_of(self, modules: Sequence[ChefModule]) -> list[ChefClass]:
        there = {chef.__name__ for module in modules for chef in module.chefs}
        wanted = [name for name in self._wanted if name in there]
        if self._wanted and not wanted:
            raise NoChefs([module.given for module in modules])
        return choose_chefs(modules, wanted, self._menu)

    def _scan(self) -> None:
        self._sources.scan([root for root in self._roots if root is not None])

    @contextmanager
    def _out_of_the_way(self, stale: set[str]) -> Iterator[None]:
        """Take modules out of `sys.modules`; if what follows fails, all is as it was."""
        found = self._sources.found
        before = {name: sys.modules.get(name) for name in (*stale, *found)}
        # A package has its modules as attributes, too.
        attributes: list[tuple[ModuleType, str, Any]] = []
        for name in before:
            package, _, child = name.rpartition(".")
            if package and (parent := sys.modules.get(package)) is not None:
                attributes.append((parent, child, vars(parent).get(child, _NOT_THERE)))
        for name in stale:
            sys.modules.pop(name, None)
        finder = _FreshFinder({name: source.file for name, source in found.items()})
        importlib.invalidate_caches()
        sys.meta_path.insert(0, finder)
        try:
            yield
        except BaseException:
            for name, module in before.items():
                sys.modules.pop(name, None)
                if module is not None:
                    sys.modules[name] = module
            for parent, child, value in attributes:
                if value is not _NOT_THERE:
                    setattr(parent, child, value)
                elif child in vars(parent):
                    delattr(parent, child)
            raise
        finally:
            sys.meta_path.remove(finder)


class _FreshFinder:
    """Finds modules where Python does, and has those of some files read as they are now."""

    def __init__(self, files: dict[str, Path]) -> None:
        self._files = files

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module; see `importlib.abc.MetaPathFinder`."""
        if name not in self._files:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None:
            return None
        if os.path.realpath(spec.origin) != os.path.realpath(self._files[name]):
            return None
        spec.loader = FreshLoader(name, spec.origin)
        return spec


def _root_of(module: ChefModule) -> tuple[str, Path] | None:
    """The name and file of a chef module; None if it is not for loading again."""
    if module.module is not None:
        at = getattr(module.module, "__file__", None)
        name = module.module.__name__
        if (
            name == "__main__"
            or at is None
            or (not at.endswith(".py") and not is_path(module.given))
        ):
            return None
        file = Path(at)
    elif module.error is None:
        return None
    elif is_path(module.given):
        file = path_of(module.given)
        name = file.stem
        if name in sys.modules:
            return None
    else:
        found = file_of(module.given, [current_directory(), *sys.path])
        if found is None:
            return None
        name, file = module.given, found
    return None if is_ours(file) else (name, file)
