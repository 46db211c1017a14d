"""DNS messages over TCP are put together, each once, however they come in segments."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR

from netdumplings import DumplingKitchen
from netdumplings.dumplingchefs import DNSChef
from netdumplings.packets.dns_streams import LOST_NS, UNFINISHED, DnsStreams
from support.connections import Connection
from support.packets import START, batch
from support.tshark import run_tshark

SECOND = 10**9


def message(number: int, name: str = "example.com") -> bytes:
    """A query behind its length."""
    data = bytes(DNS(id=number, qd=[DNSQR(qname=name)]))
    return len(data).to_bytes(2, "big") + data


def take(streams: DnsStreams, *frames: bytes, at_ns: int = START) -> list[tuple[int, bool]]:
    """The numbers of the messages found, and whether they are whole."""
    packets = batch(*frames, times=[0] * len(frames))
    flows = packets.flows
    found = []
    for index in range(len(packets)):
        payload = packets.payload(index)
        missing = int(packets.tcp_lengths[index]) - len(payload)
        stream = flows.keys[flows.index[index]], bool(flows.reverse[index])
        sequence, flags = int(packets.tcp_seqs[index]), int(packets.tcp_flags[index])
        told = streams.take(stream, sequence, flags, payload, missing, at_ns)
        found += [(each.id, each.is_whole) for each in told]
    streams.make_way(at_ns)
    return found


def numbers(found: list[tuple[int, bool]]) -> list[int]:
    assert all(whole for _, whole in found)
    return [number for number, _ in found]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 31, 32, 1000])
@pytest.mark.parametrize("start", [1000, 2**32 - 20])
def test_messages_are_found_however_they_are_cut(size: int, start: int) -> None:
    connection = Connection(dport=53, start=start)
    data = b"".join(message(number) for number in range(5))
    frames = [*connection.open(), *connection.client_in(size, data), *connection.close()]
    assert numbers(take(DnsStreams(), *frames)) == list(range(5))


def test_both_sides_of_a_connection_are_streams_of_their_own() -> None:
    connection = Connection(dport=53)
    one, other = message(1), message(2)
    frames = [*connection.open(), connection.client(one[:9]), connection.server(other[:9])]
    frames += [connection.client(one[9:]), connection.server(other[9:])]
    assert numbers(take(DnsStreams(), *frames)) == [1, 2]


def test_what_is_sent_again_is_told_once() -> None:
    connection = Connection(dport=53)
    frames = [*connection.open(), *connection.client_in(20, message(1) + message(2))]
    streams = DnsStreams()
    assert numbers(take(streams, *frames, *frames)) == [1, 2]
    assert take(streams, *frames[3:], at_ns=START + 5 * SECOND) == []


def test_segments_may_come_in_another_order() -> None:
    connection = Connection(dport=53)
    opening = connection.open()
    one, two, three = (connection.client(message(number)) for number in (1, 2, 3))
    assert numbers(take(DnsStreams(), *opening, two, one, three)) == [2, 1, 3]
    connection = Connection(dport=53)
    opening = connection.open()
    first, *parts = connection.client_in(7, message(1))
    assert numbers(take(DnsStreams(), *opening, first, *parts[::-1])) == [1]


def test_a_connection_whose_beginning_was_not_seen_is_read_where_a_message_begins() -> None:
    connection = Connection(dport=53)
    late = connection.client_in(40, message(1) + message(2))[1:]
    frames = [*late, connection.client(message(3)), *connection.client_in(7, message(4))]
    assert numbers(take(DnsStreams(), *frames)) == [3, 4]


def test_behind_what_was_lost_it_is_read_on() -> None:
    connection = Connection(dport=53)
    streams = DnsStreams()
    opening = connection.open()
    frames = [connection.client(message(number)) for number in range(4)]
    assert numbers(take(streams, *opening, frames[0], frames[2], frames[3])) == [0, 2, 3]
    # In the middle of a message, only when it has been missing for a while.
    begun, _lost = connection.client_in(20, message(4))[:2]
    after = connection.client(message(5))
    assert take(streams, begun, after) == []
    assert numbers(take(streams, after, at_ns=START + LOST_NS)) == [5]


#: A query with a record that is as long as it likes, and not there.
UNFINISHED_QUERY = message(9)[2:8] + b"\0\1" + bytes(4) + message(9)[14:]


def test_what_a_connection_leaves_unfinished_is_told_as_far_as_it_goes() -> None:
    connection = Connection(dport=53)
    unfinished = (500).to_bytes(2, "big") + UNFINISHED_QUERY
    frames = [*connection.open(), connection.client(message(1) + unfinished)]
    streams = DnsStreams()
    assert take(streams, *frames) == [(1, True)]
    assert take(streams, *connection.close()) == [(9, False)]
    connection = Connection(dport=53)
    frames = [*connection.open(), connection.client(b"\1\0" + bytes(5)), *connection.close()]
    assert take(streams, *frames) == []  # there is not even a question


def test_a_segment_that_the_capture_has_cut_off_is_told_as_far_as_it_goes() -> None:
    streams, stream = DnsStreams(), (b"key", False)
    payload = (500).to_bytes(2, "big") + UNFINISHED_QUERY
    [told] = streams.take(stream, 1, 16, payload, 502 - len(payload), START)
    assert (told.id, told.is_whole) == (9, False)
    [told] = streams.take(stream, 503, 16, message(2), 0, START)
    assert (told.id, told.is_whole) == (2, True)


def test_what_is_no_dns_is_let_be() -> None:
    connection = Connection(dport=53)
    frames = [connection.client(b"GET / HTTP/1.1\r\n"), connection.client(b"\0\0" * 50)]
    assert take(DnsStreams(), *frames) == []
    assert take(DnsStreams(), *connection.open(), *frames) == []


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(), st.booleans())
def test_each_message_is_told_at_most_once_in_whatever_order(
    sizes: list[int], seed: int, shuffled: bool
) -> None:
    connection = Connection(dport=53)
    opening = connection.open()
    data = b"".join(message(number) for number in range(6))
    frames = []
    while data:
        size = sizes[len(frames) % len(sizes)]
        frames.append(connection.client(data[:size]))
        data = data[size:]
    chance = random.Random(seed)
    if shuffled:
        chance.shuffle(frames)
        found = numbers(take(DnsStreams(), *opening, *frames))
        assert len(found) == len(set(found))
        assert set(found) <= set(range(6))
        return
    for _ in range(3):  # what was sent already
        at = chance.randrange(len(frames))
        frames.insert(chance.randrange(at, len(frames)) + 1, frames[at])
    assert numbers(take(DnsStreams(), *opening, *frames)) == list(range(6))


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 63), st.binary(max_size=60))))
def test_nothing_raises_on_any_segments(segments: list[tuple[int, int, bytes]]) -> None:
    streams = DnsStreams()
    for number, (sequence, flags, payload) in enumerate(segments):
        list(streams.take((b"key", False), sequence, flags, payload, number % 3 - 1, START))


def test_streams_without_end_take_so_much_memory_and_no_more() -> None:
    streams = DnsStreams()
    unfinished = b"\xff\xff" + UNFINISHED_QUERY + bytes(9_000)
    for number in range(3_000):
        stream = number.to_bytes(4, "big"), False
        list(streams.take(stream, 0, 2, b"", 0, START))
        for ahead in range(1, 4):
            list(streams.take(stream, 10_000 * ahead, 16, unfinished, 0, START))
        list(streams.take(stream, 1, 16, unfinished, 0, START))
        streams.make_way(START)
        assert streams._stretches.weight <= UNFINISHED
    assert streams.forgotten > 2_000


@pytest.mark.parametrize(
    "path",
    [
        "arkime/tests/pcap/dns-tcp.pcap",
        "dnscap/src/test/dnso1tcp.pcap",
        "dnscap/src/test/dnso1tcp-bighole.pcap",
        "dnscap/src/test/dnso1tcp-midmiss.pcap",
        "dnscap/src/test/dnsotcp-many1pkt.pcap",
    ],
)
def test_tshark_finds_the_same_responses(captures: Path, path: str) -> None:
    fields = ["dns.id", "dns.flags.response", "dns.count.answers"]
    theirs = [
        (int(number, 16), int(count))
        for row in run_tshark(captures / path, fields, "-Y", "dns && tcp")
        for number, response, count in zip(*(row[field] for field in fields), strict=True)
        if response == "1"
    ]
    ours = [
        (told["id"], len(told["answers"]))
        for dumpling in DumplingKitchen(read=captures / path, filter="", chefs=[DNSChef])
        for told in [dumpling.payload.get("dns")]
        if told and told["rcode"] is not None
    ]
    assert ours == theirs
    assert ours
