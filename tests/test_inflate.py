"""gzip taken off piece by piece."""

from __future__ import annotations

import gzip
import zlib
from itertools import islice

import pytest

from netdumplings.inflate import Inflater

TEXT = b"dumplings " * 5000


def inflate(*pieces: bytes) -> bytes:
    inflater = Inflater()
    inflated = b"".join(part for piece in pieces for part in inflater.feed(piece))
    inflater.end()
    return inflated


def test_it_gives_what_was_compressed_however_it_is_cut() -> None:
    file = gzip.compress(TEXT)
    assert inflate(file) == TEXT
    assert inflate(*(file[n : n + 1] for n in range(len(file)))) == TEXT


def test_members_follow_one_another_and_zeros_after_the_last_are_padding() -> None:
    file = gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two") + bytes(512)
    assert inflate(file) == b"onetwo"
    assert inflate(*(file[n : n + 1] for n in range(len(file)))) == b"onetwo"


def test_a_bomb_goes_off_one_mebibyte_at_a_time() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    file = b"".join(bomb.compress(bytes(1024 * 1024)) for _ in range(200)) + bomb.flush()
    assert len(file) < 250_000
    parts = list(islice(Inflater().feed(file), 8))
    assert {len(part) for part in parts} == {1024 * 1024}


@pytest.mark.parametrize("missing", [1, 8, 9, 50])
def test_what_ends_too_soon_is_told(missing: int) -> None:
    with pytest.raises(ValueError, match="the gzip data end too soon"):
        inflate(gzip.compress(TEXT)[:-missing])


@pytest.mark.parametrize(
    "file",
    [
        gzip.compress(TEXT, mtime=0)[:-8] + bytes(8),
        gzip.compress(TEXT, mtime=0)[:20] + b"\xff" * 50,
        gzip.compress(TEXT, mtime=0) + b"garbage",
    ],
)
def test_what_is_corrupt_is_told(file: bytes) -> None:
    with pytest.raises(ValueError, match="corrupt gzip data"):
        inflate(file)
