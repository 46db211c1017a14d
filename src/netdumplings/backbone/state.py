"""How a hub stands with its backbone: what the status says of it."""

from __future__ import annotations

import msgspec

from ..delivery import BackboneLedger, ReturnLedger


class BackboneState(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot.

    Attributes:
        connected: whether the hub is connected to a server, and the stream is there.
        server: the address of that server, or of the last one; empty if there was none yet.
        problem: why nothing is stored, in words; empty if all is well.
        stream: the stream's name.
        messages: how many messages it holds, as far as the hub knows.
        bytes: bytes that those take.
        first: the sequence number of the oldest.
        last: that of the youngest.
        replicas: how many servers have it; 0 if the hub does not know yet.
        differs: what of the stream is not as the hub's settings say, in words; empty if all is.
        wanted: the subjects that the hub consumes.
        waiting_bytes: bytes of dumplings that the hub holds and the stream has not.
        kitchens_paused: whether the hub reads no more from kitchens until the stream takes some.
        storing: what became of what kitchens sent.
        returning: what became of what the stream gave.
    """

    connected: bool = False
    server: str = ""
    problem: str = ""
    stream: str = ""
    messages: int = 0
    bytes: int = 0
    first: int = 0
    last: int = 0
    replicas: int = 0
    differs: list[str] = []
    wanted: list[str] = []
    waiting_bytes: int = 0
    kitchens_paused: bool = False
    storing: BackboneLedger = BackboneLedger()
    returning: ReturnLedger = ReturnLedger()
