"""``nd-pcap``: the packets around a dumpling, as a capture file."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from netdumplings import Dumpling, InvalidDumpling, defaults

from .access_options import access_options
from .command import command
from .errors import Failure, writing
from .options import NAME, FileType, hub_option
from .text import printable

#: Bytes that a dumpling may have, and then some.
MAX_DUMPLING: Final = 2 * defaults.MAX_MESSAGE
#: Seconds before and behind a dumpling, at most: as many as a hub lets one ask for.
MAX_SECONDS: Final = 300


@command("nd-pcap")
@hub_option(defaults.EATER_HUB)
@access_options
@click.option(
    "--around",
    "text",
    metavar="DUMPLING",
    required=True,
    help="The dumpling: its JSON, as nd-print --json prints it; @FILE for a file that has it; - "
    "for standard input.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, MAX_SECONDS, min_open=True),
    default=10.0,
    help=f"How far to go back before the dumpling, and on behind it; at most {MAX_SECONDS}. What "
    "is yet to come is waited for.",
)
@click.option(
    "-k",
    "--kitchen",
    type=NAME,
    help="Ask this kitchen.  [default: the one that the dumpling is from]",
)
@click.option(
    "-f",
    "--filter",
    metavar="PCAP-FILTER",
    default="",
    help="Only what matches, in pcap-filter(7) language, with numbers and addresses in the place "
    "of names; '' for everything.",
)
@click.option(
    "-w",
    "--write",
    "path",
    type=FileType(),
    help="Write this file; - is standard output.  [default: packets-TIME.pcapng]",
)
def main(
    hub: str,
    text: str,
    seconds: float,
    kitchen: str | None,
    filter: str,
    path: Path | None,
    access: dict[str, Any],
) -> None:
    """Get the packets around a dumpling, as the kitchen that made it has kept them.

    That kitchen must keep its latest packets (nd-sniff --ring), and the hub must let you have them:
    where it wants tokens, one with the role packets. The file is a pcapng, which Wireshark, tshark
    and tcpdump read. The dumpling is in it as a comment, on the file and on the last packet before
    it.
    """
    from netdumplings.eater.packets import Wanted, fetch_packets
    from netdumplings.transport import HubAccess, HubAddresses

    dumpling = _dumpling(text)
    name = kitchen if kitchen is not None else dumpling.kitchen
    if name is None:
        raise Failure("the dumpling is of no kitchen, but of a hub: say which --kitchen to ask")
    if path is not None and str(path) == "-" and sys.stdout.isatty():
        raise click.UsageError("a capture is no text for a terminal: -w FILE, or a pipe")
    hubs = HubAddresses.parse(hub)
    wanted = Wanted(name, dumpling.creation_time, seconds, filter, dumpling.to_json())
    evidence = fetch_packets(hubs, HubAccess(hubs, **access), wanted)
    if evidence.note:
        click.echo(f"nd-pcap: {printable(evidence.note)}", err=True)
    if path is not None and str(path) == "-":
        with writing():
            sys.stdout.buffer.write(evidence.file)
            sys.stdout.buffer.flush()
        return
    if path is None:
        moment = datetime.fromtimestamp(dumpling.creation_time, UTC)
        path = Path(f"packets-{moment:%Y%m%dT%H%M%SZ}.pcapng")
    _write(path, evidence.file)
    click.echo(f"{evidence.packets} packets are in {printable(str(path))}", err=True)


def _dumpling(text: str) -> Dumpling:
    """Read the dumpling that was given, or of which it was said where it is."""
    if text == "-":
        text = _decoded(sys.stdin.buffer.read(MAX_DUMPLING + 1), "standard input")
    elif text.startswith("@"):
        try:
            with Path(text[1:]).open("rb") as file:
                text = _decoded(file.read(MAX_DUMPLING + 1), text[1:])
        except OSError as error:
            raise Failure(f"{text[1:]} cannot be read: {error.strerror}") from None
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        dumpling = Dumpling.from_json(text)
    except InvalidDumpling as error:
        if len(lines) > 1 and lines[0].startswith('{"metadata"'):
            raise Failure(f"there are {len(lines)} dumplings: give one of them") from None
        raise Failure(f"that is no dumpling as nd-print --json prints it: {error}") from None
    if not 0 <= dumpling.creation_time < 2.0**33:
        raise Failure(f"the dumpling is of no time that there is: {dumpling.creation_time}")
    return dumpling


def _decoded(data: bytes, where: str) -> str:
    if len(data) > MAX_DUMPLING:
        raise Failure(f"{where} has more than a dumpling")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Failure(f"{where} has no dumpling: it is not UTF-8") from None


def _write(path: Path, data: bytes) -> None:
    """Write a file in one piece: under its name it is whole, or not there."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a pipe, say, or /dev/null
            return
        descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123
                file.write(data)
            # (What people say to each other is for nobody but who asked: mkstemp's 0600 stays.)
            os.replace(new, path)  # noqa: PTH105
        except BaseException:
            Path(new).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from None


if __name__ == "__main__":
    main()
