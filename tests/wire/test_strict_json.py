"""Payloads are left undecoded, and are JSON all the same: strictly, as in RFC 8259."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netdumplings.wire import Refusal, check_dumpling
from netdumplings.wire.dumplings import read_dumpling, read_dumplings
from netdumplings.wire.nesting import any_deeper, is_deeper
from support.wire_oracle import levels

BEFORE = b'{"metadata":{"chef":"C","creation_time":1,"driver":"packet","kitchen":null},"payload":'

JSON = [
    b"null", b"true", b"false", b"0", b"-0", b"-0.0", b"1.5E3", b"1e-5", b"1E+05", b"0e1", b"1e999",
    b'""', rb'"\b\f\n\r\t\"\\\/"', rb'"\u00e9\uD83D\ude00"', '"\u2028\x7f'.encode() + b'"',
    b"[]", b"[ ]", b"[\r\n\t 1]", b"{}", b'{"a":1,"a":2}', b'{"":{"":[]}}', '"日本"'.encode(),
]  # fmt: skip
NOT_JSON = [
    b"", b"nul", b"nulll", b"True", b"NaN", b"Infinity", b"-Infinity", b"nan", b"undefined",
    b"01", b"-01", b"00", b"1.", b".5", b"-", b"-.5", b"+1", b"--1", b"1e", b"1e+", b"2.e3",
    b"0x1", b"1_000", b"1a", b"1 2",
    b'"', b'"a', b"'a'", b'"\x00"', b'"\x01"', b'"\x1f"', b'"\n"', b'"\t"', b'["a\x00a"]',
    rb'"\x41"', rb'"\a"', rb'"\'"', rb'"\u"', rb'"\u12"', rb'"\u12G4"', rb'"\u+123"', rb'"\u 123"',
    rb'"\ud800"', rb'"\udc00"', rb'"\udc00\ud800"', rb'"\ud83dx"', rb'"\ud83d\u0041"',
    rb'"\ud83d\n"', rb'"\ud800\ud800\udc00"', rb'{"\ud800":1}', rb'"\uDFFF"',
    b"[", b"]", b"[1,]", b"[,1]", b"[1,,2]", b"[1 2]", b"[1", b"[true1]",
    b"{", b'{"a":1,}', b"{,}", b'{"a"}', b'{"a":}', b'{"a" 1}', b'{"a":1 "b":2}', b"{a:1}",
    b"{'a':1}", b"{1:2}", b"{null:1}", b'{"\x01":1}',
    b"/*c*/1", b"1//c", b"#1", b"\xef\xbb\xbf1", b"[\x0c1]", b"[\x0b1]", b"[\xc2\xa01]",
    "[\u20091]".encode(), b"1\x00", b"[1]}",
]  # fmt: skip


def wrapped(payload: bytes) -> bytes:
    return BEFORE + payload + b"}"


def is_taken(payload: bytes) -> bool:
    """Whether a hub takes it: by itself, among others, and as a key that nobody knows."""
    alone = check_dumpling(wrapped(payload)) is None
    body = b"\n".join([wrapped(b"1"), wrapped(payload), wrapped(b"[]")])
    if b"\n" not in payload:
        assert isinstance(read_dumplings(body), Refusal) != alone
    other = b'{"other":%b,%b' % (payload, wrapped(b"1")[1:])
    assert (check_dumpling(other) is None) == alone
    return alone


@pytest.mark.parametrize("payload", JSON)
def test_json_is_taken(payload: bytes) -> None:
    assert is_taken(payload)
    json.loads(wrapped(payload))


@pytest.mark.parametrize("payload", NOT_JSON)
def test_what_is_nearly_json_is_refused(payload: bytes) -> None:
    assert not is_taken(payload)


def strict(text: bytes) -> Any:
    """What Python's own reader says, and is told to be strict about."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    document = json.loads(text.decode(), parse_constant=refuse)
    json.dumps(document, ensure_ascii=False).encode()  # no half of a surrogate pair
    return document


#: Pieces of JSON, and of what is nearly JSON.
pieces = st.sampled_from(
    [
        *(b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b" ", b"\n", b"\0", b"\x7f", b"\xff"),
        *(b"1", b"0", b"-", b".", b"e", b"E5", b"+", b"null", b"true", b"NaN", b"a", b"u", b"/"),
        *(b'"a"', b'"":', rb'"\u12', rb'"\ud800', rb"\udc00", b"\xed\xa0\x80", b"\xef\xbb\xbf"),
    ]
)


@given(st.lists(pieces, max_size=8).map(b"".join))
@example(b"")
def test_what_is_taken_is_what_a_strict_reader_reads(payload: bytes) -> None:
    text = wrapped(payload)
    try:
        strict(text)
    except ValueError:
        assert not is_taken(payload)
    else:
        assert is_taken(payload)


#: Dumplings, parts of them, and what may stand between two.
_LINES = st.sampled_from(
    [
        *(wrapped(b"1"), wrapped(b"[1,2]"), wrapped(b"[{}]"), wrapped(rb'"\n"')),
        *(b"", b"1", b"null", b"[]"),
        *(BEFORE[:-11], b'"payload":1}', BEFORE + b"[1", b"2]}", BEFORE + b"[{}", b"{}]}"),
        *(b"\n", b"\n", b"\n", b",", b",", b" ", b"\r", b"\t", b", "),
    ]
)


@given(st.lists(_LINES, max_size=12).map(b"".join))
@example(wrapped(b"1") + b"," + wrapped(b"1") + b"\n" + BEFORE[:-11] + b'\n"payload":1}')
@example(wrapped(b"1") + b"," + wrapped(b"1") + b"\n" + BEFORE + b"[1\n2]}")
@example(wrapped(b"1") + wrapped(b"1") + b"\n" + BEFORE + b"[1,\n2]}")
@example(wrapped(b"1") + b",1\n" + wrapped(b"1"))
def test_many_are_taken_if_each_line_is_one_by_itself(body: bytes) -> None:
    each = [read_dumpling(line) for line in body.split(b"\n")]
    found = read_dumplings(body)
    if any(isinstance(one, Refusal) for one in each):
        assert isinstance(found, Refusal)
    else:
        assert found == each


@given(st.lists(st.tuples(*[st.sampled_from("ab")] * 3, st.floats(0, 9)), min_size=1, max_size=9))
def test_what_one_of_many_says_of_itself_is_what_it_says_alone_but_for_its_time(
    many: list[tuple[str, str, str, float]],
) -> None:
    drivers = {"a": "packet", "b": "interval"}
    lines = [
        b'{"metadata":{"chef":"%b","creation_time":%f,"driver":"%b","kitchen":"%b"},"payload":1}'
        % (chef.encode(), time, drivers[driver].encode(), kitchen.encode())
        for chef, kitchen, driver, time in many
    ]
    found = read_dumplings(b"\n".join(lines))
    assert isinstance(found, list)
    assert [(one.chef, one.kitchen, one.driver) for one in found] == [
        (chef, kitchen, drivers[driver]) for chef, kitchen, driver, _ in many
    ]


documents = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\a', max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('[]{}"\\a', max_size=5), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(st.lists(documents, min_size=1, max_size=9), st.integers(1, 6))
def test_levels_are_counted_whatever_brackets_stand_in_strings(many: list[Any], most: int) -> None:
    texts = [json.dumps(document).encode() for document in many]
    deeper = [levels(document) > most for document in many]
    assert [is_deeper(text, most) for text in texts] == deeper
    assert any_deeper(b"\n".join(texts), most, count=len(texts)) == any(deeper)
    assert is_deeper(json.dumps(many[0], indent=1).encode(), most) == deeper[0]


def test_one_deep_text_is_found_among_many_shallow_ones() -> None:
    shallow = [b'{"a":[%d]}' % n for n in range(1000)]
    deep = b"[" * 65 + b"]" * 65
    assert not any_deeper(b"\n".join(shallow), 64, count=1000)
    for place in (0, 1, 32, 500, 999, 1000):
        assert any_deeper(b"\n".join([*shallow[:place], deep, *shallow[place:]]), 64, count=1001)
