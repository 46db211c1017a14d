"""How the commands that need not be root give that up, before they run anything of the user's."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from netdumplings import defaults

from . import logs
from .options import Decorator
from .trust import is_root

if TYPE_CHECKING:
    from netdumplings.capture.live import LiveSource
    from netdumplings.privsep.privileges import Identity
    from netdumplings.privsep.side import ChefSide


def user_option(what: str) -> Decorator[Any]:
    """``--user``.

    Args:
        what: what is run as that user.
    """
    return click.option(
        "--user",
        metavar="NAME",
        help=f"As root: become this user before {what}.  "
        "[default: the user who ran sudo, or nobody]",
    )


def give_up_root(user: str | None, files: Iterable[str] = ()) -> None:
    """Become another user if this one is root. Only on Linux that can be done.

    Args:
        user: whom; None for whoever ran sudo(8), or nobody.
        files: files that will be read, and perhaps only may be now.

    Raises:
        CannotGiveUpRoot: it cannot be done, and ought to be.
    """
    was_root = is_root()
    if _can_give_up():
        from netdumplings.privsep import privileges
        from netdumplings.privsep.reach import ImportPath, open_files

        who = privileges.identity(user)
        imports = ImportPath() if who else None
        if who:
            open_files(files)
        if who or privileges.capabilities():
            privileges.give_up(who)
        if imports:
            imports.restore()
    if was_root:
        logs.configure_as_told()


def as_whom(user: str | None) -> Identity | None:
    """Say whom `give_up_root` will make of this process; None if it stays who it is.

    Raises:
        CannotGiveUpRoot: it cannot be done, and ought to be.
    """
    if not _can_give_up():
        return None
    from netdumplings.privsep.privileges import identity

    return identity(user)


def separate(options: dict[str, Any]) -> ChefSide | None:
    """Go on in a process that may do nothing, beside one that may sniff.

    Args:
        options: those of `kitchen_options`.

    Returns:
        in the process that is to run the chefs, the packets and what else it has of the other;
        None where there is but one process, which is everywhere but on Linux.

    Raises:
        CannotGiveUpRoot: as `give_up_root`.
        SystemExit: at the end of the process that sniffs.
    """
    was_root = is_root()
    if not _can_give_up():
        if was_root:
            logs.configure_as_told()
        return None
    from netdumplings.privsep import privileges
    from netdumplings.privsep.supervisor import Plan, separate

    interfaces: Sequence[str] = options["interfaces"] or [defaults.ALL_INTERFACES]
    live = not options["read"]

    def capture() -> LiveSource:
        from netdumplings.capture import CaptureOptions
        from netdumplings.capture.live import LiveSource

        names = ("filter", "snaplen", "promiscuous", "buffer_size", "immediate")
        return LiveSource(interfaces, CaptureOptions(**{name: options[name] for name in names}))

    side = separate(
        Plan(
            who=privileges.identity(options["user"]),
            interfaces=", ".join(dict.fromkeys(interfaces)) if live else None,
            capture=capture if live else None,
            files=[*options["read"], *options["chef_modules"]],
            directory=options["spool"] and str(options["spool"]),
            budget=options.get("chef_budget") or 0.0,
            ring=options["ring"] or 0,
        )
    )
    if was_root:
        logs.configure_as_told()
    return side


def _can_give_up() -> bool:
    """Whether this system has what that takes: users, capabilities, fork(2)."""
    return sys.platform == "linux"
