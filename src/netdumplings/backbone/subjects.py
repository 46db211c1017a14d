"""Which subjects of the stream dumplings have, and which of them an eater wants.

A dumpling's subject is ``STREAM.KITCHEN.CHEF``, that of a notice of dumplings missing
``STREAM.KITCHEN``, and that of a mark (see `marks`) ``STREAM.%``. Names may hold anything, and the
tokens of a subject may not: no space, dot, star or ``>``, nothing that cannot be printed (NATS,
"Subject-Based Messaging"). So names are written reversibly:

- letters and digits of ASCII, ``-`` and ``_`` stand for themselves, all else is percent-encoded
  UTF-8 (RFC 3986, section 2.1): ``office.3`` is ``office%2E3``;
- a name that would get too long by that is ``~`` and its UTF-8 in base64url (RFC 4648, section 5),
  for a server takes lines of 4 KiB;
- the empty name is ``~``, and no name at all ``%``.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from ..defaults import STATUS_CHEF
from ..wire import Subscription
from ..wire.subscriptions import is_pattern

#: Stands for any one token.
ANY: Final = "*"
#: Characters of a token beyond which it is written in base64. Kitchen and chef together, each of
#: 256 characters of four bytes, are then at most 2 733 characters long.
LONGEST_PERCENT: Final = 384
#: How many subjects an eater's subscription becomes at most, and all eaters' together; what would
#: be more is asked for with wider ones, and looked through here.
MAX_WANTED: Final = 64
MAX_FILTERS: Final = 256

_NO_NAME: Final = "%"
_EMPTY: Final = "~"
_ENCODED: Final = "~"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+\Z")


class Pair(NamedTuple):
    """Dumplings of a kitchen and a chef, or of any.

    Attributes:
        kitchen: the token of its name, or `ANY`.
        chef: likewise.
    """

    kitchen: str
    chef: str

    def covers(self, other: Pair) -> bool:
        """Tell whether every dumpling of another pair is of this one."""
        return self.kitchen in (ANY, other.kitchen) and self.chef in (ANY, other.chef)


EVERYTHING: Final = Pair(ANY, ANY)


@functools.lru_cache(maxsize=4096)
def token_of(name: str | None) -> str:
    """Write a name as a token of a subject.

    Args:
        name: a kitchen's or chef's, at most 256 characters; None for no name.
    """
    if name is None:
        return _NO_NAME
    if not name:
        return _EMPTY
    if _PLAIN.match(name):
        return name
    # quote() leaves three more characters as they are.
    token = quote(name, safe="").replace(".", "%2E").replace("~", "%7E")
    if len(token) <= LONGEST_PERCENT:
        return token
    return _ENCODED + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def name_of(token: str) -> str | None:
    """Read the name that a token stands for.

    Raises:
        ValueError: it stands for none.
    """
    if token == _NO_NAME:
        return None
    try:
        if token.startswith(_ENCODED):
            encoded = token[1:]
            padding = "=" * (-len(encoded) % 4)
            name = base64.b64decode(encoded + padding, altchars=b"-_", validate=True).decode()
        else:
            name = unquote(token, errors="strict")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{token!r} stands for no name") from error
    if token_of(name) != token:
        raise ValueError(f"{token!r} is not how a name is written")
    return name


def subject_of(stream: str, kitchen: str | None, chef: str) -> str:
    """Give the subject of a dumpling.

    Args:
        stream: the stream's name.
        kitchen: the kitchen's; None for a dumpling without.
        chef: the chef's.
    """
    return f"{stream}.{token_of(kitchen)}.{token_of(chef)}"


def notice_subject(stream: str, kitchen: str) -> str:
    """Give the subject of a notice that dumplings of a kitchen are missing."""
    return f"{stream}.{token_of(kitchen)}"


def mark_subject(stream: str) -> str:
    """Give the subject of a mark: that of a notice about no kitchen, for everybody takes those."""
    return f"{stream}.{_NO_NAME}"


def subjects_of_stream(stream: str) -> list[str]:
    """List the subjects that a stream takes in."""
    return [f"{stream}.*", f"{stream}.*.*"]


def wanted_by(subscription: Subscription) -> frozenset[Pair]:
    """Say which pairs hold all that an eater wants; they may hold more.

    Patterns and drivers are no matter of subjects: what they leave out is left out by the hub.
    """
    chefs = _tokens(subscription.chefs)
    # The hub's own dumplings are not in the stream.
    chefs.discard(token_of(STATUS_CHEF))
    kitchens = _tokens(subscription.kitchens)
    if len(chefs) * len(kitchens) > MAX_WANTED:
        chefs, kitchens = (chefs, {ANY}) if len(chefs) <= len(kitchens) else ({ANY}, kitchens)
    if len(chefs) * len(kitchens) > MAX_WANTED:
        return frozenset({EVERYTHING})
    return frozenset(Pair(kitchen, chef) for kitchen in kitchens for chef in chefs)


def fewest(pairs: Iterable[Pair]) -> frozenset[Pair]:
    """Leave out pairs that others cover; of too many, make fewer and wider ones."""
    pairs = set(pairs)
    if len(pairs) > MAX_FILTERS:
        pairs = {Pair(ANY, pair.chef) for pair in pairs}
    if len(pairs) > MAX_FILTERS:
        return frozenset({EVERYTHING})
    wide = {pair for pair in pairs if ANY in pair}
    return frozenset(
        pair for pair in pairs if not any(other.covers(pair) for other in wide if other != pair)
    )


def filters(stream: str, pairs: Collection[Pair]) -> list[str]:
    """Write pairs as a consumer's filters; the notices of all kitchens are among them."""
    return sorted([f"{stream}.*", *(f"{stream}.{kitchen}.{chef}" for kitchen, chef in pairs)])


def _tokens(names: Collection[str | None] | None) -> set[str]:
    if names is None or any(name is not None and is_pattern(name) for name in names):
        return {ANY}
    return {token_of(name) for name in names}
