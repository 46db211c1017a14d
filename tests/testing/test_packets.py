"""Whatever a test has for packets becomes batches, with the times that the test says."""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import CookedLinux, Ether
from scapy.packet import Packet, Raw
from scapy.plist import PacketList
from scapy.utils import rdpcap

from netdumplings.testing import START, packet_batch
from netdumplings.testing.packets import FedSource, batches, source_of
from support.packets import HOST, OTHER, batch, tcp_syn, write_pcap
from support.packets import START as FIRST


def syn(port: int) -> Packet:
    addresses = IP(src="192.0.2.1", dst="192.0.2.2")
    return Ether(src=HOST, dst=OTHER) / addresses / TCP(dport=port, flags="S")


def ports(*given: Any) -> list[int]:
    return [port for each in given for port in each.dst_ports.tolist()]


def test_scapy_packets_and_bytes_are_packets_and_so_is_one_alone() -> None:
    assert packet_batch([syn(1), bytes(syn(2))]).dst_ports.tolist() == [1, 2]
    assert packet_batch(syn(3)).data(0) == bytes(syn(3))
    assert packet_batch(bytes(syn(4))).dst_ports.tolist() == [4]
    assert len(packet_batch([])) == 0


def test_bytes_come_a_millisecond_apart_and_scapys_when_they_were_made() -> None:
    made = syn(1)
    times = packet_batch([tcp_syn(), made, tcp_syn()]).times.tolist()
    assert times == pytest.approx([START, float(made.time), START + 0.002], abs=1e-6)


def test_a_test_says_when_packets_come() -> None:
    packets = [syn(1), tcp_syn(2), syn(3)]
    assert packet_batch(packets, every=2.5).times.tolist() == [START, START + 2.5, START + 5]
    assert packet_batch(packets, start=7.0, every=1.0).times.tolist() == [7, 8, 9]
    assert packet_batch(packets, times=[5, 1.25, 1.25]).times.tolist() == [5, 1.25, 1.25]
    with pytest.raises(ValueError, match="there are 3 packets, and times of 2"):
        packet_batch(packets, times=[1, 2])


def test_times_of_a_capture_are_kept_to_the_nanosecond(tmp_path: Path) -> None:
    path = write_pcap(tmp_path / "x.pcap", tcp_syn(), tcp_syn(), times=[0.000000001, 1.123456789])
    times = packet_batch(rdpcap(str(path))).times_ns.tolist()
    assert times == [FIRST + 1, FIRST + 1_123_456_789]


def test_the_length_on_the_wire_is_that_of_the_packet_unless_it_says_otherwise() -> None:
    cut = syn(1)
    cut.wirelen = 1500
    assert packet_batch([cut, syn(2)]).wire_lengths.tolist() == [1500, len(syn(2))]


@pytest.mark.parametrize(
    ("packet", "link_type"),
    [
        (Ether(src=HOST, dst=OTHER) / IP(), 1),
        (IP() / TCP(), 101),
        (IPv6() / TCP(), 101),
        (CookedLinux() / IP(), 113),
        (tcp_syn(), 1),
    ],
)
def test_the_link_type_is_that_of_the_first_layer(packet: Any, link_type: int) -> None:
    assert packet_batch(packet).link_type == link_type
    assert packet_batch(packet, link_type=228).link_type == 228


def test_what_begins_no_packet_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match="begins with TCP: give its link type"):
        packet_batch(TCP())
    with pytest.raises(ValueError, match=r"have one link type, not \[1, 101\]"):
        packet_batch([syn(1), IP()])
    assert packet_batch(Raw(b"\x45"), link_type=101).data(0) == b"\x45"


def test_a_mixture_is_cut_into_batches_in_its_order() -> None:
    of_another = syn(5)
    of_another.sniffed_on = "eth1"
    ready = batch(tcp_syn(6), tcp_syn(7))
    given = [syn(1), tcp_syn(2), IP() / TCP(dport=3), IP() / TCP(dport=4), of_another, ready]
    found = list(batches(given))
    assert ports(*found) == [1, 2, 3, 4, 5, 6, 7]
    assert [(len(each), each.link_type, each.interface) for each in found] == [
        (2, 1, None), (2, 101, None), (1, 1, "eth1"), (2, 1, None)
    ]  # fmt: skip
    assert found[-1] is ready


def test_bytes_in_a_mixture_go_on_with_their_times() -> None:
    found = list(batches([tcp_syn(), IP() / TCP(), tcp_syn()]))
    assert found[2].times.tolist() == [START + 0.002]


def test_a_list_of_scapys_own_is_one_of_packets() -> None:
    assert ports(*batches(PacketList([syn(1), syn(2)]))) == [1, 2]


@pytest.mark.parametrize("given", [7, None, [7], ["x.pcap"], [syn(1), None]])
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="scapy's"):
        list(batches(given))


def read_all(source: Any) -> list[list[int]]:
    source.open()
    found = []
    while not source.ended:
        if (read := source.read(1.0)) is not None:
            found.append(read.dst_ports.tolist())
    source.close()
    return found


@pytest.mark.parametrize("size", [None, 1, 2, 7])
def test_a_source_gives_everything_in_batches_as_large_as_was_said(
    size: int | None, tmp_path: Path
) -> None:
    frames = [tcp_syn(port) for port in range(1, 6)]
    path = write_pcap(tmp_path / "x.pcap", *frames)
    cut = {None: [5], 1: [1] * 5, 2: [2, 2, 1], 7: [5]}[size]
    for given in (frames, path, str(path), [path], batch(*frames)):
        source = source_of(given, batch_size=size)
        found = read_all(source)
        assert [len(each) for each in found] == cut
        assert [*chain(*found)] == [1, 2, 3, 4, 5]
        assert source.statistics().received == 5
        assert source.live is False


def test_several_captures_are_read_in_their_order(tmp_path: Path) -> None:
    paths = [write_pcap(tmp_path / f"{port}.pcap", tcp_syn(port)) for port in (1, 2)]
    assert read_all(source_of([str(paths[1]), paths[0]])) == [[2], [1]]


def test_a_batch_has_one_packet_at_least() -> None:
    with pytest.raises(ValueError, match="one packet at least, not 0"):
        source_of([], batch_size=0)


def test_the_filter_holds_for_packets_as_for_captures(tmp_path: Path) -> None:
    frames = [tcp_syn(1), tcp_syn(2), tcp_syn(1)]
    for given in (frames, write_pcap(tmp_path / "x.pcap", *frames)):
        source = source_of(given, "tcp port 1")
        assert [*chain(*read_all(source))] == [1, 1]
        assert source.statistics()[::3] == (2, 1)


def test_what_was_held_back_of_a_batch_is_not_received_yet() -> None:
    source = source_of(batch(*(tcp_syn(port) for port in range(1, 8))), batch_size=3)
    counts = []
    while (read := source.read(0)) is not None:
        counts.append((len(read), source.statistics().received))
    assert counts == [(3, 3), (3, 6), (1, 7)]


def test_a_source_that_is_fed_waits_for_more_until_it_is_told_that_this_was_all() -> None:
    source = FedSource()
    assert source.read(0) is None
    source.feed(batch(tcp_syn(1)))
    assert not source.ended
    assert source.read(1) is not None
    assert not source.ended
    source.feed(batch(tcp_syn(2)))
    source.end()
    assert not source.ended
    assert [len(read) for read in iter(lambda: source.read(1), None)] == [1]
    assert source.ended


def test_times_are_whole_to_the_nanosecond() -> None:
    times = packet_batch([tcp_syn() for _ in range(9)]).times_ns.tolist()
    assert [later - earlier for earlier, later in pairwise(times)] == [1_000_000] * 8
