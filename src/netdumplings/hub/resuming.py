"""What an eater that comes back has missed, and what it can still be given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .history import History
from .sessions import Sessions


class Resumption(NamedTuple):
    """How an eater goes on from a cursor.

    Attributes:
        lost: dumplings that a hub before this one had acknowledged, or a kitchen dropped, while
            nobody knew of this hub.
        forgotten: dumplings that this hub has had, or could not have, and no longer keeps.
        skip: streams that are not as far here as the eater is, and how far it is.
        awaited: streams that this hub does not know yet, and how far the eater is with them.
    """

    lost: int
    forgotten: int
    skip: dict[str, int]
    awaited: dict[str, int]


def resume(cursor: Mapping[str, int], sessions: Sessions, history: History) -> Resumption:
    """See how an eater goes on.

    Args:
        cursor: how far it had come with each stream, here or on another hub. A stream that is not
            named in it came to a hub while the eater was away, for it would have been told.
        sessions: what this hub has had.
        history: what it still has.
    """
    kept = history.kept_after(cursor)
    lost = forgotten = 0
    skip: dict[str, int] = {}
    awaited = dict(cursor)
    for session in sessions:
        had = awaited.pop(session.stream, 0)
        if had > session.last:
            skip[session.stream] = had
            continue
        lost += max(0, session.began - had)
        forgotten += session.last - max(had, session.began) - kept[session.stream]
    return Resumption(lost, forgotten, skip, awaited)
