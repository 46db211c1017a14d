"""What chefs tell when their kitchen ends, however it ends."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netdumplings import Dumpling, DumplingChef, DumplingDriver, DumplingKitchen
from netdumplings.exceptions import TruncatedCapture
from netdumplings.kitchen import runner
from netdumplings.packets import Packet, PacketBatch
from netdumplings.testing import TrialKitchen, run_chef
from support.packets import START, arp, dns_query, tcp_syn, write_pcap

#: Of chefs that never return: seconds that they have.
BUDGET = 0.3


class OpenChef(DumplingChef):
    """Remembers what it saw, and tells it at the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: list[str] = []

    def packet_handler(self, packet: Packet) -> None:
        self.seen.append(packet.lastlayer().name)

    def closing_handler(self) -> dict[str, Any]:
        return {"left": self.seen}


class BatchChef(DumplingChef):
    """Tells each of what it remembers by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sizes: list[int] = []

    def batch_handler(self, packets: PacketBatch) -> None:
        self.sizes += packets.captured_lengths.tolist()

    def closing_handler(self) -> Iterator[int]:
        yield from self.sizes


class FailingChef(OpenChef):
    def closing_handler(self) -> dict[str, Any]:
        raise ValueError("at last")


class StuckChef(OpenChef):
    def closing_handler(self) -> dict[str, Any]:
        while True:
            pass


class EndlessChef(OpenChef):
    def closing_handler(self) -> Iterator[int]:  # type: ignore[override]
        yield from itertools.count()


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "three.pcap", arp(), dns_query(), tcp_syn(), times=[0, 1, 7])


LEFT = {"left": ["ARP", "DNS", "TCP"]}


@pytest.mark.parametrize("isolate", [[], ["OpenChef", "BatchChef"]])
def test_when_a_replay_is_over_chefs_tell_what_is_left(capture: Path, isolate: list[str]) -> None:
    if isolate and not hasattr(os, "fork"):
        pytest.skip("there is no fork(2) here")
    kitchen = DumplingKitchen(read=capture, filter="", chefs=[OpenChef, BatchChef], isolate=isolate)
    told = list(kitchen)
    sizes = [len(packet) for packet in (arp(), dns_query(), tcp_syn())]
    assert [dumpling.payload for dumpling in told] == [LEFT, *sizes]
    assert {dumpling.driver for dumpling in told} == {DumplingDriver.interval}
    assert {dumpling.creation_time for dumpling in told} == {START / 1e9 + 7}
    assert kitchen.statistics().chefs["BatchChef"].dumplings == 3


def test_a_capture_without_a_packet_has_an_end_too(tmp_path: Path) -> None:
    kitchen = DumplingKitchen(read=write_pcap(tmp_path / "none.pcap"), chefs=[OpenChef])
    assert [dumpling.payload for dumpling in kitchen] == [{"left": []}]


def test_a_capture_that_breaks_off_is_told_before_that_is(capture: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:-3])
    told: list[Dumpling] = []
    dumplings = iter(DumplingKitchen(read=capture, filter="", chefs=[OpenChef]))
    with pytest.raises(TruncatedCapture):
        while True:
            told.append(next(dumplings))
    assert [dumpling.payload for dumpling in told] == [{"left": ["ARP", "DNS"]}]


def test_a_kitchen_that_is_stopped_has_an_end_and_one_that_is_left_alone_has_none(
    capture: Path,
) -> None:
    class EachChef(OpenChef):
        def packet_handler(self, packet: Packet) -> str:  # type: ignore[override]
            super().packet_handler(packet)
            return "one"

    kitchen = DumplingKitchen(read=capture, filter="", chefs=[EachChef])
    payloads = []
    for dumpling in kitchen:
        payloads.append(dumpling.payload)
        kitchen.stop()
    assert payloads == ["one", {"left": ["ARP"]}]
    left = iter(DumplingKitchen(read=capture, filter="", chefs=[EachChef]))
    assert next(left).payload == "one"
    left.close()  # type: ignore[attr-defined]


def test_one_that_raises_is_logged_and_the_others_are_called(
    capture: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kitchen = DumplingKitchen(read=capture, filter="", chefs=[FailingChef, OpenChef])
    assert [dumpling.payload for dumpling in kitchen] == [LEFT]
    assert kitchen.statistics().errors == {"FailingChef": 1}
    assert "FailingChef.closing_handler" in caplog.text


@pytest.mark.parametrize("isolate", [[], ["StuckChef"]])
def test_one_that_does_not_return_is_ended(
    capture: Path, isolate: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    kitchen = DumplingKitchen(
        read=capture,
        filter="",
        chefs=[StuckChef, OpenChef],
        chef_budget=BUDGET,
        isolate=isolate,
    )
    assert [dumpling.payload for dumpling in kitchen] == [LEFT]
    assert "its closing_handler had not returned" in kitchen.statistics().quarantined["StuckChef"]


def test_in_a_kitchen_that_is_stopped_they_have_so_much_time_in_all(
    capture: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "CLOSING", 0.0)
    kitchen = DumplingKitchen(read=capture, filter="", chefs=[EndlessChef, OpenChef])
    kitchen.stop()
    with caplog.at_level(logging.WARNING):
        assert [dumpling.payload for dumpling in kitchen] == [0]
    assert "what chef EndlessChef and those after it have to tell yet is left out" in caplog.text


def test_in_tests_they_are_called_at_the_end_or_when_the_test_says() -> None:
    packets = [arp(), dns_query()]
    assert [each.payload for each in run_chef(OpenChef, packets)] == [{"left": ["ARP", "DNS"]}]
    told = run_chef(OpenChef, packets, poke_interval=None)
    assert [each.payload for each in told] == [{"left": ["ARP", "DNS"]}]
    kitchen = TrialKitchen(BatchChef)
    assert kitchen.handle(packets) == []
    assert [each.payload for each in kitchen.close()] == [len(arp()), len(dns_query())]
    with pytest.raises(ValueError, match="at last"):
        run_chef(FailingChef, packets)


def test_after_a_failure_that_is_raised_nothing_is_called_any_more() -> None:
    called = []

    class BadChef(DumplingChef):
        def packet_handler(self, packet: Packet) -> None:
            raise ValueError("at once")

        def closing_handler(self) -> None:
            called.append(1)

    with pytest.raises(ValueError, match="at once"):
        run_chef(BadChef, [arp()])
    assert not called
