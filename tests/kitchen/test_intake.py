"""The books of packets balance at every moment, whoever looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.capture import CaptureStatistics
from netdumplings.kitchen import KitchenStatistics
from netdumplings.kitchen.intake import Intake, PacketTally
from netdumplings.packets import Packet, PacketBatch
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
            if number == 3_000:
                kitchen.stop()
    finally:
        enough.set()
        looking.join()
    assert len({now.packets_handled for now in snapshots}) > 10
    wrong: list[Any] = [now for now in snapshots if now.packets.violations()]
    assert wrong == []
    assert kitchen.statistics().packets_waiting == 0
