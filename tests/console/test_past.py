"""The hub's statuses of the last minutes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.fleet import read_status
from netdumplings.console.past import MOST_BYTES, read_statuses
from netdumplings.console.top.picture import Picture
from support.statuses import kitchen, status


def answer(*statuses: str) -> bytes:
    return f'{{"statuses": [{",".join(statuses)}], "more": 1}}'.encode()


def test_statuses_are_read_and_nothing_else_is() -> None:
    posing = status(2).to_json().replace('"kitchen":null', '"kitchen":"posing"')
    told = read_statuses(answer(status(1, kitchen("k")).to_json(), posing, status(3).to_json()))
    assert [(one.time, len(one.kitchens)) for one in told] == [(1, 1), (3, 0)]


@given(
    st.binary()
    | st.sampled_from([b"[]", b"{}", b'{"statuses":1}', b'{"statuses":[1}', b'{"statuses":[1]}'])
)
def test_an_answer_that_makes_no_sense_has_none(body: bytes) -> None:
    assert read_statuses(body) == []


def test_an_answer_that_is_too_long_is_not_read() -> None:
    assert read_statuses(json.dumps({"statuses": ["x" * MOST_BYTES]}).encode()) == []


def test_what_is_known_already_is_not_taken_again() -> None:
    picture = Picture()
    for time in (1, 2, 5):
        told = status(time, kitchen("k", packets_handled=10 * time))
        picture.take_past(read_status(told))
    picture.take_past(read_status(status(3, kitchen("k", packets_handled=0))))
    assert picture.fleet.hub is not None
    assert picture.fleet.hub.time == 5
    [one] = picture.fleet.kitchens
    assert one.rates is not None
    assert one.rates.packets == 10
