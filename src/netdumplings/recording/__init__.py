"""Recordings of dumplings: files that survive a kill at any moment, and know where they stopped.

- `entries`: what is in a recording.
- `base`: what every format can do. `opening`: opens one to be written; `formats`: which it is.
- `jsonlines`: JSON lines, in files that follow one another (`parts`); what is written at once is a
  group (`groups`), packed (`packing`), and `ends` finds where the last whole one ends.
- `sqlite`: a database. `parquet`: files that DuckDB writes, from a journal of JSON lines.
- `reading`: reads all of these; `unpacking`: whatever they are compressed by; `files`: which files
  a recording is.
- `lock`: one recorder at a time.
"""

from __future__ import annotations

from .base import Recording
from .entries import Cursor, Entry, Missed, checked
from .files import STDIN, files_of, is_there, new_parts, whereabouts
from .formats import COMPRESSIONS, FORMATS, Format, plan
from .opening import open_recording
from .packing import Compression
from .parts import Retention, Rotation
from .reading import Damage, Found, read_recording

__all__ = [
    "COMPRESSIONS",
    "FORMATS",
    "STDIN",
    "Compression",
    "Cursor",
    "Damage",
    "Entry",
    "Format",
    "Found",
    "Missed",
    "Recording",
    "Retention",
    "Rotation",
    "checked",
    "files_of",
    "is_there",
    "new_parts",
    "open_recording",
    "plan",
    "read_recording",
    "whereabouts",
]
