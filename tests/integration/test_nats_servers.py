"""The servers that tests of the backbone run on: started, killed, started again, cut off."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.api import StreamConfig

from support import network
from support.commands import PATIENCE, clean_environment
from support.nats import NatsServer, wait_until, why_no_servers
from support.nats_cluster import NatsCluster, separate_cluster
from support.processes import wait_until_gone
from support.tls import pem

pytestmark = pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))


@asynccontextmanager
async def client(urls: str | list[str], **options: Any) -> AsyncIterator[nats.NATS]:
    async def quiet(_: Exception) -> None:
        """Losing a server is what these tests are about."""

    connection = await nats.connect(urls, error_cb=quiet, reconnect_time_wait=0.05, **options)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_cluster_goes_on_without_one_of_its_servers(tmp_path: Path) -> None:
    with NatsCluster(tmp_path) as cluster:
        async with client(cluster.urls) as connection:
            stream = connection.jetstream()
            await stream.add_stream(StreamConfig("s", subjects=["s.>"], num_replicas=3))
            assert (await stream.publish("s.a", b"one")).seq == 1
            follower = cluster.follower("s")
            cluster.kill(follower)
        async with client(cluster.urls) as connection:
            assert (await connection.jetstream().publish("s.a", b"two")).seq == 2
            cluster.restart(follower)
        async with client(cluster.servers[follower].url) as connection:
            assert (await connection.jetstream().get_msg("s", 2)).data == b"two"


async def test_a_server_has_after_a_kill_what_it_had_stored(tmp_path: Path) -> None:
    with NatsServer(tmp_path / "nats") as server:
        async with client(server.url) as connection:
            stream = connection.jetstream()
            await stream.add_stream(StreamConfig("s", subjects=["s.>"]))
            await stream.publish("s.a", b"one")
        pid = server.pid
        server.restart()
        assert server.pid != pid
        async with client(server.url) as connection:
            assert (await connection.jetstream().get_msg("s", 1)).data == b"one"


async def test_a_server_asks_for_a_password_through_tls(tmp_path: Path) -> None:
    tls = {"cert_file": pem("hub.crt"), "key_file": pem("hub.key")}
    with NatsServer(tmp_path / "nats", user="hub", password="secret", tls=tls) as server:
        context = ssl.create_default_context(cafile=str(pem("authority.crt")))
        async with client(server.url, user="hub", password="secret", tls=context) as connection:
            assert connection.is_connected
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            async with client(
                server.url, user="hub", password="no", tls=context, allow_reconnect=False
            ):
                pass


@pytest.mark.netns
@pytest.mark.skipif(bool(network.why_not()), reason=str(network.why_not()))
async def test_a_server_that_is_cut_off_catches_up_when_it_is_back(tmp_path: Path) -> None:
    with separate_cluster(tmp_path) as (cluster, switch):
        number = cluster.follower()
        alone = cluster.servers[number]
        switch.partition(number)
        async with client(cluster.servers[cluster.leader(other_than=number)].url) as connection:
            stream = connection.jetstream(timeout=PATIENCE)
            await stream.add_stream(StreamConfig("s", subjects=["s.>"], num_replicas=3))
            await stream.publish("s.a", b"one")
        # From the others it is cut off, but not from here.
        assert alone.monitoring("jsz")["messages"] == 0
        switch.heal(number)
        wait_until(lambda: alone.monitoring("jsz")["messages"] == 1, lambda: alone.log)


_KILLED = """
import sys
from pathlib import Path
from support.nats import NatsServer
server = NatsServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_no_server_outlives_the_tests(tmp_path: Path) -> None:
    environment = {**clean_environment(), "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path / "nats")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as tests:
        assert tests.stdout
        pid = int(tests.stdout.readline())
        os.kill(tests.pid, signal.SIGKILL)
        wait_until_gone(pid)
