"""No text from the network reaches a terminal in a form that acts on it."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.text import iso_time, printable, printable_json
from netdumplings.exceptions import InvalidDumplingPayload

# Text as hostile as it comes: every code point, halves of surrogate pairs included, with the
# ones that terminals act on often among them.
hostile_text = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from("\x1b\x07\x9b\r\n\t\x7f\u202e"))
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile_text,
    lambda inner: st.lists(inner) | st.dictionaries(hostile_text, inner),
    max_leaves=20,
)
HARMLESS = {"L", "M", "N", "P", "S"}  # letters, marks, numbers, punctuation, symbols


@given(hostile_text)
def test_printable_text_holds_only_visible_characters_and_spaces(text: str) -> None:
    for character in printable(text):
        assert character == " " or unicodedata.category(character)[0] in HARMLESS


@given(hostile_text.filter(str.isprintable))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\r\nb\tc", r"a\x0d\x0ab\x09c"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\u2066\u2069\u200b\ufeff", r"\u2066\u2069\u200b\ufeff"),
        ("one\u2028two\u2029three", r"one\u2028two\u2029three"),
        ("\ud800", r"\ud800"),
        ("\ue000\U000e0041", r"\ue000\U000e0041"),
        ("ünïcödé 日本 🥟", "ünïcödé 日本 🥟"),
        ("", ""),
    ],
)
def test_each_kind_of_unprintable_character_is_escaped(text: str, escaped: str) -> None:
    assert printable(text) == escaped


@given(json_values)
def test_printable_json_is_json_of_the_same_value(value: object) -> None:
    try:
        text = printable_json(value)
    except InvalidDumplingPayload:
        # Python values that no JSON document can have: a NaN beside half a surrogate pair.
        assert not _is_json(value)
        return
    assert all(line.isprintable() for line in text.split("\n"))
    if _is_json(value):
        assert json.loads(text) == value


@given(json_values)
def test_printable_json_for_an_ascii_output_is_ascii(value: object) -> None:
    if _is_json(value):
        assert printable_json(value, ascii_only=True).isascii()


def test_printable_json_is_indented_and_leaves_letters_alone() -> None:
    assert printable_json({"name": "日本", "n": [1]}) == (
        '{\n  "name": "日本",\n  "n": [\n    1\n  ]\n}'
    )


@pytest.mark.parametrize("character", ["\x1b", "\x7f", "\x9b", "\u202e", "\u2028", "\U000e0041"])
def test_printable_json_escapes_what_json_itself_would_let_through(character: str) -> None:
    text = printable_json({character: character})
    assert character not in text
    assert json.loads(text) == {character: character}


def test_a_number_beyond_a_double_is_null() -> None:
    assert printable_json(json.loads("[1e999]")) == "[\n  null\n]"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_payload_nested_too_deeply_is_refused(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    with pytest.raises(InvalidDumplingPayload, match="nested more than 64 deep"):
        printable_json(json.loads(opening * 500 + "1" + closing * 500))


def test_a_time_is_iso_8601_in_utc_to_the_millisecond() -> None:
    assert iso_time(1515990765.925951) == "2018-01-15T04:32:45.925Z"
    assert iso_time(0.0) == "1970-01-01T00:00:00.000Z"
    assert iso_time(-1.0) == "1969-12-31T23:59:59.000Z"


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1e18, -1e12])
def test_a_time_beyond_the_calendar_is_given_in_seconds(seconds: float) -> None:
    assert float(iso_time(seconds)) == seconds


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_time_can_be_shown(seconds: float) -> None:
    assert printable(iso_time(seconds)) == iso_time(seconds)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
