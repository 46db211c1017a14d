"""Messages about packets: bytes behind a first line that is text, and of a kitchen only."""

from __future__ import annotations

import msgspec
import pytest

from netdumplings.wire import (
    CloseCode,
    PacketsEndMessage,
    PacketsReceived,
    PacketsUnwanted,
    PacketsWanted,
    Refusal,
    V2KitchenPeer,
    read_to_kitchen,
    write,
)
from netdumplings.wire.messages import read_from_eater

HELLO = (
    b'{"type":"hello","session":"0123456789abcdef","first":1,"announcement":{"kitchen_name":"k"}}'
)


def kitchen() -> V2KitchenPeer:
    """A kitchen that has said hello."""
    peer = V2KitchenPeer()
    assert len(peer.receive(HELLO)) == 1
    return peer


def test_what_a_kitchen_is_asked_is_read_as_it_was_written() -> None:
    for message in (PacketsWanted(3, 1.5, 10.0, 100, "arp"), PacketsUnwanted(3)):
        assert read_to_kitchen(write(message)) == message


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"packets wanted","ask":-1,"around":1,"seconds":1}',
        '{"type":"packets wanted","ask":1,"around":-1,"seconds":1}',
        '{"type":"packets wanted","ask":1,"around":1e12,"seconds":1}',
        '{"type":"packets wanted","ask":1,"around":1,"seconds":301}',
        '{"type":"packets wanted","ask":1,"around":1,"seconds":1,"most":16777217}',
        '{"type":"packets wanted","ask":1,"around":1,"seconds":1,"filter":"%s"}' % ("x" * 501),
        '{"type":"packets unwanted"}',
    ],
)
def test_what_is_out_of_bounds_is_no_request(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_to_kitchen(text)


def test_blocks_come_as_they_are_and_an_answer_ends() -> None:
    peer = kitchen()
    assert peer.receive(b'{"type":"packets","ask":7}\n\xff\n\x00') == [
        PacketsReceived(7, b"\xff\n\x00")
    ]
    end = PacketsEndMessage(7, 1, 2.5, "x")
    assert peer.receive(write(end)) == [end]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b'{"type":"counts","type":"packets","ask":7}\n\xff', CloseCode.POLICY_VIOLATION),
        (b'{"type":"counts","counts":{},"ask":7}\n\xff', CloseCode.INVALID_DATA),
        (b'{"type":"packets","ask":7,"x":"\xff"}\nx', CloseCode.INVALID_DATA),
        (b'{"type":"packets","ask":"7"}\nx', CloseCode.POLICY_VIOLATION),
        (b'{"type":"packets end","ask":7,"problem":5}', CloseCode.POLICY_VIOLATION),
        (b'{"type":"packets end","ask":7,"since":-1}', CloseCode.POLICY_VIOLATION),
    ],
)
def test_other_messages_are_text(message: bytes, code: CloseCode) -> None:
    [event] = kitchen().receive(message)
    assert isinstance(event, Refusal)
    assert event.code == code


@pytest.mark.parametrize(
    "message", [b'{"type":"packets","ask":7}\nx', b'{"type":"packets end","ask":7}']
)
def test_a_kitchen_says_hello_first(message: bytes) -> None:
    [event] = V2KitchenPeer().receive(message)
    assert isinstance(event, Refusal)
    assert event.cause == "no hello"


def test_an_eater_may_want_to_know_whether_it_may_have_packets() -> None:
    text = b'{"type":"hello","announcement":{"eater_name":"e"}%b}'
    assert read_from_eater(text % b',"packets":true').packets
    assert not read_from_eater(text % b"").packets
