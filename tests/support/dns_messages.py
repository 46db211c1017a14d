"""DNS messages made by chance, and damaged: for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

#: Lengths and counts as headers hold them: small ones mostly, and lies.
count = st.sampled_from([0, 0, 1, 1, 2, 3, 100, 101, 0xFFFF]).map(lambda n: n.to_bytes(2, "big"))
label = st.one_of(
    st.binary(min_size=1, max_size=63).map(lambda text: bytes([len(text)]) + text),
    st.builds(lambda size: bytes([size]), st.integers(1, 255)),  # a length, and nothing behind it
)
pointer = st.integers(0, 120).map(lambda at: (0xC000 | at).to_bytes(2, "big"))
name = st.builds(
    lambda labels, end: b"".join(labels) + end,
    st.lists(label, max_size=4),
    st.one_of(st.just(b"\0"), pointer, st.binary(max_size=2)),
)
record_type = st.sampled_from(
    [1, 2, 5, 6, 12, 13, 15, 16, 28, 33, 35, 41, 43, 46, 47, 48, 50, 51, 64, 65, 250, 32769, 999]
).map(lambda number: number.to_bytes(2, "big"))
question_bytes = st.builds(lambda *parts: b"".join(parts), name, record_type, st.just(b"\0\1"))


def _record(owner: bytes, kind: bytes, data: bytes, lie: int) -> bytes:
    length = max(0, len(data) + lie).to_bytes(2, "big")
    return owner + kind + b"\0\1" + bytes(4) + length + data


record = st.builds(
    _record,
    name,
    record_type,
    st.one_of(st.binary(max_size=40), name),
    st.sampled_from([0, 0, 0, 0, 1, -1, 500]),
)
message = st.builds(
    lambda counts, questions, records, rest: (
        b"\0\7\1\0" + b"".join((*counts, *questions, *records, rest))
    ),
    st.tuples(count, count, count, count),
    st.lists(question_bytes, max_size=3),
    st.lists(record, max_size=5),
    st.one_of(st.just(b""), st.binary(max_size=6)),
)


def _damaged(data: bytes, flips: list[tuple[int, int]], cut: int | None) -> bytes:
    changed = bytearray(data)
    for where, bit in flips:
        changed[where % len(changed)] ^= 1 << bit
    return bytes(changed[:cut])


damaged = st.builds(
    _damaged,
    message,
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 7)), max_size=3),
    st.one_of(st.none(), st.integers(1, 200)),
)
