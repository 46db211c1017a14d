"""What a hub serves to browsers at its port for eaters, against real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from netdumplings.transport import peer_connection, server
from netdumplings.transport.answers import Answer, Answers, Resource
from netdumplings.transport.server import Listener, PeerConnection, listen
from netdumplings.transport.tls import client_context
from netdumplings.transport.tokens_file import add_token
from support.http import Answered, ask
from support.hub_peers import PATIENCE, dial, dumpling, eater, kitchen, lines, running_hub
from support.tls import pem, served_by

PAGE = resources.files("netdumplings.hub").joinpath("page")


def names() -> list[str]:
    return sorted(file.name for file in PAGE.iterdir())


def assert_safe(answer: Answered) -> None:
    """What a browser is told about everything that is of the hub."""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Connection"] == "close"
    [policy] = answer.headers.get_all("Content-Security-Policy", [])
    assert {"default-src 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))


async def test_every_file_of_the_page_is_served_as_what_it_is_and_index_html_without_a_name() -> (
    None
):
    types = {
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
    async with running_hub() as hub:
        for path, name in [("/", "index.html"), *((f"/{name}", name) for name in names())]:
            answer = await ask(hub.out_port, path)
            body = PAGE.joinpath(name).read_bytes()
            assert (answer.status, answer.body) == (200, body)
            assert answer.headers["Content-Type"] == types[Path(name).suffix]
            assert answer.headers["Content-Length"] == str(len(body))
            assert_safe(answer)
            policy = answer.headers["Content-Security-Policy"].split("; ")
            assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= {
                *policy
            }
            assert "require-trusted-types-for 'script'" in policy
            assert "unsafe" not in str(policy)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/index.html/", "//index.html", "/./index.html", "/../hub.py", "/..%2fhub.py",
        "/page/index.html", "/__init__.py", "\\..\\hub.py", "/" + 4000 * "x",
        "/INDEX.HTML", "/index.html%00", "index.html", "*", "http://localhost/nothing",
    ],
)  # fmt: skip
async def test_there_is_nothing_by_any_other_name(path: str) -> None:
    async with running_hub() as hub:
        answer = await ask(hub.out_port, path)
        assert (answer.status, answer.body) == (404, b"there is no such page\n")
        assert_safe(answer)


async def test_a_browser_that_has_a_file_already_is_told_so_and_no_more() -> None:
    async with running_hub() as hub:
        tag = (await ask(hub.out_port)).headers["ETag"]
        for known in (tag, f'"other", {tag}'):
            answer = await ask(hub.out_port, "/index.html", f"If-None-Match: {known}")
            assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)
            assert answer.headers["Content-Length"] is None
        for other in ('W/"other"', "", "W/", tag[:-1]):
            answer = await ask(hub.out_port, "/index.html", f"If-None-Match: {other}")
            assert answer.status == 200


async def test_head_is_get_without_the_body_and_nothing_else_is_done() -> None:
    async with running_hub() as hub:
        got = await ask(hub.out_port)
        head = await ask(hub.out_port, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == str(len(got.body))
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"):
            answer = await ask(hub.out_port, method=method)
            assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


async def test_who_is_answered_is_not_refused_and_nothing_is_logged_of_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_hub() as hub:
        with caplog.at_level(logging.INFO):
            for path in ("/", "/nothing"):
                await ask(hub.out_port, path)
            # Who comes and goes without waiting for the answer is not, either.
            _, writer = await asyncio.open_connection("127.0.0.1", hub.out_port)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            writer.transport.abort()
            assert (await ask(hub.out_port, host="evil.example")).status == 403
            async with asyncio.timeout(PATIENCE):
                while not (said := lines(caplog.records)):
                    await asyncio.sleep(0.01)
        assert len(said) == 1
        assert "it calls the hub 'evil.example'" in said[0]
        assert hub._service is not None
        assert hub._service._out.refused == {"host": 1}


async def test_pages_of_other_sites_are_answered_nothing() -> None:
    async with running_hub(allow_origins=["https://friend.example"]) as hub:
        for origin, status in [
            ("http://evil.example", 403),
            ("null", 403),
            ("https://friend.example", 200),
            (f"http://localhost:{hub.out_port}", 200),
        ]:
            answer = await ask(hub.out_port, "/", f"Origin: {origin}")
            assert answer.status == status
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_websocket_is_to_be_had_at_every_path_as_ever() -> None:
    async with running_hub() as hub, kitchen(hub) as sending:
        for path in ("/", "/index.html", "/nothing?at=all"):
            async with dial(0, uri=f"ws://localhost:{hub.out_port}{path}") as peer:
                await peer.send('{"eater_name": "x"}')
                await (await peer.ping())
                await sending.send(dumpling(path))
                while path not in str(await asyncio.wait_for(peer.recv(), PATIENCE)):
                    pass
        with pytest.raises(InvalidStatus) as caught:
            await dial(hub.out_port, additional_headers={"Sec-WebSocket-Version": "99"})
        assert caught.value.response.status_code == 400


async def test_the_port_for_kitchens_has_no_page(caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub() as hub:
        answer = await ask(hub.in_port)
        assert answer.status == 426
        assert hub._service is not None
        async with asyncio.timeout(PATIENCE):
            while hub._service._in.refused != {"no WebSocket": 1}:
                await asyncio.sleep(0.01)
    assert "not a WebSocket peer (answered HTTP 426)" in lines(caplog.records)[0]


async def test_the_page_needs_no_token_and_the_eater_in_it_does(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "e", ["eater"])
    async with running_hub(tokens=file) as hub:
        for headers in ((), ("Authorization: Bearer junk",), ("Cookie: netdumplings_token=junk",)):
            assert (await ask(hub.out_port, "/", *headers)).status == 200
        async with dial(hub.out_port) as peer:
            await peer.send('{"eater_name": "x"}')
            await asyncio.wait_for(peer.wait_closed(), PATIENCE)
            assert peer.close_code == 4004


async def test_who_asks_and_takes_nothing_is_cut_and_crowds_out_nobody_but_its_own_host(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_hub() as hub, eater(hub) as fed, kitchen(hub) as sending:
        assert hub._service is not None
        room = hub._service._out._room
        asking = [await asyncio.open_connection("127.0.0.1", hub.out_port) for _ in range(100)]
        for _, writer in asking:
            # It has its answer, and keeps the connection.
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for reader, _ in asking[-50:]:
            await reader.readuntil(b"</html>")
        assert len(room._asking) <= 64
        assert (await ask(hub.out_port)).status == 200
        await sending.send(dumpling("still here"))
        while "still here" not in str(await asyncio.wait_for(fed.recv(), PATIENCE)):
            pass
        for _, writer in asking:
            writer.close()
    assert "too many ask for a page" in lines(caplog.records)[0]


async def test_who_takes_gzip_is_given_a_file_in_it() -> None:
    async with running_hub() as hub:
        plain = await ask(hub.out_port)
        for accepted in ("gzip", "deflate, gzip;q=0.5", "br , GZIP"):
            answer = await ask(hub.out_port, "/", f"Accept-Encoding: {accepted}")
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(answer.body) == plain.body
            assert len(answer.body) < len(plain.body)
            assert answer.headers["ETag"] == plain.headers["ETag"]
        for refused in ("identity", "gzip;q=0", "gzip; q=0.000", "xgzip", ""):
            answer = await ask(hub.out_port, "/", f"Accept-Encoding: {refused}")
            assert "Content-Encoding" not in answer.headers
            assert answer.body == plain.body
            assert answer.headers["Vary"] == "Accept-Encoding"


LONG = 8 * 2**20


@asynccontextmanager
async def asked_for_much() -> AsyncIterator[tuple[Listener, asyncio.StreamReader]]:
    """Ask a port for a long answer, and take its head."""
    answers = Answers({"/": Resource(lambda _: Answer(bytes(LONG)))}, None)
    listener = await listen(nobody, "127.0.0.1", 0, max_size=1, open_timeout=0.2, answers=answers)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=2**16)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert listener._room._unfinished_bytes >= LONG
        yield listener, reader
    finally:
        writer.close()
        await listener.stop()
        await listener.close(1001, "over", 0.2, discard=True)
        assert listener._room._unfinished_bytes == 0


async def test_an_answer_may_take_longer_than_a_handshake() -> None:
    async with asked_for_much() as (_, reader), asyncio.timeout(PATIENCE):
        await asyncio.sleep(0.5)
        assert await reader.readexactly(LONG) == bytes(LONG)


async def test_who_does_not_take_its_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_connection, "ANSWER_WITHIN", 0.2)
    monkeypatch.setattr(peer_connection, "SLOWEST", 2**40)
    async with asked_for_much() as (listener, _), asyncio.timeout(PATIENCE):
        while listener._room.all:
            await asyncio.sleep(0.01)
        assert listener._room._unfinished_bytes == 0


async def test_where_all_answers_together_are_too_long_the_oldest_is_cut(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "MAX_UNFINISHED", LONG + LONG // 2)
    async with asked_for_much() as (listener, first), asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await first.readexactly(LONG)
        assert await reader.readexactly(LONG) == bytes(LONG)
        writer.close()
        while listener._room.all:
            await asyncio.sleep(0.01)
        assert listener.refused == {"does not read": 1}
    assert "an answer that it does not read, among too many such" in lines(caplog.records)[0]


async def test_what_is_answered_is_answered_through_tls_too() -> None:
    context = client_context(pem("authority.crt"))
    async with running_hub(**served_by()) as hub:
        for path, body in [("/healthz", b"ok\n"), ("/", PAGE.joinpath("index.html").read_bytes())]:
            answer = await ask(hub.out_port, path, tls=context)
            assert (answer.status, answer.body) == (200, body)
        assert hub._service is not None
        assert hub._service._out.refused == {}


async def nobody(_: PeerConnection) -> None:
    raise AssertionError("no WebSocket was asked for")


async def test_a_hub_says_that_it_is_well() -> None:
    async with running_hub() as hub:
        answer = await ask(hub.out_port, "/healthz")
        assert (answer.status, answer.body) == (200, b"ok\n")
        assert_safe(answer)


async def test_whole_addresses_are_taken_as_proxies_write_them() -> None:
    async with running_hub() as hub:
        for target in ("http://localhost/healthz", "HTTP://localhost:1/healthz?x=http://y"):
            assert (await ask(hub.out_port, target)).body == b"ok\n"
        assert (await ask(hub.out_port, "http://localhost")).headers["ETag"]


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ((), "Bearer"),
        (("Authorization: Bearer nd_12345678_wrong",), None),
        (("Cookie: a=b; netdumplings_token=nd_12345678_wrong",), None),
    ],
)
async def test_who_has_no_token_is_told_that_one_is_wanted_before_being_refused(
    tmp_path: Path, shown: tuple[str, ...], told: str | None
) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "e", ["eater"])
    async with running_hub(tokens=file) as hub:
        answer = await ask(hub.out_port, "/healthz", *shown)
        assert (answer.status, answer.headers.get("WWW-Authenticate")) == (200, told)
    async with running_hub() as hub:
        answer = await ask(hub.out_port, "/healthz", *shown)
        assert "WWW-Authenticate" not in answer.headers


async def test_the_status_can_be_asked_for_as_it_is_now_and_as_it_was() -> None:
    async with running_hub(status_freq=0.05) as hub, kitchen(hub) as sending, eater(hub) as fed:
        await sending.send(dumpling("x"))
        while '"x"' not in (seen := str(await asyncio.wait_for(fed.recv(), PATIENCE))):
            pass
        answer = await ask(hub.out_port, "/api/status")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        assert_safe(answer)
        now = json.loads(answer.body)
        assert now["total_dumplings_in"] == 1
        assert now["dumpling_kitchens"][0]["info_from_kitchen"]["kitchen_name"] == "test_kitchen"
        while "SystemStatusChef" not in (seen := str(await fed.recv())):
            pass
        assert set(now) == set(json.loads(seen)["payload"])
        past = json.loads((await ask(hub.out_port, "/api/statuses")).body)
        assert set(past) == {"statuses"}
        assert json.loads(seen) in past["statuses"]
        times = [one["metadata"]["creation_time"] for one in past["statuses"]]
        assert times == sorted(times)


@pytest.mark.parametrize("path", ["/api/status", "/api/statuses"])
async def test_a_status_is_for_those_with_a_token_for_it(path: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    status, other = add_token(file, "s", ["status"]), add_token(file, "e", ["eater", "kitchen"])
    async with running_hub(tokens=file) as hub:
        for headers, expected, asks in [
            ((), 401, "Bearer"),
            (("Authorization: Bearer junk",), 401, 'Bearer error="invalid_token"'),
            ((f"Authorization: Bearer {other.reveal()}",), 403, None),
            ((f"Authorization: Bearer {status.reveal()}",), 200, None),
            ((f"Cookie: netdumplings_token={status.reveal()}",), 200, None),
        ]:
            answer = await ask(hub.out_port, path, *headers)
            assert (answer.status, answer.headers["WWW-Authenticate"]) == (expected, asks)
            assert (b"{" in answer.body) == (expected == 200)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert hub._service is not None
        async with asyncio.timeout(PATIENCE):
            while hub._service._out.refused != {"token": 1, "role": 1}:
                await asyncio.sleep(0.01)
