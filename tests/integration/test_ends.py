"""SIGTERM and Ctrl-C: what is on its way arrives, and the other side is told goodbye."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection

from netdumplings.wire import SUBPROTOCOL
from support.commands import PATIENCE, Command
from support.hubs import Hub, dumpling, foreign_hub
from support.packets import arp, dns_query, write_pcap

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
ONE_CHEF = """
import sys
from netdumplings import DumplingChef

class LengthChef(DumplingChef):
    packets = 0

    def packet_handler(self, packet):
        self.packets += 1
        if self.packets == 100:
            print("chef: well under way", file=sys.stderr, flush=True)
        return {"length": len(packet)}
"""


@pytest.fixture
def replaying(tmp_path: Path) -> list[str]:
    """Arguments with which a kitchen makes dumplings as fast as it can, without end."""
    capture = write_pcap(tmp_path / "two.pcap", arp(), dns_query("a.example"))
    chef = tmp_path / "length_chef.py"
    chef.write_text(ONE_CHEF)
    return ["--read", str(capture), "--loop", "-m", str(chef)]


@contextmanager
def legacy_eater(port: int, host: str = "localhost") -> Iterator[ClientConnection]:
    with connect(f"ws://{host}:{port}", compression=None, proxy=None, max_queue=None) as eater:
        eater.send('{"eater_name": "test_eater"}')
        assert eater.ping().wait(PATIENCE)
        yield eater


def payloads(eater: ClientConnection, chef: str) -> list[object]:
    """The payloads of all dumplings of a chef until the hub closes the connection."""
    documents = [json.loads(text) for text in eater]
    return [one["payload"] for one in documents if one["metadata"]["chef"] == chef]


@SIGNALS
def test_a_hub_gives_eaters_what_kitchens_have_sent_and_says_goodbye_to_both(
    number: signal.Signals,
) -> None:
    with Hub() as hub, legacy_eater(hub.out_port) as eater, hub.kitchen() as kitchen:
        for n in range(20_000):
            kitchen.send(dumpling(n))
        assert kitchen.ping().wait(PATIENCE)  # it has read them all
        eating = threading.Thread(target=lambda: eaten.extend(payloads(eater, "TestChef")))
        eaten: list[object] = []
        eating.start()
        assert hub.end(number) == 0
        eating.join()
        with pytest.raises(ConnectionClosed) as farewell:
            kitchen.recv(PATIENCE)
        for protocol in (eater.protocol, kitchen.protocol):
            assert (protocol.close_code, protocol.close_reason) == (1001, "the hub is stopping")
    assert eaten == list(range(20_000))
    assert farewell.value.rcvd
    assert re.search(r"hub has stopped: 20\d\d\d dumplings in, 20\d\d\d out, 0 dropped$", hub.err)


@SIGNALS
def test_a_hub_routes_whatever_it_has_acknowledged(number: signal.Signals) -> None:
    with Hub() as hub, legacy_eater(hub.out_port) as eater:
        eaten: list[object] = []
        eating = threading.Thread(target=lambda: eaten.extend(payloads(eater, "TestChef")))
        eating.start()
        acknowledged, sent = 0, 0
        uri = f"ws://localhost:{hub.in_port}"
        with connect(uri, subprotocols=[SUBPROTOCOL], compression=None, proxy=None) as kitchen:  # type: ignore[list-item]
            announcement = {"kitchen_name": "k"}
            hello = {"type": "hello", "session": "5" * 32, "first": 1, "announcement": announcement}
            kitchen.send(json.dumps(hello))
            try:
                while True:
                    lines = [dumpling(sent + n) for n in range(1, 101)]
                    head = json.dumps({"type": "batch", "first": sent + 1})
                    kitchen.send("\n".join([head, *lines]))
                    sent += 100
                    acknowledged = json.loads(kitchen.recv(PATIENCE))["acknowledged"]
                    if sent == 5000:
                        hub.process.send_signal(number)
            except ConnectionClosed:
                assert kitchen.protocol.close_code == 1001
        eating.join()
        assert hub.end() == 0
        assert eater.protocol.close_code == 1001
    assert 0 < acknowledged <= sent
    assert eaten[:acknowledged] == list(range(1, acknowledged + 1))


@SIGNALS
def test_a_kitchen_sends_all_it_has_made_and_says_goodbye(
    number: signal.Signals, replaying: list[str]
) -> None:
    with Hub() as hub, legacy_eater(hub.out_port) as eater:
        address = f"localhost:{hub.in_port}"
        with Command("sniff", "-h", address, *replaying) as sniff:
            hub.wait_for_err("kitchen 'default_kitchen' .* is here")
            eater.recv(PATIENCE)
            assert sniff.end(number) == 0
            made = int(sniff.wait_for_err(r"and made (\d+) dumplings")[1])
        hub.wait_for_err(rf"has gone; it sent {made} dumplings$")
        hub.stop()
        eaten = payloads(eater, "LengthChef")
    # The first may have been the one that was waited for.
    assert len(eaten) in (made, made - 1)
    assert "Traceback" not in sniff.err
    assert "lost" not in sniff.err


@SIGNALS
def test_a_kitchen_without_a_hub_ends_and_says_how_many_dumplings_are_lost(
    number: signal.Signals, replaying: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        nobody = f"127.0.0.1:{sock.getsockname()[1]}"
    with Command("sniff", "-h", nobody, *replaying) as sniff:
        sniff.wait_for_err("will keep trying")
        sniff.wait_for_err("well under way")
        assert sniff.end(number) == 1
        made = int(sniff.wait_for_err(r"and made (\d+) dumplings")[1])
    assert f"nd-sniff: {made} dumplings are lost" in sniff.err
    assert "Traceback" not in sniff.err


@SIGNALS
def test_everything_that_nd_up_has_made_is_printed(
    number: signal.Signals, replaying: list[str], tmp_path: Path
) -> None:
    times = [n / 1000 for n in range(100)]
    write_pcap(tmp_path / "two.pcap", *[arp()] * len(times), times=times)
    ports = ("--in-port", "0", "--out-port", "0")
    with Command("up", *ports, *replaying, "--speed", "1") as up:
        up.wait_for_err("well under way")
        up.wait_for_out("LengthChef from default_kitchen")
        assert up.end(number) == 0
        made = int(up.wait_for_err(r"and made (\d+) dumplings")[1])
    assert up.out.count("[packet] LengthChef from default_kitchen") == made > 0
    assert "[gap]" not in up.out
    assert "Traceback" not in up.err


@SIGNALS
@pytest.mark.parametrize("module", ["print", "hubstatus", "hubdetails", "sniff"])
def test_each_command_closes_its_connection_politely(
    module: str, number: signal.Signals, replaying: list[str]
) -> None:
    met = threading.Event()
    codes: list[int | None] = []

    def listen_only(peer: ServerConnection) -> None:
        peer.recv()
        met.set()
        for _ in peer:  # until it goes
            pass
        codes.append(peer.protocol.close_code)

    with (
        foreign_hub(listen_only) as address,
        Command(module, "-h", address, *(replaying if module == "sniff" else ())) as command,
    ):
        assert met.wait(PATIENCE)
        assert command.end(number) == 0
        assert "Traceback" not in command.err
    assert codes == [1000]


def has(host: str, family: socket.AddressFamily) -> bool:
    """Whether a name of this host has an address of a family, and can be listened on."""
    try:
        found = socket.getaddrinfo(host, 0, family, socket.SOCK_STREAM)
        socket.create_server(found[0][4][:2], family=family).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "reached_at"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("::1", ["[::1]"]),
        ("localhost", ["127.0.0.1", "[::1]", "localhost"]),
        ("0.0.0.0", ["127.0.0.1"]),
        ("::", ["[::1]"]),
    ],
)
def test_a_hub_serves_both_families_on_the_ports_that_it_logs(
    address: str, reached_at: list[str], tmp_path: Path
) -> None:
    if not has("::1", socket.AF_INET6) and ":" in address:
        pytest.skip("this host has no IPv6")
    if not has("localhost", socket.AF_INET6):
        reached_at = [host for host in reached_at if address != "localhost" or ":" not in host]
    capture = str(write_pcap(tmp_path / "one.pcap", dns_query("a.example")))
    with Command("hub", "-a", address, "-i", "0", "-o", "0", "--insecure") as hub:
        said = hub.wait_for_err(
            rf"hub is up on {re.escape(address)}: kitchens on port (\d+), eaters on port (\d+)$"
        )
        page = hub.wait_for_err(r"the page to look at is (http://\S+/)$")[1]
        assert urllib.request.urlopen(page).status == 200
        for host in reached_at:
            name = host.strip("[]")
            with Command("print", "-h", f"{host}:{said[2]}", "-k", name) as printer:
                printer.wait_for_err("connected to the hub")
                sniff = ("--read", capture, "-c", "DNSLookupChef", "-n", name)
                with Command("sniff", "-h", f"{host}:{said[1]}", *sniff) as kitchen:
                    assert kitchen.end() == 0, kitchen.err
                printer.wait_for_out("a.example")
        assert hub.end(signal.SIGTERM) == 0
    for port in said.groups():
        assert int(port) > 0
