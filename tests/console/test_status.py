"""A hub's status on one line, whatever it sends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling, DumplingDriver
from netdumplings.console.fleet import is_status, read_status
from netdumplings.console.status import is_wrong, status_line
from support.statuses import backbone, hub

STATUS = {
    "total_dumplings_in": 12,
    "total_dumplings_out": 34,
    "server_uptime": 93784.9,
    "dumpling_kitchen_count": 2,
    "dumpling_eater_count": 3,
    "dumpling_kitchens": [],
    "dumpling_eaters": [],
}
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.just(10**4000),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def status(payload: Any, chef: str = "SystemStatusChef") -> Dumpling:
    return Dumpling(
        chef=chef, driver=DumplingDriver.interval, creation_time=1515990765.925, payload=payload
    )


def test_the_line_has_time_uptime_dumplings_kitchens_and_eaters() -> None:
    assert status_line(status(STATUS)) == (
        "2018-01-15T04:32:45.925Z  up 1d 02:03:04  dumplings in 12  out 34  kitchens 2  eaters 3"
    )


def test_dumplings_dropped_are_shown_if_the_hub_tells() -> None:
    line = status_line(status({**STATUS, "total_dumplings_dropped": 56}))
    assert line.endswith("  eaters 3  dropped 56")


def kitchen(**counts: Any) -> dict[str, Any]:
    return {"info_from_kitchen": {"kitchen_name": "k", "counts": counts}, "info_from_hub": {}}


def test_packets_that_kitchens_lost_are_shown_if_there_are_some() -> None:
    none = [kitchen(packets_dropped_by_kernel=0, packets_dropped_by_kitchen=0)]
    assert status_line(status({**STATUS, "dumpling_kitchens": none})).endswith("  eaters 3")
    some = [
        *none,
        kitchen(packets_dropped_by_kernel=70, packets_dropped_by_interface=5),
        kitchen(packets_dropped_by_kernel=7, packets_dropped_by_kitchen=600),
    ]
    line = status_line(status({**STATUS, "dumpling_kitchens": some}))
    assert line.endswith("  eaters 3  packets lost 677")


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        3,
        [None],
        [{"info_from_kitchen": 1}],
        [{"info_from_kitchen": {"counts": [1]}}],
        [kitchen(packets_dropped_by_kernel=-1)],
        [kitchen(packets_dropped_by_kernel="7")],
        [kitchen(packets_dropped_by_kernel=10**4000)],
    ],
)
def test_kitchens_that_tell_nonsense_have_lost_nothing(nonsense: Any) -> None:
    line = status_line(status({**STATUS, "dumpling_kitchens": nonsense}))
    assert line.endswith("  eaters 3")


LEDGER = {
    "received": 100,
    "taken": 100,
    "duplicates": 0,
    "lost": 0,
    "own": 5,
    "routed": 210,
    "sent": 150,
    "filtered_out": 40,
    "dropped": 16,
    "waiting": 4,
}


def test_books_that_balance_and_show_no_loss_are_not_worth_a_word() -> None:
    line = status_line(status({**STATUS, "ledger": LEDGER}))
    assert line == status_line(status(STATUS))


def test_dumplings_lost_by_kitchens_and_those_that_came_twice_are_shown() -> None:
    line = status_line(
        status({**STATUS, "ledger": {**LEDGER, "lost": 7, "duplicates": 3, "taken": 97}})
    )
    assert line.endswith("  eaters 3  dumplings lost 7  duplicates 3")


@pytest.mark.parametrize("count", ["routed", "sent", "filtered_out", "dropped", "waiting"])
def test_books_of_eaters_that_do_not_balance_are_shown(count: str) -> None:
    wrong = {**LEDGER, count: LEDGER[count] + 3}
    line = status_line(status({**STATUS, "ledger": wrong}))
    by = 3 if count == "routed" else -3
    assert f"  eaters 3  BOOKS OUT BY {by} (routed {wrong['routed']} sent " in line


@pytest.mark.parametrize(("count", "by"), [("received", 3), ("taken", -3)])
def test_books_of_kitchens_that_do_not_balance_are_shown(count: str, by: int) -> None:
    wrong = {**LEDGER, count: LEDGER[count] + 3}
    line = status_line(status({**STATUS, "ledger": wrong}))
    assert f"  eaters 3  BOOKS OUT BY {by} (received {wrong['received']} taken " in line


@pytest.mark.parametrize(
    "nonsense",
    [
        *(None, [], "x", {}, {"lost": "7", "duplicates": -1}, {**LEDGER, "sent": None}),
        *({**LEDGER, count: 2**64} for count in LEDGER),
    ],
)
def test_a_ledger_that_makes_no_sense_is_not_shown(nonsense: Any) -> None:
    line = status_line(status({**STATUS, "ledger": nonsense}))
    assert line.endswith("  eaters 3")


@pytest.mark.parametrize(
    ("refused", "shown"),
    [
        ({"too big": 2, "silent": 40}, "  eaters 3  refused 42"),
        ({}, "  eaters 3"),
        ({"a": -1, "b": "x", "c": None, "d": True}, "  eaters 3"),
        ([7], "  eaters 3"),
        (None, "  eaters 3"),
    ],
)
def test_connections_that_the_hub_refused_are_shown_if_there_are_some(
    refused: Any, shown: str
) -> None:
    assert status_line(status({**STATUS, "refused": refused})).endswith(shown)


@pytest.mark.parametrize(("seconds", "shown"), [(0.5, "00:00:00"), (3661, "01:01:01")])
def test_uptime_is_hours_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert f"  up {shown}  " in status_line(status({**STATUS, "server_uptime": seconds}))


@pytest.mark.parametrize("nonsense", [None, True, "12", [], {}, -1, 2**64, 10**4000, 1.5])
def test_a_count_that_makes_no_sense_is_a_question_mark(nonsense: Any) -> None:
    line = status_line(status({**STATUS, "total_dumplings_in": nonsense}))
    assert "  dumplings in ?  out 34  " in line


@pytest.mark.parametrize("nonsense", [None, True, "12", [], -0.1, float("inf"), 10**4000])
def test_an_uptime_that_makes_no_sense_is_a_question_mark(nonsense: Any) -> None:
    assert "  up ?  " in status_line(status({**STATUS, "server_uptime": nonsense}))


ledgers = st.dictionaries(st.sampled_from(list(LEDGER)), st.integers() | json_values)


@given(
    json_values | st.dictionaries(st.sampled_from(list(STATUS)), json_values),
    st.none() | ledgers | st.fixed_dictionaries(dict.fromkeys(LEDGER, st.integers(0, 2**65))),
)
def test_any_payload_gives_one_short_printable_line(payload: Any, ledger: Any) -> None:
    if isinstance(payload, dict):
        payload["ledger"] = ledger
    line = status_line(status(payload))
    assert line.isprintable()
    assert len(line) < 600


def test_a_kitchen_cannot_pose_as_the_hub_by_the_name_of_its_chef() -> None:
    posing = status(STATUS)
    posing.kitchen = "a kitchen"
    assert is_status(status(STATUS))
    assert not is_status(posing)
    assert not is_status(status(STATUS, chef="OtherChef"))


def of_hubs(*hubs: Any, **more: Any) -> str:
    line = status_line(status({**STATUS, "hub": "a", "hubs": list(hubs), **more}))
    assert line.startswith("2018-01-15T04:32:45.925Z  a up 1d 02:03:04  ")
    return line.removeprefix("2018-01-15T04:32:45.925Z  a up 1d 02:03:04  ")


COUNTS = "dumplings in 12  out 34  kitchens 2  eaters 3"


def test_a_hub_that_has_joined_others_says_its_name_and_how_many_there_are() -> None:
    assert of_hubs(hub("a")) == COUNTS
    assert of_hubs(hub("a"), hub("b"), hub("c")) == f"{COUNTS}  hubs 3"
    assert of_hubs(hub("a"), hub("\x1b", state="silent", heard=40)) == (
        rf"{COUNTS}  hubs 1 of 2  \x1b: SILENT 40 s"
    )


def test_that_there_is_no_backbone_is_said_before_all_counts_with_its_reason() -> None:
    away = backbone(connected=False, problem="no server answers")
    assert of_hubs(hub("a", backbone=away)) == f"NO BACKBONE: no server answers  {COUNTS}"
    assert of_hubs(hub("a"), hub("b", backbone=away)) == (
        f"{COUNTS}  hubs 2  b: NO BACKBONE: no server answers"
    )


def test_who_has_no_backbone_and_so_hears_nobody_does_not_say_that_of_each() -> None:
    away = backbone(connected=False, problem="no server answers")
    hubs = hub("a", backbone=away), hub("b", state="silent", heard=40), hub("c", state="stopped")
    assert of_hubs(*hubs) == (
        f"NO BACKBONE: no server answers  {COUNTS}  hubs 1 of 3  c: stopped 0 s ago"
    )


def test_books_of_the_backbone_that_do_not_balance_are_shown() -> None:
    storing = {"taken": 5, "stored": 1, "waiting": 1, "left": 1, "refused": 1}
    assert of_hubs(hub("a"), backbone={"storing": storing, "returning": {}}).endswith(
        "BOOKS OUT BY 1 (taken 5 stored 1 waiting 1 left 1 refused 1)"
    )


@pytest.mark.parametrize(
    ("hubs", "wrong"),
    [
        ([hub("a"), hub("b")], False),
        ([hub("a"), hub("b", state="stopped")], False),
        ([hub("a"), hub("b", state="silent")], True),
        ([hub("a", backbone=backbone(problem="x"))], True),
    ],
)
def test_hubs_that_are_not_there_and_backbones_are_red(hubs: Any, wrong: bool) -> None:
    assert is_wrong(read_status(status({**STATUS, "hub": "a", "hubs": hubs}))) is wrong
