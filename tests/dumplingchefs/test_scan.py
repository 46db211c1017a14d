"""Scans are found, with what shows that they are; ordinary traffic is none."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.l2 import Dot1Q

from netdumplings.dumplingchefs import ScanChef
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch
from netdumplings.testing import run_chef
from support.packets import START, batch, ether
from support.traffic import Frame, damaged_frames, frames

SCANNER, HOST = "192.0.2.66", "198.51.100.1"
T0 = START / 1e9


def syn(dst: str = HOST, port: int = 80, src: str = SCANNER, sport: int = 40000) -> bytes:
    return ether(IP(src=src, dst=dst), TCP(sport=sport, dport=port, flags="S"))


def answer(
    flags: str, dst: str = HOST, port: int = 80, src: str = SCANNER, sport: int = 40000
) -> bytes:
    return ether(IP(src=dst, dst=src), TCP(sport=port, dport=sport, flags=flags))


def told(packets: Sequence[bytes], times: Iterable[float] | None = None) -> list[dict[str, Any]]:
    """What the chef tells of packets, when a minute of silence follows."""
    return list(_told(ScanChef(), packets, times))


def _told(
    chef: ScanChef, packets: Sequence[bytes], times: Iterable[float] | None
) -> Iterator[dict[str, Any]]:
    spaced = [number / 10 for number in range(len(packets))] if times is None else times
    yield from chef.batch_handler(batch(*packets, times=spaced))
    for _ in range(30):
        payload = chef.interval_handler(5)
        if payload is not None:
            yield payload


def states(payloads: list[dict[str, Any]]) -> list[str]:
    return [
        scan["state"]
        for payload in payloads
        for scan in (payload["scans"] if "scans" in payload else [payload["scan"]])
    ]


def last(payloads: list[dict[str, Any]]) -> dict[str, Any]:
    payload = payloads[-1]
    scan: dict[str, Any] = payload["scans"][-1] if "scans" in payload else payload["scan"]
    return scan


def hosts(count: int) -> list[str]:
    return [str(ip_address("198.51.100.0") + number) for number in range(1, count + 1)]


def test_a_horizontal_scan_that_nobody_answers() -> None:
    payloads = told([syn(host) for host in hosts(40)])
    assert states(payloads)[-1] == "ended"
    assert last(payloads) == {
        "state": "ended", "kind": "horizontal", "src_ip": SCANNER, "dst_port": 80, "proto": "tcp",
        "targets": 40, "first_targets": hosts(8), "packets": 40, "answered": 0.0, "refused": 0.0,
        "start": T0, "end": T0 + 3.9,
    }  # fmt: skip


def test_a_vertical_scan_that_is_refused() -> None:
    packets = []
    for port in range(1, 31):
        packets += [syn(port=port), answer("RA", port=port)]
    payloads = told(packets)
    assert states(payloads)[0] == "found"
    assert last(payloads) == {
        "state": "ended", "kind": "vertical", "src_ip": SCANNER, "dst_ip": HOST, "proto": "tcp",
        "targets": 30, "first_targets": list(range(1, 9)), "packets": 30,
        "answered": 0.0, "refused": 1.0, "start": T0, "end": T0 + 5.8,
    }  # fmt: skip


def test_a_scan_is_found_while_it_goes_on_and_told_as_it_grows() -> None:
    chef = ScanChef()
    found: list[dict[str, Any]] = []
    for number, host in enumerate(hosts(100)):
        found += chef.batch_handler(batch(syn(host), times=[number]))
        if number % 10 == 9:
            payload = chef.interval_handler(10)
            found += [] if payload is None else [payload]
    assert states(found)[:2] == ["found", "going on"]
    assert found[0]["scan"]["targets"] == 20
    assert last(found)["targets"] == 97
    assert last(found)["start"] == T0


def test_half_open_scans_are_scans_and_connections_are_none() -> None:
    half, whole = [], []
    for host in hosts(30):
        half += [syn(host), answer("SA", host), ether(
            IP(src=SCANNER, dst=host), TCP(sport=40000, dport=80, flags="R"))]  # fmt: skip
        whole += [syn(host), answer("SA", host), ether(
            IP(src=SCANNER, dst=host), TCP(sport=40000, dport=80, flags="A"))]  # fmt: skip
    assert last(told(half))["answered"] == 1.0
    assert told(whole) == []


def test_who_mostly_gets_through_does_not_scan() -> None:
    packets = []
    for number, host in enumerate(hosts(60)):
        packets.append(syn(host))
        if number % 5 < 3:
            packets += [answer("SA", host), ether(
                IP(src=SCANNER, dst=host), TCP(sport=40000, dport=80, flags="A"))]  # fmt: skip
    assert told(packets) == []


@pytest.mark.parametrize("count", [19, 20])
def test_from_so_many_targets_on(count: int) -> None:
    assert bool(told([syn(host) for host in hosts(count)])) == (count == 20)
    assert told([syn()] * 100) == []


def test_only_what_is_within_the_window_counts() -> None:
    assert told([syn(host) for host in hosts(30)], [4.0 * number for number in range(30)]) == []


def test_udp_to_closed_ports() -> None:
    packets = []
    for port in range(1, 31):
        asked = IP(src=SCANNER, dst=HOST) / UDP(sport=4000, dport=port)
        packets += [ether(asked), ether(IP(src=HOST, dst=SCANNER), ICMP(type=3, code=3), asked)]
    scan = last(told(packets))
    assert (scan["kind"], scan["proto"], scan["refused"]) == ("vertical", "udp", 1.0)


def test_udp_over_ipv6_in_a_vlan() -> None:
    packets = []
    for number in range(1, 31):
        asked = IPv6(src="2001:db8::66", dst=f"2001:db8::1:{number:x}") / UDP(sport=4000, dport=161)
        packets.append(ether(Dot1Q(vlan=7), asked))
        refusal = IPv6(src=asked.dst, dst=asked.src) / ICMPv6DestUnreach(code=4) / asked
        packets.append(ether(Dot1Q(vlan=7), refusal))
    scan = last(told(packets))
    assert (scan["kind"], scan["vlan"], scan["refused"]) == ("horizontal", 7, 1.0)
    assert scan["first_targets"][0] == "2001:db8::1:1"


@pytest.mark.parametrize("together", [True, False])
def test_answers_of_a_server_are_no_scan(together: bool) -> None:
    packets = []
    for port in range(40000, 40060):
        packets.append(ether(IP(src=SCANNER, dst=HOST), UDP(sport=port, dport=53)))
        packets.append(ether(IP(src=HOST, dst=SCANNER), UDP(sport=53, dport=port)))
    chef = ScanChef()
    payloads: list[dict[str, Any]] = []
    if not together:
        for number, packet in enumerate(packets[:-1]):
            payloads += chef.batch_handler(batch(packet, times=[number / 10]))
        packets = packets[-1:]
    payloads += _told(chef, packets, [number / 10 + 12 for number in range(len(packets))])
    assert payloads == []


def test_traceroute_and_multicast_are_none() -> None:
    trace = [ether(IP(src=SCANNER, dst=HOST), UDP(dport=33434 + n)) for n in range(90)]
    many = [ether(IP(src=SCANNER, dst=f"239.0.0.{n}"), UDP(dport=5004)) for n in range(90)]
    assert told(trace + many) == []


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_batches_makes_no_difference(size: int) -> None:
    packets = []
    for number, host in enumerate(hosts(60)):
        packets += [syn(host), ether(IP(src=SCANNER, dst=HOST), UDP(sport=9, dport=number + 1))]
        packets.append(answer("RA" if number % 3 else "SA", host))
    times = [number / 7 for number in range(len(packets))]
    whole = run_chef(ScanChef, batch(*packets, times=times))
    parts = run_chef(ScanChef, batch(*packets, times=times), batch_size=size)
    assert [each.payload for each in parts] == [each.payload for each in whole]
    assert whole


def test_scans_of_one_source_that_are_too_many_are_counted() -> None:
    packets = [syn(host, port) for port in range(1, 21) for host in hosts(25)]
    payloads = told(packets, [number / 100 for number in range(len(packets))])
    assert states(payloads).count("found") == ScanChef.scans_of_source
    # Of 20 ports and 25 hosts.
    assert payloads[-1]["scans_left_out"] == 45 - ScanChef.scans_of_source


def flood(count: int, seed: int, start: float) -> PacketBatch:
    """SYNs that each come from another source."""
    template = np.frombuffer(syn(), np.uint8)
    data = np.tile(template, (count, 1))
    rng = np.random.default_rng(seed)
    data[:, 26:30] = rng.integers(1, 200, (count, 4))
    offsets = np.arange(count, dtype=np.int64) * len(template)
    lengths = np.full(count, len(template), np.int64)
    times = START + (np.linspace(start, start + 1, count, endpoint=False) * 1e9).astype(np.int64)
    return PacketBatch(1, data.tobytes(), offsets, lengths, lengths, times)


def test_sources_that_are_made_up_neither_hide_a_scan_nor_take_more_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ScanChef, "size", 2048)
    chef = ScanChef()
    payloads: list[dict[str, Any]] = []
    tracemalloc.start()
    try:
        for number, host in enumerate(hosts(30)):
            payloads += chef.batch_handler(batch(syn(host, 22), times=[number]))
            payloads += chef.batch_handler(flood(600, number, number + 0.001))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 2048 * 400 + 2_000_000  # the rest is of others
    found = [payload for payload in payloads if payload["scan"]["src_ip"] == SCANNER]
    assert found[0]["scan"]["dst_port"] == 22
    assert found[0]["attempts_forgotten"] > 5_000


@given(st.lists(frames() | damaged_frames(), max_size=4))
def test_it_never_fails(given_frames: list[Frame]) -> None:
    chef = ScanChef()
    for number, (link_type, data) in enumerate(given_frames):
        packets = batch(data, times=[number], link_type=link_type)
        assert list(chef.batch_handler(packets)) == []
    assert chef.interval_handler(5) is None


@given(st.binary(max_size=80))
def test_any_quote_is_read(quote: bytes) -> None:
    packets = batch(ether(IP(src=HOST, dst=SCANNER), ICMP(type=3, code=3)) + quote)
    assert list(ScanChef().batch_handler(packets)) == []


def test_ordinary_captures_have_no_scans(captures: Path) -> None:
    found: dict[str, Any] = {}
    with (captures / "INDEX.tsv").open() as index:
        names = [row["path"] for row in csv.DictReader(index, delimiter="\t")]
    for name in names:
        try:
            payloads = [each.payload for each in run_chef(ScanChef, captures / name)]
        except CaptureError:
            continue
        if payloads:
            found[name] = payloads
    assert found == {}
