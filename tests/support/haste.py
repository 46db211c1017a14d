"""A backbone that is given up, and tried again, after a moment, so that tests need not wait."""

from __future__ import annotations

import pytest

from netdumplings.backbone import backbone, consuming, link, publishing, reading


def make_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten whatever a hub waits for of its backbone.

    These are constants of the modules, which they look up each time. A server whose JetStream has
    lost its leader still takes its time: 4 to 9 seconds.
    """
    for module, name, seconds in (
        (link, "RETRY_EVERY", 0.05),
        (link, "PING_EVERY", 0.5),
        (link, "ANSWER_WITHIN", 1.0),
        (link, "GLANCE", 0.1),
        (backbone, "LOOK_EVERY", 0.1),
        (publishing, "LONGEST_WAIT", 0.1),
        (consuming, "SILENCE", 1.0),
        (reading, "SILENCE", 1.0),
        (reading, "HEARTBEAT", 0.4),
    ):
        monkeypatch.setattr(module, name, seconds)
