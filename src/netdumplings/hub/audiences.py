"""Eaters that want the same, and are given the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..wire import EVERYTHING, Gap, Matcher, Subscription
from .feeds import Feed
from .formats import Format
from .runs import Hole, Run, View, cursor_of
from .tick import Tick


class Audience:
    """The eaters of one subscription.

    Dumplings are matched against it once, written once in each format that somebody asked for, and
    the bytes are shared.

    Args:
        subscription: what they all want.
        view: what of that they may be given.

    Attributes:
        matcher: what lets dumplings through to them; None for all.
        view: as given.
        members: how many there are, with those who are not fed by it at the moment.
    """

    def __init__(self, subscription: Subscription, view: View = View.ALL) -> None:
        self.view = view
        self.matcher = None if subscription == EVERYTHING else Matcher(subscription)
        self.members = 0
        self._groups: dict[Format, _Group] = {}

    def seat(self, feed: Feed) -> None:
        """Feed an eater from now on."""
        self._groups.setdefault(feed.format, _Group()).feeds[feed] = None

    def unseat(self, feed: Feed) -> None:
        """Feed it no more."""
        group = self._groups.get(feed.format)
        if group is not None:
            group.feeds.pop(feed, None)
            if not group.feeds:
                del self._groups[feed.format]

    def serve(self, tick: Tick) -> None:
        """Give them what came in during a tick."""
        if not self._groups:
            return
        pieces = [self._chosen(piece) for piece in tick.pieces()]
        wanted = sum(piece.wanted for piece in pieces)
        for format, group in self._groups.items():
            frames = [frame for piece in pieces for frame in group.frames(format, piece)]
            # Nearly always there is one.
            batch = frames[0] if len(frames) == 1 else b"".join(frames)
            for feed in group.feeds:
                if feed.outlet.open:
                    feed.offer(batch, wanted, tick.count, tick.cursor, tick.holes)

    def note_cursor(self, cursor: Mapping[str, int]) -> None:
        """Note how far they have come, to be told with what comes next, or by `tell_cursor`."""
        for group in self._groups.values():
            group.pending.update(cursor)

    def note_position(self, key: str, position: int) -> None:
        """Note up to which position of a backbone's stream they have been given everything.

        Args:
            key: what stands for the stream.
            position: the sequence number.
        """
        for group in self._groups.values():
            if group.positions.get(key) != position:
                group.positions = {key: position}
                group.pending[key] = position

    def tell_cursor(self) -> None:
        """Tell those for whom there was nothing up to where there was nothing."""
        for format, group in self._groups.items():
            if group.pending:
                message = format.cursor_moved(group.pending)
                group.pending.clear()
                for feed in group.feeds:
                    feed.tell(message)

    def _chosen(self, piece: Sequence[Run] | Hole) -> _Piece:
        if isinstance(piece, Hole):
            return _Piece([], 0, piece.cursor, piece)
        cursor = cursor_of(piece)
        piece = self.view.of(piece)
        if self.matcher is None:
            # As they came: nobody needs to know where one ends and the next begins.
            parts = [part for run in piece for part in run.parts]
            return _Piece(parts, sum(run.count for run in piece), cursor)
        lines = wanted_lines(piece, self.matcher)
        return _Piece(lines, len(lines), cursor)


class _Piece(NamedTuple):
    """What a piece of a tick is to an audience.

    Attributes:
        parts: the dumplings it wants, one or more lines each.
        wanted: how many those are.
        cursor: up to where the piece goes.
        hole: what is missing here.
    """

    parts: list[bytes]
    wanted: int
    cursor: dict[str, int]
    hole: Hole | None = None


class _Group:
    """The eaters of one subscription and one format."""

    def __init__(self) -> None:
        self.feeds: dict[Feed, None] = {}
        #: How far they have come since they were last told.
        self.pending: dict[str, int] = {}
        #: The position that they were told, or will be with what is pending.
        self.positions: dict[str, int] = {}

    def frames(self, format: Format, piece: _Piece) -> Iterator[bytes]:
        """Write a piece of a tick."""
        if piece.hole is not None:
            yield format.gap(
                Gap(piece.hole.missed, piece.hole.reason, piece.hole.kitchen, piece.cursor)
            )
            return
        self.pending.update(piece.cursor)
        if piece.wanted:
            yield format.batch(piece.parts, self.pending, history=False)
            self.pending.clear()


def wanted_lines(
    runs: Sequence[Run], matcher: Matcher | None, skip: Mapping[str, int] | None = None
) -> list[bytes]:
    """Choose from what came in during a tick.

    Args:
        runs: what came in.
        matcher: what lets dumplings through; None for all.
        skip: of each stream named in it, only what has a higher number.
    """
    chosen: list[bytes] = []
    for run in runs:
        lines = run.lines
        begin = 0
        if skip and run.stream is not None:
            begin = max(0, skip.get(run.stream, 0) - run.first + 1)
        if matcher is None:
            chosen += lines[begin:]
            continue
        chosen += [
            line
            for line, metadata in zip(lines[begin:], run.metadata[begin:], strict=True)
            if matcher(metadata)
        ]
    return chosen
