"""A disk that is full costs what could not be written, and nothing else."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netdumplings.exceptions import RecordingUnavailable
from netdumplings.recording import open_recording
from support.recordings import line, payloads

NOW = 1795000050.0


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Have the system refuse to let any file of this process grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_when_there_is_room_again_it_goes_on(tmp_path: Path, name: str) -> None:
    limit = 70_001
    path = tmp_path / name
    recording = open_recording(path)
    written = 0
    with no_file_beyond(limit), pytest.raises(RecordingUnavailable, match="make room") as raised:
        for number in range(100_000):
            recording.append([line([number, f"{number:x}" * 99])] * 2, {"x": number}, NOW)
            written = number
    assert "\n" not in str(raised.value)
    with no_file_beyond(limit):
        try:
            recording.close()
        except RecordingUnavailable:
            assert name.endswith("parquet")
    recording = open_recording(path)
    assert recording.cursor == {"x": written}
    recording.append([line("on")], {"x": -1}, NOW)
    recording.close()
    found = payloads(path)
    assert [number for number, _ in found[:-1]] == [n // 2 for n in range(2 * written + 2)]
    assert found[-1] == "on"
