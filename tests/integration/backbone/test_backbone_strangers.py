"""Whoever may write to the stream may have written anything: it is counted, and left out."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netdumplings.backbone.messages import COUNT, FIRST, SESSION
from netdumplings.wire import EaterSide
from support.hub_peers import dumpling
from support.joined_hubs import joined_hub, state_of, until_so
from support.nats import NatsServer
from support.v2_peers import v2_eater, v2_kitchen

HELLO = '{"eater_name": "test_eater"}'


class Stranger:
    """Says anything to a server: no client of NATS would."""

    def __init__(self, server: NatsServer) -> None:
        self._socket = socket.create_connection((server.host, server.port), 10)
        self._file = self._socket.makefile("rb")
        assert self._file.readline().startswith(b"INFO")
        hello = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        self._say(b"CONNECT " + json.dumps(hello).encode() + b"\r\nSUB answers 1\r\n")

    def store(self, subject: bytes, headers: bytes | None, body: bytes = b"") -> None:
        """Have a message stored, whatever it is."""
        if headers is None:
            line = b"PUB %b answers %d\r\n" % (subject, len(body))
        else:
            size = len(headers)
            line = b"HPUB %b answers %d %d\r\n" % (subject, size, size + len(body))
        self._say(line + (headers or b"") + body + b"\r\n")
        while not (said := self._file.readline()).startswith((b"MSG", b"HMSG")):
            assert said.strip() in (b"PING", b"+OK"), said
        answer = self._file.read(int(said.split()[-1]) + 2)
        assert b'"seq"' in answer, (subject, answer)

    def _say(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def stranger(server: NatsServer) -> Iterator[Stranger]:
    one = Stranger(server)
    try:
        yield one
    finally:
        one.close()


def headers(session: Any = "s", first: Any = 1, count: Any = 1) -> bytes:
    told = {SESSION: session, FIRST: first, COUNT: count}
    lines = [f"{name}: {value}\r\n".encode() for name, value in told.items()]
    return b"NATS/1.0\r\n" + b"".join(lines) + b"\r\n"


GOOD = dumpling("forged", chef="c", kitchen="k").encode()
DEEP = b'{"metadata":{"chef":"c","creation_time":1,"driver":"packet","kitchen":"k"},"payload":'
NONSENSE: dict[str, tuple[bytes, bytes | None, bytes]] = {
    "no headers": (b".k.c", None, GOOD),
    "empty": (b".k.c", None, b""),
    "headers that are none": (b".k.c", b"NATS/1.0\r\n\r\n", GOOD),
    "a status": (b".k.c", b"NATS/1.0 404 No Messages\r\n\r\n", GOOD),
    "a status that is no text": (b".k.c", b"NATS/1.0 \xff\xfe\xfd \xff\r\n\r\n", GOOD),
    "a header without a value": (b".k.c", b"NATS/1.0\r\nNo colon\r\n\r\n", GOOD),
    "a header that is no text": (b".k.c", headers().replace(b": s", b": \xff\xfe"), GOOD),
    "a name that is no text": (b".k.c", b"NATS/1.0\r\n\xff: 1\r\n\r\n", GOOD),
    "a long session": (b".k.c", headers(session="s" * 65), GOOD),
    "a session like a stream": (b".k.c", headers(session="@0123456789abcdef"), GOOD),
    "no session": (b".k.c", headers(session=""), GOOD),
    "number 0": (b".k.c", headers(first=0), GOOD),
    "a negative number": (b".k.c", headers(first=-1), GOOD),
    "a number that is none": (b".k.c", headers(first="\u0661"), GOOD),
    "a huge number": (b".k.c", headers(first=2**53), GOOD),
    "a number of many digits": (b".k.c", headers(first="9" * 50_000), GOOD),
    "a count of many digits": (b".k.c", headers(count="9" * 50_000), GOOD),
    "too large a count": (b".k.c", headers(count=999_999), GOOD),
    "too small a count": (b".k.c", headers(count=1), GOOD + b"\n" + GOOD),
    "another kitchen": (b".q.c", headers(), GOOD),
    "another chef": (b".k.q", headers(), GOOD),
    "a name not written so": (b".%6B.c", headers(), GOOD),
    "a subject that is no text": (b".\xff\xfe.c", headers(), GOOD),
    "a subject that is no name": (b".%ff.~~~", headers(), GOOD),
    "bytes that are no text": (b".k.c", headers(), GOOD.replace(b"forged", b"\xff\xfe")),
    "no JSON": (b".k.c", headers(), b"{"),
    "JSON that is no dumpling": (b".k.c", headers(), b"[1, 2]"),
    "deep JSON": (b".k.c", headers(), DEEP + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a long number": (b".k.c", headers(), DEEP + b"1" * 10_000 + b"}"),
    "the hub's own chef": (
        b".k.SystemStatusChef", headers(),
        dumpling(1, chef="SystemStatusChef", kitchen="k").encode(),
    ),
    "a notice with something in it": (b".k", headers(), GOOD),
    "a notice of nothing": (b".k", headers(count=0), b""),
    "a notice of no kitchen": (b".~~", headers(), b""),
    "a notice that is no text": (b".\xff", headers(), b""),
    "headers without an end": (b".k.c", b"NATS/1.0", GOOD),
    "headers of half a line": (b".k.c", b"NATS/1.0\r\n", GOOD),
    "a sign of life": (b".k.c", b"NATS/1.0 100 Idle Heartbeat\r\n\r\n", b""),
    "a sign of life that is no text": (b".k.c", b"NATS/1.0 100 \xff\r\na: b\r\n\r\n", b""),
    "a flow control": (b".k.c", b"NATS/1.0 100 FlowControl Request\r\n\r\n", b""),

}  # fmt: skip


async def test_what_no_hub_has_written_is_counted_and_left_out(
    nats_server: NatsServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined_hub(nats_server.url, stream) as hub, v2_eater(hub) as eater:
        await until_so(lambda: f"{stream}.*.*" in state_of(hub).wanted)
        with stranger(nats_server) as writer:
            for subject, told, body in NONSENSE.values():
                writer.store(stream.encode() + subject, told, body)
        async with v2_kitchen(hub) as source:
            await source.hello()
            await source.send(1, dumpling("true"))
            assert await eater.payloads(1) == ["true"]
        returning = state_of(hub).returning
        assert returning.routed == 1
        assert returning.damaged >= len(NONSENSE)
        assert not returning.violations()
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert not errors
    assert caplog.text.count("none of a hub's") == 1


async def test_who_asks_for_the_past_is_not_given_what_no_hub_has_written(
    nats_server: NatsServer, stream: str
) -> None:
    async with joined_hub(nats_server.url, stream) as hub, v2_kitchen(hub) as source:
        await source.hello()
        await source.send(1, dumpling(1))
        await source.acknowledged(1)
        with stranger(nats_server) as writer:
            for subject, told, body in NONSENSE.values():
                writer.store(stream.encode() + subject, told, body)
        await source.send(2, dumpling(2))
        await source.acknowledged(2)
        for asked in ({"since": 0.0}, {"last": 100}):
            async with v2_eater(hub, EaterSide(HELLO, **asked)) as eater:
                assert await eater.payloads(2) == [1, 2]


async def test_a_message_that_is_larger_than_any_of_a_hubs_holds_nobody_up(
    tmp_path: Path, stream: str
) -> None:
    mebibytes = 20 * 1024 * 1024
    with NatsServer(tmp_path / "nats", more={"max_payload": mebibytes + 4096}) as server:
        async with (
            joined_hub(server.url, stream, max_bytes=10 * mebibytes) as hub,
            v2_eater(hub) as eater,
            v2_kitchen(hub) as source,
        ):
            await source.hello()
            await source.send(1, dumpling(1))
            assert await eater.payloads(1) == [1]
            with stranger(server) as writer:
                writer.store(stream.encode() + b".k.c", headers(), bytes(mebibytes))
            await source.send(2, dumpling(2))
            assert await eater.payloads(1) == [2]
            async with v2_eater(hub, EaterSide(HELLO, since=0.0)) as another:
                assert await another.payloads(2) == [1, 2]


async def test_hubs_that_take_more_than_others_are_believed(
    nats_server: NatsServer, stream: str
) -> None:
    deep = json.loads("[" * 90 + "]" * 90)
    async with (
        joined_hub(nats_server.url, stream, max_depth=100) as generous,
        joined_hub(nats_server.url, stream, max_message=1000) as mean,
        v2_kitchen(generous) as source,
        v2_eater(mean) as eater,
    ):
        await until_so(lambda: f"{stream}.*.*" in state_of(mean).wanted)
        await source.hello()
        await source.send(1, dumpling(deep), dumpling("x" * 2000))
        assert await eater.payloads(2) == [deep, "x" * 2000]
        assert state_of(mean).returning.damaged == 0
