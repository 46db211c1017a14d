"""``nd-record``: an eater that records dumplings."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from netdumplings import defaults

from .access_options import access_options
from .command import command
from .measures import SIZE, SPAN
from .options import SECONDS, eater_name_option, hub_option
from .wanted_options import past_options, wanted_options

if TYPE_CHECKING:
    from netdumplings.recording import Compression, Format

#: What ``--format`` may be: a format, and how it is compressed.
_FORMATS: Final[dict[str, tuple[Format, Compression | None]]] = {
    "jsonl": ("jsonl", None),
    "jsonl.gz": ("jsonl", "gzip"),
    "jsonl.zst": ("jsonl", "zstd"),
    "sqlite": ("sqlite", None),
    "parquet": ("parquet", None),
}


@command("nd-record")
@click.argument("file", metavar="FILE|DIR")
@hub_option(defaults.EATER_HUB)
@access_options
@wanted_options("Record")
@eater_name_option("recorder")
@click.option(
    "--format",
    "format_name",
    type=click.Choice([*_FORMATS]),
    help="Record in this format.  [default: what FILE ends in; in a directory, jsonl]",
)
@past_options(", if the recording is new")
@click.option(
    "--rotate-size",
    type=SIZE,
    help="Finish a file, and begin the next, when it has so many bytes: 500k, 100M, 2G.  "
    "[default: 100M in a directory, and 64M of dumplings for parquet]",
)
@click.option(
    "--rotate-every", type=SPAN, help="Finish a file when it was begun so long ago: 15m, 1h, 1d."
)
@click.option(
    "--keep-size",
    type=SIZE,
    help="Delete the oldest files, or rows, beyond so many bytes: 10G.",
)
@click.option(
    "--keep-for", type=SPAN, help="Delete files, or rows, that were recorded so long ago: 12h, 30d."
)
@click.option(
    "--write-every",
    type=SECONDS,
    default=1.0,
    help="Write to the disk at most so often. What a crash takes comes again from the hub's "
    "history; compressed files become smaller if it is seldom.",
)
@click.option(
    "--compress", is_flag=True, help="Have the hub compress what it sends, for a slow link."
)
def main(
    file: str,
    hub: str,
    eater_name: str,
    format_name: str | None,
    last: int | None,
    since: datetime | timedelta | None,
    rotate_size: int | None,
    rotate_every: float | None,
    keep_size: int | None,
    keep_for: float | None,
    write_every: float,
    compress: bool,
    wanted: dict[str, Any],
    access: dict[str, Any],
) -> None:
    """Record dumplings into a file, or into files in a directory.

    The end of FILE says in which format: .jsonl (JSON lines), .jsonl.gz and .jsonl.zst (the same,
    compressed), .sqlite or .parquet.

    Started again, it goes on where it stopped: however it ended, what the hub still has comes,
    each dumpling once, and gaps are recorded where something is missing. It runs until Ctrl-C or
    SIGTERM, and waits for a hub that is not there. nd-replay sends a recording to a hub.
    """
    import asyncio

    from netdumplings.recorder import Recorder
    from netdumplings.recording import Retention, Rotation, open_recording

    format, compression = _FORMATS[format_name] if format_name else (None, None)
    try:
        recording = open_recording(
            os.path.expanduser(file),  # noqa: PTH111  # a slash at its end counts
            format=format,
            compression=compression,
            rotation=Rotation(rotate_size, rotate_every),
            retention=Retention(keep_size, keep_for),
        )
        try:
            recorder = Recorder(
                recording,
                eater_name,
                hub,
                write_every=write_every,
                last=last,
                since=since,
                compression=compress,
                **wanted,
                **access,
            )
        except BaseException:
            recording.close()
            raise
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    asyncio.run(recorder.run())


if __name__ == "__main__":
    main()
