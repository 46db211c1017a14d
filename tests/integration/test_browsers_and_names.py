"""Both ports of a hub: by what name it may be called, and the pages of which sites may connect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from netdumplings import DumplingHub
from netdumplings.exceptions import Unprotected
from support.commands import run
from support.hub_peers import dial, lines, running_hub

HANDSHAKE = (
    "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
)
GOOD_HOST = ("Host: localhost",)
#: The headers of a handshake, and what each port answers: for kitchens, for eaters.
MATRIX: list[tuple[Sequence[str], int, int]] = [
    (GOOD_HOST, 101, 101),
    (("Host: 127.0.0.1:11348",), 101, 101),
    (("Host: [::1]",), 101, 101),
    (("Host: hub.example.org",), 101, 101),
    ((), 403, 403),
    (("Host: localhost", "Host: localhost"), 403, 403),
    (("Host: evil.example",), 403, 403),
    (("Host: 0.0.0.0",), 403, 403),
    (("Host: localhost.evil.example",), 403, 403),
    (("Host: evil.example", "Origin: http://evil.example"), 403, 403),
    (("Host: evil.example", "Origin: http://localhost:3000"), 403, 403),
    ((*GOOD_HOST, "Origin: http://localhost:3000"), 403, 101),
    ((*GOOD_HOST, "Origin: https://127.0.0.1"), 403, 101),
    ((*GOOD_HOST, "Origin: http://[::1]:8080"), 403, 101),
    ((*GOOD_HOST, "Origin: http://hub.example.org"), 403, 101),
    ((*GOOD_HOST, "Origin: https://friend.example"), 403, 101),
    ((*GOOD_HOST, "Origin: https://feeder.example"), 101, 403),
    ((*GOOD_HOST, "Origin: http://friend.example"), 403, 403),
    ((*GOOD_HOST, "Origin: https://friend.example:8443"), 403, 403),
    ((*GOOD_HOST, "Origin: http://evil.example"), 403, 403),
    ((*GOOD_HOST, "Origin: null"), 403, 403),
    ((*GOOD_HOST, "Origin:"), 403, 403),
    ((*GOOD_HOST, "Origin: http://localhost", "Origin: http://localhost"), 403, 403),
    ((*GOOD_HOST, "Origin: file://"), 403, 403),
    ((*GOOD_HOST, "Origin: http://localhost@evil.example"), 403, 403),
    ((*GOOD_HOST, "origin: HTTP://EVIL.example"), 403, 403),
]


async def answer(port: int, headers: Sequence[str]) -> tuple[int, bytes]:
    """Shake hands over a socket of no library; return the status, and the rest of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("".join([HANDSHAKE, *(f"{line}\r\n" for line in headers), "\r\n"]).encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
    status = int(head.split()[1])
    body = b"" if status == 101 else await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return status, body


async def test_each_port_answers_those_who_may_ask(caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub(
        address="127.0.0.1",
        allow_hosts=["hub.example.org"],
        allow_origins=["https://friend.example"],
        allow_kitchen_origins=["https://feeder.example"],
        status_freq=0.05,
    ) as hub:
        found = []
        for headers, *_ in MATRIX:
            statuses = []
            for port in (hub.in_port, hub.out_port):
                status, body = await answer(port, headers)
                statuses.append(status)
                assert b"dumpling" not in body
            found.append((headers, *statuses))
        assert found == MATRIX
        async with dial(hub.out_port) as eater:
            await eater.send('{"eater_name": "x"}')
            # A refusal is counted when the socket is closed, perhaps a moment after the answer.
            async with asyncio.timeout(30):
                while '"refused":{"host":14,"origin":24}' not in str(await eater.recv()):
                    pass
    # The eleventh of a host is only counted.
    assert len([line for line in lines(caplog.records) if "see --allow" in line]) <= 20
    assert any("a page of 'http://localhost:3000': see --allow-kitchen" in line
               for line in lines(caplog.records))  # fmt: skip


async def test_a_hub_on_every_address_answers_to_the_one_it_was_reached_at() -> None:
    async with running_hub(address="0.0.0.0", insecure=True) as hub:
        assert (await answer(hub.out_port, ["Host: 127.0.0.1"]))[0] == 101
        assert (await answer(hub.out_port, ["Host: 0.0.0.0"]))[0] == 403
        assert (await answer(hub.out_port, ["Host: 192.0.2.1"]))[0] == 403


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
async def test_a_hub_does_not_listen_for_others_unprotected(address: str) -> None:
    with pytest.raises(Unprotected) as caught:
        async with DumplingHub(address, 0, 0):
            pass
    text = str(caught.value)
    assert "\n" not in text
    assert "openssl req -x509" in text
    assert "--insecure" in text
    assert caught.value.address == address


@pytest.mark.parametrize(
    ("arguments", "status", "problem"),
    [
        (("hub", "-a", "0.0.0.0"), 1, "open to whoever reaches it, without tokens and TLS; run "),
        (("up", "-a", "0.0.0.0"), 1, "open to whoever reaches it, without tokens and TLS; run "),
        (("hub", "--allow-origin", "null"), 2, "null cannot be allowed"),
        (("hub", "--allow-host", "http://x"), 2, "no name or address"),
        (("hub", "--tls-key", "x"), 2, "--tls-cert"),
    ],
)  # fmt: skip
def test_a_command_that_would_be_unsafe_or_makes_no_sense_ends_in_one_line(
    arguments: tuple[str, ...], status: int, problem: str
) -> None:
    ports = ("--in-port", "0", "--out-port", "0")
    done = run(*arguments, *ports)
    assert done.returncode == status
    assert problem in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


async def test_a_hub_that_is_meant_to_be_open_says_once_what_that_means(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "netdumplings"):
        async with running_hub(address="0.0.0.0", insecure=True):
            pass
    [line] = lines(caplog.records)
    assert "whoever reaches 0.0.0.0" in line


async def test_insecure_says_nothing_where_nobody_else_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_hub(insecure=True):
        pass
    assert lines(caplog.records) == []
