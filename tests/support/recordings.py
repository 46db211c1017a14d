"""Recordings as tests make and read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netdumplings.recording import Damage, Found, Missed, files_of, read_recording

#: A name for each format.
NAMES = ["r.jsonl", "r.jsonl.gz", "r.jsonl.zst", "r.sqlite", "r.parquet"]
CURSOR = {"0123456789abcdef": 7}


def line(payload: Any, **metadata: Any) -> bytes:
    """A dumpling as it lies in a recording."""
    about = {"chef": "A", "creation_time": 1795000041.5, "driver": "packet", "kitchen": "k"}
    text = json.dumps({"metadata": about | metadata, "payload": payload}, ensure_ascii=False)
    return text.encode()


def found_in(path: Path) -> list[Found]:
    """All that is in a recording, with its finished parts."""
    return [found for file in files_of([path]) for found in read_recording(file)]


def payloads(path: Path, *, being_written: bool = False) -> list[Any]:
    """The payloads of the dumplings, with what was missed between them.

    Nothing is damaged; but what is being written may break off where that has come to.
    """
    found = found_in(path)
    if being_written and found and isinstance(found[-1], Damage):
        assert "breaks off" in found[-1].problem or "end too soon" in found[-1].problem
        del found[-1]
    assert not [one for one in found if isinstance(one, Damage)], found
    return [one if isinstance(one, Missed) else json.loads(one)["payload"] for one in found]
