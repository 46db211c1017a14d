"""The last resort: a command that was told to stop is over within five seconds, come what may."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from netdumplings import DumplingKitchen

logger = logging.getLogger(__name__)

#: Seconds that the kitchen has for its own ways of ending.
PATIENCE: Final = 4.2


def end_in_time(kitchen: DumplingKitchen) -> None:
    """See to it that this process ends soon after a kitchen is told to stop: with status 1.

    What may keep it then is nothing that can be ended from within Python: a chef that does not
    come back from a call into the system, a thread that a chef has started, a disk that hangs.
    """
    threading.Thread(target=_wait, args=(kitchen,), name="last resort", daemon=True).start()


def _wait(kitchen: DumplingKitchen) -> None:
    kitchen.stopping.wait()
    time.sleep(PATIENCE)
    stuck = kitchen.statistics().stuck
    logger.error(
        "the kitchen was told to stop and could not in time: %s; the process is ended",
        f"chef {stuck.chef}: its {stuck.handler} does not return"
        if stuck
        else "something keeps it (a thread of a chef's, or a disk that hangs)",
    )
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(1)
