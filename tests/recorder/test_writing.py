"""The thread that writes a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from netdumplings.exceptions import RecordingUnavailable
from netdumplings.recorder.writing import Writer
from netdumplings.recording import Cursor, Entry, open_recording
from support.hub_peers import PATIENCE
from support.recordings import line, payloads


async def test_what_waits_is_written_when_it_is_closed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = Writer(open_recording(path), every=1000.0)
    async with asyncio.timeout(PATIENCE):
        for number in range(100):
            await writer.put([line(number)], {"x": number})
        await writer.put([], {"x": 1000})
        await writer.close()
    assert writer.dumplings == 100
    assert payloads(path) == [*range(100)]
    recording = open_recording(path)
    assert recording.cursor == {"x": 1000}
    recording.close()


async def test_the_first_cursor_is_written_at_once_and_dumplings_soon(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    writer = Writer(open_recording(path), every=0.01)
    async with asyncio.timeout(PATIENCE):
        await writer.put([], {"first": 1})
        while b"first" not in path.read_bytes():
            await asyncio.sleep(0.01)
        await writer.put([line(1)], {"second": 1})
        while b"second" not in path.read_bytes():
            await asyncio.sleep(0.01)
        # A cursor alone is not worth the space so soon.
        await writer.put([], {"third": 1})
        await writer.put([line(2)], {"fourth": 1})
        while b"fourth" not in path.read_bytes():
            await asyncio.sleep(0.01)
        await writer.close()
    assert path.read_bytes().count(b"crc32") in (4, 5)


class Broken:
    """A recording whose disk is full from the start."""

    path = Path("r.jsonl")
    cursor: Cursor | None = None
    closed = False

    def append(self, entries: Sequence[Entry], cursor: Cursor | None, now: float) -> None:
        raise RecordingUnavailable("r.jsonl", "the disk is full")

    def tend(self, now: float) -> None:
        raise AssertionError("it is over")

    def close(self) -> None:
        self.closed = True


async def test_what_goes_wrong_in_the_thread_is_told(tmp_path: Path) -> None:
    recording = Broken()
    writer = Writer(recording, every=0.01)
    await writer.put([line(1)], None)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(RecordingUnavailable, match="the disk is full"):
            await writer.finished
        with pytest.raises(RecordingUnavailable, match="the disk is full"):
            await writer.close()
    assert recording.closed
