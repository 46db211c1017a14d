"""Writes capture files, which our own replay and other programs read."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import defaults

if TYPE_CHECKING:
    from ..packets import PacketBatch

#: The classic format with nanoseconds (pcap-savefile(5)), little-endian.
_MAGIC: Final = 0xA1B23C4D
_VERSION: Final = (2, 4)


def write_pcap(path: Path, packets: PacketBatch) -> None:
    """Write packets to a file in the classic pcap format, with nanoseconds.

    Args:
        path: the file; one that is there is overwritten.
        packets: what to write.

    Raises:
        OSError: the file cannot be written.
    """
    header = struct.pack("<IHHiIII", _MAGIC, *_VERSION, 0, 0, defaults.SNAPLEN, packets.link_type)
    with path.open("wb") as file:
        file.write(header)
        for index, (time_ns, wire_length) in enumerate(
            zip(packets.times_ns.tolist(), packets.wire_lengths.tolist(), strict=True)
        ):
            data = packets.data(index)
            seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
            file.write(struct.pack("<IIII", seconds, nanoseconds, len(data), wire_length) + data)
