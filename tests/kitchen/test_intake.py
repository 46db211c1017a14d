"""The books of packets balance at every moment, whoever looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.capture import CaptureStatistics
from netdumplings.kitchen import KitchenStatistics
from netdumplings.kitchen.intake import Intake, PacketTally, Traffic
from netdumplings.packets import Packet, PacketBatch
from support.commands import PATIENCE
from support.packets import arp, batch, dns_query, tcp_syn, write_pcap


class PacketChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> int:
        return len(packet)


class BatchesChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[int]:
        yield from packets.captured_lengths.tolist()


class FilteredChef(PacketChef):
    packet_filter = "udp port 53"


class Source:
    """A source whose counts the test sets; it has no packets that were not put there."""

    name, live, ended = "test", True, False

    def __init__(self) -> None:
        self.counts = CaptureStatistics()
        self.batches: list[PacketBatch] = []

    def open(self) -> None: ...

    def close(self) -> None: ...

    def progress(self) -> None: ...

    def statistics(self) -> CaptureStatistics:
        return self.counts

    def read(self, timeout: float) -> PacketBatch | None:
        return self.batches.pop(0) if self.batches else None


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "x.pcap", *[arp(), dns_query(), tcp_syn()] * 200)


def test_a_source_that_counts_other_packets_than_it_hands_over_is_found_out() -> None:
    source = Source()
    source.batches = [batch(arp(), arp(), arp())]
    source.counts = CaptureStatistics(received=12, dropped_by_kernel=10)  # two, and there are three
    intake = Intake(source, PacketTally())
    intake.read(0)
    assert intake.ledger().imbalance() == -1


def test_drops_by_the_kernel_are_shown_as_they_are_now() -> None:
    source = Source()
    intake = Intake(source, PacketTally())
    source.counts = CaptureStatistics(5, 5, 7)
    ledger = intake.ledger()
    assert (ledger.received, ledger.dropped_by_kernel, ledger.dropped_by_interface) == (5, 5, 7)
    assert ledger.violations() == []


CHEFS = [[PacketChef], [BatchesChef], [FilteredChef], [PacketChef, BatchesChef, FilteredChef], []]


@pytest.mark.parametrize("chefs", CHEFS)
def test_at_the_end_nothing_waits(capture: Path, chefs: list[type[DumplingChef]]) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=chefs, filter="", poke_interval=0.5)
    list(kitchen)
    done = kitchen.statistics()
    assert done.packets_received == done.packets_handled == 600
    assert done.packets_waiting == done.packets_dropped_by_kitchen == 0
    assert done.packets.violations() == []


@pytest.mark.parametrize("chefs", CHEFS[:-1])
@pytest.mark.parametrize("stop_at", [1, 50, 199])
@pytest.mark.parametrize("leave", [True, False])
def test_whoever_ends_it_in_the_middle_finds_every_packet_in_the_books(
    capture: Path, chefs: list[type[DumplingChef]], stop_at: int, leave: bool
) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=chefs, filter="", poke_interval=1e6)
    dumplings = kitchen.cook()
    for _ in islice(dumplings, stop_at):
        pass
    now = kitchen.statistics()
    assert now.packets.violations() == []
    if leave:
        dumplings.close()  # type: ignore[attr-defined]
    else:
        kitchen.stop()
        list(dumplings)
    done = kitchen.statistics()
    assert done.packets_received > 0
    assert done.packets_waiting == 0
    assert done.packets.violations() == done.dumplings.violations() == []
    assert done.packets_handled + done.packets_dropped_by_kitchen == done.packets_received


def test_snapshots_from_another_thread_balance_too(capture: Path) -> None:
    kitchen = DumplingKitchen(
        read=capture, chefs=[PacketChef, BatchesChef], loop=True, filter="", poke_interval=1e6
    )
    snapshots: list[KitchenStatistics] = []
    enough = threading.Event()

    def look() -> None:
        while not enough.is_set():
            snapshots.append(kitchen.statistics())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for number, _ in enumerate(kitchen.cook()):
            seen = number % 100 == 0 and len({now.packets_handled for now in snapshots})
            if number >= 3_000 and seen > 10:
                kitchen.stop()
    finally:
        enough.set()
        looking.join()
    wrong: list[Any] = [now for now in snapshots if now.packets.violations()]
    assert wrong == []
    assert kitchen.statistics().packets_waiting == 0


def test_the_bytes_and_layers_of_what_was_handled_sum_up_to_all_of_it(capture: Path) -> None:
    kitchen = DumplingKitchen(
        read=capture, filter="arp or udp", chefs=[PacketChef, BatchesChef, FilteredChef]
    )
    for _ in kitchen.cook():
        pass
    done = kitchen.statistics()
    sizes = 200 * len(arp()), 200 * len(dns_query())
    assert done.packets_handled == 400
    assert done.bytes_handled == sum(sizes)
    ips = (200, sizes[1])
    assert done.traffic == {"ARP": (200, sizes[0]), "IP": ips, "UDP": ips}
    assert done.behind is None


def test_what_a_kitchen_left_when_it_was_stopped_is_in_no_traffic(capture: Path) -> None:
    kitchen = DumplingKitchen(read=capture, filter="", chefs=[PacketChef])
    for number, _ in enumerate(kitchen.cook()):
        if number == 100:
            kitchen.stop()
    done = kitchen.statistics()
    assert 0 < done.packets_handled < 600
    assert sum(done.traffic[name][0] for name in ("ARP", "IP")) == done.packets_handled
    assert sum(done.traffic[name][1] for name in ("ARP", "IP")) == done.bytes_handled


def test_how_far_a_live_kitchen_is_behind() -> None:
    class LateSource(Source):
        def read(self, timeout: float) -> PacketBatch | None:
            if not self.batches:
                kitchen.stop()
            return super().read(timeout)

    source = LateSource()
    long_ago = time.time_ns() - 1000 * 10**9
    source.batches = [PacketBatch.from_records(1, [(long_ago, len(arp()), arp())])]
    source.counts = CaptureStatistics(received=1)
    kitchen = DumplingKitchen(source=source, chefs=[PacketChef])  # type: ignore[arg-type]
    assert kitchen.statistics().behind is None
    for _ in kitchen.cook():
        pass
    behind = kitchen.statistics().behind
    assert behind is not None
    assert 1000.0 <= behind < 1000.0 + PATIENCE


@pytest.mark.parametrize(
    ("newest", "handled_at", "waiting", "behind"),
    [
        (None, 0.0, False, None),
        (100.0, 100.5, False, 0.5),
        (100.0, 100.5, True, 900.0),
        (2000.0, 100.5, True, 0.0),
    ],
)
def test_a_kitchen_is_behind_what_waits_and_an_idle_one_is_not(
    newest: float | None, handled_at: float, waiting: bool, behind: float | None
) -> None:
    assert Traffic(0, {}, newest, handled_at).behind(1000.0, waiting=waiting) == behind
