"""What is left to do when the terminal has gone."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Final

#: Seconds for all that has a connection or a file open to close it.
GIVE_UP: Final = 3.0


def hung_up(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    """End without a terminal; for a handler of SIGHUP.

    The library's thread that writes ends at the first error, and then whoever has something to
    write waits for it without end. So what is written from now on goes nowhere, and who waits
    already is not waited for.

    Args:
        loop: the one that runs in this thread.
        end: ends the program, called by that loop.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    giving_up = threading.Timer(GIVE_UP, os._exit, (0,))
    giving_up.daemon = True
    giving_up.start()
    loop.call_soon_threadsafe(end)
