"""What the tests of the hub's rooms share."""

from __future__ import annotations

import pytest

from netdumplings.hub.router import Router
from netdumplings.hub.sessions import Sessions
from support.outlets import Loop


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def router(loop: Loop, sessions: Sessions) -> Router:
    return Router(loop.call_soon, sessions, history_bytes=1 << 20, eater_buffer=1000)
