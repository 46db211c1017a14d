"""What options take, and what they say of the rest."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.measures import SPAN
from netdumplings.console.options import FILE, SINCE


def since(text: str) -> datetime | timedelta:
    return SINCE.convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("0.5s", timedelta(milliseconds=500)),
        ("0s", timedelta()),
    ],
)
def test_a_time_span_is_so_long_ago(text: str, span: timedelta) -> None:
    assert since(text) == span


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_time_span_is_the_sum_of_its_parts(
    days: int, hours: int, minutes: int, seconds: int
) -> None:
    wanted = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    assert since(f"{days}d{hours}h{minutes}m{seconds}s") == wanted


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_utc_unless_it_says_otherwise(moment: datetime) -> None:
    assert since(moment.isoformat()) == moment
    assert since(moment.replace(tzinfo=None).isoformat()) == moment
    assert since(moment.replace(tzinfo=None).isoformat() + "Z") == moment


def test_a_time_zone_is_heeded_and_a_date_is_its_midnight() -> None:
    assert since("2026-11-21T12:00:00+02:00") == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert since("2026-11-21") == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "5", "m", "-5m", "5 m", "5M", "5m ago", "yesterday", "1e3s", "٣s", "1.s"),
        *("9999999999d", "9" * 400 + "d", "2026-13-01"),
    ],
)
def test_anything_else_is_a_usage_error_with_examples(text: str) -> None:
    with pytest.raises(click.BadParameter, match="5m, 1h30m or 2d"):
        since(text)


@given(st.text() | st.text("0123456789.dhms-:TZ+"))
def test_any_text_is_a_time_or_a_usage_error(text: str) -> None:
    with suppress(click.BadParameter):
        assert isinstance(since(text), datetime | timedelta)


@pytest.mark.parametrize("value", ["0s", "5", "-1d", "inf", -1.0, 0.0, float("nan"), float("inf")])
def test_a_span_is_more_than_nothing_however_it_is_given(value: str | float) -> None:
    with pytest.raises(click.BadParameter, match="is not a span of time"):
        SPAN.convert(value, None, None)
    assert SPAN.convert("1h30m", None, None) == SPAN.convert(5400.0, None, None) == 5400.0


def test_a_home_that_nobody_knows_is_the_name_of_a_file() -> None:
    assert FILE.convert("~nobody-at-all/x", None, None) == Path("~nobody-at-all/x")
    assert FILE.convert("~/x", None, None) == Path.home() / "x"
