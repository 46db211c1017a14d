"""What chefs tell of captures, beside what was expected, and beside what tshark says."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest

from netdumplings import DumplingChef, DumplingKitchen, capture
from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

EXPECTED: Final = Path(__file__).parents[1] / "dumplingchefs" / "expected"
#: In the environment, it has the expected dumplings written anew.
UPDATE: Final = "NETDUMPLINGS_UPDATE_EXPECTED"
_MILLISECOND: Final = 1_000_000


def assert_as_expected(chef: type[DumplingChef], path: Path, folder: str) -> None:
    """See that a chef tells of a capture what lies in a folder beside the tests."""
    kitchen = DumplingKitchen(read=path, filter="", chefs=[chef], poke_interval=1e9)
    told = [
        {"chef": each.chef_name, "driver": each.driver.value, "payload": rounded(each.payload)}
        for each in kitchen
    ]
    file = EXPECTED / folder / f"{path.name}.jsonl"
    if os.environ.get(UPDATE):
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(each, separators=(",", ":")) for each in told)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert told == [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def payloads(chef: DumplingChef, path: Path) -> list[Any]:
    """What a chef tells of a capture, whatever its filter lets through."""
    source = file_source([str(path)], CaptureOptions(filter=""))
    source.open()
    try:
        found: list[Any] = []
        while not source.ended and (packets := source.read(1)) is not None:
            found += chef.batch_handler(packets)  # type: ignore[attr-defined]
        return found
    finally:
        source.close()


def rounded(value: Any) -> Any:
    """A payload whose floats have six decimals."""
    match value:
        case float():
            return round(value, 6)
        case dict():
            return {key: rounded(each) for key, each in value.items()}
        case list():
            return [rounded(each) for each in value]
    return value


class Merged(NamedTuple):
    """TCP and UDP of all captures in one file, so that tshark need not be started for each.

    Packets are a millisecond apart, and addresses begin with the number of their capture. Fragments
    are left out, and what the columns of a batch do not show: tunnels and rare link types.

    Attributes:
        file: the capture file.
        packets: what is in it.
        paths: the capture that each packet is of.
    """

    file: Path
    packets: PacketBatch
    paths: list[str]

    def path_at(self, time: float) -> str:
        """The capture of the packet that was captured at a time."""
        return self.paths[round(time * 1000)]


def merge_captures(captures: Path, file: Path) -> Merged:
    """Write that file."""
    with (captures / "INDEX.tsv").open() as index:
        names = [row["path"] for row in csv.DictReader(index, delimiter="\t")]
    records: list[tuple[int, int, bytes]] = []
    paths: list[str] = []
    for number, name in enumerate(names):
        for length, data in _packets(captures / name, number):
            records.append((len(records) * _MILLISECOND, length, data))
            paths.append(name)
    packets = PacketBatch.from_records(1, records)
    capture.write_pcap(file, packets)
    return Merged(file, packets, paths)


def _packets(path: Path, number: int) -> Iterator[tuple[int, bytes]]:
    source = file_source([str(path)], CaptureOptions(filter=""))
    try:
        source.open()
        while not source.ended and (batch := source.read(1)) is not None:
            chosen = (batch.payload_offsets >= 0) & ~batch.fragments
            for place in np.flatnonzero(chosen).tolist():
                at = int(batch.network_offsets[place])
                data = bytearray(batch.data(place)[at:])
                first, size = (12, 4) if batch.ip_versions[place] == 4 else (8, 16)
                for begin in (first, first + size):
                    data[begin : begin + 2] = (0x0A00 + number).to_bytes(2, "big")
                header = bytes(12)
                if batch.vlans[place] > 0:
                    header += b"\x81\x00" + int(batch.vlans[place]).to_bytes(2, "big")
                header += int(batch.ethertypes[place]).to_bytes(2, "big")
                yield int(batch.wire_lengths[place]) - at + len(header), header + bytes(data)
    except CaptureError:
        return
    finally:
        source.close()


def run_tshark(file: Path, fields: Sequence[str], *options: str) -> list[dict[str, list[str]]]:
    """Ask tshark for fields of the packets of a file; skips where there is no tshark.

    Fields that this tshark does not know have no values.
    """
    if shutil.which("tshark") is None:
        pytest.skip("there is no tshark (Debian has it in the package of that name)")
    # Its settings are nobody's.
    home = {"HOME": str(file.parent), "XDG_CONFIG_HOME": str(file.parent)}
    command = ["tshark", "-n", "-r", str(file), "-T", "fields", "-E", "separator=/t"]
    command += ["-E", "aggregator=|", *options]
    known = known_fields(fields)
    command += [part for field in known for part in ("-e", field)]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, env=os.environ | home
    )
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return [
        {field: [] for field in fields}
        | {
            field: value.split("|") if value else []
            for field, value in zip(known, row, strict=True)
        }
        for row in rows
    ]


def known_fields(fields: Iterable[str]) -> list[str]:
    """Which of these tshark has; others came with newer versions of it."""
    listed = subprocess.run(["tshark", "-G", "fields"], capture_output=True, check=True, text=True)
    known = {parts[2] for line in listed.stdout.splitlines() if len(parts := line.split("\t")) > 2}
    return [field for field in fields if field in known]
