"""Whatever lies in a file: what is not damaged is read, and what is damaged is named."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.exceptions import RecordingUnavailable
from netdumplings.recording import (
    Damage,
    Missed,
    Rotation,
    files_of,
    open_recording,
    read_recording,
)
from netdumplings.recording.packing import zstd_module
from netdumplings.recording.reading import MAX_LINE
from support.recordings import found_in, line, payloads

NOW = 1795000050.0


def damaged(path: Path) -> list[tuple[str, str]]:
    return [(one.where, one.problem) for one in found_in(path) if isinstance(one, Damage)]


def test_lines_of_others_are_read_and_the_bad_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    lines = [line(1), b"", b"{", line(2) + b"\r", b"\xff", b"  ", b"[1]", line(3)]
    path.write_bytes(b"\n".join(lines))
    assert [json.loads(one)["payload"] for one in found_in(path) if isinstance(one, bytes)] == [
        1, 2, 3,
    ]  # fmt: skip
    where, problems = zip(*damaged(path), strict=True)
    assert where == ("line 3", "line 5", "line 7")
    assert "not JSON" in problems[0]
    assert "UTF-8" in problems[1]
    assert "not a dumpling" in problems[2]


def test_a_status_of_the_hub_is_a_dumpling_like_others(tmp_path: Path, name: str) -> None:
    status = line({"total_dumplings_in": 1}, chef="SystemStatusChef", kitchen=None)
    recording = open_recording(tmp_path / name)
    recording.append([status], None, NOW)
    recording.close()
    (found,) = found_in(tmp_path / name)
    assert isinstance(found, bytes)
    assert json.loads(found) == json.loads(status)


def test_a_last_line_may_lack_its_end_but_not_more(tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_bytes(line(1) + b"\n" + line(2))
    assert payloads(path) == [1, 2]
    path.write_bytes(line(1) + b"\n" + line(2)[:-1])
    ((where, problem),) = damaged(path)
    assert (where, problem.split(":")[0]) == ("line 2", "it breaks off here")


def test_of_a_line_without_end_only_so_much_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb") as file:
        file.write(line(1) + b"\n")
        for _ in range(8):
            file.write(b"x" * MAX_LINE)
        file.write(b"\n" + line(2))
    assert damaged(path) == [("line 2", "a line that is too long")]
    assert len(found_in(path)) == 3


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_others_have_compressed_is_read_and_its_end_may_be_missing(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"theirs.jsonl{suffix}"
    text = b"".join(line(n) + b"\n" for n in range(1000))
    compress = gzip.compress if suffix == ".gz" else zstd_module().compress
    path.write_bytes(compress(text) + compress(text))
    assert payloads(path) == [*range(1000)] * 2
    path.write_bytes(compress(text) + compress(text)[:-9])
    ((_, problem),) = damaged(path)
    assert "end too soon" in problem
    assert len(found_in(path)) > 1000
    path.write_bytes(compress(text) + b"garbage!")
    ((where, problem),) = damaged(path)
    assert (where, "corrupt" in problem) == ("line 1001", True)


@given(st.binary(max_size=200) | st.lists(st.binary(max_size=30)).map(b"\n".join))
def test_no_bytes_are_too_bad(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(content)
    with suppress(RecordingUnavailable):  # it begins as a database does, say
        for found in read_recording(path):
            assert isinstance(found, bytes | Missed | Damage)


def test_rows_that_somebody_changed_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    recording = open_recording(path)
    recording.append([line(n) for n in range(3000)], None, NOW)
    recording.close()
    with closing(sqlite3.connect(path)) as database:
        changes = ["payload = '{'", "payload = '1}, {'", "creation_time = 'x'", "chef = x'ff'",
                   "driver = 'x'", "extra = '[1]'"]  # fmt: skip
        rows = [2, 500, 999, 1000, 1001, 2999]
        for row, change in zip(rows, changes, strict=True):
            database.execute(f"UPDATE dumplings SET {change} WHERE id = {row}")
        database.commit()
    assert [where for where, _ in damaged(path)] == [f"row {row}" for row in rows]
    assert len(found_in(path)) == 3000


def test_rows_of_gaps_that_somebody_changed_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    recording = open_recording(path)
    recording.append([Missed(NOW, 1, "slow", None)] * 5, None, NOW)
    recording.close()
    with closing(sqlite3.connect(path)) as database:
        changes = ["missed = 'many'", "missed = -1", "reason = x'00'", "kitchen = x'00'"]
        for row, change in enumerate(changes, 1):
            database.execute(f"UPDATE gaps SET {change} WHERE id = {row}")
        database.commit()
    assert [problem for _, problem in damaged(path)] == ["neither a dumpling nor a gap"] * 4
    assert len(found_in(path)) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
@pytest.mark.parametrize("packed", [False, True])
def test_a_pipe_may_have_a_name(tmp_path: Path, packed: bool) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = line(1) + b"\n" + line(2)
    content = gzip.compress(content) if packed else content
    with ThreadPoolExecutor() as pool:
        pool.submit(pipe.write_bytes, content)
        assert payloads(pipe) == [1, 2]


def test_a_database_is_read_where_no_file_can_be_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    recording = open_recording(path)
    recording.append([line(1)], None, NOW)
    recording.close()
    # As in a directory that cannot be written, which nothing is to root.
    (tmp_path / "r.sqlite-shm").mkdir()
    assert payloads(path) == [1]


def test_a_file_that_is_of_something_else_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE dumplings (x)")
        database.commit()
    with pytest.raises(RecordingUnavailable, match="but no recording of nd-record"):
        found_in(path)
    path.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(RecordingUnavailable, match=r"not a database|malformed|NOTADB"):
        found_in(path)
    pytest.importorskip("duckdb")
    path.write_bytes(b"PAR1" + b"x" * 5000)
    with pytest.raises(RecordingUnavailable, match="DuckDB"):
        found_in(path)


@pytest.mark.parametrize("name", ["a[1]*?.parquet", "it's.parquet"])
def test_the_name_of_a_file_is_no_pattern(tmp_path: Path, name: str) -> None:
    pytest.importorskip("duckdb")
    for other in (name, "a1xx.parquet"):
        recording = open_recording(tmp_path / other)
        recording.append([line(other)], None, NOW)
        recording.close()
    assert payloads(tmp_path / name) == [name]


def test_a_recording_is_all_its_parts_each_once(tmp_path: Path) -> None:
    recording = open_recording(tmp_path / "r.jsonl", rotation=Rotation(max_bytes=1))
    for number in range(3):
        recording.append([line(number)], None, NOW)
    recording.close()
    (tmp_path / "rest.jsonl").touch()
    for others in ("notes.txt", "settings.json", "mail.db", "r.jsonl.lock"):
        (tmp_path / others).touch()
    files = files_of([tmp_path / "r.jsonl"])
    assert [path.name for path in files] == sorted(path.name for path in files)
    assert len(files) == 4
    assert files_of([files[1]]) == [files[1]]
    assert files_of([*files, tmp_path / "r.jsonl"]) == files
    assert files_of([tmp_path]) == [*files, tmp_path / "rest.jsonl"]


def test_a_journal_that_is_a_parquet_file_already_is_not_read_besides(tmp_path: Path) -> None:
    # The recorder was killed before it could delete it.
    parquet = tmp_path / "r.20261129T165421.123456Z.parquet"
    journal = tmp_path / "r.20261129T165421.123456Z.parquet.journal"
    later = tmp_path / "r.20261129T165422.123456Z.parquet.journal"
    running = tmp_path / "r.parquet.journal"
    for path in (parquet, journal, later, running):
        path.touch()
    for named in (tmp_path, tmp_path / "r.parquet", running):
        assert files_of([named]) == [parquet, later, running]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for path in (tmp_path / "r.jsonl", tmp_path / "r.parquet", tmp_path / "no" / "r.sqlite"):
        with pytest.raises(RecordingUnavailable, match="No such file"):
            files_of([path])
    with pytest.raises(RecordingUnavailable, match="no recording in this directory"):
        files_of([tmp_path])


def test_a_database_is_read_in_steps_with_its_gaps_in_place(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    recording = open_recording(path)
    gap = Missed(NOW, 1, "slow", None)
    written: list[Any] = [gap]
    for step in range(5):
        written += [step * 500 + n for n in range(500)]
        written += [gap] * step
    recording.append([one if isinstance(one, Missed) else line(one) for one in written], None, NOW)
    recording.close()
    assert payloads(path) == written
