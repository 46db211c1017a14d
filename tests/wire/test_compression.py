"""Compressed messages come out as they went in, or not at all."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.wire import ENCODINGS, Encoding, compress
from netdumplings.wire.compression import _zstd, choose, decompress

TEXT = b'{"type":"batch","cursor":{}}\n' + b'{"metadata":{"chef":"ARPChef"},"payload":1}\n' * 50
zstd: Any = _zstd()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_message_gets_smaller_and_comes_back(encoding: Encoding) -> None:
    compressed = compress(TEXT, encoding)
    assert len(compressed) < len(TEXT) / 5
    assert decompress(compressed, encoding, len(TEXT)) == TEXT


@given(st.binary(max_size=3000), st.sampled_from(ENCODINGS))
def test_any_bytes_come_back(message: bytes, encoding: Encoding) -> None:
    assert decompress(compress(message, encoding), encoding, len(message)) == message


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_message_that_becomes_one_byte_too_many_is_refused(encoding: Encoding) -> None:
    with pytest.raises(ValueError, match=f"becomes more than {len(TEXT) - 1} bytes"):
        decompress(compress(TEXT, encoding), encoding, len(TEXT) - 1)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_message_cut_anywhere_is_refused(encoding: Encoding) -> None:
    compressed = compress(TEXT, encoding)
    for length in range(len(compressed)):
        with pytest.raises(ValueError, match=f"a {encoding} message that is cut off|damaged"):
            decompress(compressed[:length], encoding, len(TEXT))


@given(st.binary(max_size=300), st.sampled_from(ENCODINGS))
def test_bytes_that_are_no_compressed_message_raise_value_error(
    data: bytes, encoding: Encoding
) -> None:
    try:
        message = decompress(data, encoding, 1000)
    except ValueError:
        return
    assert len(message) <= 1000


@given(st.data(), st.sampled_from(ENCODINGS))
def test_a_damaged_message_raises_value_error_or_stays_within_its_bound(
    data: st.DataObject, encoding: Encoding
) -> None:
    compressed = bytearray(compress(TEXT, encoding))
    position = data.draw(st.integers(0, len(compressed) - 1))
    compressed[position] ^= data.draw(st.integers(1, 255))
    try:
        message = decompress(bytes(compressed), encoding, len(TEXT))
    except ValueError:
        return
    assert len(message) <= len(TEXT)


def bomb(encoding: Encoding, size: int) -> bytes:
    """As small as it gets: zeros, at the highest level."""
    zeros = bytes(size)
    small: bytes = zlib.compress(zeros, 9) if encoding == "deflate" else zstd.compress(zeros, 19)
    return small


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_takes_no_more_memory_than_the_message_may_have(encoding: Encoding) -> None:
    small = bomb(encoding, 64 * 1024 * 1024)
    assert len(small) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="becomes more than 100000 bytes"):
            decompress(small, encoding, 100_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def frame(window_log: int) -> bytes:
    """A zstd frame whose writer may refer back 2**window_log bytes, and does not say how many."""
    parameters = zstd.CompressionParameter
    options = {parameters.window_log: window_log, parameters.content_size_flag: False}
    compressor = zstd.ZstdCompressor(options=options)
    written: bytes = compressor.compress(TEXT) + compressor.flush()
    return written


def test_a_zstd_message_may_ask_for_a_window_of_8_mib_and_no_more() -> None:
    assert decompress(frame(23), "zstd", len(TEXT)) == TEXT
    with pytest.raises(ValueError, match="damaged zstd message"):
        decompress(frame(27), "zstd", len(TEXT))


def test_deflate_is_the_zlib_format() -> None:
    assert zlib.decompress(compress(TEXT, "deflate")) == TEXT
    with pytest.raises(ValueError, match="damaged deflate message"):
        decompress(zlib.compress(TEXT, wbits=-15), "deflate", len(TEXT))


def test_zstd_says_how_long_the_message_is_so_that_readers_can_make_room() -> None:
    assert zstd.get_frame_info(compress(TEXT, "zstd")).decompressed_size == len(TEXT)


def test_the_first_encoding_that_both_know_is_chosen() -> None:
    assert choose(["br", "deflate", "zstd"]) == "deflate"
    assert choose(["zstd", "deflate"]) == "zstd"
    assert choose(["br", "ZSTD", ""]) is None
    assert choose([]) is None
