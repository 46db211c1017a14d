"""A ring of packets: what is in it is what was put in last, and there is never more of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from netdumplings.capture import offline_filter, ring_memory
from netdumplings.capture.ring import PacketRing
from netdumplings.capture.ring_memory import LEAST, RingMemory
from netdumplings.capture.ring_reader import OVERHEAD, KeptPacket, RingReader
from netdumplings.capture.ring_views import MAX_ORIGINS, RingViews
from netdumplings.packets import PacketBatch
from support.packets import START, arp, dns_query, tcp_syn

EVER = 2**62


def ring_of(size: int = LEAST) -> tuple[PacketRing, RingReader]:
    memory = RingMemory(size)
    ring = PacketRing(memory)
    reader = RingReader(memory)
    memory.close()
    return ring, reader


def batch_of(
    packets: Sequence[tuple[int, bytes]], link_type: int = 1, interface: str | None = "eth0"
) -> PacketBatch:
    """Packets by their times, each ten bytes longer on the wire."""
    records = [(time_ns, len(data) + 10, data) for time_ns, data in packets]
    return PacketBatch.from_records(link_type, records, interface)


def everything(reader: RingReader, **how: Any) -> list[KeptPacket]:
    usual = {"around_ns": 0, "most": 2**40, "longest": 2**30}
    return reader.find(0, EVER, **(usual | how)).packets


#: A memory for a hundred packets or so.
SMALL = 32 * 1024


class Model(RuleBasedStateMachine):
    """A small ring beside a list that keeps everything."""

    def __init__(self) -> None:
        super().__init__()
        with patch.object(ring_memory, "LEAST", 0):
            memory = RingMemory(SMALL)
        self.ring, self.reader = PacketRing(memory), RingReader(memory)
        memory.close()
        self.most = self.reader._views.most_packets
        self.room = len(self.reader._views.data)
        self.all: list[KeptPacket] = []
        self.count = 0

    def put(self, lengths: Sequence[int], link_type: int, interface: str | None, gap: int) -> None:
        """Put packets, with bytes of nobody's between them."""
        pieces: list[bytes] = []
        for n, length in enumerate(lengths, start=self.count):
            pieces += [(n.to_bytes(4, "big") * (length // 4 + 1))[:length], bytes(gap)]
        captured = np.array(lengths, np.int64)
        times = np.arange(self.count, self.count + len(lengths), dtype=np.int64)
        offsets = np.cumsum(captured + gap) - captured - gap
        buffer = b"".join(pieces)
        batch = PacketBatch(link_type, buffer, offsets, captured, captured + 10, times, interface)
        self.ring.put(batch)
        self.count += len(lengths)
        # What has room by itself is kept: as much of the end as that is.
        first = max(0, len(lengths) - self.most)
        while sum(lengths[first:]) > self.room:
            first += 1
        self.all += [
            KeptPacket(int(times[n]), lengths[n] + 10, batch.data(n), link_type, interface)
            for n in range(first, len(lengths))
        ]

    @rule(
        lengths=st.lists(st.integers(0, 1500), min_size=1, max_size=30),
        link_type=st.sampled_from([1, 101]),
        interface=st.sampled_from([None, "eth0", "\u00e4ther"]),
        gap=st.sampled_from([0, 0, 16, 2000]),
    )
    def some(self, lengths: list[int], link_type: int, interface: str | None, gap: int) -> None:
        self.put(lengths, link_type, interface, gap)

    @rule(length=st.sampled_from([0, 1, 60, 200, 9000]), count=st.integers(1, 300))
    def many(self, length: int, count: int) -> None:
        self.put([length] * count, 1, "lo", 0)

    @rule(less=st.integers(-200, 200), gap=st.sampled_from([0, 3]))
    def one_that_is_as_large_as_the_room(self, less: int, gap: int) -> None:
        self.put([60, self.room - less, 70], 1, "lo", gap)

    @invariant()
    def what_is_kept_is_the_end_of_all(self) -> None:
        found = everything(self.reader)
        assert found == self.all[len(self.all) - len(found) :]
        assert self.reader.kept() == (len(found), found[0].time_ns if found else None)
        assert len(found) <= self.most
        assert sum(len(packet.data) for packet in found) <= self.room
        if len(found) < min(len(self.all), self.most):
            # Nothing was let go without need; (bytes between packets may be kept with them).
            more = sum(len(packet.data) for packet in self.all[-len(found) - 1 :])
            assert more + more // 4 > self.room


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)


def test_its_memory_is_as_large_as_was_said_and_not_a_byte_more() -> None:
    memory = RingMemory(LEAST + 1)
    views = RingViews(memory.to_write())
    assert len(memory.to_read()) == LEAST + 1
    columns = (views.times_ns, views.starts, views.captured, views.wire, views.origins)
    used = sum(column.nbytes for column in columns) + len(views.data) + views.names.nbytes
    assert used == LEAST + 1 - 64
    memory.close()
    with pytest.raises(ValueError, match=f"must have {LEAST} or more"):
        RingMemory(LEAST - 1)


def test_packets_are_found_by_their_time_in_the_order_of_it() -> None:
    ring, reader = ring_of()
    assert reader.find(0, EVER, around_ns=0, most=1000, longest=1000) == ([], 0, None)
    ring.put(batch_of([(START + n, b"%d" % n) for n in range(5)], 1, "eth0"))
    ring.put(batch_of([(START + n + 1, b"%d" % n) for n in range(5)], 101, "tun0"))
    found = reader.find(START + 1, START + 3, around_ns=START, most=1000, longest=1000)
    assert [(one.time_ns - START, one.data, one.interface) for one in found.packets] == [
        (1, b"1", "eth0"), (1, b"0", "tun0"), (2, b"2", "eth0"), (2, b"1", "tun0"),
        (3, b"3", "eth0"), (3, b"2", "tun0"),
    ]  # fmt: skip
    assert {one.link_type for one in found.packets} == {1, 101}
    assert (found.left_out, found.since) == (0, START)


def test_if_there_are_too_many_the_nearest_are_taken_and_the_others_counted() -> None:
    ring, reader = ring_of()
    ring.put(batch_of([(START + n, bytes(100)) for n in range(100)]))
    most = 10 * (100 + OVERHEAD)
    found = reader.find(START, START + 99, around_ns=START + 50, most=most, longest=100)
    assert [one.time_ns - START for one in found.packets] == list(range(45, 55))
    assert found.left_out == 90
    found = reader.find(START, START + 99, around_ns=START + 50, most=most, longest=99)
    assert (found.packets, found.left_out) == ([], 100)


def test_a_filter_is_applied_before_there_are_too_many() -> None:
    ring, reader = ring_of()
    kinds = [tcp_syn(), arp(), dns_query()]
    ring.put(batch_of([(START + n, kinds[n % 3]) for n in range(9000)]))
    filter_ = offline_filter("arp")
    found = everything(reader, filter=filter_, most=2 * (len(arp()) + OVERHEAD))
    assert [one.data for one in found] == [arp(), arp()]
    assert len(everything(reader, filter=filter_)) in range(1000, 3001)


def test_a_batch_with_no_more_room_than_for_its_end_has_that_kept() -> None:
    ring, reader = ring_of()
    ring.put(batch_of([(START + n, bytes(4000)) for n in range(1000)]))
    found = everything(reader)
    assert [one.time_ns - START for one in found] == list(range(1000 - len(found), 1000))
    assert len(found) == len(reader._views.data) // 4000


def test_origins_that_are_too_many_take_the_place_of_the_one_that_was_silent_for_longest() -> None:
    ring, reader = ring_of()
    for n in range(MAX_ORIGINS):
        ring.put(batch_of([(START + n, b"x")], interface=f"veth{n}"))
    ring.put(batch_of([(START + 1000, b"again")], interface="veth0"))
    ring.put(batch_of([(START + 1001, b"new")], interface="new" * 100))
    found = everything(reader)
    # With those of veth1 those went that were before.
    assert [one.interface for one in found] == [
        *(f"veth{n}" for n in range(2, MAX_ORIGINS)), "veth0", ("new" * 100)[:120],
    ]  # fmt: skip


def test_what_is_written_over_while_it_is_read_is_left_out() -> None:
    ring, reader = ring_of()
    ring.put(batch_of([(START, b"old")]))
    ring.put(batch_of([(START + 1, b"young")]))
    read, times = reader._bytes, list[int]()

    def interrupted(start: int, size: int) -> bytes:
        """Read, when the ring has gone round until little of what was there is left."""
        room = len(reader._views.data) - len(b"young")
        if not times:
            ring.put(batch_of([(START + 5, bytes(room))]))
            times.append(START + 5)
        return read(start, size)

    reader._bytes = interrupted  # type: ignore[method-assign]
    found = reader.find(START, START + 1, around_ns=START, most=1000, longest=1000)
    assert [one.data for one in found.packets] == [b"young"]


#: One process writes, another reads, and tries to do more than that. In a packet is its time, over
#: and over.
_TWO_PROCESSES = """
import mmap, os, sys, time, warnings
from netdumplings.capture.ring import PacketRing
from netdumplings.capture.ring_memory import LEAST, RingMemory
from netdumplings.capture.ring_reader import RingReader
from netdumplings.capture.ring_views import RingViews
from netdumplings.packets import PacketBatch

def batch(first):
    times = range(first, first + 100)
    records = [(n, 5, n.to_bytes(8, "little") * (n % 200)) for n in times]
    return PacketBatch.from_records(1 + first // 100 % 2, records, "eth%d" % (first // 100 % 2))

memory = RingMemory(LEAST)
ring = PacketRing(memory)
ring.put(batch(0))
warnings.simplefilter("ignore")  # numpy has threads, which do nothing here
pid = os.fork()
if pid:
    number = 100
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        ring.put(batch(number))
        number += 100
        time.sleep(0.0002)
    sys.exit()
reader = RingReader(memory)
latest, rounds = -1, 0
while rounds < 100:
    found = reader.find(0, 2**62, around_ns=2**61, most=2**18, longest=2**20).packets
    times = [one.time_ns for one in found]
    if not times:
        continue  # it was too slow this time
    assert times == list(range(times[0], times[-1] + 1)), times
    assert all(one.data == one.time_ns.to_bytes(8, "little") * (one.time_ns % 200) for one in found)
    assert all(one.link_type == 1 + one.time_ns // 100 % 2 for one in found)
    assert all(one.interface == "eth%d" % (one.time_ns // 100 % 2) for one in found)
    rounds += times[-1] > latest
    latest = times[-1]
views = RingViews(memory.to_read())
for attempt in (
    lambda: mmap.mmap(memory._descriptor, LEAST),
    lambda: os.pwrite(memory._descriptor, b"x", 0),
    lambda: os.truncate(memory._descriptor, 0),
    lambda: views.ends.__setitem__(0, 1),
):
    try:
        attempt()
        print("done")
    except (OSError, ValueError) as error:
        print(type(error).__name__)
with open("/proc/self/maps") as maps:
    print(sum("memfd:packets" in line and "w" in line.split()[1] for line in maps))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one process")
def test_another_process_reads_what_is_there_at_any_moment_and_can_do_no_more() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TWO_PROCESSES], capture_output=True, check=False, text=True
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.split() == [*["PermissionError"] * 3, "ValueError", "0"]
