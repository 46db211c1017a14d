"""What holds of a recording of any format."""

from __future__ import annotations

import json
import random
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling
from netdumplings.exceptions import RecordingUnavailable
from netdumplings.recording import Damage, Missed, Retention, Rotation, open_recording
from netdumplings.recording.entries import fields_of, line_of
from support.recordings import CURSOR, found_in, line, payloads

NOW = 1795000050.0
GAP = Missed(NOW, 3, "slow", "k")


def test_what_was_appended_is_there_with_its_cursor(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    recording = open_recording(path)
    assert recording.cursor is None
    recording.append([line(1), line("ü\u2028\u0000")], CURSOR, NOW)
    recording.append([GAP, line([2.5, None]), GAP], {"x": 1}, NOW)
    assert recording.cursor == {"x": 1}
    recording.close()
    assert payloads(path) == [1, "ü\u2028\u0000", GAP, [2.5, None], GAP]
    recording = open_recording(path)
    assert recording.cursor == {"x": 1}
    recording.append([line(3)], CURSOR, NOW)
    recording.append([], {"x": 2}, NOW)
    recording.close()
    assert payloads(path) == [1, "ü\u2028\u0000", GAP, [2.5, None], GAP, 3]
    recording = open_recording(path)
    assert recording.cursor == {"x": 2}
    recording.close()


def test_it_can_be_read_while_it_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    recording = open_recording(path)
    recording.append([line(1), GAP], None, NOW)
    assert payloads(path) == [1, GAP]
    recording.append([line(2)], None, NOW)
    assert payloads(path) == [1, GAP, 2]
    recording.close()


def test_nobody_but_its_owner_can_read_it(tmp_path: Path, name: str) -> None:
    recording = open_recording(tmp_path / name, rotation=None)
    recording.append([line(1)], None, NOW)
    files = [*tmp_path.iterdir()]
    recording.close()
    files += tmp_path.iterdir()
    modes = {file.name: stat.filemode(file.stat().st_mode) for file in files if file.exists()}
    assert set(modes.values()) == {"-rw-------"}, modes


def test_a_second_recorder_is_refused_and_the_first_goes_on(tmp_path: Path, name: str) -> None:
    first = open_recording(tmp_path / name)
    with pytest.raises(RecordingUnavailable, match="another nd-record is recording into it"):
        open_recording(tmp_path / name)
    first.append([line(1)], None, NOW)
    first.close()
    assert not [*tmp_path.glob("*.lock")]
    open_recording(tmp_path / name).close()


@pytest.mark.skipif(sys.platform == "win32", reason="links take a privilege there")
def test_a_second_recorder_is_refused_by_whichever_name(tmp_path: Path) -> None:
    first = open_recording(tmp_path / "r.jsonl")
    (tmp_path / "link.jsonl").symlink_to("r.jsonl")
    with pytest.raises(RecordingUnavailable, match="another nd-record is recording into it"):
        open_recording(tmp_path / "link.jsonl")
    first.close()
    open_recording(tmp_path / "link.jsonl").close()


def test_what_is_no_recording_is_not_touched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name.replace(".parquet", ".parquet.journal")
    for content in (b"precious", b'{"metadata": 1}\n', b"x" * 3000, b"\x1f\x8b\x08\0" + b"p" * 99):
        path.write_bytes(content)
        with pytest.raises(RecordingUnavailable, match=r"no recording of nd-record; give another"):
            open_recording(tmp_path / name)
        assert path.read_bytes() == content


def test_in_a_directory_it_has_a_name_of_its_own(tmp_path: Path) -> None:
    directory = tmp_path / "new"
    recording = open_recording(f"{directory}/", compression="zstd")
    assert recording.path == directory / "dumplings.jsonl.zst"
    assert stat.filemode(directory.stat().st_mode) == "drwx------"
    recording.close()
    recording = open_recording(directory, format="sqlite")
    assert recording.path == directory / "dumplings.sqlite"
    recording.close()


@pytest.mark.parametrize(
    ("name", "options", "hint"),
    [
        ("r", {}, "does not say in which format"),
        ("r.txt", {}, "does not say in which format"),
        ("r.sqlite", {"rotation": Rotation(1)}, "a database is one file"),
        ("r.sqlite", {"compression": "gzip"}, "is not compressed"),
        ("r.parquet", {"compression": "zstd"}, "is not compressed"),
        ("r.jsonl", {"compression": "gzip"}, r"ends in \.gz"),
        ("r.jsonl.zst", {"compression": "gzip"}, r"ends in \.gz"),
        ("r.jsonl", {"retention": Retention(1)}, "say with --rotate"),
        ("r.jsonl", {"format": "parquet"}, r"ends in \.parquet"),
    ],
)
def test_what_does_not_go_together_is_said(
    tmp_path: Path, name: str, options: dict[str, Any], hint: str
) -> None:
    with pytest.raises(ValueError, match=hint):
        open_recording(tmp_path / name, **options)
    assert not [*tmp_path.iterdir()]


def test_standard_output_is_no_recording() -> None:
    with pytest.raises(ValueError, match="nd-print --json writes to standard output"):
        open_recording("-", format="jsonl")


def test_no_name_is_no_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="a recording has a name"):
        open_recording("")


def test_a_format_may_be_given_for_any_name(tmp_path: Path) -> None:
    recording = open_recording(tmp_path / "r.txt", format="jsonl", rotation=Rotation(1))
    recording.append([line(1)], None, NOW)
    recording.close()
    assert len([*tmp_path.glob("r.*.txt")]) == 1
    assert payloads(tmp_path / "r.txt") == [1]


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz", "r.parquet"])
def test_it_is_finished_by_size_and_by_age(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    stem, _, suffix = name.partition(".")
    rotation = Rotation(max_bytes=5000, max_seconds=60)
    recording = open_recording(path, rotation=rotation)
    begun = recording._inner._journal.begun if "parquet" in name else recording._inner.begun

    def finished() -> int:
        return len([*tmp_path.glob(f"{stem}.*Z.{suffix}")])

    recording.append([line(1)], CURSOR, begun + 1)
    recording.tend(begun + 59)
    assert finished() == 0
    recording.tend(begun + 61)
    assert finished() == 1
    recording.tend(begun + 1000)
    assert finished() == 1  # there is nothing in it
    noise = [random.Random(n).randbytes(100).hex() for n in range(100)]
    recording.append([line(text) for text in noise], CURSOR, begun + 1001)
    assert finished() == 2
    assert recording.cursor == CURSOR
    recording.close()
    recording = open_recording(path, rotation=rotation)
    assert recording.cursor == CURSOR
    recording.append([line("end")], CURSOR, begun + 1002)
    # The clock, which was wrong, is set back.
    recording.tend(begun - 1000)
    recording.tend(begun - 939)
    assert finished() == 3
    recording.close()
    assert payloads(path) == [1, *noise, "end"]


@pytest.mark.parametrize("name", ["r.jsonl", "r.parquet", "r.sqlite"])
def test_what_is_too_old_or_too_much_goes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rotation = None if name == "r.sqlite" else Rotation(max_bytes=1)
    recording = open_recording(path, rotation=rotation, retention=Retention(max_seconds=100))
    start = 0.0
    for number in range(5):
        start = start or NOW + 1e8
        recording.append([line(number), GAP], CURSOR, start + 10 * number)
    recording.tend(start + 100)
    assert [one for one in payloads(path) if one != GAP] == [0, 1, 2, 3, 4]
    recording.tend(start + 125)
    kept = [one for one in payloads(path) if one != GAP]
    # (A file has what came until the next one was begun.)
    assert kept in ([3, 4], [2, 3, 4])
    recording.close()
    retention = Retention(max_bytes=200_000)
    recording = open_recording(path, rotation=rotation, retention=retention)
    for number in range(5, 15):
        noise = random.Random(number).randbytes(24_000).hex()
        recording.append([line([number, noise])], {"x": number}, start + 10 * number)
        recording.tend(start + 10 * number)
    recording.close()
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert size < 300_000
    last = payloads(path)[-3:]
    assert [number for number, _ in last] == [12, 13, 14]
    recording = open_recording(path, rotation=rotation)
    assert recording.cursor == {"x": 14}
    recording.close()


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
metadata = st.fixed_dictionaries(
    {
        "chef": st.text(max_size=20),
        "creation_time": st.floats(allow_nan=False, allow_infinity=False),
        "driver": st.sampled_from(["packet", "interval"]),
        "kitchen": st.none() | st.text(max_size=20),
    }
)


@given(metadata, st.dictionaries(st.text(), scalars, max_size=3), scalars | st.lists(scalars))
def test_a_dumpling_taken_apart_can_be_put_together(
    about: dict[str, Any], extra: dict[str, Any], payload: Any
) -> None:
    text = Dumpling(chef="x", payload=payload).to_json()  # without what JSON cannot hold
    document = json.loads(text) | {"metadata": json.loads(json.dumps(extra)) | about}
    try:
        dumpling = json.dumps(document, allow_nan=False).encode()
    except ValueError:
        return
    assert json.loads(line_of(fields_of(dumpling))) == document


def test_what_others_add_to_the_metadata_is_kept(tmp_path: Path, name: str) -> None:
    recording = open_recording(tmp_path / name)
    recording.append([line(1, host="a:b", tags=[1, {"x": None}])], None, NOW)
    recording.close()
    (found,) = found_in(tmp_path / name)
    assert isinstance(found, bytes)
    assert json.loads(found) == json.loads(line(1, host="a:b", tags=[1, {"x": None}]))


def test_a_number_that_no_database_holds_is_kept(tmp_path: Path, name: str) -> None:
    hostile = line(1, creation_time=-1e308).replace(b": 1}", b": [1e999,%b]}" % (b"9" * 4000))
    recording = open_recording(tmp_path / name)
    recording.append([hostile, Missed(NOW, 2**70, "slow", None)], None, NOW)
    recording.close()
    dumpling, gap = found_in(tmp_path / name)
    assert isinstance(dumpling, bytes)
    assert dumpling.endswith(hostile.split(b'payload": ')[1])
    assert not isinstance(gap, bytes | Damage)
    assert gap.missed >= 2**63 - 1
