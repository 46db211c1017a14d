"""Runs chefs over packets and intervals, and encodes what they return."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from types import GeneratorType
from typing import Any

from ..chef import DumplingChef
from ..dumpling import Dumpling, DumplingDriver
from ..exceptions import BrokenChef, InvalidDumplingPayload
from ..packets import AbsentRecord, PacketBatch
from ..wire import check_dumpling
from .errors import HandlerErrors
from .tracebacks import one_line, own_traceback


class ChefRunner:
    """Runs a kitchen's chefs.

    A chef with a ``batch_handler`` gets each batch whole. The others get packet after packet,
    each packet passing all of them before the next; it is dissected once for all.

    Whatever a handler raises or returns, the kitchen goes on: what is wrong goes to ``errors``.

    Args:
        chefs: the chefs, in the order in which they see a packet.
        poke_interval: seconds, told to interval handlers.
        errors: takes what handlers raise.
        stopping: asked between packets; True leaves the rest of a batch unhandled.

    Attributes:
        packets_handled: how many packets passed all chefs.
        dumplings_made: how many dumplings came of them.
    """

    def __init__(
        self,
        chefs: Sequence[DumplingChef],
        poke_interval: float,
        errors: HandlerErrors,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.packets_handled = 0
        self.dumplings_made = 0
        self._chefs = chefs
        self._poke_interval = poke_interval
        self._errors = errors
        self._stopping = stopping
        self._batch_chefs = [chef for chef in chefs if hasattr(chef, "batch_handler")]
        self._packet_chefs = [chef for chef in chefs if not hasattr(chef, "batch_handler")]

    def handle(self, batch: PacketBatch, now: Callable[[], float] | None) -> Iterator[str]:
        """Give packets to the chefs.

        Args:
            batch: the packets.
            now: what time to put on dumplings, seconds since the epoch. None takes it from the
                packets, as a replay does.

        Yields:
            the dumplings, as JSON text.
        """
        if not len(batch):
            return
        last = int(batch.times_ns[-1]) / 1e9
        for chef in self._batch_chefs:
            payloads = self._call(chef, "batch_handler", batch)
            yield from self._plate(chef, "batch_handler", payloads, now() if now else last)
        if not self._packet_chefs:
            self.packets_handled += len(batch)
            return
        for packet in batch:
            if self._stopping():
                return
            for chef in self._packet_chefs:
                payload = self._call(chef, "packet_handler", packet)
                if payload is not None:
                    time = now() if now else packet.time
                    yield from self._plate(chef, "packet_handler", payload, time)
            self.packets_handled += 1

    def poke(self, time: float) -> Iterator[str]:
        """Call the interval handlers.

        Args:
            time: what time to put on dumplings, seconds since the epoch.

        Yields:
            the dumplings, as JSON text.
        """
        for chef in self._chefs:
            payload = self._call(chef, "interval_handler", self._poke_interval)
            yield from self._plate(chef, "interval_handler", payload, time)

    def _call(self, chef: DumplingChef, handler: str, argument: Any) -> Any:
        try:
            return getattr(chef, handler)(argument)
        except AbsentRecord:
            return None
        except (Exception, SystemExit) as error:
            self._errors.report(chef.name, handler, error)
            return None

    def _plate(self, chef: DumplingChef, handler: str, payload: Any, time: float) -> Iterator[str]:
        if isinstance(payload, GeneratorType) and handler == "batch_handler":
            payloads = self._yielded(chef, handler, payload)
        else:
            payloads = iter((payload,))
        driver = DumplingDriver.interval if handler == "interval_handler" else DumplingDriver.packet
        for one in payloads:
            if one is None:
                continue
            dumpling = Dumpling(chef=chef, driver=driver, creation_time=time, payload=one)
            try:
                text = dumpling.to_json()
                # What the hub would refuse would cost us the connection, and others a burst.
                refusal = check_dumpling(text.encode())
                if refusal is not None:
                    raise InvalidDumplingPayload("payload", f"no hub takes it: {refusal.reason}")
            except InvalidDumplingPayload as error:
                self._errors.report(chef.name, handler, error)
                continue
            chef.dumplings_sent_count += 1
            self.dumplings_made += 1
            yield text

    def _yielded(
        self, chef: DumplingChef, handler: str, payloads: Generator[Any, Any, Any]
    ) -> Iterator[Any]:
        while True:
            try:
                yield next(payloads)
            except StopIteration:
                return
            except (Exception, SystemExit) as error:
                self._errors.report(chef.name, handler, error)
                return


def make_chef(chef: type[DumplingChef], kitchen: object) -> DumplingChef:
    """Make a chef of its class.

    Raises:
        BrokenChef: the class raised, or its ``__init__`` left out the base class's.
    """
    try:
        made = chef(kitchen=kitchen)
    except (Exception, SystemExit) as error:
        raise BrokenChef(chef.__name__, one_line(error), own_traceback(error)) from error
    if not hasattr(made, "dumplings_sent_count"):
        raise BrokenChef(chef.__name__, "its __init__ does not call super().__init__()")
    return made
