"""What a spool has to do on the disk, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .runs import Burst
from .spool_rows import CorruptSpool, Left, Place, Read, Removed


class Shelf:
    """A session's place in a spool.

    Args:
        left: what the file has of it.

    Attributes:
        session: its name.
        number: its number in the file; 0 if it is not in it.
        done: everything up to this message is acknowledged, or dropped.
        cleared: everything up to this message has been deleted.
        loaded: everything up to this message is in memory, or done. Behind ``done`` if the hub
            turned out to have more than was read from the file, until the file was looked at.
        acknowledged: the highest number that a hub has acknowledged; 0 for none.
        last: its last message.
        waiting: how many messages after ``loaded`` are in the file.
        first_waiting: the first of them; meaningless if there is none.
    """

    def __init__(self, left: Left) -> None:
        self.session = left.session
        self.number = left.number
        self.done = self.cleared = self.loaded = left.done
        self.acknowledged = left.acknowledged
        self.last = left.last
        self.waiting = left.messages
        self.first_waiting = left.first


class Job(NamedTuple):
    """Work on the disk.

    Attributes:
        shelf: the session that is being sent.
        place: how far it has come.
        new: messages of our own session to be written.
        after: the last one of it that is known to be written.
        dropped: how many of it were dropped in memory since the last write.
        finished: sessions to be forgotten, by number.
        read_bytes: how much to read of the session that is being sent.
        expendable: whether nothing is in the file that is not in memory too.
    """

    shelf: Shelf
    place: Place
    new: list[Burst]
    after: int
    dropped: int
    finished: list[int]
    read_bytes: int
    expendable: bool


class Outcome(NamedTuple):
    """What came of a job.

    Attributes:
        job: the job.
        own: our own session's number in the file.
        removed: what the write has removed; None if nothing was written.
        read: what was read; None if nothing was to be, or could be.
        first_waiting: the first message beyond those read, of the session that is being sent.
        size: bytes of what is in the file.
        left: what a file that was only opened now had of former processes.
        aside: what a damaged file is called now.
        anew: whether the file was deleted, for there was no other way to go on.
        damage: how the file was found to be damaged.
        error: why it could not be written.
    """

    job: Job
    own: int = 0
    removed: Removed | None = None
    read: Read | None = None
    first_waiting: int = 0
    size: int = 0
    left: Sequence[Left] = ()
    aside: Path | None = None
    anew: bool = False
    damage: CorruptSpool | None = None
    error: Exception | None = None
