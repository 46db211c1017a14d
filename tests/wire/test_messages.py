"""Messages of netdumplings.v2 are read as they were written, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from netdumplings.wire import (
    LIMITS,
    MAX_ASKED,
    MAX_CURSOR,
    MAX_NAME,
    Ack,
    BatchMessage,
    BatchToEater,
    CursorMoved,
    Gap,
    UnknownType,
    Wanted,
    WelcomeToEater,
    WelcomeToKitchen,
    counts_message,
    kitchen_hello,
    kitchen_hello_message,
    read_to_kitchen,
    stream_of,
    write,
)
from netdumplings.wire.messages import (
    MAX_LAST,
    MAX_PATTERN_TEXT,
    MAX_PATTERNS,
    MAX_SEQ,
    CountsMessage,
    EaterHelloMessage,
    KitchenHelloMessage,
    read_from_eater,
    read_from_kitchen,
    read_to_eater,
)

SESSION = "0123456789abcdef0123456789abcdef"
KITCHEN = {"type": "hello", "session": SESSION, "first": 1, "announcement": {"kitchen_name": "k"}}
EATER = {"type": "hello", "announcement": {"eater_name": "e"}}


def line(document: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(document | more).encode()


@pytest.mark.parametrize(
    "message",
    [
        KitchenHelloMessage(SESSION, MAX_SEQ, msgspec.Raw(b'{"kitchen_name":"k"}')),
        KitchenHelloMessage(SESSION, MAX_SEQ, msgspec.Raw(b'{"kitchen_name":"k"}'), MAX_SEQ - 1),
        KitchenHelloMessage(
            SESSION, 1, msgspec.Raw(b'{"kitchen_name":"k"}'), asks=["A" * MAX_NAME] * MAX_ASKED
        ),
        BatchMessage(7),
        CountsMessage(msgspec.Raw(b'{"a":[1]}')),
    ],
)
def test_what_a_kitchen_writes_the_hub_reads(message: Any) -> None:
    assert read_from_kitchen(write(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        WelcomeToKitchen(0),
        WelcomeToKitchen(0, []),
        WelcomeToKitchen(7, ["A", "ž"]),
        Ack(MAX_SEQ),
        Wanted([]),
        Wanted(["A" * MAX_NAME] * MAX_ASKED),
    ],
)
def test_what_the_hub_writes_to_a_kitchen_it_reads(message: Any) -> None:
    assert read_to_kitchen(write(message)) == message
    assert read_to_kitchen(write(message).decode()) == message


@pytest.mark.parametrize(
    "message",
    [
        EaterHelloMessage(msgspec.Raw(b'{"eater_name":"e"}')),
        EaterHelloMessage(
            msgspec.Raw(b'{"eater_name":"e"}'),
            chefs=["*", "ž"],
            kitchens=["k", None],
            drivers=[],
            last=MAX_LAST,
            since=-1.5,
            resume={},
            compression=["zstd", "of tomorrow"],
        ),
    ],
)
def test_what_an_eater_writes_the_hub_reads(message: EaterHelloMessage) -> None:
    assert read_from_eater(write(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        WelcomeToEater({}),
        WelcomeToEater({"s": 3}, "deflate"),
        BatchToEater({"s": 3}),
        BatchToEater({"s": 3}, history=True),
        CursorMoved({"s": 3, "t": 4}),
        Gap(9, "slow"),
        Gap(9, "kitchen", "k", {"s": 3}),
    ],
)
def test_what_the_hub_writes_to_an_eater_it_reads(message: Any) -> None:
    assert read_to_eater(write(message)) == message


def test_a_batch_is_a_line_of_json_and_a_line_for_each_dumpling() -> None:
    assert write(BatchMessage(3), [b"{}", b"[]"]) == b'{"type":"batch","first":3}\n{}\n[]'
    assert write(BatchToEater({"s": 1}), [b"{}"]) == b'{"type":"batch","cursor":{"s":1}}\n{}'


def test_what_has_its_default_value_is_left_out() -> None:
    assert write(WelcomeToEater({})) == b'{"type":"welcome","cursor":{}}'
    assert json.loads(write(Gap(2, "hub"))) == {"type": "gap", "missed": 2, "reason": "hub"}


def test_the_helpers_write_what_the_hub_reads() -> None:
    announcement = kitchen_hello("k", "all", "", [], 5.0)
    hello = read_from_kitchen(kitchen_hello_message(SESSION, 4, announcement))
    assert hello == KitchenHelloMessage(SESSION, 4, msgspec.Raw(announcement.encode()))
    hello = read_from_kitchen(kitchen_hello_message(SESSION, 4, announcement, 2))
    assert hello == KitchenHelloMessage(SESSION, 4, msgspec.Raw(announcement.encode()), 2)
    counts = read_from_kitchen(counts_message({"packets_handled": 7}))
    assert isinstance(counts, CountsMessage)
    assert json.loads(bytes(counts.counts)) == {"packets_handled": 7}


def test_keys_that_are_not_known_are_ignored() -> None:
    more = {"of tomorrow": [{"type": "batch"}], "": None}
    assert read_from_kitchen(line(KITCHEN, **more)) == read_from_kitchen(line(KITCHEN))
    assert read_from_eater(line(EATER, **more)) == read_from_eater(line(EATER))
    assert read_to_kitchen(line({"type": "ack", "acknowledged": 1}, **more)) == Ack(1)
    assert read_to_eater(line({"type": "cursor", "cursor": {}}, **more)) == CursorMoved({})


def test_the_type_may_stand_anywhere_in_its_message() -> None:
    assert read_to_kitchen('{"acknowledged": 5, "x": {"type": "no"}, "type": "ack"}') == Ack(5)


@pytest.mark.parametrize("read", [read_from_kitchen, read_from_eater, read_to_kitchen])
def test_a_message_of_another_type_is_told_from_one_that_is_damaged(read: Any) -> None:
    with pytest.raises(UnknownType, match="'of tomorrow'"):
        read(b'{"type": "of tomorrow", "first": "anything"}')
    for damaged in (b"{}", b"[]", b'{"type": 5}', b'{"type": null}', b'{"type": "hello"}'):
        with pytest.raises((msgspec.ValidationError, UnknownType)) as caught:
            read(damaged)
        # A hub says no hello.
        known = read is not read_to_kitchen or b"hello" not in damaged
        assert isinstance(caught.value, msgspec.ValidationError) == known
    for no_json in (b"", b"{", b'{"type": "ack"'):
        with pytest.raises(msgspec.DecodeError):
            read(no_json)


@pytest.mark.parametrize(
    "wrong",
    [
        {"session": "x" * 15},
        {"session": "x" * 129},
        {"session": 5},
        {"first": 0},
        {"first": -1},
        {"first": MAX_SEQ + 1},
        {"first": 10**400},
        {"first": 1.0},
        {"first": "1"},
        {"first": True},
        {"first": None},
        {"acknowledged": -1},
        {"acknowledged": 1},
        {"first": MAX_SEQ, "acknowledged": MAX_SEQ},
        {"first": MAX_SEQ, "acknowledged": MAX_SEQ + 1},
        {"acknowledged": 0.0},
        {"acknowledged": "0"},
        {"acknowledged": False},
    ],
)
def test_a_kitchens_hello_is_held_to_its_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_from_kitchen(line(KITCHEN, **wrong))


@pytest.mark.parametrize("key", ["session", "first", "announcement"])
def test_a_kitchens_hello_lacks_nothing(key: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=key):
        read_from_kitchen(line({name: KITCHEN[name] for name in KITCHEN if name != key}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"chefs": "ARPChef"},
        {"chefs": [None]},
        {"chefs": ["x" * (MAX_NAME + 1)]},
        {"chefs": ["x"] * (MAX_PATTERNS + 1)},
        {"kitchens": [5]},
        {"kitchens": [None] * (MAX_PATTERNS + 1)},
        {"drivers": {}},
        {"chefs": ["*" * 200] * 10, "kitchens": ["?" * 200] * 10, "drivers": ["[" * 97]},
        {"last": -1},
        {"last": MAX_LAST + 1},
        {"last": 1.5},
        {"since": "2026-11-20"},
        {"since": True},
        {"resume": []},
        {"resume": {"s": -1}},
        {"resume": {"s": MAX_SEQ + 1}},
        {"resume": {"s": None}},
        {"resume": {"s" * 65: 1}},
        {"resume": {str(number): 1 for number in range(MAX_CURSOR + 1)}},
        {"compression": "zstd"},
        {"compression": ["x"] * (MAX_PATTERNS + 1)},
    ],
)
def test_an_eaters_hello_is_held_to_its_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_from_eater(line(EATER, **wrong))


def test_an_eaters_hello_may_reach_its_bounds() -> None:
    most = {
        "chefs": ["x" * MAX_NAME] * MAX_PATTERNS,
        "kitchens": ["*" * MAX_NAME] * (MAX_PATTERN_TEXT // MAX_NAME) + [None] * 48,
        "drivers": ["]" * MAX_NAME] * MAX_PATTERNS,
        "last": MAX_LAST,
        "since": 0,
        "resume": {f"{number:064}": MAX_SEQ for number in range(MAX_CURSOR)},
    }
    hello = read_from_eater(line(EATER, **most))
    assert {key: getattr(hello, key) for key in most} == most


@pytest.mark.parametrize("key", ["chefs", "kitchens", "drivers", "last", "since", "resume"])
def test_null_is_as_good_as_nothing(key: str) -> None:
    assert read_from_eater(line(EATER, **{key: None})) == read_from_eater(line(EATER))


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "welcome"},
        {"type": "welcome", "cursor": {"s": -1}},
        {"type": "welcome", "cursor": {"s": MAX_SEQ + 1}},
        {"type": "welcome", "cursor": {"s" * 65: 1}},
        {"type": "welcome", "cursor": {}, "compression": 5},
        {"type": "batch", "cursor": None},
        {"type": "batch", "cursor": {"s": 1.5}},
        {"type": "batch", "cursor": {}, "history": "yes"},
        {"type": "cursor"},
        {"type": "gap", "missed": -1, "reason": "slow"},
        {"type": "gap", "missed": 1},
        {"type": "gap", "missed": 1, "reason": "slow", "cursor": {"s": -1}},
    ],
)
def test_what_a_hub_tells_an_eater_is_held_to_its_bounds(wrong: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_to_eater(line(wrong))


def test_a_stream_is_the_beginning_of_the_hash_of_its_session() -> None:
    # From sha256sum(1).
    assert stream_of("0123456789abcdef0123456789abcdef") == "3eb1bd439947eb76"
    assert stream_of("ž" * 16) == "bf3e8eb704595256"


def asked(announcement: str, asks: list[str]) -> list[str] | None:
    """Which chefs a kitchen asks about, in a hello that a hub takes."""
    hello = kitchen_hello_message(SESSION, 1, announcement, None, asks)
    assert len(hello) <= LIMITS.hello
    message = read_from_kitchen(hello)
    assert isinstance(message, KitchenHelloMessage)
    return message.asks


def test_a_kitchen_asks_about_all_its_chefs_or_not_at_all() -> None:
    brief = kitchen_hello("k", "eth0", "", [], 5.0)
    long = kitchen_hello("k", "eth0", "f" * (LIMITS.hello - 3000), [], 5.0)
    names = [f"Chef{number}" for number in range(MAX_ASKED)]
    assert asked(brief, names) == names
    assert asked(long, names[:10]) == names[:10]
    assert asked(brief, [*names, "OneMore"]) is None
    assert asked(long, ["A" * MAX_NAME] * 20) is None
    assert asked(brief, []) is None


@pytest.mark.parametrize("wrong", [["A"] * (MAX_ASKED + 1), ["A" * (MAX_NAME + 1)], [1], "A", {}])
def test_a_hub_and_a_kitchen_take_so_many_chefs_and_so_long_names(wrong: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_from_kitchen(line(KITCHEN, asks=wrong))
    for told in (
        {"type": "welcome", "acknowledged": 0, "wanted": wrong},
        {"type": "wanted", "chefs": wrong},
    ):
        with pytest.raises(msgspec.ValidationError):
            read_to_kitchen(json.dumps(told))


def test_a_kitchen_that_is_told_less_or_nothing_is_older_or_its_hub_is() -> None:
    assert read_to_kitchen('{"type":"welcome","acknowledged":0}') == WelcomeToKitchen(0)
    with pytest.raises(msgspec.ValidationError):
        read_to_kitchen('{"type":"wanted"}')
