"""Colors appear where they are wanted, and take nothing away."""

from __future__ import annotations

import json
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console import color
from netdumplings.console.text import printable_json

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Terminal:
    def isatty(self) -> bool:
        return True


@given(json_values)
def test_colored_json_is_the_same_json_below_the_colors(value: object) -> None:
    assert json.loads(click.unstyle(color.json_colored(printable_json(value)))) == value


def test_keys_strings_numbers_and_literals_differ() -> None:
    assert color.json_colored('{"a": "b", "c": [-1.5e+3, null]}') == (
        '{\x1b[34m"a"\x1b[0m: \x1b[32m"b"\x1b[0m, '
        '\x1b[34m"c"\x1b[0m: [\x1b[36m-1.5e+3\x1b[0m, \x1b[35mnull\x1b[0m]}'
    )


def test_a_quote_within_a_string_does_not_end_it() -> None:
    assert color.json_colored(r'"a\" 1 null"') == '\x1b[32m"a\\" 1 null"\x1b[0m'


def test_a_terminal_gets_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert color.wanted(None)
    assert not color.wanted(False)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_can_refuse_colors(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv(variable, value)
    assert not color.wanted(None)
    assert color.wanted(True)


def test_what_is_no_terminal_gets_none() -> None:
    assert not color.wanted(None)
    assert color.wanted(True)
