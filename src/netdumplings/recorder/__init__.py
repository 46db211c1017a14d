"""From a hub into a recording, and back: what ``nd-record`` and ``nd-replay`` do.

- `recorder`: an eater that records; `writing`: the thread that writes what it eats.
- `replayer`: sends recorded dumplings to a hub; `selecting`: which; `timing`, `pace`: when.
"""

from __future__ import annotations

from .pace import Pace
from .recorder import Recorder
from .replayer import Replayer
from .selecting import Chosen, Counts, Selection
from .timing import paced, restamped

__all__ = [
    "Chosen",
    "Counts",
    "Pace",
    "Recorder",
    "Replayer",
    "Selection",
    "paced",
    "restamped",
]
