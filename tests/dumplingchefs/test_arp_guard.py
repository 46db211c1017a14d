"""What is wrong with ARP is told, and what is right is not."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import ARP, Dot1Q, Ether

from netdumplings.dumplingchefs import ARPGuardChef
from netdumplings.exceptions import CaptureError
from netdumplings.testing import assert_same, run_chef
from support.packets import START, batch
from support.traffic import Frame, damaged_frames, frames

EXPECTED = Path(__file__).parent / "expected/arp_guard"
A, B, C = (f"02:00:00:00:00:{letter * 2}" for letter in "abc")
IP_A, IP_B = "192.0.2.1", "192.0.2.2"
T0 = START / 1e9


def arp(
    op: int, hw: str, ip: str, dst: str, ether_src: str | None = None, vlan: int | None = None
) -> bytes:
    frame = Ether(src=ether_src or hw, dst="ff:ff:ff:ff:ff:ff")
    if vlan is not None:
        frame = frame / Dot1Q(vlan=vlan)
    return bytes(frame / ARP(op=op, hwsrc=hw, psrc=ip, hwdst=C, pdst=dst))


def told(packets: Sequence[bytes], times: Iterable[float] | None = None) -> list[dict[str, Any]]:
    payloads = ARPGuardChef().batch_handler(batch(*packets, times=times))
    return [payload["arp_guard"] for payload in payloads]


def problems(
    packets: Sequence[bytes], times: Iterable[float] | None = None
) -> list[tuple[str, str]]:
    return [(each["problem"], each["src_hw"]) for each in told(packets, times)]


def test_questions_and_answers_are_fine() -> None:
    assert told([arp(1, A, IP_A, IP_B), arp(2, B, IP_B, IP_A)] * 50) == []


def test_two_who_claim_an_address() -> None:
    packets = [arp(1, A, IP_A, IP_B), arp(1, A, IP_A, IP_B), arp(1, B, IP_A, IP_B)]
    assert told(packets) == [{
        "problem": "conflict", "time": T0 + 2, "operation": "request", "src_ip": IP_A,
        "src_hw": B, "dst_ip": IP_B, "dst_hw": C, "times": 1, "changes": 1,
        "owners": [
            {"hw": B, "first": T0 + 2, "last": T0 + 2, "packets": 1},
            {"hw": A, "first": T0, "last": T0 + 1, "packets": 2},
        ],
    }]  # fmt: skip


def test_an_address_that_goes_back_and_forth_is_told_once_a_minute() -> None:
    packets = [arp(1, (A, B)[number % 2], IP_A, IP_B) for number in range(122)]
    found = told(packets)
    assert [each["changes"] for each in found] == [1, 61, 121]
    assert [each["times"] for each in found] == [1, 60, 60]


def test_an_address_given_to_another_later_is_fine() -> None:
    packets = [arp(1, A, IP_A, IP_B), arp(1, B, IP_A, IP_B), arp(1, B, IP_A, IP_B)]
    assert told(packets, [0, 301, 302]) == []
    assert len(told(packets, [0, 299, 302])) == 1


def test_a_conflict_that_is_over_alarms_no_more() -> None:
    packets = [arp(1, A, IP_A, IP_B), *(arp(1, B, IP_A, IP_B) for _ in range(100))]
    assert [each["changes"] for each in told(packets, range(0, 1010, 10))] == [1]


def test_the_same_address_in_two_vlans_and_a_question_whether_one_is_free_are_fine() -> None:
    assert told([arp(1, A, IP_A, IP_B, vlan=1), arp(1, B, IP_A, IP_B, vlan=2)]) == []
    assert told([arp(1, A, IP_A, IP_B), arp(1, B, "0.0.0.0", IP_A)]) == []


@pytest.mark.parametrize("op", [1, 2])
def test_a_flood_of_gratuitous_messages(op: int) -> None:
    packets = [arp(op, A, IP_A, IP_A)] * 10
    (found,) = told(packets, [number / 2 for number in range(10)])
    assert (found["problem"], found["count"], found["seconds"]) == ("gratuitous flood", 10, 4.5)
    assert told(packets, [number * 2 for number in range(10)]) == []


def test_replies_that_nobody_asked_for() -> None:
    packets = [arp(2, A, IP_A, f"192.0.2.{number}") for number in range(50, 60)]
    (found,) = told(packets, [number / 2 for number in range(10)])
    assert (found["problem"], found["src_hw"], found["count"]) == ("unasked replies", A, 10)
    assert told(packets[1:], [number / 2 for number in range(9)]) == []
    asked = [arp(1, C, f"192.0.2.{number}", IP_A) for number in range(50, 60)]
    assert told(asked + packets, [number / 10 for number in range(20)]) == []
    late = [number / 10 for number in range(10)] + [9 + number / 10 for number in range(10)]
    assert problems(asked + packets, late) == [("unasked replies", A)]


def test_a_frame_from_another_than_arp_says() -> None:
    packets = [arp(1, A, IP_A, IP_B, ether_src=B, vlan=7)] * 3
    (found,) = told(packets)
    assert (found["problem"], found["ether_src"], found["src_hw"]) == ("other source", B, A)
    assert found["vlan"] == 7
    assert len(told(packets, [0, 1, 61])) == 2


def test_the_size_of_batches_makes_no_difference() -> None:
    packets = [arp(1 + number % 2, (A, B, C)[number % 3], IP_A, IP_B, A) for number in range(90)]
    whole = run_chef(ARPGuardChef, batch(*packets))
    parts = run_chef(ARPGuardChef, batch(*packets), batch_size=7)
    assert whole
    assert [each.payload for each in parts] == [each.payload for each in whole]


def test_made_up_addresses_neither_fill_the_memory_nor_make_dumplings_without_end() -> None:
    count = 17_000
    data = np.tile(np.frombuffer(arp(2, A, IP_A, IP_B), np.uint8), (count, 1))
    numbers = np.arange(count)
    for first in (8, 24, 30):  # in the frame's source, ARP's hardware address, its IP address
        data[:, first], data[:, first + 1] = numbers >> 8, (numbers + first) & 0xFF
    chef = ARPGuardChef()
    found = list(chef.batch_handler(batch(*(bytes(row) for row in data), times=[0] * count)))
    assert len(found) == ARPGuardChef.most
    (found,) = chef.batch_handler(batch(bytes(data[0]), times=[100]))
    assert found["arp_guard"]["left_out"] == count - ARPGuardChef.most
    assert found["arp_guard"]["forgotten"] > 5_000
    assert len(chef._claims) == 16_384
    assert len(chef._times) == len(chef._alarms) == 4096


@given(st.lists(frames() | damaged_frames(), max_size=4))
def test_it_never_fails(given_frames: list[Frame]) -> None:
    chef = ARPGuardChef()
    for number, (link_type, data) in enumerate(given_frames):
        for payload in chef.batch_handler(batch(data, times=[number], link_type=link_type)):
            assert payload["arp_guard"]["problem"] in ("conflict", "other source")


#: The captures of which something is told, and why that is right.
TROUBLED = {
    "arkime/tests/pcap/arkime_synthetic.pcap": "its frames are made, with sources of their own",
    "tcpdump/tests/arp-too-long-tha.pcap": "a crafted message with hardware addresses of 14 bytes",
}


def test_ordinary_captures_have_no_trouble(captures: Path) -> None:
    found: dict[str, set[str]] = {}
    with (captures / "INDEX.tsv").open() as index:
        names = [row["path"] for row in csv.DictReader(index, delimiter="\t")]
    for name in names:
        try:
            payloads = [
                each.payload["arp_guard"] for each in run_chef(ARPGuardChef, captures / name)
            ]
        except CaptureError:
            continue
        if payloads:
            found[name] = {each["problem"] for each in payloads}
    assert found == {name: {"other source"} for name in TROUBLED}


def test_a_real_capture_is_told_as_expected(captures: Path) -> None:
    told = run_chef(ARPGuardChef, captures / "arkime/tests/pcap/arkime_synthetic.pcap")
    assert_same(told, EXPECTED / "arkime_synthetic.pcap.jsonl")
