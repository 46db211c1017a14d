"""Batches that are packed are the same when they are unpacked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets import PacketBatch
from netdumplings.packets.transfer import pack_into, packed_size, pieces, unpack

RECORDS = st.lists(
    st.tuples(st.integers(0, 2**62), st.integers(0, 2**31), st.binary(max_size=100)), max_size=20
)


def through(batch: PacketBatch) -> PacketBatch:
    memory = memoryview(bytearray(packed_size(batch)))
    pack_into(batch, memory)
    return unpack(memory, len(batch), batch.link_type, batch.interface)


def content(batch: PacketBatch) -> list[tuple[int, int, bytes]]:
    return [
        (int(time_ns), int(wire), batch.data(index))
        for index, (time_ns, wire) in enumerate(
            zip(batch.times_ns, batch.wire_lengths, strict=True)
        )
    ]


@given(RECORDS)
def test_what_is_unpacked_is_what_was_packed(records: list[tuple[int, int, bytes]]) -> None:
    batch = through(PacketBatch.from_records(1, records, "eth0"))
    assert content(batch) == records
    assert (batch.link_type, batch.interface) == (1, "eth0")


@given(RECORDS, st.data())
def test_only_the_packets_that_a_batch_has_are_packed(
    records: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    mask = data.draw(st.lists(st.booleans(), min_size=len(records), max_size=len(records)))
    whole = PacketBatch.from_records(101, records)
    batch = through(whole.where(np.array(mask, np.bool_)))
    assert content(batch) == [one for one, wanted in zip(records, mask, strict=True) if wanted]


@given(RECORDS.filter(bool), st.integers(1, 2000))
def test_pieces_are_small_enough_and_leave_nothing_out(
    records: list[tuple[int, int, bytes]], max_size: int
) -> None:
    cut = list(pieces(PacketBatch.from_records(1, records), max_size))
    assert [packet for piece in cut for packet in content(piece)] == records
    assert all(len(piece) == 1 or packed_size(piece) <= max_size for piece in cut)


def test_what_is_unpacked_depends_on_the_memory_no_more() -> None:
    batch = PacketBatch.from_records(1, [(1, 2, b"abc")])
    memory = memoryview(bytearray(packed_size(batch)))
    pack_into(batch, memory)
    unpacked = unpack(memory, 1, 1)
    memory[:] = bytes(len(memory))
    assert content(unpacked) == [(1, 2, b"abc")]


@pytest.mark.parametrize("packets", [-1, 0, 1, 3, 2**62])
def test_a_memory_that_holds_something_else_is_refused(packets: int) -> None:
    batch = PacketBatch.from_records(1, [(1, 3, b"abc"), (2, 3, b"def")])
    memory = memoryview(bytearray(packed_size(batch)))
    pack_into(batch, memory)
    with pytest.raises(ValueError, match=r"packets|lengths"):
        unpack(memory, packets, 1)
