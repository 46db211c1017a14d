"""SPEC section 3: how chefs are run, and that nothing they do stops the kitchen."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from netdumplings import DumplingChef
from netdumplings.defaults import MAX_MESSAGE
from netdumplings.exceptions import BrokenChef
from netdumplings.kitchen.errors import HandlerErrors
from netdumplings.kitchen.runner import ChefRunner
from netdumplings.kitchen.stations import make_chef
from netdumplings.packets import Packet, PacketBatch
from support.packets import START, arp, batch, dns_query, dns_response


class LengthChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> dict[str, int]:
        return {"length": len(packet)}


class SilentChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> None:
        return None

    def interval_handler(self, interval: float | None = None) -> dict[str, float | None]:
        return {"interval": interval}


class BatchChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> str:
        return "never called"

    def batch_handler(self, packets: PacketBatch) -> int:
        return len(packets)


class YieldingChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[Any]:
        for packet in packets:
            yield packet.name
        yield None
        raise ValueError("after some")


class FailingChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> None:
        raise ValueError("as I always do")

    def interval_handler(self, interval: float | None = None) -> None:
        raise SystemExit


class OldDNSChef(DumplingChef):
    """As written for scapy 2.4, without a guard of any kind."""

    def packet_handler(self, packet: Packet) -> str:
        return packet.getlayer("DNS").fields["qd"].qname.decode("utf-8")


class ForeignChef(DumplingChef):
    payload: Any = None

    def packet_handler(self, packet: Packet) -> Any:
        return self.payload


def cook(runner: ChefRunner, *packets: bytes) -> list[tuple[str, Any]]:
    texts = map(json.loads, runner.handle(batch(*packets), None))
    return [(text["metadata"]["chef"], text["payload"]) for text in texts]


def runner(*chefs: type[DumplingChef]) -> ChefRunner:
    return ChefRunner([chef(kitchen="attic") for chef in chefs], 5.0, HandlerErrors())


def test_each_packet_passes_all_chefs_in_turn() -> None:
    made = cook(runner(LengthChef, SilentChef, DumplingChef), arp(), dns_query())
    assert [chef for chef, _ in made] == ["LengthChef", "DumplingChef"] * 2
    assert made[0][1] == {"length": len(arp())}
    assert made[3][1].startswith("DumplingChef: ")


def test_a_dumpling_has_its_chef_kitchen_driver_and_the_packets_time() -> None:
    (text,) = runner(LengthChef).handle(batch(arp(), times=[1.5]), None)
    assert json.loads(text)["metadata"] == {
        "chef": "LengthChef",
        "creation_time": START / 1e9 + 1.5,
        "driver": "packet",
        "kitchen": "attic",
    }


def test_live_a_dumpling_has_the_time_of_its_making() -> None:
    (text,) = runner(LengthChef).handle(batch(arp()), lambda: 7.25)
    assert json.loads(text)["metadata"]["creation_time"] == 7.25


def test_interval_handlers_are_told_the_interval() -> None:
    (text,) = runner(SilentChef, LengthChef).poke(42.0)
    assert json.loads(text) == {
        "metadata": {
            "chef": "SilentChef",
            "creation_time": 42.0,
            "driver": "interval",
            "kitchen": "attic",
        },
        "payload": {"interval": 5.0},
    }


def test_a_batch_handler_gets_the_batch_instead_of_its_packets() -> None:
    assert cook(runner(BatchChef), arp(), arp()) == [("BatchChef", 2)]


def test_a_batch_handler_may_yield_and_fail_half_way(caplog: pytest.LogCaptureFixture) -> None:
    assert cook(runner(YieldingChef), arp(), arp()) == [("YieldingChef", "Ethernet")] * 2
    assert "YieldingChef.batch_handler raised ValueError: after some" in caplog.text


def test_what_was_made_and_handled_is_counted() -> None:
    chefs = [LengthChef(), SilentChef(), BatchChef()]
    counting = ChefRunner(chefs, 5.0, HandlerErrors())
    list(counting.handle(batch(arp(), arp(), arp()), None))
    list(counting.poke(0))
    assert counting.packets_handled == 3
    assert counting.dumplings_made == 5
    assert [chef.dumplings_sent_count for chef in chefs] == [3, 1, 1]


def test_a_chef_that_raises_is_logged_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    running = runner(FailingChef, LengthChef)
    assert len(cook(running, arp(), arp(), arp())) == 3
    assert list(running.poke(0)) == []
    assert len(caplog.records) == 2
    assert "FailingChef.packet_handler raised ValueError: as I always do" in caplog.messages[0]
    assert "test_runner.py" in caplog.text
    assert 'runner.py", line' not in caplog.text.replace("test_runner.py", "")


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"raw": b"bytes"}, "payload['raw']: bytes cannot be held by JSON"),
        ("x" * (MAX_MESSAGE + 1), "payload: no hub takes it: "),
    ],
)
def test_a_payload_no_hub_could_take_is_an_error_that_says_why(
    payload: Any, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    chef = ForeignChef()
    chef.payload = payload
    errors = HandlerErrors()
    assert cook(ChefRunner([chef], 5.0, errors), arp(), arp()) == []
    assert problem in caplog.text
    assert len(caplog.records) == 1
    assert errors.counts == {"ForeignChef": 2}
    assert chef.dumplings_sent_count == 0


def test_numbers_json_lacks_are_null() -> None:
    chef = ForeignChef()
    chef.payload = [math.nan, math.inf]
    assert cook(ChefRunner([chef], 5.0, HandlerErrors()), arp()) == [("ForeignChef", [None, None])]


def test_a_payload_is_taken_as_it_is_when_it_is_returned() -> None:
    """A chef may go on changing what it returned."""
    chef = ForeignChef()
    chef.payload = {"n": 1}
    texts = []
    for text in ChefRunner([chef], 5.0, HandlerErrors()).handle(batch(arp(), arp()), None):
        texts.append(json.loads(text)["payload"]["n"])
        chef.payload["n"] += 1
    assert texts == [1, 2]


def test_an_old_chef_runs_on_queries_and_responses_with_and_without_a_question(
    caplog: pytest.LogCaptureFixture,
) -> None:
    packets = [dns_query("a.example"), dns_response("b.example"), dns_response(question=False)]
    made = cook(runner(OldDNSChef), *packets)
    assert [payload for _, payload in made] == ["a.example.", "b.example."]
    assert not caplog.records


def test_stopping_leaves_the_rest_of_a_batch() -> None:
    stop_at = 2
    chef = LengthChef()
    running = ChefRunner(
        [chef], 5.0, HandlerErrors(), stopping=lambda: chef.dumplings_sent_count >= stop_at
    )
    assert len(list(running.handle(batch(*[arp()] * 5), None))) == 2
    assert running.packets_handled == 2


def test_a_chef_that_cannot_be_made_says_why() -> None:
    class Broken(DumplingChef):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise OSError("no such blocklist")

    class Orphan(DumplingChef):
        def __init__(self, kitchen: Any) -> None:
            self.mine = True

    with pytest.raises(BrokenChef, match="Broken cannot be made: OSError: no such blocklist"):
        make_chef(Broken, "attic")
    with pytest.raises(BrokenChef, match=r"does not call super\(\)\.__init__"):
        make_chef(Orphan, "attic")
    assert make_chef(LengthChef, "attic").kitchen == "attic"


@pytest.mark.parametrize("last", [1, 99, 100, 101, 250])
def test_a_quarantined_chef_has_had_the_packets_it_had_and_the_others_have_all(
    last: int, caplog: pytest.LogCaptureFixture
) -> None:
    class HungryChef(DumplingChef):
        packets = 0

        def packet_handler(self, packet: Packet) -> None:
            self.packets += 1
            if self.packets == last:
                self.hoard = packet
                packet.payload.remove_payload()
                raise MemoryError

    class FilteredHungryChef(HungryChef):
        packet_filter = "arp"

    gone: list[str] = []
    running = ChefRunner(
        [HungryChef(), FilteredHungryChef(), LengthChef()],
        5.0,
        HandlerErrors(),
        on_quarantine=lambda station: gone.append(station.name),
    )
    packets = [arp() if number % 2 else dns_query() for number in range(300)]
    made = [json.loads(text)["payload"] for text in running.handle(batch(*packets), None)]
    assert made == [{"length": len(packet)} for packet in packets]
    list(running.poke(0))
    assert running.packets_handled == 300
    done = running.statistics()
    assert done["HungryChef"].packets == last
    assert done["FilteredHungryChef"].packets == min(last, 150)
    assert list(running.quarantined()) == gone
    assert gone == ["HungryChef", "FilteredHungryChef"][: 2 if last <= 150 else 1]
    assert "HungryChef is quarantined: its packet_handler found no memory left" in caplog.text
