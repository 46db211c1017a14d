"""What is written can be read."""

from __future__ import annotations

from pathlib import Path

from netdumplings.capture import write_pcap
from netdumplings.packets import PacketBatch
from support.capture_files import Read, read_all


def test_what_was_written_is_what_is_read(tmp_path: Path) -> None:
    records = [(1_600_000_000_123_456_789, 60, b"abc"), (2**32 * 10**9 - 1, 0, b"")]
    write_pcap(tmp_path / "x.pcap", PacketBatch.from_records(276, records))
    assert read_all([(tmp_path / "x.pcap").read_bytes()]) == (
        [Read(data, time_ns, wire, 276) for time_ns, wire, data in records],
        None,
    )
