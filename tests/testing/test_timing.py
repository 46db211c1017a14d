"""How long a chef takes is measured by a clock that tests can read: one that ticks when asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from scapy.layers.inet import TCP

from netdumplings import DumplingChef
from netdumplings.exceptions import BrokenChef, InvalidFilter, NotACapture
from netdumplings.packets import PacketBatch
from netdumplings.testing import rounds as rounds_module
from netdumplings.testing import timing as timing_module
from netdumplings.testing.rounds import BATCH, load_batches
from netdumplings.testing.timing import (
    FEWEST,
    LEAST_ROUNDS,
    Round,
    Timing,
    time_chef,
)
from support.packets import arp, batch, dns_query, tcp_syn, write_pcap


class Ticks:
    """A clock that is a second further whenever it is read."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> float:
        self.now += 1
        return float(self.now)


class LookingChef(DumplingChef):
    packet_filter = "tcp"
    made: ClassVar[list[DumplingChef]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made.append(self)
        self.seen = 0

    def packet_handler(self, packet: Any) -> Any:
        self.seen += 1
        return self.seen if self.wanted(packet) else None

    def wanted(self, packet: Any) -> bool:
        return bytes(packet)[37] == 80  # the low byte of the port

    def interval_handler(self, interval: float | None = None) -> int:
        return self.seen


class DissectingChef(LookingChef):
    def wanted(self, packet: Any) -> bool:
        return int(packet[TCP].dport) == 80


class BatchChef(DumplingChef):
    sizes: ClassVar[list[int]] = []
    times: ClassVar[list[int]] = []
    fresh: ClassVar[list[bool]] = []

    def batch_handler(self, packets: PacketBatch) -> Iterator[Any]:
        self.sizes.append(len(packets))
        self.times += packets.times_ns.tolist()
        self.fresh.append(packets._headers is None)
        assert packets.dst_ports is not None
        yield from ()


class BadChef(DumplingChef):
    def packet_handler(self, packet: Any) -> Any:
        return 1 / 0


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds have few packets, and nothing of another test is there."""
    monkeypatch.setattr(timing_module, "FIRST", 50)
    for kept in (LookingChef.made, BatchChef.sizes, BatchChef.times, BatchChef.fresh):
        kept.clear()  # type: ignore[attr-defined]


def measure(chef: type[DumplingChef], packets: PacketBatch, seconds: float = 1.0) -> Timing:
    return time_chef(chef, [packets], seconds=seconds, clock=Ticks(), processor=Ticks())


def test_each_round_is_all_packets_to_a_new_chef() -> None:
    packets = batch(*[tcp_syn(80), tcp_syn(22), dns_query()] * 20)
    found = measure(LookingChef, packets)
    assert (found.chef, found.handler, found.filter) == ("LookingChef", "packet_handler", "tcp")
    assert (found.packets, found.of) == (50, 50)
    assert found.handed == 34
    assert found.errors == 0
    assert found.dumplings == 17 + 11  # of packets, and one of each interval of 5 seconds
    assert len(found.rounds) == LEAST_ROUNDS
    chefs = [chef for chef in LookingChef.made if isinstance(chef, LookingChef)]
    assert len(chefs) == LEAST_ROUNDS + 3  # two to begin with, and one to count
    assert {chef.seen for chef in chefs} == {34}


def test_there_are_rounds_until_there_is_enough() -> None:
    packets = batch(*[tcp_syn(80)] * 50)
    few, more = (measure(LookingChef, packets, seconds) for seconds in (1.0, 2000.0))
    assert len(few.rounds) < len(more.rounds)
    assert sum(each.elapsed for each in more.rounds) >= 2000


def test_time_is_that_of_packets_of_intervals_and_of_the_kitchen() -> None:
    packets = batch(*[tcp_syn(22)] * 50)
    found = measure(LookingChef, packets)
    for each in found.rounds:
        assert each.packets == 50  # after each, one look at the clock
        assert each.intervals > 0
        assert each.elapsed > each.packets + each.intervals
        assert each.seconds == 1  # of the other clock, which nobody looks at in between
    shares = found.share(lambda each: each.packets) + found.share(lambda each: each.intervals)
    assert 0 < shares < 1


def test_the_median_is_told_and_how_far_half_of_them_are_apart() -> None:
    rounds = [Round(float(seconds), 4.5, 0, 0) for seconds in (1, 2, 3, 4, 5)]
    found = measure(LookingChef, batch(tcp_syn(80)))._replace(rounds=rounds)
    assert found.seconds == 3
    assert found.quartiles == (1.5, 4.5)
    assert found.noise == 1
    assert found.delay == 1.5


def test_few_packets_are_repeated_in_large_batches_and_time_goes_on() -> None:
    given = [batch(tcp_syn()), batch(arp(), times=[1])]
    found = time_chef(BatchChef, given, seconds=0.02, poke_interval=1e6)
    assert found.of == 2
    assert 50 <= found.packets <= FEWEST
    assert max(BatchChef.sizes) == min(found.packets, BATCH)
    assert len(BatchChef.times) > found.packets
    counted = BatchChef.times[-min(found.packets, 5000) :]
    steps = {later - earlier for earlier, later in pairwise(counted)}
    assert steps == {1_000_000_000, 1_000_000}


def test_nothing_is_known_of_a_batch_from_the_round_before() -> None:
    measure(BatchChef, batch(*[tcp_syn()] * 60))
    assert set(BatchChef.fresh) == {True}


def test_packets_of_different_links_stay_in_batches_of_their_own() -> None:
    found = time_chef(
        BatchChef, [batch(tcp_syn()), batch(tcp_syn()[14:], link_type=101)], seconds=0.01
    )
    assert found.handed == found.packets
    assert set(BatchChef.sizes) == {1}


def test_what_scapy_dissects_is_counted_in_a_round_that_is_not_timed() -> None:
    packets = batch(*[tcp_syn(80), dns_query()] * 30)
    found = measure(DissectingChef, packets)
    line = DissectingChef.wanted.__code__.co_firstlineno
    assert found.dissected_of == 50
    assert found.dissected.places == {(__file__, line + 1): 25}
    assert found.dissected.count == 25
    assert measure(BatchChef, packets).dissected.count == 0


def test_errors_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        found = measure(BadChef, batch(*[tcp_syn()] * 50))
    assert found.errors == 50
    assert caplog.text.count("BadChef.packet_handler raised ZeroDivisionError") == 1


def test_what_cannot_be_measured_says_why() -> None:
    class FilterChef(DumplingChef):
        packet_filter = "rubbish"

    class NeedyChef(DumplingChef):
        def __init__(self, needed: int) -> None:
            pass

    with pytest.raises(InvalidFilter):
        measure(FilterChef, batch(tcp_syn()))
    with pytest.raises(BrokenChef):
        measure(NeedyChef, batch(tcp_syn()))
    with pytest.raises(ValueError, match="no packets"):
        time_chef(BatchChef, [])


def test_captures_are_read_as_far_as_they_are_good_and_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_pcap(tmp_path / "one.pcap", *[tcp_syn()] * 5)
    cut = write_pcap(tmp_path / "cut.pcap", *[dns_query()] * 3)
    cut.write_bytes(cut.read_bytes()[:-1])
    paths = [str(one), str(cut)]
    assert [len(each) for each in load_batches(paths)] == [5, 2]
    assert [len(each) for each in load_batches(paths, "udp")] == [2]
    monkeypatch.setattr(rounds_module, "MOST_PACKETS", 6)
    assert [len(each) for each in load_batches(paths)] == [5, 1]
    monkeypatch.setattr(rounds_module, "MOST_BYTES", 100)
    assert [len(each) for each in load_batches(paths)] == [5]
    with pytest.raises(NotACapture):
        load_batches([__file__])
