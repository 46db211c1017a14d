"""The eater: it receives dumplings from a hub, those it asks for, and is told what it misses.

- `wishes`: what it asks for, as users write it and as a hub takes it.
- `talk`: what the hub's messages bring it, in either protocol. No sockets.
- `batches`: what one message of a hub brings. `gaps`: what it missed.
- `listening`: the connections to the hub, one after the other.
- `eater`: `DumplingEater`, which connects and calls handlers.
"""

from __future__ import annotations

from .batches import Cursor, DumplingBatch
from .eater import DumplingEater
from .gaps import Gap

__all__ = ["Cursor", "DumplingBatch", "DumplingEater", "Gap"]
