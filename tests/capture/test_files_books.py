"""Every packet that a capture file has is received, filtered out or damaged."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.capture import CaptureOptions, CaptureStatistics
from netdumplings.capture.files import FileSource
from netdumplings.exceptions import CaptureError
from netdumplings.packets import Packet
from support.capture_files import (
    interface,
    packet,
    pcap,
    pcap_header,
    pcap_record,
    section,
    simple_packet,
)
from support.packets import arp, icmp, tcp_syn, write_pcap

FRAMES = [arp(), icmp(), tcp_syn(), icmp()]
PCAPNG = section() + interface() + b"".join(map(packet, FRAMES))


def counted(*paths: Path, filter: str = "", snaplen: int = 262_144) -> CaptureStatistics:
    """What a source has counted when all is read."""
    options = CaptureOptions(filter=filter, snaplen=snaplen)
    source = FileSource([str(path) for path in paths], options)
    source.open()
    while not source.ended:
        with suppress(CaptureError):
            source.read(0.1)
    source.close()
    return source.statistics()


def test_what_the_filter_leaves_out_is_counted(tmp_path: Path) -> None:
    file = write_pcap(tmp_path / "x.pcap", *FRAMES)
    assert counted(file) == CaptureStatistics(received=4)
    assert counted(file, filter="icmp") == CaptureStatistics(received=2, filtered_out=2)
    assert counted(file, filter="udp") == CaptureStatistics(received=0, filtered_out=4)
    assert counted(file, filter="arp", snaplen=20) == CaptureStatistics(received=1, filtered_out=3)


def test_packets_whose_link_type_the_filter_does_not_fit_are_filtered_out(tmp_path: Path) -> None:
    usb = tmp_path / "usb.pcap"
    usb.write_bytes(pcap_header(link_type=220) + pcap_record(b"usb") * 3)
    assert counted(usb, filter="tcp") == CaptureStatistics(received=0, filtered_out=3)


@pytest.mark.parametrize("whole", [pcap(*FRAMES), PCAPNG], ids=["pcap", "pcapng"])
def test_wherever_a_file_is_cut_off_one_record_is_damaged(whole: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cut"
    ends = {len(whole)}
    for count in range(len(FRAMES)):
        part = pcap(*FRAMES[:count]) if whole is not PCAPNG else PCAPNG[: -_blocks_from(count)]
        ends.add(len(part))
    for size in range(min(ends), len(whole) + 1):
        file.write_bytes(whole[:size])
        before = sum(end <= size for end in ends) - 1
        done = counted(file, filter="icmp")
        assert done.received + done.filtered_out == before
        assert done.damaged == (size not in ends)


def _blocks_from(first: int) -> int:
    return sum(len(packet(frame)) for frame in FRAMES[first:])


@pytest.mark.parametrize(
    "damage",
    [
        pcap(*FRAMES) + pcap_record(b"x")[:8] + b"\xff" * 8 + bytes(100),
        PCAPNG + packet(b"x", captured=9) + packet(b"y"),
        PCAPNG + packet(b"x", interface=1) + packet(b"y"),
        PCAPNG + simple_packet(b"x")[:-1] + b"\1" + packet(b"y"),
        gzip.compress(pcap(*FRAMES) + bytes(7)),
        gzip.compress(pcap(*FRAMES))[:-3],
    ],
    ids=["length", "room", "interface", "trailer", "short-record", "gzip"],
)
def test_a_record_that_lies_is_one_damaged_packet(damage: bytes, tmp_path: Path) -> None:
    file = tmp_path / "lies"
    file.write_bytes(damage)
    assert counted(file, filter="arp") == CaptureStatistics(received=1, filtered_out=3, damaged=1)


def test_each_file_that_breaks_off_counts(tmp_path: Path) -> None:
    whole = write_pcap(tmp_path / "whole.pcap", *FRAMES)
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(whole.read_bytes()[:-1])
    assert counted(cut, whole, cut) == CaptureStatistics(received=10, damaged=2)


class LengthChef(DumplingChef):
    packet_filter = "icmp"

    def packet_handler(self, packet: Packet) -> int:
        return len(packet)


def test_a_kitchen_tells_them_beside_its_books_whatever_its_chefs_filter(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(pcap(*FRAMES, *FRAMES)[:-1])
    kitchen = DumplingKitchen(read=cut, filter="icmp or arp", chefs=[LengthChef], snaplen=30)
    with pytest.raises(CaptureError, match="at byte"):
        list(kitchen)
    done = kitchen.statistics()
    assert (done.packets_received, done.packets_handled) == (5, 5)
    assert (done.packets_filtered_out, done.packets_damaged) == (2, 1)
    assert done.chefs["LengthChef"].packets == 3
    assert done.packets.violations() == []
    assert (done.packets.filtered_out, done.packets.damaged) == (2, 1)
