"""Chefs on the real captures: what they tell, what is expected, and what tshark says."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from netdumplings import DumplingChef, DumplingKitchen, capture
from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

EXPECTED = Path(__file__).parents[1] / "dumplingchefs" / "expected"
#: Set in the environment, it has expected dumplings written anew.
UPDATE = "NETDUMPLINGS_UPDATE_EXPECTED"

Wanted = Callable[[PacketBatch], npt.NDArray[np.bool_]]


def assert_as_expected(chef: type[DumplingChef], path: Path) -> None:
    """See that what a chef tells of a capture is what the file beside the tests has."""
    kitchen = DumplingKitchen(read=path, filter="", chefs=[chef], poke_interval=1e9)
    lines = [
        json.dumps(
            {
                "chef": dumpling.chef_name,
                "driver": dumpling.driver.value,
                "payload": _rounded(dumpling.payload),
            }
        )
        for dumpling in kitchen
    ]
    expected = EXPECTED / chef.__name__.removesuffix("Chef").lower() / f"{path.name}.jsonl"
    if os.environ.get(UPDATE):
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert [json.loads(line) for line in lines] == [
        json.loads(line) for line in expected.read_text(encoding="utf-8").splitlines()
    ]


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 6)
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list():
            return [_rounded(each) for each in value]
    return value


def capture_packets(captures: Path, wanted: Wanted) -> Iterator[tuple[str, PacketBatch]]:
    """The packets of all captures that are wanted, and the path of the capture they are of."""
    with (captures / "INDEX.tsv").open() as index:
        paths = [row["path"] for row in csv.DictReader(index, delimiter="\t")]
    for path in paths:
        source = file_source([str(captures / path)], CaptureOptions(filter=""))
        try:
            source.open()
            while not source.ended:
                batch = source.read(1)
                if batch is None:
                    break
                chosen = batch.where(wanted(batch))
                if len(chosen):
                    yield path, chosen
        except CaptureError:
            continue
        finally:
            source.close()


class Frame(NamedTuple):
    """A packet of a capture, and what tshark says of it: the values of fields, by their names."""

    path: str
    packet: PacketBatch
    told: dict[str, list[str]]


def frames_by_tshark(
    captures: Path, tmp_path: Path, wanted: Wanted, fields: list[str], *options: str
) -> list[Frame]:
    """Have tshark look at the wanted packets of all captures, without what went before each.

    Args:
        captures: the folder of captures.
        tmp_path: for files of packets.
        wanted: which packets.
        fields: which of tshark's fields to ask for.
        options: of tshark.
    """
    found = [
        (path, batch[at : at + 1])
        for path, batch in capture_packets(captures, wanted)
        for at in range(len(batch))
    ]
    records = [(index, *_as_ethernet(packet)) for index, (_, packet) in enumerate(found)]
    file = tmp_path / "wanted.pcap"
    capture.write_pcap(file, PacketBatch.from_records(1, records))
    rows = run_tshark(file, fields, *options)
    return [Frame(*one, row) for one, row in zip(found, rows, strict=True)]


def _as_ethernet(packet: PacketBatch) -> tuple[int, bytes]:
    """The length and bytes of a packet, with an Ethernet header if it has another one."""
    length, data = int(packet.wire_lengths[0]), packet.data(0)
    if packet.link_type == 1:
        return length, data
    at, kind = int(packet.network_offsets[0]), int(packet.ethertypes[0])
    return length - at + 14, bytes(12) + kind.to_bytes(2, "big") + data[at:]


def run_tshark(file: Path, fields: list[str], *options: str) -> list[dict[str, list[str]]]:
    """The fields of each packet of a file, as tshark has them."""
    if shutil.which("tshark") is None:
        pytest.skip("there is no tshark (Debian has it in the package of that name)")
    command = ["tshark", "-r", str(file), "-n", "-T", "fields", "-E", "separator=/t"]
    command += ["-E", "aggregator=|", *options]
    for field in fields:
        command += ["-e", field]
    # Its settings are nobody's; as root it says so on standard error.
    environment = os.environ | {"HOME": str(file.parent), "XDG_CONFIG_HOME": str(file.parent)}
    done = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)
    return [
        {
            field: value.split("|") if value else []
            for field, value in zip(fields, line.split("\t"), strict=True)
        }
        for line in done.stdout.splitlines()
    ]
