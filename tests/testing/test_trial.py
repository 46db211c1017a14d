"""Chefs in a test are run by the kitchen's own code, and what goes wrong is the test's."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scapy.layers.dns import DNS
from scapy.layers.inet import IP, TCP, UDP

from netdumplings import Dumpling, DumplingChef, DumplingDriver, DumplingKitchen
from netdumplings.dumplingchefs import DNSLookupChef, PacketCountChef
from netdumplings.exceptions import (
    BrokenChef,
    InvalidDumplingPayload,
    InvalidFilter,
    NoChefs,
    TruncatedCapture,
    UnknownChef,
)
from netdumplings.packets import PacketBatch
from netdumplings.testing import (
    START,
    TrialKitchen,
    load_chef,
    packet_batch,
    payloads,
    run_chef,
)
from support.packets import arp, dns_query, tcp_syn, write_pcap

EXAMPLES = Path(__file__).parents[2] / "examples"


class PortChef(DumplingChef):
    """Remembers what it was called with."""

    packet_filter = "tcp"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen: list[int] = []

    def packet_handler(self, packet: Any) -> dict[str, int]:
        self.seen.append(packet[TCP].dport)
        return {"port": packet[TCP].dport}

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        return {"seen": self.seen, "interval": interval}


class BatchChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[int]:
        yield from packets.dst_ports.tolist()


class SizesChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> int:
        return len(packets)


class BadChef(DumplingChef):
    def packet_handler(self, packet: Any) -> Any:
        if packet[TCP].dport == 2:
            return self.divide(packet)
        return {"raw": b"bytes"} if packet[TCP].dport == 3 else "good"

    def divide(self, packet: Any) -> Any:
        return 1 / 0

    def interval_handler(self, interval: float | None = None) -> Any:
        return "poked"


class LeavingChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[str]:
        yield "before"
        raise SystemExit(3)


def test_it_is_poked_by_the_clock_of_the_packets() -> None:
    packets = packet_batch(
        [tcp_syn(1), tcp_syn(2), tcp_syn(3)], times=[START, START + 1, START + 7]
    )
    made = run_chef(PortChef, packets)
    assert [(one.driver, one.creation_time - START) for one in made] == [
        (DumplingDriver.interval, 0),
        (DumplingDriver.packet, 0),
        (DumplingDriver.packet, 1),
        (DumplingDriver.interval, 5),
        (DumplingDriver.packet, 7),
        (DumplingDriver.interval, 7),
    ]
    assert payloads(made, driver=DumplingDriver.interval)[-1] == {"seen": [1, 2, 3], "interval": 5}
    assert {(one.chef_name, one.kitchen) for one in made} == {("PortChef", "trial_kitchen")}


def test_another_interval_may_be_said_or_none_at_all() -> None:
    packets = packet_batch([tcp_syn(1), tcp_syn(2)], every=1.0)
    made = run_chef(PortChef, packets, poke_interval=0.5, kitchen="lab")
    assert len(payloads(made, driver=DumplingDriver.interval)) == 4
    assert {one.kitchen for one in made} == {"lab"}
    assert payloads(run_chef(PortChef, packets, poke_interval=None)) == [{"port": 1}, {"port": 2}]


def test_without_packets_it_is_poked_as_at_the_beginning_and_at_the_end() -> None:
    assert payloads(run_chef(PortChef, [])) == [{"seen": [], "interval": 5}] * 2


@pytest.mark.parametrize("chef", [PortChef, BatchChef, PacketCountChef, DNSLookupChef])
def test_it_makes_what_a_kitchen_makes(chef: type[DumplingChef], tmp_path: Path) -> None:
    frames = [tcp_syn(1), dns_query("a.example"), arp(), tcp_syn(2), dns_query("b.example")]
    path = write_pcap(tmp_path / "x.pcap", *frames, times=[0, 1, 5, 12, 12])
    kitchen = DumplingKitchen("trial_kitchen", read=path, filter="", chefs=[chef])
    assert run_chef(chef, path) == list(kitchen)


def test_the_filters_of_the_chef_and_of_the_kitchen_hold() -> None:
    frames = [tcp_syn(1), dns_query(), tcp_syn(2)]
    assert payloads(run_chef(PortChef, frames, poke_interval=None)) == [{"port": 1}, {"port": 2}]
    filtered = run_chef(PortChef, frames, poke_interval=None, filter="not port 1")
    assert payloads(filtered) == [{"port": 2}]
    with pytest.raises(InvalidFilter):
        run_chef(PortChef, frames, filter="rubbish")


def test_packets_come_in_batches_as_large_as_was_said() -> None:
    frames = [tcp_syn(port) for port in range(1, 6)]
    assert payloads(run_chef(SizesChef, frames)) == [5]
    assert payloads(run_chef(SizesChef, frames, batch_size=2)) == [2, 2, 1]


def test_what_it_remembers_can_be_looked_at_between_the_steps() -> None:
    kitchen = TrialKitchen(PortChef, BatchChef, poke_interval=2)
    first, second = kitchen.chefs
    assert payloads(kitchen.poke()) == [{"seen": [], "interval": 2}]
    made = kitchen.handle([tcp_syn(7), dns_query()])
    assert payloads(made, chef="PortChef") == [{"port": 7}]
    assert payloads(made, chef="BatchChef") == [7, 53]
    assert isinstance(first, PortChef)
    assert first.seen == [7]
    (poked,) = kitchen.poke()
    assert poked.creation_time == START + 0.001
    assert kitchen.poke(START + 60)[0].creation_time == START + 60
    assert kitchen.poke()[0].creation_time == START + 60
    assert first.dumplings_sent_count == 5
    assert second.kitchen is kitchen
    with pytest.raises(ValueError, match="too many values"):
        _ = kitchen.chef
    assert TrialKitchen(PortChef).chef.seen == []


def test_a_replay_may_be_several() -> None:
    kitchen = TrialKitchen(PortChef)
    for round_ in (1, 2):
        kitchen.replay([tcp_syn(round_)])
    assert kitchen.chef.seen == [1, 2]
    assert kitchen.statistics()["PortChef"].packets == 2


def test_payloads_are_what_an_eater_gets() -> None:
    class OddChef(DumplingChef):
        def packet_handler(self, packet: Any) -> Any:
            return {"tuple": (1, 2), "nan": float("nan"), 3: "number"}

    assert payloads(run_chef(OddChef, tcp_syn())) == [{"tuple": [1, 2], "nan": None, "3": "number"}]


def test_what_a_handler_raises_the_test_gets_at_its_own_lines_and_the_chefs() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_chef(BadChef, [tcp_syn(2)])
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames][-2:] == ["packet_handler", "divide"]
    assert not {"_one_by_one", "call", "handle"} & {frame.name for frame in frames}
    assert caught.value.__notes__ == ["(chef BadChef, its packet_handler)"]


def test_after_an_error_no_handler_is_called() -> None:
    kitchen = TrialKitchen(BadChef)
    with pytest.raises(ZeroDivisionError):
        kitchen.handle([tcp_syn(1), tcp_syn(2), tcp_syn(1), tcp_syn(3)])
    assert kitchen.statistics()["BadChef"].dumplings == 1
    assert [error.error.__class__ for error in kitchen.errors] == [ZeroDivisionError]
    with pytest.raises(InvalidDumplingPayload, match=r"payload\['raw'\]: bytes"):
        kitchen.replay([tcp_syn(3)])
    assert payloads(kitchen.handle([tcp_syn(1)])) == ["good"]  # it is whole again


def test_errors_may_be_left_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    kitchen = TrialKitchen(BadChef, raising=False)
    made = kitchen.replay([tcp_syn(1), tcp_syn(2), tcp_syn(3), tcp_syn(1)])
    assert payloads(made) == ["poked", "good", "good", "poked"]
    assert [(error.chef, error.handler) for error in kitchen.errors] == [
        ("BadChef", "packet_handler")
    ] * 2
    assert kitchen.statistics()["BadChef"].errors == 2
    assert "BadChef.packet_handler raised ZeroDivisionError" in caplog.text
    assert payloads(run_chef(BadChef, [tcp_syn(2)], raising=False)) == ["poked", "poked"]


def test_nothing_is_logged_of_what_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ZeroDivisionError):
        run_chef(BadChef, [tcp_syn(2)])
    assert caplog.records == []


def test_a_chef_that_would_end_the_process_ends_the_test() -> None:
    with pytest.raises(SystemExit):
        run_chef(LeavingChef, [tcp_syn(1)])


def test_what_kitchens_take_for_no_dumpling_is_none_here() -> None:
    class OldChef(DumplingChef):
        def packet_handler(self, packet: Any) -> Any:
            return packet.getlayer("DNS").fields["qd"].qname.decode()

    assert payloads(run_chef(OldChef, IP() / UDP(dport=53) / DNS(qd=[]))) == []
    (name,) = payloads(run_chef(OldChef, dns_query("a.example")))
    assert name == "a.example."


def test_a_chef_that_cannot_be_made_or_run_says_why() -> None:
    class NeedyChef(DumplingChef):
        def __init__(self, needed: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    class FilterChef(DumplingChef):
        packet_filter = "rubbish"

    with pytest.raises(BrokenChef, match="chef NeedyChef cannot be made"):
        run_chef(NeedyChef, [])
    with pytest.raises(InvalidFilter, match="the packet_filter of chef FilterChef"):
        run_chef(FilterChef, [])
    with pytest.raises(ValueError, match="the poke interval is -1 seconds"):
        TrialKitchen(PortChef, poke_interval=-1)


def test_a_capture_that_breaks_off_was_handled_to_its_end(tmp_path: Path) -> None:
    path = write_pcap(tmp_path / "x.pcap", tcp_syn(1), tcp_syn(2))
    path.write_bytes(path.read_bytes()[:-5])
    kitchen = TrialKitchen(PortChef)
    with pytest.raises(TruncatedCapture):
        kitchen.replay(path)
    assert kitchen.chef.seen == [1]


def test_dumplings_of_a_replay_come_one_by_one() -> None:
    kitchen = TrialKitchen(PortChef)
    made = kitchen.each_of_replay([tcp_syn(1), tcp_syn(2)])
    assert isinstance(next(made), Dumpling)
    assert kitchen.chef.seen == []
    assert next(made).payload == {"port": 1}
    made.close()  # type: ignore[attr-defined]


def test_a_chef_is_loaded_as_nd_sniff_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert load_chef(EXAMPLES / "first_chef.py").__name__ == "ConnectionChef"
    assert load_chef("netdumplings.dumplingchefs", "ARPChef").__name__ == "ARPChef"
    with pytest.raises(UnknownChef, match="did you mean ARPChef"):
        load_chef("netdumplings.dumplingchefs", "ARPCheff")
    with pytest.raises(ValueError, match=r"chefs has several chefs: ARPChef, "):
        load_chef("netdumplings.dumplingchefs")
    (tmp_path / "none.py").touch()
    with pytest.raises(NoChefs):
        load_chef(tmp_path / "none.py")


def test_a_chef_that_must_be_asked_for_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "seldom_chef.py"
    path.write_text(
        "from netdumplings import DumplingChef\n"
        "class SeldomChef(DumplingChef):\n    by_request = True\n"
    )
    assert load_chef(path).by_request
