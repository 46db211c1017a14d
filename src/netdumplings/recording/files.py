"""Which files a recording is, and what becomes of them while it is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ..exceptions import RecordingUnavailable
from .formats import COMPRESSED, SUFFIXES
from .opening import telling
from .parquet import JOURNAL
from .parts import finished_parts, is_finished_part

#: How standard input is called.
STDIN: Final = Path("-")


def files_of(paths: Iterable[Path]) -> list[Path]:
    """List the files of recordings, each once: those of a directory, the finished parts of a file.

    Args:
        paths: files, directories, or ``-`` for standard input.

    Raises:
        RecordingUnavailable: there is no such file.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        with telling(path, reading=True):
            for file in _files_of(path):
                files.setdefault(_as_finished(file), file)
    return list(files.values())


def new_parts(path: Path, known: Iterable[Path]) -> list[Path]:
    """List the parts of a recording that were finished since its files were listed.

    What is in them is no more in the file that is written.

    Args:
        path: any of its files.
        known: the files that were listed.

    Raises:
        RecordingUnavailable: the directory cannot be read.
    """
    if path == STDIN:
        return []
    have = {_as_finished(other) for other in (*known, path)}
    with telling(path, reading=True):
        return [part for part in _files_of(path) if _as_finished(part) not in have]


def whereabouts(path: Path) -> Path:
    """Where a file is that was listed: a finished journal is made a Parquet file, and goes."""
    return path if path.exists() else _as_finished(path)


def is_there(path: Path) -> bool:
    """Tell whether a finished part that was listed is still there: only so much may be kept.

    Other files are expected to be.
    """
    file = whereabouts(path)
    return file.exists() or not is_finished_part(file, _suffix(file))


def _as_finished(path: Path) -> Path:
    """What a finished journal is called when it is a Parquet file; others as they are."""
    if not (path.name.endswith(JOURNAL) and is_finished_part(path, JOURNAL)):
        return path
    return path.with_name(path.name.removesuffix(JOURNAL) + SUFFIXES["parquet"][0])


def _files_of(path: Path) -> Iterator[Path]:
    if path == STDIN:
        yield path
        return
    if path.name.endswith(JOURNAL) and not is_finished_part(path, JOURNAL) and path.exists():
        path = path.with_name(path.name.removesuffix(JOURNAL) + SUFFIXES["parquet"][0])
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if _is_surely_ours(one) and one.is_file())
        if not found:
            raise RecordingUnavailable(str(path), "there is no recording in this directory")
        yield from found
        return
    suffix = _suffix(path) or path.suffix
    journal = path.with_name(path.name.removesuffix(suffix) + JOURNAL)
    parts = []
    if path.parent.is_dir() and not is_finished_part(path, suffix):
        parts = [part.path for part in finished_parts(path, suffix)]
        if suffix == SUFFIXES["parquet"][0]:
            parts += [part.path for part in finished_parts(journal, JOURNAL)]
            if journal.exists():
                parts.append(journal)
    yield from parts
    if path.exists() or not parts:
        path.stat()
        yield path


def _is_surely_ours(path: Path) -> bool:
    """Tell by its name whether a file that nobody has named is to be read."""
    return _suffix(path).startswith((JOURNAL, ".jsonl", ".ndjson", ".sqlite", ".parquet"))


def _suffix(path: Path) -> str:
    """What the name of a file ends in, if it is that of a recording."""
    for suffix in (JOURNAL, *(one for known in SUFFIXES.values() for one in known)):
        for compressed in ("", *COMPRESSED.values()):
            if path.name.lower().endswith(suffix + compressed):
                return path.name[-len(suffix + compressed) :]
    return ""
