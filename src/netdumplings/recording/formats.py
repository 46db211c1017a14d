"""Which format a recording has, by its name and by what is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal, NamedTuple, get_args

from .packing import Compression
from .parts import Retention, Rotation

Format = Literal["jsonl", "sqlite", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
COMPRESSIONS: Final[tuple[Compression, ...]] = get_args(Compression)

#: What names end in, by format; a new recording in a directory gets the first.
SUFFIXES: Final[dict[Format, tuple[str, ...]]] = {
    "jsonl": (".jsonl", ".ndjson", ".json"),
    "sqlite": (".sqlite", ".sqlite3", ".db"),
    "parquet": (".parquet",),
}
COMPRESSED: Final[dict[Compression, str]] = {"gzip": ".gz", "zstd": ".zst"}
#: What a recording in a directory is called.
STEM: Final = "dumplings"
#: When a file in a directory is finished, if nobody says so.
ROTATION: Final = Rotation(max_bytes=100 * 1024 * 1024)


class Plan(NamedTuple):
    """How a recording is to be made.

    Attributes:
        path: the file.
        format: its format.
        suffix: what its name ends in, and those of its finished files.
        compression: how it is compressed.
        rotation: when a file of it is finished.
        retention: what is kept of it.
    """

    path: Path
    format: Format
    suffix: str
    compression: Compression | None
    rotation: Rotation
    retention: Retention


def plan(
    path: str | os.PathLike[str],
    *,
    format: Format | None = None,
    compression: Compression | None = None,
    rotation: Rotation | None = None,
    retention: Retention | None = None,
) -> Plan:
    """See how a recording is to be made.

    Args:
        path: a file; or a directory, which is there or is written with a slash at its end.
        format: the format; None for what the name says.
        compression: how to compress; None for what the name says.
        rotation: when a file is finished; None for what suits.
        retention: what is kept; None for everything.

    Raises:
        ValueError: that does not go together; the text says what does.
    """
    file = Path(path)
    if os.fspath(path) == "-":
        raise ValueError("it records into files; nd-print --json writes to standard output")
    if not os.fspath(path):
        raise ValueError("a recording has a name; for this directory, give ./")
    rotation, retention = rotation or Rotation(), retention or Retention()
    if os.fspath(path).endswith(("/", os.sep)) or file.is_dir():
        format = format or "jsonl"
        file /= STEM + SUFFIXES[format][0] + (COMPRESSED[compression] if compression else "")
        if format == "jsonl" and not rotation.wanted:
            rotation = ROTATION
    by_name, suffix, named = _by_name(file)
    if format is None and by_name is None:
        raise ValueError(
            f"the name {file.name!r} does not say in which format: let it end in "
            f"{', '.join(known[0] for known in SUFFIXES.values())}, or give --format"
        )
    chosen = format or by_name
    assert chosen is not None
    if chosen != "jsonl":
        if compression or named:
            raise ValueError(f"a recording in {chosen} is not compressed")
        if chosen == "sqlite" and rotation.wanted:
            raise ValueError("a database is one file: give --keep-... in place of --rotate-...")
        if chosen == "parquet" and by_name != "parquet":
            raise ValueError("the name of a recording in parquet ends in .parquet")
    elif compression is not None and compression != named:
        raise ValueError(
            f"the name of a recording compressed by {compression} ends in {COMPRESSED[compression]}"
        )
    elif retention.wanted and not rotation.wanted:
        raise ValueError("--keep-... deletes finished files: say with --rotate-... when one is")
    return Plan(file, chosen, suffix, compression or named, rotation, retention)


def _by_name(path: Path) -> tuple[Format | None, str, Compression | None]:
    """What a name says: the format, what it ends in, and how it is compressed."""
    name = path.name.lower()
    ending = ""
    named: Compression | None = None
    for compression, suffix in COMPRESSED.items():
        if name.endswith(suffix):
            name, ending, named = name.removesuffix(suffix), suffix, compression
    for known, suffixes in SUFFIXES.items():
        for suffix in suffixes:
            if name.endswith(suffix) and name != suffix:
                return known, path.name[-len(suffix + ending) :], named
    return None, path.suffix, named
