"""The books: what came in, and what became of it, at each place that can lose something.

Every identity that must hold of the counts of packets, dumplings and eaters is written here and
nowhere else. A ledger is a snapshot; it is for whoever takes it to take its counts together, so
that the identity holds at every snapshot and not merely in the end.
"""

from __future__ import annotations

from typing import NamedTuple


class PacketLedger(NamedTuple):
    """What became of the packets of a kitchen.

    At all times::

        received == handled + dropped_by_kernel + dropped_by_kitchen + waiting

    Once a replay has ended::

        packets in the files == received + filtered_out + damaged

    Attributes:
        received: packets that passed the filter.
        handled: those that passed all chefs.
        dropped_by_kernel: those for which the kernel had no room.
        dropped_by_kitchen: those that were read, and left when the kitchen was stopped.
        waiting: those that were read, and that the chefs are at.
        dropped_by_interface: packets for which the interface had no room; no filter saw them, so
            they are beside the identity.
        filtered_out: packets of capture files that did not pass the filter; beside it likewise.
        damaged: records of capture files that could not be read, one for each time that a file
            broke off; beside it likewise.
    """

    received: int = 0
    handled: int = 0
    dropped_by_kernel: int = 0
    dropped_by_kitchen: int = 0
    waiting: int = 0
    dropped_by_interface: int = 0
    filtered_out: int = 0
    damaged: int = 0

    def imbalance(self) -> int:
        """Return how many packets have no place in the books; 0 if they balance.

        Positive: they came in, and nobody knows where they went. Negative: more went than came.
        """
        dropped = self.dropped_by_kernel + self.dropped_by_kitchen
        return self.received - self.handled - dropped - self.waiting

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        return _violations(
            self, "received = handled + dropped by the kernel and the kitchen + waiting"
        )


class DumplingLedger(NamedTuple):
    """What became of the dumplings of a kitchen.

    At all times::

        made == acknowledged + held + dropped

    Attributes:
        made: dumplings that the outbox was given, those that a spool had left from a former
            process of the kitchen with them.
        acknowledged: those that a hub has.
        held: those in the outbox, sent or not.
        dropped: those lost: pushed out by younger ones, too big, or refused.
    """

    made: int = 0
    acknowledged: int = 0
    held: int = 0
    dropped: int = 0

    def imbalance(self) -> int:
        """Return how many dumplings have no place in the books; 0 if they balance."""
        return self.made - self.acknowledged - self.held - self.dropped

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        return _violations(self, "made = acknowledged + held + dropped")


class IntakeLedger(NamedTuple):
    """What became of the dumplings that kitchens sent to a hub.

    At all times::

        received == taken + duplicates

    Attributes:
        received: dumplings that came.
        taken: those that were routed, and went into the history.
        duplicates: those that the hub had already.
        lost: those that never came: their kitchens had dropped them, as the numbers show. They are
            beside the identity.
    """

    received: int = 0
    taken: int = 0
    duplicates: int = 0
    lost: int = 0

    def imbalance(self) -> int:
        """Return how many dumplings have no place in the books; 0 if they balance."""
        return self.received - self.taken - self.duplicates

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        return _violations(self, "received = taken + duplicates")


class EaterLedger(NamedTuple):
    """What became of the dumplings that a hub routed past one eater.

    At all times::

        routed == sent + filtered_out + dropped + waiting

    Attributes:
        routed: dumplings that came to the hub while the eater was there, and those of the history
            that it asked for.
        sent: those handed to its connection.
        filtered_out: those that its subscription does not let through.
        dropped: those left out because it was slow.
        waiting: those that are next to be sent.
    """

    routed: int = 0
    sent: int = 0
    filtered_out: int = 0
    dropped: int = 0
    waiting: int = 0

    def imbalance(self) -> int:
        """Return how many dumplings have no place in the books; 0 if they balance."""
        return self.routed - self.sent - self.filtered_out - self.dropped - self.waiting

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        return _violations(self, "routed = sent + filtered out + dropped + waiting")


class BackboneLedger(NamedTuple):
    """What became of the dumplings that a hub took from kitchens and gave to its backbone.

    At all times::

        taken == stored + waiting + left + refused

    Attributes:
        taken: dumplings that were taken from kitchens.
        stored: those that the backbone has.
        waiting: those that the hub holds, on their way or not.
        left: those that the hub held when it stopped. Their kitchens have them still, unless they
            do not number their dumplings.
        refused: those that are lost: each is larger than a message of the backbone may be.
    """

    taken: int = 0
    stored: int = 0
    waiting: int = 0
    left: int = 0
    refused: int = 0

    def imbalance(self) -> int:
        """Return how many dumplings have no place in the books; 0 if they balance."""
        return self.taken - self.stored - self.waiting - self.left - self.refused

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        return _violations(self, "taken = stored + waiting + left + refused")


class ReturnLedger(NamedTuple):
    """What became of the dumplings that a backbone gave to a hub.

    At all times::

        came == routed + repeated + damaged

    Attributes:
        came: dumplings that came, of the subjects that the hub's eaters want.
        routed: those that were routed past the eaters.
        repeated: those that had come before: two hubs had been sent them.
        damaged: those of messages that no hub has written.
    """

    came: int = 0
    routed: int = 0
    repeated: int = 0
    damaged: int = 0

    def imbalance(self) -> int:
        """Return how many dumplings have no place in the books; 0 if they balance."""
        return self.came - self.routed - self.repeated - self.damaged

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        return _violations(self, "came = routed + repeated + damaged")


class HubBooks(NamedTuple):
    """All books of a hub, taken at one moment; or the sums of those of several hubs.

    What each of the ledgers says of a hub holds of the sums, too: no hub counts what is another's.
    At all times, of hubs that have a backbone::

        intake.taken == storing.taken

    Attributes:
        intake: what became of what kitchens sent.
        eaters: what became of what was routed past eaters.
        storing: what became of what was given to the backbone; None if there is none.
        returning: what became of what came from it; likewise.
    """

    intake: IntakeLedger
    eaters: EaterLedger
    storing: BackboneLedger | None = None
    returning: ReturnLedger | None = None

    def violations(self) -> list[str]:
        """Return in words what is wrong, one sentence each; nothing if all is well."""
        wrong = [
            violation
            for ledger in self
            if isinstance(ledger, tuple)
            for violation in ledger.violations()
        ]
        if self.storing is not None and self.intake.taken != self.storing.taken:
            taken, given = self.intake.taken, self.storing.taken
            wrong.append(f"taken from kitchens = given to the backbone: {taken}, {given}")
        return wrong


Ledger = PacketLedger | DumplingLedger | IntakeLedger | EaterLedger | BackboneLedger | ReturnLedger


def _violations(ledger: Ledger, identity: str) -> list[str]:
    counts = ledger._asdict()
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    wrong = []
    if surplus := ledger.imbalance():
        wrong.append(f"{identity}: out by {surplus} ({told})")
    wrong += [
        f"{name} is {count}: no count is negative" for name, count in counts.items() if count < 0
    ]
    return wrong
