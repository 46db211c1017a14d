"""The filter of a capture, applied to packets of a file, whatever their link types."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ..exceptions import InvalidFilter
from ..packets import PacketBatch
from .column_filter import ColumnFilter
from .libpcap import load_library
from .linktypes import ETHERNET, RAW, dlt_of

if TYPE_CHECKING:
    from .libpcap import Library, PacketTest

logger = logging.getLogger(__name__)

#: Link types that among them know every word of the filter language: what none of them can
#: compile is wrong, and not just meant for another kind of packet. Ethernet, whose message is the
#: one to show, is first; then cooked, raw IP, 802.11, radiotap, PPP, pflog, MTP2, SunATM.
_LINK_TYPES: Final = (ETHERNET, 113, RAW, 105, 127, 9, 117, 140, 123)


def check_filter(expression: str, library: Library) -> None:
    """Make sure that a filter is one.

    Raises:
        InvalidFilter: libpcap can compile it for no kind of packet.
    """
    refusals = []
    for link_type in _LINK_TYPES:
        try:
            library.compile(dlt_of(link_type), expression)
        except InvalidFilter as refusal:
            refusals.append(refusal)
        else:
            return
    raise refusals[0]


class OfflineFilter:
    """Picks the packets that a filter lets through; compiled when a link type first comes.

    Where libpcap cannot compile it for a link type (it knows no IP inside of USB packets, no
    Ethernet addresses in raw IP), no packet of that type gets through, and a warning says so:
    whoever filters may rely on never seeing the rest, and live capture refuses such an interface
    likewise.

    Args:
        expression: in pcap-filter(7) language; an empty one lets every packet through.

    Raises:
        InvalidFilter: it is wrong whatever the link type.
    """

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._library: Library | None = None
        self._tests: dict[int, PacketTest | InvalidFilter] = {}
        self._warned: set[tuple[str, int]] = set()
        if expression.strip():
            self._library = load_library()
            check_filter(expression, self._library)
        self._columns = ColumnFilter.of(expression)

    def apply(self, batch: PacketBatch, source: str) -> PacketBatch:
        """Pick the packets of a batch that get through; arguments as for `matches`."""
        matches = self.matches(batch, source)
        return batch if matches.all() else batch.where(matches)

    def matches(self, batch: PacketBatch, source: str) -> npt.NDArray[np.bool_]:
        """Tell for each packet of a batch whether it gets through.

        Args:
            batch: packets.
            source: what to call them in the warning, the name of a file for instance; there is
                one warning for each source and link type.
        """
        if self._library is None:
            return np.ones(len(batch), np.bool_)
        test = self._tests.get(batch.link_type)
        if test is None:
            test = self._compile(self._library, batch.link_type)
        if not isinstance(test, InvalidFilter):
            if self._columns is None or batch.link_type != ETHERNET:
                return test(batch)
            matches, unknown = self._columns.tell(batch)
            if unknown.any():
                matches[unknown] = test(batch.where(unknown))
            return matches
        if (source, batch.link_type) not in self._warned:
            self._warned.add((source, batch.link_type))
            logger.warning(
                "%s: packets of link type %d are left out: %s; an empty filter lets them through",
                source,
                batch.link_type,
                test,
            )
        return np.zeros(len(batch), np.bool_)

    def _compile(self, library: Library, link_type: int) -> PacketTest | InvalidFilter:
        test: PacketTest | InvalidFilter
        try:
            test = library.compile(dlt_of(link_type), self._expression)
        except InvalidFilter as refusal:
            test = refusal
        self._tests[link_type] = test
        return test
