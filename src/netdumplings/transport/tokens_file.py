"""The file in which a hub keeps what it knows of tokens: never the tokens themselves."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from ..exceptions import TokenError
from .tokens import PathLike, Role, Token, refuse_if_shared
from .unreadable import cannot_be_read

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Characters of a token's name.
MAX_NAME: Final = 64
_MAX_FILE: Final = 16 * 1024 * 1024


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a hub knows of a token.

    Attributes:
        id: the token's id, which is a part of it.
        name: what it was called by who made it.
        sha256: its SHA-256.
        roles: what it is for.
        created: when it was made.
        expires: until when it is good; None for ever.
    """

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    roles: Annotated[tuple[Role, ...], msgspec.Meta(min_length=1)]
    created: Annotated[datetime, msgspec.Meta(tz=True)]
    expires: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether it is good no more."""
        return self.expires is not None and self.expires <= now


class _File(msgspec.Struct):
    version: Literal[1]
    tokens: list[Entry]


Stamp = tuple[int, int, int]


def read_entries(path: PathLike) -> tuple[dict[str, Entry], Stamp]:
    """Read the file.

    Returns:
        what is known of each token, by its id; and what `stamp_of` says of what was read.

    Raises:
        TokenError: it cannot be read, others can read or write it, or something else is in it.
    """
    where = os.fspath(path)
    try:
        # What is no file could keep us waiting.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise TokenError("it is no file", where)
            refuse_if_shared(where, status)
            text = file.read(_MAX_FILE)
    except FileNotFoundError:
        problem = f"there is none: nd-token --file {where} make NAME --role kitchen makes it"
        raise TokenError(problem, where) from None
    except OSError as error:
        raise TokenError(cannot_be_read(error), where) from None
    try:
        entries = msgspec.json.decode(text, type=_File).tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = f"it was not written by nd-token ({ascii(str(error))[1:-1]})"
        raise TokenError(problem, where) from None
    return {entry.id: entry for entry in entries}, _stamp(status)


def stamp_of(path: PathLike) -> Stamp | None:
    """Tell one state of a file from another; None for no file."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116  # a path may be any kind of str
    except OSError:
        return None


def add_token(
    path: PathLike, name: str, roles: Sequence[Role], expires: datetime | None = None
) -> Token:
    """Make a token, and have the file know it; the file is made if there is none.

    Args:
        path: the file.
        name: what to call it, at most `MAX_NAME` printable characters; nothing else is called so.
        roles: what it is for.
        expires: until when it is good; None for ever.

    Returns:
        the token, which nobody will see again.

    Raises:
        TokenError: the name is taken, or none; or the file cannot be read or written.
    """
    if not (name.isprintable() and name.strip() and len(name) <= MAX_NAME):
        raise TokenError(f"a token's name has 1 to {MAX_NAME} printable characters, not {name!r}")
    with _changing(path, create=True) as entries:
        if any(name in (entry.name, entry.id) for entry in entries.values()):
            raise TokenError(f"there is a token {name!r} already: revoke it, or take another name")
        token = Token.make()
        while token.id in entries:
            token = Token.make()
        now = datetime.now(UTC).replace(microsecond=0)
        entries[token.id] = Entry(
            token.id, name, token.digest, tuple(dict.fromkeys(roles)), now, expires
        )
    return token


def revoke_token(path: PathLike, name: str) -> Entry:
    """Have the file forget a token.

    Args:
        path: the file.
        name: the token's name, or its id.

    Returns:
        what was known of it.

    Raises:
        TokenError: there is no such token; or the file cannot be read or written.
    """
    with _changing(path) as entries:
        for entry in entries.values():
            if name in (entry.name, entry.id):
                return entries.pop(entry.id)
        raise TokenError(f"there is no token {name!r} in it", os.fspath(path))


@contextmanager
def _changing(path: PathLike, *, create: bool = False) -> Iterator[dict[str, Entry]]:
    """Read the file, and write what has become of it; nobody else does so meanwhile."""
    where = Path(path)
    try:
        with _locked(where.parent):
            entries: dict[str, Entry] = {}
            if not create or where.exists():
                entries, _ = read_entries(where)
            yield entries
            _replace(where, msgspec.json.encode(_File(1, list(entries.values()))))
    except OSError as error:
        raise TokenError(f"cannot be written: {error.strerror}", os.fspath(path)) from None


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the directory's lock (flock(2)), which leaves nothing behind."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: bytes) -> None:
    """Write a file in one piece: whoever reads it finds what it was, or what it is to be."""
    # With mode 0600 from its first moment.
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(msgspec.json.format(text, indent=1) + b"\n")
            file.flush()
            os.fsync(descriptor)
            with suppress(FileNotFoundError):
                before = path.stat()
                if hasattr(os, "geteuid") and os.geteuid() == 0:
                    # Root writes it for the hub's user, who must be able to read it.
                    os.fchown(descriptor, before.st_uid, before.st_gid)
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_ino, status.st_size
