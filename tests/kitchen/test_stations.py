"""Which handler of a chef is called, and that it is handed only what its filter lets through."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from netdumplings import DumplingChef
from netdumplings.exceptions import BrokenChef, InvalidFilter
from netdumplings.kitchen.errors import HandlerErrors
from netdumplings.kitchen.runner import ChefRunner
from netdumplings.packets import Packet, PacketBatch
from support.packets import arp, batch, dns_query, icmp, tcp_syn

PACKETS = [arp(), dns_query(), icmp(), tcp_syn(), dns_query("b.example")]


class LayerChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> str:
        return str(packet.lastlayer().name)


class DNSChef(LayerChef):
    packet_filter = "udp port 53"


class IPChef(LayerChef):
    packet_filter = "ip"


class CountChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> int:
        return len(packets)


class DNSCountChef(CountChef):
    packet_filter = "udp port 53"


class SCTPCountChef(CountChef):
    packet_filter = "sctp"


def runner(*chefs: type[DumplingChef], **settings: Any) -> ChefRunner:
    return ChefRunner([chef(kitchen="attic") for chef in chefs], 5.0, HandlerErrors(), **settings)


def cook(running: ChefRunner, given: PacketBatch) -> list[tuple[str, Any]]:
    texts = map(json.loads, running.handle(given, None))
    return [(text["metadata"]["chef"], text["payload"]) for text in texts]


@pytest.mark.parametrize(
    "chefs",
    [[DNSChef], [DNSChef, LayerChef], [DNSChef, IPChef], [IPChef, DNSChef, LayerChef]],
)
def test_a_chef_is_handed_what_its_filter_lets_through_whoever_else_is_there(
    chefs: list[type[DumplingChef]],
) -> None:
    running = runner(*chefs)
    made = cook(running, batch(*PACKETS))
    expected = {
        "DNSChef": ["DNS", "DNS"],
        "IPChef": ["DNS", "ICMP", "TCP", "DNS"],
        "LayerChef": ["ARP", "DNS", "ICMP", "TCP", "DNS"],
    }
    for chef in chefs:
        name = chef.__name__
        assert [payload for by, payload in made if by == name] == expected[name]
        assert running.statistics()[name].packets == len(expected[name])
    assert running.packets_handled == len(PACKETS)


def test_packets_pass_chefs_with_filters_in_their_order() -> None:
    made = cook(runner(DNSChef, LayerChef, IPChef), batch(arp(), dns_query()))
    assert [chef for chef, _ in made] == ["LayerChef", "DNSChef", "LayerChef", "IPChef"]


def test_a_batch_has_only_what_the_filter_lets_through_and_comes_only_if_that_is_some() -> None:
    running = runner(DNSCountChef, SCTPCountChef, CountChef)
    assert cook(running, batch(*PACKETS)) == [("DNSCountChef", 2), ("CountChef", 5)]
    assert cook(running, batch(arp())) == [("CountChef", 1)]
    assert running.packets_handled == 6


def test_a_batch_chefs_dumpling_bears_the_time_of_the_last_packet_it_was_handed() -> None:
    (text,) = runner(DNSCountChef).handle(batch(*PACKETS[:4], times=[0, 1.5, 2, 3]), None)
    assert json.loads(text)["metadata"]["creation_time"] == 1_600_000_001.5


def test_chefs_with_the_same_filter_are_handed_the_same_batch() -> None:
    """So the filter is evaluated once, and columns that one computes serve the others."""
    seen: list[PacketBatch] = []

    class KeepingChef(DumplingChef):
        packet_filter = "udp port 53"

        def batch_handler(self, packets: PacketBatch) -> None:
            seen.append(packets)

    class KeepingTooChef(KeepingChef):
        pass

    cook(runner(KeepingChef, KeepingTooChef), batch(*PACKETS))
    assert len(seen) == 2
    assert seen[0] is seen[1]


def test_an_empty_filter_lets_everything_through() -> None:
    class AnyChef(CountChef):
        packet_filter = ""

    assert cook(runner(AnyChef), batch(*PACKETS)) == [("AnyChef", 5)]


def test_a_filter_may_be_set_when_the_chef_is_made() -> None:
    class PortChef(CountChef):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.packet_filter = "tcp port 80"

    assert cook(runner(PortChef), batch(*PACKETS)) == [("PortChef", 1)]


def test_a_wrong_filter_is_refused_in_the_words_of_libpcap_with_the_chefs_name() -> None:
    class WrongChef(CountChef):
        packet_filter = "udp porq 53"

    with pytest.raises(InvalidFilter, match=r"of chef WrongChef, 'udp porq 53', .*syntax error"):
        runner(CountChef, WrongChef)


def test_a_filter_that_is_no_text_is_refused() -> None:
    class OddChef(CountChef):
        packet_filter: Any = 53

    with pytest.raises(BrokenChef, match="chef OddChef cannot be made: its packet_filter is no"):
        runner(OddChef)


def test_packets_of_a_kind_that_a_filter_cannot_be_compiled_for_are_left_out_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    running = runner(DNSCountChef, CountChef)
    usb = batch(bytes(64), link_type=189)
    with caplog.at_level(logging.WARNING):
        assert cook(running, usb) == cook(running, usb) == [("CountChef", 1)]
    assert len(caplog.records) == 1
    assert "chef DNSCountChef: packets of link type 189 are left out" in caplog.text


def test_the_batch_handler_is_used_where_a_class_has_both() -> None:
    class BothChef(DumplingChef):
        def batch_handler(self, packets: PacketBatch) -> str:
            return "batch"

        def packet_handler(self, packet: Packet) -> str:
            return "packet"

    class HeirChef(BothChef):
        pass

    made = cook(runner(BothChef, HeirChef), batch(arp(), arp()))
    assert made == [("BothChef", "batch"), ("HeirChef", "batch")]


def test_the_handler_of_the_more_derived_class_is_used() -> None:
    class SingleChef(CountChef):
        def packet_handler(self, packet: Packet) -> str:
            return "packet"

    class BatchAgainChef(SingleChef):
        def batch_handler(self, packets: PacketBatch) -> str:
            return "batch"

    class NoBatchChef(CountChef):
        batch_handler = None  # type: ignore[assignment]  # takes it back

    made = cook(runner(SingleChef, BatchAgainChef, NoBatchChef), batch(arp()))
    assert made[0] == ("BatchAgainChef", "batch")
    assert made[1] == ("SingleChef", "packet")
    assert made[2][0] == "NoBatchChef"
    assert made[2][1].startswith("NoBatchChef: ")


def test_each_chefs_packets_time_dumplings_and_errors_are_counted() -> None:
    class FailingChef(DumplingChef):
        def batch_handler(self, packets: PacketBatch) -> Iterator[int]:
            yield 1
            yield 2
            raise ValueError("after two")

    # A clock that goes forward a second whenever it is looked at.
    running = runner(LayerChef, DNSChef, FailingChef, clock=map(float, count()).__next__)
    for text in running.handle(batch(*PACKETS), None):
        assert text
    list(running.poke(0))
    done = running.statistics()
    # A second for each call, and one for the interval handler.
    assert done["LayerChef"] == (5, 6.0, 5, 0, 0)
    assert done["DNSChef"] == (2, 3.0, 2, 0, 0)
    # A second for each payload, one for its end.
    assert done["FailingChef"] == (5, 4.0, 2, 1, 0)


def test_the_time_its_dumplings_take_to_be_sent_is_not_a_chefs() -> None:
    now = 0.0
    running = runner(LayerChef, CountChef, clock=lambda: now)
    for _ in running.handle(batch(arp(), arp()), None):
        now += 100
    assert [chef.seconds for chef in running.statistics().values()] == [0.0, 0.0]


def test_stopping_in_mid_batch_counts_what_was_handled() -> None:
    chef = DNSChef()
    stopping = lambda: chef.dumplings_sent_count == 1  # noqa: E731
    running = ChefRunner([chef], 5.0, HandlerErrors(), stopping=stopping)
    assert len(list(running.handle(batch(*PACKETS), None))) == 1
    assert running.packets_handled == 4  # as far as the packet that the chef was not handed
    assert running.statistics()["DNSChef"].packets == 1


def test_a_consumer_that_leaves_in_mid_batch_leaves_right_counts() -> None:
    running = runner(LayerChef)
    dumplings = running.handle(batch(*PACKETS), None)
    next(dumplings)
    next(dumplings)
    dumplings.close()  # type: ignore[attr-defined]  # it is a generator
    assert running.packets_handled == 1
    assert running.statistics()["LayerChef"].packets == 1


def test_counts_go_up_within_a_long_batch() -> None:
    running = runner(DNSChef, IPChef)
    seen = []
    for _ in running.handle(batch(*PACKETS * 100), None):
        seen.append((running.packets_handled, running.statistics()["DNSChef"].packets))  # noqa: PERF401
    handled, packets = zip(*seen, strict=True)
    assert handled[-1] > 300
    assert packets[-1] > 100
    assert list(handled) == sorted(handled)
    assert running.packets_handled == 500
    assert running.statistics()["DNSChef"].packets == 200
    assert running.statistics()["IPChef"].packets == 400
