"""The hub, spoken to over real sockets by plain WebSocket clients."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.sync.client import connect as sync_connect

from netdumplings import DumplingHub
from netdumplings.exceptions import CannotListen
from netdumplings.transport.ports import bind_all, listening_sockets
from support.hub_peers import (
    EATER_HELLO,
    KITCHEN_HELLO,
    PATIENCE,
    closing,
    dial,
    dumpling,
    eater,
    kitchen,
    lines,
    running_hub,
)


@pytest.fixture
async def hub() -> AsyncIterator[DumplingHub]:
    async with running_hub() as hub:
        yield hub


async def test_every_eater_gets_every_dumpling_in_order_and_to_the_byte_save_line_breaks(
    hub: DumplingHub,
) -> None:
    sent = [f" {dumpling({'n': n, 'ž': None})}\n" for n in range(500)]
    async with eater(hub) as one, eater(hub) as two, eater(hub) as three, kitchen(hub) as source:
        for text in sent:
            await source.send(text)
        wanted = [text.replace("\n", " ") for text in sent]
        for connection in (one, two, three):
            assert [await connection.recv() for _ in sent] == wanted


async def test_dumplings_of_every_length_arrive(hub: DumplingHub) -> None:
    base = len(dumpling(""))
    wanted = [base, 125, 126, 127, 65535, 65536, 65537, 1024 * 1024]
    sent = [dumpling("x" * (length - base)) for length in wanted if length >= base]
    async with eater(hub) as connection, kitchen(hub) as source:
        for text in sent:
            await source.send(text)
        assert [await connection.recv() for _ in sent] == sent


async def test_a_kitchen_that_sends_all_at_once_has_everything_forwarded(hub: DumplingHub) -> None:
    sent = [dumpling(n) for n in range(20_000)]
    async with eater(hub) as connection, kitchen(hub) as source:
        sending = asyncio.create_task(send_all(source, sent))
        assert [await connection.recv() for _ in sent] == sent
        await sending


async def send_all(connection: ClientConnection, texts: list[str]) -> None:
    for text in texts:
        await connection.send(text)


async def test_a_web_page_served_on_this_machine_may_eat(hub: DumplingHub) -> None:
    async with dial(hub.out_port, origin="http://localhost:3000") as page:
        await page.send(EATER_HELLO)
        await (await page.ping())
        async with kitchen(hub) as source:
            await source.send(dumpling(1))
            assert await page.recv() == dumpling(1)


async def test_an_eater_with_compression_on_is_served_without(hub: DumplingHub) -> None:
    async with dial(hub.out_port, compression="deflate") as connection:
        await connection.send(EATER_HELLO)
        await (await connection.ping())
        async with kitchen(hub) as source:
            await source.send(dumpling(1))
            assert await connection.recv() == dumpling(1)


async def test_what_an_eater_says_after_its_hello_is_ignored(hub: DumplingHub) -> None:
    async with eater(hub) as connection, kitchen(hub) as source:
        await connection.send("hello?")
        await connection.send(b"\x00\xff")
        await (await connection.ping())
        await source.send(dumpling(1))
        assert await connection.recv() == dumpling(1)


async def status(connection: ClientConnection) -> Any:
    """Return the payload of the next status dumpling."""
    while True:
        document = json.loads(await connection.recv())
        if document["metadata"]["chef"] == "SystemStatusChef":
            return document["payload"]


async def test_the_status_dumpling_tells_who_is_there_and_counts() -> None:
    announced = {"kitchen_name": "k", "interface": "eth0", "filter": "", "chefs": ["m.C"], "x": 1}
    async with (
        running_hub(status_freq=0.05) as hub,
        eater(hub) as connection,
        kitchen(hub, json.dumps(announced)) as source,
    ):
        for n in range(3):
            await source.send(dumpling(n))
        payload = await status(connection)
        while payload["total_dumplings_in"] < 3:
            payload = await status(connection)
        own, theirs = connection.local_address[:2], source.local_address[:2]
        assert payload["dumpling_kitchen_count"] == 1
        assert payload["dumpling_kitchens"] == [
            {
                "info_from_kitchen": announced,
                "info_from_hub": {
                    "host": theirs[0],
                    "port": theirs[1],
                    "dumplings_in": 3,
                    "received": 3,
                    "taken": 3,
                    "duplicates": 0,
                    "lost": 0,
                },
            }
        ]
        assert payload["dumpling_eater_count"] == 1
        [entry] = payload["dumpling_eaters"]
        assert entry["info_from_eater"] == json.loads(EATER_HELLO)
        assert (entry["info_from_hub"]["host"], entry["info_from_hub"]["port"]) == own
        assert entry["info_from_hub"]["dumplings_out"] == payload["total_dumplings_out"] >= 3
        assert payload["total_dumplings_dropped"] == 0
        assert payload["server_uptime"] > 0
        await source.close()
        while payload["dumpling_kitchen_count"]:
            payload = await status(connection)
        assert payload["dumpling_kitchens"] == []


async def test_an_eater_that_does_not_read_costs_bounded_memory_and_nobody_else_notices(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "netdumplings.hub")
    sent = [dumpling([n, "x" * 10_000]) for n in range(6000)]  # 60 MB
    async with (
        running_hub(eater_buffer=256 * 1024) as hub,
        dial(hub.out_port, max_queue=1, close_timeout=0.5) as slow,
        eater(hub) as quick,
        kitchen(hub) as source,
    ):
        await slow.send('{"eater_name": "slow\\u001b[2J"}')
        await (await slow.ping())
        # The other eater keeps up, whatever else this machine does.
        for start in range(0, len(sent), 10):
            await send_all(source, sent[start : start + 10])
            assert [await quick.recv() for _ in range(10)] == sent[start : start + 10]
        where = "{}:{}".format(*slow.local_address)
        [line] = lines(caplog.records)
        assert line.startswith(f"eater 'slow\\x1b[2J' at {where} is slow: ")
        # What it is sent now that it reads again: whole frames, in order, and only what the
        # buffers of hub and kernel held.
        last = dumpling("last")
        got: list[str] = []
        while not got or got[-1] != last:
            await source.send(last)
            async with asyncio.timeout(PATIENCE):
                got.append(str(await slow.recv()))
                await quick.recv()
        received = [text for text in got if text != last]
        assert received == sent[: len(received)]
        assert 0 < len(received) < len(sent) / 3
    [left] = [
        line for line in lines(caplog.records, logging.INFO) if "'slow" in line and "gone" in line
    ]
    missed = int(left.rpartition(" ")[2])
    assert missed >= len(sent) - len(received)


KITCHEN_REFUSALS: list[tuple[list[str | bytes], int, str]] = [
    ([b"\x00"], 1003, "binary"),
    ([KITCHEN_HELLO.encode()], 1003, "binary"),
    (["no JSON"], 1007, "not JSON"),
    (["[]"], 1008, "not a JSON object"),
    (["{}"], 1008, "has no kitchen_name"),
    (['{"kitchen_name": 5}'], 1008, "kitchen_name is not a string"),
    ([KITCHEN_HELLO + " " * 70_000], 1009, "over 16384 bytes"),
    ([], 1008, "no first message within 1 seconds"),
    ([KITCHEN_HELLO, "no JSON"], 1007, "not JSON"),
    ([KITCHEN_HELLO, dumpling(1).encode()], 1003, "binary"),
    ([KITCHEN_HELLO, '{"payload": 1}'], 1008, "`metadata`"),
    ([KITCHEN_HELLO, dumpling(1).replace("chef", "cook")], 1008, "`chef`"),
    ([KITCHEN_HELLO, dumpling(1, driver="lorry")], 1008, "$.metadata.driver"),
    ([KITCHEN_HELLO, dumpling(1).replace("payload", "load")], 1008, "`payload`"),
    ([KITCHEN_HELLO, dumpling("x" * 2 * 1024 * 1024)], 1009, ""),
    ([KITCHEN_HELLO, dumpling("x" * 2 * 1024 * 1024), dumpling(1)], 1009, ""),
]
EATER_REFUSALS: list[tuple[list[str | bytes], int, str]] = [
    ([EATER_HELLO.encode()], 1003, "binary"),
    (["no JSON"], 1007, "not JSON"),
    (["[]"], 1008, "not a JSON object"),
    ([KITCHEN_HELLO], 1008, "has no eater_name"),
    ([json.dumps({"eater_name": "x" * 257})], 1008, "over 256 characters"),
    ([EATER_HELLO + " " * 70_000], 1009, ""),
    ([EATER_HELLO, "x" * 140_000], 1009, ""),
    ([], 1008, "no first message within 1 seconds"),
]
REFUSALS = [("kitchen", *case) for case in KITCHEN_REFUSALS] + [
    ("eater", *case) for case in EATER_REFUSALS
]


@pytest.mark.parametrize(("kind", "messages", "code", "reason"), REFUSALS)
async def test_who_breaks_the_protocol_is_sent_away_with_one_log_line_and_nobody_else_notices(
    caplog: pytest.LogCaptureFixture,
    kind: str,
    messages: list[str | bytes],
    code: int,
    reason: str,
) -> None:
    hello_timeout = 10.0 if messages else 1.0
    async with (
        running_hub(hello_timeout=hello_timeout) as hub,
        eater(hub) as bystander,
        kitchen(hub) as source,
    ):
        async with dial(hub.in_port if kind == "kitchen" else hub.out_port) as culprit:
            where = "{}:{}".format(*culprit.local_address)
            for message in messages:
                await culprit.send(message)
            close_code, close_reason = await closing(culprit)
        assert close_code == code
        assert close_reason
        assert reason in close_reason
        await source.send(dumpling("still here"))
        assert await bystander.recv() == dumpling("still here")
    [line] = lines(caplog.records)
    assert line.startswith(f"refused {kind}")
    assert f"at {where}: {close_reason} (close code {code})" in line
    assert not any(record.exc_info for record in caplog.records)


async def test_a_hostile_name_is_logged_escaped(
    hub: DumplingHub, caplog: pytest.LogCaptureFixture
) -> None:
    async with dial(hub.in_port) as culprit:
        await culprit.send('{"kitchen_name": "\\u001b[2J\\nevil\\u202e"}')
        await culprit.send("no JSON")
        await closing(culprit)
    [line] = lines(caplog.records)
    assert line.startswith(r"refused kitchen '\x1b[2J\nevil\u202e' at ")
    assert line.isprintable()


async def test_text_that_is_not_utf8_is_refused_before_it_reaches_an_eater(
    hub: DumplingHub, caplog: pytest.LogCaptureFixture
) -> None:
    async with eater(hub) as bystander:
        async with kitchen(hub) as culprit:
            await culprit.send(dumpling("?").encode().replace(b"?", b"\xff"), text=True)
            code, _ = await closing(culprit)
        assert code == 1007
        async with kitchen(hub) as source:
            await source.send(dumpling(1))
            assert await bystander.recv() == dumpling(1)
    [line] = lines(caplog.records)
    assert line.startswith("refused kitchen 'test_kitchen' at ")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"SSH-2.0-scanner\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"GET /" + b"x" * 100_000,
        b"\xff" * 100_000,
    ],
)
async def test_a_peer_that_does_not_speak_websocket_is_one_log_line(
    caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    # Some of these never end their first line; the handshake, too, must be over in time.
    async with running_hub(hello_timeout=1.0) as hub:
        await check_stranger(hub, caplog, data)


async def check_stranger(hub: DumplingHub, caplog: pytest.LogCaptureFixture, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("localhost", hub.in_port)
    where = "{}:{}".format(*writer.get_extra_info("sockname"))
    writer.write(data)
    if not data:
        writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        with_answer = await reader.read()
        assert not with_answer or with_answer.startswith(b"HTTP/1.1 4") or b" 505 " in with_answer
        writer.close()
        while not lines(caplog.records):
            await asyncio.sleep(0.01)
    [line] = lines(caplog.records)
    assert line.startswith(f"refused {where}: not a WebSocket peer")
    assert not any(record.exc_info for record in caplog.records if record.levelno > logging.DEBUG)
    async with eater(hub) as bystander, kitchen(hub) as source:
        await source.send(dumpling(1))
        assert await bystander.recv() == dumpling(1)


async def test_peers_that_come_and_go_are_logged_at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "netdumplings.hub")
    async with running_hub() as hub, eater(hub) as connection, kitchen(hub) as source:
        k, e = ("{}:{}".format(*peer.local_address) for peer in (source, connection))
        await source.send(dumpling(1))
        await connection.recv()
    logged = [line for line in lines(caplog.records, logging.INFO) if "at 127.0.0.1:" in line]
    assert logged == [
        f"eater 'test_eater' at {e} is here",
        f"kitchen 'test_kitchen' at {k} is here",
        f"kitchen 'test_kitchen' at {k} has gone; it sent 1 dumplings",
        f"eater 'test_eater' at {e} has gone; it was sent 1 dumplings and missed 0",
    ]


async def test_a_stopping_hub_gives_eaters_what_it_has_read_then_closes_everybody_with_1001() -> (
    None
):
    sent = [dumpling([n, "x" * 1000]) for n in range(2000)]
    hub = running_hub()
    serving = asyncio.create_task(hub.serve())
    while not hub.out_port:
        await asyncio.sleep(0.01)
    async with eater(hub) as connection, kitchen(hub) as source:
        await send_all(source, sent)
        await (await source.ping())
        hub.stop()
        assert [await connection.recv() for _ in sent] == sent
        assert await closing(connection) == (1001, "the hub is stopping")
        assert await closing(source) == (1001, "the hub is stopping")
    await serving


async def test_cancelling_a_hub_stops_it_likewise() -> None:
    hub = running_hub()
    serving = asyncio.create_task(hub.serve())
    while not hub.out_port:
        await asyncio.sleep(0.01)
    async with eater(hub) as connection:
        serving.cancel()
        assert await closing(connection) == (1001, "the hub is stopping")
        with pytest.raises(asyncio.CancelledError):
            await serving


async def test_a_hub_stops_though_peers_are_in_mid_handshake_or_do_not_answer() -> None:
    async with asyncio.timeout(PATIENCE):
        async with running_hub() as hub:
            _, shy = await asyncio.open_connection("localhost", hub.in_port)
            _, mute = await asyncio.open_connection("localhost", hub.out_port)
            mute.write(
                b"GET / HTTP/1.1\r\nHost: localhost\r\n"
                b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            async with eater(hub):
                ports = hub.in_port, hub.out_port
        shy.close()
        mute.close()
        for port in ports:
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection("localhost", port)


async def test_a_stopped_hub_may_serve_again() -> None:
    hub = running_hub()
    for _ in range(2):
        async with hub, eater(hub) as connection, kitchen(hub) as source:
            await source.send(dumpling(1))
            assert await connection.recv() == dumpling(1)
        assert (hub.in_port, hub.out_port) == (0, 0)


def test_another_thread_may_stop_a_hub_that_runs_or_is_yet_to_run() -> None:
    hub = running_hub()
    thread = threading.Thread(target=hub.run)
    thread.start()
    hub.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


@pytest.mark.parametrize("which", ["in_port", "out_port"])
async def test_a_taken_port_is_one_clear_line_and_leaves_neither_open(
    taken: int, which: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        free = sock.getsockname()[1]
    ports = {"in_port": free, "out_port": free} | {which: taken}
    with pytest.raises(CannotListen, match="address already in use") as caught:
        async with DumplingHub("127.0.0.1", **ports):
            pass
    assert caught.value.port == taken
    assert "\n" not in str(caught.value)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", free)


@pytest.mark.parametrize("address", ["192.0.2.1", "x" * 64, "", "a b"])
async def test_an_address_that_is_not_this_hosts_is_one_clear_line(address: str) -> None:
    with pytest.raises(CannotListen) as caught:
        async with running_hub(address=address, insecure=True):
            pass
    assert caught.value.address == address
    assert "\n" not in str(caught.value)


async def test_a_port_that_cannot_be_is_one_clear_line() -> None:
    with pytest.raises(CannotListen, match="0 to 65535"):
        async with running_hub(in_port=65536):
            pass


@pytest.mark.parametrize("status_freq", [0, -1, float("nan")])
def test_a_status_frequency_is_a_time(status_freq: float) -> None:
    with pytest.raises(ValueError, match="status_freq"):
        DumplingHub(status_freq=status_freq)


def ipv6_loopback() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not ipv6_loopback(), reason="this host has no IPv6 loopback address")
async def test_an_ipv6_address_is_listened_on(caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub(address="::1") as hub, dial(hub.in_port, host="::1") as culprit:
        await culprit.send("no JSON")
        await closing(culprit)
        port = culprit.local_address[1]
    [line] = lines(caplog.records)
    assert line.startswith(f"refused kitchen at [::1]:{port}: ")


@pytest.mark.skipif(not ipv6_loopback(), reason="this host has no IPv6 loopback address")
def test_a_name_with_two_addresses_is_listened_on_at_one_port() -> None:
    both = [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0, 0, 0))]
    sockets = bind_all(both, 0)
    try:
        assert len({sock.getsockname()[1] for sock in sockets}) == 1
        assert [sock.family for sock in sockets] == [socket.AF_INET, socket.AF_INET6]
    finally:
        for sock in sockets:
            sock.close()


def test_an_address_of_a_name_that_this_host_lacks_is_left_out() -> None:
    sockets = bind_all([(socket.AF_INET, ("192.0.2.1", 0)), (socket.AF_INET, ("127.0.0.1", 0))], 0)
    assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1"]
    sockets[0].close()


async def test_sockets_that_were_opened_before_one_failed_are_closed(taken: int) -> None:
    with pytest.raises(CannotListen):
        await listening_sockets("127.0.0.1", taken)
    with pytest.raises(OSError, match="in use"):
        bind_all([(socket.AF_INET, ("127.0.0.2", 0)), (socket.AF_INET, ("127.0.0.1", 0))], taken)
    with socket.create_server(("127.0.0.2", taken)):
        pass


HUB_PROCESS = """
import logging
from netdumplings import DumplingHub
logging.basicConfig(level="INFO")
DumplingHub(in_port=0, out_port=0).run()
"""


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A hub as a process of its own, with its ports."""
    with subprocess.Popen(
        [sys.executable, "-c", HUB_PROCESS], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            words = process.stderr.readline().replace(",", "").split()
            yield process, int(words[words.index("kitchens") + 3]), int(words[-1])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_peers_with_1001_and_ends_the_process_cleanly(
    process: tuple[subprocess.Popen[str], int, int], number: signal.Signals
) -> None:
    hub, in_port, out_port = process
    with (
        sync_connect(f"ws://localhost:{in_port}", proxy=None) as source,
        sync_connect(f"ws://localhost:{out_port}", proxy=None) as connection,
    ):
        source.send(KITCHEN_HELLO)
        connection.send(EATER_HELLO)
        connection.ping().wait(PATIENCE)
        source.send(dumpling(1))
        assert connection.recv(PATIENCE) == dumpling(1)
        hub.send_signal(number)
        for peer in (source, connection):
            list(peer)  # ends when the hub closes the connection
            assert peer.protocol.close_code == 1001
    assert hub.wait(PATIENCE) == 0
    assert hub.stderr
    assert "Traceback" not in hub.stderr.read()


def test_a_second_signal_does_not_wait_for_an_eater_that_does_not_answer(
    process: tuple[subprocess.Popen[str], int, int],
) -> None:
    hub, _, out_port = process
    with socket.create_connection(("localhost", out_port)) as mute:
        mute.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert mute.recv(1000).startswith(b"HTTP/1.1 101 ")
        hub.send_signal(signal.SIGTERM)
        # The close frame: opcode 8, code 1001.
        frame = mute.recv(1000)
        assert frame[0] == 0x88
        assert int.from_bytes(frame[2:4]) == 1001
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(PATIENCE) == 0


async def test_what_is_refused_is_counted_by_cause_in_the_status() -> None:
    deep = dumpling("?").replace('"?"', "[" * 65 + "]" * 65)
    said: list[tuple[str, ...]] = [
        (KITCHEN_HELLO, deep),
        (KITCHEN_HELLO, deep),
        (KITCHEN_HELLO, dumpling(1, chef="SystemStatusChef", kitchen=None)),
        (KITCHEN_HELLO, dumpling("?").replace("?", "\\ud800")),
        (KITCHEN_HELLO, dumpling(1, creation_time="now")),
        (" " * 16_385,),
        ('{"kitchen_name": "k", "token": 5}',),
    ]
    async with running_hub(status_freq=0.1) as hub:
        for texts in said:
            async with dial(hub.in_port) as peer:
                for text in texts:
                    await peer.send(text)
                await closing(peer)
        async with asyncio.timeout(PATIENCE), eater(hub) as watcher:
            refused: dict[str, int] = {}
            while sum(refused.values()) < len(said):
                refused = json.loads(await watcher.recv())["payload"]["refused"]
    assert refused == {
        "no hello": 1,
        "not JSON": 1,
        "not a dumpling": 1,
        "reserved chef": 1,
        "too big": 1,
        "too deep": 2,
    }
