"""ClientHellos, read from their bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.client_hello import (
    LONGEST,
    ClientHello,
    is_grease,
    message_in,
    read_client_hello,
)
from support.examples import examples
from support.hellos import client_hello, message, numbers, vector


def test_all_that_a_client_offers_is_read_in_its_order() -> None:
    body = client_hello(
        b"a.example", [b"h2", b""], [0x1301, 0x2A2A], [43, 0, 16, 0x0A0A, 13, 10, 11]
    )
    assert read_client_hello(body) == ClientHello(
        version=0x0303,
        ciphers=(0x1301, 0x2A2A),
        extensions=(43, 0, 16, 0x0A0A, 13, 10, 11),
        sni=b"a.example",
        alpn=(b"h2", b""),
        versions=(0x0304, 0x0303),
        groups=(29, 23, 24),
        point_formats=(0,),
        signature_algorithms=(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
    )


def test_a_client_of_ssl_3_sends_no_extensions() -> None:
    body = numbers([0x0300]) + bytes(32) + b"\0" + vector(numbers([5, 4]), 2) + b"\x01\0"
    assert read_client_hello(body) == ClientHello(0x0300, (5, 4))


def test_a_cookie_is_passed_over_in_dtls_only() -> None:
    body = client_hello(legacy=0xFEFD, cookie=b"cookie", extensions=[0])
    hello = read_client_hello(body, dtls=True)
    assert hello is not None
    assert hello.version == 0xFEFD
    assert hello.sni == b"example.com"
    assert read_client_hello(body) is None
    assert read_client_hello(client_hello(), dtls=True) is None


def test_a_name_of_another_kind_is_not_the_servers() -> None:
    names = b"\x07" + vector(b"other", 2) + b"\0" + vector(b"host", 2)
    body = client_hello(extensions=[])[:-2] + vector(numbers([0]) + vector(vector(names, 2), 2), 2)
    hello = read_client_hello(body)
    assert hello is not None
    assert hello.sni == b"host"


def test_of_an_extension_that_comes_twice_the_first_counts() -> None:
    body = client_hello(extensions=[0, 0])
    body = body.replace(b"example.com", b"another.com", 1)
    hello = read_client_hello(body)
    assert hello is not None
    assert hello.extensions == (0, 0)
    assert hello.sni == b"another.com"


def test_an_extension_that_is_broken_is_as_good_as_empty() -> None:
    body = client_hello(extensions=[])[:-2]
    broken = b"".join(
        numbers([kind]) + vector(b"\xff\xff\0", 2) for kind in (0, 16, 43, 10, 11, 13)
    )
    hello = read_client_hello(body + vector(broken, 2))
    assert hello == ClientHello(0x0303, hello.ciphers if hello else (), (0, 16, 43, 10, 11, 13))


def test_extensions_that_are_cut_off_are_read_as_far_as_they_go() -> None:
    whole = read_client_hello(client_hello())
    assert whole is not None
    hello = read_client_hello(client_hello()[:-60])
    assert hello is not None
    assert 3 < len(hello.extensions) < len(whole.extensions)
    assert whole.extensions[: len(hello.extensions)] == hello.extensions
    assert hello.sni == whole.sni


def test_a_message_is_read_once_all_of_it_is_there() -> None:
    data = message(client_hello())
    assert message_in(b"") == 4
    assert message_in(data[:3]) == 4
    assert message_in(data[:4]) == len(data)
    assert message_in(data[:-1]) == len(data)
    assert message_in(data + b"more") == read_client_hello(data[4:])


def test_other_messages_and_those_that_are_too_long_are_none() -> None:
    assert message_in(b"\x02") is None
    assert message_in(b"\x01" + (LONGEST + 1).to_bytes(3, "big")) is None
    assert message_in(b"\x01" + LONGEST.to_bytes(3, "big")) == 4 + LONGEST


def test_grease_is_sixteen_numbers() -> None:
    found = [value for value in range(2**16) if is_grease(value)]
    assert found == [0x0A0A + 0x1010 * number for number in range(16)]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    body = bytearray(client_hello(cookie=draw(st.sampled_from([None, b"", b"cookie"]))))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(body) - 1))
        body[at : at + draw(st.integers(0, 3))] = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\0\0", b"\xff\xff", b"\0\x2b"]))
        )
    return bytes(body[: draw(st.one_of(st.none(), st.integers(0, len(body))))])


@examples(4)
@given(st.one_of(damaged(), st.binary(max_size=300).map(lambda data: b"\x03\x03" + data)))
def test_nothing_makes_reading_raise(body: bytes) -> None:
    for dtls in (False, True):
        hello = read_client_hello(body, dtls=dtls)
        if hello is not None:
            assert len(hello.extensions) <= len(body) // 4
            assert hello.sni is None or hello.sni in body
            assert all(name in body for name in hello.alpn)
    message_in(b"\x01" + body)
