"""Hubs that share a backbone, a real one."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from netdumplings import DumplingHub
from netdumplings.backbone import BackboneSettings, BackboneState

from .http import ask
from .hub_peers import PATIENCE, running_hub

MEBIBYTE = 1024 * 1024


@asynccontextmanager
async def joined_hubs(
    url: str, stream: str, *names: str, buffer_bytes: int = MEBIBYTE, **settings: Any
) -> AsyncIterator[list[DumplingHub]]:
    """Run hubs that share a backbone.

    Args:
        url: of a nats-server.
        stream: the name of the stream; hubs of others do not hear of these.
        *names: of the hubs.
        buffer_bytes: how much each holds for the backbone.
        **settings: as `DumplingHub` takes them.
    """
    backbone = BackboneSettings(
        servers=[url], stream=stream, max_bytes=MEBIBYTE, buffer_bytes=buffer_bytes
    )
    settings = {"status_freq": 0.2, "backbone": backbone, **settings}
    hubs = [running_hub(name=name, **settings) for name in names]
    await asyncio.gather(*(hub.__aenter__() for hub in hubs))
    try:
        yield hubs
    finally:
        await asyncio.gather(*(stop(hub) for hub in hubs))


async def stop(hub: DumplingHub) -> None:
    """Stop a hub, unless it has stopped."""
    if hub._service is not None:
        await hub.__aexit__(None, None, None)


async def status_of(hub: DumplingHub) -> dict[str, Any]:
    """Ask a hub how it is."""
    payload: dict[str, Any] = json.loads((await ask(hub.out_port, "/api/status")).body)
    return payload


async def until(hub: DumplingHub, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Ask a hub how it is until it says what is wanted; return that."""
    async with asyncio.timeout(PATIENCE):
        while not wanted(status := await status_of(hub)):
            await asyncio.sleep(0.02)
    return status


def joined_hub(servers: str | Sequence[str], stream: str, **settings: Any) -> DumplingHub:
    """Make a hub on free ports that joins a backbone; use it in an ``async with``.

    Args:
        servers: of NATS.
        stream: the stream's name.
        **settings: of `BackboneSettings`, if it has one of that name, or of the hub.
    """
    known = {field.name for field in dataclasses.fields(BackboneSettings)}
    backbone = {name: settings.pop(name) for name in list(settings) if name in known}
    servers = [servers] if isinstance(servers, str) else servers
    return running_hub(
        backbone=BackboneSettings(
            servers=servers, stream=stream, **{"max_bytes": MEBIBYTE, **backbone}
        ),
        **settings,
    )


def state_of(hub: DumplingHub) -> BackboneState:
    """Say how a hub stands with its backbone, without asking by its port."""
    assert hub._service
    assert hub._service._joined
    return hub._service._joined.state()


async def until_so(is_so: Callable[[], Any], complaint: Callable[[], Any] = str) -> None:
    """Wait for what is bound to come."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it does not come: {complaint()}") from None
