"""Who has most of the traffic is told as exact counts have it, or within the error told."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Raw

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.dumplingchefs import TopTalkersChef
from netdumplings.dumplingchefs.heavy import HeavyHitters, merged
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch
from netdumplings.packets.addresses import address_text
from netdumplings.testing import assert_same, run_chef
from support.packets import START, batch, ether
from support.traffic import Frame, damaged_frames, frames

EXPECTED = Path(__file__).parent / "expected/top_talkers"
A, B, C = "192.0.2.1", "192.0.2.2", "192.0.2.3"


def tcp(src: str, dst: str, size: int, sport: int = 50000, dport: int = 80) -> bytes:
    """A frame of so many bytes."""
    return ether(IP(src=src, dst=dst), TCP(sport=sport, dport=dport), Raw(bytes(size - 54)))


def window(chef: TopTalkersChef, seconds: int) -> dict[str, Any]:
    payload = chef.interval_handler()
    assert payload is not None
    told: dict[str, Any] = payload["top_talkers"][str(seconds)]
    return told


def test_hosts_pairs_and_ports() -> None:
    chef = TopTalkersChef()
    packets = [tcp(A, B, 1000), tcp(B, A, 100, 80, 50000), tcp(A, C, 500, dport=443)]
    packets.append(ether(IP(src=C, dst=A), ICMP(type=3), Raw(bytes(6))))
    chef.batch_handler(batch(*packets, times=[0, 0.1, 0.2, 0.3]))
    assert window(chef, 10) == {
        "bytes": 1648, "packets": 4,
        "hosts": [
            {"ip": A, "bytes": 1648, "packets": 4},
            {"ip": B, "bytes": 1100, "packets": 2},
            {"ip": C, "bytes": 548, "packets": 2},
        ],
        "hosts_bytes_error": 0, "hosts_packets_error": 0,
        "pairs": [
            {"src_ip": A, "dst_ip": B, "bytes": 1100, "packets": 2},
            {"src_ip": A, "dst_ip": C, "bytes": 548, "packets": 2},
        ],
        "pairs_bytes_error": 0, "pairs_packets_error": 0,
        "ports": [
            {"proto": "tcp", "port": 80, "bytes": 1100, "packets": 2},
            {"proto": "tcp", "port": 443, "bytes": 500, "packets": 1},
        ],
        "ports_bytes_error": 0, "ports_packets_error": 0,
    }  # fmt: skip


def test_windows_slide() -> None:
    chef = TopTalkersChef()
    assert chef.interval_handler() is None
    for second in range(0, 400, 2):
        chef.batch_handler(batch(tcp(A, B, 100), times=[second]))
    assert [window(chef, seconds)["packets"] for seconds in (10, 60, 300)] == [5, 30, 150]
    chef.batch_handler(batch(tcp(A, C, 100), times=[1000]))
    assert window(chef, 300)["packets"] == 1
    assert len(chef._slots) == 150


def test_the_size_of_batches_makes_no_difference() -> None:
    packets = [tcp(A, (B, C)[number % 2], 60 + number, dport=number) for number in range(1, 100)]
    whole = run_chef(TopTalkersChef, batch(*packets))
    parts = run_chef(TopTalkersChef, batch(*packets), batch_size=7)
    assert [each.payload for each in parts] == [each.payload for each in whole]


def many(count: int, seed: int) -> PacketBatch:
    """Datagrams of one host to others, a few of which get many."""
    rng = np.random.default_rng(seed)
    template = np.frombuffer(
        ether(IP(src=A, dst=B), UDP(sport=9, dport=9), Raw(bytes(8))), np.uint8
    )
    data = np.tile(template, (count, 1))
    hosts = np.minimum(rng.pareto(0.4, count), 2**24).astype(np.uint32)
    data[:, 30:34] = (0x0A000000 + hosts).astype(">u4").view(np.uint8).reshape(-1, 4)
    lengths = np.full(count, len(template), np.int64)
    times = START + np.arange(count, dtype=np.int64) * 500_000
    return PacketBatch(
        1, data.tobytes(), np.arange(count) * len(template), lengths, rng.integers(60, 1500, count),
        times,
    )  # fmt: skip


def test_of_very_many_hosts_the_largest_are_within_the_error_and_memory_is_bounded() -> None:
    packets = many(20_000, 1)
    chef = TopTalkersChef()
    for start in range(0, len(packets), 1000):
        chef.batch_handler(packets[start : start + 1000])
    exact: Counter[int] = Counter()
    since = (int(packets.times_ns[-1]) // 2_000_000_000 - 4) * 2_000_000_000
    recent = packets.where(packets.times_ns >= since)
    for host, size in zip(
        recent.ipv4_destinations.tolist(), recent.wire_lengths.tolist(), strict=True
    ):
        exact[host] += size
    told = window(chef, 10)
    assert told["bytes"] == exact.total()
    error = told["hosts_bytes_error"]
    assert 0 < error <= 2 * exact.total() / TopTalkersChef.size
    counted = {each["ip"]: each["bytes"] for each in told["hosts"] if each["ip"] != A}
    for host, size in exact.most_common(5):
        known = counted[address_text(host.to_bytes(4, "big"))]
        assert known <= size <= known + error
    assert all(
        len(heavy.counts) <= 2 * chef.size for slot in chef._slots for heavy in slot.of.values()
    )


Batch = st.dictionaries(
    st.sampled_from(range(12)), st.tuples(st.integers(1, 1000), st.integers(1, 9)), max_size=12
)
Some = st.lists(Batch, max_size=20)


@given(Some, Some)
def test_whatever_is_counted_the_error_is_as_told(one: Any, other: Any) -> None:
    parts = [HeavyHitters(3), HeavyHitters(3)]
    size: Counter[bytes] = Counter()
    packets: Counter[bytes] = Counter()
    for part, some in zip(parts, (one, other), strict=True):
        for each in some:
            keys = [bytes((number,)) for number in each]
            added = [list(pair) for pair in each.values()]
            part.add_all(keys, *np.array(added, np.int64).reshape(-1, 2).T)
            for key, (bytes_, count) in zip(keys, added, strict=True):
                size[key] += bytes_
                packets[key] += count
    total = merged(parts)
    assert total.bytes_error * 4 <= size.total()
    for key, exact in size.items():
        told_bytes, told_packets = total.counts.get(key, (0, 0))
        assert told_bytes <= exact <= told_bytes + total.bytes_error
        assert told_packets <= packets[key] <= told_packets + total.packets_error


@given(st.lists(frames() | damaged_frames(), max_size=4))
def test_it_never_fails(given_frames: list[Frame]) -> None:
    chef = TopTalkersChef()
    for number, (link_type, data) in enumerate(given_frames):
        chef.batch_handler(batch(data, times=[number], link_type=link_type))
    if given_frames:
        assert window(chef, 10)["packets"] <= len(given_frames)


def batches_of(path: Path) -> list[PacketBatch]:
    """The batches of a capture file; none if it is broken."""
    source = file_source([str(path)], CaptureOptions(filter=""))
    found = []
    try:
        source.open()
        while not source.ended and (packets := source.read(1)) is not None:
            found.append(packets)
    except CaptureError:
        return []
    finally:
        source.close()
    return found


def exact_counts(packets: PacketBatch) -> Counter[str]:
    """Bytes of each host of IP, counted packet by packet."""
    counts: Counter[str] = Counter()
    versions, protocols = packets.ip_versions.tolist(), packets.ip_protocols.tolist()
    four = packets.ipv4_sources.tolist(), packets.ipv4_destinations.tolist()
    six = packets.ipv6_sources, packets.ipv6_destinations
    for place, size in enumerate(packets.wire_lengths.tolist()):
        if versions[place] < 0 or protocols[place] < 0:
            continue
        hosts = {
            int(side[place]).to_bytes(4, "big") if versions[place] == 4 else bytes(other[place])
            for side, other in zip(four, six, strict=True)
        }
        counts.update({address_text(host): size for host in hosts})
    return counts


@pytest.mark.parametrize("source", ["gopacket", "ipfixprobe", "dnscap"])
def test_real_captures_are_as_exact_counts_have_them(captures: Path, source: str) -> None:
    class LongChef(TopTalkersChef):
        windows = (1_000_000,)
        slot = 1_000_000
        told = 10_000

    seen = 0
    with (captures / "INDEX.tsv").open() as index:
        rows = list(csv.DictReader(index, delimiter="\t"))
    for row in rows:
        if not row["path"].startswith(source) or row["linktype"] != "EN10MB(1)":
            continue
        batches = batches_of(captures / row["path"])
        if not batches:
            continue
        exact: Counter[str] = Counter()
        chef = LongChef()
        first = int(batches[0].times_ns[0]) // 10**15
        if any((packets.times_ns // 10**15 != first).any() for packets in batches):
            continue
        for packets in batches:
            exact.update(exact_counts(packets))
            chef.batch_handler(packets)
        told = window(chef, 1_000_000)
        counted = {each["ip"]: each["bytes"] for each in told["hosts"]}
        if told["hosts_bytes_error"] == 0:
            assert counted == exact, row["path"]
        for host, size in exact.items():
            assert 0 <= size - counted.get(host, 0) <= told["hosts_bytes_error"], row["path"]
        seen += bool(exact)
    assert seen > 3


def test_a_real_capture_is_told_as_expected(captures: Path) -> None:
    told = run_chef(TopTalkersChef, captures / "dnscap/src/test/dns.pcap", poke_interval=1000)
    assert_same(told, EXPECTED / "dns.pcap.jsonl")
