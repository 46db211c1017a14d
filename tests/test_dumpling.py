"""SPEC sections 2 and 5: a dumpling and its JSON."""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import (
    Dumpling,
    DumplingChef,
    DumplingDriver,
    InvalidDumpling,
    InvalidDumplingPayload,
    NetDumplingsError,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip

WIRE = {
    "metadata": {
        "chef": "PacketCountChef",
        "creation_time": 1515990765.925951,
        "driver": "interval",
        "kitchen": "default_kitchen",
    },
    "payload": {"packet_counts": {"Ethernet": 1426745, "IP": 1423352}},
}


class Kitchen:
    name = "attic"


def test_on_the_wire_it_is_metadata_and_payload() -> None:
    chef = DumplingChef(kitchen=Kitchen())
    dumpling = Dumpling(
        chef=chef, driver=DumplingDriver.interval, creation_time=1.5, payload={"a": [1, None]}
    )
    assert json.loads(dumpling.to_json()) == {
        "metadata": {
            "chef": "DumplingChef",
            "creation_time": 1.5,
            "driver": "interval",
            "kitchen": "attic",
        },
        "payload": {"a": [1, None]},
    }


def test_the_specs_own_example_is_read() -> None:
    dumpling = Dumpling.from_json(json.dumps(WIRE))
    assert dumpling.chef == dumpling.chef_name == "PacketCountChef"
    assert dumpling.kitchen == "default_kitchen"
    assert dumpling.driver is DumplingDriver.interval
    assert dumpling.creation_time == 1515990765.925951
    assert dumpling.payload == WIRE["payload"]
    assert json.loads(dumpling.to_json()) == WIRE


def test_a_chef_is_an_instance_or_a_name() -> None:
    chef = DumplingChef()
    by_instance = Dumpling(chef=chef, payload=None, creation_time=1)
    by_name = Dumpling(chef="DumplingChef", payload=None, creation_time=1)
    assert by_instance.chef is chef
    assert by_instance == by_name
    assert by_name.kitchen is None


def test_the_driver_is_a_packet_and_the_time_is_now_unless_said_otherwise() -> None:
    before = time.time()
    dumpling = Dumpling(chef="C", payload=1)
    assert dumpling.driver is DumplingDriver.packet
    assert before <= dumpling.creation_time <= time.time()


@given(
    payload=JSON_VALUES,
    chef=st.text(),
    kitchen=st.none() | st.text(),
    driver=st.sampled_from(DumplingDriver),
    seconds=st.floats(allow_nan=False, allow_infinity=False),
)
def test_to_json_and_from_json_are_inverses(
    payload: object, chef: str, kitchen: str | None, driver: DumplingDriver, seconds: float
) -> None:
    dumpling = Dumpling(chef=chef, driver=driver, creation_time=seconds, payload=payload)
    dumpling.kitchen = kitchen
    back = Dumpling.from_json(dumpling.to_json())
    assert back == dumpling
    assert back.payload == payload
    assert (back.chef_name, back.kitchen, back.driver) == (chef, kitchen, driver)
    assert back.creation_time == seconds
    assert back.to_json() == dumpling.to_json()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "bad JSON"),
        ("{", "bad JSON"),
        (b"\xff", "bad JSON"),
        ('{"metadata": NaN}', "bad JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "not an object"),
        ("null", "not an object"),
        ("{}", "no 'metadata'"),
        ('{"metadata": 1, "payload": 1}', "metadata is not an object"),
    ],
)
def test_what_is_no_dumpling_is_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(InvalidDumpling, match=problem):
        Dumpling.from_json(text)


@pytest.mark.parametrize("key", ["chef", "creation_time", "driver", "kitchen"])
def test_a_missing_key_is_named(key: str) -> None:
    metadata = {name: value for name, value in WIRE["metadata"].items() if name != key}
    with pytest.raises(InvalidDumpling, match=f"no '{key}'"):
        Dumpling.from_json(json.dumps(WIRE | {"metadata": metadata}))


def test_a_missing_payload_is_named() -> None:
    with pytest.raises(InvalidDumpling, match="no 'payload'"):
        Dumpling.from_json(json.dumps({"metadata": WIRE["metadata"]}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("driver", "steam"),
        ("driver", None),
        ("driver", ["packet"]),
        ("chef", 1),
        ("kitchen", 1),
        ("creation_time", "now"),
        ("creation_time", True),
        ("creation_time", 10**400),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(key: str, value: object) -> None:
    document = WIRE | {"metadata": WIRE["metadata"] | {key: value}}
    with pytest.raises(InvalidDumpling):
        Dumpling.from_json(json.dumps(document))


def test_unknown_keys_are_ignored() -> None:
    document = WIRE | {"later": 1, "metadata": WIRE["metadata"] | {"more": 2}}
    assert Dumpling.from_json(json.dumps(document)).payload == WIRE["payload"]


@given(st.binary() | st.text())
def test_any_text_is_a_dumpling_or_refused(text: str | bytes) -> None:
    try:
        dumpling = Dumpling.from_json(text)
    except InvalidDumpling:
        return
    assert Dumpling.from_json(dumpling.to_json()) == dumpling


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (b"raw", "payload"),
        ({"hosts": [1, {2}]}, "payload['hosts'][1]"),
        ({"a": {"b": (1, 2, Decimal(3))}}, "payload['a']['b'][2]"),
        ({"a": object()}, "payload['a']"),
        ({(1, 2): 3}, "payload"),
        ({"half": "\ud800"}, "payload['half']"),
        ([1, -(10**4300)], "payload[1]"),
        ({10**5000: 1}, "payload"),
    ],
)
def test_a_payload_that_json_cannot_hold_is_refused_by_key(payload: object, key: str) -> None:
    with pytest.raises(InvalidDumplingPayload) as caught:
        Dumpling(chef="C", payload=payload).to_json()
    assert caught.value.key == key
    assert str(caught.value).startswith(f"{key}: ")


def test_the_longest_number_that_python_reads_comes_back() -> None:
    longest = 10**4300 - 1
    assert Dumpling.from_json(Dumpling(chef="C", payload=longest).to_json()).payload == longest


def test_a_payload_in_a_circle_is_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidDumplingPayload, match="nested"):
        Dumpling(chef="C", payload=circle).to_json()


def test_what_json_has_no_number_for_becomes_null() -> None:
    payload = {"a": math.nan, "b": [math.inf, -math.inf, 1.5], "c": (1, "x")}
    text = Dumpling(chef="C", payload=payload, creation_time=0).to_json()
    assert json.loads(text)["payload"] == {"a": None, "b": [None, None, 1.5], "c": [1, "x"]}


def test_numbers_as_keys_become_names() -> None:
    text = Dumpling(chef="C", payload={80: 1, 1.5: 2}, creation_time=0).to_json()
    assert json.loads(text)["payload"] == {"80": 1, "1.5": 2}


def test_one_base_class_catches_both_errors() -> None:
    assert issubclass(InvalidDumpling, NetDumplingsError)
    assert issubclass(InvalidDumplingPayload, NetDumplingsError)
