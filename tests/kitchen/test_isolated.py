"""A chef in a process of its own: as if it were not, until it misbehaves."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.capture import CaptureStatistics
from netdumplings.exceptions import BrokenChef, InvalidFilter, UnknownChef
from netdumplings.packets import Packet, PacketBatch
from support.packets import arp, batch, dns_query, tcp_syn, write_pcap
from support.processes import children, wait_until_gone

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork(2) here")
PACKETS = 60


class NumberChef(DumplingChef):
    packets = 0

    def packet_handler(self, packet: Packet) -> Any:
        self.packets += 1
        return (
            {"number": self.packets, "layer": packet.lastlayer().name} if self.packets % 3 else None
        )

    def interval_handler(self, interval: float | None = None) -> str:
        return f"{self.name} in {self.kitchen.name}"


class DNSChef(NumberChef):
    packet_filter = "udp port 53"


class TimesChef(NumberChef):
    def batch_handler(self, packets: PacketBatch) -> Iterator[float]:
        yield from packets.times.tolist()


class FailingChef(NumberChef):
    def packet_handler(self, packet: Packet) -> Any:
        raise ValueError("as I always do")


class DeadlyChef(NumberChef):
    """Dies of its fifth packet."""

    def packet_handler(self, packet: Packet) -> Any:
        self.packets += 1
        if self.packets == 5:
            self.die()
        return self.packets

    def die(self) -> None:
        raise NotImplementedError


class ExitChef(DeadlyChef):
    def die(self) -> None:
        os._exit(3)


class AbortChef(DeadlyChef):
    def die(self) -> None:
        signal.signal(signal.SIGABRT, signal.SIG_DFL)  # pytest's own prints where all threads are
        os.abort()


class KillChef(DeadlyChef):
    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class SegfaultChef(DeadlyChef):
    def die(self) -> None:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        ctypes.string_at(0)


class AsleepChef(DeadlyChef):
    def die(self) -> None:
        time.sleep(3600)


class BabblingChef(DeadlyChef):
    """Writes nonsense to whatever it finds open."""

    def die(self) -> None:
        for number in range(3, 500):
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    os.write(number, b"\xff" * 100)
        time.sleep(3600)


class MemoryChef(DeadlyChef):
    def die(self) -> None:
        raise MemoryError


DEADLY = {
    ExitChef: "its process ended with status 3",
    AbortChef: "its process was ended by SIGABRT",
    KillChef: "its process was ended by SIGKILL",
    SegfaultChef: "its process was ended by SIGSEGV",
    BabblingChef: "its process makes no sense (an answer of kind 255",
    MemoryChef: "its packet_handler found no memory left",
}


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    packets = [arp(), dns_query(), tcp_syn()] * (PACKETS // 3)
    return write_pcap(tmp_path / "a.pcap", *packets, times=[n / 10 for n in range(PACKETS)])


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = children(os.getpid())
    yield
    assert set(children(os.getpid())) <= set(before)


CHEFS = [NumberChef, DNSChef, TimesChef, FailingChef]


@pytest.mark.parametrize(
    "isolate", [["NumberChef"], ["DNSChef", "TimesChef"], [chef.__name__ for chef in CHEFS]]
)
def test_a_replay_gives_the_same_dumplings_in_the_same_order(
    isolate: list[str], capture: Path
) -> None:
    def cook(isolate: list[str]) -> tuple[list[str], Any]:
        kitchen = DumplingKitchen(
            "attic", read=capture, filter="", chefs=CHEFS, poke_interval=2, isolate=isolate
        )
        made = list(kitchen.cook())
        chefs = kitchen.statistics().chefs
        return made, {name: chef._replace(seconds=0.0) for name, chef in chefs.items()}

    assert cook(isolate) == cook([])


def test_whatever_it_dies_of_is_named_and_the_others_have_all_their_packets(capture: Path) -> None:
    deadly = [*DEADLY]
    kitchen = DumplingKitchen(
        read=capture,
        filter="",
        chefs=[NumberChef, *deadly, TimesChef],
        isolate=[chef.__name__ for chef in deadly],
        chef_budget=0,
        poke_interval=100,
    )
    made = list(kitchen)
    payloads = {
        chef.__name__: [one.payload for one in made if one.chef_name == chef.__name__]
        for chef in [NumberChef, *deadly, TimesChef]
    }
    done = kitchen.statistics()
    assert sorted(done.quarantined) == sorted(chef.__name__ for chef in deadly)
    for chef, why in DEADLY.items():
        name = chef.__name__
        assert done.quarantined[name].startswith(why)
        assert [one for one in payloads[name] if isinstance(one, int)] == [1, 2, 3, 4]
        assert done.chefs[name].packets + done.chefs[name].packets_missed == PACKETS
    assert len(payloads["TimesChef"]) == PACKETS + 2  # and two intervals
    assert len(payloads["NumberChef"]) == PACKETS * 2 // 3 + 2
    assert done.packets_handled == PACKETS


def test_one_that_does_not_return_is_ended_with_its_process(capture: Path) -> None:
    kitchen = DumplingKitchen(
        read=capture,
        filter="",
        chefs=[AsleepChef, TimesChef],
        isolate=["AsleepChef"],
        chef_budget=1,
        poke_interval=100,
    )
    made = [one.payload for one in kitchen if one.chef_name == "TimesChef"]
    assert len(made) == PACKETS + 2
    (why,) = kitchen.statistics().quarantined.values()
    assert re.fullmatch(
        r"its packet_handler had not returned after \d+ s, so its process was ended", why
    )


class ManySource:
    """Live packets as fast as they can be taken."""

    name, live, ended = "many", True, False
    packets = 0

    def __init__(self) -> None:
        self._batch = batch(*[arp() + bytes(10_000)] * 200)

    def open(self) -> None: ...

    def close(self) -> None: ...

    def progress(self) -> None: ...

    def read(self, timeout: float) -> PacketBatch:
        self.packets += len(self._batch)
        return self._batch

    def statistics(self) -> CaptureStatistics:
        return CaptureStatistics(self.packets)


class SleepyChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> int:
        time.sleep(0.05)
        return len(packets)


class CountChef(DumplingChef):
    def batch_handler(self, packets: PacketBatch) -> int:
        return len(packets)


def test_live_a_slow_one_misses_packets_alone_and_they_are_counted() -> None:
    kitchen = DumplingKitchen(
        source=ManySource(), chefs=[SleepyChef, CountChef], isolate=["SleepyChef"]
    )
    sleepy = 0
    for dumpling in kitchen:
        sleepy += dumpling.chef_name == "SleepyChef"
        now = kitchen.statistics().chefs
        if now["SleepyChef"].packets_missed and sleepy > 2:
            kitchen.stop()
    done = kitchen.statistics()
    assert done.chefs["CountChef"].packets == done.packets_handled
    slow = done.chefs["SleepyChef"]
    assert slow.packets + slow.packets_missed == done.packets_handled
    assert slow.packets_missed > 0


def test_one_that_cannot_be_made_says_why_as_any_other(capture: Path) -> None:
    class BrokenOneChef(DumplingChef):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise LookupError("no list")

    class WrongFilterChef(DumplingChef):
        packet_filter = "tcp porq"

    class DeadChef(DumplingChef):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            os._exit(0)

    def make(*chefs: type[DumplingChef], isolate: str) -> None:
        DumplingKitchen(read=capture, chefs=chefs, isolate=[isolate])

    with pytest.raises(BrokenChef, match="BrokenOneChef cannot be made: LookupError: no list"):
        make(BrokenOneChef, isolate="BrokenOneChef")
    with pytest.raises(InvalidFilter, match="of chef WrongFilterChef"):
        make(WrongFilterChef, isolate="WrongFilterChef")
    with pytest.raises(BrokenChef, match="its process ended with status 0"):
        make(DeadChef, isolate="DeadChef")
    with pytest.raises(UnknownChef, match="did you mean NumberChef"):
        make(NumberChef, isolate="NumbrChef")


def test_however_the_kitchen_ends_the_chef_ends_with_it(tmp_path: Path, capture: Path) -> None:
    program = f"""
import os, time
from netdumplings import DumplingChef, DumplingKitchen

class HoldChef(DumplingChef):
    def packet_handler(self, packet):
        print(os.getpid(), flush=True)
        time.sleep(3600)

list(DumplingKitchen(read={str(capture)!r}, chefs=[HoldChef], isolate=["HoldChef"]))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as kitchen:
        assert kitchen.stdout
        chef = int(kitchen.stdout.readline())
        kitchen.kill()
        wait_until_gone(chef)
