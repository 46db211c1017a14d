"""Dumplings beside those that were expected, whenever either were made.

What is compared is what a chef is answerable for: its name, the driver, and the payload, as JSON
has it. Left out are ``creation_time`` and the kitchen. Numbers that are not whole are rounded to
six decimals, which of a time leaves the microseconds. The order of the keys of an object makes no
difference; that of the dumplings does.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..dumpling import Dumpling, DumplingDriver
from ..exceptions import InvalidDumpling

PathLike = str | os.PathLike[str]

#: Decimals of a number that are compared.
DECIMALS: Final = 6
#: Differences that are shown; of the others it is told how many they are.
MOST_SHOWN: Final = 20
#: Lines of one of them.
MOST_LINES: Final = 60
#: Beyond so many dumplings they are compared one by one: who was added is not looked for.
MOST_ALIGNED: Final = 20_000
#: What stands in the place of what is ignored.
_IGNORED: Final = "(ignored)"
_WORDS: Final = {"delete": "expected, and not made", "insert": "made, and not expected"}


def payloads(
    dumplings: Iterable[Dumpling],
    *,
    driver: DumplingDriver | None = None,
    chef: str | None = None,
) -> list[Any]:
    """Return the payloads of dumplings.

    Args:
        dumplings: the dumplings.
        driver: of those that a packet made only, or an interval; None for both.
        chef: of those of one chef only, by its name; None for all.
    """
    return [
        dumpling.payload
        for dumpling in dumplings
        if driver in (None, dumpling.driver) and chef in (None, dumpling.chef_name)
    ]


def as_lines(dumplings: Iterable[Dumpling], *, ignore: Collection[str] = ()) -> list[str]:
    """Write what is compared of dumplings, each as one line of JSON.

    Args:
        dumplings: the dumplings.
        ignore: keys of objects, anywhere in payloads, whose values are not to matter (the time of
            day, say, in a chef that tells it).

    Returns:
        lines as ``{"chef":"PortChef","driver":"interval","payload":{...}}``, the keys of payloads
        as the chef has them.
    """
    return [_dumps(_comparable(dumpling, frozenset(ignore))) for dumpling in dumplings]


def read_lines(path: PathLike) -> list[Dumpling]:
    """Read dumplings from a file of JSON, one a line, as `as_lines` writes them.

    Dumplings as ``nd-sniff --stdout`` writes them will do too. Empty lines are passed over.

    Raises:
        InvalidDumpling: a line is neither; it names the line.
        OSError: the file cannot be read.
    """
    text = Path(path).read_text(encoding="utf-8")
    return [
        _read(line, f"{os.fspath(path)}, line {number}")
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]


def assert_same(
    made: Iterable[Dumpling],
    expected: Iterable[Dumpling] | PathLike,
    *,
    ignore: Collection[str] = (),
) -> None:
    """Assert that dumplings are those that were expected, whenever either were made.

    Args:
        made: the dumplings.
        expected: what they should be, or a file that `read_lines` reads.
        ignore: as of `as_lines`.

    Raises:
        AssertionError: they are not; it shows the difference.
        InvalidDumpling, OSError: as of `read_lines`.
    """
    __tracebackhide__ = True
    if isinstance(expected, str | os.PathLike):
        expected = read_lines(expected)
    found = difference(made, expected, ignore=ignore)
    if found:
        raise AssertionError(f"the dumplings are not as expected:\n{found}")


def difference(
    made: Iterable[Dumpling], expected: Iterable[Dumpling], *, ignore: Collection[str] = ()
) -> str:
    """Say how dumplings differ from those that were expected.

    Args:
        made: the dumplings.
        expected: what they should be.
        ignore: as of `as_lines`.

    Returns:
        lines for people, those that were expected with ``-`` before them, those that were made
        with ``+``; an empty text if there is no difference.
    """
    keys = frozenset(ignore)
    old = [_comparable(dumpling, keys) for dumpling in expected]
    new = [_comparable(dumpling, keys) for dumpling in made]
    parts: list[str] = []
    count = 0
    for tag, before, after in _changes([_sorted(each) for each in old], [*map(_sorted, new)]):
        for number in range(max(len(before), len(after))):
            count += 1
            if count > MOST_SHOWN:
                continue
            if number >= len(before) or tag == "insert":
                place = after[number]
                parts.append(_alone("+", place, new[place]))
            elif number >= len(after) or tag == "delete":
                place = before[number]
                parts.append(_alone("-", place, old[place]))
            else:
                parts.append(_pair(old[before[number]], new[after[number]], after[number]))
    if count > MOST_SHOWN:
        parts.append(f"... and {count - MOST_SHOWN} differences more")
    return "\n".join(parts)


def _comparable(dumpling: Dumpling, ignore: frozenset[str]) -> dict[str, Any]:
    return {
        "chef": dumpling.chef_name,
        "driver": dumpling.driver.value,
        "payload": _settled(dumpling.payload, ignore),
    }


def _settled(value: Any, ignore: frozenset[str]) -> Any:
    """A payload without what is not compared."""
    if isinstance(value, float):
        # (Adding 0 makes 0 of -0, which no user can tell apart.)
        return round(value, DECIMALS) + 0.0
    if isinstance(value, dict):
        return {
            name: _IGNORED if name in ignore else _settled(inner, ignore)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_settled(inner, ignore) for inner in value]
    return value


def _dumps(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(
        value, ensure_ascii=False, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _sorted(value: Any) -> str:
    """The same text for what is the same: also for 1 and 1.0, which are one number in JSON."""
    return _dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return [*map(_whole, value)] if isinstance(value, list) else value


def _read(line: str, where: str) -> Dumpling:
    with suppress(ValueError, RecursionError):
        document = json.loads(line)
        if isinstance(document, dict) and "metadata" not in document:
            payload = {key: document.pop(key) for key in ("payload",) if key in document}
            metadata = {"kitchen": None, "creation_time": 0, **document}
            line = json.dumps({"metadata": metadata, **payload})
    try:
        return Dumpling.from_json(line)
    except InvalidDumpling as error:
        raise InvalidDumpling(f"{where}: {error}") from None


_Change = tuple[str, Sequence[int], Sequence[int]]


def _changes(old: list[str], new: list[str]) -> Iterator[_Change]:
    """Tell where two lists differ: how, and the numbers of the old ones and of the new ones."""
    # What is the same at both ends needs no looking for.
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old), len(new)) > MOST_ALIGNED:
        for number in range(max(len(old), len(new))):
            before, after = old[number : number + 1], new[number : number + 1]
            if before != after:
                place = head + number
                yield "replace", [place] * len(before), [place] * len(after)
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield tag, range(head + a, head + b), range(head + c, head + d)


def _title(document: dict[str, Any], number: int) -> str:
    return f"dumpling {number + 1}, of {document['chef']} ({document['driver']})"


def _alone(sign: str, number: int, document: dict[str, Any]) -> str:
    word = _WORDS["insert" if sign == "+" else "delete"]
    lines = [f"{sign} {line}" for line in _pretty(document)]
    return "\n".join([f"{_title(document, number)}: {word}", *_shortened(lines)])


def _pair(old: dict[str, Any], new: dict[str, Any], number: int) -> str:
    """Show one dumpling in the place of another."""
    lines = difflib.unified_diff(_pretty(old), _pretty(new), lineterm="", n=2)
    # Behind the names of the files, which there are none of, and where the first change is.
    shown = [
        "  ..." if line.startswith("@@") else f"{line[:1]} {line[1:]}" for line in list(lines)[3:]
    ]
    said = "not as expected"
    if (old["chef"], old["driver"]) != (new["chef"], new["driver"]):
        said = f"in the place of one of {old['chef']} ({old['driver']})"
    return "\n".join([f"{_title(new, number)}: {said}", *_shortened(shown)])


def _pretty(document: dict[str, Any]) -> list[str]:
    return _dumps(_whole(document["payload"]), indent=2, sort_keys=True).splitlines()


def _shortened(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[:MOST_LINES], f"  ... ({len(lines) - MOST_LINES} lines more)"]
