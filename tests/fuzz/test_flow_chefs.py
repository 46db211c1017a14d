"""Chefs that follow flows on damaged packets of real captures: what they make, hubs take."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from netdumplings import Dumpling, DumplingChef
from netdumplings.dumplingchefs import (
    ARPGuardChef,
    FlowChef,
    ICMPChef,
    ScanChef,
    TCPHealthChef,
    TopTalkersChef,
)
from netdumplings.packets import PacketBatch
from netdumplings.wire import check_dumpling
from support.real_packets import real_batches


def _damaged(original: PacketBatch, damage: random.Random) -> PacketBatch:
    """The packets with bytes changed, cut off, longer than they are, and out of order."""
    records = []
    for index in range(len(original)):
        data = bytearray(original.data(index))
        for _ in range(damage.randint(0, 3)):
            where = damage.randrange(min(len(data), 80) + 1)
            data[where : where + 2] = damage.randbytes(2)
        cut = damage.choice((None, None, damage.randrange(len(data) + 1)))
        time = int(original.times_ns[index]) + damage.choice((0, 0, -(10**9), 10**12, -(10**12)))
        length = damage.choice((len(data), 0, 2**31))
        records.append((max(0, time), length, bytes(data[:cut])))
    return PacketBatch.from_records(original.link_type, records, original.interface)


def test_whatever_they_make_of_damaged_packets_is_a_dumpling(captures: Path) -> None:
    damage = random.Random(5)
    chefs: list[DumplingChef] = [
        FlowChef(), TCPHealthChef(), ICMPChef(), ScanChef(), ARPGuardChef(), TopTalkersChef()
    ]  # fmt: skip
    packets = told = 0
    for original in real_batches(captures, each=40):
        batch = _damaged(original, damage)
        before = [np.array(column) for column in (batch.offsets, batch.times_ns)]
        for chef in chefs:
            for payload in (*(chef.batch_handler(batch) or ()), chef.interval_handler(5.0)):
                text = Dumpling(chef=chef, payload=payload).to_json().encode()
                assert check_dumpling(text) is None
                told += payload is not None
        assert np.array_equal(before[0], batch.offsets)
        assert np.array_equal(before[1], batch.times_ns)
        packets += len(batch)
    assert packets > 500
    assert told > 100
