"""Flows are told when they have ended, as they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Dot1Q
from scapy.packet import Packet, Raw

from netdumplings.dumplingchefs import FlowChef
from support.examples import examples
from support.expected_dumplings import assert_as_expected
from support.packets import SECOND, START, arp, batch, ether
from support.traffic import Frame, damaged_frames, frames

A, B = "192.0.2.1", "192.0.2.2"
T = START / SECOND


def tcp(flags: str, *, back: bool = False, port: int = 50000, size: int = 0) -> bytes:
    ip, ports = (IP(src=B, dst=A), (80, port)) if back else (IP(src=A, dst=B), (port, 80))
    return ether(ip, TCP(sport=ports[0], dport=ports[1], flags=flags), Raw(bytes(size)))


def udp(port: int = 50000, *, back: bool = False) -> bytes:
    if back:
        return ether(IP(src=B, dst=A), UDP(sport=53, dport=port))
    return ether(IP(src=A, dst=B), UDP(sport=port, dport=53))


def ended(
    packets: Sequence[bytes],
    times: Iterable[float] | None = None,
    chef: FlowChef | None = None,
    until: float | None = 10_000,
) -> list[dict[str, Any]]:
    """The flows told of packets, and of those that end while nothing else comes by."""
    chef = chef or FlowChef()
    told = list(chef.batch_handler(batch(*packets, times=times)))
    if until is not None:
        told += chef.batch_handler(batch(arp(), times=[until]))
    return [each["flow"] for each in told]


def of_interval(chef: FlowChef) -> dict[str, Any]:
    payload = chef.interval_handler(5.0)
    assert payload is not None
    flows: dict[str, Any] = payload["flows"]
    return flows


def open_flows(chef: FlowChef) -> int:
    payload = chef.interval_handler()
    return payload["flows"]["open"] if payload else 0


HELLO = [tcp("S"), tcp("SA", back=True), tcp("A")]
GOODBYE = [tcp("FA"), tcp("FA", back=True), tcp("A")]


def test_a_connection_is_told_both_ways() -> None:
    data = [tcp("PA", size=10), tcp("PA", back=True, size=100), tcp("A")]
    (flow,) = ended(HELLO + data + GOODBYE)
    community_id = flow.pop("community_id")
    assert community_id.startswith("1:")
    assert flow == {
        "src_ip": A, "src_port": 50000, "dst_ip": B, "dst_port": 80, "proto": "tcp",
        "start": T, "end": T + 8, "duration": 8.0,
        "src_packets": 6, "src_bytes": 6 * 54 + 10, "dst_packets": 3, "dst_bytes": 3 * 54 + 100,
        "src_flags": "FSPA", "dst_flags": "FSPA", "state": "SF", "reason": "closed",
    }  # fmt: skip


def test_a_flow_begins_with_whoever_said_the_first_word() -> None:
    (flow,) = ended([udp(back=True), udp()])
    assert (flow["src_ip"], flow["src_port"], flow["dst_port"]) == (B, 53, 50000)
    assert "state" not in flow
    assert "src_flags" not in flow


@pytest.mark.parametrize("first", [tcp("SA", back=True), tcp("S")])
def test_a_connection_begins_with_its_syn_though_its_answer_was_seen_first(first: bytes) -> None:
    (flow,) = ended([first, tcp("A")])
    assert flow["src_ip"] == A


def test_an_echo_begins_with_its_request_though_its_answer_was_seen_first() -> None:
    packets = [ether(IP(src=B, dst=A), ICMP(type=0)), ether(IP(src=A, dst=B), ICMP(type=8))]
    (flow,) = ended(packets)
    assert (flow["src_ip"], flow["icmp_type"], flow["src_packets"]) == (A, 8, 1)


@pytest.mark.parametrize(
    ("packets", "state"),
    [
        ([tcp("S")], "S0"),
        ([tcp("S"), tcp("RA", back=True)], "REJ"),
        ([tcp("S"), tcp("R")], "RSTOS0"),
        ([tcp("S"), tcp("F")], "SH"),
        ([tcp("S"), tcp("A", back=True)], "OTH"),
        (HELLO, "S1"),
        ([*HELLO, tcp("FA")], "S2"),
        ([*HELLO, tcp("FA", back=True)], "S3"),
        ([*HELLO, *GOODBYE], "SF"),
        ([*HELLO, *GOODBYE, tcp("R")], "SF"),
        ([*HELLO, tcp("R"), tcp("R", back=True)], "RSTO"),
        ([*HELLO, tcp("R", back=True), tcp("R")], "RSTR"),
        ([*HELLO, tcp("FA"), tcp("R", back=True)], "RSTR"),
        ([tcp("SA", back=True), tcp("R", back=True)], "RSTRH"),
        ([tcp("SA", back=True), tcp("F", back=True)], "SHR"),
        ([tcp("SA", back=True)], "OTH"),
        ([tcp("PA"), tcp("A", back=True)], "OTH"),
    ],
)
def test_states_are_in_zeeks_words(packets: list[bytes], state: str) -> None:
    (flow,) = ended(packets)
    assert flow["state"] == state


@pytest.mark.parametrize(
    ("packet", "idle"),
    [
        (tcp("S"), 300), (udp(), 60), (ether(IP(), ICMP()), 30),
        (ether(IP(proto=47), Raw(bytes(8))), 60),
    ],
)  # fmt: skip
def test_silence_ends_a_flow(packet: bytes, idle: int) -> None:
    chef = FlowChef()
    assert ended([packet], [0], chef, until=idle - 1) == []
    (flow,) = ended([arp()], [idle], chef)
    assert (flow["end"], flow["reason"]) == (T, "idle")
    one, other = ended([packet, packet], [0, idle + 1])
    assert (one["start"], other["start"]) == (T, T + idle + 1)


def test_a_closed_connection_is_told_soon_and_with_what_comes_late() -> None:
    chef = FlowChef()
    assert ended([*HELLO, *GOODBYE], chef=chef, until=9) == []
    (flow,) = ended([tcp("R"), arp()], [9.5, 15], chef)
    assert (flow["src_packets"], flow["end"], flow["reason"]) == (5, T + 9.5, "closed")


def test_a_half_closed_connection_goes_on() -> None:
    assert ended([*HELLO, tcp("FA")], until=50) == []


def test_a_syn_after_the_end_begins_another_connection() -> None:
    first, second = ended([*HELLO, tcp("RA", back=True), *HELLO, *GOODBYE], [0.1] * 10)
    assert (first["state"], second["state"]) == ("RSTR", "SF")
    assert (first["src_packets"], second["src_packets"]) == (2, 4)
    assert [flow["state"] for flow in ended([tcp("S"), tcp("RA", back=True)] * 5)] == ["REJ"] * 5


def test_a_syn_sent_again_begins_none() -> None:
    (flow,) = ended([tcp("S"), tcp("S"), *HELLO])
    assert flow["src_packets"] == 4


def test_a_long_flow_is_told_as_it_goes_on() -> None:
    packets, times = [*HELLO, *[tcp("PA", size=10)] * 200], [0, 0, 0, *range(200)]
    told = ended(packets, times)
    assert [flow["reason"] for flow in told] == ["active"] * 3 + ["idle"]
    assert [flow["src_packets"] for flow in told] == [62, 122, 182, 202]
    assert [flow["end"] - T for flow in told] == [59, 119, 179, 199]
    assert {flow["start"] for flow in told} == {T}


def test_a_silent_flow_is_not_told_again() -> None:
    assert [flow["reason"] for flow in ended([*HELLO, tcp("A")], [0, 0, 0, 1], until=250)] == [
        "active"
    ]
    chef = FlowChef()
    told = ended([*HELLO, *[arp()] * 280], [0, 0, 0, *range(280)], chef, until=None)
    assert told == []


def test_vlans_are_told_and_kept_apart() -> None:
    def tagged(*tags: Packet) -> bytes:
        return ether(*tags, IP(src=A, dst=B), UDP(sport=1, dport=2))

    untagged, five = ended([tagged(), tagged(Dot1Q(vlan=5)), tagged(Dot1Q(vlan=5))])
    assert "vlan" not in untagged
    assert (five["vlan"], five["src_packets"]) == (5, 2)
    assert untagged["community_id"] == five["community_id"]


class SmallChef(FlowChef):
    size = 4


def test_where_there_is_no_room_those_silent_for_longest_make_way() -> None:
    chef = SmallChef()
    assert ended([udp(1), udp(2), udp(3), udp(4), udp(1)], chef=chef, until=None) == []
    told = ended([udp(5), udp(6)], [5, 6], chef, until=None)
    assert [(flow["src_port"], flow["reason"]) for flow in told] == [(2, "full"), (3, "full")]
    assert [flow["src_port"] for flow in ended([udp(7)], [6], chef, until=None)] == [4]
    flows = of_interval(chef)
    assert (flows["open"], flows["begun"], flows["ended"], flows["ended_early"]) == (4, 7, 3, 3)


def test_more_flows_at_once_than_there_is_room_for() -> None:
    chef = SmallChef()
    told = ended([udp(port) for port in range(20)], [0] * 20, chef)
    assert sorted(flow["src_port"] for flow in told) == list(range(20))
    assert [flow["reason"] for flow in told] == ["full"] * 16 + ["idle"] * 4


def test_an_older_recording_ends_the_flows_of_the_one_before() -> None:
    told = ended([udp(1), udp(2), udp(1), udp(1)], [1000, 995, 500, 501], until=None)
    assert [(flow["src_port"], flow["reason"]) for flow in told] == [(1, "clock"), (2, "clock")]
    chef = FlowChef()
    assert ended([udp(1)], [1000], chef, until=None) == []
    (flow,) = ended([udp(1)], [500], chef, until=None)
    assert (flow["start"], flow["reason"]) == (T + 1000, "clock")


def test_packets_a_little_out_of_order_are_of_one_flow() -> None:
    (flow,) = ended([udp(), udp(), udp()], [5, 3, 4])
    assert (flow["start"], flow["end"], flow["src_packets"]) == (T + 3, T + 5, 3)


def test_at_an_interval_the_open_flows_that_had_packets_are_told_the_largest_first() -> None:
    chef = FlowChef()
    assert chef.interval_handler() is None
    packets = [tcp("PA", port=port, size=port) for port in range(100, 160)]
    assert ended([*packets, udp()], [0] * 61, chef, until=None) == []
    flows = of_interval(chef)
    assert (flows["open"], flows["begun"], flows["ended"]) == (61, 61, 0)
    assert [flow["src_port"] for flow in flows["busy"]] == list(range(159, 109, -1))
    assert "reason" not in flows["busy"][0]
    assert ended([udp(back=True)], [1], chef, until=None) == []
    flows = of_interval(chef)
    assert (flows["open"], len(flows["busy"]), flows["busy"][0]["dst_packets"]) == (61, 1, 1)
    assert of_interval(chef)["busy"] == []


def test_a_subclass_may_have_other_time_outs() -> None:
    class Hasty(FlowChef):
        idle: ClassVar[dict[int | None, float]] = {None: 2.0}
        active = 1.0
        linger = 0.0

    told = ended([udp(), udp(), udp(), udp()], [0, 0.5, 1.5, 5], Hasty())
    assert [flow["reason"] for flow in told] == ["active", "idle", "idle"]
    (closed, *_) = ended([*HELLO, *GOODBYE], [0] * 6, Hasty(), until=1)
    assert closed["reason"] == "closed"


def test_of_nothing_that_is_ip_nothing_is_told() -> None:
    assert ended([arp(), b"", bytes(60)]) == []


@pytest.mark.parametrize(
    "path",
    [
        "arkime/tests/pcap/twovlan.pcap",
        "arkime/tests/pcap/v6.pcap",
        "pcapplusplus/Tests/ExamplesTest/pcap_examples/ip-frag.pcap",
    ],
)
def test_real_captures_are_told_as_expected(captures: Path, path: str) -> None:
    assert_as_expected(FlowChef, captures / path, "flow")


CONVERSATION = st.sampled_from(
    [tcp(flags, back=back) for flags in ("S", "SA", "A", "FA", "R", "SF", "SR") for back in (0, 1)]
    + [udp(1), udp(2), udp(1, back=True), arp()]
)
SOON = st.sampled_from([0, 0, 0.3, 1, 4, 6, 61, 301, -0.2, -50])


class RestlessChef(FlowChef):
    active = 3.0


@examples(2)
@given(st.lists(st.tuples(CONVERSATION, SOON), min_size=1, max_size=40), st.data())
def test_how_packets_are_batched_makes_no_difference(
    packets: list[tuple[bytes, float]], data: st.DataObject
) -> None:
    now, times = 1000.0, []
    for _, pause in packets:
        now += pause
        times.append(now)
    whole = batch(*(packet for packet, _ in packets), times=times)
    chef, other = RestlessChef(), RestlessChef()
    at_once = list(chef.batch_handler(whole))
    in_parts = []
    start = 0
    while start < len(whole):
        end = data.draw(st.integers(start + 1, len(whole)))
        in_parts += other.batch_handler(whole[start:end])
        start = end
    assert by_start(in_parts) == by_start(at_once)
    assert open_flows(chef) == open_flows(other)


def by_start(told: list[dict[str, Any]]) -> list[Any]:
    """Dumplings in an order that does not depend on which of several at once comes first."""
    return sorted((flow["flow"] for flow in told), key=lambda flow: sorted(map(repr, flow.items())))


@given(st.lists(st.lists(frames() | damaged_frames(), min_size=1, max_size=8), max_size=6))
def test_of_anything_every_packet_is_told_once_and_the_bound_is_kept(
    some: list[list[Frame]],
) -> None:
    chef = SmallChef()
    told, flows, sent = [], 0, 0
    for number, group in enumerate(some):
        for link_type, data in group:
            packets = batch(data, link_type=link_type, times=[number])
            told += chef.batch_handler(packets)
            flows += packets.flows.counts.sum()
            sent += int(packets.wire_lengths[packets.flows.index >= 0].sum())
            assert open_flows(chef) <= 4
    told += chef.batch_handler(batch(arp(), times=[100_000]))
    final = [flow["flow"] for flow in told if flow["flow"]["reason"] != "active"]
    assert sum(flow["src_packets"] + flow["dst_packets"] for flow in final) == flows
    assert sum(flow["src_bytes"] + flow["dst_bytes"] for flow in final) == sent
