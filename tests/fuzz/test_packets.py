"""Nothing in a packet's bytes makes columns or lazy packets raise, or take long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS

from netdumplings.packets import PacketBatch
from netdumplings.packets.columns import ABSENT
from support.traffic import LINK_TYPES, Frame, damaged_frames, frames, link, tag

link_types = st.sampled_from([*LINK_TYPES, 12, 105, 127, 54321])


def check(batch: PacketBatch) -> None:
    """Ask a batch for all that it tells, and its packets for what chefs ask first."""
    columns = (
        batch.ethertypes, batch.network_offsets, batch.ip_versions, batch.ip_protocols,
        batch.fragment_offsets, batch.ipv4_sources, batch.ipv4_destinations, batch.src_ports,
        batch.dst_ports, batch.tcp_flags, batch.payload_offsets, batch.payload_lengths, batch.vlans,
    )  # fmt: skip
    for column in columns:
        assert len(column) == len(batch)
        assert not len(batch) or column.min() >= ABSENT
    ends = batch.payload_offsets + batch.payload_lengths
    assert (ends <= batch.captured_lengths).all()
    for index, packet in enumerate(batch):
        assert batch.payload(index) in batch.data(index)
        assert packet.original == batch.data(index)
        assert bool(packet.haslayer(DNS)) == (packet.getlayer("DNS") is not None)
        packet.summary()


@given(link_types, st.lists(st.binary(max_size=120), max_size=8))
def test_any_bytes(link_type: int, packets: list[bytes]) -> None:
    check(PacketBatch.from_records(link_type, [(0, len(data), data) for data in packets]))


@given(link_types, st.lists(damaged_frames(), max_size=8))
def test_damaged_packets_of_any_link_type(link_type: int, packets: list[Frame]) -> None:
    check(PacketBatch.from_records(link_type, [(0, len(data), data) for _, data in packets]))


@given(frames(), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=8))
def test_every_cut_of_a_packet_with_bytes_changed(
    frame: Frame, changes: list[tuple[int, int]]
) -> None:
    link_type, data = frame
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    cuts = [(0, len(changed), bytes(changed[:size])) for size in range(len(changed) + 1)]
    batch = PacketBatch.from_records(link_type, cuts)
    assert len(batch.shapes) == len(batch.src_ports) == len(cuts)
    assert (batch.payload_offsets <= batch.captured_lengths).all()


def test_the_longest_chains_of_tags_and_headers_are_bounded() -> None:
    """64 KiB of each: whoever follows them all would be busy for long."""
    tags = link(1, tag(0x8100, 1) * 16_000, 0x0800)
    options = link(1, b"", 0x86DD) + b"\x60\0\0\0\xff\xf8\0\x40" + bytes(32) + bytes(65528)
    batch = PacketBatch.from_records(1, [(0, len(data), data) for data in (tags, options)] * 500)
    assert batch.ip_protocols.max() == ABSENT
    assert batch.shapes.max() == 0
