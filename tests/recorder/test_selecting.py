"""Which dumplings of a recording are replayed, and when."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from netdumplings.exceptions import DamagedRecording
from netdumplings.recorder import Chosen, Pace, Selection, paced, restamped
from netdumplings.recording import Missed, Rotation, checked, files_of, open_recording
from support.recordings import line

NOW = 1795000050.0


def chosen(text: bytes) -> Chosen:
    return Chosen(checked(text), text)


def test_what_is_wanted_is_yielded_and_the_rest_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    first, second = tmp_path / "a.jsonl", tmp_path / "b.sqlite"
    first.write_bytes(b"\n".join([line(1), b"bad", line(2, chef="B")] + [b"worse"] * 20))
    recording = open_recording(second)
    recording.append([line(3), Missed(NOW, 5, "slow", None), line(4)], None, NOW)
    recording.close()
    selection = Selection([first, second], lambda metadata: metadata.chef == "A")
    assert [json.loads(one.line)["payload"] for one in selection] == [1, 3, 4]
    assert str(selection.counts) == (
        "3 dumplings, 1 others filtered out, 5 missing in 1 gaps, 21 damaged"
    )
    told = [record.getMessage() for record in caplog.records]
    assert told[0].startswith(f"{first}, line 2: left out: ")
    assert told[-1] == f"{first}, line 13: more is damaged; the rest is counted"
    assert len(told) == 11


def test_strictly_the_first_damage_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([line(1), b"bad", line(2)]))
    found = iter(Selection([path], lambda _: True, strict=True))
    assert next(found).line == line(1)
    with pytest.raises(DamagedRecording, match=r"a\.jsonl, line 2: "):
        next(found)


def test_a_dumpling_may_be_given_the_time_at_which_it_is_sent() -> None:
    text = (
        b'{"metadata":{"chef":"A","creation_time":1,"driver":"packet","kitchen":null,"x":[1e999]}'
    )
    text += b',"payload": [1.0, 1e999 ,  "\\u00fc"]}'
    (one,) = restamped([chosen(text)], lambda: 7.5)
    assert one.line.endswith(b'"payload":[1.0, 1e999 ,  "\\u00fc"]}')
    assert json.loads(one.line)["metadata"] == {
        "chef": "A", "creation_time": 7.5, "driver": "packet", "kitchen": None, "x": [float("inf")],
    }  # fmt: skip


def test_waiting_ends_when_it_is_to_stop() -> None:
    stopping = threading.Event()
    asked = []

    def wait(kitchen: str | None, time: float, now: float) -> float:
        asked.append((kitchen, time))
        return 0 if len(asked) == 1 else 1e6

    dumplings = paced([chosen(line(1)), chosen(line(2))], wait, stopping)
    assert next(iter(dumplings)).line == line(1)
    stopping.set()
    assert list(dumplings) == []
    assert asked == [("k", 1795000041.5)] * 2


def test_a_time_beyond_all_calendars_is_waited_for_until_it_is_to_stop() -> None:
    stopping = threading.Event()
    far = [chosen(line(1)), chosen(line(2, creation_time=1e300))]
    dumplings = paced(far, Pace(1).wait, stopping)
    assert next(dumplings).line == line(1)
    threading.Timer(0.01, stopping.set).start()
    assert list(dumplings) == []


def test_what_is_finished_while_it_is_replayed_is_replayed_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rotation = Rotation() if name == "r.sqlite" else Rotation(max_bytes=1)
    recording = open_recording(path, rotation=rotation)
    recording.append([line(0)], None, NOW)
    selection = Selection(files_of([path]), lambda _: True)
    replayed = iter(selection)
    payloads = [json.loads(next(replayed).line)["payload"]]
    for number in range(1, 4):
        recording.append([line(number)], None, NOW)
    payloads += [json.loads(one.line)["payload"] for one in replayed]
    recording.close()
    assert payloads == [0, 1, 2, 3]
    assert selection.counts.damaged == 0


def test_what_is_deleted_while_it_is_replayed_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = open_recording(tmp_path / "r.jsonl", rotation=Rotation(max_bytes=1))
    for number in range(3):
        recording.append([line(number)], None, NOW)
    recording.close()
    files = files_of([tmp_path])
    replayed = iter(Selection(files, lambda _: True))
    payloads = [json.loads(next(replayed).line)["payload"]]
    files[1].unlink()
    payloads += [json.loads(one.line)["payload"] for one in replayed]
    assert payloads == [0, 2]
    assert [f"{files[1]}: left out: it was deleted" in text for text in caplog.messages] == [True]


def test_a_journal_may_become_a_file_before_it_is_its_turn(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    recording = open_recording(tmp_path / "r.parquet", rotation=Rotation(max_bytes=1))
    recording.append([line(0)], None, NOW)
    recording.close()
    (parquet,) = tmp_path.glob("r.*Z.parquet")
    selection = Selection([parquet.with_name(f"{parquet.name}.journal")], lambda _: True)
    assert [json.loads(one.line)["payload"] for one in selection] == [0]
