"""A kitchen whose live packets a test feeds it: no interface is sniffed on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.testing.packets import FedSource
from netdumplings.testing.workers import PATIENCE, Worker, working

from .packets import batch


class LiveSource(FedSource):
    """As `FedSource`, but live: a kitchen goes by the wall clock, and by the word of its hub."""

    live = True

    @property
    def ended(self) -> bool:
        """Never."""
        return False

    def narrow(self, only: Sequence[str] | None) -> None:
        """Give what it is fed all the same, as a source may."""


class LiveKitchen:
    """A live kitchen that a test feeds."""

    def __init__(self, kitchen: DumplingKitchen, source: LiveSource) -> None:
        self.kitchen = kitchen
        self._source = source
        self._fed = 0

    @property
    def resting(self) -> tuple[str, ...]:
        """The chefs that nobody wants."""
        return self.kitchen.statistics().not_wanted

    def put(self, *packets: bytes) -> None:
        """Have packets come."""
        self._source.feed(batch(*packets))
        self._fed += len(packets)

    def feed(self, *packets: bytes) -> None:
        """Have packets come, and wait until all chefs had their turn."""
        self.put(*packets)
        wait_until(lambda: self.kitchen.statistics().packets_handled == self._fed)

    def had(self, chef: type[DumplingChef]) -> int:
        """How many packets a chef was handed."""
        return self.kitchen.statistics().chefs[chef.__name__].packets


@contextmanager
def live_kitchen(
    hub: str, *chefs: type[DumplingChef], name: str = "attic", **settings: Any
) -> Iterator[LiveKitchen]:
    """Run a live kitchen in a thread.

    Args:
        hub: the address of its hub.
        *chefs: the classes of its chefs.
        name: its name.
        **settings: as `DumplingKitchen` takes them.
    """
    source = LiveSource()
    kitchen = DumplingKitchen(
        name, hub=hub, chefs=chefs, source=source, poke_interval=0.05, **settings
    )
    with working(Worker(name, kitchen.run), kitchen.stop):
        yield LiveKitchen(kitchen, source)


def wait_until(so: Callable[[], object]) -> None:
    """Wait for what is bound to come; not in an event loop."""
    deadline = time.monotonic() + PATIENCE
    while not so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)
