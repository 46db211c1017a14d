"""The latest dumplings, for eaters that come late or come back."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ..wire import Matcher, metadata_of
from .runs import Hole, Run, cursor_of

#: Bytes of dumplings that a replay goes through at a time.
PIECE: Final = 128 * 1024
#: Holes that may come after one another, with no dumpling between them.
MAX_PENDING: Final = 1000


class History:
    """Keeps runs of dumplings, the oldest of which go when there are too many.

    A place in it is a number: of how many dumplings ever came into it before that place.

    Args:
        max_bytes: how much memory they may take; 0 keeps none.

    Attributes:
        size: bytes that they take.
        end: the place of the next dumpling to come.
        forgotten: the position in the stream of a backbone up to which it has let go of what came
            from there; 0 if it has all of that.
        pending: what is missing after the last run.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = 0
        self.end = 0
        self.forgotten = 0
        self.pending: list[Hole] = []
        self._runs: deque[Run] = deque()

    @property
    def begin(self) -> int:
        """The place of the oldest dumpling that is left."""
        return self._runs[0].offset if self._runs else self.end

    def append(self, run: Run, now: float) -> None:
        """Keep a run.

        Args:
            run: numbered dumplings; nobody may change it any more.
            now: seconds since the epoch.
        """
        run.offset = self.end
        run.arrived = now
        # It takes as much memory as short dumplings do, and is seldom asked for again.
        run.metadata = []
        run.holes, self.pending = self.pending, []
        self.end += run.count
        self._runs.append(run)
        self.size += run.size
        while self.size > self.max_bytes:
            self._let_go()

    def miss(self, hole: Hole) -> None:
        """Keep that something is missing here."""
        self.pending.append(hole)
        if len(self.pending) > MAX_PENDING:
            gone = self.pending.pop(0)
            self.forgotten = gone.mark.position if gone.mark is not None else self.forgotten

    def clear(self) -> None:
        """Let go of everything."""
        while self._runs:
            self._let_go()
        self.pending.clear()
        self.forgotten = 0

    def place_after(self, position: int) -> int:
        """Find where those begin that came after a position in the stream of a backbone."""
        index = bisect_right(
            self._runs, position, key=lambda run: run.mark.position if run.mark is not None else 0
        )
        return self._runs[index].offset if index < len(self._runs) else self.end

    def _let_go(self) -> None:
        """Let go of the oldest run."""
        gone = self._runs.popleft()
        self.size -= gone.size
        if gone.mark is not None:
            self.forgotten = gone.mark.position

    def runs_from(self, place: int) -> Iterator[Run]:
        """Yield the runs from the one on that holds a place; the history must not change."""
        index = bisect_right(self._runs, place, key=lambda run: run.offset) - 1
        return itertools.islice(self._runs, max(0, index), None)

    def place_of_last(self, count: int, matcher: Matcher | None) -> int:
        """Find where the last so many dumplings begin, of those that a matcher lets through."""
        if matcher is None:
            return max(self.begin, self.end - count)
        for run in reversed(self._runs):
            for index, line in reversed(list(enumerate(run.lines))):
                if count <= 0:
                    return run.offset + index + 1
                count -= lets_through(matcher, line)
        return self.begin

    def place_since(self, time: float) -> int:
        """Find where those begin that came at a time or later, seconds since the epoch."""
        # A clock that was set back meanwhile makes this tell some more, or some less.
        index = bisect_left(self._runs, time, key=lambda run: run.arrived)
        return self._runs[index].offset if index < len(self._runs) else self.end

    def cursor_before(self, place: int, cursor: Mapping[str, int]) -> dict[str, int]:
        """Tell how far each stream had come at a place, given how far it has come at the end."""
        before = dict(cursor)
        seen = set()
        for run in self.runs_from(place) if place < self.end else ():
            assert run.stream is not None
            if run.stream in before and run.stream not in seen:
                before[run.stream] = run.first - 1 + max(0, place - run.offset)
                seen.add(run.stream)
        return before

    def kept_after(self, cursor: Mapping[str, int]) -> Counter[str]:
        """Count, by stream, the dumplings kept that lie after a cursor."""
        counts: Counter[str] = Counter()
        for run in self._runs:
            assert run.stream is not None
            counts[run.stream] += max(0, run.last - max(run.first - 1, cursor.get(run.stream, 0)))
        return counts


class Piece(NamedTuple):
    """A part of a replay.

    Attributes:
        parts: the dumplings that are wanted, one or more lines each.
        wanted: how many those are.
        total: how many were looked at.
        cursor: how far it has come with each stream it has touched.
        past: whether they came before the replay was begun.
        missed: how many, before these, the history had let go when the replay came to them.
        holes: what is missing before these.
    """

    parts: list[bytes]
    wanted: int
    total: int
    cursor: dict[str, int]
    past: bool
    missed: int
    holes: Sequence[Hole] = ()


class Replay:
    """Goes through the history piece by piece, while new runs come and old ones go.

    Args:
        history: what to go through.
        place: where to begin.
        matcher: what lets dumplings through; None for all.
        after: of each stream named in it, leave out what has no higher number, uncounted.
    """

    def __init__(
        self,
        history: History,
        place: int,
        matcher: Matcher | None,
        after: Mapping[str, int] | None = None,
    ) -> None:
        self._history = history
        self._place = place
        self._matcher = matcher
        self._after = dict(after or {})
        self._past = history.end

    @property
    def ended(self) -> bool:
        """Whether it has come to the end of the history, for now."""
        return self._place >= self._history.end

    @property
    def behind(self) -> bool:
        """Whether the history has let go of what would be next."""
        return self._place < self._history.begin

    @property
    def reached(self) -> dict[str, int]:
        """How far it has come with each stream, as far as that is known."""
        return dict(self._after)

    def next(self) -> Piece:
        """Go on by about `PIECE` bytes; an empty piece at the end."""
        missed = max(0, self._history.begin - self._place)
        self._place += missed
        past = self._place < self._past
        parts: list[bytes] = []
        cursor: dict[str, int] = {}
        holes: Sequence[Hole] = ()
        wanted = total = size = 0
        for run in () if self.ended else self._history.runs_from(self._place):
            if size >= PIECE or (past and run.offset >= self._past):
                break
            if run.holes and self._place == run.offset:
                if size:
                    break
                holes = run.holes
            assert run.stream is not None
            # The replay may begin within a run, and the run be known in part.
            known = self._after.get(run.stream, 0) - run.first + 1
            skip = min(max(0, known, self._place - run.offset), run.count)
            chosen, count = self._choose(run, skip)
            parts += chosen
            wanted += count
            total += run.count - skip
            size += run.size
            cursor.update(cursor_of([run]))
            self._place = run.offset + run.count
        news = self.unknown(holes)
        for stream, number in cursor.items():
            self._after[stream] = max(number, self._after.get(stream, 0))
        return Piece(parts, wanted, total, cursor, past, missed, news)

    def unknown(self, holes: Iterable[Hole]) -> list[Hole]:
        """Give what of some holes was not known before."""
        news = []
        for hole in holes:
            missed = min(hole.missed, hole.last - self._after.get(hole.stream, 0))
            if missed > 0:
                news.append(hole._replace(missed=missed))
        return news

    def _choose(self, run: Run, skip: int) -> tuple[list[bytes], int]:
        """Choose from a run what is wanted, without its first dumplings; and count that."""
        if self._matcher is None and not skip:
            return run.parts, run.count
        if skip == run.count:
            return [], 0
        lines = run.lines[skip:]
        if self._matcher is not None:
            lines = [line for line in lines if lets_through(self._matcher, line)]
        return lines, len(lines)


def lets_through(matcher: Matcher, line: bytes) -> bool:
    """Tell whether a matcher lets through a dumpling that is only there as text."""
    return matcher(metadata_of(line))
