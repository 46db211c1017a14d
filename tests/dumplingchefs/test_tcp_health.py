"""How TCP does between hosts: handshakes, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q
from scapy.packet import Raw

from netdumplings.dumplingchefs import TCPHealthChef
from netdumplings.dumplingchefs.tcp_holes import Hole, filled
from support.examples import examples
from support.expected_dumplings import assert_as_expected
from support.packets import arp, batch, ether
from support.traffic import Frame, damaged_frames, frames

A, B = "192.0.2.1", "192.0.2.2"


def src(flags: str, seq: int = 1, size: int = 0, *, port: int = 50000, window: int = 9) -> bytes:
    """A segment of the host that opens the connection."""
    return segment(A, B, port, 80, flags, seq, size, window)


def dst(flags: str, seq: int = 1, size: int = 0, *, port: int = 50000, window: int = 9) -> bytes:
    """A segment of the other one."""
    return segment(B, A, 80, port, flags, seq, size, window)


def segment(
    source: str, dest: str, sport: int, dport: int, flags: str, seq: int, size: int, window: int
) -> bytes:
    header = TCP(sport=sport, dport=dport, flags=flags, seq=seq % 2**32, window=window)
    return ether(IP(src=source, dst=dest), header, Raw(bytes(size)))


def pairs(
    packets: Sequence[bytes],
    times: Iterable[float] | None = None,
    chef: TCPHealthChef | None = None,
) -> list[dict[str, Any]]:
    chef = chef or TCPHealthChef()
    chef.batch_handler(batch(*packets, times=times))
    told: list[dict[str, Any]] = chef.interval_handler()["tcp_health"]["pairs"]  # type: ignore[index]
    return told


def pair(packets: Sequence[bytes], times: Iterable[float] | None = None) -> dict[str, Any]:
    (told,) = pairs(packets, times)
    return told


HELLO = [src("S", 0), dst("SA", 0), src("A")]


def test_a_handshake_is_timed_on_both_sides() -> None:
    told = pair(HELLO, [0, 0.25, 0.375])
    assert told == {
        "src_ip": A, "dst_ip": B, "connections": 1, "handshakes": 1,
        "handshake_min": 0.375, "handshake_mean": 0.375, "handshake_max": 0.375,
        "dst_latency": 0.25, "src_latency": 0.125,
        "src_segments": 1, "dst_segments": 1, "src_retransmissions": 0, "dst_retransmissions": 0,
        "src_out_of_order": 0, "dst_out_of_order": 0, "src_zero_windows": 0, "dst_zero_windows": 0,
        "src_resets": 0, "dst_resets": 0,
    }  # fmt: skip


def test_of_several_handshakes_the_shortest_longest_and_mean_are_told() -> None:
    packets, times = [], []
    for number, seconds in enumerate((0.5, 0.25, 1.5)):
        port = 50000 + number
        packets += [src("S", 0, port=port), dst("SA", 0, port=port), src("A", port=port)]
        times += [number * 10, number * 10 + seconds / 2, number * 10 + seconds]
    told = pair(packets, times)
    assert (told["connections"], told["handshakes"]) == (3, 3)
    assert (told["handshake_min"], told["handshake_mean"], told["handshake_max"]) == (
        0.25, 0.75, 1.5,
    )  # fmt: skip


def test_a_handshake_is_counted_from_the_syn_that_was_answered() -> None:
    told = pair([HELLO[0], *HELLO], [0, 1, 1.25, 1.5])
    assert (told["connections"], told["handshakes"], told["handshake_mean"]) == (1, 1, 0.5)
    assert told["src_retransmissions"] == 1


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_handshake_over_several_batches_and_intervals(cut: int) -> None:
    chef = TCPHealthChef()
    first = pairs([HELLO[0]], [0], chef)
    assert (first[0]["connections"], first[0]["handshakes"]) == (1, 0)
    last = pairs([*HELLO[1:], src("PA", 1, 5)][:cut], [0.25, 0.5, 0.75][:cut], chef)
    assert last[0]["handshakes"] == (cut > 1)
    assert last[0]["connections"] == 0


def test_an_attempt_that_is_rejected() -> None:
    told = pair([src("S", 0), dst("RA", 0)])
    assert (told["connections"], told["handshakes"], told["dst_resets"]) == (1, 0, 1)
    assert "handshake_mean" not in told


def test_a_copy_of_a_syn_after_the_handshake_begins_none() -> None:
    told = pair([*HELLO, *HELLO])
    assert (told["connections"], told["handshakes"], told["src_retransmissions"]) == (1, 1, 1)


def test_the_same_ports_again_with_another_number_are_another_connection() -> None:
    again = [src("S", 5_000), dst("SA", 70_000), src("A", 5_001), src("PA", 5_001, 10)]
    told = pair([*HELLO, src("PA", 1, 9000), dst("FA"), src("FA", 9001), *again])
    assert (told["connections"], told["handshakes"], told["src_retransmissions"]) == (2, 2, 0)


@pytest.mark.parametrize("first", [1, 2**32 - 1500, 2**32 - 1000, 2**31 - 1500])
def test_what_was_sent_before_is_a_retransmission(first: int) -> None:
    data = [src("PA", first, 1000), src("PA", first + 1000, 1000)]
    assert pair(data)["src_retransmissions"] == 0
    assert pair([*data, data[0], data[1]])["src_retransmissions"] == 2
    assert pair([*data, src("PA", first + 500, 2000)])["src_retransmissions"] == 1
    assert pair([*data, src("A", first + 500)])["src_retransmissions"] == 0


def test_fins_and_syns_are_retransmitted_too() -> None:
    assert pair([src("S", 0), src("S", 0)])["src_retransmissions"] == 1
    assert pair([dst("SA", 0), dst("SA", 0)])["dst_retransmissions"] == 1
    assert pair([*HELLO, src("FA"), src("FA")])["src_retransmissions"] == 1


def test_a_keep_alive_and_a_probe_are_none() -> None:
    told = pair([*HELLO, src("PA", 1, 10), src("A", 10), src("A", 10, 1), src("PA", 10, 50)])
    assert told["src_retransmissions"] == 0


def test_each_side_has_its_own_numbers() -> None:
    told = pair([*HELLO, src("PA", 1, 1000), dst("PA", 1, 10), dst("PA", 11, 10), dst("PA", 1, 10)])
    assert (told["src_retransmissions"], told["dst_retransmissions"]) == (0, 1)
    assert (told["src_segments"], told["dst_segments"]) == (2, 4)


LATE = [src("PA", 1, 10), src("PA", 21, 10), src("PA", 11, 10)]


def test_what_was_overtaken_is_out_of_order_and_no_retransmission() -> None:
    told = pair(LATE, [0, 1, 1.002])
    assert (told["src_out_of_order"], told["src_retransmissions"]) == (1, 0)
    told = pair([*LATE, LATE[2]], [0, 1, 1.002, 1.0021])
    assert (told["src_out_of_order"], told["src_retransmissions"]) == (1, 1)


def test_what_fills_a_hole_late_was_sent_again() -> None:
    told = pair(LATE, [0, 1, 1.004])
    assert (told["src_out_of_order"], told["src_retransmissions"]) == (0, 1)


def test_how_late_is_late_goes_by_the_handshake() -> None:
    hello = [0, 0.05, 0.1]
    assert pair([*HELLO, *LATE], [*hello, 1, 2, 2.09])["src_out_of_order"] == 1
    assert pair([*HELLO, *LATE], [*hello, 1, 2, 2.11])["src_out_of_order"] == 0


def test_a_hole_is_remembered_from_batch_to_batch() -> None:
    chef = TCPHealthChef()
    pairs(LATE[:2], [0, 1], chef)
    (told,) = pairs(LATE[2:], [1.001], chef)
    assert (told["src_out_of_order"], told["src_retransmissions"]) == (1, 0)
    (told,) = pairs(LATE[2:], [1.002], chef)
    assert (told["src_out_of_order"], told["src_retransmissions"]) == (0, 1)


def test_a_segment_fills_parts_of_holes() -> None:
    holes = [Hole(10, 20, 5), Hole(30, 40, 6), Hole(50, 60, 7)]
    left, seen = filled(holes, 15, 35)
    assert left == [Hole(10, 15, 5), Hole(35, 40, 6), Hole(50, 60, 7)]
    assert seen == 5
    assert filled(holes, 20, 30) == (holes, None)
    assert filled([Hole(0, 100, 1)], 40, 50) == ([Hole(0, 40, 1), Hole(50, 100, 1)], 1)
    assert filled([Hole(2**32 - 10, 2**32 + 10, 1)], 2**32 - 10, 2**32 + 10) == ([], 1)
    assert filled([Hole(2**32 - 10, 10, 1)], 0, 10) == ([Hole(2**32 - 10, 0, 1)], 1)


def test_windows_of_zero_but_those_of_resets() -> None:
    told = pair([*HELLO, src("A", window=0), dst("A", window=0), dst("PA", 1, 5, window=0)])
    assert (told["src_zero_windows"], told["dst_zero_windows"]) == (1, 2)
    assert pair([src("R", window=0), src("S", window=0)])["src_zero_windows"] == 0


def test_resets_are_told_of_each_side_and_their_numbers_mean_nothing() -> None:
    told = pair([*HELLO, src("PA", 1, 100), dst("R", 0), src("RA", 4_000_000), src("PA", 101, 10)])
    assert (told["src_resets"], told["dst_resets"]) == (1, 1)
    assert (told["src_retransmissions"], told["src_segments"]) == (0, 3)


def test_in_the_middle_of_a_connection_the_lower_port_is_the_one_called() -> None:
    assert (pair([dst("PA", 1, 5)])["src_ip"], pair([src("PA", 1, 5)])["src_ip"]) == (A, A)


def test_an_answer_tells_who_called() -> None:
    packets = [segment(A, B, 80, 50000, flags, 0, 0, 9) for flags in ("SA", "A")]
    assert pair(packets)["src_ip"] == B


def test_where_most_goes_wrong_is_told_first_and_no_more_than_there_is_room_for() -> None:
    class Brief(TCPHealthChef):
        pairs = 5
        told = 3

    def to(host: int, flags: str, count: int = 1) -> list[bytes]:
        return [segment(A, f"192.0.2.{host}", 50000, 80, flags, 1, 0, 9)] * count

    chef = Brief()
    chef.batch_handler(
        batch(*to(10, "A"), *to(11, "R", 3), *to(12, "R", 5), *to(13, "S"), *to(14, "A"))
    )
    chef.batch_handler(batch(*to(15, "R", 9)))
    told = chef.interval_handler()
    assert told is not None
    assert [each["dst_ip"][-2:] for each in told["tcp_health"]["pairs"]] == ["12", "11", "13"]
    assert told["tcp_health"]["pairs_left_out"] == 3


def test_an_interval_tells_what_happened_in_it() -> None:
    chef = TCPHealthChef()
    assert chef.interval_handler() is None
    assert pairs([src("R")], chef=chef)[0]["src_resets"] == 1
    assert chef.interval_handler() is None


def test_vlans_are_told_and_others_than_tcp_are_nothing() -> None:
    tagged = ether(Dot1Q(vlan=5), IP(src=A, dst=B), TCP(sport=50000, dport=80))
    udp = ether(Dot1Q(vlan=5), IP(src=A, dst=B), UDP())
    assert pair([arp(), udp, tagged])["vlan"] == 5


class SmallChef(TCPHealthChef):
    size = 3


def test_those_silent_for_longest_make_way_and_are_counted_unless_they_were_over() -> None:
    chef = SmallChef()
    chef.batch_handler(batch(*(src("S", 0, port=port) for port in range(1, 9))))
    told = chef.interval_handler()
    assert told is not None
    assert told["tcp_health"]["connections_forgotten"] == 5
    assert told["tcp_health"]["pairs"][0]["connections"] == 8
    chef.batch_handler(batch(src("S", 0, port=10), times=[1000]))
    told = chef.interval_handler()
    assert told is not None
    assert told["tcp_health"]["connections_forgotten"] == 5


@pytest.mark.parametrize(
    "path",
    ["arkime/tests/pcap/wireshark-retrans.pcap", "ipfixprobe/tests/functional/inputs/rtsp.pcap"],
)
def test_real_captures_are_told_as_expected(captures: Path, path: str) -> None:
    assert_as_expected(TCPHealthChef, captures / path, "tcp_health")


SEGMENTS = st.sampled_from(
    [
        src(flags, seq, size)
        for flags in ("PA",)
        for seq in range(1, 60, 10)
        for size in (0, 1, 10, 25)
    ]
    + [dst("PA", seq, 10) for seq in (1, 11, 21)]
    + [src("S", 0), src("S", 90), dst("SA", 0), src("A"), src("FA", 61), dst("R", 0)]
    + [src("PA", 2**32 - 5, 20), src("PA", 2**31, 20), src("A", window=0)]
)


@examples(2)
@given(st.lists(SEGMENTS, min_size=1, max_size=40), st.data())
def test_how_packets_are_batched_makes_no_difference(
    packets: list[bytes], data: st.DataObject
) -> None:
    whole = batch(*packets, times=[number / 8192 for number in range(len(packets))])
    chef, other = TCPHealthChef(), TCPHealthChef()
    chef.batch_handler(whole)
    start = 0
    while start < len(whole):
        end = data.draw(st.integers(start + 1, len(whole)))
        other.batch_handler(whole[start:end])
        start = end
    assert total(chef) == total(other)


def total(chef: TCPHealthChef) -> dict[str, float]:
    """The counts of both sides of all pairs together: which side is which is guessed at first.

    What is out of order is taken for retransmitted: that goes by the handshake, and within a batch
    it does not matter whether the handshake was before or after.
    """
    told = chef.interval_handler()
    assert told is not None
    sums: dict[str, float] = {}
    for each in told["tcp_health"]["pairs"]:
        for name, value in each.items():
            if name.startswith(("src_", "dst_")) and not name.endswith(("_ip", "_latency")):
                name = "retransmissions" if "order" in name else name[4:]
                sums[name] = sums.get(name, 0) + value
        for name in ("connections", "handshakes"):
            sums[name] = sums.get(name, 0) + each[name]
    return sums


@given(st.lists(st.lists(frames() | damaged_frames(), min_size=1, max_size=8), max_size=6))
def test_of_anything_no_more_is_remembered_than_the_bound(some: list[list[Frame]]) -> None:
    chef = SmallChef()
    for number, group in enumerate(some):
        for link_type, data in group:
            chef.batch_handler(batch(data, link_type=link_type, times=[number]))
            assert len(chef._connections) <= 3
        chef.interval_handler()
