"""How far a replay has come, as a bar on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from netdumplings import DumplingKitchen

#: Seconds between two looks at a replay.
REFRESH: Final = 0.2


@contextmanager
def showing_progress(kitchen: DumplingKitchen, *, wanted: bool = True) -> Iterator[None]:
    """Show a bar on standard error while the body runs a replay.

    There is none for live capture, where standard error is no terminal, or if not ``wanted``.
    """
    if not wanted or not sys.stderr.isatty() or kitchen.progress() is None:
        yield
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    done = threading.Event()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[packets]:,} packets"),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("replaying", total=None, packets=0)

        def follow() -> None:
            while not done.wait(REFRESH):
                progress = kitchen.progress()
                assert progress is not None
                bar.update(
                    task,
                    completed=progress.read_bytes,
                    total=progress.total_bytes,
                    packets=kitchen.statistics().packets_handled,
                )

        follower = threading.Thread(target=follow, name="progress", daemon=True)
        follower.start()
        try:
            yield
        finally:
            done.set()
            follower.join()
