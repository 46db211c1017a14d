"""Conversations with the hub: given this message, expect that event."""

from __future__ import annotations

import json

from netdumplings.defaults import MAX_MESSAGE
from netdumplings.wire import (
    EVERYTHING,
    LIMITS,
    CloseCode,
    DumplingsReceived,
    EaterHello,
    EaterPeer,
    KitchenHello,
    KitchenPeer,
    Metadata,
    Peer,
    Refusal,
)

KITCHEN = '{"kitchen_name": "k", "chefs": []}'
EATER = '{"eater_name": "e"}'
DUMPLING = json.dumps(
    {
        "metadata": {"chef": "C", "creation_time": 1.5, "driver": "packet", "kitchen": "k"},
        "payload": {"ž": [1, 2]},
    },
    ensure_ascii=False,
)


def refused(peer: Peer, message: str | bytes) -> CloseCode:
    """Send a message that must be refused, and nothing after it be heard."""
    [event] = peer.receive(message)
    assert isinstance(event, Refusal)
    assert peer.receive(message) == []
    assert peer.receive(EATER) == []
    assert peer.time_out(10.0) == []
    return event.code


def test_a_kitchen_announces_itself_then_sends_dumplings() -> None:
    peer = KitchenPeer()
    assert peer.receive(KITCHEN) == [KitchenHello("k", KITCHEN.encode(), session=None, first=1)]
    [event] = peer.receive(DUMPLING)
    assert event == DumplingsReceived(None, DUMPLING.encode(), [Metadata("C", 1.5, "packet", "k")])


def test_a_dumpling_on_several_lines_becomes_one_line_that_says_the_same() -> None:
    peer = KitchenPeer()
    peer.receive(KITCHEN)
    written = json.dumps(json.loads(DUMPLING), indent=1) + "\n"
    [event] = peer.receive(written)
    assert isinstance(event, DumplingsReceived)
    [line] = event.lines
    assert b"\n" not in line
    assert json.loads(line) == json.loads(DUMPLING)


def test_a_kitchen_of_the_plain_protocol_announces_itself_once() -> None:
    peer = KitchenPeer()
    peer.receive(KITCHEN)
    assert refused(peer, KITCHEN) == CloseCode.POLICY_VIOLATION


def test_what_is_no_dumpling_is_refused_as_such() -> None:
    for message in ("{}", "[]", KITCHEN, EATER, '{"metadata": {}}', '{"payload": "x"}'):
        peer = KitchenPeer()
        peer.receive(KITCHEN)
        [event] = peer.receive(message)
        assert isinstance(event, Refusal)
        assert event.code == CloseCode.POLICY_VIOLATION
        assert event.reason.startswith("not a dumpling: ")


def test_a_kitchen_that_starts_with_a_dumpling_is_refused() -> None:
    assert refused(KitchenPeer(), DUMPLING) == CloseCode.POLICY_VIOLATION


def test_a_first_message_that_is_binary_is_refused() -> None:
    assert refused(KitchenPeer(), KITCHEN.encode()) == CloseCode.UNSUPPORTED_DATA
    assert refused(EaterPeer(), EATER.encode()) == CloseCode.UNSUPPORTED_DATA


def test_a_first_message_over_16_kib_is_refused() -> None:
    long = KITCHEN + " " * (LIMITS.hello - len(KITCHEN))
    assert KitchenPeer().receive(long) == [KitchenHello("k", long.encode())]
    assert refused(KitchenPeer(), long + " ") == CloseCode.TOO_BIG


def test_a_first_message_that_is_no_unicode_text_is_refused() -> None:
    assert refused(KitchenPeer(), '{"kitchen_name": "\udc80"}') == CloseCode.INVALID_DATA


def test_a_peer_that_says_nothing_is_refused() -> None:
    peer = KitchenPeer()
    [event] = peer.time_out(10.0)
    reason = "no first message within 10 seconds"
    assert event == Refusal(CloseCode.POLICY_VIOLATION, reason, "silent")
    assert peer.receive(KITCHEN) == []


def test_a_peer_that_has_said_hello_may_be_silent() -> None:
    peer = EaterPeer()
    peer.receive(EATER)
    assert peer.time_out(10.0) == []


def test_bad_dumplings_are_refused_each_with_its_code() -> None:
    for message, code in (
        ("no JSON", CloseCode.INVALID_DATA),
        ('{"metadata": {}, "payload": 1}', CloseCode.POLICY_VIOLATION),
        (DUMPLING.encode(), CloseCode.UNSUPPORTED_DATA),
        (DUMPLING + " " * MAX_MESSAGE, CloseCode.TOO_BIG),
        ('{"payload": "\udc80"}', CloseCode.INVALID_DATA),
    ):
        peer = KitchenPeer()
        peer.receive(KITCHEN)
        peer.receive(DUMPLING)
        assert refused(peer, message) == code


def test_an_eater_gives_its_name_then_may_say_anything() -> None:
    peer = EaterPeer()
    assert peer.receive(EATER) == [EaterHello("e", EATER.encode(), EVERYTHING)]
    for message in ("", "hello?", "[1]", b"\x00\xff", EATER, DUMPLING):
        assert peer.receive(message) == []


def test_an_eater_on_the_in_port_is_refused() -> None:
    assert refused(KitchenPeer(), EATER) == CloseCode.POLICY_VIOLATION


def test_a_kitchen_on_the_out_port_is_refused() -> None:
    assert refused(EaterPeer(), KITCHEN) == CloseCode.POLICY_VIOLATION
