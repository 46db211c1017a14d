"""`DumplingEater` with a real hub, or none."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from netdumplings import Dumpling, DumplingEater, DumplingHub
from netdumplings.exceptions import HubUnavailable
from support.hub_peers import PATIENCE, dumpling, kitchen, lines, running_hub


def out(hub: DumplingHub) -> str:
    return f"localhost:{hub.out_port}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


class Recorder:
    """Handlers that write down how they were called."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        self.ate = asyncio.Event()

    async def on_connect(self, hub_uri: str, websocket: Any) -> None:
        # The hub has read the hello once it answers: from here on nothing is missed.
        await (await websocket.ping())
        self.calls.append(("connected", hub_uri))
        self.connected.set()

    async def on_dumpling(self, dumpling: Dumpling) -> None:
        self.calls.append(("ate", dumpling.payload))
        self.ate.set()

    async def on_connection_lost(self, exc: Exception) -> None:
        self.calls.append(("lost", exc))
        self.lost.set()

    def eater(self, hub: str, **settings: Any) -> DumplingEater:
        return DumplingEater(
            hub=hub,
            on_connect=self.on_connect,
            on_dumpling=self.on_dumpling,
            on_connection_lost=self.on_connection_lost,
            **settings,
        )


@pytest.fixture
async def hub() -> AsyncIterator[DumplingHub]:
    async with running_hub() as hub:
        yield hub


@asynccontextmanager
async def running(
    eater: DumplingEater, count: int | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Run an eater in a thread, as a program of its own would; it must end by itself."""
    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(asyncio.to_thread(eater.run, count))
        try:
            yield task
        finally:
            eater.stop()
            await asyncio.wait({task})


async def wait_for(event: asyncio.Event) -> None:
    """Wait for an event that a handler sets in the eater's thread."""
    async with asyncio.timeout(PATIENCE):
        while not event.is_set():
            await asyncio.sleep(0.01)


async def test_run_returns_when_it_has_eaten_so_many(hub: DumplingHub) -> None:
    recorder = Recorder()
    async with kitchen(hub) as source, running(recorder.eater(out(hub)), 3) as run:
        await wait_for(recorder.connected)
        for n in range(5):
            await source.send(dumpling(n))
        await run
    uri = f"ws://{out(hub)}"
    assert recorder.calls == [("connected", uri), ("ate", 0), ("ate", 1), ("ate", 2)]


async def test_only_dumplings_of_the_chefs_in_the_filter_are_eaten_and_counted(
    hub: DumplingHub,
) -> None:
    recorder = Recorder()
    eater = recorder.eater(out(hub), chef_filter=["Wanted", "AlsoWanted"])
    async with kitchen(hub) as source, running(eater, 2) as run:
        await wait_for(recorder.connected)
        for n, chef in enumerate(["Other", "Wanted", "Other", "AlsoWanted", "Wanted"]):
            await source.send(dumpling(n, chef=chef))
        await run
    assert recorder.calls[1:] == [("ate", 1), ("ate", 3)]


async def test_a_subclass_defines_the_handlers(hub: DumplingHub) -> None:
    recorder = Recorder()

    class Eater(DumplingEater):
        async def on_connect(self, hub_uri: str, websocket: Any) -> None:
            await recorder.on_connect(hub_uri, websocket)

        async def on_dumpling(self, dumpling: Dumpling) -> None:
            await recorder.on_dumpling(dumpling)

    async with kitchen(hub) as source, running(Eater(hub=out(hub)), 1) as run:
        await wait_for(recorder.connected)
        await source.send(dumpling("hello"))
        await run
    assert recorder.calls[1:] == [("ate", "hello")]


async def test_handlers_of_its_own_are_not_needed(hub: DumplingHub) -> None:
    async with kitchen(hub) as source, running(DumplingEater(hub=out(hub)), 1) as run:
        while not run.done():
            await source.send(dumpling(1))
            await asyncio.sleep(0.01)
        assert run.exception() is None


async def test_a_hub_that_restarts_is_found_again_and_the_log_says_so_once_each_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "netdumplings.eater")
    recorder = Recorder()
    async with running_hub(address="127.0.0.1") as hub:
        port = hub.out_port
        eater = recorder.eater(f"127.0.0.1:{port}")
        async with running(eater, 2) as run:
            await wait_for(recorder.connected)
            async with kitchen(hub) as source:
                await source.send(dumpling("before"))
                await wait_for(recorder.ate)
            recorder.connected.clear()
            await hub.__aexit__(None, None, None)
            await wait_for(recorder.lost)
            await asyncio.sleep(1.5)  # for some tries in vain
            async with running_hub(address="127.0.0.1", out_port=port) as again:
                await wait_for(recorder.connected)
                async with kitchen(again) as source:
                    await source.send(dumpling("after"))
                    await run
        await hub.__aenter__()
    uri = f"ws://127.0.0.1:{port}"
    assert [name for name, _ in recorder.calls] == ["connected", "ate", "lost", "connected", "ate"]
    assert recorder.calls[0] == recorder.calls[3] == ("connected", uri)
    closed = recorder.calls[2][1]
    assert isinstance(closed, ConnectionClosed)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001
    assert [
        record.getMessage() for record in caplog.records if record.name == "netdumplings.eater"
    ] == [
        f"connected to the hub at 127.0.0.1:{port}",
        f"lost the hub at 127.0.0.1:{port} (close code 1001 'the hub is stopping'); will reconnect",
        f"connected to the hub at 127.0.0.1:{port}",
    ]


async def test_a_hub_that_is_not_up_yet_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    recorder = Recorder()
    async with running(recorder.eater(f"127.0.0.1:{port}"), 1) as run:
        while not lines(caplog.records):
            await asyncio.sleep(0.01)
        async with running_hub(address="127.0.0.1", out_port=port) as hub:
            await wait_for(recorder.connected)
            async with kitchen(hub) as source:
                await source.send(dumpling("at last"))
                await run
    assert lines(caplog.records) == [
        f"no hub at 127.0.0.1:{port} (connection refused); will keep trying"
    ]


async def test_without_reconnect_an_absent_hub_is_an_error() -> None:
    port = free_port()
    eater = DumplingEater(hub=f"127.0.0.1:{port}", reconnect=False)
    with pytest.raises(HubUnavailable, match="connection refused") as caught:
        await asyncio.to_thread(eater.run)
    assert caught.value.hub == f"127.0.0.1:{port}"


async def test_without_reconnect_something_that_is_no_hub_is_an_error() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(HubUnavailable, match=r"no hub.*404"):
            await asyncio.to_thread(DumplingEater(hub=f"127.0.0.1:{port}", reconnect=False).run)


async def test_without_reconnect_run_returns_when_the_hub_goes() -> None:
    recorder = Recorder()
    async with running_hub() as hub:
        run = asyncio.create_task(asyncio.to_thread(recorder.eater(out(hub), reconnect=False).run))
        await wait_for(recorder.connected)
    await run
    assert [name for name, _ in recorder.calls] == ["connected", "lost"]


@pytest.mark.parametrize("handler", ["on_connect", "on_dumpling", "on_connection_lost"])
async def test_what_a_handler_raises_comes_out_of_run(handler: str) -> None:
    async def fail(*arguments: Any) -> None:
        raise ZeroDivisionError(handler)

    recorder = Recorder()
    async with running_hub(status_freq=0.05) as hub:
        handlers: dict[str, Any] = {"on_connect": recorder.on_connect, handler: fail}
        run = asyncio.create_task(asyncio.to_thread(DumplingEater(hub=out(hub), **handlers).run))
        if handler == "on_connection_lost":
            await wait_for(recorder.connected)
        else:
            with pytest.raises(ZeroDivisionError, match=handler):
                await run
    if handler == "on_connection_lost":
        with pytest.raises(ZeroDivisionError, match=handler):
            await run


async def test_a_handler_may_stop_the_eater(hub: DumplingHub) -> None:
    recorder = Recorder()
    eaten = []

    async def stop(dumpling: Dumpling) -> None:
        eaten.append(dumpling.payload)
        eater.stop()

    eater = DumplingEater(hub=out(hub), on_connect=recorder.on_connect, on_dumpling=stop)
    run = asyncio.create_task(asyncio.to_thread(eater.run))
    await wait_for(recorder.connected)
    async with kitchen(hub) as source:
        await source.send(dumpling(1))
        await run
    assert eaten == [1]


async def test_an_eater_that_waits_for_a_hub_can_be_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    eater = DumplingEater(hub=f"127.0.0.1:{free_port()}")
    async with running(eater) as run:
        while not lines(caplog.records):
            await asyncio.sleep(0.01)
        assert not run.done()
        eater.stop()
        assert await run is None


async def test_the_async_form_yields_dumplings_and_survives_a_restart() -> None:
    recorder = Recorder()
    port = free_port()
    got: list[Any] = []

    async def serve_one(payload: str) -> None:
        async with running_hub(address="127.0.0.1", out_port=port) as hub, kitchen(hub) as source:
            await wait_for(recorder.connected)
            recorder.connected.clear()
            await source.send(dumpling(payload))
            while payload not in got:
                await asyncio.sleep(0.01)

    async def serve_two() -> None:
        await serve_one("first")
        await serve_one("second")

    async with asyncio.timeout(PATIENCE):
        serving = asyncio.create_task(serve_two())
        async with recorder.eater(f"127.0.0.1:{port}") as eater:
            async for one in eater:
                got.append(one.payload)
                if len(got) == 2:
                    break
        await serving
    assert got == ["first", "second"]
    assert [name for name, _ in recorder.calls] == ["connected", "lost", "connected"]


async def test_leaving_the_async_form_closes_the_connection(hub: DumplingHub) -> None:
    recorder = Recorder()
    async with recorder.eater(out(hub)) as eater:
        eating = asyncio.create_task(anext(aiter(eater)))
        await wait_for(recorder.connected)
        eating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await eating
    async with asyncio.timeout(PATIENCE), kitchen(hub) as source:
        await source.send(dumpling(1))
    assert recorder.calls == [("connected", f"ws://{out(hub)}")]


async def test_the_async_form_without_reconnect_ends_with_the_connection() -> None:
    async with running_hub(status_freq=0.05) as hub:
        async with DumplingEater(hub=out(hub), reconnect=False) as eater:
            seen = 0
            async for _ in eater:
                seen += 1
                if seen == 1:
                    hub_stops = asyncio.create_task(hub.__aexit__(None, None, None))
        await hub_stops
        assert seen >= 1
        await hub.__aenter__()


async def test_what_is_no_dumpling_is_logged_once_an_episode_and_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def misbehave(connection: ServerConnection) -> None:
        await connection.recv()
        for message in (
            "no JSON",
            "[]",
            b"\x00",
            '{"metadata": {"chef": "\x1b[2J"}}'.replace("\x1b", "\\u001b"),
            dumpling(1),
            dumpling(2, driver="\u202elorry"),
            "{}",
            dumpling(3),
        ):
            await connection.send(message)
        await connection.wait_closed()

    got = []
    async with serve(misbehave, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with DumplingEater(hub=f"127.0.0.1:{port}") as eater:
            async for one in eater:
                got.append(one.payload)
                if len(got) == 2:
                    break
    assert got == [1, 3]
    logged = lines(caplog.records)
    start = f"skipped what the hub at 127.0.0.1:{port} sent: not a dumpling: "
    assert [line.startswith(start) for line in logged] == [True, True]
    assert logged[1].endswith(r"unknown driver '\u202elorry'")


async def test_cancelling_the_task_that_eats_ends_it_cleanly(hub: DumplingHub) -> None:
    recorder = Recorder()

    async def eat() -> None:
        async with recorder.eater(out(hub)) as eater:
            async for _ in eater:
                pass

    eating = asyncio.create_task(eat())
    await wait_for(recorder.connected)
    eating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await eating
