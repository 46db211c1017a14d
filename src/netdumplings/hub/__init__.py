"""The hub: it takes dumplings from all kitchens and gives every one to every eater.

- `router`: which bytes go to which eater, and what is counted. No sockets.
- `status`: the hub's own dumplings.
- `guests`: who is connected, and what they said of themselves.
- `site`: what is served to browsers, and to whoever asks by HTTP; the page is in ``page``.
- `service`: the two ports at work.
- `hub`: `DumplingHub`, which starts and stops all that.
"""

from __future__ import annotations

from .hub import DumplingHub

__all__ = ["DumplingHub"]
