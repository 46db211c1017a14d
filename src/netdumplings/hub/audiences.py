"""Eaters that want the same, and are given the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..wire import EVERYTHING, Matcher, Subscription
from .feeds import Feed
from .formats import Format
from .runs import Run


class Audience:
    """The eaters of one subscription.

    Dumplings are matched against it once, written once in each format that somebody asked for, and
    the bytes are shared.

    Args:
        subscription: what they all want.

    Attributes:
        matcher: what lets dumplings through to them; None for all.
        members: how many there are, with those who are not fed by it at the moment.
    """

    def __init__(self, subscription: Subscription) -> None:
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

    def serve(self, runs: Sequence[Run], total: int, cursor: Mapping[str, int]) -> None:
        """Give them what came in during a tick.

        Args:
            runs: what came in.
            total: how many dumplings those are.
            cursor: up to where they go.
        """
        if not self._groups:
            return
        if self.matcher is None:
            # As they came: nobody needs to know where one ends and the next begins.
            parts, wanted = [part for run in runs for part in run.parts], total
        else:
            parts = wanted_lines(runs, self.matcher)
            wanted = len(parts)
        for format, group in self._groups.items():
            group.pending.update(cursor)
            batch = b""
            if wanted:
                batch = format.batch(parts, group.pending, history=False)
                group.pending.clear()
            for feed in group.feeds:
                if feed.outlet.open:
                    feed.offer(batch, wanted, total, cursor)

    def tell_cursor(self) -> None:
        """Tell those for whom there was nothing up to where there was nothing."""
        for format, group in self._groups.items():
            if group.pending:
                message = format.cursor_moved(group.pending)
                group.pending.clear()
                for feed in group.feeds:
                    feed.tell(message)


class _Group:
    """The eaters of one subscription and one format."""

    def __init__(self) -> None:
        self.feeds: dict[Feed, None] = {}
        #: How far they have come since they were last told.
        self.pending: dict[str, int] = {}


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
