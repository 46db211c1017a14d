"""HTTPChef: what is asked for, and what is answered."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.dumpling import Dumpling
from netdumplings.dumplingchefs import HTTPChef
from netdumplings.wire import check_dumpling
from support.chef_captures import Merged, merge_captures
from support.connections import ACK, FIN, RST, SYN, Connection, datagram
from support.examples import examples, thorough
from support.expected_dumplings import assert_as_expected
from support.memory import memory
from support.packets import START, batch
from support.tshark import run_tshark

T = START / 1e9
GET = (
    b"GET /a?q=secret HTTP/1.1\r\nHost: a.example\r\nUser-Agent: curl/8\r\nCookie: c=secret\r\n\r\n"
)
OK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n"
    b"Set-Cookie: s=secret\r\n\r\nbody"
)


def told(
    *frames: bytes, chef: HTTPChef | None = None, size: int = 1000, start: float = 0
) -> list[dict[str, Any]]:
    """What is told of packets, a millisecond apart, that come in batches of some size."""
    chef = chef or HTTPChef()
    found: list[dict[str, Any]] = []
    for at in range(0, len(frames), size):
        part = frames[at : at + size]
        times = [start + (at + place) / 1000 for place in range(len(part))]
        found += (each["http"] for each in chef.batch_handler(batch(*part, times=times)))
    return found


def brief(found: Iterable[dict[str, Any]]) -> list[tuple[str | None, int | None]]:
    return [(each["path"], each["status"]) for each in found]


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def ok(status: int = 200, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def test_a_request_is_told_with_its_answer() -> None:
    connection = Connection(dport=8000)
    frames = [*connection.open(), connection.client(GET), connection.server(OK)]
    assert told(*frames) == [
        {
            "time": T + 0.003,
            "src_ip": "10.0.0.1",
            "src_port": 50000,
            "dst_ip": "10.0.0.2",
            "dst_port": 8000,
            "proto": "tcp",
            "community_id": "1:8N3nkOw+HLZLb5D/jnWp0a0lCm4=",
            "method": "GET",
            "host": "a.example",
            "path": "/a",
            "version": "1.1",
            "user_agent": "curl/8",
            "request_length": None,
            "status": 200,
            "content_type": "text/html",
            "response_length": 4,
            "latency": 0.001,
            "credentials": ["cookie", "set-cookie"],
        }
    ]


def test_neither_credentials_nor_queries_nor_bodies_are_told() -> None:
    connection = Connection()
    asked = (
        b"POST http://user:secret@a.example/a?secret HTTP/1.1\r\nHost: user:secret@a.example\r\n"
        b"Authorization: Basic secret\r\nProxy-Authorization: secret\r\nContent-Length: 6\r\n\r\n"
        b"secret"
    )
    frames = [connection.client(asked), connection.server(OK)]
    (exchange,) = told(*frames)
    assert "secret" not in repr(exchange)
    assert (exchange["host"], exchange["path"]) == ("a.example", "/a")
    assert exchange["credentials"] == ["authorization", "proxy-authorization", "set-cookie"]


def test_a_subclass_may_want_queries() -> None:
    class Curious(HTTPChef):
        queries = True

    connection = Connection()
    (exchange,) = told(connection.client(GET), connection.server(OK), chef=Curious())
    assert exchange["path"] == "/a?q=secret"


def test_hostile_text_is_escaped_and_cut() -> None:
    connection = Connection(vlan=9)
    asked = b"GET /\xff\x1b[A" + b"x" * 2000 + b" HTTP/1.1\r\nHost: " + b"h" * 2000 + b"\r\n\r\n"
    (exchange,) = told(connection.client(asked), connection.server(OK))
    assert exchange["path"] == "/\\xff\x1b[A" + "x" * 248
    assert exchange["host"] == "h" * 256
    assert exchange["vlan"] == 9


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("part", [1, 30, 1400])
def test_heads_in_several_segments_are_told(part: int, size: int) -> None:
    connection = Connection()
    frames = connection.open()
    for number in range(3):
        frames += connection.client_in(part, get(f"/{number}"))
        frames += connection.server_in(part, ok(200 + number, b"x" * 90))
    found = told(*frames, size=size)
    assert brief(found) == [("/0", 200), ("/1", 201), ("/2", 202)]


@pytest.mark.parametrize("size", [1, 1000])
def test_segments_out_of_order_and_sent_again_change_nothing(size: int) -> None:
    chance = random.Random(4)
    connection = Connection(start=2**32 - 100)
    frames = connection.open()
    for number in range(5):
        for parts in (
            connection.client_in(20, get(f"/{number}")),
            connection.server_in(30, ok(200 + number, b"y" * 90)),
        ):
            chance.shuffle(parts)
            frames += parts + parts[:2]
    found = told(*frames, size=size)
    assert brief(found) == [(f"/{number}", 200 + number) for number in range(5)]


def test_requests_that_do_not_wait_are_answered_in_their_order() -> None:
    connection = Connection()
    frames = [
        connection.client(get("/1") + get("/2")),
        connection.client(get("/3")),
        connection.server(ok(201) + ok(202, b"b")),
        connection.server(ok(203)),
    ]
    assert brief(told(*frames)) == [("/1", 201), ("/2", 202), ("/3", 203)]


def test_large_bodies_are_passed_over_and_what_follows_is_told() -> None:
    connection = Connection()
    frames = [*connection.open(), connection.client(get("/1"))]
    frames += connection.server_in(1400, ok(200, b"z" * 200_000))
    frames += [connection.client(get("/2")), *connection.server_in(10, ok(404))]
    for size in (1, 10, 1000):
        assert brief(told(*frames, size=size)) == [("/1", 200), ("/2", 404)]


@pytest.mark.parametrize("size", [1, 1000])
def test_whatever_segment_is_lost_the_rest_is_told(size: int) -> None:
    connection = Connection()
    frames = connection.open()
    for number in range(4):
        frames += connection.client_in(40, get(f"/{number}"))
        frames += connection.server_in(40, ok(200 + number, b"y" * 90))
    whole = brief(told(*frames, size=size))
    assert len(whole) == 4
    for lost in range(len(frames)):
        rest = frames[:lost] + frames[lost + 1 :]
        found = brief(told(*rest, *connection.close(), size=size))
        # Those that are paired are paired right, and one exchange at most is not.
        paired = [each for each in found if None not in each]
        assert set(paired) <= set(whole)
        assert len(paired) >= 3


def test_a_length_that_is_a_lie_costs_but_one_answer() -> None:
    """As of an answer to a request that was not seen, which was HEAD."""
    connection = Connection()
    frames = [
        *connection.open(),
        connection.server(b"HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n"),
        connection.client(get("/a")),
        connection.server(ok(201)),
        connection.client(get("/b")),
        connection.server(ok(202)),
    ]
    for size in (1, 1000):
        assert brief(told(*frames, size=size)) == [(None, 200), ("/a", 201), ("/b", 202)]


@pytest.mark.parametrize("flags", [FIN | ACK, RST])
def test_a_request_that_is_never_answered_is_told_at_the_end_of_its_connection(
    flags: int,
) -> None:
    connection = Connection()
    frames = [*connection.open(), connection.client(GET), connection.client(b"", FIN | ACK)]
    chef = HTTPChef()
    assert told(*frames, chef=chef) == []
    (exchange,) = told(connection.server(b"", flags), chef=chef)
    assert (exchange["path"], exchange["status"], exchange["latency"]) == ("/a", None, None)
    assert exchange["time"] == T + 0.003


def test_an_answer_in_the_segment_that_ends_the_connection_is_told() -> None:
    connection = Connection()
    frames = [connection.client(GET), connection.server(OK, FIN | ACK)]
    assert brief(told(*frames)) == [("/a", 200)]


@pytest.mark.parametrize("size", [1, 1000])
def test_an_answer_that_comes_behind_the_end_of_its_connection_is_told(size: int) -> None:
    connection = Connection()
    frames = [*connection.open(), connection.client(GET)]
    answer, end = connection.server(OK), connection.server(b"", FIN | ACK)
    assert brief(told(*frames, end, answer, size=size)) == [("/a", 200)]


def test_a_request_whose_connection_is_idle_for_minutes_is_told() -> None:
    connection = Connection()
    chef = HTTPChef()
    assert told(connection.client(GET), chef=chef) == []
    assert told(datagram(b""), chef=chef, start=299) == []
    assert brief(told(datagram(b""), chef=chef, start=301)) == [("/a", None)]
    # Whatever comes then is of another one.
    assert brief(told(connection.server(OK), chef=chef, start=302)) == [(None, 200)]


def test_of_two_connections_between_the_same_ports_none_is_answered_by_the_other() -> None:
    first, second = Connection(), Connection(start=77)
    frames = [*first.open(), first.client(get("/1")), *second.open(), second.client(get("/2"))]
    frames.append(second.server(OK))
    for size in (1, 1000):
        assert brief(told(*frames, size=size)) == [("/1", None), ("/2", 200)]


def test_an_opening_that_is_sent_again_ends_nothing() -> None:
    connection = Connection()
    handshake = connection.open()
    frames = [*handshake, connection.client(GET), handshake[0], handshake[1]]
    frames.append(connection.server(OK))
    for size in (1, 1000):
        assert brief(told(*frames, size=size)) == [("/a", 200)]


def test_what_is_no_http_any_more_is_not_read() -> None:
    connection = Connection()
    frames = [
        connection.client(b"CONNECT b.example:443 HTTP/1.1\r\n\r\n"),
        connection.server(b"HTTP/1.1 200 OK\r\n\r\n"),
        connection.client(b"\x16\x03\x01..."),
        connection.server(b"\x16\x03\x03..."),
    ]
    (exchange,) = told(*frames)
    assert (exchange["method"], exchange["host"]) == ("CONNECT", "b.example:443")


def test_other_protocols_are_none() -> None:
    connection = Connection()
    frames = [
        *connection.open(),
        connection.server(b"220 a.example ESMTP\r\n"),
        connection.client(b"OPTIONS sip:a SIP/2.0\r\n\r\n"),
        connection.client(b"GET me out of here\r\n\r\n"),
        connection.client(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        datagram(GET),
    ]
    assert told(*frames) == []


@pytest.mark.parametrize(
    "name",
    [
        "arkime/tests/pcap/http-100-continue.pcap",
        "arkime/tests/pcap/http-500-head.pcap",
        "arkime/tests/pcap/http-basicauth.pcap",
        "arkime/tests/pcap/http-wrapped-header.pcap",
        "arkime/tests/pcap/https-connect.pcap",
        "arkime/tests/pcap/wireshark-retrans.pcap",
        "arkime/tests/pcap/http-301-get.pcap",
        "pcapplusplus/Tests/Pcap++Test/PcapExamples/one_ipv6_http_stream.pcap",
    ],
)
def test_real_captures_are_told_as_expected(captures: Path, name: str) -> None:
    assert_as_expected(HTTPChef, captures / name, "http")


def waiting(number: int) -> list[bytes]:
    return [Connection(client=number).client(get("/" + "x" * 300))]


def unfinished(number: int) -> list[bytes]:
    return [Connection(client=number).client(b"GET /" + b"x" * 900)]


def answered(number: int) -> list[bytes]:
    connection = Connection(client=number)
    return [connection.client(GET), connection.server(OK)]


def opened(number: int) -> list[bytes]:
    return Connection(client=number).open()


#: What is said to be its bound in memory, and what Python may take besides.
BOUND = 60 * 2**20 + 14 * 2**20


@pytest.mark.parametrize(
    ("crowd", "count"),
    [(waiting, 10_000), (unfinished, 8_000), (answered, 4_000), (opened, 10_000)],
)
def test_memory_stays_in_its_bound_however_many_connections_there_are(
    crowd: Callable[[int], list[bytes]], count: int
) -> None:
    """With the profile "thorough" they are a million."""
    chef = HTTPChef()
    count = 1_000_000 if thorough() else count
    before, exchanges = memory(), 0
    for start in range(0, count, 1000):
        frames = [frame for number in range(start, start + 1000) for frame in crowd(number)]
        found = told(*frames, chef=chef, size=len(frames))
        exchanges += len(found)
        assert memory() - before < BOUND
    if crowd in (waiting, unfinished):
        assert exchanges == (count - 8192 if crowd is waiting else 0)
        (exchange, *_) = reversed(told(*answered(count), chef=chef))
        assert exchange["connections_forgotten"] > 100
    else:
        assert exchanges == (count if crowd is answered else 0)


@examples(2)
@given(st.data())
def test_damaged_packets_never_make_it_raise_and_its_dumplings_can_be_sent(
    data: st.DataObject,
) -> None:
    connection = Connection()
    frames = [
        *connection.open(),
        *connection.client_in(40, GET),
        *connection.server_in(40, OK),
        connection.client(get("/b")),
        connection.segment(0, SYN),
        connection.server(b"", FIN | ACK),
    ]
    chef = HTTPChef()
    for _ in range(data.draw(st.integers(1, 20))):
        frame = bytearray(data.draw(st.sampled_from(frames)))
        for _ in range(data.draw(st.integers(0, 2))):
            at = data.draw(st.integers(12, len(frame) - 1))
            frame[at : at + 2] = data.draw(st.binary(min_size=1, max_size=3))
        for payload in chef.batch_handler(batch(bytes(frame[: data.draw(st.integers(1, 200))]))):
            assert check_dumpling(Dumpling(chef=chef, payload=payload).to_json().encode()) is None


FIELDS = (
    "frame.number", "http.request.method", "http.host", "http.request.uri", "http.user_agent",
    "http.response.code", "http.content_type", "http.request_in",
)  # fmt: skip
_ARKIME, _PLUS = "arkime/tests/pcap/{}", "pcapplusplus/Tests/{}"
_WAITS = "tshark waits for the rest of the body, which was not captured"
#: Captures of which we tell more than tshark.
MORE = {
    _ARKIME.format("http-empty-useragent.pcap"): "an empty User-Agent has no value in its output",
    _ARKIME.format("http-tcp-seq-issue.pcap"): _WAITS,
    _ARKIME.format("no-syn-ack.pcap"): _WAITS,
    _ARKIME.format("twovlan.pcap"): _WAITS,
    _PLUS.format("ExamplesTest/pcap_examples/many-protocols.pcap"): _WAITS,
    _PLUS.format("Packet++Test/PacketExamples/HttpMalformedResponse.pcapng"): _WAITS,
    _PLUS.format("Packet++Test/PacketExamples/TwoHttpResponses.pcap"): _WAITS,
    _PLUS.format("Pcap++Test/PcapExamples/4KHttpRequests.pcap"): _WAITS,
    _PLUS.format("Pcap++Test/PcapExamples/650HttpResponses.pcap"): _WAITS,
    _PLUS.format("Pcap++Test/PcapExamples/example.pcap"): _WAITS,
    _PLUS.format("Pcap++Test/PcapExamples/raw_ip.pcap"): _WAITS,
    _PLUS.format(
        "Pcap++Test/PcapExamples/unidirectional_tcp_stream_with_missing_packet.pcap"
    ): _WAITS,
    "tcpdump/tests/accecn_handshake.pcap": _WAITS,
}
_CUT = "packets are cut off: tshark tells the code of a head of which the end was not captured"
#: Captures of which we tell less.
LESS = {
    _ARKIME.format("wireshark-retrans.pcap"): "it tells two answers again that were sent again",
    _PLUS.format("Packet++Test/PacketExamples/SllPacket.pcap"): _CUT,
    _PLUS.format("Pcap++Test/PcapExamples/pcapng-example.pcapng"): _CUT,
}


def test_tshark_tells_the_same_of_all_real_captures(captures: Path, tmp_path: Path) -> None:
    """Methods, hosts, paths, user agents, status codes, and who answers whom."""
    merged = merge_captures(captures, tmp_path / "merged.pcap")
    ours, theirs = by_us(merged), by_tshark(merged)
    assert theirs.total() > 2000
    assert {path for path, *_ in ours - theirs} == set(MORE)
    assert {path for path, *_ in theirs - ours} == set(LESS)


def by_us(merged: Merged) -> Counter[tuple[str, str, str]]:
    """What we tell: of each capture which values there are."""
    found: Counter[tuple[str, str, str]] = Counter()
    chef = HTTPChef()
    exchanges = [payload["http"] for payload in chef.batch_handler(merged.packets)]
    # An hour later what is left unanswered is told.
    late = batch(datagram(b""), times=[merged.packets.times_ns[-1] / 1e9 + 3600 - T])
    exchanges += (payload["http"] for payload in chef.batch_handler(late))
    for exchange in exchanges:
        path = merged.path_at(exchange["time"])
        for key in ("method", "host", "path", "user_agent", "status"):
            if exchange[key] is not None and (key, exchange["method"]) != ("host", "CONNECT"):
                found[path, key, str(exchange[key])[:200]] += 1
        if exchange["method"] == "GET" and exchange["status"]:
            frame = round(exchange["time"] * 1000) + 1
            found[path, "answer", f"{frame} {exchange['status']}"] += 1
    return found


def by_tshark(merged: Merged) -> Counter[tuple[str, str, str]]:
    """What tshark tells."""
    found: Counter[tuple[str, str, str]] = Counter()
    fields = {
        "method": "http.request.method",
        "host": "http.host",
        "path": "http.request.uri",
        "user_agent": "http.user_agent",
        "status": "http.response.code",
    }
    rows = run_tshark(merged.file, FIELDS, "-Y", "http")
    methods = {row["frame.number"][0]: row["http.request.method"] for row in rows}
    for row in rows:
        path = merged.paths[int(row["frame.number"][0]) - 1]
        if not row["http.request.method"]:
            row["http.request.uri"] = []  # (Newer versions have it with the answer, too.)
        for key, field in fields.items():
            for value in row[field]:
                if key != "status" or value == "101" or not value.startswith("1"):
                    told = value.partition("?")[0] if key == "path" else value
                    found[path, key, told[:200]] += 1
        if len(row["http.response.code"]) == 1 and row["http.request_in"]:
            frame = row["http.request_in"][0]
            if methods.get(frame) == ["GET"]:
                found[path, "answer", f"{frame} {row['http.response.code'][0]}"] += 1
    return found
