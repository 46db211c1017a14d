"""Conversations with the hub in netdumplings.v2: given this message, expect that event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netdumplings.defaults import MAX_MESSAGE
from netdumplings.wire import (
    EVERYTHING,
    LIMITS,
    CloseCode,
    CountsReceived,
    DumplingsReceived,
    EaterHello,
    KitchenHello,
    Limits,
    Metadata,
    Peer,
    Refusal,
    V2EaterPeer,
    V2KitchenPeer,
    subscription,
)
from netdumplings.wire.messages import MAX_CURSOR, MAX_SEQ

SESSION = "0123456789abcdef0123456789abcdef"
KITCHEN = b'{"kitchen_name": "k",  "chefs": []}'
HELLO = b'{"type":"hello","session":"%s","first":1,"announcement":%s}' % (SESSION.encode(), KITCHEN)
EATER = b'{"eater_name": "e" }'
EATER_HELLO = b'{"type":"hello","announcement":%s}' % EATER
DUMPLING = (
    b'{"metadata": {"chef": "C", "creation_time": 1.5, "driver": "packet", "kitchen": "k"},'
    b' "payload": 1}'
)
METADATA = Metadata("C", 1.5, "packet", "k")


def batch(first: object, *lines: bytes) -> bytes:
    return b"\n".join([b'{"type":"batch","first":%s}' % str(first).encode(), *lines])


def counts(document: object) -> bytes:
    return b'{"type":"counts","counts":%s}' % json.dumps(document).encode()


def kitchen() -> V2KitchenPeer:
    """A kitchen that has said hello."""
    peer = V2KitchenPeer()
    [event] = peer.receive(HELLO)
    assert event == KitchenHello("k", KITCHEN, SESSION, 1)
    return peer


def refusal(peer: Peer, message: bytes) -> Refusal:
    """Send a message that must be refused, and nothing after it be heard."""
    [event] = peer.receive(message)
    assert isinstance(event, Refusal)
    assert event.reason
    for later in (message, HELLO, EATER_HELLO, batch(1, DUMPLING)):
        assert peer.receive(later) == []
    assert peer.time_out(10.0) == []
    return event


def test_a_kitchen_says_hello_sends_batches_and_tells_its_counts() -> None:
    peer = kitchen()
    [event] = peer.receive(batch(5, DUMPLING, DUMPLING))
    assert event == DumplingsReceived(5, DUMPLING + b"\n" + DUMPLING, [METADATA, METADATA])
    assert peer.receive(counts({"a": {"b": 1}})) == [CountsReceived(b'{"a": {"b": 1}}')]
    # The hub, not the conversation, knows what it has had.
    [event] = peer.receive(batch(1, DUMPLING))
    assert event == DumplingsReceived(1, DUMPLING, [METADATA])


def test_a_kitchen_may_say_hello_again_to_go_on_with_another_session() -> None:
    peer = kitchen()
    other = HELLO.replace(b"0123", b"abcd").replace(b'"first":1', b'"first":9')
    [event] = peer.receive(other)
    assert isinstance(event, KitchenHello)
    assert (event.session, event.first) == (SESSION.replace("0123", "abcd"), 9)


def test_a_kitchen_may_say_what_was_acknowledged_by_whatever_hub() -> None:
    said = [b'"first":1', b'"first":9,"acknowledged":0', b'"first":9,"acknowledged":8']
    for text, meant in zip(said, [None, 0, 8], strict=True):
        [event] = V2KitchenPeer().receive(HELLO.replace(b'"first":1', text))
        assert isinstance(event, KitchenHello)
        assert event.acknowledged == meant


def test_what_its_subscription_says_is_what_an_eater_gets() -> None:
    [event] = V2EaterPeer().receive(EATER_HELLO)
    assert event == EaterHello("e", EATER, EVERYTHING)
    more = {
        "chefs": ["b", "a"],
        "kitchens": [None],
        "drivers": ["interval"],
        "last": 3,
        "since": 1.5,
        "resume": {"s": 7},
        "compression": ["br", "deflate", "zstd"],
    }
    [event] = V2EaterPeer().receive(EATER_HELLO[:-1] + b"," + json.dumps(more).encode()[1:])
    assert event == EaterHello(
        "e",
        EATER,
        subscription(chefs=["a", "b"], kitchens=[None], drivers=["interval"]),
        last=3,
        since=1.5,
        resume={"s": 7},
        encoding="deflate",
    )


def test_an_eater_that_has_said_hello_may_say_anything() -> None:
    peer = V2EaterPeer()
    peer.receive(EATER_HELLO)
    for message in (b"", b"\xff", b"[]", EATER_HELLO, batch(1, DUMPLING)):
        assert peer.receive(message) == []


UNKNOWN = b'{"type":"of tomorrow","first":"x"}\nmore \x01'


def test_a_kitchens_messages_of_an_unknown_type_are_ignored_after_its_hello() -> None:
    peer = kitchen()
    assert peer.receive(UNKNOWN) == []
    assert len(peer.receive(batch(1, DUMPLING))) == 1


@pytest.mark.parametrize("peer", [V2KitchenPeer, V2EaterPeer])
@pytest.mark.parametrize(
    ("message", "code"),
    [
        (UNKNOWN.partition(b"\n")[0], CloseCode.POLICY_VIOLATION),
        (batch(1, DUMPLING), CloseCode.POLICY_VIOLATION),
        (batch(1, DUMPLING).partition(b"\n")[0], CloseCode.POLICY_VIOLATION),
        (counts({}), CloseCode.POLICY_VIOLATION),
        (KITCHEN, CloseCode.POLICY_VIOLATION),
        (EATER, CloseCode.POLICY_VIOLATION),
        (DUMPLING, CloseCode.POLICY_VIOLATION),
        (b"{}", CloseCode.POLICY_VIOLATION),
        (b"[]", CloseCode.POLICY_VIOLATION),
        (b'{"type":"hello"}', CloseCode.POLICY_VIOLATION),
        (b'{"type":"hello","session":"%s","first":1,"announcement":{}}' % SESSION.encode(),
         CloseCode.POLICY_VIOLATION),
        (b'{"type":"hello","session":"%s","first":1,"announcement":5}' % SESSION.encode(),
         CloseCode.POLICY_VIOLATION),
        (b"", CloseCode.INVALID_DATA),
        (b"hello", CloseCode.INVALID_DATA),
        (b"\xff\xfe", CloseCode.INVALID_DATA),
        (b'{"type":"\xff"}', CloseCode.INVALID_DATA),
        (b'{"type":"hello","announcement":' + b"[" * 100_000, CloseCode.POLICY_VIOLATION),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_a_first_message_must_be_a_hello(peer: type[Peer], message: bytes, code: CloseCode) -> None:
    assert refusal(peer(), message).code == code


def test_a_kitchen_among_eaters_and_an_eater_among_kitchens_are_refused() -> None:
    assert "eater_name" in refusal(V2EaterPeer(), HELLO).reason
    assert "session" in refusal(V2KitchenPeer(), EATER_HELLO).reason


@pytest.mark.parametrize(
    ("message", "code", "reason"),
    [
        (batch(1), CloseCode.POLICY_VIOLATION, "a batch without dumplings"),
        (batch(0, DUMPLING), CloseCode.POLICY_VIOLATION, "$.first"),
        (batch(-1, DUMPLING), CloseCode.POLICY_VIOLATION, "$.first"),
        (batch(1.5, DUMPLING), CloseCode.POLICY_VIOLATION, "$.first"),
        (batch("null", DUMPLING), CloseCode.POLICY_VIOLATION, "$.first"),
        (batch(MAX_SEQ, DUMPLING), CloseCode.POLICY_VIOLATION, "too large"),
        (batch(MAX_SEQ + 1, DUMPLING), CloseCode.POLICY_VIOLATION, "$.first"),
        (batch(10**400, DUMPLING), CloseCode.POLICY_VIOLATION, "$.first"),
        (b'{"type":"batch"}\n' + DUMPLING, CloseCode.POLICY_VIOLATION, "`first`"),
        (batch(1, DUMPLING, b""), CloseCode.INVALID_DATA, "the dumpling is not JSON"),
        (batch(1, DUMPLING[:-1]), CloseCode.INVALID_DATA, "the dumpling is not JSON"),
        (batch(1, DUMPLING, b"{}"), CloseCode.POLICY_VIOLATION, "`metadata`"),
        (batch(1, DUMPLING, KITCHEN), CloseCode.POLICY_VIOLATION, "`metadata`"),
        (batch(1, DUMPLING.replace(b" 1}", b'"\xff"}')), CloseCode.INVALID_DATA, "not UTF-8"),
        (
            batch(1, DUMPLING.replace(b"1}", b"[" * 99_999 + b"]" * 99_999 + b"}")),
            CloseCode.POLICY_VIOLATION,
            "nested too deeply",
        ),
        (
            batch(1, DUMPLING.replace(b'"C"', b'"\\u0053ystemStatusChef"'), DUMPLING),
            CloseCode.POLICY_VIOLATION,
            "SystemStatusChef is the hub's own chef; rename yours",
        ),
        (
            batch(1, DUMPLING, DUMPLING + b" " * MAX_MESSAGE),
            CloseCode.TOO_BIG,
            "a dumpling over 1048576 bytes",
        ),
        (b'{"type":"counts"}', CloseCode.POLICY_VIOLATION, "`counts`"),
        (counts([]), CloseCode.POLICY_VIOLATION, "the counts are not a JSON object"),
        (counts(None), CloseCode.POLICY_VIOLATION, "the counts are not a JSON object"),
        (counts("x" * LIMITS.hello), CloseCode.TOO_BIG, "a message of counts over 16384 bytes"),
        (
            b'{"type":"counts","counts":{"a":' + b"[" * 15 + b"]" * 15 + b"}}",
            CloseCode.POLICY_VIOLATION,
            "the message of counts is nested too deeply",
        ),
        (b'{"type":"counts","counts":{"a":"\xff"}}', CloseCode.INVALID_DATA, "not UTF-8"),
        (b'{"type":"counts","counts":{"a":"\\ud800"}}', CloseCode.INVALID_DATA, "not JSON"),
        (HELLO.replace(b'"first":1', b'"first":0'), CloseCode.POLICY_VIOLATION, "$.first"),
        (HELLO.replace(KITCHEN, b"{}"), CloseCode.POLICY_VIOLATION, "has no kitchen_name"),
        (b"\n" + DUMPLING, CloseCode.INVALID_DATA, "first line is not JSON"),
        (DUMPLING, CloseCode.POLICY_VIOLATION, "`type`"),
        (b"\x28\xb5\x2f\xfd", CloseCode.INVALID_DATA, "not UTF-8"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_kitchen_that_breaks_the_protocol_is_refused(
    message: bytes, code: CloseCode, reason: str
) -> None:
    event = refusal(kitchen(), message)
    assert event.code == code
    assert reason in event.reason


def test_the_largest_number_that_a_dumpling_may_have() -> None:
    [event] = kitchen().receive(batch(MAX_SEQ - 2, DUMPLING, DUMPLING))
    assert isinstance(event, DumplingsReceived)
    assert refusal(kitchen(), batch(MAX_SEQ - 2, *[DUMPLING] * 3)).code == 1008


def test_the_largest_hello_and_the_largest_counts() -> None:
    announced = HELLO.replace(KITCHEN, b'{"kitchen_name":"","x":"%s"}')
    room = LIMITS.hello - len(announced % b"")
    assert len(V2KitchenPeer().receive(announced % (b"x" * room))) == 1
    assert refusal(V2KitchenPeer(), announced % (b"x" * (room + 1))).code == CloseCode.TOO_BIG
    # Together with the name of the key they are as long.
    room = LIMITS.hello - len(b'{"kitchen_name":"","counts":{"x":""}}')
    assert len(kitchen().receive(counts({"x": "x" * room}).replace(b'": "', b'":"'))) == 1
    assert refusal(kitchen(), counts({"x": "x" * (room + 1)})).code == CloseCode.TOO_BIG


def test_an_eater_that_comes_back_has_room_for_its_cursor_besides() -> None:
    hello = b'{"type":"hello","announcement":{"eater_name":"e","x":"%s"},"resume":{%s}}'
    cursor = b",".join(b'"%064d":%d' % (n, MAX_SEQ) for n in range(MAX_CURSOR))
    longest = LIMITS.hello - len(hello % (b"", b""))
    [event] = V2EaterPeer().receive(hello % (b"x" * longest, cursor))
    assert isinstance(event, EaterHello)
    event = refusal(V2EaterPeer(), hello % (b"x" * (longest + 1), b""))
    assert (event.code, event.reason) == (1009, "a first message over 16384 bytes long")
    # For one that has only some of a cursor there is not as much.
    some = b",".join(b'"%064d":%d' % (n, MAX_SEQ) for n in range(10))
    assert refusal(V2EaterPeer(), hello % (b"x" * (longest + 10_000), some)).code == 1009


def test_a_hub_with_limits_of_its_own_holds_to_them() -> None:
    hello = HELLO.replace(KITCHEN, b'{"kitchen_name":"k"}')
    limits = Limits(hello=len(hello), message=len(DUMPLING) + 4, depth=3)
    peer = V2KitchenPeer(limits)
    assert isinstance(peer.receive(hello)[0], KitchenHello)
    deep = DUMPLING.replace(b"1}", b"[{}]}"), DUMPLING.replace(b"1}", b"[[1]]}")
    assert isinstance(peer.receive(batch(1, DUMPLING, *deep))[0], DumplingsReceived)
    too_long = DUMPLING.replace(b"1}", b"123456}")
    assert refusal(peer, batch(4, DUMPLING, too_long)).cause == "too big"
    [event] = V2KitchenPeer(limits).receive(hello + b" ")
    assert isinstance(event, Refusal)
    peer = V2KitchenPeer(Limits(depth=3))
    peer.receive(hello)
    too_deep = DUMPLING.replace(b"1}", b"[[{}, [[]]]]}")
    assert refusal(peer, batch(1, DUMPLING, too_deep)) == Refusal(
        CloseCode.POLICY_VIOLATION, "the dumpling is nested too deeply", "too deep"
    )


@pytest.mark.parametrize("limit", [{"depth": 0}, {"depth": 513}, {"message": 2**20 + 1}])
def test_limits_that_make_no_sense_are_refused(limit: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is a number from 1 to"):
        Limits(**limit)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"last": -1}, "last"),
        ({"since": "yesterday"}, "since"),
        ({"chefs": "C"}, "chefs"),
        ({"kitchens": [1]}, "kitchens"),
        ({"drivers": ["x" * 257]}, "drivers"),
        ({"resume": {"s": 2**53}}, "resume"),
        ({"compression": [None]}, "compression"),
    ],
)
def test_an_eater_that_asks_for_what_cannot_be_is_refused(more: dict[str, Any], key: str) -> None:
    message = json.dumps({"type": "hello", "announcement": {"eater_name": "e"}, **more})
    event = refusal(V2EaterPeer(), message.encode())
    assert event.code == CloseCode.POLICY_VIOLATION
    assert f"$.{key}" in event.reason


@pytest.mark.parametrize("peer", [V2KitchenPeer, V2EaterPeer])
def test_one_that_says_nothing_is_refused(peer: type[Peer]) -> None:
    silent = peer()
    [event] = silent.time_out(10.0)
    reason = "no first message within 10 seconds"
    assert event == Refusal(CloseCode.POLICY_VIOLATION, reason, "silent")
    assert silent.receive(HELLO) == []
    assert silent.receive(EATER_HELLO) == []


@pytest.mark.parametrize(
    "lines",
    [
        # As many values as lines, but not one on each.
        [DUMPLING[:-1], b"}", DUMPLING + DUMPLING],
        [
            DUMPLING.replace(b'"payload":', b'"payload":[1')[:-1],
            b",2]}",
            DUMPLING + b" " + DUMPLING,
        ],
        [DUMPLING + DUMPLING, b"", DUMPLING],
        [DUMPLING, b"", DUMPLING],
        [DUMPLING, b'"x"', DUMPLING],
        [b'"x"', DUMPLING],
        [DUMPLING, b""],
    ],
)
def test_every_line_of_a_batch_is_a_dumpling_by_itself(lines: list[bytes]) -> None:
    assert refusal(kitchen(), batch(1, *lines)).code in (1007, 1008)
    [event] = kitchen().receive(batch(1, DUMPLING, DUMPLING))
    assert isinstance(event, DumplingsReceived)
