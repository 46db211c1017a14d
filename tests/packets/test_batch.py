"""A batch of packets: columns over one buffer, scapy packets on demand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import ARP

from netdumplings.packets import PacketBatch
from support.packets import START, arp, batch, dns_query, tcp_syn
from support.traffic import Frame, damaged_frames, frames


def test_a_batch_has_what_was_captured() -> None:
    packets = [arp(), dns_query(), tcp_syn()]
    made = batch(*packets, times=[0, 0.5, 2])
    assert len(made) == 3
    assert [made.data(index) for index in range(3)] == packets
    assert made.captured_lengths.tolist() == made.wire_lengths.tolist() == [*map(len, packets)]
    assert (made.times_ns - START).tolist() == [0, 500_000_000, 2_000_000_000]
    assert made.times.tolist() == [START / 1e9, START / 1e9 + 0.5, START / 1e9 + 2]
    assert (made.link_type, made.interface) == (1, None)


def test_iterating_gives_scapy_packets_with_their_time() -> None:
    packets = list(batch(arp(), dns_query()))
    assert [packet.haslayer(ARP) for packet in packets] == [1, 0]
    assert [float(packet.time) for packet in packets] == [START / 1e9, START / 1e9 + 1]


def test_a_number_gives_a_packet_and_a_slice_a_batch_over_the_same_bytes() -> None:
    made = batch(arp(), dns_query(), tcp_syn())
    assert bytes(made[1]) == dns_query()
    assert bytes(made[-1]) == tcp_syn()
    part = made[1:]
    assert isinstance(part, PacketBatch)
    assert [bytes(packet) for packet in part] == [dns_query(), tcp_syn()]
    assert part.buffer is made.buffer
    with pytest.raises(IndexError):
        made[3]


def test_where_narrows_a_batch() -> None:
    made = batch(arp(), dns_query(), arp())
    narrowed = made.where(made.captured_lengths == len(arp()))
    assert [bytes(packet) for packet in narrowed] == [arp(), arp()]
    assert not len(made.where(np.zeros(3, bool)))


def test_an_empty_batch_is_a_batch() -> None:
    assert list(PacketBatch.from_records(1, [])) == []


def _columns(packets: PacketBatch) -> dict[str, Any]:
    """All that columns tell of a batch."""
    headers, flows = packets.headers, packets.flows
    told = {
        "link": headers.link, "network": headers.network, "transport": headers.transport,
        "four": headers.ipv4_addresses, "six": headers.ipv6_addresses, "icmp": packets.icmp,
        "segments": packets.segments, "shapes": [packets.shapes],
        "flows": [flows.index, flows.reverse, flows.first, flows.counts, flows.order],
    }  # fmt: skip
    columns = {name: [column.tolist() for column in columns] for name, columns in told.items()}
    return columns | {"keys": flows.keys}


@given(st.lists(frames() | damaged_frames(), min_size=1, max_size=8), st.data(), st.booleans())
def test_a_part_of_a_batch_whose_columns_are_known_has_the_same_as_one_of_its_own(
    given_frames: list[Frame], data: st.DataObject, is_slice: bool
) -> None:
    link_type = given_frames[0][0]
    whole = batch(*(each for kind, each in given_frames if kind == link_type), link_type=link_type)
    if data.draw(st.booleans()):
        _columns(whole)
    else:
        for name in data.draw(st.sets(st.sampled_from(["ip_versions", "flows", "shapes", "icmp"]))):
            getattr(whole, name)
    part = whole
    for _ in range(2):
        if is_slice:
            start, stop = (data.draw(st.integers(0, len(whole))) for _ in range(2))
            part = part[start:stop]
        else:
            size = len(part)
            part = part.where(
                np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool)
            )
    records = [
        (int(time), int(length), part.data(index))
        for index, (time, length) in enumerate(
            zip(part.times_ns.tolist(), part.wire_lengths.tolist(), strict=True)
        )
    ]
    assert _columns(part) == _columns(PacketBatch.from_records(link_type, records))
