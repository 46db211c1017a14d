"""The hub: it takes dumplings from all kitchens and gives every one to every eater.

- `router`: which bytes go to which eater, and what is counted. No sockets.
- `status`: the hub's own dumplings.
- `guests`: who is connected, and what they said of themselves.
- `site`: the page, which is in ``page``; `statuses`, `metrics`: what else is answered by HTTP.
- `totals`, `eater_totals`: what kitchens have counted and eaters were sent, summed up by names, for
  which there are so many `places`; `told`: how counts are read.
- `service`: the two ports at work.
- `hub`: `DumplingHub`, which starts and stops all that.
"""

from __future__ import annotations

from .hub import DumplingHub

__all__ = ["DumplingHub"]
