"""How ``nd-print`` writes a dumpling, and which ones."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling, DumplingDriver, Gap
from netdumplings.console.print import as_text, gap_as_text
from netdumplings.console.wanted_options import kitchen_filter

hostile_text = st.text(st.characters(codec="utf-8") | st.sampled_from("\x1b\x9b\r\n"))


def dumpling(
    chef: str = "PacketCountChef",
    kitchen: str | None = "default_kitchen",
    driver: DumplingDriver = DumplingDriver.interval,
    payload: Any = None,
    creation_time: float = 1515990765.925951,
) -> Dumpling:
    made = Dumpling(chef=chef, driver=driver, creation_time=creation_time, payload=payload)
    made.kitchen = kitchen
    return made


def test_a_dumpling_is_a_line_then_its_payload_as_indented_json() -> None:
    text = as_text(dumpling(payload={"packet_counts": {"IP": 7}}), True, False)
    assert text == (
        "2018-01-15T04:32:45.925Z [interval] PacketCountChef from default_kitchen\n"
        "{\n"
        '  "packet_counts": {\n'
        '    "IP": 7\n'
        "  }\n"
        "}"
    )


def test_without_the_payload_it_is_the_line() -> None:
    text = as_text(dumpling(driver=DumplingDriver.packet), False, False)
    assert text == "2018-01-15T04:32:45.925Z [packet] PacketCountChef from default_kitchen"


def test_a_dumpling_without_a_kitchen_is_from_the_hub() -> None:
    assert as_text(dumpling(kitchen=None), False, False).endswith(" from hub")


def test_colors_change_no_character() -> None:
    one = dumpling(payload={"a": [1, None, "x"]})
    colored = as_text(one, True, True)
    assert "\x1b[" in colored
    assert click.unstyle(colored) == as_text(one, True, False)


@given(chef=hostile_text, kitchen=hostile_text, payload=st.dictionaries(hostile_text, hostile_text))
def test_hostile_text_adds_no_line_and_no_control_character(
    chef: str, kitchen: str, payload: dict[str, str]
) -> None:
    text = as_text(dumpling(chef=chef, kitchen=kitchen, payload=payload), True, False)
    heading, body = text.split("\n", 1)
    assert heading.isprintable()
    assert all(line.isprintable() for line in body.split("\n"))
    assert json.loads(body) == payload


def test_a_payload_that_cannot_be_shown_says_so_and_keeps_its_heading() -> None:
    deep = json.loads("[" * 200 + "]" * 200)
    heading, body = as_text(dumpling(payload=deep), True, False).split("\n")
    assert heading.endswith("from default_kitchen")
    assert body == "(not shown: payload: nested more than 64 deep)"


@pytest.mark.parametrize(
    ("kitchens", "wanted"),
    [
        ((), None),
        (("north", "south"), ["north", "south"]),
        (("hub",), ["hub", None]),
        (("n*",), ["n*"]),
        (("*",), ["*", None]),
        (("north", "h?b"), ["north", "h?b", None]),
    ],
)
def test_hub_is_the_name_of_a_kitchen_and_of_the_hub_itself(
    kitchens: tuple[str, ...], wanted: list[str | None] | None
) -> None:
    assert kitchen_filter(kitchens) == wanted


def test_a_gap_is_a_line_of_its_own_form() -> None:
    gap = Gap(1204, "slow")
    line = gap_as_text(gap, 1515990765.925951, False)
    assert line == (
        "2018-01-15T04:32:45.925Z [gap] missed 1,204 dumplings: this eater was too slow"
    )
    colored = gap_as_text(gap, 1515990765.925951, True)
    assert "\x1b[33m" in colored
    assert click.unstyle(colored) == line


@given(hostile_text, hostile_text)
def test_hostile_text_in_a_gap_adds_no_line_and_no_control_character(
    reason: str, kitchen: str
) -> None:
    assert gap_as_text(Gap(1, reason, kitchen), 0, False).isprintable()
