"""Hubs in the test's own event loop that have joined a backbone."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from netdumplings import DumplingHub
from netdumplings.backbone import BackboneSettings, BackboneState

from .hub_peers import PATIENCE, running_hub

_numbers = itertools.count(1)


def new_stream() -> str:
    """A name that no other test's stream has, on servers that tests share."""
    return f"dumplings-{next(_numbers)}"


def joined_hub(servers: str | list[str], stream: str, **settings: Any) -> DumplingHub:
    """A hub on free ports that joins a backbone; use it in an ``async with``.

    Args:
        servers: of NATS.
        stream: the stream's name.
        **settings: of `BackboneSettings`, if it has one of that name, or of the hub.
    """
    fields = BackboneSettings.__dataclass_fields__
    backbone = {name: settings.pop(name) for name in list(settings) if name in fields}
    servers = [servers] if isinstance(servers, str) else servers
    return running_hub(
        backbone=BackboneSettings(servers=servers, stream=stream, **backbone), **settings
    )


def state_of(hub: DumplingHub) -> BackboneState:
    """How a hub stands with its backbone."""
    assert hub._service
    assert hub._service._joined
    return hub._service._joined.state()


async def until(is_so: Callable[[], Any], complaint: Callable[[], Any] = lambda: "") -> None:
    """Wait for what is bound to come."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it does not come: {complaint()}") from None
