"""A store on disk, so that a kitchen's dumplings survive its crash."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..exceptions import SpoolUnavailable
from . import spool_reports as reports
from .outbox import OutboxStatistics
from .runs import Burst, Runs
from .spool_file import SpoolFile
from .spool_jobs import Job, Outcome, Shelf
from .spool_opening import open_spool, remove, set_aside
from .spool_rows import CorruptSpool, Left, Place, Read, Removed

#: Bytes of messages read ahead of what is sent, and written at once.
CHUNK: Final = 4 * 1024 * 1024

_NOTHING: Final = Burst(0, ())


class Spool:
    """A `Store` whose messages are on disk too, soon after they were put in.

    What is put in waits in memory to be written; all work on the disk is done in jobs: ask for one
    with `job`, have it `run` in any thread, and `finish` it. Every method but `run` and `close` is
    quick; one thread at a time may call those. A message that was written survives the end of the
    process. One that is acknowledged before its turn comes is never written at all.

    Every process numbers its messages in a session of its own. What the sessions of former
    processes have left in the file is sent first, each under its own name, so that no number ever
    means two messages. In the statistics what was left counts as made again, and what had been
    dropped of such a session as made and dropped.

    A disk that is full, or fails, does not end it: messages then stay in memory, bounded, and are
    sent from there. A damaged file is set aside, and a new one begun. Both are logged as errors,
    once, and so is that the disk can be written again.

    Args:
        path: the file.
        session: the name of this process's session.
        max_bytes: how many bytes of messages there may be in the file; beyond, the oldest are
            dropped. What is on its way to the hub is not, so it may be exceeded by some MiB.
        memory_bytes: how many bytes of messages may wait to be written; beyond, the oldest are
            dropped.

    Attributes:
        failing: whether the disk could not be written when it was last tried.

    Raises:
        SpoolUnavailable: another process uses it, or the system does not let us have it.
        ValueError: it could hold nothing.
    """

    def __init__(self, path: Path, session: str, *, max_bytes: int, memory_bytes: int) -> None:
        if min(max_bytes, memory_bytes) <= 0:
            raise ValueError("a spool that holds nothing makes no sense")
        self.path = path
        self.max_bytes = max_bytes
        self.memory_bytes = memory_bytes
        self.failing = False
        self._chunk = max(1, min(CHUNK, max_bytes // 4))
        self._in_flight = Runs()
        self._ready = Runs()
        self._tail = Runs()
        self._own = Shelf(Left(0, session, 0, 0, 0, 0, 0, 0))
        self._shelves = deque([self._own])  # the first is the one that is sent
        self._finished: list[int] = []
        self._written = 0  # our own session is in the file up to here, where it is not done
        self._writing = 0  # it is being written up to here
        self._sent = 0
        self._busy = False
        self._hungry = False
        self._given_up = False
        self._made = self._acknowledged = self._dropped = 0
        self._unwritten_drops = 0
        self._drops_while_failing = 0
        self._file: SpoolFile | None = None
        self._size = 0  # of the file's batches, bytes
        try:
            self._file, aside = open_spool(path)
            if aside is not None:
                reports.set_aside(path, aside, "what it held, nobody knows")
            self._size = self._file.size
            self._inherit(self._file.left)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    # -- as a Store ------------------------------------------------------------------------------

    @property
    def session(self) -> str:
        """See `Store`; another one when a former process's session is done."""
        return self._shelves[0].session

    @property
    def first(self) -> int:
        """See `Store`."""
        shelf = self._shelves[0]
        in_file = shelf.first_waiting if shelf.waiting else None
        unwritten = self._tail.first if shelf is self._own else None
        held = self._in_flight.first or self._ready.first or in_file or unwritten or shelf.last + 1
        # A hub may turn out to have more than was read from the file.
        return max(held, shelf.acknowledged + 1)

    @property
    def acknowledged(self) -> int:
        """See `Store`; of a former process's session, what it had written down."""
        return self._shelves[0].acknowledged

    @property
    def in_flight_bytes(self) -> int:
        """See `Store`."""
        return self._in_flight.size

    @property
    def hungry(self) -> bool:
        """Whether there is, or soon will be, nothing to be taken until a job is done."""
        return self._hungry

    def put(self, message: bytes) -> int:
        """See `Store`. What may be dropped here are messages that wait to be written."""
        if b"\n" in message:
            raise ValueError("a message of several lines cannot be spooled")
        tail, own = self._tail, self._own
        self._made += 1
        own.last += 1
        tail.append(own.last, message)
        dropped = 0
        while tail.size > self.memory_bytes and tail.first is not None:
            if tail.first <= self._writing:
                break
            tail.popleft()
            dropped += 1
        if dropped:
            self._dropped += dropped
            self._unwritten_drops += dropped
            self._drops_while_failing += dropped if self.failing else 0
        return dropped

    def has_room(self, size: int) -> bool:
        """See `Store`."""
        if not self._held():
            return True
        unwritten = [self._tail]
        if self._shelves[0] is self._own:
            unwritten += [self._in_flight, self._ready]
        to_write = size + 1
        for runs in unwritten:
            if (runs.last or 0) > self._written:
                to_write += runs.size + runs.count  # each message ends in a newline there
        waiting = self._tail.size + size
        return waiting <= self.memory_bytes and self._size + to_write <= self.max_bytes

    def take(self, max_messages: int, max_bytes: int) -> Burst:
        """See `Store`. What is in the file can be taken when a job has read it."""
        shelf = self._shelves[0]
        unread = shelf.waiting > 0
        if self._ready:
            taken = self._ready.take(max_messages, max_bytes)
        elif unread or shelf is not self._own:
            taken = _NOTHING
        else:
            taken = self._tail.take(max_messages, max_bytes)
            shelf.loaded = max(shelf.loaded, taken.last)
        if unread and self._ready.size < self._chunk // 2:
            self._hungry = True
        if taken.messages:
            self._in_flight.extend(taken)
            if shelf is self._own:
                self._sent = max(self._sent, taken.last)
        return taken

    def acknowledge(self, seq: int) -> None:
        """See `Store`. How much of a former process's session was sent, nobody knows."""
        shelf = self._shelves[0]
        latest = self._sent if shelf is self._own else shelf.last
        if seq < 0 or (seq > latest and shelf is self._own):
            raise ValueError(f"dumpling {seq} acknowledged, and the latest sent is {latest}")
        seq = min(seq, latest)
        self._acknowledged += self._in_flight.discard(seq) + self._ready.discard(seq)
        shelf.done = max(shelf.done, seq)
        shelf.acknowledged = max(shelf.acknowledged, seq)
        if shelf.done > shelf.loaded:
            self._hungry = True
        self._turn()

    def rewind(self) -> None:
        """See `Store`."""
        self._ready.put_back(self._in_flight)

    def drop_in_flight(self) -> int:
        """See `Store`."""
        dropped = self._in_flight.count
        shelf = self._shelves[0]
        shelf.done = max(shelf.done, self._in_flight.last or 0)
        self._in_flight.clear()
        self._dropped += dropped
        if shelf is self._own:
            self._unwritten_drops += dropped
        self._turn()
        return dropped

    def statistics(self) -> OutboxStatistics:
        """See `Store`. ``held_bytes`` are those in memory, and of the file what is beyond them."""
        in_hand = (self._in_flight, self._ready)
        safe = 0
        if self._shelves[0] is self._own:
            safe = sum(runs.count_upto(self._written) for runs in in_hand)
        elif self._shelves[0].number:
            safe = sum(runs.count for runs in in_hand)
        in_memory = self._in_flight.size + self._ready.size + self._tail.size
        return OutboxStatistics(
            made=self._made,
            acknowledged=self._acknowledged,
            held=self._held(),
            dropped=self._dropped,
            held_bytes=in_memory + self._size,
            held_on_disk=self._in_file() + safe,
        )

    # -- on the disk -----------------------------------------------------------------------------

    def job(self) -> Job | None:
        """Return what is to be done on the disk; None if there is nothing, or it is being done.

        While the disk is `failing` there is always something: to try whether it can be written.
        """
        if self._busy or self._given_up:
            return None
        shelf, own = self._shelves[0], self._own
        unwritten = [self._tail]
        if shelf is own:
            unwritten = [self._in_flight, self._ready, self._tail]
        new: list[Burst] = []
        room = self._chunk
        for runs in unwritten:
            if room > 0:
                new += (bursts := runs.after(self._written, room))
                room -= sum(len(message) for burst in bursts for message in burst.messages)
        read_bytes = self._chunk if self._hungry and shelf.waiting else 0
        gone = min(shelf.done, self._written) if shelf is own else shelf.done
        idle = not (new or read_bytes or self._finished or gone > shelf.cleared)
        if idle and not self.failing:
            return None
        self._busy = True
        self._writing = new[-1].last if new else 0
        return Job(
            shelf=shelf,
            place=Place(shelf.number, shelf.done, shelf.loaded, shelf.acknowledged),
            new=new,
            after=self._written,
            dropped=self._unwritten_drops,
            finished=list(self._finished),
            read_bytes=read_bytes,
            expendable=not self._in_file() and (shelf is own or not self._in_flight.count),
        )

    def run(self, job: Job) -> Outcome:
        """Do a job; takes long, and may be called in any thread."""
        outcome = Outcome(job)
        try:
            if self._file is None:
                self._file, aside = open_spool(self.path)
                outcome = outcome._replace(left=self._file.left, aside=aside)
            file, number, loaded = self._file, job.place.number, job.place.loaded
            upto = None
            try:
                own = file.add_session(self._own.session)
                removed = file.write(
                    own,
                    job.new,
                    after=job.after,
                    dropped=job.dropped,
                    place=self._written_down(job, own),
                    finished=job.finished,
                    max_bytes=self.max_bytes,
                )
                outcome = outcome._replace(own=own, removed=removed)
                loaded = max(loaded, job.place.done)
                file.tidy()
            except (sqlite3.Error, OSError) as error:
                outcome = outcome._replace(error=error)  # but it may be possible to read
                if outcome.removed is None and job.expendable:
                    return self._begin_anew(outcome)
                if outcome.removed is None and number == self._own.number:
                    upto = job.after  # of what is beyond, nobody can be sure
            if job.read_bytes:
                read = file.read(number, loaded, job.read_bytes, upto)
                loaded = max(loaded, read.upto)
                outcome = outcome._replace(read=read)
            return outcome._replace(first_waiting=file.first_after(number, loaded), size=file.size)
        except CorruptSpool as damage:
            return self._damaged(Outcome(job, damage=damage))
        except (SpoolUnavailable, sqlite3.Error, OSError) as error:
            return outcome._replace(error=error, size=self._file.size if self._file else 0)

    def finish(self, outcome: Outcome) -> None:
        """Take note of what came of a job."""
        job = outcome.job
        self._busy = False
        self._writing = 0
        self._size = outcome.size
        if outcome.damage is not None:
            self._note_damage(outcome)
        elif outcome.aside is not None:
            reports.set_aside(self.path, outcome.aside, "what it held, nobody knows")
        if outcome.anew:
            self._leave_file()
        self._inherit(outcome.left)
        if outcome.removed is not None:
            self._own.number = outcome.own
            self._note_written(job, outcome.removed)
        if outcome.read is not None:
            self._note_read(job.shelf, outcome.read)
        if job.shelf.waiting and outcome.first_waiting:
            job.shelf.first_waiting = outcome.first_waiting
        if outcome.error is not None:
            self._fail(outcome.error)
        elif outcome.damage is None and self.failing:
            self._recover()
        self._turn()

    def close(self) -> None:
        """Close the file. What is in memory alone is gone."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _written_down(self, job: Job, own: int) -> Place:
        """The place of a job; of our own session also before it knows its number in the file."""
        is_new = job.shelf is self._own and not job.place.number
        return job.place._replace(number=own) if is_new else job.place

    def _in_file(self) -> int:
        return sum(shelf.waiting for shelf in self._shelves)

    def _held(self) -> int:
        return self._in_flight.count + self._ready.count + self._tail.count + self._in_file()

    def _inherit(self, left: Sequence[Left]) -> None:
        """Take over what former processes have left."""
        position = 0 if not (self._in_flight or self._ready) else len(self._shelves)
        for session in left:
            if session.session == self._own.session:
                continue
            if not session.messages:
                self._finished.append(session.number)
                continue
            self._shelves.insert(position, Shelf(session))
            position += 1
            self._made += session.messages + session.dropped
            self._dropped += session.dropped
        waiting = sum(shelf.waiting for shelf in self._shelves if shelf is not self._own)
        if waiting:
            reports.inherited(self.path, waiting)

    def _turn(self) -> None:
        """Turn to the next session when the one that is sent is done."""
        while len(self._shelves) > 1 and not (self._in_flight or self._ready):
            shelf = self._shelves[0]
            if shelf.waiting:
                return
            if shelf is self._own:
                if self._tail or shelf.cleared < min(shelf.done, self._written):
                    return
                self._shelves.rotate(-1)
                continue
            self._shelves.popleft()
            if shelf.number:
                self._finished.append(shelf.number)

    def _note_written(self, job: Job, removed: Removed) -> None:
        shelf, own, tail = job.shelf, self._own, self._tail
        shelf.waiting -= removed.settled
        self._acknowledged += removed.settled
        shelf.loaded = max(shelf.loaded, job.place.done)
        shelf.cleared = max(shelf.cleared, job.place.done)
        for lost_of in self._shelves:
            if lost := removed.lost.get(lost_of.number):
                lost_of.waiting -= lost.messages
                lost_of.first_waiting = max(lost_of.first_waiting, lost.last + 1)
                self._dropped += lost.messages
        del self._finished[: len(job.finished)]
        self._unwritten_drops -= job.dropped
        if job.new:
            self._written = job.new[-1].last
            first = tail.first or 0
            moved = tail.discard(self._written)
            if moved and not own.waiting:
                own.first_waiting = first
            own.waiting += moved

    def _note_read(self, shelf: Shelf, read: Read) -> None:
        self._hungry = False
        for burst in read.bursts:
            self._ready.extend(burst)
            shelf.waiting -= len(burst.messages)
        # Where there is nothing though there must be something, that is lost as well.
        lost = read.unreadable if read.upto else shelf.waiting
        shelf.waiting -= lost
        self._dropped += lost
        shelf.loaded = max(shelf.loaded, read.upto)
        self._acknowledged += self._ready.discard(shelf.done)
        if lost:
            reports.damaged_batches(self.path, lost)

    def _damaged(self, outcome: Outcome) -> Outcome:
        """Set a damaged file aside; in the thread of `run`."""
        if self._file is not None:
            self._file.close()
            self._file = None
        try:
            return outcome._replace(aside=set_aside(self.path))
        except OSError as error:
            return outcome._replace(error=error)

    def _begin_anew(self, outcome: Outcome) -> Outcome:
        """Delete a file that cannot be written and has nothing that is not in memory too.

        A disk that the file itself has filled up leaves SQLite no room to take anything out of it.
        """
        assert self._file is not None
        self._file.close()
        self._file = None
        with suppress(OSError):
            remove(self.path)
        return outcome._replace(anew=True)

    def _leave_file(self) -> None:
        """Forget all that was in the file."""
        self._dropped += self._in_file()
        for shelf in self._shelves:
            shelf.waiting = shelf.number = 0
            shelf.loaded = max(shelf.loaded, shelf.done)
        self._written = 0
        self._finished.clear()
        self._hungry = False

    def _note_damage(self, outcome: Outcome) -> None:
        lost = self._in_file()
        self._leave_file()
        if outcome.aside is not None:
            reports.set_aside(self.path, outcome.aside, f"{lost} dumplings that it held are lost")
        else:
            self._given_up = True
            reports.given_up(self.path, lost)

    def _fail(self, error: Exception) -> None:
        if not self.failing:
            self.failing = True
            reports.failing(self.path, error, self.memory_bytes)

    def _recover(self) -> None:
        self.failing = False
        reports.recovered(self.path, self._drops_while_failing)
        self._drops_while_failing = 0
