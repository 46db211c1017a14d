"""Packets of the real captures that lie beside the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch


def real_batches(captures: Path, each: int) -> Iterator[PacketBatch]:
    """The first packets of each of the captures, so many of each at most."""
    for path in sorted(captures.rglob("*.*")):
        if path.suffix not in {".pcap", ".pcapng", ".gz"}:
            continue
        source = file_source([str(path)], CaptureOptions(filter=""))
        left = each
        try:
            source.open()
            while left > 0 and not source.ended:
                batch = source.read(1)
                if batch is None:
                    break
                yield batch[:left]
                left -= len(batch)
        except CaptureError:
            continue
        finally:
            source.close()
