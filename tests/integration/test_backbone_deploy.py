"""The settings in ``deploy/nats`` are for servers that hubs can use as their backbone."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from netdumplings.backbone.servers import ServerPorts, find_nats_server, free_ports
from support.commands import clean_environment
from support.hub_peers import dumpling, kitchen
from support.joined_hubs import joined_hub, until
from support.nats import NatsServer, wait_until, why_no_servers
from support.tls import pem
from support.v2_peers import v2_eater

pytestmark = pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))

CONF = Path(__file__).parents[2] / "deploy" / "nats" / "nats-server.conf"


def made_local(directory: Path, ports: ServerPorts) -> str:
    """The settings, for a server on this host: with its own ports, and files that are there."""
    text = CONF.read_text()
    for old, new in {
        '"/etc/nats/nats.crt"': f'"{pem("hub.crt")}"',
        '"/etc/nats/nats.key"': f'"{pem("hub.key")}"',
        '"/etc/nats/ca.crt"': f'"{pem("authority.crt")}"',
        '"/var/lib/nats"': f'"{directory}"',
        "0.0.0.0:4222": f"127.0.0.1:{ports.clients}",
        "nats1.example.org:4222": f"localhost:{ports.clients}",
        "0.0.0.0:6222": f"127.0.0.1:{ports.routes}",
        "127.0.0.1:8222": f"127.0.0.1:{ports.monitoring}",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_the_server_understands_every_line(tmp_path: Path) -> None:
    path = tmp_path / "nats-server.conf"
    path.write_text(made_local(tmp_path, free_ports(1)[0]))
    done = subprocess.run(
        [str(find_nats_server()), "-t", "--config", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={**clean_environment(), "HUB_PASSWORD": "secret"},
    )
    assert done.returncode == 0, done.stderr
    assert "is valid" in done.stderr


async def test_its_user_may_do_what_hubs_do_and_nothing_else(tmp_path: Path) -> None:
    (ports,) = free_ports(1)
    text = made_local(tmp_path, ports).replace("$HUB_PASSWORD", '"secret"')
    # Alone: of a cluster that never comes together it would wait for the others.
    text = re.sub(r"^cluster \{.*?^\}", "", text, flags=re.DOTALL | re.MULTILINE)
    with NatsServer(tmp_path / "nats", ports=ports, text=text) as server:
        login = {"user": "hub", "password": "secret", "tls_ca": pem("authority.crt")}
        servers = f"tls://localhost:{ports.clients}"
        async with (
            joined_hub(servers, "dumplings", name="one", status_freq=0.2, **login) as one,
            joined_hub(servers, "dumplings", name="other", status_freq=0.2, **login) as other,
        ):
            await until(one, lambda status: len(status["hubs"]) == 2)
            async with kitchen(one) as cooking, v2_eater(other) as eating:
                event: Any = None
                # The hub's own come as well, and may do so before where the eater begins is known.
                while not any('"hello"' in line for line in getattr(event, "lines", ())):
                    await cooking.send(dumpling("hello"))
                    event = await eating.next()
        assert "Violation" not in server.log
        async with joined_hub(servers, "another", **login):
            await asyncio.to_thread(wait_until, lambda: "Violation" in server.log, str)
