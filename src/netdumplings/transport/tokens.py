"""Tokens: what a kitchen or an eater shows a hub to be let in."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Final, Literal, get_args

from ..defaults import TOKEN_VARIABLE
from ..exceptions import TokenError
from .unreadable import cannot_be_read, is_shared

PathLike = str | os.PathLike[str]

#: What a token is for: to send dumplings; to receive them; to see who is connected, and the ledger;
#: to be given packets that kitchens have kept.
Role = Literal["kitchen", "eater", "status", "packets"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

#: The name, which is no secret, and 256 random bits.
_FORM: Final = re.compile(r"nd_([0-9a-f]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_MAX_FILE: Final = 4096


class Token:
    """A token, which is shown only to those who ask for it by name.

    Whatever writes it down by accident, in a log, an error or a traceback, writes its id.

    Args:
        text: the token.

    Attributes:
        id: what it is called; no secret.

    Raises:
        TokenError: the text is no token.
    """

    __slots__ = ("_text", "id")

    def __init__(self, text: str) -> None:
        found = _FORM.fullmatch(text)
        if not found:
            raise TokenError("that is no token: nd-token prints one when it makes it")
        self.id = found[1]
        self._text = text

    @classmethod
    def make(cls) -> Token:
        """Make a token that nobody has."""
        return cls(f"nd_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}")

    def reveal(self) -> str:
        """Return the token, to be sent."""
        return self._text

    @property
    def digest(self) -> str:
        """Its SHA-256, in hexadecimal, by which a hub knows it.

        A password would want a slow hash with salt, for it can be guessed. 256 random bits can
        not, whatever a guess costs; and a hash that is slow would be work that strangers can give
        the hub.
        """
        return hashlib.sha256(self._text.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"<token {self.id}>"


def read_token(path: PathLike) -> Token:
    """Read a client's token from a file that holds nothing else.

    Raises:
        TokenError: it cannot be read, others can read it, or it holds no token.
    """
    where = os.fspath(path)
    try:
        # It may be a pipe.
        with Path(path).open("rb") as file:
            refuse_if_shared(where, os.fstat(file.fileno()))
            text = file.read(_MAX_FILE).decode(errors="replace").strip()
    except OSError as error:
        raise TokenError(cannot_be_read(error), where) from None
    try:
        return Token(text)
    except TokenError as error:
        raise TokenError(str(error), where) from None


def token_of(given: Token | str | None) -> Token | None:
    """Return the token that a program was given, or else that of the environment.

    Args:
        given: None for the environment's; empty for none at all.

    Raises:
        TokenError: it is no token.
    """
    if isinstance(given, Token):
        return given
    text = os.environ.get(TOKEN_VARIABLE, "") if given is None else given
    if not text:
        return None
    try:
        return Token(text.strip())
    except TokenError as error:
        raise TokenError(f"{TOKEN_VARIABLE}: {error}" if given is None else str(error)) from None


def refuse_if_shared(path: str, status: os.stat_result) -> None:
    """See that nobody but its owner can read or write a file with secrets.

    Args:
        path: the file's name, for the error.
        status: what fstat(2) says of it.

    Raises:
        TokenError: others can.
    """
    if is_shared(path, status):
        raise TokenError(f"others can read or write it: chmod 600 {path}", path)
