"""The base class of every chef."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .packets import Packet


class DumplingChef:
    """Turns packets, or the passing of time, into payloads of dumplings.

    Subclass it and override `packet_handler`, `interval_handler`, or both; and `closing_handler`,
    if there is something left to tell when the kitchen ends. What a handler returns becomes the
    payload of a dumpling: any JSON value; None makes no dumpling. Handlers of one chef never run at
    the same time, so a chef needs no lock.

    The fast way is to define, in place of `packet_handler`, ``batch_handler(self, packets)``. It is
    given many packets at once, at least one, as a `netdumplings.packets.PacketBatch`: arrays of
    times, lengths, addresses and ports, and iterating it gives the packets themselves. What it
    returns is one payload; as a generator it may ``yield`` any number. How many packets make a
    batch is the kitchen's affair. Where a class defines both handlers, the batch one is called; a
    subclass that overrides only ``packet_handler`` has that one called.

    A handler that raises is logged and counted; the kitchen goes on, and so does the chef.

    A subclass that keeps state may define ``__init__(self, *args, **kwargs)``; it must call
    ``super().__init__(*args, **kwargs)``.

    Args:
        kitchen: the kitchen it works in (anything with a ``name``), or just that name.

    Attributes:
        kitchen: as given.
        name: the class name; it names the chef in every dumpling.
        dumplings_sent_count: how many dumplings its handlers have made.
        assignable_to_kitchen: a class attribute; False makes ``nd-sniff`` leave the class alone
            (for a base class of other chefs).
        by_request: a class attribute; True makes ``nd-sniff`` run it only where it is asked for,
            by its name (``--chef``) or with all others (``--menu all``).
        only_when_wanted: a class attribute; True has it rest while no eater anywhere subscribes to
            it: it is given no packets and none of its handlers is called. Before its kitchen has
            heard from a hub who wants what, and in replays, it is run.
        packet_filter: which packets its handlers are given, in pcap-filter(7) language, as in
            ``packet_filter = "udp port 53"``; None for every packet its kitchen sniffs. A class
            attribute, or set in ``__init__``.
        display: how to show what it makes, in the page of a hub: a dict that holds JSON, as in
            ``display = {"view": "bars", "of": ["counts"], "rate": True}``; None leaves it to the
            page. A class attribute. What may be in it is in the reference, under "How a chef is
            shown".
    """

    assignable_to_kitchen: ClassVar[bool] = True
    by_request: ClassVar[bool] = False
    only_when_wanted: ClassVar[bool] = False
    packet_filter: str | None = None
    display: ClassVar[Mapping[str, Any] | None] = None

    def __init__(self, kitchen: Any = None) -> None:
        self.kitchen = kitchen
        self.name = type(self).__name__
        self.dumplings_sent_count = 0

    def packet_handler(self, packet: Packet) -> Any:
        """Make a payload of one packet.

        Args:
            packet: a scapy packet.

        Returns:
            any JSON value, or None for no dumpling. This base implementation returns a one-line
            summary of the packet.
        """
        return f"{self.name}: {packet.summary()}"

    def interval_handler(self, interval: float | None = None) -> Any:
        """Make a payload because some time has gone by.

        It is called once at start-up, then every poke interval, whether or not packets arrive.

        Args:
            interval: the poke interval, in seconds.

        Returns:
            any JSON value, or None (which is all this base implementation does) for no dumpling.
        """
        return None

    def closing_handler(self) -> Any:
        """Make a payload because the kitchen ends: of whatever would be told later otherwise.

        It is called once, after all other handlers: when a replay is over, and when a kitchen is
        stopped by ctrl-c, a signal or its `stop`. One that is stopped has a second for all of its
        chefs, and leaves out what is not told by then. It is not called when the kitchen is killed,
        nor of a chef that is not run any more, nor of one whose place an edited one takes.

        Returns:
            any JSON value, for a dumpling whose driver is ``"interval"``, or None (which is all
            this base implementation does) for no dumpling. As a generator it may yield any number.
        """
        return None

    def __repr__(self) -> str:
        return f"<{self.name} in kitchen {getattr(self.kitchen, 'name', self.kitchen)!r}>"
