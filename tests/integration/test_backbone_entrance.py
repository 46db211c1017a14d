"""A hub gets into its backbone: by nothing, a password, credentials, a certificate; through TLS."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import nats
import pytest

from netdumplings.backbone import BackboneSettings
from netdumplings.backbone.entrance import SafeClient, entrance
from netdumplings.backbone.link import said
from netdumplings.hub.backbone_login import with_login
from support.commands import PATIENCE
from support.hubs import Hub
from support.nats import NatsServer, why_no_servers
from support.nats_accounts import Accounts
from support.tls import pem

pytestmark = pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))

SHOWN = {"cert_file": pem("hub.crt"), "key_file": pem("hub.key")}


async def streams_seen(settings: BackboneSettings, **more: Any) -> int:
    """Get in, and ask JetStream how many streams there are."""

    async def quiet(_: Exception) -> None:
        """It is raised in the end."""

    client = SafeClient()
    arguments = entrance(with_login(settings))
    usual = {"allow_reconnect": False, "connect_timeout": 5, "error_cb": quiet}
    try:
        await client.connect(**arguments, **(usual | more))
        return (await client.jetstream().account_info()).streams
    finally:
        await client.close()


async def test_by_nothing(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        assert await streams_seen(BackboneSettings(servers=[server.url])) == 0


async def test_by_a_password(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats", user="hub", password="secret") as server:
        settings: dict[str, Any] = {"servers": [server.url], "user": "hub"}
        assert await streams_seen(BackboneSettings(**settings, password="secret")) == 0
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            await streams_seen(BackboneSettings(**settings, password="wrong"))


async def test_by_credentials(tmp_path: Path) -> None:
    accounts = Accounts()
    path = tmp_path / "hub.creds"
    accounts.write_credentials(path)
    with NatsServer(tmp_path / "nats", more=accounts.settings) as server:
        settings = BackboneSettings(servers=[server.url], credentials=path)
        assert await streams_seen(settings) == 0
        Accounts().write_credentials(path)
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            await streams_seen(settings)


async def test_by_a_certificate_through_tls(tmp_path: Path) -> None:
    tls = {**SHOWN, "ca_file": pem("authority.crt"), "verify": True}
    with NatsServer(tmp_path / "nats", tls=tls) as server:
        settings: dict[str, Any] = {"servers": [server.url], "tls_ca": pem("authority.crt")}
        shown = {"tls_cert": pem("peer.crt"), "tls_key": pem("peer.key")}
        assert await streams_seen(BackboneSettings(**settings, **shown)) == 0
        with pytest.raises((nats.errors.Error, OSError)):
            await streams_seen(BackboneSettings(**settings))


async def test_not_to_a_server_whose_certificate_is_not_trusted(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats", tls=SHOWN) as server:
        settings = BackboneSettings(servers=[server.url], tls_ca=pem("stranger.crt"))
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            await streams_seen(settings)
        assert said(caught.value).startswith("its certificate is not trusted: unable to get")


async def test_a_server_of_an_old_certificate_is_passed_over(tmp_path: Path) -> None:
    old = {"cert_file": pem("expired.crt"), "key_file": pem("expired.key")}
    with (
        NatsServer(tmp_path / "old", tls=old) as bad,
        NatsServer(tmp_path / "good", tls=SHOWN) as good,
    ):
        settings = BackboneSettings(servers=[bad.url, good.url], tls_ca=pem("authority.crt"))
        assert await streams_seen(settings, allow_reconnect=True, dont_randomize=True) == 0


async def test_a_server_that_wants_no_tls_is_told_nothing() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","auth_required":true,"max_payload":1048576}\r\n')
        with suppress(ConnectionError):
            heard.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings = BackboneSettings(
            servers=[f"tls://127.0.0.1:{port}"], user="hub", password="secret"
        )
        with pytest.raises(nats.errors.SecureConnWantedError):
            await streams_seen(settings)
        assert await heard == b""


async def test_a_task_that_is_cancelled_while_it_writes_ends(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        client = SafeClient()
        await client.connect(server.url, flusher_queue_size=1)

        async def write() -> None:
            while True:
                await client.publish("a", b"")

        writing = asyncio.create_task(write())
        await asyncio.sleep(0)
        writing.cancel()
        done, _ = await asyncio.wait({writing}, timeout=PATIENCE)
        assert done
        await client.close()


def test_a_command_gets_in_by_a_file_that_its_user_may_not_read(reachable_path: Path) -> None:
    password = reachable_path / "password"
    password.touch(0o600)
    password.write_text("secret\n")
    with (
        NatsServer(reachable_path / "nats", user="me", password="secret", tls=SHOWN) as server,
        Hub(
            *(0, 0, "--backbone", server.url, "--backbone-tls-ca", str(pem("authority.crt"))),
            *("--backbone-user", "me", "--backbone-password-file", str(password)),
        ) as hub,
    ):
        hub.wait_for_err(f"the backbone is there: localhost:{server.port}")
        hub.stop()
        assert "secret" not in hub.err
