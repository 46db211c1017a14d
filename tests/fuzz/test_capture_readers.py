"""Whatever the bytes, the readers of capture files give packets or a documented error."""

from __future__ import annotations

import gzip
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from netdumplings.exceptions import NotACapture, TruncatedCapture
from netdumplings.inflate import Inflater
from support.capture_files import (
    EVERY_BLOCK,
    interface,
    packet,
    pcap_header,
    pcap_record,
    read_all,
    section,
)

PCAP_FILE = pcap_header() + b"".join(pcap_record(bytes(n)) for n in range(9))

#: Bytes that mean something somewhere in a capture file.
telling = st.sampled_from(
    [
        *(value.to_bytes(4, "little") for value in (0, 1, 2, 3, 6, 12, 16, 32, 2**31, 2**32 - 1)),
        *(value.to_bytes(4, "big") for value in (1, 6, 12, 28, 262_144, 2**24)),
        section(),
        interface(),
        packet(b"x"),
        pcap_header(">"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A capture file with some of its bytes overwritten, and perhaps cut off."""
    file = bytearray(draw(st.sampled_from([PCAP_FILE, EVERY_BLOCK])))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(file)))
        new = draw(telling | st.binary(min_size=1, max_size=8))
        if draw(st.booleans()):
            file[place : place + len(new)] = new
        else:
            file[place:place] = new
    return bytes(file[: draw(st.integers(0, len(file)))] if draw(st.booleans()) else file)


def check(file: bytes) -> None:
    packets, error = read_all([file])
    assert error is None or type(error) in (NotACapture, TruncatedCapture)
    if error:
        assert "\n" not in str(error)
    for read in packets:
        assert len(read.data) <= len(file)
        assert 0 <= read.time_ns < 2**62 + 2**32
        assert 0 <= read.wire_length < 2**32


@given(st.binary(max_size=200))
def test_any_bytes(file: bytes) -> None:
    check(file)


@given(st.sampled_from([pcap_header(), section(), section(">")]), st.binary(max_size=300))
def test_any_bytes_after_a_good_header(header: bytes, file: bytes) -> None:
    check(header + file)


@given(mutated())
def test_a_capture_with_bytes_changed(file: bytes) -> None:
    check(file)


@given(st.lists(telling, max_size=30))
def test_pieces_of_captures_put_together_at_random(pieces: list[bytes]) -> None:
    check(section() + interface() + b"".join(pieces))


@given(st.binary(max_size=300), st.lists(st.integers(0, 200), max_size=3))
def test_gzip_with_bytes_changed(data: bytes, places: list[int]) -> None:
    file = bytearray(gzip.compress(data))
    for place in places:
        if place < len(file):
            file[place] ^= 0x55
    inflater = Inflater()
    with suppress(ValueError):
        inflated = b"".join(inflater.feed(bytes(file)))
        inflater.end()
        # What passed gzip's own checksum is what was compressed.
        assert inflated == data
