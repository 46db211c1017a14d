"""Sniffing on real interfaces, in network namespaces, through either library for libpcap."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from struct import pack

import pytest

from netdumplings.capture import (
    CaptureOptions,
    CaptureStatistics,
    file_source,
    live_source,
    may_sniff,
    write_pcap,
)
from netdumplings.capture.libpcap import ENVIRONMENT_VARIABLE
from netdumplings.exceptions import InvalidFilter, NoSuchInterface
from netdumplings.packets import PacketBatch
from support.network import Cable, ip, run_inside, start_inside, why_not
from support.sniffer import Sniffer

REASON = why_not()
needs_namespaces = pytest.mark.skipif(REASON is not None, reason=str(REASON))

LEFT_IP, RIGHT_IP = Cable.LEFT_IP, Cable.RIGHT_IP

SEND_UDP = """
import socket, sys
address, count, text = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
    for _ in range(count):
        udp.sendto(text.encode(), (address, 5005))
"""
SEND_FRAME = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    raw.bind(("eth0", 0))
    raw.send(bytes.fromhex(sys.argv[1]))
"""
ECHO_ONCE = """
import socket
with socket.create_server(("0.0.0.0", 7007)) as server:
    print("ready", flush=True)
    connection, _ = server.accept()
    with connection:
        connection.sendall(connection.recv(100))
"""
TALK = """
import socket, sys
with socket.create_connection((sys.argv[1], 7007)) as connection:
    connection.sendall(b"over TCP")
    assert connection.recv(100) == b"over TCP"
"""


@pytest.fixture(params=["cypcap", "pcapy"], autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the libraries around libpcap in turn, in this process and those it starts."""
    name: str = request.param
    pytest.importorskip(name, reason=f"{name} has no wheel for this machine")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, name)
    return name


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


def send_udp(namespace: str, address: str, text: str, count: int = 1) -> None:
    run_inside(namespace, sys.executable, "-c", SEND_UDP, address, str(count), text)


@needs_namespaces
@pytest.mark.netns
class TestOnACable:
    """Two namespaces joined by a veth pair; the sniffer is on the left."""

    def test_arp_udp_and_tcp_are_seen_as_they_went_over_the_cable(self, cable: Cable) -> None:
        before = time.time_ns()
        with Sniffer(cable.left, "eth0") as sniffer:
            send_udp(cable.right, LEFT_IP, "over UDP")
            server = start_inside(cable.left, [sys.executable, "-c", ECHO_ONCE])
            with server:
                assert server.stdout
                assert server.stdout.readline() == "ready\n"
                run_inside(cable.right, sys.executable, "-c", TALK, LEFT_IP)
            udp = sniffer.wait_for(b"over UDP")
            sniffer.wait_for(b"over TCP")
            arp = sniffer.wait_for(b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01")
        after = time.time_ns()
        assert udp.data[12:14] == b"\x08\x00"
        assert udp.wire_length == len(udp.data) == 14 + 20 + 8 + len("over UDP")
        assert arp.data[:6] == b"\xff" * 6
        assert {(packet.interface, packet.link_type) for packet in sniffer.packets} == {("eth0", 1)}
        # Their times are those of the clock on the wall. (cypcap's nanoseconds were minutes off.)
        assert all(before <= packet.time_ns <= after for packet in sniffer.packets)
        assert sniffer.statistics == CaptureStatistics(len(sniffer.packets))

    def test_vlan_tags_are_part_of_the_packet(self, cable: Cable) -> None:
        frame = bytes(12) + pack(">HHH", 0x8100, 5, 0x0800) + b"tagged" * 10
        with Sniffer(cable.left, "eth0") as sniffer:
            run_inside(cable.right, sys.executable, "-c", SEND_FRAME, frame.hex())
            assert sniffer.wait_for(b"tagged").data == frame

    def test_only_what_the_filter_lets_through_is_received(self, cable: Cable) -> None:
        with Sniffer(cable.left, "eth0", filter="udp port 5005") as sniffer:
            send_udp(cable.right, LEFT_IP, "wanted", count=20)
            sniffer.wait_until(lambda: len(sniffer.packets) == 20)
        assert all(packet.data.endswith(b"wanted") for packet in sniffer.packets)
        assert sniffer.statistics == CaptureStatistics(20)

    def test_packets_are_cut_off_at_the_snaplen_and_keep_their_length(self, cable: Cable) -> None:
        with Sniffer(cable.left, "eth0", filter="udp port 5005", snaplen=60) as sniffer:
            send_udp(cable.right, LEFT_IP, "x" * 1000)
            sniffer.wait_until(lambda: len(sniffer.packets) == 1)
        [packet] = sniffer.packets
        assert (len(packet.data), packet.wire_length) == (60, 14 + 20 + 8 + 1000)

    def test_none_of_many_packets_is_missed(self, cable: Cable) -> None:
        with Sniffer(cable.left, "eth0", filter="udp port 5005") as sniffer:
            send_udp(cable.right, LEFT_IP, "many", count=20_000)
            sniffer.wait_until(lambda: len(sniffer.packets) == 20_000)
        assert sniffer.statistics == CaptureStatistics(20_000)

    def test_none_is_missed_either_when_packets_are_wanted_at_once(self, cable: Cable) -> None:
        """A kernel buffer that has a slot of full length for each packet would hold 64 of them."""
        with Sniffer(cable.left, "eth0", filter="udp port 5005", immediate=True) as sniffer:
            send_udp(cable.right, LEFT_IP, "at once", count=2_000)
            sniffer.wait_until(lambda: len(sniffer.packets) == 2_000)
        assert sniffer.statistics == CaptureStatistics(2_000)

    def test_a_busy_interface_leaves_the_others_their_turn(self, cable: Cable) -> None:
        with Sniffer(cable.left, "lo", "eth0", filter="udp port 5005") as sniffer:
            flood = start_inside(
                cable.left,
                [sys.executable, "-c", SEND_UDP, "127.0.0.1", "1000000000", "flood"],
            )
            with flood:
                sniffer.wait_for(b"flood")
                send_udp(cable.right, LEFT_IP, "between")
                sniffer.wait_for(b"between", "eth0")
                assert flood.poll() is None
                flood.kill()

    def test_the_loopback_interface_gives_each_packet_once(self, cable: Cable) -> None:
        with Sniffer(cable.left, "lo", filter="udp") as sniffer:
            for number in range(3):
                send_udp(cable.left, "127.0.0.1", f"number {number}")
            sniffer.wait_for(b"number 2")
        assert len(sniffer.packets) == 3

    def test_the_any_interface_can_be_asked_for_by_name(self, cable: Cable) -> None:
        with Sniffer(cable.left, "any") as sniffer:
            send_udp(cable.right, LEFT_IP, "to anyone")
            packet = sniffer.wait_for(b"to anyone")
        assert packet.interface == "any"
        assert packet.link_type in (113, 276)

    def test_what_was_sniffed_replays_as_the_same_packets(
        self, cable: Cable, tmp_path: Path
    ) -> None:
        with Sniffer(cable.left, "eth0") as sniffer:
            send_udp(cable.right, LEFT_IP, "once more", count=3)
            sniffer.wait_for(b"once more")
        records = [(packet.time_ns, packet.wire_length, packet.data) for packet in sniffer.packets]
        write_pcap(tmp_path / "x.pcap", PacketBatch.from_records(1, records))
        source = file_source([str(tmp_path / "x.pcap")], CaptureOptions(filter=""))
        source.open()
        batch = source.read(0)
        source.close()
        assert batch is not None
        assert batch.times_ns.tolist() == [packet.time_ns for packet in sniffer.packets]
        assert batch.wire_lengths.tolist() == [packet.wire_length for packet in sniffer.packets]
        assert [batch.data(n) for n in range(len(batch))] == [p.data for p in sniffer.packets]


@needs_namespaces
@pytest.mark.netns
class TestInterfacesComeAndGo:
    """None of what happens to an interface ends the source, and each is logged once."""

    def test_an_interface_that_goes_down_and_up_is_sniffed_on_again(self, cable: Cable) -> None:
        with Sniffer(cable.left, "eth0") as sniffer:
            for turn in range(2):
                ip("-n", cable.left, "link", "set", "eth0", "down")
                sniffer.wait_for_log(DOWN, turn + 1)
                ip("-n", cable.left, "link", "set", "eth0", "up")
                sniffer.wait_for_log(UP, turn + 1)
                send_udp(cable.right, LEFT_IP, f"after turn {turn}")
                sniffer.wait_for(f"after turn {turn}".encode())
        assert sniffer.logs == [DOWN, UP] * 2

    def test_an_interface_deleted_and_made_anew_is_sniffed_on_again(self, cable: Cable) -> None:
        with Sniffer(cable.left, "eth0") as sniffer:
            send_udp(cable.right, LEFT_IP, "before")
            sniffer.wait_for(b"before")
            ip("-n", cable.left, "link", "del", "eth0")
            sniffer.wait_for_log("the interface eth0 is gone; waiting for it")
            lay_cable(cable, "eth0", LEFT_IP, RIGHT_IP)
            sniffer.wait_for_log("sniffing on eth0 again")
            send_udp(cable.right, LEFT_IP, "after")
            sniffer.wait_for(b"after")
        # Whoever looks at the right moment sees that it goes down before it goes.
        assert [log for log in sniffer.logs if log != DOWN] == [
            "the interface eth0 is gone; waiting for it",
            "sniffing on eth0 again",
        ]
        # Of the packets of the interface that is no more, none is forgotten.
        assert sniffer.statistics == CaptureStatistics(len(sniffer.packets))

    def test_an_interface_that_is_down_at_first_is_waited_for(self, cable: Cable) -> None:
        ip("-n", cable.left, "link", "set", "eth0", "down")
        with Sniffer(cable.left, "eth0") as sniffer:
            assert sniffer.logs == ["the interface eth0 is down; waiting for it"]
            ip("-n", cable.left, "link", "set", "eth0", "up")
            sniffer.wait_for_log("sniffing on eth0 again")
            send_udp(cable.right, LEFT_IP, "at last")
            sniffer.wait_for(b"at last")

    def test_with_all_interfaces_those_that_appear_are_sniffed_on_too(self, cable: Cable) -> None:
        with Sniffer(cable.left, "all") as sniffer:
            send_udp(cable.right, LEFT_IP, "on the cable")
            send_udp(cable.left, "127.0.0.1", "at home")
            sniffer.wait_for(b"on the cable", "eth0")
            sniffer.wait_for(b"at home", "lo")
            lay_cable(cable, "eth1", "10.79.0.1", "10.79.0.2")
            sniffer.wait_until(lambda: any(log.startswith(ON_ETH1) for log in sniffer.logs))
            send_udp(cable.right, "10.79.0.1", "on another cable")
            sniffer.wait_for(b"on another cable", "eth1")
            ip("-n", cable.left, "link", "del", "eth1")
            sniffer.wait_for_log("the interface eth1 is gone; waiting for it")
            send_udp(cable.right, LEFT_IP, "still here")
            sniffer.wait_for(b"still here", "eth0")


DOWN = "the interface eth0 is down; waiting for it"
UP = "the interface eth0 is up again"


ON_ETH1 = "sniffing on eth1"


def lay_cable(cable: Cable, name: str, left: str, right: str) -> None:
    """Join the two namespaces by one more veth pair."""
    ip("link", "add", name, "netns", cable.left, "type", "veth",
       "peer", "name", name, "netns", cable.right)  # fmt: skip
    for namespace, address in ((cable.left, left), (cable.right, right)):
        ip("-n", namespace, "addr", "add", f"{address}/24", "dev", name)
        ip("-n", namespace, "link", "set", name, "up")


class TestRefusals:
    """One clear error, and nothing left open."""

    def test_an_interface_that_is_not_there(self) -> None:
        source = live_source(["nd-no-such-if"])
        with pytest.raises(NoSuchInterface) as caught:
            source.open()
        assert caught.value.interface == "nd-no-such-if"
        assert set(caught.value.available) == {name for _, name in socket.if_nameindex()}
        source.close()

    def test_a_wrong_filter(self) -> None:
        with pytest.raises(InvalidFilter) as caught:
            live_source(["lo"], CaptureOptions(filter="tcp prot 80")).open()
        assert caught.value.reason == "can't parse filter expression: syntax error"

    def test_no_permission(self) -> None:
        """Root takes its rights away first; who is not root has none."""
        done = subprocess.run(
            [sys.executable, "-c", MAY_SNIFF], capture_output=True, text=True, timeout=30
        )
        assert done.stdout.splitlines() == ["NotPermitted", "NotPermitted", "NoSuchInterface"]
        assert done.stderr == ""

    @needs_namespaces
    def test_who_may_sniff_is_told_so_and_nothing_is_written(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert may_sniff() is None
        assert may_sniff(["lo"]) is None
        source = live_source(["lo"])
        source.open()
        source.close()
        assert capfd.readouterr() == ("", "")


MAY_SNIFF = """
import os
from netdumplings.capture import may_sniff
may_sniff(["nd-no-such-if"])  # imports what only root may be able to read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for interface in "all", "lo", "nd-no-such-if":
    print(type(may_sniff([interface])).__name__)
"""
