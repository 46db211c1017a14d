"""Packets of the real captures that lie beside the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

from .examples import thorough

#: Of so many captures one is taken, unless there is time for all of them.
ONE_OF = 5


def real_batches(captures: Path, each: int) -> Iterator[PacketBatch]:
    """The first packets of some of the captures, so many of each at most."""
    paths = [path for path in captures.rglob("*.*") if path.suffix in {".pcap", ".pcapng", ".gz"}]
    for path in sorted(paths)[:: 1 if thorough() else ONE_OF]:
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
