"""How dumplings get to a hub, each of them once: what a kitchen needs, and whoever acts as one.

- `link`: `HubLink`, a connection to a hub and the dumplings that it has not taken yet.
- `talks`: what is said on it, in either protocol.
- `asking`: which chefs a kitchen asks its hub about.
- `stock`: the dumplings, between the thread that makes them and the event loop that sends.
- `packets`: what goes beside them, where a hub asks for it.
- `tending`: keeps those that are to survive a crash on a disk.
"""

from __future__ import annotations

from .link import HubLink

__all__ = ["HubLink"]
