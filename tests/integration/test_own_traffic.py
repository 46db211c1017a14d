"""A kitchen does not tell of the packets that carry what it tells."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import Command
from support.network import Cable, inside, run_inside, why_not

REASON = why_not()
pytestmark = [
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.netns,
]

CHEF = """
from scapy.layers.inet import TCP
from netdumplings import DumplingChef

class PortsChef(DumplingChef):
    def packet_handler(self, packet):
        return "between {0} and {1}".format(*sorted((packet[TCP].sport, packet[TCP].dport)))
"""
#: Two packets: somebody knocks, and nobody is there.
KNOCK = """
import socket, sys
with socket.socket() as knocking:
    knocking.bind(("127.0.0.1", 40000))
    knocking.connect_ex(("127.0.0.1", int(sys.argv[1])))
"""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


@pytest.fixture
def chef(tmp_path: Path) -> str:
    path = tmp_path / "ports.py"
    path.write_text(CHEF)
    return str(path)


def up(cable: Cable, chef: str, *options: str) -> Command:
    """A hub, a kitchen and an eater, all on one loopback interface."""
    return Command(
        "up", "-i", "lo", "-f", "tcp", "-m", chef, "--in-port", "0", "--out-port", "0",
        "--status-freq", "0.2", *options, prefix=inside(cable.left),
    )  # fmt: skip


def knock(cable: Cable, port: int) -> None:
    run_inside(cable.left, sys.executable, "-c", KNOCK, str(port))


def test_connections_to_the_hub_are_left_out(cable: Cable, chef: str) -> None:
    with up(cable, chef) as kitchen:
        kitchen.wait_for_err("sniffs on lo")
        for port in (901, 902):
            knock(cable, port)
            kitchen.wait_for_out(f"between {port} and 40000")
        assert kitchen.end(signal.SIGINT) == 0
    told = re.findall(r"between (\d+) and (\d+)", kitchen.out)
    assert set(told) == {("901", "40000"), ("902", "40000")}


def test_unless_one_asks_for_them(cable: Cable, chef: str) -> None:
    with up(cable, chef, "--own-traffic") as kitchen:
        ports = kitchen.wait_for_err(r"kitchens on port (\d+), eaters on port (\d+)")
        kitchen.wait_for_out(f"between .*({ports[1]}|{ports[2]})")
        assert kitchen.end(signal.SIGINT) == 0
