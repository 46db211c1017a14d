"""What a hello must look like, and what is wrong with one that does not.

Nothing here raises for anything a peer may send: bad text comes back as a `Refusal`, which says
with what close code and reason that peer is sent away.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .dumplings import MAX_NAME
from .limits import LIMITS, Limits
from .refusals import CloseCode, Refusal, refuse, too_big, too_deep

#: How deep an announcement may be nested. It is shown to every eater, so no eater's JSON reader
#: may choke on it.
MAX_HELLO_DEPTH: Final = 16
#: Characters of a token.
MAX_TOKEN: Final = 1024


class _WithToken(msgspec.Struct, frozen=True, kw_only=True):
    token: str | None = None


class Hello(_WithToken, frozen=True):
    """The first message of a kitchen or an eater.

    Attributes:
        name: what it calls itself; at most `MAX_NAME` characters, any characters.
        announcement: the whole message, a JSON object in UTF-8, to the byte as it was sent; if
            there was a ``token`` in it, without that.
        token: what it wants to be let in by; None if it gave none.
    """

    name: str
    announcement: bytes

    def __repr__(self) -> str:
        """Show it without its token, which must not get into a log."""
        return f"<{type(self).__name__} of {self.name!r}>"


_documents: Final = msgspec.json.Decoder()


def decode_kitchen_hello(
    text: bytes, what: str = "first message", *, limits: Limits = LIMITS
) -> Hello | Refusal:
    """Read the first message of a kitchen: a JSON object with a ``kitchen_name``."""
    return _decode_hello(text, "kitchen_name", what, limits)


def decode_eater_hello(text: bytes, *, limits: Limits = LIMITS) -> Hello | Refusal:
    """Read the first message of an eater: a JSON object with an ``eater_name``."""
    return _decode_hello(text, "eater_name", "first message", limits)


def _decode_hello(text: bytes, key: str, what: str, limits: Limits) -> Hello | Refusal:
    if len(text) > limits.hello:
        return too_big(f"a {what}", limits.hello)
    try:
        document = _documents.decode(text)
    except UnicodeDecodeError as error:
        return refuse(CloseCode.INVALID_DATA, "not UTF-8", f"the {what} is not JSON: {error}")
    except msgspec.DecodeError as error:
        return refuse(CloseCode.INVALID_DATA, "not JSON", f"the {what} is not JSON: {error}")
    except RecursionError:
        return too_deep(f"the {what}")
    if not isinstance(document, dict):
        return _no_hello(f"the {what} is not a JSON object")
    if key not in document:
        return _no_hello(f"the {what} has no {key}")
    name = document[key]
    if not isinstance(name, str):
        return _no_hello(f"{key} is not a string")
    if len(name) > MAX_NAME:
        return _no_hello(f"{key} is over {MAX_NAME} characters long")
    token = document.get("token")
    if token is not None and not (isinstance(token, str) and len(token) <= MAX_TOKEN):
        return _no_hello(f"the token is not a string of at most {MAX_TOKEN} characters")
    if _deeper_than(MAX_HELLO_DEPTH, document):
        return too_deep(f"the {what}")
    return Hello(name, _without_token(text) if "token" in document else text, token=token)


def _no_hello(reason: str) -> Refusal:
    return refuse(CloseCode.POLICY_VIOLATION, "no hello", reason)


def _without_token(announcement: bytes) -> bytes:
    """Take the token out of an announcement, every one of them; the rest stays to the byte."""
    kept = msgspec.json.decode(announcement, type=dict[str, msgspec.Raw])
    del kept["token"]
    return msgspec.json.encode(kept)


def _deeper_than(limit: int, value: Any) -> bool:
    """Tell whether lists and objects are nested more than so many levels deep."""
    level = [value]
    for _ in range(limit):
        level = [
            item
            for container in level
            if isinstance(container, dict | list)
            for item in (container.values() if isinstance(container, dict) else container)
        ]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)
