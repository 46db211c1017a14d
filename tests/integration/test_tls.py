"""Hubs that speak TLS, and who gets through to them."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingEater
from netdumplings.exceptions import HubUnavailable
from netdumplings.transport.tls import client_context
from support.commands import Command, run
from support.hub_peers import (
    EATER_HELLO,
    KITCHEN_HELLO,
    closing,
    dial,
    dumpling,
    lines,
    running_hub,
)
from support.packets import dns_query, write_pcap
from support.tls import pem, served_by

PATIENCE = 30.0


def wss(port: int, **settings: Any) -> Any:
    """Connect through TLS."""
    return dial(
        port, uri=f"wss://localhost:{port}", ssl=client_context(pem("authority.crt")), **settings
    )


async def why_not(hub: str, **settings: Any) -> str:
    """Why an eater cannot connect."""
    with pytest.raises(HubUnavailable) as caught:
        async with DumplingEater(hub=hub, reconnect=False, **settings) as eater:
            await anext(aiter(eater))
    assert "\n" not in str(caught.value)
    return caught.value.reason


async def test_what_is_wrong_with_a_connection_is_said_in_one_line() -> None:
    ca = {"tls_ca": pem("authority.crt")}
    async with running_hub(**served_by()) as hub:
        port = hub.out_port
        assert "authority of its certificate is not known" in await why_not(
            f"wss://localhost:{port}"
        )
        stranger = {"tls_ca": pem("stranger.crt")}
        assert "is not known" in await why_not(f"wss://localhost:{port}", **stranger)
        assert "speaks TLS: connect with wss://" in await why_not(f"localhost:{port}")
    async with running_hub(**served_by("elsewhere")) as hub:
        said = await why_not(f"wss://localhost:{hub.out_port}", **ca)
        assert "of another host" in said
        assert "localhost" in said
    async with running_hub(**served_by("expired")) as hub:
        assert "has expired" in await why_not(f"wss://localhost:{hub.out_port}", **ca)
    async with running_hub() as hub:
        assert "is it a hub without" in await why_not(f"wss://localhost:{hub.out_port}", **ca)


async def test_a_hub_that_wants_certificates_takes_those_of_its_authority() -> None:
    async with running_hub(
        status_freq=0.1, tls_client_ca=pem("authority.crt"), **served_by()
    ) as hub:
        uri, ca = f"wss://localhost:{hub.out_port}", pem("authority.crt")
        assert "see --tls-cert" in await why_not(uri, tls_ca=ca)
        strange = {"tls_cert": pem("strange.crt"), "tls_key": pem("strange.key")}
        assert "does not know the authority" in await why_not(uri, tls_ca=ca, **strange)
        async with (
            asyncio.timeout(PATIENCE),
            DumplingEater(
                hub=uri, tls_ca=ca, tls_cert=pem("peer.crt"), tls_key=pem("peer.key")
            ) as eater,
        ):
            async for status in eater:
                if status.payload["refused"] == {"TLS": 2}:
                    break


async def test_dumplings_pass_through_tls_whole_however_large_and_many() -> None:
    async with (
        running_hub(**served_by()) as hub,
        wss(hub.out_port) as eater,
        wss(hub.in_port) as kitchen,
    ):
        await eater.send(EATER_HELLO)
        await (await eater.ping())
        await kitchen.send(KITCHEN_HELLO)
        sent = [dumpling("x" * size) for size in (0, 1, 16_000, 17_000, 900_000, 3) * 4]
        for text in sent:
            await kitchen.send(text)
        assert [await asyncio.wait_for(eater.recv(), PATIENCE) for _ in sent] == sent
        await kitchen.close()
        await eater.close()
        assert (kitchen.close_code, eater.close_code) == (1000, 1000)


async def test_an_eater_that_does_not_read_through_tls_is_slow_and_nobody_else_notices() -> None:
    async with (
        running_hub(eater_buffer=200_000, **served_by()) as hub,
        wss(hub.out_port, max_queue=1) as lazy,
        wss(hub.out_port) as eager,
        wss(hub.in_port) as kitchen,
    ):
        for eater in (lazy, eager):
            await eater.send(EATER_HELLO)
            await (await eater.ping())
        await kitchen.send(KITCHEN_HELLO)
        for number in range(200):
            await kitchen.send(dumpling([number, "x" * 50_000]))
            assert (
                json.loads(await asyncio.wait_for(eager.recv(), PATIENCE))["payload"][0] == number
            )
        assert hub._service is not None
        ledgers = [eater.feed.ledger for eater in hub._service._eaters.here]
        assert ledgers[0].dropped > 0
        assert ledgers[1].dropped == 0
        assert all(sum(ledger[1:]) == ledger.routed for ledger in ledgers)


async def test_a_hub_that_stops_says_goodbye_through_tls() -> None:
    async with running_hub(**served_by()) as hub:
        eater = await wss(hub.out_port)
        await eater.send(EATER_HELLO)
        await (await eater.ping())
        goodbye = asyncio.create_task(closing(eater))
    assert await goodbye == (1001, "the hub is stopping")


async def test_what_is_no_tls_is_refused_and_nobody_else_notices(
    caplog: pytest.LogCaptureFixture,
) -> None:
    greeting = ssl.MemoryBIO()
    client = client_context(pem("authority.crt")).wrap_bio(
        ssl.MemoryBIO(), greeting, server_hostname="localhost"
    )
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = greeting.read()
    garbage = [b"GET / HTTP/1.1\r\n\r\n", b"\x16", b"\x16\x03\x01\xff\xff" + b"\x00" * 70_000,
               b"\x16" * 100, b"\x00" * 10_000, hello + b"\xff" * 100, hello * 3,
               hello[:-1]]  # fmt: skip
    async with running_hub(hello_timeout=1.0, **served_by()) as hub:
        for sent in garbage:
            reader, writer = await asyncio.open_connection("localhost", hub.out_port)
            writer.write(sent)
            try:
                async with asyncio.timeout(PATIENCE):
                    while await reader.read(65536):
                        pass
            except ConnectionResetError:
                pass
            writer.close()
        async with wss(hub.out_port) as eater:
            await eater.send(EATER_HELLO)
            await (await eater.ping())
    assert [line for line in lines(caplog.records) if "Traceback" in line or "fault" in line] == []
    assert any("it does not speak TLS" in line for line in lines(caplog.records))


async def test_those_who_connect_and_say_nothing_are_bounded_before_tls_too() -> None:
    """They are cut when their time is over; nobody waits for them."""
    async with running_hub(hello_timeout=0.5, **served_by()) as hub:
        silent = [await asyncio.open_connection("localhost", hub.in_port) for _ in range(50)]
        async with wss(hub.out_port) as eater:
            await eater.send(EATER_HELLO)
            await (await eater.ping())
        for reader, writer in silent:
            assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
            writer.close()


def test_the_commands_speak_tls_and_a_hub_takes_a_new_certificate_on_sighup(
    reachable_path: Path,
) -> None:
    cert, key = reachable_path / "hub.crt", reachable_path / "hub.key"
    cert.write_bytes(pem("hub.crt").read_bytes())
    key.write_bytes(pem("hub.key").read_bytes())
    capture = write_pcap(reachable_path / "one.pcap", dns_query("a.example"))
    ca = ("--tls-ca", str(pem("authority.crt")))
    with Command("hub", "-i", "0", "-o", "0", "-f", "0.1", "--tls-cert", str(cert),
                 "--tls-key", str(key)) as hub:  # fmt: skip
        said = hub.wait_for_err(r"kitchens on port (\d+), eaters on port (\d+)$")
        with Command("print", "-h", f"wss://localhost:{said[2]}", *ca) as printer:
            printer.wait_for_err("connected to the hub at wss://localhost")
            with Command(
                "sniff", "-h", f"wss://localhost:{said[1]}", *ca, "--read", str(capture)
            ) as kitchen:
                assert kitchen.end() == 0, kitchen.err
            printer.wait_for_out("a.example")

            key.write_bytes(pem("renewed.key").read_bytes())
            hub.process.send_signal(signal.SIGHUP)
            hub.wait_for_err("the certificate stays as it was: .*not the key of the certificate")
            cert.write_bytes(pem("renewed.crt").read_bytes())
            hub.process.send_signal(signal.SIGHUP)
            hub.wait_for_err("the certificate was read again")
            done = run("hubdetails", "-h", f"wss://localhost:{said[2]}", "--tls-ca", str(cert))
            assert done.returncode == 0, done.stderr
            # Who was connected has stayed so.
            assert json.loads(done.stdout)["dumpling_eater_count"] == 2
        assert hub.end(signal.SIGTERM) == 0
        assert "Traceback" not in hub.err


def test_a_hub_without_files_to_read_again_ends_cleanly_on_sighup() -> None:
    with Command("hub", "-i", "0", "-o", "0") as hub:
        hub.wait_for_err("hub is up")
        assert hub.end(signal.SIGHUP) == 0
        assert "hub has stopped" in hub.err
