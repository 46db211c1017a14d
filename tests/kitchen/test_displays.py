"""How chefs want to be shown, and what is made of hints that are none."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.kitchen.displays import BUDGET, displays_of
from netdumplings.wire import LIMITS
from support.packets import arp, write_pcap

GOOD = {
    "title": "What is asked for",
    "view": "table",
    "of": ["lookups", "seen"],
    "rate": True,
    "value": "count",
    "columns": ["name", "count"],
    "key": "name",
    "conflict": "count",
    "unit": "names/s",
}


def chef(name: str, display: Any) -> type[DumplingChef]:
    return type(name, (DumplingChef,), {"display": display})


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


def test_hints_are_taken_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    chefs = [
        chef("All", GOOD),
        chef("Few", {"view": "bars"}),
        chef("Nothing", {}),
        chef("Silent", None),
        DumplingChef,
    ]
    assert displays_of(chefs) == {"All": GOOD, "Few": {"view": "bars"}, "Nothing": {}}
    assert warnings(caplog) == []


def test_a_method_that_happens_to_be_called_so_is_no_hint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert displays_of([chef("Old", lambda self: None)]) == {}
    assert warnings(caplog) == []


@pytest.mark.parametrize(
    "display",
    [
        {"view": "pie"},
        {"titel": "x"},
        {"title": 81 * "x"},
        {"title": None, "of": "packet_counts"},
        {"of": [1]},
        {"of": [""]},
        {"of": 9 * ["x"]},
        {"of": [65 * "x"]},
        {"columns": 13 * ["x"]},
        {"rate": 1},
        {"unit": 17 * "x"},
        {1: 2},
        {"title": object()},
        ["bars"],
        "bars",
        object(),
    ],
)
def test_a_bad_hint_is_ignored_with_one_warning_and_its_chef_runs(
    display: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = chef("BadChef", display)
    bad.packet_handler = lambda self, packet: "made"  # type: ignore[method-assign]
    capture = write_pcap(tmp_path / "x.pcap", arp())
    kitchen = DumplingKitchen(read=capture, chefs=[bad, chef("GoodChef", {"view": "text"})])
    assert [one.payload for one in kitchen if one.chef == "BadChef"] == ["made"]
    [warning] = warnings(caplog)
    assert warning.startswith("the display of chef BadChef is ignored: ")
    assert "\n" not in warning
    assert json.loads(kitchen._hello())["displays"] == {"GoodChef": {"view": "text"}}


def test_an_attribute_that_raises_is_a_bad_hint(caplog: pytest.LogCaptureFixture) -> None:
    class Meta(type):
        @property
        def display(cls) -> Any:
            raise ValueError("no\nhint")

    assert displays_of([Meta("BadChef", (), {})]) == {}  # type: ignore[list-item]
    assert warnings(caplog) == ["the display of chef BadChef is ignored: ValueError: no hint"]


def test_hints_have_a_budget_together(caplog: pytest.LogCaptureFixture) -> None:
    displays = displays_of([chef(f"Chef{n}", GOOD) for n in range(100)])
    assert 10 < len(displays) < 30
    assert len(msgspec.json.encode(displays)) <= BUDGET
    assert len(warnings(caplog)) == 100 - len(displays)


def test_where_an_announcement_is_too_long_hints_are_the_first_to_go(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", arp())
    few, many = (
        DumplingKitchen(read=capture, chefs=[chef(f"Chef{n}", {"view": "text"}) for n in range(m)])
        for m in (60, 110)
    )
    told = json.loads(few._hello())
    assert set(told["displays"]) == set(told["counts"]["chefs"])
    text = many._hello()
    assert len(text) < LIMITS.hello
    told = json.loads(text)
    assert "displays" not in told
    assert len(told["counts"]["chefs"]) == len(told["chefs"]) == 110
