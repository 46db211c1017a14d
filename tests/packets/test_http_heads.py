"""The heads of HTTP/1 messages, read from their bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.http_heads import (
    METHODS,
    Head,
    head_size,
    host_of,
    is_like_http,
    looks_like_http,
    path_of,
    read_head,
)
from support.connections import Connection, datagram
from support.examples import examples
from support.packets import arp, batch


def head(text: str) -> Head:
    read = read_head(text.encode("latin-1"))
    assert read is not None
    return read


def test_a_request_is_read() -> None:
    assert head(
        "POST /a?b=c HTTP/1.1\r\nHost: a.example\r\nUser-Agent:  Mozilla/5.0 (X11)  \r\n"
        "Content-Type: text/plain\r\nContent-Length: 12\r\nAccept: */*\r\n\r\n"
    ) == Head(
        b"POST",
        b"/a?b=c",
        0,
        "1.1",
        {
            b"host": b"a.example",
            b"user-agent": b"Mozilla/5.0 (X11)",
            b"content-type": b"text/plain",
            b"content-length": b"12",
        },
    )


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.0 404 Not Found", 404),
        ("HTTP/1.1 204", 204),
        ("HTTP/1.1 200 ", 200),
        ("HTTP/1.1   301 Moved", 301),
    ],
)
def test_a_response_is_read(line: str, status: int) -> None:
    read = head(f"{line}\r\n\r\n")
    assert read == Head(b"", b"", status, line[5:8])


def test_lines_may_end_without_a_carriage_return() -> None:
    assert head("GET / HTTP/1.0\nHost: a\n\n").fields == {b"host": b"a"}


@pytest.mark.parametrize(
    "text",
    [
        "GET /\r\n\r\n",  # HTTP/0.9
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        "get / HTTP/1.1\r\n\r\n",
        " HTTP/1.1\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "\r\n\r\n",
    ],
)
def test_what_begins_otherwise_is_none(text: str) -> None:
    assert read_head(text.encode()) is None


@pytest.mark.parametrize(
    ("target", "host", "path", "with_query"),
    [
        ("/a/b?c=d?e", "host.example", "/a/b", "/a/b?c=d?e"),
        ("/", "host.example", "/", "/"),
        ("*", "host.example", "*", "*"),
        ("http://user:secret@b.example:80/c?d", "host.example", "/c", "/c?d"),
        ("http://b.example", "host.example", "/", "/"),
        ("http://b.example?x", "host.example", "", "?x"),
        ("b.example:443", "host.example", "b.example:443", "b.example:443"),
        ("user:secret@b.example:443", "host.example", "b.example:443", "b.example:443"),
    ],
)
def test_the_host_and_the_path_of_a_target(
    target: str, host: str, path: str, with_query: str
) -> None:
    read = head(f"GET {target} HTTP/1.1\r\nHost: host.example\r\n\r\n")
    assert host_of(read) == host.encode()
    assert path_of(read, query=False) == path.encode()
    assert path_of(read, query=True) == with_query.encode()


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://user:secret@b.example:80/c", b"b.example:80"),
        ("http://b.example", b"b.example"),
        ("b.example:443", b"b.example:443"),
        ("/c", None),
        ("*", None),
    ],
)
def test_without_a_field_the_host_is_that_of_the_target(target: str, host: bytes | None) -> None:
    assert host_of(head(f"GET {target} HTTP/1.1\r\n\r\n")) == host


def test_credentials_are_told_by_name_only() -> None:
    read = head(
        "GET / HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\nCOOKIE : secret=1\r\n"
        "Cookie: secret=2\r\n\tsecret=3\r\nProxy-Authorization: secret\r\nHost: u:secret@a\r\n\r\n"
    )
    assert read.credentials == ("authorization", "cookie", "proxy-authorization")
    assert b"secret" not in repr(read._replace(fields={})).encode()
    assert host_of(read) == b"a"
    assert head("HTTP/1.1 200 OK\r\nSet-Cookie: a=secret\r\n\r\n").credentials == ("set-cookie",)


def test_a_field_that_goes_on_in_the_next_line_is_one() -> None:
    read = head("GET / HTTP/1.1\r\nUser-Agent: a\r\n b\r\n\tc\r\nHost: d\r\n\r\n")
    assert read.fields == {b"user-agent": b"a b c", b"host": b"d"}


def test_of_fields_that_come_twice_the_first_is_kept_and_long_ones_are_cut() -> None:
    read = head(f"GET /{'p' * 5000} HTTP/1.1\r\nHost: {'h' * 5000}\r\nHost: second\r\n\r\n")
    assert read.fields == {b"host": b"h" * 512}
    assert len(read.target) == 1024


@pytest.mark.parametrize(
    ("fields", "length", "chunked"),
    [
        ("Content-Length: 12", 12, False),
        ("Content-Length: 12, 12", 12, False),
        ("Content-Length: 12, 13", None, False),
        ("Content-Length: -1", None, False),
        ("Content-Length: 0x10", None, False),
        ("Content-Length: " + "9" * 19, None, False),
        ("Transfer-Encoding: gzip, Chunked", None, True),
        ("Transfer-Encoding: chunked, gzip", None, False),
        ("Accept: */*", None, False),
    ],
)
def test_how_long_the_body_is(fields: str, length: int | None, chunked: bool) -> None:
    read = head(f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n")
    assert read.length == length
    assert read.chunked == chunked


def test_where_a_head_ends() -> None:
    text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody\n\n"
    assert head_size(text) == len(text) - 6
    assert [head_size(text[:end]) for end in range(len(text) - 6)] == [None] * (len(text) - 6)


def test_segments_that_begin_like_a_head_are_found_on_any_port() -> None:
    connection = Connection(dport=12345)
    payloads = [
        *(method + b" / HTTP/1.1\r\n\r\n" for method in METHODS),
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP",
        b"GET ",
    ]
    others = [b"HELO a.example\r\n", b"\x16\x03\x01\x02\0\x01", b"SSH-2.0-x\r\n", b"XY", b"220"]
    short = [b"G", b"PO", b"HTT"]
    frames = [connection.client(payload) for payload in payloads + others + short]
    looks = looks_like_http(batch(*frames, datagram(payloads[0]), arp(), connection.client(b"")))
    counts = len(payloads), len(others), len(short) + 3
    assert looks.begins.tolist() == [True] * counts[0] + [False] * (counts[1] + counts[2])
    assert looks.other.tolist() == ([False] * counts[0] + [True] * counts[1] + [False] * counts[2])
    assert all(is_like_http(payload) for payload in payloads + short)
    assert not any(is_like_http(payload) for payload in others)


parts = st.sampled_from(
    [
        b"GET ", b"HTTP/1.1", b" ", b"/", b"?", b"://", b"@", b"\r\n", b"\n", b":", b"Host", b"1",
        b"Content-Length:", b"Transfer-Encoding:", b"chunked", b"Cookie:", b"\0", b"\xff", b"200",
    ]
)  # fmt: skip


@examples(6)
@given(st.lists(parts, max_size=20).map(b"".join))
def test_nothing_makes_reading_raise(text: bytes) -> None:
    for data in (text, b"GET / HTTP/1.1\r\n" + text, b"GET " + text + b" HTTP/1.1\r\n\r\n"):
        is_like_http(data)
        size = head_size(data)
        read = read_head(data if size is None else data[:size])
        if read is not None:
            host_of(read)
            path_of(read, query=False)
            assert read.length is None or read.length >= 0
            assert bool(read.status) != bool(read.method)


def test_a_long_line_takes_no_longer_than_others() -> None:
    """What backtracks would take minutes over these."""
    for filler in (b" ", b"a ", b"\t", b"=", b"://"):
        assert read_head(b"GET " + filler * 32_000 + b"\r\n\r\n") is None
    assert head_size(b"\n\rx" * 32_000) is None
