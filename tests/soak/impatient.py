"""Run a command that gives a connection up on which nothing comes back for a second.

    python impatient.py sniff --hub localhost:11347 ...

Otherwise that takes more than a minute: too long for a test with some black holes. And every
connection was a good one, after which the next is tried for soon, however often the hub is killed.
"""

from __future__ import annotations

import importlib
import sys

from netdumplings.transport import client

if __name__ == "__main__":
    client.PING_INTERVAL = 0.3  # type: ignore[misc]
    client.PING_TIMEOUT = 0.7  # type: ignore[misc]
    client.STEADY = 0.0  # type: ignore[misc]
    command = importlib.import_module(f"netdumplings.console.{sys.argv.pop(1)}")
    command.main()
