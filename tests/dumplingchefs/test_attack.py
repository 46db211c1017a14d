"""The chefs in the box under attack, in short; ``./dev soak attack`` is the long of it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from netdumplings import Dumpling, DumplingChef
from netdumplings.dumplingchefs import ARPChef, DNSLookupChef, PacketCountChef
from netdumplings.packets import PacketBatch
from netdumplings.wire import check_dumpling

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

attack = importlib.import_module("tests.soak.attack")

BATCH = 5_000


def memory() -> int:
    """Bytes of memory in use."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        pytest.skip("no /proc here that tells how much memory is in use")
    return pages * os.sysconf("SC_PAGESIZE")


def fed(chefs: list[DumplingChef], packets: Iterator[bytes]) -> Iterator[tuple[DumplingChef, str]]:
    """The dumplings that chefs make of packets, poked after each batch."""
    while piece := list(islice(packets, BATCH)):
        batch = PacketBatch.from_records(1, [(0, len(data), data) for data in piece])
        for chef in chefs:
            for payload in (*(chef.batch_handler(batch) or ()), chef.interval_handler()):
                if payload is not None:
                    yield chef, Dumpling(chef=chef, payload=payload).to_json()


@pytest.mark.parametrize(
    ("packets", "count"),
    [
        ("dns_names", 50_000),
        ("strange_dns_names", 10_000),
        ("arp_pairs", 20_000),
        ("arp_lengths", 800),
    ],
)
def test_memory_and_dumplings_stay_small_whatever_is_sent(packets: str, count: int) -> None:
    chefs: list[DumplingChef] = [ARPChef(), DNSLookupChef(), PacketCountChef()]
    list(fed(chefs, getattr(attack, packets)(20)))
    before = memory()
    told = 0
    for chef, text in fed(chefs, getattr(attack, packets)(count)):
        told += 1
        assert len(text.encode()) <= attack.LARGEST_DUMPLING
        # Each interval's, and of the others a few: a hub takes them.
        if told % 1000 == 1 or "lookups_seen" in text:
            assert check_dumpling(text.encode()) is None, chef
    assert told >= count
    assert memory() - before < attack.GROWTH


def test_the_lengths_that_are_tried_are_spread_over_all_pairs() -> None:
    pairs = {packet[18:20] for packet in attack.arp_lengths(800)}
    assert len(pairs) == 800
    assert {pair[0] >> 4 for pair in pairs} == {pair[1] >> 4 for pair in pairs} == set(range(16))
    assert len({packet[18:20] for packet in attack.arp_lengths()}) == 65_536
