"""Sniffing on live interfaces, which may come and go."""

from __future__ import annotations

import logging
import selectors
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from .. import defaults
from ..exceptions import CaptureError, InvalidFilter, NoSuchInterface, NotPermitted
from ..packets import PacketBatch
from .filters import check_filter
from .interfaces import interface_indexes, is_up
from .libpcap import Drops, Handle, InterfaceDown, InterfaceGone, Library, load_library
from .narrowing import narrowed
from .own_traffic import OwnTraffic
from .source import CaptureOptions, CaptureStatistics

logger = logging.getLogger(__name__)

#: Seconds between two looks at which interfaces there are.
_RESCAN: Final = 1.0
#: Packets in a batch at most.
_MAX_PACKETS: Final = 4096
#: How often to look for packets where nothing says when there are some (Windows), seconds.
_POLL: Final = 0.01


class _Tap:
    """An interface that is sniffed on, or is to be when it can.

    Attributes:
        name: the interface.
        handle: None while it cannot be sniffed on.
        index: its number when it was opened; None for what is no real interface (``any``).
        up: whether it was up when last looked at.
        trouble: why it cannot be sniffed on, as it was logged.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.handle: Handle | None = None
        self.index: int | None = None
        self.up = True
        self.trouble: str | None = None


class LiveSource:
    """A `PacketSource` that sniffs on interfaces, each with a handle and a link type of its own.

    Interfaces that appear, go down, come up and vanish are noticed within a second or so, logged
    once, and never end it. No interface starves another: they take turns, a batch each.

    Args:
        interfaces: their names; ``all`` is every interface this host has at any time.
        options: how to capture.
        library: what to capture with; None for what `load_library` finds.

    Raises:
        ValueError: no interface is named.
    """

    live = True
    ended = False

    def __init__(
        self,
        interfaces: Sequence[str],
        options: CaptureOptions,
        *,
        library: Library | None = None,
    ) -> None:
        if not interfaces:
            raise ValueError("no interface is named")
        self._all = defaults.ALL_INTERFACES in interfaces
        names = [] if self._all else list(dict.fromkeys(interfaces))
        self.name = ", ".join(names) or defaults.ALL_INTERFACES
        self._options = options
        self._library = library
        self._own = OwnTraffic()
        self._only: tuple[str, ...] | None = None
        self._at_work = False
        self._taps = {name: _Tap(name) for name in names}
        self._ready: deque[_Tap] = deque()
        self._selector: selectors.BaseSelector | None = None
        self._next_scan = 0.0
        self._read = 0
        self._closed_drops = Drops()
        # Held while libpcap is at work: statistics may be asked for from another thread.
        self._lock = threading.Lock()

    def open(self) -> None:
        """Begin to sniff.

        An interface that is down is waited for. With ``all``, so is one that cannot be sniffed on
        for another reason.

        Raises:
            InvalidFilter: libpcap refuses the filter.
            NoSuchInterface: one of the interfaces named does not exist.
            NotPermitted: the system does not let us; with ``all``, not on a single one.
            CaptureError: one of the interfaces named cannot be sniffed on.
        """
        library = self._library = self._library or load_library()
        if self._options.filter.strip():
            check_filter(self._options.filter, library)
        self._selector = selectors.DefaultSelector()
        self._next_scan = time.monotonic() + _RESCAN
        present = interface_indexes(library)
        try:
            if self._all:
                self._open_all(present)
            else:
                self._open_named(present, library)
        except CaptureError:
            self.close()
            raise

    def leave_out(self, own: OwnTraffic) -> None:
        """Do without some packets from now on; see `PacketSource.leave_out`.

        It may be open already: then it goes for packets that come later.
        """
        with self._lock:
            self._own = own
            self._filter_all()

    def narrow(self, only: Sequence[str] | None) -> None:
        """Let the kernel pass on only what one of some filters lets through, from now on.

        It may pass on more: what has a VLAN tag, and all packets of an interface for which such a
        filter cannot be made. What was captured before still comes.

        Args:
            only: the filters, as `narrowing.why_not_joined` has no objection to; none for no
                packet at all. None lets everything through that the options' filter does.
        """
        with self._lock:
            self._only = None if only is None else tuple(only)
            self._filter_all()

    def read(self, timeout: float) -> PacketBatch | None:
        """Take the next packets, all of one interface; see `PacketSource.read`."""
        self._at_work = True
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            if now >= self._next_scan:
                with self._lock:
                    self._scan()
                self._next_scan = now + _RESCAN
            wait = 0.0 if self._ready else max(0.0, min(deadline, self._next_scan) - now)
            self._wait(wait)
            with self._lock:
                batch = self._take()
            if batch is not None:
                return batch
            if time.monotonic() >= deadline:
                return None

    def progress(self) -> None:
        """None: there is no end to come nearer to."""

    def statistics(self) -> CaptureStatistics:
        """What was seen so far, on interfaces that have gone since too."""
        with self._lock:
            drops = [tap.handle.drops() for tap in self._taps.values() if tap.handle]
            by_kernel, by_interface = _sum(self._closed_drops, *drops)
            return CaptureStatistics(self._read + by_kernel, by_kernel, by_interface)

    def close(self) -> None:
        """Stop sniffing; harmless when done before."""
        with self._lock:
            for tap in self._taps.values():
                self._disconnect(tap)
            if self._selector:
                self._selector.close()
                self._selector = None

    def disown(self) -> None:
        """Let go of it in a process that was forked from the one that goes on with it.

        What the two share, `close` would change for both.
        """
        for tap in self._taps.values():
            if tap.handle is not None:
                tap.handle.close()
        if self._selector:
            self._selector.close()

    def _open_named(self, present: dict[str, int], library: Library) -> None:
        for tap in self._taps.values():
            try:
                self._connect(tap, present)
            except InterfaceDown as down:
                self._note(tap, str(down), logging.WARNING)
            except InterfaceGone:
                raise NoSuchInterface(tap.name, list(present)) from None
            except NotPermitted:
                # To those who may not sniff, the system says so whatever the name.
                if tap.name in present or tap.name in library.interfaces():
                    raise
                raise NoSuchInterface(tap.name, list(present)) from None

    def _open_all(self, present: dict[str, int]) -> None:
        self._taps = {name: _Tap(name) for name in present}
        refusals: dict[_Tap, CaptureError] = {}
        for tap in self._taps.values():
            try:
                self._connect(tap, present)
            except CaptureError as error:
                refusals[tap] = error
        if len(refusals) == len(self._taps):
            for kind in (NotPermitted, InvalidFilter):
                for refusal in refusals.values():
                    if isinstance(refusal, kind):
                        raise refusal
            logger.warning("there is no interface to sniff on yet; waiting for one")
        for tap, refusal in refusals.items():
            self._refused(tap, refusal)

    def _scan(self) -> None:
        """See which interfaces are there, and whether they are up."""
        assert self._library is not None
        present = interface_indexes(self._library)
        if self._all:
            for name in present.keys() - self._taps.keys():
                self._taps[name] = _Tap(name)
        for tap in list(self._taps.values()):
            real = tap.index is not None
            if tap.handle and real and present.get(tap.name) != tap.index:
                self._lose(tap, f"the interface {tap.name} is gone")
            if tap.handle and real and is_up(tap.name) != tap.up:
                self._turned(tap)
            if not tap.handle and (tap.name in present or not real):
                self._try(tap, present)
            if self._all and tap.name not in present:
                del self._taps[tap.name]

    def _try(self, tap: _Tap, present: dict[str, int]) -> None:
        """Begin to sniff on an interface if that can be done; log it, or why not."""
        try:
            self._connect(tap, present)
        except CaptureError as error:
            self._refused(tap, error)
            return
        logger.info("sniffing on %s%s", tap.name, " again" if tap.trouble else "")
        tap.trouble = None

    def _refused(self, tap: _Tap, error: CaptureError) -> None:
        # Many a host has interfaces that are always down.
        usual = isinstance(error, InterfaceDown | InterfaceGone)
        self._note(tap, str(error), logging.DEBUG if usual else logging.WARNING)

    def _connect(self, tap: _Tap, present: dict[str, int]) -> None:
        assert self._library is not None
        assert self._selector is not None
        tap.handle = self._library.open(tap.name, self._options)
        tap.index = present.get(tap.name)
        tap.up = True
        if self._own.ports or self._only is not None:
            self._filter(tap)
        if tap.handle.descriptor is not None:
            self._selector.register(tap.handle.descriptor, selectors.EVENT_READ, tap)

    def _filter_all(self) -> None:
        for tap in self._taps.values():
            if tap.handle is None:
                continue
            try:
                self._filter(tap, at_work=self._at_work)
            except InvalidFilter as error:
                if not self._at_work:
                    raise
                # It was taken once. Begun anew, the interface has what is wanted now.
                self._failed(tap, error)

    def _filter(self, tap: _Tap, *, at_work: bool = False) -> None:
        """Set the filter, as much of it as libpcap knows for the kind of packets."""
        assert tap.handle is not None
        wide = self._options.filter
        # (There are packets in which it finds no TCP.)
        wanted = [self._own.filtered_out(wide), wide]
        if self._only is not None:
            link_type = tap.handle.link_type
            narrow = [narrowed(filter, self._only, link_type) for filter in wanted]
            wanted = [*(filter for filter in narrow if filter is not None), *wanted]
        for expression in wanted[:-1]:
            with suppress(InvalidFilter):
                tap.handle.set_filter(expression, at_work=at_work)
                return
        tap.handle.set_filter(wide, at_work=at_work)

    def _disconnect(self, tap: _Tap) -> None:
        if tap.handle is None:
            return
        self._closed_drops = _sum(self._closed_drops, tap.handle.drops())
        if self._selector and tap.handle.descriptor is not None:
            self._selector.unregister(tap.handle.descriptor)
        tap.handle.close()
        tap.handle = None

    def _wait(self, timeout: float) -> None:
        """Wait until there are packets, and note whose turn it is."""
        assert self._selector is not None
        unheard = [
            tap for tap in self._taps.values() if tap.handle and tap.handle.descriptor is None
        ]
        if unheard:
            timeout = min(timeout, _POLL)
        if self._selector.get_map():
            heard = [key.data for key, _ in self._selector.select(timeout)]
        else:
            time.sleep(timeout)
            heard = []
        self._ready.extend(tap for tap in heard + unheard if tap not in self._ready)

    def _take(self) -> PacketBatch | None:
        """Take a batch of the first in turn that has packets."""
        while self._ready:
            tap = self._ready.popleft()
            if tap.handle is None:
                continue
            try:
                batch = tap.handle.read(_MAX_PACKETS)
            except CaptureError as error:
                self._failed(tap, error)
                continue
            if batch is None:
                continue
            if len(batch) == _MAX_PACKETS:
                # The rest makes no descriptor readable: libpcap has it already.
                self._ready.append(tap)
            self._read += len(batch)
            return batch
        return None

    def _failed(self, tap: _Tap, error: CaptureError) -> None:
        """A handle reports an error: its interface went down, or away."""
        assert self._library is not None
        present = interface_indexes(self._library)
        if tap.index is not None and present.get(tap.name) != tap.index:
            self._lose(tap, f"the interface {tap.name} is gone")
        elif tap.index is not None and tap.up and not is_up(tap.name):
            # The handle goes on when the interface comes up, and misses nothing.
            self._turned(tap)
        else:
            self._lose(tap, f"the interface {tap.name} fails: {error}")

    def _turned(self, tap: _Tap) -> None:
        tap.up = not tap.up
        if tap.up:
            logger.info("the interface %s is up again", tap.name)
        else:
            logger.warning("the interface %s is down; waiting for it", tap.name)

    def _lose(self, tap: _Tap, why: str) -> None:
        self._disconnect(tap)
        self._note(tap, why, logging.WARNING)

    def _note(self, tap: _Tap, trouble: str, level: int) -> None:
        """Log why an interface cannot be sniffed on, once."""
        if tap.trouble != trouble:
            tap.trouble = trouble
            logger.log(level, "%s; waiting for it", trouble)


def _sum(*drops: Drops) -> Drops:
    return Drops(*map(sum, zip(*drops, strict=True)))
