"""Packets of the real captures, put together in one file so that tshark is started but once."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from netdumplings import capture
from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

from .tshark import run_tshark

Wanted = Callable[[PacketBatch], npt.NDArray[np.bool_]]
_MILLISECOND: Final = 1_000_000


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
