"""Finds chefs: in importable modules, in the current directory, and in standalone files."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from types import ModuleType
from typing import Any, Final

from .. import defaults, opened
from ..chef import DumplingChef
from ..exceptions import ChefModuleError, DuplicateChef, NoChefs, UnknownChef
from .tracebacks import one_line, own_exc_info, own_traceback

logger = logging.getLogger(__name__)

ChefClass = type[DumplingChef]


@dataclass(frozen=True)
class ChefModule:
    """A chef module, and what was found in it.

    Attributes:
        given: the module or file, as it was given.
        chefs: its chefs, in the order they are defined.
        error: why it could not be imported, or None.
        module: what was imported; None if it could not be.
    """

    given: str
    chefs: tuple[ChefClass, ...] = ()
    error: ChefModuleError | None = None
    module: ModuleType | None = None


def load_modules(given: Iterable[str]) -> list[ChefModule]:
    """Import chef modules, each once.

    Args:
        given: names of importable modules, of modules in the current directory, or paths of
            Python files (``~`` is expanded).

    Returns:
        what was found, in the same order; a module that does not import has its error there.
    """
    return [_load(name) for name in dict.fromkeys(given)]


def choose_chefs(
    modules: Sequence[ChefModule], wanted: Sequence[str] = (), menu: str = defaults.MENU
) -> list[ChefClass]:
    """Choose which chefs to run.

    Classes that are not ``assignable_to_kitchen`` are left alone, with a warning in the log; those
    that run ``by_request`` and were not asked for are left out, as the log says too.

    Args:
        modules: what `load_modules` found.
        wanted: the names of the chefs to run; if empty, those of the menu.
        menu: ``"usual"`` for those that do not run ``by_request`` only, ``"all"`` for all of them.

    Raises:
        ChefModuleError: a module did not import, and no other one has chefs.
        UnknownChef: a wanted chef is in none of the modules.
        DuplicateChef: two chosen chefs have the same name.
        NoChefs: none is left.
        ValueError: there is no such menu.
    """
    if menu not in defaults.MENUS:
        raise ValueError(f"there is no menu {menu!r}: it is one of {', '.join(defaults.MENUS)}")
    found = [(chef, module) for module in modules for chef in module.chefs]
    for module in modules:
        if module.error is not None:
            if not found:
                raise module.error
            cause = module.error.__cause__
            logger.error("%s", module.error, exc_info=own_exc_info(cause) if cause else None)
    names = [chef.__name__ for chef, _ in found]
    for name in wanted:
        if name not in names:
            raise UnknownChef(name, names)
    chosen: dict[str, tuple[ChefClass, ChefModule]] = {}
    by_request: dict[str, str] = {}
    for chef, module in found:
        name = chef.__name__
        if wanted and name not in wanted:
            continue
        if not chef.assignable_to_kitchen:
            logger.warning("chef %s of %s is not for kitchens: left alone", name, module.given)
            continue
        if chef.by_request and not wanted and menu != defaults.MENU_OF_ALL:
            by_request[name] = module.given
            continue
        if name in chosen:
            raise DuplicateChef(name, [chosen[name][1].given, module.given])
        chosen[name] = (chef, module)
    if not chosen:
        raise NoChefs([module.given for module in modules], [*by_request])
    # Of the chefs in the box everybody has some that nobody has asked for.
    theirs = [name for name, given in by_request.items() if given != defaults.CHEF_MODULE]
    if theirs:
        logger.info("run by request only (--chef NAME, or --menu all): %s", ", ".join(theirs))
    return [chef for chef, _ in chosen.values()]


def public_name(chef: ChefClass) -> str:
    """The ``module.ClassName`` by which a chef is imported.

    For a class that its package exports that is the package, not the file it is defined in.
    """
    module = chef.__module__
    while "." in module:
        package = module.rpartition(".")[0]
        if getattr(sys.modules.get(package), chef.__name__, None) is not chef:
            break
        module = package
    return f"{module}.{chef.__name__}"


def load_again(given: str, name: str, file: Path) -> ChefModule:
    """Import a chef module that was taken out of `sys.modules`.

    Args:
        given: the module or file, as it was given.
        name: the name that it had.
        file: where it comes from.

    Raises:
        ChefModuleError: it does not import.
    """
    if file.name == "__init__.py" or "." in name:
        module = _import_module(name)
    else:
        module = _import_file(given, file, name, fresh=True)
    return ChefModule(given, chefs=tuple(chefs_of(module)), module=module)


def _load(given: str) -> ChefModule:
    try:
        module = _import_path(given) if is_path(given) else _import_module(given)
    except ChefModuleError as error:
        return ChefModule(given, error=error)
    return ChefModule(given, chefs=tuple(chefs_of(module)), module=module)


def chefs_of(module: ModuleType) -> Iterator[ChefClass]:
    """The chefs that a module defines, or that a package exports from its own modules."""
    seen = set()
    for value in list(vars(module).values()):
        if not inspect.isclass(value) or not issubclass(value, DumplingChef) or value in seen:
            continue
        home = value.__module__
        if home == module.__name__ or home.startswith(f"{module.__name__}."):
            seen.add(value)
            yield value


def is_path(given: str) -> bool:
    """Whether a file was given, and not a module's name."""
    separators = {os.sep, os.altsep} - {None}
    return given.endswith(".py") or any(str(separator) in given for separator in separators)


def path_of(given: str) -> Path:
    """The path of a chef's file."""
    return Path(os.path.expanduser(given)).absolute()  # noqa: PTH111  # Path's own raises


def _import_path(given: str) -> ModuleType:
    path = path_of(given)
    if problem := _cannot_read(path):
        raise ChefModuleError(given, problem)
    name = path.stem
    if name in sys.modules:  # whose name it is must not matter
        name = f"{name}_{abs(hash(path)):x}"
    return _import_file(given, path, name)


def _import_file(given: str, path: Path, name: str, *, fresh: bool = False) -> ModuleType:
    # The loader is named because the file may be called anything.
    loader = FreshLoader(name, str(path)) if fresh else _FileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    with _blaming(given):
        # What stands beside the file can be imported from it, as in any script; but it hides
        # nothing that Python or another package brings.
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        sys.modules[name] = module
        try:
            loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return module


def _cannot_read(path: Path) -> str:
    """Say why a file cannot be read; nothing if it can."""
    if opened.is_held(path):
        return ""
    try:
        if not S_ISREG(opened.status(path).st_mode):
            return "there is no such file"
    except (FileNotFoundError, NotADirectoryError):
        return "there is no such file"
    except OSError as error:
        return f"{error.strerror}, for the user that nd-sniff runs chefs as (see --user)"
    return ""


class _FileLoader(importlib.machinery.SourceFileLoader):
    """Loads a file, also one that could be opened only before."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Say how old the file is, for Python to find it compiled."""
        if opened.is_held(path):
            raise OSError("not by its path")
        return super().path_stats(path)

    def get_data(self, path: str) -> bytes:
        """Read the file."""
        if not opened.is_held(path):
            return super().get_data(path)
        with os.fdopen(opened.open_file(path), "rb") as file:
            return file.read()


class FreshLoader(importlib.machinery.SourceFileLoader):
    """Loads a file as it is now.

    Python takes what it has compiled of a file of the same second and size for the same; and what
    was opened beforehand may be a file that another one has taken the place of since.
    """

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Say nothing that Python could find it compiled by, or keep it so."""
        raise OSError(f"{path} is compiled anew")


_NOT_THERE: Final = (
    "no such module, neither installed nor in this directory (a file is named with its .py)"
)
_CLOSED: Final = (
    "no such module is installed, and the user that nd-sniff runs chefs as may not look into this "
    "directory (see --user; or name the module's file)"
)


def _import_module(given: str) -> ModuleType:
    if not all(part.isidentifier() for part in given.split(".")):
        raise ChefModuleError(given, "neither a module's name nor a .py file")
    here = current_directory()
    local = Path(here, *given.split("."))
    with _blaming(given), _first_on_path(here, only_if=_is_importable(local)):
        try:
            return importlib.import_module(given)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{given}.".startswith(f"{error.name}."):
                looked = os.access(here, os.R_OK | os.X_OK)
                raise ChefModuleError(given, _NOT_THERE if looked else _CLOSED) from None
            raise


def current_directory() -> str:
    """The directory that the command is run from, as modules can be imported from it.

    Who has given up root may not be able to go there, as into a directory below root's home, but
    is there already.
    """
    here = str(Path.cwd())
    # Python makes an absolute path of a relative one; this one (proc(5)) is one.
    already = "/proc/self/cwd"
    return already if os.access(already, os.X_OK) and not os.access(here, os.X_OK) else here


def _is_importable(path: Path) -> bool:
    # (Before Python 3.14, `Path.is_file` raises where we may not look.)
    return any(map(os.path.isfile, (path.with_suffix(".py"), path / "__init__.py")))


@contextmanager
def _first_on_path(entry: str, *, only_if: bool) -> Iterator[None]:
    """Look in a directory before all others, while a module of it is imported; later, last."""
    if only_if:
        sys.path.insert(0, entry)
    try:
        yield
    finally:
        if only_if:
            sys.path.remove(entry)
        if entry not in sys.path:
            sys.path.append(entry)


@contextmanager
def _blaming(given: str) -> Iterator[None]:
    """Turn whatever a module raises on import into an error that says which module it was."""
    try:
        yield
    except (KeyboardInterrupt, ChefModuleError):
        raise
    except BaseException as error:  # a module may even call sys.exit()
        raise ChefModuleError(given, one_line(error), own_traceback(error)) from error
