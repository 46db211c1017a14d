"""Answers a hub that asks for packets which the kitchen has kept."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from .. import defaults
from ..capture import offline_filter
from ..capture.ring_reader import Found, RingReader
from ..exceptions import InvalidFilter
from ..wire import PacketsEndMessage, PacketsMessage, PacketsUnwanted, PacketsWanted, write
from ..wire.asked_filter import problem_of
from ..wire.packet_messages import MAX_PIECE, PIECE
from ..wire.pcapng import MAX_INTERFACES, interface, packet

logger = logging.getLogger(__name__)

#: Requests that are answered at a time; hubs ask less.
MAX_ASKS: Final = 4
#: Seconds that a packet may be on its way from the wire to the ring. (The kernel holds some back
#: for a tenth of a second.)
SETTLED: Final = 0.5
_NS: Final = 1_000_000_000


class PacketsKept:
    """Answers from a ring; a `sending.packets.PacketAnswers`.

    A span that has not ended yet is waited for. What is found is copied at once, in a thread, and
    given away piece by piece, each request in its turn.

    Args:
        ring: what has the packets.
        kitchen: the kitchen's name.
        live: whether the packets' clock is this host's; nothing is waited for otherwise.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        ring: RingReader,
        kitchen: str,
        *,
        live: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ring = ring
        self._kitchen = kitchen
        self._live = live
        self._clock = clock
        self._news: Callable[[], object] = lambda: None
        self._asks: dict[int, asyncio.Task[None]] = {}
        self._ready: deque[tuple[int, Iterator[bytes]]] = deque()

    def begin(self, news: Callable[[], object]) -> None:
        """Answer another hub from now on."""
        self.end()
        self._news = news

    def end(self) -> None:
        """Forget what was asked for."""
        for task in self._asks.values():
            task.cancel()
        self._asks.clear()
        self._ready.clear()

    def take(self, told: PacketsWanted | PacketsUnwanted) -> None:
        """Take what the hub asks for."""
        self._forget(told.ask)
        if isinstance(told, PacketsUnwanted):
            return
        problem = problem_of(told.filter)
        if len(self._asks) + len(self._ready) >= MAX_ASKS:
            problem = "the kitchen has as many requests for packets as it takes: try again"
        if problem is not None:
            self._refuse(told.ask, problem)
            return
        self._asks[told.ask] = asyncio.create_task(self._answer(told))

    def next(self) -> bytes | None:
        """Give the next message for the hub; None if there is none now."""
        while self._ready:
            ask, pieces = self._ready.popleft()
            piece = next(pieces, None)
            if piece is not None:
                self._ready.append((ask, pieces))
                return piece
        return None

    def _forget(self, ask: int) -> None:
        task = self._asks.pop(ask, None)
        if task is not None:
            task.cancel()
        self._ready = deque(ready for ready in self._ready if ready[0] != ask)

    def _refuse(self, ask: int, problem: str) -> None:
        end = write(PacketsEndMessage(ask, problem=problem[:1000]))
        self._ready.append((ask, iter([end])))
        self._news()

    async def _answer(self, told: PacketsWanted) -> None:
        ask = told.ask
        if self._live:
            # (Not longer than this, whatever has become of the clock.)
            wait = told.around + told.seconds + SETTLED - self._clock()
            await asyncio.sleep(min(max(wait, 0), 2 * told.seconds + SETTLED))
        try:
            found = await asyncio.to_thread(self._find, told)
        except InvalidFilter as error:
            del self._asks[ask]
            self._refuse(ask, str(error))
            return
        except Exception:
            logger.exception("a fault of the kitchen's own while it looks for packets")
            del self._asks[ask]
            self._refuse(ask, "a fault of the kitchen's own: its log says more")
            return
        del self._asks[ask]
        self._ready.append((ask, self._pieces(ask, found)))
        self._news()

    def _find(self, told: PacketsWanted) -> Found:
        filter = offline_filter(told.filter) if told.filter.strip() else None
        around, seconds = int(told.around * _NS), int(told.seconds * _NS)
        return self._ring.find(
            around - seconds,
            around + seconds,
            around_ns=around,
            most=told.most,
            longest=MAX_PIECE - PIECE - 4096,
            filter=filter,
        )

    def _pieces(self, ask: int, found: Found) -> Iterator[bytes]:
        """Write what was found as messages, one at a time."""
        left_out = found.left_out
        interfaces: dict[tuple[int, str | None], int] = {}
        size, blocks = 0, [write(PacketsMessage(ask)) + b"\n"]
        for one in found.packets:
            origin = one.link_type, one.interface
            if origin not in interfaces:
                if len(interfaces) == MAX_INTERFACES:
                    left_out += 1
                    continue
                interfaces[origin] = len(interfaces)
                blocks.append(self._described(*origin))
            block = packet(interfaces[origin], one.time_ns, one.wire_length, one.data)
            blocks.append(block)
            size += len(block)
            if size >= PIECE:
                yield b"".join(blocks)
                size, blocks = 0, blocks[:1]
        if len(blocks) > 1:
            yield b"".join(blocks)
        since = None if found.since is None else max(found.since, 0) / _NS
        yield write(PacketsEndMessage(ask, left_out, since))

    def _described(self, link_type: int, name: str | None) -> bytes:
        full = f"{self._kitchen}/{name}" if name else self._kitchen
        where = f"interface {name} of " if name else ""
        return interface(link_type, defaults.SNAPLEN, full, f"{where}kitchen {self._kitchen}")
