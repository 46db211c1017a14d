"""Both ports keep to RFC 6455, by the groups of Autobahn|Testsuite, as far as no echo is needed.

Autobahn judges by an echo, which no port gives. Here the messages go to a port that says otherwise
whether it has understood: the in port by passing a dumpling on to an eater, the out port by feeding
whoever has said hello in those frames. (``./dev soak autobahn`` runs Autobahn itself, on the same
connections, with an echo behind them.)
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Final

import pytest
from websockets.sync.client import connect

from support.commands import PATIENCE
from support.hubs import Hub, dumpling
from support.raw_peers import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawPeer, frame

KITCHEN, EATER = "in_port", "out_port"
HELLO: Final = {KITCHEN: b'{"kitchen_name": "conforming"}', EATER: b'{"eater_name": "conforming"}'}
PORTS: Final = (KITCHEN, EATER)
#: RFC 6455, section 7.4.1.
PROTOCOL_ERROR, UNSUPPORTED, INVALID_DATA = 1002, 1003, 1007


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with Hub(0, 0, "--max-connections", "4000") as hub:
        yield hub


@pytest.fixture(params=PORTS)
def port(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def text(message: bytes) -> bytes:
    return frame(TEXT, message)


def pieces(message: bytes, size: int, *, between: bytes = b"") -> bytes:
    """A text message in fragments of so many bytes, perhaps with something between each two."""
    parts = [message[start : start + size] for start in range(0, len(message), size)] or [b""]
    frames = [
        frame(TEXT if number == 0 else CONTINUATION, part, fin=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
    return between.join(frames)


def read_frame(peer: socket.socket) -> tuple[int, bytes]:
    """One whole frame of the hub's: its opcode and payload."""
    first, second = read(peer, 2)
    assert first & 0x70 == 0, "reserved bits, though no extension was agreed on"
    assert second & 0x80 == 0, "a server's frame is masked"
    size = second
    if size == 126:
        size = int.from_bytes(read(peer, 2))
    elif size == 127:
        size = int.from_bytes(read(peer, 8))
    return first & 0x0F, read(peer, size)


def read(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = peer.recv(size - len(data))
        assert chunk, "it was cut"
        data += chunk
    return data


def until(peer: RawPeer, opcode: int) -> bytes:
    """Read until a frame of a kind comes; return what it holds."""
    while True:
        found, data = read_frame(peer.socket)
        if found == opcode:
            return data
        assert found in (TEXT, PING), found  # an eater is fed meanwhile


def understood(hub: Hub, port: str, frames: bytes, last: bytes) -> None:
    """Say hello in some frames, and see that the hub has understood ``last`` and goes on."""
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(frames)
        peer.socket.sendall(frame(PING, b"still there?"))
        while until(peer, PONG) != b"still there?":
            pass  # those to the pings before
        name = json.loads(last)[f"{'kitchen' if port == KITCHEN else 'eater'}_name"]
        kind = "kitchen" if port == KITCHEN else "eater"
        assert name in present(hub, kind)


def present(hub: Hub, kind: str) -> list[str]:
    """Whom the hub has of a kind, as its next status says."""
    with connect(f"ws://localhost:{hub.out_port}", compression=None, proxy=None) as eater:
        eater.send('{"eater_name": "watcher"}')
        payload = json.loads(eater.recv(PATIENCE))["payload"]
    return [peer[f"info_from_{kind}"][f"{kind}_name"] for peer in payload[f"dumpling_{kind}s"]]


def hello(port: str, name: str = "conforming", size: int = 0) -> bytes:
    """A first message, of so many bytes at least."""
    key = "kitchen_name" if port == KITCHEN else "eater_name"
    short = json.dumps({key: name, "": ""}).encode()
    return json.dumps({key: name, "": "*" * max(0, size - len(short))}).encode()


# 1: frames of each size, and each way to write their lengths; in pieces, and byte by byte.
@pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 1000, 16_000])
@pytest.mark.parametrize("cut", [0, 1, 997], ids=["at once", "byte by byte", "in writes of 997"])
def test_group_1_messages_of_every_size_are_understood(
    hub: Hub, port: str, size: int, cut: int
) -> None:
    message = hello(port, f"of {size} by {cut}", size)
    data = text(message)
    with RawPeer(getattr(hub, port)) as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.shake_hands()
        for start in range(0, len(data), cut or len(data)):
            peer.socket.sendall(data[start : start + (cut or len(data))])
            if cut == 1 and start > 2000:
                peer.socket.sendall(data[start + 1 :])
                break
        peer.socket.sendall(frame(PING))
        assert until(peer, PONG) == b""
        assert f"of {size} by {cut}" in present(hub, "kitchen" if port == KITCHEN else "eater")


def test_group_1_an_empty_or_binary_message_is_no_hello(hub: Hub, port: str) -> None:
    for data, code in ((text(b""), INVALID_DATA), (frame(BINARY, HELLO[port]), UNSUPPORTED)):
        with RawPeer(getattr(hub, port)) as peer:
            peer.shake_hands().socket.sendall(data)
            assert peer.close_code() == code


# 2: pings and pongs.
@pytest.mark.parametrize(
    "payload", [b"", b"Hello", bytes(range(256))[125:250], b"\0\xff\xfe", b"*" * 125]
)
def test_group_2_a_ping_is_answered_with_its_payload(hub: Hub, port: str, payload: bytes) -> None:
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(text(HELLO[port]) + frame(PING, payload))
        assert until(peer, PONG) == payload


def test_group_2_pings_are_answered_in_their_order_and_pongs_not_at_all(
    hub: Hub, port: str
) -> None:
    pings = [b"ping %d" % number for number in range(10)]
    sent = b"".join(frame(PONG, b"unasked") + frame(PING, each) for each in pings)
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(text(HELLO[port]) + sent)
        assert [until(peer, PONG) for _ in pings] == pings


# 3 and 4: bits and opcodes that mean nothing yet; 2.5 and 5.1 to 5.2: control frames that are none.
VIOLATIONS: Final = {
    **{f"3 RSV {bits} in {name}": frame(opcode, b"x", reserved=bits)
       for bits in range(1, 8) for name, opcode in (("text", TEXT), ("a ping", PING))},
    **{f"3.7 RSV {bits} in a close frame": frame(CLOSE, b"\x03\xe8", reserved=bits)
       for bits in (1, 4, 7)},
    **{f"4.1 opcode {opcode}": frame(opcode, b"x") for opcode in range(3, 8)},
    **{f"4.2 opcode {opcode}": frame(opcode, b"x") for opcode in range(11, 16)},
    "2.5 a ping of 126 bytes": frame(PING, bytes(126)),
    "2.5 a pong of 126 bytes": frame(PONG, bytes(126)),
    "5.1 a ping in two": frame(PING, b"x", fin=False) + frame(CONTINUATION, b"x"),
    "5.2 a pong in two": frame(PONG, b"x", fin=False) + frame(CONTINUATION, b"x"),
    "5.9 the rest of nothing": frame(CONTINUATION, b"x"),
    "5.10 the rest of nothing, and more": frame(CONTINUATION, b"x", fin=False),
    "5.15 a second end": pieces(b"{}", 1) + frame(CONTINUATION, b"x", fin=False),
    "5.18 a message within another": frame(TEXT, b"x", fin=False) + text(b"x"),
    "5 binary within text": frame(TEXT, b"x", fin=False) + frame(BINARY, b"x"),
    "7.3.2 a close frame of one byte": frame(CLOSE, b"\x03"),
    "7.3.6 a close frame of 126 bytes": frame(CLOSE, b"\x03\xe8" + b"*" * 124),
    "7 a close frame in two": frame(CLOSE, b"\x03\xe8", fin=False),
    "RFC 6455 5.1 not masked": b"\x81\x02{}",
}  # fmt: skip


@pytest.mark.parametrize("name", VIOLATIONS)
def test_groups_2_to_5_and_7_what_breaks_the_protocol_ends_the_connection(
    hub: Hub, port: str, name: str
) -> None:
    # What follows the violation is not looked at, whatever it is.
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(VIOLATIONS[name] + text(HELLO[port]))
        assert peer.close_code() == PROTOCOL_ERROR


@pytest.mark.parametrize("name", list(VIOLATIONS)[::4])
def test_groups_2_to_5_and_7_likewise_after_a_hello_in_the_middle_of_things(
    hub: Hub, port: str, name: str
) -> None:
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(text(HELLO[port]) + frame(PING) + VIOLATIONS[name])
        assert until(peer, PONG) == b""
        assert peer.close_code() in (PROTOCOL_ERROR, 1008)


# 5: fragments, with control frames between them.
@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("between", [b"", frame(PING, b"between"), frame(PONG)], ids=len)
def test_group_5_a_message_in_fragments_is_understood_whatever_comes_between(
    hub: Hub, port: str, size: int, between: bytes
) -> None:
    message = hello(port, f"in {size}s")
    understood(hub, port, pieces(message, size, between=between), message)


def test_group_5_fragments_may_be_empty(hub: Hub, port: str) -> None:
    message = hello(port, "with nothing between")
    empty = frame(CONTINUATION, fin=False)
    understood(
        hub, port, frame(TEXT, fin=False) + empty + frame(CONTINUATION, message, fin=False)
        + empty + frame(CONTINUATION), message,
    )  # fmt: skip


# 6: UTF-8, valid and not, whole and split anywhere, of each length of sequence.
VALID: Final = [
    "κόσμε", "\u00a9", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff",
    "Hello-µ@ßöäüàá-UTF-8!!",
]  # fmt: skip
INVALID: Final = {
    "6.3 edited": b"\xce\xba\xed\xa0\x80edited",
    "6.6 an incomplete sequence": b"\xce",
    "6.6 three of four bytes": b"\xf0\x90\x80",
    "6.10 overlong": b"\xc0\xaf",
    "6.10 overlong of three": b"\xe0\x80\xaf",
    "6.10 overlong of four": b"\xf0\x80\x80\xaf",
    "6.12 a lone continuation": b"\x80",
    "6.13 a start without the rest": b"\xc3(",
    "6.14 the impossible FE": b"\xfe",
    "6.14 the impossible FF": b"\xff",
    "6.20 a high surrogate": b"\xed\xa0\x80",
    "6.20 a low surrogate": b"\xed\xbf\xbf",
    "6.21 a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "6.5 beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "6 five bytes": b"\xf8\x88\x80\x80\x80",
    "6 six bytes": b"\xfc\x84\x80\x80\x80\x80",
}


@pytest.mark.parametrize("characters", VALID)
def test_group_6_valid_utf_8_is_understood_even_if_split_within_a_character(
    hub: Hub, port: str, characters: str
) -> None:
    key = "kitchen_name" if port == KITCHEN else "eater_name"
    message = json.dumps({key: characters}, ensure_ascii=False).encode()
    understood(hub, port, pieces(message, 1), message)


@pytest.mark.parametrize("split", [0, 1], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("name", INVALID)
def test_group_6_invalid_utf_8_is_refused(hub: Hub, port: str, name: str, split: int) -> None:
    message = HELLO[port].replace(b"conforming", INVALID[name])
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(pieces(message, split or len(message)))
        assert peer.close_code() == INVALID_DATA


# 7: closing.
@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        (b"", b""),
        *((code.to_bytes(2) + reason, code.to_bytes(2)) for code in
          (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
          for reason in (b"", b"Hello World!")),
        (b"\x03\xe8" + b"*" * 123, b"\x03\xe8"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("greeted", [True, False], ids=["after a hello", "before one"])
def test_group_7_a_close_frame_is_answered_with_its_code_and_then_the_end(
    hub: Hub, port: str, greeted: bool, payload: bytes, answer: bytes
) -> None:
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands()
        # 7.1: whatever follows a close frame is not looked at.
        after = frame(CLOSE, payload) + text(b"too late") + frame(PING, b"too late")
        peer.socket.sendall((text(HELLO[port]) if greeted else b"") + after)
        assert until(peer, CLOSE)[:2] == answer
        assert peer.ending() == b""


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535])
def test_group_7_a_close_code_that_cannot_be_is_a_protocol_error(
    hub: Hub, port: str, code: int
) -> None:
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(frame(CLOSE, code.to_bytes(2)))
        assert peer.close_code() == PROTOCOL_ERROR


def test_group_7_a_reason_that_is_not_utf_8_is_refused(hub: Hub, port: str) -> None:
    with RawPeer(getattr(hub, port)) as peer:
        peer.shake_hands().socket.sendall(frame(CLOSE, b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xff"))
        assert peer.close_code() in (INVALID_DATA, PROTOCOL_ERROR)


def test_group_7_who_does_not_answer_a_close_frame_is_cut_all_the_same(hub: Hub) -> None:
    with RawPeer(hub.in_port) as peer:
        peer.shake_hands().socket.sendall(frame(BINARY, HELLO[KITCHEN]))
        opcode, said = read_frame(peer.socket)
        assert (opcode, said[:2]) == (CLOSE, UNSUPPORTED.to_bytes(2))
        assert peer.ending() == b""


# 9 and 10: what is large, and in how many pieces it comes.
def test_group_9_a_dumpling_of_nearly_a_mebibyte_is_passed_on_and_a_longer_message_is_not(
    hub: Hub,
) -> None:
    large = dumpling("*" * (1024 * 1024 - 1000), kitchen="large")
    with connect(
        f"ws://localhost:{hub.out_port}", compression=None, proxy=None, max_size=None
    ) as eater:
        eater.send('{"eater_name": "of what is large"}')
        assert eater.ping().wait(PATIENCE)
        with RawPeer(hub.in_port) as peer:
            peer.shake_hands().say('{"kitchen_name": "large"}')
            peer.socket.sendall(pieces(large.encode(), 65_536))
            while eater.recv(PATIENCE) != large:
                pass  # the hub's own
            peer.say(dumpling("*" * (1024 * 1024 + 1), kitchen="large"))
            assert peer.close_code() == 1009


def test_group_10_a_message_sent_in_small_writes_is_understood(hub: Hub, port: str) -> None:
    message = hello(port, "chopped", 12_000)
    data = text(message)
    with RawPeer(getattr(hub, port)) as peer:
        peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.shake_hands()
        for start in range(0, len(data), 130):
            peer.socket.sendall(data[start : start + 130])
        peer.socket.sendall(frame(PING))
        assert until(peer, PONG) == b""
        assert "chopped" in present(hub, "kitchen" if port == KITCHEN else "eater")
