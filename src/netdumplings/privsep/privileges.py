"""Giving up root and its capabilities, for good."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from ..exceptions import CannotGiveUpRoot
from . import linux

#: Who one becomes when nobody says so.
NOBODY: Final = "nobody"


class Identity(NamedTuple):
    """Who to be.

    Attributes:
        name: the user's name.
        uid: the user's number.
        gid: the number of its main group.
        groups: the numbers of all its groups.
        home: its home directory.
    """

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def identity(user: str | None = None) -> Identity | None:
    """Find out who to become.

    Args:
        user: a name or number; None for whoever ran sudo(8), or else ``nobody``.

    Returns:
        whom to become; None if this process is not root's, and so stays who it is.

    Raises:
        CannotGiveUpRoot: there is no such user, or it is root; or another user is named and this
            process is not root's.
    """
    if os.geteuid() != 0:
        if user is not None and _find(user).pw_uid != os.geteuid():
            raise CannotGiveUpRoot(user, "only root can become another user")
        return None
    found = _find(user) if user is not None else _sudo_user() or _find(NOBODY)
    if found.pw_uid == 0:
        raise CannotGiveUpRoot(found.pw_name, "that is root; name another user with --user")
    groups = os.getgrouplist(found.pw_name, found.pw_gid)
    return Identity(found.pw_name, found.pw_uid, found.pw_gid, tuple(groups), found.pw_dir)


def give_up(who: Identity | None, keep: Collection[int] = ()) -> None:
    """Become somebody else, and have no capabilities but these, now and for ever.

    It is the calling thread that gives up its capabilities; call it before there are others.

    Args:
        who: whom to become; None to stay who one is.
        keep: numbers of capabilities to keep of those one has.

    Raises:
        CannotGiveUpRoot: the system refuses, and the process must not go on as it is.
    """
    name = who.name if who else NOBODY
    try:
        kept = [capability for capability in keep if capability in capabilities()]
        linux.forget_capabilities(kept)
        if who is not None:
            linux.keep_capabilities(bool(kept))
            os.setgroups(who.groups)
            os.setresgid(who.gid, who.gid, who.gid)
            os.setresuid(who.uid, who.uid, who.uid)
        linux.set_capabilities(kept)
        linux.no_new_privileges()
    except OSError as error:
        raise CannotGiveUpRoot(name, f"{error.strerror}; run it as an ordinary user") from error
    if 0 in os.getresuid() or capabilities() - set(kept):
        raise CannotGiveUpRoot(name, "it is root still; run it as an ordinary user")
    if who is not None:
        # What libraries take for the user's own files must not be root's, nor the other way round.
        os.environ.update(HOME=who.home, USER=who.name, LOGNAME=who.name)
        for variable in [name for name in os.environ if name.startswith("XDG_")]:
            del os.environ[variable]


def capabilities() -> set[int]:
    """The numbers of the capabilities that this thread may use (``CapPrm`` of proc(5))."""
    status = Path("/proc/thread-self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("CapPrm:"))
    mask = int(line.split()[1], 16)
    return {number for number in range(mask.bit_length()) if mask >> number & 1}


def _find(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError):
        raise CannotGiveUpRoot(user, "there is no such user; name one with --user") from None


def _sudo_user() -> pwd.struct_passwd | None:
    """Who ran sudo(8), if somebody but root did."""
    try:
        found = pwd.getpwuid(int(os.environ["SUDO_UID"]))
    except (KeyError, ValueError, OverflowError):
        return None
    return found if found.pw_uid else None
