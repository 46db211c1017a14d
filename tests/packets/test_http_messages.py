"""Which message begins where, and which answers which."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.http_heads import is_like_http
from netdumplings.packets.http_messages import MOST_WAITING, Exchange, Exchanges
from netdumplings.packets.reassembly import Stretch
from support.examples import examples

CLIENT, SERVER = False, True
LIMIT = 2**15
SECOND = 10**9


def get(path: str = "/", method: str = "GET", fields: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode()


def ok(body: bytes = b"", status: int = 200, fields: str = "") -> bytes:
    if not fields:
        fields = f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status} X\r\n{fields}\r\n".encode() + body


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    parts = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return ok(fields="Transfer-Encoding: chunked\r\n") + parts + b"0\r\n" + trailer + b"\r\n"


class Both:
    """Both sides of a connection, and what is told of it as (path, status)."""

    def __init__(self) -> None:
        self.exchanges = Exchanges()
        self.stretches = {CLIENT: Stretch(0, LIMIT), SERVER: Stretch(0, LIMIT)}
        self.next = {CLIENT: 0, SERVER: 0}
        self.told: list[tuple[str | None, int | None]] = []
        self.whole: list[Exchange] = []
        self.now = 0

    def send(self, side: bool, data: bytes, *, ack: int | None = None, lost: bool = False) -> None:
        """One side sends a segment, which acknowledges all that the other has sent."""
        self.now += SECOND
        sequence = self.next[side]
        self.next[side] += len(data)
        ack = self.next[not side] if ack is None else ack
        if lost:
            return
        self.exchanges.acknowledge(not side, self.stretches[not side], ack)
        if is_like_http(data):
            self.exchanges.resume(side, self.stretches[side], sequence, ack)
        self.stretches[side].add(sequence, data)
        for exchange in self.exchanges.read(side, self.stretches[side], ack, self.now):
            self._note(exchange)

    def end(self) -> None:
        for exchange in self.exchanges.left():
            self._note(exchange)

    def _note(self, exchange: Exchange) -> None:
        path = (
            exchange.request.head.target.decode(errors="backslashreplace")
            if exchange.request
            else None
        )
        self.whole.append(exchange)
        self.told.append((path, exchange.response.status if exchange.response else None))


def test_a_request_is_answered() -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok(b"body"))
    assert both.told == [("/a", 200)]
    (exchange,) = both.whole
    assert exchange.request is not None
    assert (exchange.request.time_ns, exchange.time_ns) == (SECOND, 2 * SECOND)


BODIES = [
    ok(b"HTTP/1.1 500 in a body\r\n\r\n"),
    ok(b"x" * 5000),
    ok(),
    chunked(b"HTTP/1.1 500 in a chunk\r\n\r\n", b"y" * 300),
    chunked(),
    chunked(b"z", trailer=b"A: b\r\nC: d\r\n"),
    ok(status=204, fields="Date: x\r\n"),
    ok(status=304, fields="Content-Length: 1000\r\n"),
    ok(status=100, fields="Date: x\r\n") + ok(status=103, fields="Link: x\r\n") + ok(b"late"),
    b"\r\n\r\n" + ok(b"behind empty lines"),
]


@pytest.mark.parametrize("size", [1, 3, 50, 10_000])
def test_wherever_a_body_ends_the_next_message_begins(size: int) -> None:
    both = Both()
    for number, body in enumerate(BODIES):
        both.send(CLIENT, get(f"/{number}"))
        for at in range(0, len(body), size):
            both.send(SERVER, body[at : at + size])
    statuses = [200, 200, 200, 200, 200, 200, 204, 304, 200, 200]
    assert both.told == [(f"/{number}", status) for number, status in enumerate(statuses)]


def test_requests_have_bodies_too() -> None:
    both = Both()
    both.send(CLIENT, get("/a", "POST", "Content-Length: 10\r\n") + b"GET / HTTP" + get("/b"))
    body = b"5\r\n12345\r\n0\r\n\r\n"
    both.send(CLIENT, get("/c", "PUT", "Transfer-Encoding: chunked\r\n") + body + get("/d"))
    for _ in range(4):
        both.send(SERVER, ok())
    assert both.told == [("/a", 200), ("/b", 200), ("/c", 200), ("/d", 200)]


def test_the_answer_to_head_has_no_body() -> None:
    both = Both()
    both.send(CLIENT, get("/a", "HEAD") + get("/b"))
    both.send(SERVER, ok(fields="Content-Length: 5000\r\n") + ok(b"body"))
    assert both.told == [("/a", 200), ("/b", 200)]


def test_a_body_that_ends_with_the_connection_ends_all() -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok(b"HTTP/1.1 500 X\r\n\r\n", fields="Connection: close\r\n"))
    assert both.told == [("/a", 200)]
    assert both.exchanges.is_over(SERVER)
    assert not both.exchanges.is_over(CLIENT)


@pytest.mark.parametrize(
    ("request_head", "response"),
    [
        (get("a:443", "CONNECT"), ok(status=200, fields="X: y\r\n")),
        (get("/", fields="Upgrade: websocket\r\n"), ok(status=101, fields="Upgrade: x\r\n")),
    ],
)
def test_what_is_no_http_any_more_ends_both_sides(request_head: bytes, response: bytes) -> None:
    both = Both()
    both.send(CLIENT, request_head)
    both.send(SERVER, response + b"\x16\x03\x03")
    assert len(both.told) == 1
    assert both.exchanges.is_over(CLIENT)
    assert both.exchanges.is_over(SERVER)


def test_a_tunnel_that_is_refused_is_none() -> None:
    both = Both()
    both.send(CLIENT, get("a:443", "CONNECT"))
    both.send(SERVER, ok(b"no", 407))
    both.send(CLIENT, get("a:443", "CONNECT"))
    both.send(SERVER, ok(status=200, fields="X: y\r\n"))
    assert both.told == [("a:443", 407), ("a:443", 200)]


def test_a_response_whose_request_went_by_unseen_stands_alone() -> None:
    both = Both()
    both.send(SERVER, ok(b"body"))
    assert both.exchanges.client == CLIENT
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok())
    assert both.told == [(None, 200), ("/a", 200)]


def test_a_lost_response_leaves_its_request_unanswered() -> None:
    both = Both()
    for number in range(3):
        both.send(CLIENT, get(f"/{number}"))
        both.send(SERVER, ok(b"x" * number, 200 + number), lost=number == 1)
    assert both.told == [("/0", 200), ("/1", None), ("/2", 202)]


def test_a_lost_request_leaves_its_response_alone() -> None:
    both = Both()
    for number in range(3):
        both.send(CLIENT, get(f"/{number}"), lost=number == 1)
        both.send(SERVER, ok(b"x" * number, 200 + number))
    assert both.told == [("/0", 200), (None, 201), ("/2", 202)]


def test_a_response_does_not_answer_what_its_server_has_not_received() -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok(status=408), ack=0)
    both.send(SERVER, ok(status=201))
    assert both.told == [(None, 408), ("/a", 201)]


@pytest.mark.parametrize("lost", range(6))
def test_whichever_segment_of_a_response_is_lost_the_next_one_is_read(lost: int) -> None:
    both = Both()
    response = chunked(b"x" * 100, b"y" * 100)
    size = len(response) // 6 + 1
    both.send(CLIENT, get("/a"))
    for number in range(6):
        both.send(SERVER, response[number * size : (number + 1) * size], lost=number == lost)
    both.send(CLIENT, get("/b"))
    both.send(SERVER, ok(status=201))
    both.end()
    assert ("/b", 201) in both.told
    head = len(ok(fields="Transfer-Encoding: chunked\r\n"))
    assert both.told[0] == ("/a", 200 if lost * size >= head else None)


def test_of_one_direction_alone_what_follows_a_loss_is_told() -> None:
    """The second request is lost in part; its sender then has its answer before it asks again."""
    for side, messages in (
        (CLIENT, [get("/1"), get("/2"), get("/3")]),
        (SERVER, [ok(), ok(), ok()]),
    ):
        both = Both()
        both.send(side, messages[0])
        both.next[not side] += 100
        both.send(side, messages[1][:20])
        both.send(side, messages[1][20:], lost=True)
        both.next[not side] += 100
        both.send(side, messages[2])
        both.end()
        assert len(both.told) == 2


def test_what_is_sent_without_waiting_does_not_make_what_is_late_a_loss() -> None:
    both = Both()
    first, second = get("/1"), get("/2")
    both.send(CLIENT, first[:10])
    both.next[CLIENT] = len(first)
    both.send(CLIENT, second)
    both.next[CLIENT] = 10
    both.send(CLIENT, first[10:])
    both.end()
    assert both.told == [("/1", None), ("/2", None)]


def test_a_lost_part_of_a_body_is_no_loss() -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok(fields="Content-Length: 3000\r\n"))
    for number in range(3):
        both.send(SERVER, b"x" * 1000, lost=number == 1)
    both.send(CLIENT, get("/b"))
    both.send(SERVER, ok(status=201))
    assert both.told == [("/a", 200), ("/b", 201)]


def test_requests_that_do_not_wait_are_answered_in_their_order() -> None:
    """The third is sent when the first answer is there, and the second is still to come."""
    both = Both()
    both.send(CLIENT, get("/1") + get("/2"))
    both.send(SERVER, ok(status=201))
    both.send(CLIENT, get("/3"))
    both.send(SERVER, ok(status=202))
    both.send(SERVER, ok(status=203))
    assert both.told == [("/1", 201), ("/2", 202), ("/3", 203)]


def test_what_is_no_http_ends_a_side() -> None:
    for data in (b"SSH-2.0-x\r\n", b"GET / SIP/2.0\r\n\r\n", b"GET /" + b"x" * LIMIT):
        both = Both()
        both.send(CLIENT, data)
        assert both.exchanges.is_over(CLIENT)
        assert both.told == []


@pytest.mark.parametrize("line", [b"xyz\r\n", b"-5\r\n", b"ffffffff\r\n", b"5" + b" " * 5000])
def test_chunks_that_are_none_end_a_side(line: bytes) -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok(fields="Transfer-Encoding: chunked\r\n") + line)
    assert both.told == [("/a", 200)]
    assert both.exchanges.is_over(SERVER)


def test_a_side_that_is_over_goes_on_where_a_message_begins() -> None:
    both = Both()
    both.send(CLIENT, b"GET / SIP/2.0\r\n\r\n")
    both.exchanges.begin(CLIENT)
    both.stretches[CLIENT] = Stretch(both.next[CLIENT], LIMIT)
    both.send(CLIENT, get("/a"))
    both.send(SERVER, ok())
    assert both.told == [("/a", 200)]


def test_a_server_that_asks_is_not_heard() -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    both.send(SERVER, get("/b"))
    assert both.exchanges.is_over(SERVER)
    assert [request.head.target for request in both.exchanges.waiting] == [b"/a"]


def test_requests_without_an_answer_are_told_at_the_end() -> None:
    both = Both()
    both.send(CLIENT, get("/a") + get("/b"))
    both.end()
    assert both.told == [("/a", None), ("/b", None)]


def test_too_many_requests_without_an_answer_make_way() -> None:
    both = Both()
    both.send(CLIENT, b"".join(get(f"/{number}") for number in range(MOST_WAITING + 3)))
    assert both.told == [("/0", None), ("/1", None), ("/2", None)]
    assert len(both.exchanges.waiting) == MOST_WAITING


def test_that_the_latest_request_waits_for_a_number_is_known() -> None:
    both = Both()
    both.send(CLIENT, get("/a"))
    assert both.exchanges.begins_at(SERVER, 0)
    assert not both.exchanges.begins_at(SERVER, 1)
    assert not both.exchanges.begins_at(CLIENT, 0)


@examples(4)
@given(st.data())
def test_whatever_comes_nothing_raises_and_little_is_kept(data: st.DataObject) -> None:
    pieces = [
        get("/a"),
        get("/b", "POST", "Content-Length: 5\r\n"),
        *BODIES,
        b"0\r\n\r\n",
        b"5\r\n",
    ]
    both, chance = Both(), random.Random(data.draw(st.integers(0, 2**32)))
    for _ in range(data.draw(st.integers(1, 30))):
        side, piece = chance.random() < 0.5, bytearray(chance.choice(pieces))
        if chance.random() < 0.3:
            at = chance.randrange(len(piece))
            piece[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        ack = chance.choice([None, None, None, chance.randrange(2**32)])
        both.send(side, bytes(piece), ack=ack, lost=chance.random() < 0.2)
    assert len(both.exchanges.waiting) <= MOST_WAITING
    assert all(len(stretch.data) <= LIMIT for stretch in both.stretches.values())
