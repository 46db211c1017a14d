"""A program whose terminal has gone ends, though it waits for that terminal."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

STUCK = """
import asyncio, signal, threading
from netdumplings.console.top.hangup import hung_up

loop = asyncio.new_event_loop()
signal.signal(signal.SIGHUP, lambda *_: hung_up(loop, lambda: None))
print("ready", flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP")
def test_who_waits_for_the_terminal_is_not_waited_for() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as stuck:
        assert stuck.stdout
        assert stuck.stdout.readline() == b"ready\n"
        stuck.send_signal(signal.SIGHUP)
        assert stuck.wait(30) == 0
