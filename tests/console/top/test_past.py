"""The hub's statuses of the last minutes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.top.past import MOST_BYTES, read_statuses
from netdumplings.console.top.picture import Picture
from support.statuses import kitchen, status


def test_statuses_are_read_each_by_itself() -> None:
    assert read_statuses(b'{"statuses": [{"a": 1}, 7], "more": 1}') == ['{"a": 1}', "7"]


@given(st.binary() | st.sampled_from([b"[]", b"{}", b'{"statuses":1}', b'{"statuses":[1}']))
def test_an_answer_that_makes_no_sense_has_none(body: bytes) -> None:
    assert read_statuses(body) == []


def test_an_answer_that_is_too_long_is_not_read() -> None:
    assert read_statuses(json.dumps({"statuses": ["x" * MOST_BYTES]}).encode()) == []


def test_what_is_known_already_is_not_taken_again() -> None:
    picture = Picture()
    for time in (1, 2, 5):
        picture.take_past(status(time, kitchen("k", packets_handled=10 * time)).to_json())
    picture.take_past(status(3, kitchen("k", packets_handled=0)).to_json())
    picture.take_past("no dumpling")
    picture.take_past(status(9).to_json().replace('"kitchen":null', '"kitchen":"posing"'))
    assert picture.fleet.hub is not None
    assert picture.fleet.hub.time == 5
    [one] = picture.fleet.kitchens
    assert one.rates is not None
    assert one.rates.packets == 10
