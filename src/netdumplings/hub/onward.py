"""Where dumplings of kitchens go: to the eaters here, or to the stream of a backbone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..wire import GapReason, Metadata
from .router import Router
from .runs import Hole, Run
from .sessions import Session


class Onward(Protocol):
    """Takes what kitchens have sent."""

    def opened(self, session: Session, first: int, acknowledged: int | None, *, new: bool) -> None:
        """Note that a kitchen goes on with a session here.

        Args:
            session: the session.
            first: the lowest number that may still be sent.
            acknowledged: the highest number that any hub has acknowledged; None if the kitchen
                does not say.
            new: whether the session is new to this hub.
        """

    def take(self, session: Session, run: Run) -> None:
        """Take dumplings; the run belongs to whoever takes it then."""

    def miss(self, session: Session, missed: int, last: int) -> None:
        """Note that dumplings will never come, and the number of the last of them."""

    def settle(self) -> None:
        """See that as much as possible can be acknowledged."""

    def settled(self, session: Session) -> int:
        """Say up to which number a session can be acknowledged."""


class ToEaters:
    """To the eaters of this hub, at once.

    Args:
        router: feeds them.
    """

    def __init__(self, router: Router) -> None:
        self._router = router

    def opened(self, session: Session, first: int, acknowledged: int | None, *, new: bool) -> None:  # noqa: D102
        if new:
            self._router.session_opened(session)
            return
        elsewhere = min(acknowledged or 0, first - 1) - session.last
        if elsewhere > 0:
            # The kitchen was at another hub meanwhile, which has told its own eaters alone.
            session.skip_stored(session.last + elsewhere)
            self._miss(session, elsewhere, session.last, "hub")
        self.miss(session, session.skip_to(first), session.last)

    def take(self, session: Session, run: Run) -> None:  # noqa: ARG002, D102
        self._router.route(run)

    def miss(self, session: Session, missed: int, last: int) -> None:  # noqa: D102
        if missed:
            self._miss(session, missed, last, "kitchen")

    def _miss(self, session: Session, missed: int, last: int, reason: GapReason) -> None:
        self._router.miss(Hole(session.stream, session.name, missed, last, reason=reason))

    def settle(self) -> None:  # noqa: D102
        # It has been written to them then, and is in the history.
        self._router.flush()

    def settled(self, session: Session) -> int:  # noqa: D102
        return session.last


class Stores(Protocol):
    """Stores dumplings; `backbone.publishing.Publisher` says what each argument is."""

    def put(self, session: str, first: int, body: bytes, metadata: Sequence[Metadata]) -> None:
        """Take dumplings."""

    def miss(self, session: str, kitchen: str, first: int, count: int) -> None:
        """Note that some will never come."""

    def forget(self, session: str, number: int) -> None:
        """Note that all up to a number are stored."""


class ToBackbone:
    """To the stream; what is stored there comes back from it.

    Args:
        publisher: stores it.
    """

    def __init__(self, publisher: Stores) -> None:
        self._publisher = publisher

    def opened(self, session: Session, first: int, acknowledged: int | None, *, new: bool) -> None:  # noqa: D102
        # What lies below the first was stored by this hub or another, or is lost; and what was
        # acknowledged is not lost.
        known = first - 1 if acknowledged is None else min(acknowledged, first - 1)
        if new:
            missed = first - 1 - known
            session.count_lost(missed)
        else:
            session.skip_stored(known)
            missed = session.skip_to(first)
        session.stored = max(session.stored, first - 1)
        if acknowledged is not None:
            # By another hub, perhaps.
            self._publisher.forget(session.stream, known)
        self.miss(session, missed, first - 1)

    def take(self, session: Session, run: Run) -> None:  # noqa: D102
        body = run.parts[0] if len(run.parts) == 1 else b"\n".join(run.parts)
        self._publisher.put(run.stream or session.stream, run.first, body, run.metadata)

    def miss(self, session: Session, missed: int, last: int) -> None:  # noqa: D102
        if missed:
            self._publisher.miss(session.stream, session.name, last - missed + 1, missed)

    def settle(self) -> None:  # noqa: D102
        return

    def settled(self, session: Session) -> int:  # noqa: D102
        return session.stored
