"""DHCPChef: who asked for an address, and what came of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_Advertise,
    DHCP6_InfoRequest,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
    DHCP6OptClientId,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
    DHCP6OptServerId,
)
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q
from scapy.packet import Packet, Raw

from netdumplings import Dumpling
from netdumplings.capture.filters import OfflineFilter
from netdumplings.dumplingchefs import DHCPChef
from netdumplings.dumplingchefs.dhcp import EXCHANGES, MESSAGES, SERVERS
from netdumplings.packets import PacketBatch
from netdumplings.wire import check_dumpling
from support.expected_dumplings import assert_as_expected
from support.packets import START, batch, ether

T = START / 1e9
MAC = "02:00:00:00:00:01"


def ask(kind: str, *options: Any, number: int = 5, mac: str = MAC, **fields: Any) -> bytes:
    """What a client sends."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    said = DHCP(options=[("message-type", kind), *options, "end"])
    message = BOOTP(op=1, xid=number, chaddr=hardware, **fields) / said
    return ether(IP(src="0.0.0.0", dst="255.255.255.255"), UDP(sport=68, dport=67), message)


def answer(
    kind: str, *options: Any, ip: str = "0.0.0.0", server: str = "192.0.2.1", number: int = 5
) -> bytes:
    """What a server sends."""
    hardware = bytes.fromhex(MAC.replace(":", ""))
    said = DHCP(options=[("message-type", kind), ("server_id", server), *options, "end"])
    message = BOOTP(op=2, xid=number, chaddr=hardware, yiaddr=ip) / said
    return ether(IP(src=server, dst="255.255.255.255"), UDP(sport=67, dport=68), message)


def v6(message: Packet, *options: Packet, mac: str = MAC) -> bytes:
    to_server = type(message) not in (DHCP6_Advertise, DHCP6_Reply)
    message = message / DHCP6OptClientId(duid=DUID_LL(lladdr=mac))
    for option in options:
        message = message / option
    ports = {"sport": 546, "dport": 547} if to_server else {"sport": 547, "dport": 546}
    return ether(IPv6(src="fe80::1", dst="ff02::1:2"), UDP(**ports), message)


def tell(chef: DHCPChef, *frames: bytes, at: list[float] | None = None) -> list[dict[str, Any]]:
    return [each["dhcp"] for each in chef.batch_handler(batch(*frames, times=at))]


def summary(chef: DHCPChef) -> dict[str, Any]:
    told: dict[str, Any] = chef.interval_handler(5.0)["dhcp_summary"]
    return told


FOUR = (
    ask("discover", ("hostname", b"laptop"), ("vendor_class_id", b"MSFT 5.0")),
    answer("offer", ip="192.0.2.7"),
    ask("request", ("requested_addr", "192.0.2.7"), ("hostname", b"laptop")),
    answer("ack", ("lease_time", 3600), ip="192.0.2.7"),
)


def test_an_exchange_is_told_when_it_is_over() -> None:
    chef = DHCPChef()
    assert tell(chef, *FOUR[:3]) == []
    assert summary(chef)["open"] == 1
    assert tell(chef, FOUR[3], at=[3.5]) == [
        {
            "time": T,
            "duration": 3.5,
            "outcome": "ack",
            "version": 4,
            "id": 5,
            "messages": ["DISCOVER", "OFFER", "REQUEST", "ACK"],
            "mac": MAC,
            "hostname": "laptop",
            "vendor_class": "MSFT 5.0",
            "offered_ip": "192.0.2.7",
            "server_ip": "192.0.2.1",
            "requested_ip": "192.0.2.7",
            "assigned_ip": "192.0.2.7",
            "lease": 3600,
        }
    ]
    assert summary(chef) == {
        "messages": {"DISCOVER": 1, "OFFER": 1, "REQUEST": 1, "ACK": 1},
        "outcomes": {"ack": 1},
        "open": 0,
        "exchanges_forgotten": 0,
    }


def test_an_exchange_for_ipv6_is_one_whatever_its_numbers() -> None:
    server = DHCP6OptServerId(duid=DUID_LL(lladdr="02:00:00:00:00:53"))
    address = DHCP6OptIA_NA(ianaopts=[DHCP6OptIAAddress(addr="2001:db8::7", validlft=7200)])
    frames = [
        v6(DHCP6_Solicit(trid=1)),
        v6(DHCP6_Advertise(trid=1), server, address),
        v6(DHCP6_Request(trid=2), server, address),
        v6(DHCP6_Reply(trid=2), server, address),
    ]
    [told] = tell(DHCPChef(), *frames)
    assert (told["version"], told["id"], told["outcome"], told["duration"]) == (6, 2, "reply", 3)
    assert told["messages"] == ["SOLICIT", "ADVERTISE", "REQUEST", "REPLY"]
    assert (told["mac"], told["assigned_ip"], told["lease"]) == (MAC, "2001:db8::7", 7200)


def test_clients_without_an_identifier_are_told_apart_by_number() -> None:
    frames = [
        ether(IPv6(), UDP(sport=546, dport=547), DHCP6_InfoRequest(trid=1)),
        ether(IPv6(), UDP(sport=546, dport=547), DHCP6_InfoRequest(trid=2)),
        ether(IPv6(), UDP(sport=547, dport=546), DHCP6_Reply(trid=1)),
    ]
    [told] = tell(DHCPChef(), *frames)
    assert (told["id"], told["duration"]) == (1, 2)


def test_a_refusal_a_release_and_a_decline_end_an_exchange_too() -> None:
    chef = DHCPChef()
    refused = answer("nak", ("error_message", b"wrong network"))
    [told] = tell(chef, ask("request", ("requested_addr", "192.0.2.7")), refused)
    assert (told["outcome"], told["message"]) == ("nak", "wrong network")
    assert "assigned_ip" not in told
    for kind in ("release", "decline"):
        [told] = tell(chef, ask(kind, number=6, ciaddr="192.0.2.7"))
        assert (told["outcome"], told["client_ip"]) == (kind, "192.0.2.7")


def test_an_exchange_of_which_nothing_more_is_heard_is_told_at_last() -> None:
    chef = DHCPChef()
    other = ask("discover", number=9, mac="02:00:00:00:00:09")
    assert tell(chef, ask("discover"), other, FOUR[1], at=[0, 70, 74]) == []
    # 75 seconds after the last word of each.
    assert tell(chef, other, at=[144]) == []
    [told] = tell(chef, other, at=[149])
    assert (told["outcome"], told["messages"]) == ("unfinished", ["DISCOVER", "OFFER"])
    assert told["duration"] == 74
    [told] = tell(chef, FOUR[0], at=[224])
    assert (told["outcome"], told["mac"]) == ("unanswered", "02:00:00:00:00:09")


def test_messages_that_are_sent_again_are_counted() -> None:
    [told] = tell(DHCPChef(), *[FOUR[0]] * 3, FOUR[1], FOUR[1], *FOUR[2:])
    assert told["messages"] == ["DISCOVER", "OFFER", "REQUEST", "ACK"]
    assert told["repeats"] == 3


def test_an_answer_that_a_relay_hands_on_is_told_once() -> None:
    chef = DHCPChef()
    assert len(tell(chef, *FOUR, FOUR[3])) == 1
    assert tell(chef, FOUR[3], at=[10]) == []
    assert len(tell(chef, *FOUR[2:], at=[20, 21])) == 1  # the lease is renewed


def test_all_servers_that_offered_something_are_told() -> None:
    offers = [answer("offer", server=f"192.0.2.{number}") for number in range(1, SERVERS + 5)]
    [told] = tell(DHCPChef(), FOUR[0], *offers, offers[0], *FOUR[2:])
    assert told["servers"] == [f"192.0.2.{number}" for number in range(1, SERVERS + 1)]
    assert told["server_ip"] == "192.0.2.1"


def test_exchanges_in_different_vlans_are_different() -> None:
    tagged = [frame[:12] + b"\x81\0\0\x0b" + frame[12:] for frame in FOUR]
    assert tell(DHCPChef(), FOUR[2], tagged[3])[0]["messages"] == ["ACK"]
    [told] = tell(DHCPChef(), *tagged)
    assert (told["vlan"], told["outcome"]) == (11, "ack")


def test_packets_of_both_versions_are_taken_in_their_order() -> None:
    chef = DHCPChef()
    frames = [v6(DHCP6_Solicit(trid=1)), FOUR[0], v6(DHCP6_Reply(trid=1)), *FOUR[1:]]
    assert [told["version"] for told in tell(chef, *frames)] == [6, 4]


def test_the_filter_lets_dhcp_through_and_nothing_else() -> None:
    wanted = [FOUR[0], FOUR[1], v6(DHCP6_Solicit())]
    wanted.append(ether(Dot1Q(vlan=3), IP(), UDP(sport=67, dport=67), Raw(b"x")))
    other = ether(IP(), UDP(sport=53, dport=53)), ether(IP(), TCP(dport=67))
    kept = OfflineFilter(str(DHCPChef.packet_filter)).apply(batch(*wanted, *other), "test")
    assert [kept.data(index) for index in range(len(kept))] == wanted
    assert tell(DHCPChef(), *other, ether(IP(), UDP(dport=547), Raw(b"\1\0\0\1"))) == []


# What somebody may send on purpose.


@given(st.lists(st.tuples(st.sampled_from(FOUR), st.integers(42, 400), st.binary(max_size=8))))
def test_nothing_raises_on_damaged_messages(damaged: list[tuple[bytes, int, bytes]]) -> None:
    chef = DHCPChef()
    frames = [frame[:at] + more + frame[at + len(more) :] for frame, at, more in damaged]
    payloads: list[Any] = [chef.interval_handler(1.0)]
    if frames:
        payloads += chef.batch_handler(batch(*frames))
    for payload in payloads:
        assert check_dumpling(Dumpling(chef=chef, payload=payload).to_json().encode()) is None


def test_one_exchange_cannot_grow_without_end() -> None:
    kinds = ["discover", "inform"] * 100
    [told] = tell(DHCPChef(), *[ask(kind) for kind in kinds], answer("ack"), at=[0] * 201)
    assert len(told["messages"]) == MESSAGES


LONG = b"\xff" * 252
STRANGE = ask(
    "discover",
    *((option, LONG) for option in ("hostname", "vendor_class_id", 77, "client_id", 56)),
    (81, b"\0\0\0" + LONG),
    ("param_req_list", list(range(1, 200))),
    mac="02:00:4e:4e:4e:4e",
)


def discovers(frame: bytes, count: int, each: int = 1_000) -> Iterator[PacketBatch]:
    """Copies of a frame, each of a client of its own, a microsecond apart."""
    one = np.frombuffer(frame, np.uint8)
    at = frame.index(b"NNNN")
    for first in range(0, count, each):
        numbers = np.arange(first, min(first + each, count))
        frames = np.tile(one, (len(numbers), 1))
        for place in range(4):
            frames[:, at + 3 - place] = numbers >> 8 * place & 0xFF
        lengths = np.full(len(numbers), len(frame))
        offsets, times = np.arange(len(numbers)) * len(frame), START + numbers * 1000
        yield PacketBatch(1, frames.tobytes(), offsets, lengths, lengths, times)


def test_exchanges_without_end_are_forgotten_and_that_is_told() -> None:
    chef = DHCPChef()
    plain = ask("discover", mac="02:00:4e:4e:4e:4e")
    for packets in discovers(plain, 5_000):
        assert list(chef.batch_handler(packets)) == []
    assert summary(chef)["open"] == EXCHANGES
    assert summary(chef)["exchanges_forgotten"] == 5_000 - EXCHANGES


def test_the_strangest_exchanges_take_so_much_memory_and_no_more() -> None:
    chef, count = DHCPChef(), 500
    list(chef.batch_handler(next(discovers(STRANGE, 1))))  # modules are loaded on first use
    tracemalloc.start()
    try:
        for packets in discovers(STRANGE, count):
            assert list(chef.batch_handler(packets)) == []
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 32 * 2**20 * count / EXCHANGES


# Real captures.


@pytest.mark.parametrize(
    "capture",
    [
        "arkime/tests/pcap/wireshark-dhcp.pcap",
        "arkime/tests/pcap/wireshark-dhcpv6.pcap",
        "ipfixprobe/tests/functional/inputs/mixed.pcap",
        "libpcap/tests/filter/dhcp-rfc3004.pcap",
        "tcpdump/tests/dhcpv4v6-rfc5970-rfc8572.pcap",
        "tcpdump/tests/dhcpv6-AFTR-Name-RFC6334.pcap",
    ],
)
def test_a_real_capture_is_told_as_expected(captures: Path, capture: str) -> None:
    assert_as_expected(DHCPChef, captures / capture, "dhcp")
