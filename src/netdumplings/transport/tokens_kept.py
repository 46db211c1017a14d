"""What a running hub knows of tokens, kept up with the file."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from ..exceptions import TokenError
from .tokens import PathLike, Role, Token
from .tokens_file import Entry, Stamp, read_entries, stamp_of

logger = logging.getLogger("netdumplings.hub")

#: What an unknown token is compared with, so that it takes as long as one that is known.
_NOBODY: Final = hashlib.sha256(os.urandom(32)).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC)


class TokensKept:
    """The tokens that a hub knows.

    Args:
        path: the file that ``nd-token`` writes.
        now: the time.

    Raises:
        TokenError: the file is of no use.
    """

    def __init__(self, path: PathLike, now: Callable[[], datetime] = _now) -> None:
        self._path = path
        self._now = now
        self._own: dict[str, Entry] = {}
        self._complained = False
        self._entries: dict[str, Entry]
        self._stamp: Stamp | None
        self._entries, self._stamp = read_entries(path)

    def find(self, text: str) -> Entry | str:
        """Look a token up.

        Args:
            text: what a peer says is its token; anything.

        Returns:
            what is known of it; or why it is not good, in words that may be told.
        """
        try:
            token = Token(text)
        except TokenError:
            return "its token is none"
        entry = self._own.get(token.id) or self._entries.get(token.id)
        known = hmac.compare_digest(entry.sha256 if entry else _NOBODY, token.digest)
        if entry is None or not known:
            return f"its token ({token.id}) is not known here, or was revoked"
        return self._expired(entry) or entry

    def problem(self, entry: Entry) -> str | None:
        """Say why a peer that was let in by a token may stay no longer; None if it may."""
        if self._own.get(entry.id) == entry:
            return None
        if self._entries.get(entry.id) != entry:
            return f"its token {entry.name!r} was revoked"
        return self._expired(entry)

    def issue(self, name: str, roles: Sequence[Role]) -> Token:
        """Make a token that only this hub knows, and only as long as it runs."""
        token = Token.make()
        self._own[token.id] = Entry(token.id, name, token.digest, tuple(roles), self._now())
        return token

    def begin(self) -> None:
        """Read the file again, as whoever this process is now, and will be.

        Raises:
            TokenError: it is of no use; whoever is revoked would stay.
        """
        self._entries, self._stamp = read_entries(self._path)

    def refresh(self) -> None:
        """Read the file again if it has changed."""
        if stamp_of(self._path) != self._stamp:
            self.reload()

    def reload(self) -> None:
        """Read the file again; what was read before holds if it is of no use, as the log says."""
        try:
            self._entries, self._stamp = read_entries(self._path)
        except TokenError as error:
            # The same state of the file is not read again, and not complained of again.
            self._stamp = stamp_of(self._path)
            if not self._complained:
                logger.error("the tokens stay as they were: %s", error)
            self._complained = True
        else:
            self._complained = False
            logger.info("the file of tokens was read again; it has %d", len(self._entries))

    def _expired(self, entry: Entry) -> str | None:
        return f"its token {entry.name!r} has expired" if entry.is_expired(self._now()) else None
