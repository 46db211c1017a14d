"""Run a command, giving a connection up on which nothing comes back for two seconds.

    python impatient.py sniff --hub localhost:11347 ...

Otherwise it takes more than a minute: too long for a test with twenty black holes.
"""

from __future__ import annotations

import importlib
import sys

from netdumplings.transport import client

if __name__ == "__main__":
    client.PING_INTERVAL = 0.7  # type: ignore[misc]
    client.PING_TIMEOUT = 1.3  # type: ignore[misc]
    command = importlib.import_module(f"netdumplings.console.{sys.argv.pop(1)}")
    command.main()
