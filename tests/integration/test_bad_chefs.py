"""Chefs that misbehave, in real kitchens: each is named, and the others have all their packets."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from support.commands import PATIENCE, Command, run
from support.hubs import Hub
from support.packets import arp, write_pcap
from support.processes import descendants, wait_until_gone

PACKETS = 50
GOOD = """
import asyncio, logging, os, sys, threading, time
from netdumplings import DumplingChef

class GoodChef(DumplingChef):
    def packet_handler(self, packet):
        return self.dumplings_sent_count

class BadChef(DumplingChef):
    assignable_to_kitchen = False
    packets = 0

    def packet_handler(self, packet):
        self.packets += 1
        if self.packets == 3:
            return self.misbehave()
"""
#: What chefs return or raise that is not as it should be: the bodies of methods.
NONSENSE = {
    "SetChef": "return {1, 2}",
    "BytesChef": "return b'raw'",
    "ObjectChef": "return object()",
    "CycleChef": "a = []; a.append(a); return a",
    "LargeChef": "return 'x' * (5 << 20)",
    "SurrogateChef": "return {'a': chr(0xd800)}",
    "KeyChef": "return {(1, 2): 3}",
    "HugeNumberChef": "return 10 ** 5000",
    "HostileStrChef": """
        class Text(str):
            __str__ = __repr__ = __format__ = __hash__ = encode = lambda *_: 1 / 0
        return {'a': {'b': {Text('text')}}}""",
    "HostileDictChef": """
        class Map(dict):
            items = keys = __iter__ = __len__ = __repr__ = lambda *_: sys.exit(3)
        return {'map': Map(a=1), 'set': {1}}""",
    "HostileClassChef": """
        class Liar:
            __class__ = property(lambda self: 1 / 0)
            __repr__ = lambda self: 1 / 0
        return [Liar()]""",
    "HostileErrorChef": """
        class Error(Exception):
            __class__ = property(lambda self: 1 / 0)
            __str__ = __repr__ = lambda self: 1 / 0
        raise Error""",
    "HostileExitChef": """
        class Error(BaseException):
            __str__ = __repr__ = lambda self: sys.exit(5)
        raise Error(Error())""",
    "ExitChef": "sys.exit(7)",
    "KeyboardChef": "raise KeyboardInterrupt",
    "GeneratorExitChef": "raise GeneratorExit",
    "StopChef": "raise StopIteration",
    "CancelledChef": "raise asyncio.CancelledError",
    "MemoryChef": "bytearray(1 << 62)",
    "RecursionChef": "return self.misbehave()",
}
#: What chefs may do to the process they run in.
VANDALS = {
    "ThreadChef": "threading.Thread(target=lambda: 1 / 0).start()",
    "RecursionLimitChef": "sys.setrecursionlimit(60)",
    "StderrChef": "sys.stderr = None",
    "LoggingChef": "logging.shutdown(); logging.getLogger().handlers.clear()",
}


def chefs(path: Path, bodies: dict[str, str]) -> Path:
    """Write a module of chefs that misbehave at their third packet, and a good one behind them."""
    classes = [
        f"class {name}(BadChef):\n    assignable_to_kitchen = True\n"
        f"    def misbehave(self):\n        {body.strip()}\n"
        for name, body in bodies.items()
    ]
    head, good, base = (
        GOOD.partition("class GoodChef")[0],
        *re.findall(r"(class GoodChef.*?)(class BadChef.*)", GOOD, re.DOTALL)[0],
    )
    path.write_text("\n".join([head, base, *classes, good]))
    return path


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(
        tmp_path / "arp.pcap", *[arp()] * PACKETS, times=[n / 100 for n in range(PACKETS)]
    )


WaitForCounts = Callable[[Callable[[dict[str, Any]], bool]], dict[str, Any]]


@contextmanager
def statuses(hub: Hub) -> Iterator[WaitForCounts]:
    """What a hub says of its kitchens, as an eater of any language hears it.

    Yields a function that waits until the counts of the only kitchen are so, and returns them.
    """
    with connect(f"ws://localhost:{hub.out_port}", compression=None, proxy=None) as eater:
        eater.send('{"eater_name": "watcher"}')

        def wait_for(what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                document = json.loads(eater.recv(PATIENCE))
                if document["metadata"]["chef"] == "SystemStatusChef":
                    for kitchen in document["payload"]["dumpling_kitchens"]:
                        counts: dict[str, Any] = kitchen["info_from_kitchen"].get("counts", {})
                        if what(counts):
                            return counts
            raise AssertionError("it was never so")

        yield wait_for


def payloads(out: str, chef: str) -> list[Any]:
    documents = map(json.loads, out.splitlines())
    return [one["payload"] for one in documents if one["metadata"]["chef"] == chef]


def test_what_is_no_payload_and_what_is_raised_harms_nobody_else(
    capture: Path, tmp_path: Path
) -> None:
    module = chefs(tmp_path / "nonsense.py", NONSENSE)
    done = run("sniff", "--stdout", "--read", str(capture), "-m", str(module))
    assert done.returncode == 0, done.stderr
    assert payloads(done.stdout, "GoodChef") == list(range(PACKETS))
    for chef in NONSENSE:
        assert re.search(rf" ERROR .* {chef}\.packet_handler ", done.stderr), chef
    assert f"handled {PACKETS} of {PACKETS} packets" in done.stderr
    assert "chef MemoryChef is quarantined: its packet_handler found no memory left" in done.stderr


def test_what_chefs_do_to_the_process_harms_no_other_chef(capture: Path, tmp_path: Path) -> None:
    module = chefs(tmp_path / "vandals.py", VANDALS)
    done = run("sniff", "--stdout", "--read", str(capture), "-m", str(module))
    assert done.returncode == 0, done.stderr
    assert payloads(done.stdout, "GoodChef") == list(range(PACKETS))


def test_a_chef_that_never_returns_is_named_and_the_others_go_on(
    capture: Path, tmp_path: Path
) -> None:
    """In the status dumpling too, and at once: this hub sends one an hour by itself."""
    body = """
        while True:
            time.sleep(0.02)"""
    module = chefs(tmp_path / "stuck.py", {"StuckChef": body})
    with Hub(0, 0, "-f", "3600") as hub, statuses(hub) as wait_for:
        command = ["--read", str(capture), "--loop", "--speed", "1", "-m", str(module)]
        with Command(
            "sniff", "-h", f"localhost:{hub.in_port}", *command, "--chef-budget", "4"
        ) as sniff:
            stuck = wait_for(lambda counts: "stuck" in counts)["stuck"]
            assert (stuck["chef"], stuck["handler"]) == ("StuckChef", "packet_handler")
            counts = wait_for(lambda counts: "quarantined" in counts)
            assert list(counts["quarantined"]) == ["StuckChef"]
            assert sniff.end(signal.SIGTERM) == 0, sniff.err
        assert re.search(
            r"WARNING .* chef StuckChef: its packet_handler has not returned for \d s; "
            r"it is in misbehave \(\S+stuck.py:\d+\), called from packet_handler",
            sniff.err,
        )
        assert "chef StuckChef is quarantined: its packet_handler had not returned" in sniff.err
        handled, received, left = map(
            int,
            re.findall(
                r"handled (\d+) of (\d+) packets \(dropped: 0 by the kernel, (\d+) by", sniff.err
            )[0],
        )
        assert received == handled + left
        assert handled > 3
        assert re.search(rf"chef GoodChef: {handled} packets", sniff.err)
        assert re.search(r"chef StuckChef: 3 packets.*quarantined", sniff.err)


def test_a_kitchen_that_is_to_stop_names_the_chef_that_does_not_come_back(
    capture: Path, tmp_path: Path
) -> None:
    body = "print('chef: asleep', file=sys.stderr, flush=True); time.sleep(3600)"
    module = chefs(tmp_path / "asleep.py", {"AsleepChef": body})
    command = ["sniff", "--read", str(capture), "-m", str(module)]
    with (
        Hub() as hub,
        Command(*command, "-h", f"localhost:{hub.in_port}") as one,
        Command(*command, "--stdout") as other,
    ):
        for sniff in (one, other):
            sniff.wait_for_err("chef: asleep")
        for sniff in (one, other):
            sniff.process.send_signal(signal.SIGTERM)
        for sniff in (one, other):
            assert sniff.end() == 1
            assert "AsleepChef" in sniff.err.splitlines()[-1]


def test_a_chef_in_a_process_of_its_own_dies_alone(capture: Path, tmp_path: Path) -> None:
    module = chefs(tmp_path / "deadly.py", {"DeadlyChef": "os._exit(0)"})
    command = ["--read", str(capture), "--loop", "--speed", "1", "-m", str(module)]
    with Hub() as hub, statuses(hub) as wait_for:
        to_hub = ["-h", f"localhost:{hub.in_port}", "--isolate", "DeadlyChef"]
        with Command("sniff", *to_hub, *command) as sniff:
            counts = wait_for(lambda counts: "quarantined" in counts)
            assert counts["quarantined"] == {"DeadlyChef": "its process ended with status 0"}
            before = counts["packets_handled"]
            counts = wait_for(lambda counts: counts["packets_handled"] > before)
            processes = list(descendants(sniff.process.pid))
            assert sniff.end(signal.SIGTERM) == 0, sniff.err
        assert "chef DeadlyChef is quarantined: its process ended with status 0" in sniff.err
        for process in processes:
            wait_until_gone(process)
