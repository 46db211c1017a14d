"""Dumplings beside those that were expected: times do not matter, all else does, and is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling, DumplingDriver
from netdumplings.exceptions import InvalidDumpling
from netdumplings.testing import as_lines, assert_same, difference, payloads, read_lines
from netdumplings.testing.comparing import MOST_ALIGNED, MOST_LINES, MOST_SHOWN
from support.examples import examples

PACKET, INTERVAL = DumplingDriver.packet, DumplingDriver.interval


def made(
    payload: Any, chef: str = "AChef", driver: DumplingDriver = PACKET, time: float = 1.0
) -> Dumpling:
    return Dumpling(chef=chef, driver=driver, creation_time=time, payload=payload)


def test_when_and_in_which_kitchen_they_were_made_does_not_matter() -> None:
    other = made({"a": 1}, time=2.0)
    other.kitchen = "elsewhere"
    assert difference([made({"a": 1})], [other]) == ""
    assert as_lines([made({"a": 1})]) == as_lines([other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 0.1 + 0.2}, {"a": 0.3}),
        ({"a": 1}, {"a": 1.0}),
        ([1, [2]], (1, (2.0,))),
        (-0.0, 0),
        (1600000000.0019999, 1600000000.002),
    ],
)
def test_what_json_does_not_tell_apart_is_the_same(one: Any, other: Any) -> None:
    assert_same([made(one)], [made(other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        (0.000001, 0.000002),
        ({"a": 1}, [["a", 1]]),
        ("é", "e"),
    ],
)
def test_all_else_is_not(one: Any, other: Any) -> None:
    assert difference([made(one)], [made(other)]) != ""
    assert difference([made(other)], [made(one)]) != ""


def test_chef_and_driver_matter() -> None:
    assert difference([made(1)], [made(1, chef="BChef")]) == (
        "dumpling 1, of AChef (packet): in the place of one of BChef (packet)"
    )
    assert "in the place of one of AChef (interval)" in difference(
        [made(1)], [made(1, driver=INTERVAL)]
    )


def test_some_keys_may_be_ignored_wherever_they_are_but_not_that_they_are_there() -> None:
    one, other = {"x": [{"at": 1, "n": 2}], "at": {"y": 1}}, {"x": [{"at": 5, "n": 2}], "at": 0}
    assert_same([made(one)], [made(other)], ignore=["at"])
    assert difference([made(one)], [made({"x": [{"n": 2}], "at": 0})], ignore=["at"]) != ""
    with pytest.raises(AssertionError):
        assert_same([made(one)], [made(other)])


def test_a_difference_is_shown_by_line_with_what_is_around_it() -> None:
    flow = {"src": "a", "dst": "b", "packets": 3, "bytes": 9, "state": "open", "z": 1, "zz": 2}
    shown = difference(
        [made(1), made({"flow": flow}, "FlowChef")],
        [made(1), made({"flow": flow | {"packets": 4}}, "FlowChef")],
    )
    assert shown == (
        "dumpling 2, of FlowChef (packet): not as expected\n"
        '      "bytes": 9,\n'
        '      "dst": "b",\n'
        '-     "packets": 4,\n'
        '+     "packets": 3,\n'
        '      "src": "a",\n'
        '      "state": "open",'
    )


def test_changes_far_from_each_other_have_dots_between_them() -> None:
    many = {f"k{number:02}": number for number in range(30)}
    shown = difference([made(many)], [made(many | {"k02": 0, "k25": 0})]).splitlines()
    assert shown.count("  ...") == 1
    assert [line for line in shown if line[0] in "+-"] == [
        '-   "k02": 0,', '+   "k02": 2,', '-   "k25": 0,', '+   "k25": 25,'
    ]  # fmt: skip


def test_one_more_and_one_less_are_said_so_and_leave_the_others_alone() -> None:
    four = [made(number) for number in (1, 2, 3, 4)]
    assert difference(four, [*four[:1], *four[2:]]) == (
        "dumpling 2, of AChef (packet): made, and not expected\n+ 2"
    )
    assert difference(four[:3], four) == (
        "dumpling 4, of AChef (packet): expected, and not made\n- 4"
    )
    assert difference([], []) == ""
    assert difference(four, []).count("made, and not expected") == 4


def test_several_in_the_place_of_one() -> None:
    old, new = [made("a"), made("x"), made("z")], [made("a"), *map(made, ("b", "c")), made("z")]
    assert difference(new, old) == (
        'dumpling 2, of AChef (packet): not as expected\n- "x"\n+ "b"\n'
        'dumpling 3, of AChef (packet): made, and not expected\n+ "c"'
    )
    assert difference(old, new) == (
        'dumpling 2, of AChef (packet): not as expected\n- "b"\n+ "x"\n'
        'dumpling 3, of AChef (packet): expected, and not made\n- "c"'
    )


def test_no_more_is_shown_than_somebody_reads() -> None:
    many = [made(number) for number in range(100)]
    others = [made(-1 - number) for number in range(100)]
    shown = difference(many, others).splitlines()
    assert shown[-1] == f"... and {100 - MOST_SHOWN} differences more"
    assert sum("not as expected" in line for line in shown) == MOST_SHOWN
    long = difference([made(list(range(1000)))], []).splitlines()
    assert len(long) == MOST_LINES + 2
    assert long[-1] == f"  ... ({1002 - MOST_LINES} lines more)"


def test_very_many_are_compared_one_by_one() -> None:
    old = [made(number) for number in range(MOST_ALIGNED + 50)]
    new = [made(number + (number in (5, MOST_ALIGNED))) for number in range(MOST_ALIGNED + 52)]
    shown = difference(new, old)
    assert [line for line in shown.splitlines() if line[0] in "+-"] == [
        "- 5", "+ 6", f"- {MOST_ALIGNED}", f"+ {MOST_ALIGNED + 1}",
        f"+ {MOST_ALIGNED + 50}", f"+ {MOST_ALIGNED + 51}",
    ]  # fmt: skip


def test_lines_are_json_with_the_keys_as_the_chef_has_them() -> None:
    assert as_lines([made({"b": "é", "a": 1 / 3}, driver=INTERVAL)], ignore=["x"]) == [
        '{"chef":"AChef","driver":"interval","payload":{"b":"é","a":0.333333}}'
    ]


def test_lines_are_read_again_and_so_are_those_of_nd_sniff(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    dumplings = [made({"b": "é"}), made([1], "BChef", INTERVAL)]
    path.write_text("\n".join([*as_lines(dumplings), "", dumplings[0].to_json()]), "utf-8")
    assert_same(read_lines(path), [*dumplings, dumplings[0]])
    assert_same([*dumplings, dumplings[0]], path)
    with pytest.raises(AssertionError, match="not as expected:\ndumpling 3, of AChef"):
        assert_same(dumplings, str(path))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "bad JSON"),
        ("[]", "the dumpling is not an object"),
        ('{"driver":"packet","payload":1}', "metadata has no 'chef'"),
        ('{"chef":1,"driver":"packet","payload":1}', "metadata.chef is no name: 1"),
        ('{"chef":"A","driver":"lunch","payload":1}', "unknown driver 'lunch'"),
        ('{"chef":"A","driver":"packet"}', "has no 'payload'"),
        ("[" * 10_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_no_dumpling_is_named(line: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"chef":"A","driver":"packet","payload":1}}\n{line}\n')
    with pytest.raises(InvalidDumpling) as caught:
        read_lines(path)
    assert str(caught.value).startswith(f"{path}, line 2: ")
    assert problem in str(caught.value)


def test_payloads_may_be_of_one_driver_or_chef() -> None:
    dumplings = [made(1), made(2, "BChef"), made(3, driver=INTERVAL)]
    assert payloads(dumplings) == [1, 2, 3]
    assert payloads(dumplings, driver=PACKET) == [1, 2]
    assert payloads(dumplings, chef="AChef") == [1, 3]
    assert payloads(dumplings, chef="AChef", driver=INTERVAL) == [3]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e12, 1e12) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@examples(2)
@given(st.lists(JSON, max_size=6), st.lists(JSON, max_size=6))
def test_whatever_they_hold_they_differ_if_and_only_if_their_json_does(
    one: list[Any], other: list[Any]
) -> None:
    first, second = [made(each) for each in one], [made(each) for each in other]
    assert difference(first, first) == ""
    lines = [sorted_lines(as_lines(each)) for each in (first, second)]
    assert (difference(first, second) == "") == (lines[0] == lines[1])


def sorted_lines(lines: list[str]) -> list[str]:
    def whole(text: str) -> Any:
        number = float(text)
        return int(number) if number.is_integer() else number

    return [json.dumps(json.loads(line, parse_float=whole), sort_keys=True) for line in lines]


@given(st.lists(JSON, max_size=6))
def test_whatever_they_hold_it_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[Any]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "x.jsonl"
    dumplings = [made(each) for each in payloads]
    path.write_text("\n".join(as_lines(dumplings)), "utf-8")
    assert_same(read_lines(path), dumplings)
