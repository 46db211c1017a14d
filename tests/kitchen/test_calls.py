"""A handler that does not return is ended from outside, and nothing but a handler ever is."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from netdumplings.kitchen import calls as module
from netdumplings.kitchen.calls import Calls, Overdue


def test_a_handler_that_never_returns_is_ended() -> None:
    calls = Calls()

    def never() -> None:
        while True:
            pass

    def end() -> None:
        while not calls.end(calls.look(), "enough"):
            time.sleep(0.001)

    ending = threading.Thread(target=end)
    ending.start()
    value, failure = calls.call(1, never)
    ending.join()
    assert (value, type(failure), calls.reason) == (None, Overdue, "enough")
    assert calls.call(1, lambda: "all is well") == ("all is well", None)


def test_whatever_a_handler_raises_comes_back() -> None:
    calls = Calls()
    for error in (ValueError(), SystemExit(), KeyboardInterrupt(), GeneratorExit(), MemoryError()):

        def fail(error: BaseException = error) -> None:
            raise error

        assert calls.call(1, fail) == (None, error)


def test_an_interruption_never_lands_outside_a_handler() -> None:
    """As many interruptions of short handlers as there is time for, in earnest."""
    calls = Calls()
    over = threading.Event()
    asked = 0

    def interrupt() -> None:
        nonlocal asked
        while not over.is_set():
            asked += calls.end(calls.look())

    ending = threading.Thread(target=interrupt)
    ending.start()
    ended = 0
    until = time.process_time() + 0.5
    try:
        while time.process_time() < until or not ended:
            _, failure = calls.call(1, sum, range(200))
            if failure is not None:
                assert type(failure) is Overdue
                ended += 1
    finally:
        over.set()
        ending.join()
    assert asked >= ended > 0
    assert not calls.interrupting


STOP = "yield"
#: Before a lock is taken.
WAIT = """
yield
while self._lock.locked:
    yield
"""


def stepwise(function: Callable[..., Any]) -> Callable[..., Iterator[None]]:
    """Make a generator of a function, which stops before each of its statements."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.With | ast.If):
            before = [WAIT if isinstance(part, ast.With) else STOP for part in node.body]
            node.body = [
                statement
                for stop, part in zip(before, node.body, strict=True)
                for statement in (*ast.parse(stop).body, part)
            ]
    namespace: dict[str, Any] = dict(vars(module))
    exec(compile(ast.fix_missing_locations(tree), "stepwise", "exec"), namespace)
    made: Callable[..., Iterator[None]] = namespace[function.__name__]
    return made


class TurnLock:
    """A lock of two; while the one waits for it, the other goes on."""

    def __init__(self, go_on: Callable[[], object]) -> None:
        self.locked = False
        self._go_on = go_on

    def __enter__(self) -> None:
        while self.locked:
            self._go_on()
        self.locked = True

    def __exit__(self, *_: object) -> None:
        self.locked = False


@settings(max_examples=200)
@given(st.lists(st.sampled_from([0, 0, 0, 1, 1, 3]), min_size=30, max_size=90), st.integers(1, 3))
def test_in_whatever_order_the_two_threads_come_no_interruption_is_left_over(
    steps: list[int], asks: int
) -> None:
    """Between two lines of the one, so many steps of the other; it lands before any line."""
    pending: list[type[BaseException]] = []

    def interrupt(_: int, error: type[BaseException] | None) -> None:
        pending[:] = [] if error is None else [error]

    calls = Calls(interrupt=interrupt)

    def watch() -> Iterator[None]:
        end = stepwise(Calls.end)
        for _ in range(asks):
            yield from end(calls, calls.look())

    watching = watch()
    stepping = False

    def step() -> None:
        nonlocal stepping
        stepping = True  # its lines are no steps of the worker's
        next(watching, None)
        stepping = False

    calls._lock = TurnLock(step)  # type: ignore[assignment]
    order = iter(steps)

    def handler() -> str:
        word = "re"
        word += "turned"
        return word

    def trace(frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if stepping or (code.co_filename != module.__file__ and code is not handler.__code__):
            return None
        if event == "line":
            for _ in range(next(order, 1)):
                step()
            if pending:
                raise pending.pop()
        return trace

    before = sys.gettrace()
    for _ in range(3):
        sys.settrace(trace)
        try:
            value, failure = calls.call(1, handler)
        finally:
            sys.settrace(before)
        assert value == "returned" if failure is None else type(failure) is Overdue
        assert not pending or calls.interrupting
    for _ in watching:
        pass
    assert not pending
    assert not calls.interrupting
