"""QUIC's Initial packets: the published samples, and whatever else may come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.client_hello import message_in
from netdumplings.packets.quic import (
    V1,
    V2,
    Initial,
    crypto_frames,
    initials,
    looks_like_initial,
)
from support.connections import Connection, datagram
from support.examples import examples
from support.hellos import client_hello, crypto_frame, initial, initial_keys, message
from support.packets import batch

pytest.importorskip("cryptography", reason="QUIC's Initial packets are read with cryptography")
from netdumplings.packets.quic_keys import ClientKeys

DCID = bytes.fromhex("8394c8f03e515708")
#: RFC 9001 appendix A.2 and RFC 9369 appendix A.2: the same CRYPTO frame in both.
SAMPLE = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413"
    "011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d001700180010"
    "00070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f"
    "1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00"
    "024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8"
    "f03e51570806048000ffff"
)
#: How each protects it, from the same appendices: what the packet begins with, and its tag.
PROTECTED = {
    V1: (
        "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
        "e221af44860018ab0856972e194cd934",
    ),
    V2: (
        "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
        "a18b2faa745b6fe189cf772a9f84cbfc",
    ),
}
#: RFC 9001 appendix A.1 and RFC 9369 appendix A.1: key, IV, and key of header protection.
KEYS = {
    V1: "1f369613dd76d5467730efcbe3b1a22d fa044b2f42a3fd3b46fb255c"
    " 9f50449e04a0e810283a1e9933adedd2",
    V2: "8b1a0bc121284290a29e0971b5cd045d 91f73e2351d8fa91660e909f"
    " 45b95e15235d6f45a6b19cbcb0294ba9",
}
#: RFC 9001 appendix A.3: what a server answers.
SERVER = bytes.fromhex(
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780b"
    "b38cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19"
    "fb84022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee"
)


@pytest.mark.parametrize("version", [V1, V2])
def test_the_published_sample_is_read(version: int) -> None:
    """The packet is protected by the test itself, and is the published one up to its tag."""
    packet = initial(SAMPLE, DCID, version=version)
    beginning, tag = PROTECTED[version]
    assert packet.hex().startswith(beginning)
    assert packet.hex().endswith(tag)
    assert " ".join(part.hex() for part in initial_keys(DCID, version)) == KEYS[version]

    (read,) = initials(packet)
    assert read == Initial(version, DCID, False, 18, packet)
    payload = ClientKeys(version, DCID).decrypt(read)
    assert payload == SAMPLE + bytes(1162 - len(SAMPLE))
    ((offset, data),) = crypto_frames(payload)
    hello = message_in(data)
    assert offset == 0
    assert hello is not None
    assert not isinstance(hello, int)
    assert hello.sni == b"example.com"
    assert hello.alpn == (b"alpn",)


def test_what_a_server_answers_is_not_encrypted_with_the_clients_keys() -> None:
    (read,) = initials(SERVER)
    assert read.dcid == b""
    assert ClientKeys(V1, DCID).decrypt(read) is None


def test_a_changed_packet_is_not_decrypted() -> None:
    packet = bytearray(initial(SAMPLE, DCID))
    packet[-1] ^= 1
    (read,) = initials(bytes(packet))
    assert ClientKeys(V1, DCID).decrypt(read) is None


def test_the_packets_of_a_datagram_follow_one_another() -> None:
    first, second = initial(b"\x01", size=300), initial(b"\x01", token=b"token", size=300)
    handshake = bytes([first[0] | 0x20, *first[1:15], *first[16:]])
    assert initials(handshake + first)[0].data == first
    assert [packet.token for packet in initials(first + second)] == [False, True]
    assert initials(first + bytes(1000)) == initials(first)
    assert initials(first[:-1]) == []
    assert initials(b"") == []
    assert len(initials(first * 9)) < 9


def test_frames_are_read_whatever_stands_between_them() -> None:
    ack = bytes.fromhex("02 05 00 01 03 0102".replace(" ", ""))
    ecn = bytes.fromhex("03 05 00 00 03 010203".replace(" ", ""))
    payload = (
        b"\x01"
        + crypto_frame(5, b"fghij")
        + bytes(20)
        + ack
        + ecn
        + b"\x01\x01"
        + crypto_frame(0, b"abcde")
        + bytes(10)
    )
    assert crypto_frames(payload) == [(5, b"fghij"), (0, b"abcde")]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x08" + crypto_frame(0, b"behind a STREAM frame"),
        b"\x1c\0\0\0" + crypto_frame(0, b"behind CONNECTION_CLOSE"),
        crypto_frame(0, b"cut off")[:-1],
        b"\x02\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x06",
        b"",
    ],
)
def test_frames_that_make_no_sense_end_the_packet(payload: bytes) -> None:
    assert crypto_frames(payload) == []


def test_datagrams_that_begin_so_are_found_on_any_port() -> None:
    packet, other = initial(SAMPLE), initial(SAMPLE, version=V2)
    frames = [
        datagram(packet),
        datagram(other, dport=12345),
        datagram(SERVER),
        datagram(packet[:20]),
        datagram(b"\x40" + packet[1:]),
        datagram(bytes([other[0]]) + packet[1:]),
        datagram(packet[:1] + b"\0\0\0\2" + packet[5:]),
        Connection().client(packet),
    ]
    assert looks_like_initial(batch(*frames)).tolist() == [True, True] + [False] * 6


@st.composite
def datagrams(draw: st.DrawFn) -> bytes:
    data = bytearray(initial(SAMPLE, version=draw(st.sampled_from([V1, V2])), size=400))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, 40))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(data[: draw(st.integers(0, 500))])


@examples(4)
@given(datagrams())
def test_no_datagram_makes_reading_raise(data: bytes) -> None:
    for packet in initials(data):
        assert packet.data in data
        payload = ClientKeys(packet.version, packet.dcid).decrypt(packet)
        if payload is not None:
            assert SAMPLE in payload


@examples(4)
@given(st.lists(st.one_of(st.binary(max_size=5), st.just(crypto_frame(3, b"abc")))))
def test_no_frames_make_reading_raise(parts: list[bytes]) -> None:
    payload = b"".join(parts)
    for offset, data in crypto_frames(payload):
        assert 0 <= offset < 2**62
        assert data in payload


def test_a_long_hello_comes_in_several_frames() -> None:
    data = message(client_hello(padding=1800))
    frames = [crypto_frame(at, data[at : at + 700]) for at in range(0, len(data), 700)]
    assert b"".join(part for _, part in crypto_frames(b"".join(frames))) == data
