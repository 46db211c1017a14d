"""Files that end anywhere: a kill or a power failure takes the last group, and nothing else."""

from __future__ import annotations

import gzip
import itertools
import random
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.exceptions import RecordingUnavailable
from netdumplings.recording import Damage, Entry, Missed, Rotation, open_recording, read_recording
from support.recordings import line, payloads

NOW = 1795000050.0
#: What a hostile kitchen may send: dumplings that look like other lines.
FORGED = [
    b'{"recording":{"version":1,"time":1.0,"size":0,"crc32":0,"cursor":{"x":9}},%b' % line(1)[1:],
    b'{"gap":{"time":1.0,"missed":1,"reason":"slow"},%b' % line(2)[1:],
    line('\n{"recording":{"version":1,"time":1.0,"size":0,"crc32":0,"cursor":{"x":9}}}\n'),
]
entries = st.one_of(
    st.text(max_size=30).map(line),
    st.sampled_from(FORGED),
    st.builds(Missed, st.just(NOW), st.integers(0, 9), st.just("slow"), st.none() | st.text()),
)
groups = st.lists(st.lists(entries, max_size=4), min_size=1, max_size=5)
plain_and_packed = pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst"])


def written(path: Path, groups: list[list[Entry]]) -> list[int]:
    """Write groups; return how large the file is after each, and before the first."""
    recording = open_recording(path)
    sizes = [path.stat().st_size]
    for number, group in enumerate(groups, start=1):
        recording.append(group, {"x": number}, NOW)
        sizes.append(path.stat().st_size)
    recording.close()
    return sizes


def read(path: Path) -> list[Any]:
    return [entry for entry in read_recording(path) if not isinstance(entry, Damage)]


@plain_and_packed
@given(groups, st.floats(0, 1), st.booleans())
def test_of_any_prefix_only_what_is_torn_is_lost(
    name: str, groups: list[list[Entry]], where: float, between: bool
) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / name
        sizes = written(path, groups)
        assert read(path) == [entry for group in groups for entry in group]
        # (How long a time is as text depends on the time.)
        cut = sizes[int(where * (len(sizes) - 1))] if between else int(where * sizes[-1])
        whole = sum(size <= cut for size in sizes) - 1
        with path.open("rb+") as file:
            file.truncate(cut)
        recording = open_recording(path)
        assert recording.cursor == ({"x": whole} if whole > 0 else None)
        assert read(path) == [entry for group in groups[: max(0, whole)] for entry in group]
        recording.append([line("on")], {"x": 100}, NOW)
        recording.close()
        assert read(path) == [*(e for group in groups[: max(0, whole)] for e in group), line("on")]


@plain_and_packed
@given(groups, st.floats(0, 1), st.floats(0, 1), st.sampled_from([b"\0", b"x"]))
def test_after_a_power_failure_the_last_group_may_be_anything(
    name: str, groups: list[list[Entry]], where: float, much: float, noise: bytes
) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / name
        sizes = written(path, groups)
        content = bytearray(path.read_bytes())
        begin, end = sizes[-2], sizes[-1]
        first = begin + int(where * (end - begin))
        last = first + int(much * (end - first))
        content[first:last] = noise * (last - first)
        path.write_bytes(content)
        recording = open_recording(path)
        unharmed = recording.cursor == {"x": len(groups)}
        assert unharmed or recording.cursor == ({"x": len(groups) - 1} if groups[1:] else None)
        recording.close()
        kept = groups if unharmed else groups[:-1]
        assert read(path) == [entry for group in kept for entry in group]


@plain_and_packed
def test_a_file_that_is_damaged_before_its_end_is_not_touched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sizes = written(path, [[line("x" * 100)]] * 6)
    content = bytearray(path.read_bytes())
    content[sizes[4] : sizes[6]] = b"\xff" * (sizes[6] - sizes[4])
    content += path.read_bytes()[sizes[3] : sizes[4]].replace(b"crc32", b"crc33")
    path.write_bytes(content)
    if name == "r.jsonl":
        # What is behind the last whole group is no group: it may have been torn.
        open_recording(path).close()
        assert path.read_bytes() == bytes(content[: sizes[4]])
        return
    with pytest.raises(RecordingUnavailable, match=r"damaged at byte \d+; give another name"):
        open_recording(path)
    assert path.read_bytes() == content


@plain_and_packed
@pytest.mark.parametrize("damaged", [1, 2])
def test_two_damaged_groups_were_damaged_by_something_else(
    tmp_path: Path, name: str, damaged: int
) -> None:
    path = tmp_path / name
    sizes = written(path, [[line("x" * 100)]] * 6)
    content = bytearray(path.read_bytes())
    for group in range(damaged):
        middle = (sizes[5 - group] + sizes[6 - group]) // 2
        content[middle] ^= 0x55
    path.write_bytes(content)
    if damaged == 1:
        open_recording(path).close()
        assert len(payloads(path)) == 5
        return
    with pytest.raises(RecordingUnavailable, match="damaged before byte"):
        open_recording(path)
    assert path.read_bytes() == content


def test_a_recording_of_a_later_version_is_not_touched(tmp_path: Path) -> None:
    lines, database = tmp_path / "r.jsonl", tmp_path / "r.sqlite"
    for path in (lines, database):
        written(path, [[line(1)]])
    lines.write_bytes(lines.read_bytes().replace(b'"version":1', b'"version":2'))
    with closing(sqlite3.connect(database)) as changed:
        changed.execute("PRAGMA user_version = 2")
    for path in (lines, database):
        before = path.read_bytes()
        with pytest.raises(RecordingUnavailable, match="it is of version 2, and 1 is known here"):
            open_recording(path)
        assert path.read_bytes() == before


def test_other_programs_read_what_is_packed(tmp_path: Path) -> None:
    written(tmp_path / "r.jsonl.gz", [[line(1)], [line(2)]])
    assert len(gzip.decompress((tmp_path / "r.jsonl.gz").read_bytes()).splitlines()) == 5
    zcat = subprocess.run(["zcat", str(tmp_path / "r.jsonl.gz")], capture_output=True, check=True)
    assert len(zcat.stdout.splitlines()) == 5
    assert not zcat.stderr
    if shutil.which("zstd") is None:
        pytest.skip("there is no zstd here")
    written(tmp_path / "r.jsonl.zst", [[line(1)], [line(2)]])
    command = ["zstd", "-dc", str(tmp_path / "r.jsonl.zst")]
    assert len(subprocess.run(command, capture_output=True, check=True).stdout.splitlines()) == 5


NOISE = random.Random(1).randbytes(100_000).hex()


class Killed(BaseException):
    """Stands for the end of the process."""


def killing(patched: pytest.MonkeyPatch, kill_at: int) -> list[str]:
    """Have the process end at the so-and-so-many'th change of a directory; yields the changes."""
    steps: list[str] = []

    def patch(kind: str) -> None:
        original = getattr(Path, kind)

        def stepping(self: Path, *arguments: Any, **options: Any) -> Any:
            steps.append(kind)
            if len(steps) == kill_at:
                raise Killed
            return original(self, *arguments, **options)

        patched.setattr(Path, kind, stepping)

    patch("rename")
    patch("unlink")
    return steps


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.parquet"])
def test_it_may_be_killed_at_any_step_of_finishing_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("duckdb")
    for kill_at in itertools.count(1):
        directory = tmp_path / str(kill_at)
        directory.mkdir()
        path = directory / name
        recording = open_recording(path, rotation=Rotation(max_bytes=100_000))
        recording.append([line("x" * 100)] * 3, {"x": 1}, NOW)
        with monkeypatch.context() as patched:
            steps = killing(patched, kill_at)
            with suppress(Killed):
                recording.append([line(NOISE)], {"x": 2}, NOW)
        recording._lock.release()  # as the system does
        recording = open_recording(path, rotation=Rotation(max_bytes=100_000))
        assert recording.cursor == {"x": 2}
        recording.append([line("z")], {"x": 3}, NOW)
        recording.close()
        assert payloads(path) == ["x" * 100] * 3 + [NOISE, "z"]
        left = {file.name for file in directory.iterdir()}
        assert not [one for one in left if one.endswith((".new", ".begun", ".part", ".lock"))], left
        if len(steps) < kill_at:
            assert kill_at > 3
            return
