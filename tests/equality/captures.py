"""The batches of all captures in a directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

_ENDINGS = {".pcap", ".pcapng", ".cap", ".dmp", ".trace", ".gz"}


def batches_of(path: Path) -> Iterator[PacketBatch]:
    """The batches of one capture; what cannot be read of it ends it."""
    source = file_source([str(path)], CaptureOptions(filter=""))
    try:
        source.open()
        while not source.ended:
            batch = source.read(1)
            if batch is not None:
                yield batch
    except CaptureError:
        return
    finally:
        source.close()


def captures_in(directory: Path) -> list[Path]:
    """The captures in a directory and those below it."""
    return sorted(path for path in directory.rglob("*") if path.suffix in _ENDINGS)
