"""JA4 and JA3, against the examples of those who made them up."""

from __future__ import annotations

import pytest

from netdumplings.packets.client_hello import ClientHello, read_client_hello
from netdumplings.packets.fingerprints import ja3, ja3_text, ja4
from support.hellos import (
    EXAMPLE_CIPHERS,
    EXAMPLE_EXTENSIONS,
    EXAMPLE_SIGNATURES,
    client_hello,
)


def hello(**changed: object) -> ClientHello:
    """The ClientHello of the JA4 specification's example."""
    read = read_client_hello(client_hello())
    assert read is not None
    return read._replace(**changed)


def test_the_example_of_the_ja4_specification() -> None:
    assert ja4(hello(), "t") == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_without_signature_algorithms_the_list_ends_without_an_underscore() -> None:
    """The specification's second example, which has the same extensions."""
    assert ja4(hello(signature_algorithms=()), "t") == "t13d1516h2_8daaf6152771_6d807ffa2a79"


def test_grease_is_left_out_everywhere() -> None:
    greased = hello(
        ciphers=(0x0A0A, *EXAMPLE_CIPHERS),
        extensions=(0x1A1A, *EXAMPLE_EXTENSIONS, 0xFAFA),
        signature_algorithms=(0x2A2A, *EXAMPLE_SIGNATURES),
        versions=(0x8A8A, 0x0304),
        alpn=(b"\x3a\x3a", b"h2"),
        groups=(0x4A4A, 29, 23, 24),
    )
    assert ja4(greased, "t") == ja4(hello(), "t")
    assert ja3(greased) == ja3(hello())


@pytest.mark.parametrize(
    ("legacy", "versions", "told"),
    [
        (0x0303, (0x0304, 0x0303), "13"),
        (0x0303, (0x0303, 0x0304, 0x0301), "13"),
        (0x0303, (), "12"),
        (0x0302, (), "11"),
        (0x0301, (), "10"),
        (0x0300, (), "s3"),
        (0x0002, (), "s2"),
        (0xFEFF, (), "d1"),
        (0xFEFD, (), "d2"),
        (0xFEFD, (0xFEFC, 0xFEFD), "d3"),
        (0x0303, (0x7F1C,), "00"),
        (0x0399, (), "00"),
    ],
)
def test_the_version_is_the_highest(legacy: int, versions: tuple[int, ...], told: str) -> None:
    assert ja4(hello(version=legacy, versions=versions), "t")[1:3] == told


@pytest.mark.parametrize(
    ("alpn", "told"),
    [
        ((b"h2",), "h2"),
        ((b"http/1.1", b"h2"), "h1"),
        ((b"x",), "xx"),
        ((), "00"),
        ((b"",), "00"),
        ((b"\xab",), "ab"),
        ((b"\xab\xcd",), "ad"),
        ((b"\x30\xab",), "3b"),
        ((b"\x30\x31\xab\xcd",), "3d"),
        ((b"\x30\xab\xcd\x31",), "01"),
    ],
)
def test_the_ends_of_the_first_protocol(alpn: tuple[bytes, ...], told: str) -> None:
    """The last five are the specification's."""
    assert ja4(hello(alpn=alpn), "t")[8:10] == told


def test_counts_have_two_digits() -> None:
    many = ja4(hello(ciphers=tuple(range(1, 150)), extensions=tuple(range(200, 400))), "q")
    assert many.startswith("q13i9999h2_")
    few = ja4(hello(ciphers=(1,), extensions=(0,)), "d")
    assert few.startswith("d13d0101h2_")


def test_what_is_not_there_is_zeros() -> None:
    assert ja4(hello(ciphers=(), extensions=()), "t") == "t13i0000h2_000000000000_000000000000"
    # SNI and ALPN are no part of the last hash.
    assert ja4(hello(extensions=(16, 0)), "t").endswith("_000000000000")


@pytest.mark.parametrize(
    ("told", "text", "fingerprint"),
    [
        (
            ClientHello(
                769,
                (47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
                (0, 10, 11),
                groups=(23, 24, 25),
                point_formats=(0,),
            ),
            "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
            "ada70206e40642a3e4461f35503241d5",
        ),
        (
            ClientHello(769, (4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99)),
            "769,4-5-10-9-100-98-3-6-19-18-99,,,",
            "de350869b8c85de67a350c8d186f11e6",
        ),
    ],
)
def test_the_examples_of_ja3(told: ClientHello, text: str, fingerprint: str) -> None:
    assert ja3_text(told) == text
    assert ja3(told) == fingerprint
