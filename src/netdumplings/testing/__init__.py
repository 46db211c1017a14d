"""What the author of a chef needs to test it: run it over packets, and look at its dumplings.

Nothing here needs pytest, but for `fixtures`, which pytest finds by itself.

- `packets`: batches of whatever a test has for packets.
- `trial`: chefs at work, step by step, and their dumplings.
- `comparing`: dumplings beside those that were expected.
- `together`: a hub, a kitchen and an eater that run while a test does.
- `timing`: how long a chef takes, for ``nd-chef bench``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparing import (
        as_lines,
        assert_same,
        difference,
        payloads,
        read_lines,
    )
    from .packets import START, packet_batch
    from .together import (
        CollectingEater,
        RunningHub,
        RunningKitchen,
        collecting_eater,
        running_hub,
        running_kitchen,
    )
    from .trial import HandlerError, TrialKitchen, load_chef, run_chef

__all__ = [
    "START",
    "CollectingEater",
    "HandlerError",
    "RunningHub",
    "RunningKitchen",
    "TrialKitchen",
    "as_lines",
    "assert_same",
    "collecting_eater",
    "difference",
    "load_chef",
    "packet_batch",
    "payloads",
    "read_lines",
    "run_chef",
    "running_hub",
    "running_kitchen",
]

# Found on first use: pytest loads `fixtures` wherever this package is installed, and whoever tests
# something else is not to wait for scapy.
_LATER = {
    "START": "packets",
    "CollectingEater": "together",
    "HandlerError": "trial",
    "RunningHub": "together",
    "RunningKitchen": "together",
    "TrialKitchen": "trial",
    "as_lines": "comparing",
    "assert_same": "comparing",
    "collecting_eater": "together",
    "difference": "comparing",
    "load_chef": "trial",
    "packet_batch": "packets",
    "payloads": "comparing",
    "read_lines": "comparing",
    "run_chef": "trial",
    "running_hub": "together",
    "running_kitchen": "together",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
