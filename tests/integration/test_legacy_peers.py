"""Peers written in ten lines against a WebSocket library alone: the examples, as processes."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from support.hub_peers import PATIENCE, running_hub

EXAMPLES = Path(__file__).parents[2] / "examples"


async def example(name: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLES / name, *arguments, stdout=asyncio.subprocess.PIPE
    )


async def test_a_legacy_eater_gets_every_dumpling_of_a_legacy_kitchen() -> None:
    async with asyncio.timeout(PATIENCE):
        async with running_hub(status_freq=0.1) as hub:
            eater = await example("legacy_eater.py", f"ws://localhost:{hub.out_port}")
            assert eater.stdout
            # Once it is fed a status dumpling it is there for all that follow.
            first = json.loads(await eater.stdout.readline())
            assert first["metadata"]["chef"] == "SystemStatusChef"
            assert first["payload"]["dumpling_eaters"][0]["info_from_eater"] == {
                "eater_name": "legacy_eater"
            }
            kitchen = await example("legacy_kitchen.py", f"ws://localhost:{hub.in_port}", "1000")
            assert await kitchen.wait() == 0
        # The hub has stopped, so the eater ends too, having read all that was sent.
        rest = [json.loads(line) for line in (await eater.stdout.read()).splitlines()]
        assert await eater.wait() == 0
    counts = [one["payload"]["count"] for one in rest if one["metadata"]["chef"] == "CountChef"]
    assert counts == list(range(1000))


def test_the_examples_use_nothing_of_ours() -> None:
    for name in ("legacy_kitchen.py", "legacy_eater.py"):
        assert "netdumplings" not in (EXAMPLES / name).read_text()
