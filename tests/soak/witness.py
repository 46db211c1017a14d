"""An eater that keeps books: which numbers of which life of a kitchen it has eaten.

    python witness.py HUB

It writes a line of JSON when it is connected, at every gap, and ten times a second if it has eaten;
on SIGTERM all that it has eaten, and ends.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Any

from netdumplings import Dumpling, DumplingEater, Gap
from netdumplings.transport import client


class Witness(DumplingEater):
    """Notes runs of consecutive numbers, so that millions of dumplings take little memory."""

    def __init__(self, hub: str) -> None:
        super().__init__("witness", hub, chef_filter=["NumberChef"], since=0)
        self.runs: dict[str, list[list[int]]] = {}
        self._eaten = 0
        self._told_at = 0.0

    async def on_connect(self, hub_uri: str, websocket: Any) -> None:
        tell(connected=True)

    async def on_dumpling(self, dumpling: Dumpling) -> None:
        life, number, _ = dumpling.payload
        runs = self.runs.setdefault(life, [])
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
        self._eaten += 1
        if time.monotonic() - self._told_at > 0.1:
            self._told_at = time.monotonic()
            tell(eaten=self._eaten, life=life)

    async def on_gap(self, gap: Gap) -> None:
        tell(missed=gap.missed, reason=gap.reason)


def tell(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    # As impatient as the kitchen: see impatient.py.
    client.PING_INTERVAL = client.PING_TIMEOUT = 0.5  # type: ignore[misc]
    client.STEADY = 0.0  # type: ignore[misc]
    witness = Witness(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: witness.stop())
    witness.run()
    tell(runs=witness.runs)
