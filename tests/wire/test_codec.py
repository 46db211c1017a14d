"""What the hub takes for a hello and for a dumpling, and what it says of the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netdumplings import Dumpling, InvalidDumpling
from netdumplings.defaults import MAX_MESSAGE
from netdumplings.wire import (
    LIMITS,
    MAX_NAME,
    CloseCode,
    Hello,
    Refusal,
    check_dumpling,
    chef_of,
    decode_eater_hello,
    decode_kitchen_hello,
)

METADATA = {
    "chef": "PacketCountChef",
    "creation_time": 1515990765.925951,
    "driver": "interval",
    "kitchen": "default_kitchen",
}


def dumpling(payload: Any = None, **metadata: Any) -> bytes:
    return json.dumps({"metadata": METADATA | metadata, "payload": payload}).encode()


def without(key: str) -> bytes:
    metadata = {name: value for name, value in METADATA.items() if name != key}
    return json.dumps({"metadata": metadata, "payload": None}).encode()


def refusal(outcome: object) -> Refusal:
    assert isinstance(outcome, Refusal)
    return outcome


def test_the_dumpling_of_the_contract_is_taken() -> None:
    assert check_dumpling(dumpling({"packet_counts": {"Ethernet": 1426745}})) is None


@pytest.mark.parametrize("payload", [None, True, 0, -1.5e300, "žluťoučký", [], {}, [[{"a": [1]}]]])
def test_a_payload_is_any_json_value(payload: Any) -> None:
    assert check_dumpling(dumpling(payload)) is None


def test_the_hubs_own_kitchen_null_is_taken() -> None:
    assert check_dumpling(dumpling(kitchen=None)) is None


def test_a_creation_time_in_whole_seconds_is_taken() -> None:
    assert check_dumpling(dumpling(creation_time=1515990765)) is None


def test_keys_that_a_dumpling_need_not_have_are_let_through() -> None:
    text = json.dumps({"metadata": METADATA | {"new": 1}, "payload": 1, "other": 2}).encode()
    assert check_dumpling(text) is None


@pytest.mark.parametrize("key", METADATA)
def test_a_dumpling_lacks_no_metadata(key: str) -> None:
    outcome = refusal(check_dumpling(without(key)))
    assert outcome.code == CloseCode.POLICY_VIOLATION
    assert f"`{key}`" in outcome.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[]", "Expected `object`"),
        (b'"text"', "Expected `object`"),
        (b"{}", "`metadata`"),
        (b'{"metadata": [], "payload": 1}', "$.metadata"),
        (b'{"metadata": {}, "payload": 1}', "`chef`"),
        (json.dumps({"metadata": METADATA}).encode(), "`payload`"),
        (dumpling(chef=None), "$.metadata.chef"),
        (dumpling(chef="x" * (MAX_NAME + 1)), "$.metadata.chef"),
        (dumpling(kitchen=7), "$.metadata.kitchen"),
        (dumpling(kitchen="x" * (MAX_NAME + 1)), "$.metadata.kitchen"),
        (dumpling(driver="lorry"), "$.metadata.driver"),
        (dumpling(driver=None), "$.metadata.driver"),
        (dumpling(creation_time="now"), "$.metadata.creation_time"),
        (dumpling(creation_time=True), "$.metadata.creation_time"),
        (b"[" * 100_000 + b"]" * 100_000, "Expected `object`"),
        (dumpling(0)[:-2] + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_a_dumpling_of_the_wrong_shape_is_refused_with_1008(text: bytes, reason: str) -> None:
    outcome = refusal(check_dumpling(text))
    assert outcome.code == CloseCode.POLICY_VIOLATION
    assert reason in outcome.reason


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no JSON",
        dumpling()[:-1],
        dumpling() + b"x",
        dumpling(float("nan")),
        dumpling(float("inf")),
        b'{"metadata": {"chef": "\xff"}}',
        dumpling("?").replace(b"?", b"\xff"),
        dumpling("?").replace(b"?", b"\xed\xb0\x80"),
    ],
)
def test_a_dumpling_that_is_not_json_in_utf8_is_refused_with_1007(text: bytes) -> None:
    assert refusal(check_dumpling(text)).code == CloseCode.INVALID_DATA


def test_a_dumpling_is_at_most_a_mebibyte() -> None:
    room = MAX_MESSAGE - len(dumpling(""))
    assert check_dumpling(dumpling("x" * room)) is None
    assert refusal(check_dumpling(dumpling("x" * (room + 1)))).code == CloseCode.TOO_BIG


@pytest.mark.parametrize(
    ("payload", "taken"),
    [
        (b"[" * 64 + b"]" * 64, True),
        (b"[" * 65 + b"]" * 65, False),
        (b'{"a":' * 64 + b"1" + b"}" * 64, True),
        (b'{"a":' * 65 + b"1" + b"}" * 65, False),
        (b'[{"a":' * 32 + b"[]" + b"}]" * 32, False),
        (b"[" + b"[{}]," * 500 + b'"]]]]"]', True),
        (b"[" * 60 + b'"%s"' % (rb"[\"[" * 50) + b"]" * 60, True),
        # Closing brackets in strings close nothing.
        (rb'["\"]\\",' * 65 + b"1" + b"]" * 65, False),
    ],
)
def test_a_payload_is_nested_at_most_64_deep(payload: bytes, taken: bool) -> None:
    outcome = check_dumpling(dumpling("?").replace(b'"?"', payload))
    assert outcome is None if taken else refusal(outcome).cause == "too deep"


@pytest.mark.parametrize("where", [b'"driver"', b'"payload"'])
def test_nothing_else_in_a_dumpling_is_nested_deeper(where: bytes) -> None:
    more = b'"more": %s, %s' % (b"[" * 65 + b"]" * 65, where)
    assert refusal(check_dumpling(dumpling().replace(where, more))).cause == "too deep"


@pytest.mark.parametrize(
    ("payload", "taken"),
    [
        (b"9" * 4300, True),
        (b"-" + b"9" * 4300, True),
        (b"9" * 4301, False),
        (b'{"a":[1,-%s]}' % (b"9" * 4301), False),
        (b'"%s"' % (b"9" * 9000), True),
        (b"0." + b"9" * 9000, True),
        (b"1e" + b"9" * 9000, True),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_number_has_no_more_digits_than_python_reads(payload: bytes, taken: bool) -> None:
    text = dumpling("?").replace(b'"?"', payload)
    outcome = check_dumpling(text)
    assert outcome is None if taken else refusal(outcome).cause == "not a dumpling"
    if taken:
        Dumpling.from_json(text)
    else:
        with pytest.raises(InvalidDumpling):
            Dumpling.from_json(text)


@pytest.mark.parametrize("name", ["SystemStatusChef", "\\u0053ystemStatus\\u0043hef"])
@pytest.mark.parametrize("kitchen", ["k", None])
def test_the_name_of_the_hubs_own_chef_is_refused_whatever_the_kitchen(
    name: str, kitchen: str | None
) -> None:
    text = dumpling(chef="?", kitchen=kitchen).replace(b'"?"', f'"{name}"'.encode())
    outcome = refusal(check_dumpling(text))
    assert (outcome.code, outcome.cause) == (CloseCode.POLICY_VIOLATION, "reserved chef")


def test_a_payload_may_name_the_hubs_own_chef() -> None:
    assert check_dumpling(dumpling({"chef": "SystemStatusChef"})) is None


def test_what_the_hub_takes_an_eater_can_read() -> None:
    text = dumpling({"a": [1, None]})
    assert check_dumpling(text) is None
    assert Dumpling.from_json(text).payload == {"a": [1, None]}


def test_a_kitchen_hello_is_kept_to_the_byte() -> None:
    text = b'{"kitchen_name": "k", "interface": "all",  "poke_interval": 5.00, "of ours": [1]}'
    assert decode_kitchen_hello(text) == Hello("k", text)


def test_an_eater_hello_is_kept_to_the_byte() -> None:
    text = b'{ "eater_name" : "my eater" }'
    assert decode_eater_hello(text) == Hello("my eater", text)


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        (b"", CloseCode.INVALID_DATA, "not JSON"),
        (b"hello", CloseCode.INVALID_DATA, "not JSON"),
        (b'{"eater_name": "\xff"}', CloseCode.INVALID_DATA, "not JSON"),
        (b"[]", CloseCode.POLICY_VIOLATION, "not a JSON object"),
        (b'["eater_name"]', CloseCode.POLICY_VIOLATION, "not a JSON object"),
        (b"null", CloseCode.POLICY_VIOLATION, "not a JSON object"),
        (b"{}", CloseCode.POLICY_VIOLATION, "has no eater_name"),
        (b'{"kitchen_name": "k"}', CloseCode.POLICY_VIOLATION, "has no eater_name"),
        (b'{"eater_name": null}', CloseCode.POLICY_VIOLATION, "not a string"),
        (b'{"eater_name": ["x"]}', CloseCode.POLICY_VIOLATION, "not a string"),
        (
            b'{"eater_name": "%s"}' % (b"x" * 257),
            CloseCode.POLICY_VIOLATION,
            "over 256 characters",
        ),
        (
            b'{"eater_name": "x", "y": %s}' % (b"[" * 20 + b"]" * 20),
            CloseCode.POLICY_VIOLATION,
            "nested too deeply",
        ),
        (
            b'{"eater_name": "x", "y": %s}' % (b"[" * 8_000 + b"]" * 8_000),
            CloseCode.POLICY_VIOLATION,
            "nested too deeply",
        ),
        (b'{"eater_name": "%s"}' % (b"x" * LIMITS.hello), CloseCode.TOO_BIG, "over 16384 bytes"),
    ],
)
def test_a_bad_hello_is_refused(text: bytes, code: CloseCode, reason: str) -> None:
    outcome = refusal(decode_eater_hello(text))
    assert outcome.code == code
    assert reason in outcome.reason


def test_an_announcement_nested_as_deep_as_any_real_one_is_taken() -> None:
    text = b'{"kitchen_name": "x", "y": %s}' % (b"[" * 15 + b"]" * 15)
    assert isinstance(decode_kitchen_hello(text), Hello)


@pytest.mark.parametrize(
    "text",
    [
        b'{"kitchen_name": "k", "token": "secret", "interface": "all",  "x": 5.00}',
        b'{"token":"other","kitchen_name":"k","\\u0074oken":"secret","interface":"all","x":5.00}',
    ],
)
def test_a_token_is_taken_out_of_the_announcement_however_it_is_written(text: bytes) -> None:
    hello = decode_kitchen_hello(text)
    assert hello == Hello("k", b'{"kitchen_name":"k","interface":"all","x":5.00}', token="secret")
    assert "secret" not in repr(hello)


@pytest.mark.parametrize(
    "token", [b"7", b'["secret"]', b'{"a": "secret"}', b'"%s"' % (b"x" * 1025)]
)
def test_a_token_that_is_no_string_or_too_long_is_refused_without_a_word_of_it(
    token: bytes,
) -> None:
    outcome = refusal(decode_eater_hello(b'{"eater_name": "e", "token": %s}' % token))
    assert outcome.code == CloseCode.POLICY_VIOLATION
    assert outcome.reason == "the token is not a string of at most 1024 characters"


def test_a_reason_fits_in_a_close_frame_and_is_printable_whatever_was_sent() -> None:
    evil = "\x1b]0;owned\x07\u202e\n" * 30
    outcome = refusal(check_dumpling(dumpling(driver=evil)))
    assert len(outcome.reason.encode()) <= 123
    assert outcome.reason.isascii()
    assert outcome.reason.isprintable()


def test_a_glance_tells_the_chef() -> None:
    assert chef_of(dumpling({"a": 1}, chef="ARPChef")) == "ARPChef"
    assert chef_of(dumpling({"a": 1}, chef="ARPChef").decode()) == "ARPChef"


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", "{}", without("chef"), dumpling(chef=5), b"\xff", "\udc80", "[" * 9**5],
)
def test_a_glance_at_what_is_no_dumpling_tells_nothing(text: str | bytes) -> None:
    assert chef_of(text) is None
