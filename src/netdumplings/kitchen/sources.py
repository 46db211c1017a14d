"""The files that chef modules are made of, and what they import from where they lie."""

from __future__ import annotations

import ast
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

_PACKAGE: Final = Path(__file__).parent.parent
#: Files of one chef module that are looked at, at most.
MOST_FILES: Final = 500

#: What there is to be known of a file without reading it: time, size, which one it is.
State = tuple[int, int, int] | None


class Source(NamedTuple):
    """A module of the user's, and where it comes from.

    Attributes:
        name: its name.
        file: its file.
        imports: the names of what it may import, as its code says.
    """

    name: str
    file: Path
    imports: frozenset[str]


class Sources:
    """The modules that chef modules consist of: themselves, and what they import of the same place.

    Of the same place is what lies in the directory that a module was imported from. Of a module
    that is installed among others, it is the package that it belongs to.

    Attributes:
        found: the modules, by their names.
    """

    def __init__(self) -> None:
        self.found: dict[str, Source] = {}

    def scan(self, roots: Iterable[tuple[str, Path]]) -> None:
        """Look again which there are.

        What cannot be read or parsed now is taken to import what it did before.

        Args:
            roots: the names and files of chef modules.
        """
        found: dict[str, Source] = {}
        for root, file in roots:
            place = _Place(root, file)
            waiting = [(root, file)]
            while waiting and len(found) < MOST_FILES:
                name, path = waiting.pop()
                if name in found:
                    continue
                before = self.found.get(name)
                imports = _imports(name, path)
                if imports is None:
                    imports = before.imports if before else frozenset()
                found[name] = Source(name, path, imports)
                waiting += [
                    (other, at)
                    for other in sorted(imports)
                    if other not in found and (at := place.file_of(other)) is not None
                ]
        self.found = found

    def states(self) -> dict[str, State]:
        """What is known of the file of each module, by the module's name."""
        return {name: state_of(source.file) for name, source in self.found.items()}

    def directories(self) -> dict[Path, State]:
        """What is known of the directories that they lie in: files may have come or gone."""
        places = {source.file.parent for source in self.found.values()}
        return {place: state_of(place) for place in places}

    def stale(self, changed: Iterable[str]) -> set[str]:
        """Which modules must be imported again if some have changed: they, and who imports them."""
        stale = set(changed)
        grown = True
        while grown:
            more = {
                name
                for name, source in self.found.items()
                if name not in stale and source.imports & stale
            }
            grown = bool(more)
            stale |= more
        return stale


def state_of(path: Path) -> State:
    """What is known of a file; None if it is not there, or cannot be reached."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # an editor is about to put another one in its place, perhaps
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def file_of(given: str, directories: Iterable[str]) -> Path | None:
    """The file of a module that is looked for in some directories; None if there is none."""
    for directory in directories:
        place = Path(directory or os.curdir, *given.split("."))
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if os.path.isfile(path):  # noqa: PTH113  # (Before Python 3.14, Path's own may raise.)
                return path
    return None


def is_ours(file: Path) -> bool:
    """Whether a file is a part of this package, which is not reloaded."""
    return file.is_relative_to(_PACKAGE)


class _Place:
    """Where a chef module comes from, and what else is its own there."""

    def __init__(self, name: str, file: Path) -> None:
        depth = name.count(".") + (file.name == "__init__.py")
        self._directory = file.parents[min(depth, len(file.parents) - 1)]
        places = {sysconfig.get_path(key) for key in ("purelib", "platlib", "stdlib", "platstdlib")}
        installed = os.path.realpath(self._directory) in {os.path.realpath(p) for p in places if p}
        self._only = name.partition(".")[0] if installed else None

    def file_of(self, name: str) -> Path | None:
        """The file of a module of this place; None if that has none, or another one goes before."""
        top = name.partition(".")[0]
        if self._only not in (None, top) or top == "netdumplings":
            return None
        file = file_of(name, [str(self._directory)])
        if file is None:
            return None
        loaded = sys.modules.get(name)
        if loaded is None:
            return None if top in sys.stdlib_module_names else file
        at = getattr(loaded, "__file__", None)
        return file if at is not None and os.path.realpath(at) == os.path.realpath(file) else None


def _imports(name: str, file: Path) -> frozenset[str] | None:
    """The names of all that a module imports, anywhere in its code; None if it cannot be parsed."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    return frozenset(part for found in _imported(tree, package) for part in _with_parents(found))


def _imported(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                try:
                    base = importlib.util.resolve_name("." * node.level + base, package)
                except ImportError:
                    continue
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
