"""What a kitchen and each of its chefs have done: snapshots, and how they are told."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ..delivery import DumplingLedger, OutboxStatistics, PacketLedger
from .intake import Traffic

#: Characters of the reason why a chef is quarantined that are told the hub.
LONGEST_WHY: Final = 400
#: Characters of the filter of the kernel that are told it.
LONGEST_FILTER: Final = 1000


class StuckCall(NamedTuple):
    """A call of a handler that has not returned for long.

    Attributes:
        chef: the chef's name.
        handler: the name of its handler.
        seconds: for how long.
    """

    chef: str
    handler: str
    seconds: float


class ChefStatistics(NamedTuple):
    """What a chef has done so far.

    Attributes:
        packets: how many packets it was handed.
        seconds: how long it took: its handlers, the dissecting of packets it looked into, and
            making JSON of what it returned.
        dumplings: how many dumplings it made.
        errors: how often it raised, or returned what is no payload.
        packets_missed: how many packets it should have been handed and was not: an isolated chef
            that is slower than live packets come, or whose process has ended.
    """

    packets: int = 0
    seconds: float = 0.0
    dumplings: int = 0
    errors: int = 0
    packets_missed: int = 0


class KitchenStatistics(NamedTuple):
    """What a kitchen has done so far.

    At all times::

        packets_received == packets_handled + packets_dropped_by_kernel
                            + packets_dropped_by_kitchen + packets_waiting
        dumplings_made == dumplings_acknowledged + dumplings_held + dumplings_dropped

    and once a replay has ended, what its files have is
    ``packets_received + packets_filtered_out + packets_damaged``.

    Attributes:
        packets_received: packets that passed the filter, as the capture counts them.
        packets_dropped_by_kernel: those the kernel had no room for.
        packets_dropped_by_interface: those the interface had no room for, before any filter.
        packets_dropped_by_kitchen: those that were read, and left when the kitchen was stopped.
        packets_handled: those that passed all chefs.
        packets_waiting: those that were read and are being handled.
        packets_filtered_out: packets of capture files that did not pass the filter; 0 live, where
            the kernel filters and does not count.
        packets_damaged: records of capture files that could not be read: one for each time that a
            file broke off.
        bytes_handled: bytes on the wire of the packets handled. (This and the next two are of whole
            batches: what is being handled is not in them yet.)
        traffic: packets and bytes of those, by layer. Every packet is in one of ``IP``, ``IPv6``,
            ``ARP`` and ``other``, and may be in ``TCP``, ``UDP``, ``ICMP`` or ``ICMPv6`` besides.
        behind: how far the kitchen is behind its packets, seconds: since the one was captured that
            it handled last, if others wait, and else how old that was when it was handled. None
            in a replay, and before the first.
        dumplings_made: what the chefs made of them, and what a former run had left in a spool.
        dumplings_acknowledged: of these, how many a hub has taken; or whoever iterates over the
            kitchen.
        dumplings_held: how many wait for a hub.
        dumplings_on_disk: how many of those held are in the spool, and would survive a crash.
        dumplings_dropped: how many were dropped while no hub took them.
        errors: how many errors each chef has made, by its name; only of those that made some.
        chefs: what each chef has done, by its name.
        quarantined: why chefs are not run any more, by their name; only of those that are not.
        stuck: a call of a handler that has not returned for long; None if there is none.
        not_wanted: the names of chefs that rest because nobody wants them. What they are not
            handed is no loss.
        kernel_filter: what the kernel passes on because a chef is for it, in pcap-filter(7)
            language; None if it passes on everything that passes the kitchen's filter.
    """

    packets_received: int
    packets_dropped_by_kernel: int
    packets_dropped_by_interface: int
    packets_dropped_by_kitchen: int
    packets_handled: int
    packets_waiting: int
    packets_filtered_out: int
    packets_damaged: int
    bytes_handled: int
    traffic: dict[str, tuple[int, int]]
    behind: float | None
    dumplings_made: int
    dumplings_acknowledged: int
    dumplings_held: int
    dumplings_on_disk: int
    dumplings_dropped: int
    errors: dict[str, int]
    chefs: dict[str, ChefStatistics]
    quarantined: dict[str, str]
    stuck: StuckCall | None = None
    not_wanted: tuple[str, ...] = ()
    kernel_filter: str | None = None

    @property
    def packets(self) -> PacketLedger:
        """The packets, as books that must balance."""
        return PacketLedger(
            received=self.packets_received,
            handled=self.packets_handled,
            dropped_by_kernel=self.packets_dropped_by_kernel,
            dropped_by_kitchen=self.packets_dropped_by_kitchen,
            waiting=self.packets_waiting,
            dropped_by_interface=self.packets_dropped_by_interface,
            filtered_out=self.packets_filtered_out,
            damaged=self.packets_damaged,
        )

    @property
    def dumplings(self) -> DumplingLedger:
        """The dumplings, as books that must balance."""
        return DumplingLedger(
            made=self.dumplings_made,
            acknowledged=self.dumplings_acknowledged,
            held=self.dumplings_held,
            dropped=self.dumplings_dropped,
        )


def kitchen_statistics(
    packets: PacketLedger,
    traffic: Traffic,
    behind: float | None,
    dumplings: OutboxStatistics,
    errors: dict[str, int],
    chefs: dict[str, ChefStatistics],
    quarantined: dict[str, str],
    stuck: StuckCall | None = None,
    not_wanted: tuple[str, ...] = (),
    kernel_filter: str | None = None,
) -> KitchenStatistics:
    """Put together what was counted in different places."""
    return KitchenStatistics(
        packets_received=packets.received,
        packets_dropped_by_kernel=packets.dropped_by_kernel,
        packets_dropped_by_interface=packets.dropped_by_interface,
        packets_dropped_by_kitchen=packets.dropped_by_kitchen,
        packets_handled=packets.handled,
        packets_waiting=packets.waiting,
        packets_filtered_out=packets.filtered_out,
        packets_damaged=packets.damaged,
        bytes_handled=traffic.bytes,
        traffic=traffic.layers,
        behind=behind,
        dumplings_made=dumplings.made,
        dumplings_acknowledged=dumplings.acknowledged,
        dumplings_held=dumplings.held,
        dumplings_on_disk=dumplings.held_on_disk,
        dumplings_dropped=dumplings.dropped,
        errors=errors,
        chefs=chefs,
        quarantined=quarantined,
        stuck=stuck,
        not_wanted=not_wanted,
        kernel_filter=kernel_filter,
    )


def announced(statistics: KitchenStatistics, *, with_chefs: bool = True) -> dict[str, Any]:
    """The counts as a kitchen announces them to its hub.

    Args:
        statistics: what was counted.
        with_chefs: False leaves out the counts of each chef, for kitchens that have hundreds.
    """
    counts: dict[str, Any] = {
        "packets_received": statistics.packets_received,
        "packets_handled": statistics.packets_handled,
        "packets_dropped_by_kernel": statistics.packets_dropped_by_kernel,
        "packets_dropped_by_interface": statistics.packets_dropped_by_interface,
        "packets_dropped_by_kitchen": statistics.packets_dropped_by_kitchen,
        "packets_waiting": statistics.packets_waiting,
        "packets_filtered_out": statistics.packets_filtered_out,
        "packets_damaged": statistics.packets_damaged,
        "bytes_handled": statistics.bytes_handled,
        "traffic": statistics.traffic,
        "behind": None if statistics.behind is None else round(statistics.behind, 3),
        "dumplings_made": statistics.dumplings_made,
        "dumplings_acknowledged": statistics.dumplings_acknowledged,
        "dumplings_held": statistics.dumplings_held,
        "dumplings_on_disk": statistics.dumplings_on_disk,
        "dumplings_dropped": statistics.dumplings_dropped,
    }
    if statistics.quarantined:
        counts["quarantined"] = {
            name: why[:LONGEST_WHY] for name, why in statistics.quarantined.items()
        }
    if statistics.stuck:
        counts["stuck"] = statistics.stuck._asdict()
    if statistics.not_wanted:
        counts["not_wanted"] = statistics.not_wanted
    if statistics.kernel_filter is not None:
        counts["kernel_filter"] = statistics.kernel_filter[:LONGEST_FILTER]
    if with_chefs:
        counts["chefs"] = {
            name: {**chef._asdict(), "seconds": round(chef.seconds, 3)}
            for name, chef in statistics.chefs.items()
        }
    return counts


def summary(statistics: KitchenStatistics) -> str:
    """What a kitchen did, in one line for the log; to go on after the kitchen's name."""
    return (
        f"handled {statistics.packets_handled} of {statistics.packets_received} packets "
        f"(dropped: {statistics.packets_dropped_by_kernel} by the kernel, "
        f"{statistics.packets_dropped_by_kitchen} by the kitchen; before the filter, "
        f"{statistics.packets_dropped_by_interface} by the interfaces; of the files, "
        f"{statistics.packets_filtered_out} filtered out, {statistics.packets_damaged} damaged) "
        f"and made {statistics.dumplings_made} dumplings; "
        f"its chefs made {sum(statistics.errors.values())} errors"
    )


def chef_summary(chef: ChefStatistics, quarantined: str | None = None) -> str:
    """What a chef did, in one line for the log; to go on after the chef's name.

    Args:
        chef: what was counted.
        quarantined: why it is not run any more; None if it is.
    """
    missed = f", {chef.packets_missed} packets missed" if chef.packets_missed else ""
    end = "" if quarantined is None else f"; quarantined: {quarantined}"
    each = f" ({chef.seconds / chef.packets * 1e6:.2f} us each)" if chef.packets else ""
    return (
        f"{chef.packets} packets in {chef.seconds:.2f} s{each}, "
        f"{chef.dumplings} dumplings, {chef.errors} errors{missed}{end}"
    )
