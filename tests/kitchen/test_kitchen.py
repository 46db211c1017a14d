"""`DumplingKitchen` in a program or a notebook: a loop over dumplings, with no hub."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from netdumplings import (
    Dumpling,
    DumplingChef,
    DumplingDriver,
    DumplingKitchen,
    dumplingchefs,
)
from netdumplings.capture import CaptureStatistics
from netdumplings.exceptions import (
    BrokenChef,
    InvalidAddress,
    InvalidFilter,
    NotACapture,
    TruncatedCapture,
)
from netdumplings.kitchen.statistics import announced
from netdumplings.packets import Packet, PacketBatch
from netdumplings.wire import (
    CountsReceived,
    KitchenHello,
    V2KitchenPeer,
    kitchen_hello_message,
)
from support.packets import START, arp, batch, dns_query, tcp_syn, write_pcap


class LayersChef(DumplingChef):
    """Returns one list, and goes on changing it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: list[str] = []

    def packet_handler(self, packet: Packet) -> list[str]:
        self.seen.append(packet.lastlayer().name)
        return self.seen


class SizesChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[int]:
        yield from packets.captured_lengths.tolist()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "three.pcap", arp(), dns_query(), tcp_syn(), times=[0, 1, 7])


def test_a_loop_over_a_kitchen_is_a_loop_over_its_dumplings(capture: Path) -> None:
    made = list(DumplingKitchen("lab", read=capture, chefs=[LayersChef]))
    assert all(isinstance(dumpling, Dumpling) for dumpling in made)
    assert [dumpling.payload for dumpling in made] == [
        ["ARP"],
        ["ARP", "DNS"],
        ["ARP", "DNS", "TCP"],
    ]
    assert [dumpling.creation_time - START / 1e9 for dumpling in made] == [0, 1, 7]
    assert {dumpling.kitchen for dumpling in made} == {"lab"}
    assert {dumpling.driver for dumpling in made} == {DumplingDriver.packet}


def test_a_batch_chef_gets_batches_cut_where_pokes_are_due(capture: Path) -> None:
    class BatchSizesChef(DumplingChef):
        def batch_handler(self, packets: PacketBatch) -> int:
            return len(packets)

        def interval_handler(self, interval: float | None = None) -> str:
            return "poke"

    made = DumplingKitchen(read=capture, chefs=[BatchSizesChef, SizesChef], poke_interval=5)
    payloads = [dumpling.payload for dumpling in made if dumpling.chef_name == "BatchSizesChef"]
    assert payloads == ["poke", 2, "poke", 1, "poke"]


def test_a_chef_knows_the_kitchen_it_works_in(capture: Path) -> None:
    kitchen = DumplingKitchen("lab", read=[capture], chefs=[LayersChef])
    assert [chef.kitchen for chef in kitchen.chefs] == [kitchen]


def test_the_chefs_in_the_box_are_there_by_default(capture: Path) -> None:
    names = [chef.name for chef in DumplingKitchen(read=capture).chefs]
    assert names == ["ARPChef", "DNSLookupChef", "PacketCountChef"]
    everything = [chef.name for chef in DumplingKitchen(read=capture, menu="all").chefs]
    assert sorted(everything) == sorted(dumplingchefs.__all__)


def test_leaving_the_loop_early_closes_the_capture(capture: Path) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=[LayersChef])
    assert len(list(islice(kitchen, 1))) == 1


def test_stop_ends_the_loop(capture: Path) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=[LayersChef], loop=True)
    for number, _ in enumerate(kitchen):
        if number == 10:
            kitchen.stop()
    assert number == 10


def test_statistics_are_a_snapshot_that_adds_up(capture: Path) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=[LayersChef, SizesChef])
    before = kitchen.statistics()
    list(kitchen)
    after = kitchen.statistics()
    assert (before.packets_received, before.dumplings_made) == (0, 0)
    assert after.packets_received == after.packets_handled == 3
    assert after.packets_dropped_by_kernel == after.packets_dropped_by_interface == 0
    assert after.packets_dropped_by_kitchen == after.packets_waiting == 0
    assert after.dumplings_made == 6
    assert after.errors == {}
    assert {name: chef._replace(seconds=0.0) for name, chef in after.chefs.items()} == {
        "LayersChef": (3, 0.0, 3, 0, 0),
        "SizesChef": (3, 0.0, 3, 0, 0),
    }


def test_at_all_times_every_packet_received_is_handled_dropped_or_waiting(capture: Path) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=[LayersChef], poke_interval=100)
    for number, _ in enumerate(kitchen):
        now = kitchen.statistics()
        assert now.packets_received == 3
        assert now.packets_waiting + now.packets_handled == 3
        assert now.packets_dropped_by_kitchen == 0
        if number == 1:
            kitchen.stop()
    assert number == 1
    done = kitchen.statistics()
    assert done.packets_handled == 2
    assert done.packets_dropped_by_kitchen == 1  # read, and left when the kitchen was stopped
    assert done.packets_waiting == 0


def test_at_the_end_the_log_says_what_was_handled_and_who_took_the_time(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        list(DumplingKitchen("lab", read=capture, chefs=[LayersChef, SizesChef]))
    whole, *chefs = caplog.messages[-3:]
    assert whole == (
        "kitchen lab handled 3 of 3 packets (dropped: 0 by the kernel, 0 by the kitchen; "
        "before the filter, 0 by the interfaces; of the files, 0 filtered out, 0 damaged) "
        "and made 6 dumplings; its chefs made 0 errors"
    )
    pattern = r"chef %s: 3 packets in \d+\.\d\d s \(\d+\.\d\d us each\), 3 dumplings, 0 errors"
    assert re.fullmatch(pattern % "LayersChef", chefs[0])
    assert re.fullmatch(pattern % "SizesChef", chefs[1])


def test_a_chef_with_a_filter_sees_only_what_it_lets_through(capture: Path) -> None:
    class DNSLayersChef(LayersChef):
        packet_filter = "udp port 53"

    kitchen = DumplingKitchen(read=capture, chefs=[DNSLayersChef])
    assert [dumpling.payload for dumpling in kitchen] == [["DNS"]]
    assert kitchen.statistics().packets_handled == 3


def test_progress_is_told_for_replays(capture: Path) -> None:
    kitchen = DumplingKitchen(read=capture, chefs=[LayersChef])
    list(kitchen)
    progress = kitchen.progress()
    assert progress is not None
    assert progress.read_bytes == progress.total_bytes == capture.stat().st_size
    assert DumplingKitchen(interface="lo", chefs=[LayersChef]).progress() is None


def test_a_truncated_capture_gives_what_came_before_and_raises_at_the_end(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    capture.write_bytes(capture.read_bytes()[:-1])
    whole = write_pcap(capture.with_name("whole.pcap"), tcp_syn(), times=[8])
    again = capture.with_name("again.pcap")
    again.write_bytes(capture.read_bytes())
    kitchen = DumplingKitchen(read=[capture, whole, again], chefs=[LayersChef])
    made = []
    with caplog.at_level(logging.ERROR), pytest.raises(TruncatedCapture) as caught:
        for dumpling in kitchen:
            made.append(dumpling.payload[-1])  # noqa: PERF401  # the loop ends by raising
    assert caught.value.packets == 2
    assert made == ["ARP", "DNS", "TCP", "ARP", "DNS"]
    assert len(caplog.records) == 1  # the second of them; the first is raised
    assert "again.pcap" in caplog.text


def test_what_is_wrong_is_said_before_anything_starts(capture: Path, tmp_path: Path) -> None:
    class BrokenOneChef(DumplingChef):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise LookupError("no list")

    (tmp_path / "text").write_text("not a capture at all, but long enough to look at")
    with pytest.raises(BrokenChef):
        DumplingKitchen(read=capture, chefs=[BrokenOneChef])

    class WrongFilterChef(LayersChef):
        packet_filter = "tcp porq"

    with pytest.raises(InvalidFilter, match=r"of chef WrongFilterChef, 'tcp porq', .*syntax error"):
        DumplingKitchen(read=capture, chefs=[WrongFilterChef])
    with pytest.raises(InvalidAddress):
        DumplingKitchen(read=capture, hub="nowhere")
    with pytest.raises(ValueError, match="poke interval"):
        DumplingKitchen(read=capture, poke_interval=0)
    with pytest.raises(InvalidFilter, match="syntax error"):
        list(DumplingKitchen(read=capture, filter="tcp porq", chefs=[LayersChef]))
    with pytest.raises(NotACapture):
        list(DumplingKitchen(read=[capture, tmp_path / "text"], chefs=[LayersChef]))


@pytest.mark.parametrize("few", [3, 100])
def test_a_kitchen_with_too_many_chefs_for_its_first_message_says_how_many_more_it_has(
    capture: Path, few: int
) -> None:
    chefs = [type(f"Number{number}Chef", (LayersChef,), {}) for number in range(1000)]
    quarantined = {f"Number{number}Chef": "x" * 400 for number in range(few)}
    kitchen = DumplingKitchen(read=capture, chefs=chefs, quarantined=quarantined)
    peer = V2KitchenPeer()
    [hello] = peer.receive(kitchen_hello_message("s" * 32, 1, kitchen._hello()))
    assert isinstance(hello, KitchenHello)
    told = json.loads(hello.announcement)
    assert told["chefs_left_out"] == 1000 - len(told["chefs"]) > 0
    [counts] = peer.receive(kitchen._counts())
    assert isinstance(counts, CountsReceived)
    told = json.loads(counts.counts)
    assert told["packets_handled"] == 0
    assert len(told.get("quarantined", ())) == (few if few < 100 else 0)


class SystemStatusChef(DumplingChef):
    """Would be taken for the hub's own."""


def test_a_chef_with_the_name_of_the_hubs_own_is_told_to_be_renamed() -> None:
    with pytest.raises(BrokenChef, match="SystemStatusChef cannot be made: hubs keep this name"):
        DumplingKitchen(chefs=[SystemStatusChef])


def test_an_empty_capture_still_starts_up_and_ends(tmp_path: Path) -> None:
    class PokedChef(DumplingChef):
        def interval_handler(self, interval: float | None = None) -> float | None:
            return interval

    empty = write_pcap(tmp_path / "empty.pcap")
    made = list(DumplingKitchen(read=empty, chefs=[PokedChef], poke_interval=2))
    assert [dumpling.payload for dumpling in made] == [2.0, 2.0]


def test_a_quarantined_chef_is_not_even_made_and_the_others_are_run(capture: Path) -> None:
    class DeadlyChef(DumplingChef):
        packet_filter = "nonsense that nobody compiles"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise AssertionError("made")

    why = "it ended the kitchen's process"
    kitchen = DumplingKitchen(
        read=capture, chefs=[DeadlyChef, SizesChef], quarantined={"DeadlyChef": why}
    )
    assert [chef.name for chef in kitchen.chefs] == ["DeadlyChef", "SizesChef"]
    assert len(list(kitchen)) == 3
    done = kitchen.statistics()
    assert done.quarantined == {"DeadlyChef": why}
    assert done.chefs["DeadlyChef"].packets == 0
    assert announced(done)["quarantined"] == {"DeadlyChef": why}


def test_packets_may_come_from_a_source_of_ones_own() -> None:
    class Source:
        name, live, ended = "my own", False, False

        def open(self) -> None: ...

        def close(self) -> None: ...

        def progress(self) -> None: ...

        def read(self, timeout: float) -> PacketBatch:
            self.ended = True
            return batch(arp(), dns_query())

        def statistics(self) -> CaptureStatistics:
            return CaptureStatistics(2 if self.ended else 0)

    kitchen = DumplingKitchen(source=Source(), chefs=[SizesChef])
    assert [dumpling.payload for dumpling in kitchen] == [len(arp()), len(dns_query())]
    assert kitchen.statistics().packets_handled == 2
