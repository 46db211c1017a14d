"""Streams that take nothing, are not as they should be, or go away: hubs say so, and go on."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig

from netdumplings import DumplingHub
from netdumplings.wire import EaterSide, Gap
from support.haste import make_haste
from support.hub_peers import dumpling
from support.joined_hubs import joined_hub, state_of, until_so
from support.nats import NatsServer
from support.v2_peers import v2_eater, v2_kitchen

HELLO = '{"eater_name": "test_eater"}'
KIBIBYTE = "x" * 900


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    make_haste(monkeypatch)


@pytest.fixture
async def engine(nats_server: NatsServer) -> AsyncIterator[JetStreamContext]:
    """JetStream, as an operator has it."""
    connection = await nats.connect(nats_server.url)
    yield connection.jetstream()
    await connection.close()


def config(stream: str, **settings: Any) -> StreamConfig:
    """A stream that hubs can use, but for what is said."""
    usual: dict[str, Any] = {"subjects": [f"{stream}.>"], "allow_atomic": True}
    return StreamConfig(stream, **usual | settings)


def says(hub: DumplingHub, words: str) -> Any:
    return lambda: words in state_of(hub).problem


async def test_what_a_full_stream_refuses_is_not_acknowledged_and_flows_when_there_is_room(
    nats_server: NatsServer, engine: JetStreamContext, stream: str
) -> None:
    await engine.add_stream(config(stream, discard=DiscardPolicy.NEW, max_bytes=20_000))
    async with (
        joined_hub(nats_server.url, stream) as hub,
        v2_eater(hub) as eater,
        v2_kitchen(hub) as source,
    ):
        await source.hello()
        for number in range(1, 41):
            # Some are stored one by one, some as groups.
            await source.send(number, dumpling([number, KIBIBYTE], chef=f"c{number // 5 % 2}"))
        await until_so(says(hub, "maximum bytes exceeded"))
        stored = state_of(hub).storing.stored
        assert 0 < stored < 40
        await source.acknowledged(stored)
        await engine.update_stream(config(stream, discard=DiscardPolicy.NEW, max_bytes=10**6))
        await source.acknowledged(40)
        assert [number for number, _ in await eater.payloads(40)] == list(range(1, 41))
        assert state_of(hub).problem == ""
        assert not state_of(hub).storing.violations()


async def test_a_stream_with_other_limits_is_used_as_it_is(
    nats_server: NatsServer, engine: JetStreamContext, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    await engine.add_stream(config(stream, max_bytes=10**6, max_age=60.0))
    async with (
        joined_hub(nats_server.url, stream, max_bytes=2 * 10**6, max_age=0) as hub,
        v2_kitchen(hub) as source,
    ):
        await source.hello()
        await source.send(1, dumpling(1))
        await source.acknowledged(1)
        assert state_of(hub).differs == [
            "max_age is 60 s, and --backbone-max-age says unlimited",
            "max_bytes is 1000000, and --backbone-max-bytes says 2000000",
        ]
    assert caplog.text.count("the stream is used as it is: max_") == 2
    assert (await engine.stream_info(stream)).config.max_bytes == 10**6


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"allow_atomic": False}, "does not store several messages as one"),
        ({"retention": RetentionPolicy.INTEREST}, "its retention is 'interest'"),
        ({"max_msgs_per_subject": 1}, "only so many messages of a subject"),
        ({"subjects": ["STREAM.*.*"]}, "its subjects lack"),
        ({"no_ack": True}, "does not say what it has stored"),
    ],
)
async def test_a_stream_that_would_lose_dumplings_is_not_used_until_it_is_put_right(
    nats_server: NatsServer,
    engine: JetStreamContext,
    stream: str,
    wrong: dict[str, Any],
    told: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if "subjects" in wrong:
        wrong = {"subjects": [one.replace("STREAM", stream) for one in wrong["subjects"]]}
    await engine.add_stream(config(stream, **wrong))
    async with joined_hub(nats_server.url, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        await source.send(1, dumpling(1))
        await until_so(says(hub, told))
        assert not state_of(hub).connected
        assert (await engine.stream_info(stream)).state.messages == 0
        assert told in caplog.text
        await engine.delete_stream(stream)
        await source.acknowledged(1)
        assert state_of(hub).problem == ""


async def test_a_stream_that_is_deleted_is_made_anew_and_goes_on(
    nats_server: NatsServer, engine: JetStreamContext, stream: str
) -> None:
    side, away, far = EaterSide(HELLO), EaterSide(HELLO), EaterSide(HELLO)
    async with joined_hub(nats_server.url, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        async with v2_eater(hub, side) as eater:
            async with v2_eater(hub, away) as other, v2_eater(hub, far) as another:
                await source.send(1, dumpling(1), dumpling(2))
                assert await other.payloads(2) == await another.payloads(2) == [1, 2]
            assert await eater.payloads(2) == [1, 2]
            await source.acknowledged(2)
            await engine.delete_stream(stream)
            await source.send(3, dumpling(3))
            await source.acknowledged(3)
            assert await eater.payloads(1) == [3]
            await source.send(4, dumpling(4))
            assert await eater.payloads(1) == [4]
        # Who was away meanwhile has its place in another stream.
        async with v2_eater(hub, away) as other:
            assert await other.payloads(2) == [3, 4]
        async with v2_eater(hub, EaterSide(HELLO, since=0.0)) as other:
            assert await other.payloads(2) == [3, 4]
        assert (await engine.stream_info(stream)).state.messages == 2
    async with joined_hub(nats_server.url, stream) as hub, v2_eater(hub, far) as another:
        assert await another.payloads(2) == [3, 4]


async def test_a_purged_stream_goes_on_and_its_eaters_are_told_what_they_missed(
    nats_server: NatsServer, engine: JetStreamContext, stream: str
) -> None:
    side = EaterSide(HELLO)
    async with joined_hub(nats_server.url, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        async with v2_eater(hub, side) as eater:
            await source.send(1, dumpling(1))
            assert await eater.payloads(1) == [1]
        await source.send(2, dumpling(2), dumpling(3))
        await source.acknowledged(3)
        await engine.purge_stream(stream)
        await source.send(4, dumpling(4))
        await source.acknowledged(4)
    # A hub that has nothing of it in its memory.
    async with joined_hub(nats_server.url, stream) as hub, v2_eater(hub, side) as eater:
        gap = await eater.next()
        assert isinstance(gap, Gap)
        assert (gap.reason, gap.missed) == ("history", 2)
        assert await eater.payloads(1) == [4]


@pytest.mark.parametrize("by", ["server", "stream"])
async def test_what_no_message_holds_is_refused_and_told_and_the_rest_goes_on(
    nats_server: NatsServer,
    engine: JetStreamContext,
    stream: str,
    by: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if by == "stream":
        await engine.add_stream(config(stream, max_msg_size=10_000))
        await _send_too_large(nats_server, stream, caplog)
        return
    with NatsServer(tmp_path / "own", more={"max_payload": 10_000}) as server:
        await _send_too_large(server, stream, caplog)


async def _send_too_large(
    server: NatsServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        joined_hub(server.url, stream) as hub,
        v2_eater(hub) as eater,
        v2_kitchen(hub) as source,
    ):
        await source.hello()
        large = "x" * 20_000
        await source.send(1, dumpling(1), dumpling(large), dumpling(3))
        await source.send(4, dumpling(large), dumpling(large))
        await source.send(6, *map(dumpling, range(6, 100)))
        await source.acknowledged(99)
        assert await eater.payloads(1) == [1]
        gap = await eater.next()
        assert isinstance(gap, Gap)
        assert (gap.reason, gap.missed, gap.kitchen) == ("kitchen", 1, "k")
        assert await eater.payloads(1) == [3]
        assert [(await eater.next()).missed for _ in range(2)] == [1, 1]
        assert await eater.payloads(94) == list(range(6, 100))
        storing = state_of(hub).storing
        assert (storing.taken, storing.stored, storing.refused) == (99, 96, 3)
        assert not storing.violations()
    [told] = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "dumplings are lost: each is over the 8976 bytes" in told.getMessage()


async def test_a_hub_without_jetstream_or_the_right_password_says_so(
    tmp_path: Path, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = {
        "without": {"users": [{"user": "a", "password": "right"}]},
        "with": {"users": [{"user": "b", "password": "right"}], "jetstream": "enabled"},
    }
    with NatsServer(tmp_path / "own", more={"accounts": accounts}) as server:
        async with joined_hub(server.url, stream, user="a", password="right") as hub:
            await until_so(says(hub, "JetStream"), lambda: state_of(hub).problem)
            assert not state_of(hub).connected
        async with joined_hub(server.url, stream, user="b", password="wrong") as hub:
            await until_so(says(hub, "does not let the hub in"))
        async with joined_hub(server.url, stream, user="b", password="right") as hub:
            await until_so(lambda: state_of(hub).connected)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
