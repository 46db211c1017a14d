"""Which segments are of use is told for the whole batch, and none of use is left out."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from netdumplings.packets import PacketBatch
from netdumplings.packets.flows import ends
from netdumplings.packets.reassembly import Stretches
from netdumplings.packets.streams import NEAR, SYN, Looks, Segment, Stream, segments_wanted
from support.connections import ACK, FIN, RST, Connection, datagram
from support.packets import arp, batch

#: What is looked for in these tests.
MARK = b"HELLO"


def looks_of(packets: PacketBatch) -> Looks:
    payloads = [
        packets.payload(at) if packets.tcp_flags[at] >= 0 else b"" for at in range(len(packets))
    ]
    return Looks(
        np.array([payload.startswith(MARK) for payload in payloads]),
        np.array([not MARK.startswith(payload[:5]) for payload in payloads]),
    )


def known() -> Stretches[Stream]:
    return Stretches(limit=10_000, total=2**20, most=100, idle_ns=10**9)


def wanted(stretches: Stretches[Stream], frames: Sequence[bytes], **how: bool) -> list[Segment]:
    """What is wanted by somebody who puts streams together."""
    packets = batch(*frames)
    found = []
    for segment in segments_wanted(packets, stretches, looks_of(packets), **how):
        found.append(segment)
        if segment.flags & SYN:
            stretches.expect(segment.stream, segment.sequence)
        stretch = stretches.get(segment.stream)
        if segment.payload and stretch is None:
            start = None if segment.begins else stretches.start_of(segment.stream)
            stretch = stretches.open(segment.stream, start[0] if start else segment.sequence)
        if segment.payload and stretch is not None:
            stretch.add(segment.sequence, segment.payload)
    return found


def places(stretches: Stretches[Stream], frames: Sequence[bytes], **how: bool) -> list[int]:
    return [segment.place for segment in wanted(stretches, frames, **how)]


def test_nothing_is_wanted_of_what_is_something_else() -> None:
    connection, other = Connection(), Connection(sport=50001)
    frames = [
        *connection.open(),
        connection.client(b"something else"),
        *(connection.server(b"more") for _ in range(50)),
        *other.close(),
        datagram(MARK),
        arp(),
    ]
    assert wanted(known(), frames) == []
    assert wanted(known(), frames, both_sides=True, to_the_end=True) == []


def test_a_stream_is_wanted_from_its_opening_on() -> None:
    connection = Connection()
    frames = [*connection.open(), connection.client(MARK), connection.client(b"more")]
    assert places(known(), frames) == [0, 3, 4]
    assert places(known(), frames, both_sides=True) == [0, 1, 3, 4]


def test_a_segment_says_where_it_belongs() -> None:
    connection = Connection(start=2**32 - 1)
    first, second = wanted(known(), [connection.segment(0, SYN), connection.client(MARK)])
    assert (first.sequence, first.flags, first.payload) == (0, SYN, b"")
    assert (second.sequence, second.payload, second.begins) == (0, MARK, True)
    assert second.ack == 2**31 - 1
    assert first.stream == second.stream


def test_a_stream_begins_wherever_a_segment_looks_so() -> None:
    connection = Connection()
    frames = [
        connection.client(b"before"),
        connection.client(MARK),
        connection.client(b"more"),
        connection.server(b"answer"),
    ]
    assert places(known(), frames) == [1, 2]


def test_of_known_streams_what_lies_behind_is_wanted() -> None:
    connection, stretches = Connection(), known()
    wanted(stretches, [connection.client(MARK)])
    again = Connection()
    again.client(b"H")
    frames = [again.client(b"ELLO"), connection.client(b"more")]
    assert places(stretches, frames) == [1]


def test_of_streams_in_which_more_is_passed_over_only_what_lies_behind_that() -> None:
    connection, stretches = Connection(), known()
    (first,) = wanted(stretches, [connection.client(MARK)])
    stretches.open(first.stream, first.sequence).drop(5 + 100_000)
    frames = [*connection.client_in(1000, bytes(100_000)), connection.client(b"behind")]
    assert places(stretches, frames, to_the_end=True) == [100]


def test_what_is_too_far_ahead_is_wanted_only_by_those_who_want_everything() -> None:
    connection = Connection()
    frames = [*connection.open(), connection.client(MARK)]
    connection.client_in(1000, bytes(NEAR))
    frames.append(connection.client(b"far"))
    assert places(known(), frames) == [0, 3]
    assert places(known(), frames, to_the_end=True) == [0, 3, 4]


def test_a_beginning_that_is_far_from_where_a_stream_was_opened_is_one_of_its_own() -> None:
    connection = Connection()
    frames = connection.open()
    connection.client_in(1000, bytes(3 * NEAR))
    frames += [connection.client(MARK), connection.client(b"more")]
    assert places(known(), frames) == [0, 3, 4]


def test_first_bytes_that_are_too_few_to_tell_are_wanted() -> None:
    connection = Connection()
    frames = [*connection.open(), connection.client(b"HE"), connection.client(b"LLO")]
    assert places(known(), frames) == [0, 3, 4]


def test_a_stream_that_is_expected_and_begins_with_something_else_is_forgotten() -> None:
    connection, stretches = Connection(), known()
    (first,) = wanted(stretches, connection.open())
    assert first.stream in stretches
    assert wanted(stretches, [connection.client(b"something else")]) == []
    assert first.stream not in stretches


def test_of_two_connections_between_the_same_ports_both_are_wanted() -> None:
    first, second = Connection(), Connection(start=5_000_000)
    frames = [
        *first.open(),
        first.client(b"something else"),
        *second.open(),
        second.client(MARK),
        second.client(b"more"),
    ]
    assert places(known(), frames) == [0, 3, 4, 7, 8]


def test_that_a_known_stream_ends_is_told_to_who_wants_to_know() -> None:
    connection = Connection()
    frames = [connection.client(MARK), *connection.close(), connection.server(b"", RST)]
    assert places(known(), frames) == [0]
    assert [segment.flags for segment in wanted(known(), frames, to_the_end=True)[1:]] == [
        FIN | ACK,
        FIN | ACK,
        RST,
    ]


def test_segments_that_are_known_by_now_are_not_told() -> None:
    """Those of the same batch that became so while it was read."""
    connection, stretches = Connection(), known()
    frames = [*connection.open(), connection.client(MARK), *connection.client_in(100, bytes(5000))]
    packets = batch(*frames)
    found = []
    for segment in segments_wanted(packets, stretches, looks_of(packets)):
        found.append(segment.place)
        if segment.begins:
            stretches.open(segment.stream, segment.sequence).drop(5 + 4000)
        elif segment.flags & SYN:
            stretches.expect(segment.stream, segment.sequence)
    assert found == [0, 3, *range(44, 54)]


def test_however_packets_are_cut_into_batches_what_is_needed_comes() -> None:
    """Each stream is put together from what is told, in batches of any size."""
    chance = random.Random(11)
    for _ in range(30):
        texts: dict[int, bytes] = {}
        queues = []
        for number in range(8):
            connection = Connection(number, 99, start=chance.randrange(2**32))
            text = MARK + chance.randbytes(chance.randrange(4000)) if number % 2 else b"other" * 500
            texts[number] = text
            handshake = connection.open()
            size = chance.choice((3, 100, 1400))
            segments = connection.client_in(size, text)
            if size > 3:
                chance.shuffle(segments)
            queues.append(handshake + segments)
        frames = []
        while queues:
            queue = chance.choice(queues)
            frames.append(queue.pop(0))
            queues = [queue for queue in queues if queue]
        assert joined(frames, chance) == {
            number: text for number, text in texts.items() if text.startswith(MARK)
        }


def joined(frames: list[bytes], chance: random.Random) -> dict[int, bytes]:
    """The streams that begin with the mark, by their clients."""
    stretches = known()
    while frames:
        size = chance.choice((1, 2, 7, 100))
        wanted(stretches, frames[:size])
        del frames[:size]
    found = ((key, stretches.get(key)) for key, _, _ in stretches.known())
    return {
        ends(flow).lower_ip[3] & 0xFF: bytes(stretch.data)
        for (flow, _), stretch in found
        if stretch is not None and stretch.data.startswith(MARK)
    }
