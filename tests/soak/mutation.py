"""Bytes changed as damage and malice change them, by chance that a seed repeats."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

#: Numbers that are on an edge somewhere: of signs, of lengths, of what a field can hold.
_EDGES = (0, 1, 2, 3, 4, 12, 16, 28, 32, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 262_144, 262_145)
_WIDE = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF0, 0xFFFF_FFFF, 16 << 20)


def mutated(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Change some bytes.

    Args:
        chance: decides.
        data: what to change.
        others: where pieces to put in are taken from.
    """
    for _ in range(chance.randint(1, 5)):
        data = chance.choice(_CHANGES)(chance, data, others)
    return data


def _flip_bits(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[_place(chance, changed)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _write_number(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Where it falls on a length, the length lies."""
    number = chance.choice((*_EDGES, *_WIDE, len(data), chance.randrange(2**32)))
    size = chance.choice((1, 2, 4))
    octets = (number % (1 << 8 * size)).to_bytes(size, chance.choice(("little", "big")))
    at = _place(chance, data)
    if chance.random() < 0.7:
        at &= ~3  # where fields of files are
    return data[:at] + octets + data[at + size :]


def _cut_off(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: chance.randint(0, len(data))]


def _take_out(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 2, 4, 16, 60)) :]


def _splice(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    begin = chance.randint(0, len(other))
    end = min(len(other), begin + chance.choice((4, 16, 100, len(other))))
    at = _place(chance, data)
    return data[:at] + other[begin:end] + data[at if chance.random() < 0.5 else at + end - begin :]


def _repeat(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    piece = data[at : at + chance.choice((1, 4, 32))]
    return data[:at] + piece * chance.choice((2, 10, 100)) + data[at:]


def _place(chance: random.Random, data: bytes | bytearray) -> int:
    """Somewhere, and rather near the beginning, where headers are."""
    length = max(1, len(data))
    return min(length - 1, int(length * chance.random() ** chance.choice((1, 1, 3))))


_CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _flip_bits,
    _write_number,
    _write_number,
    _cut_off,
    _take_out,
    _splice,
    _repeat,
)
