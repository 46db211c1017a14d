"""The calls of chefs' handlers, and how one that does not return is ended from another thread.

Python can raise an exception in another thread, at whatever line that happens to be at. Of a chef's
handler that is just what is wanted, of our own code never: so it is only done after a handshake.

The thread that runs the chefs notes in ``inside`` whose handler it calls, and clears that when it
has returned; *then* it looks at ``interrupting``, and if that is set, settles. Whoever ends a call
sets ``interrupting``, *then* looks whether the call still runs, and only then raises the exception.
Whichever of the two comes first, either the one sees that the call has returned and does nothing,
or the other one sees that an exception may be under way, and takes it back or waits for it where it
does no harm. Nothing is locked until somebody interrupts: a call costs two notes and one look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from ..whereabouts import CALL, CHEF, Whereabout, Whereabouts

Interrupt = Callable[[int, type[BaseException] | None], None]


class Overdue(BaseException):  # no Exception: chefs catch those
    """Ends the call of a handler that takes too long; raised in it from outside."""


def raise_in_thread(thread: int, error: type[BaseException] | None) -> None:
    """Have an exception raised in a thread as soon as it runs Python again.

    Args:
        thread: its identifier.
        error: the exception; None, in that thread itself, has done with one that was not raised
            yet, if there is one.
    """
    import ctypes

    # (Python can also take one back; but Python 3.11 then stays on the lookout for it, for ever.)
    wanted = ctypes.py_object(Overdue if error is None else error)
    try:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), wanted)
        while error is None:  # it takes the place of any other, and comes here
            pass
    except Overdue:
        if error is not None:
            raise


class Calls:
    """The calls of handlers that one thread makes.

    Args:
        whereabouts: where to leave word of them, for other processes.
        interrupt: as `raise_in_thread`.

    Attributes:
        words: the memory of the whereabouts.
        made: how many calls were made; a number for several short ones that follow on each other.
        inside: the number of the chef whose handler runs; 0 for none.
        handler: the name of the handler.
        interrupting: whether somebody may be ending a call.
        thread: the thread that makes the calls.
        reason: why the call was ended that was ended last.
    """

    __slots__ = (
        "_asked",
        "_interrupt",
        "_lock",
        "handler",
        "inside",
        "interrupting",
        "made",
        "reason",
        "thread",
        "words",
    )

    def __init__(
        self, whereabouts: Whereabouts | None = None, interrupt: Interrupt = raise_in_thread
    ) -> None:
        self.words: Final = (Whereabouts() if whereabouts is None else whereabouts).words
        self.made = 0
        self.inside = 0
        self.handler = ""
        self.interrupting = False
        self.reason = ""
        self.thread = threading.get_ident()
        self._interrupt = interrupt
        self._asked = False
        self._lock = threading.Lock()

    def here(self) -> None:
        """Note that this is the thread that makes the calls from now on."""
        self.thread = threading.get_ident()

    def look(self) -> Whereabout:
        """The call that runs now, from any thread."""
        inside = self.inside  # first; see `Whereabouts.read`
        return Whereabout(inside, self.words[CALL])

    def call(
        self, number: int, function: Callable[..., Any], *arguments: Any
    ) -> tuple[Any, BaseException | None]:
        """Call a handler of a chef, or anything else that may run code of its.

        Args:
            number: the chef's.
            function: what to call.
            arguments: its arguments.

        Returns:
            what it returned, and what it raised.
        """
        value = failure = None
        words = self.words
        words[CALL] = self.made = self.made + 1
        words[CHEF] = number
        try:
            self.inside = number
            try:
                value = function(*arguments)
                self.inside = 0
            except BaseException as error:
                self.inside = 0
                failure = error
            if self.interrupting:
                self.settle()
        except Overdue as error:  # it came after the call
            self.inside = 0
            failure = error
            try:
                self.settle()
            except Overdue:  # one more, asked for before that: there can be no third
                self.settle()
        words[CHEF] = 0
        return value, failure

    def settle(self) -> None:
        """Have done with an interruption, after a call.

        Raises:
            Overdue: it came just now.
        """
        with self._lock:
            self._interrupt(self.thread, None)
            self._asked = self.interrupting = False

    def end(self, call: Whereabout, reason: str = "") -> bool:
        """Have `Overdue` raised in a call, if it still runs; from another thread.

        Args:
            call: the call.
            reason: why.

        Returns:
            whether it still ran.
        """
        with self._lock:
            self.interrupting = True
            if not call.chef or self.look() != call:
                # (What was asked before may still be under way: then the other side settles.)
                self.interrupting = self._asked
                return False
            self._asked, self.reason = True, reason
            self._interrupt(self.thread, Overdue)
            return True
