"""The signals that end a kitchen."""

from __future__ import annotations

import signal


def ending_signals() -> list[signal.Signals]:
    """SIGINT, SIGTERM, and SIGHUP, unless nohup(1) or the like has it ignored."""
    found = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        found.append(hangup)
    return found
