"""Values out of JSON that anybody may have written: of the kind they should be, or not there."""

from __future__ import annotations

from typing import Any, Final, TypeGuard

#: Characters of a name or an error that are looked at: as many as a hub takes of a name.
LONGEST: Final = 256


def is_count(value: Any) -> TypeGuard[int]:
    """Tell what can have been counted."""
    # No counter gets further than 64 bits; a hostile one could be thousands of digits long.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**64


def count(value: Any) -> int | None:
    """Return what was counted, or None."""
    return value if is_count(value) else None


def seconds(value: Any) -> float | None:
    """Return a span of time, or None; 2^40 seconds, some 35 000 years, is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        return None
    return float(value)


def text(value: Any, longest: int = LONGEST) -> str | None:
    """Return the beginning of a text, or None. It is as hostile as before."""
    return value[:longest] if isinstance(value, str) else None


def texts(value: Any, most: int) -> tuple[str, ...]:
    """Return the texts in a list, or a text alone; no more of them than that."""
    if isinstance(value, str):
        return (value[:LONGEST],)
    return tuple(item[:LONGEST] for item in entries(value, most) if isinstance(item, str))


def mapping(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one."""
    return value if isinstance(value, dict) else {}


def named(value: Any, most: int) -> list[tuple[str, Any]]:
    """Return what is in an object, under the beginnings of its names; no more than that."""
    held = mapping(value)
    return [(name[:LONGEST], held[name]) for name, _ in zip(held, range(most), strict=False)]


def entries(value: Any, most: int) -> list[Any]:
    """Return what is in a list; no more than that."""
    return value[:most] if isinstance(value, list) else []


def counts(value: Any) -> dict[str, int]:
    """Return what makes sense of an object of counts; a hundred of them is more than there are."""
    return {name: number for name, number in named(value, 100) if is_count(number)}
