"""Real capture of what chefs are for: the kernel does not pass on the rest."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdumplings.capture.libpcap import load_library
from netdumplings.capture.libpcap.swapping import can_swap, swap
from support.commands import Command
from support.network import Cable, inside, run_inside, start_inside, why_not
from support.packets import arp, dns_query, tcp_syn
from support.sniffer import Sniffer

REASON = why_not()
pytestmark = [
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.netns,
]

CHEF = """
from netdumplings import DumplingChef

class PortChef(DumplingChef):
    packet_filter = "udp port {port}"

    def packet_handler(self, packet):
        return bytes(packet["UDP"].payload).decode()
"""
SEND_UDP = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    for port, count in zip(sys.argv[2::2], sys.argv[3::2]):
        for number in range(int(count)):
            udp.sendto(f"number {number} to port {port}".encode(), (sys.argv[1], int(port)))
"""
SEND_FRAMES = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    raw.bind(("eth0", 0))
    for frame in sys.argv[1:]:
        raw.send(bytes.fromhex(frame))
"""
#: Has the filter changed again and again while packets come, and counts them.
CHANGING = """
import json, sys, threading
from netdumplings.capture import CaptureOptions, live_source

source = live_source(["eth0"], CaptureOptions(filter="udp", buffer_size=64 << 20))
source.open()
source.read(0.0)
print("ready", flush=True)
changes, last = 0, threading.Event()

def change():
    global changes
    while not last.wait(0.002):
        changes += 1
        source.narrow(["udp port 5005", f"tcp port {changes}"])

changing = threading.Thread(target=change)
changing.start()
numbers = []
while not numbers or numbers[-1] < int(sys.argv[1]) - 1:
    batch = source.read(5.0)
    if batch is None:
        break
    numbers += [int(batch.data(index)[42:].split()[1]) for index in range(len(batch))]
last.set()
changing.join()
print(json.dumps([changes, len(numbers), source.statistics().dropped_by_kernel]))
"""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


def send(cable: Cable, *ports: tuple[int, int]) -> None:
    """Send so many packets to each of some ports."""
    words = [str(number) for pair in ports for number in pair]
    run_inside(cable.right, sys.executable, "-c", SEND_UDP, cable.LEFT_IP, *words)


def sniffing(cable: Cable, path: Path, *options: str) -> Command:
    chef = path / "port_chefs.py"
    chef.write_text(CHEF.format(port=5005))
    command = Command(
        "sniff", "--stdout", "-i", "eth0", "-f", "udp", "-m", str(chef), *options,
        prefix=inside(cable.left),
    )  # fmt: skip
    command.wait_for_err(r"kitchen \S+ sniffs on eth0")
    return command


def test_the_kernel_drops_what_no_chef_is_for_and_counts_it_nowhere(
    cable: Cable, reachable_path: Path
) -> None:
    with sniffing(cable, reachable_path) as command:
        command.wait_for_err(r"passes on what a chef is for, and no more: \(udp port 5005\)$")
        send(cable, (6000, 500), (5005, 3))
        command.wait_for_out("number 2 to port 5005")
        assert command.end(signal.SIGINT) == 0
    assert "handled 3 of 3 packets (dropped: 0 by the kernel" in command.err
    assert "PortChef: 3 packets" in command.err


def test_unless_all_are_to_be_captured(cable: Cable, reachable_path: Path) -> None:
    with sniffing(cable, reachable_path, "--capture-all") as command:
        send(cable, (6000, 500), (5005, 3))
        command.wait_for_out("number 2 to port 5005")
        assert command.end(signal.SIGINT) == 0
    assert "handled 503 of 503 packets" in command.err
    assert "PortChef: 3 packets" in command.err
    assert "passes on" not in command.err


def test_an_edited_chef_gets_what_it_is_for_now(cable: Cable, reachable_path: Path) -> None:
    with sniffing(cable, reachable_path, "--reload") as command:
        new = reachable_path / "new"
        new.write_text(CHEF.format(port=6000))
        new.chmod(0o644)  # whoever is to read it is not root any more
        new.replace(reachable_path / "port_chefs.py")
        command.wait_for_err(r"passes on what a chef is for, and no more: \(udp port 6000\)$")
        # The process that captures hears of it in its turn.
        for _ in range(50):
            send(cable, (5005, 1), (6000, 1))
            if "to port 6000" in command.out:
                break
        command.wait_for_out("number 0 to port 6000")
        assert command.end(signal.SIGINT) == 0
    assert re.search(r"PortChef \(reloaded\)", command.err)


@pytest.mark.skipif(load_library().name != "cypcap", reason="pcapy-ng has no programs to be had")
def test_nothing_is_lost_while_the_filter_changes(cable: Cable) -> None:
    count = 20_000
    command = [sys.executable, "-c", CHANGING, str(count)]
    with start_inside(cable.left, command) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        send(cable, (5005, count))
        changes, seen, dropped = json.loads(process.stdout.read())
    assert changes > 5
    assert (seen, dropped) == (count, 0)


def test_what_has_a_vlan_tag_or_is_short_comes_through(cable: Cable) -> None:
    # The kernel takes a tag off before it filters, and libpcap puts it on again. A chef that is
    # for tagged packets would see none of these.
    tagged = [
        one[:12] + b"\x81\x00\x00\x05" + one[12:] for one in (tcp_syn(99), arp(ip="192.0.2.9"))
    ]
    short = dns_query()[:36]
    wanted, unwanted, last = tcp_syn(80), tcp_syn(81), tcp_syn(80)[:-1] + b"!"
    with Sniffer(cable.left, "eth0", narrow=["ip6 and udp port 53", "tcp port 80"]) as sniffer:
        frames = [*tagged, short, unwanted, wanted, last]
        run_inside(
            cable.right, sys.executable, "-c", SEND_FRAMES, *(frame.hex() for frame in frames)
        )
        sniffer.wait_for(last)
    seen = [packet.data for packet in sniffer.packets]
    assert [one for one in frames if one in seen] == [*tagged, short, wanted, last]


def test_where_there_is_no_such_filter_everything_comes(cable: Cable) -> None:
    with (
        Sniffer(cable.left, "any", narrow=["udp port 6000"], filter="udp") as cooked,
        Sniffer(cable.left, "eth0", narrow=["udp port 6000"], filter="udp or vlan") as shifted,
    ):
        send(cable, (5005, 1))
        for sniffer in (cooked, shifted):
            sniffer.wait_for(b"number 0 to port 5005")


@pytest.mark.skipif(not can_swap(1), reason="libpcap's way is taken")
def test_a_filter_that_the_kernel_refuses_leaves_the_one_before() -> None:
    nothing, everything = [(0x06, 0, 0, 0)], [(0x06, 0, 0, 0xFFFFFFFF)]
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        here.setblocking(False)
        assert swap(here.fileno(), nothing)
        for refused in ([], [(0xFFFF, 0, 0, 0)], everything * 5000):
            assert not swap(here.fileno(), refused)
        there.send(b"not let through")
        assert swap(here.fileno(), everything)
        there.send(b"let through")
        assert here.recv(100) == b"let through"
