"""Reading piece by piece gives what reading at once gives, and errors come when it is time."""

from __future__ import annotations

import csv
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.capture import file as capture_file
from netdumplings.capture import streams
from netdumplings.capture.reader import CaptureReader
from netdumplings.exceptions import CaptureError, TruncatedCapture
from support.capture_files import (
    Read,
    interface,
    old_packet,
    packet,
    packets_of,
    pcap_header,
    pcap_record,
    read_all,
    section,
    simple_packet,
)

PCAP_FILE = pcap_header() + b"".join(
    pcap_record(bytes([n]) * (n % 5), seconds=n) for n in range(40)
)
PCAPNG_FILE = (
    section(">")
    + interface(order=">", name=b"eth0")
    + b"".join(packet(bytes(n % 7), order=">", time=n) for n in range(20))
    + section()
    + interface(113)
    + interface(1, resolution=9)
    + b"".join(packet(bytes(n % 7), interface=n % 2, time=n) for n in range(20))
    + b"".join(simple_packet(bytes(n)) + old_packet(bytes(n), interface=1) for n in range(4))
)
FILES = {
    "pcap": PCAP_FILE,
    "pcap, cut off": PCAP_FILE[:-1],
    "pcap, corrupt": PCAP_FILE + b"\xff" * 16 + PCAP_FILE,
    "pcapng": PCAPNG_FILE,
    "pcapng, cut off": PCAPNG_FILE[:-1],
    "pcapng, corrupt": PCAPNG_FILE + b"\xff" * 16 + PCAPNG_FILE,
    "no capture": b"neither of them",
}


def cut(file: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(places), len(file)]
    return [file[start:end] for start, end in pairwise(edges)]


def outcome(pieces: list[bytes]) -> tuple[object, str]:
    packets, error = read_all(pieces)
    return packets, repr(error)


@pytest.mark.parametrize("name", FILES)
def test_bytes_given_one_by_one_give_the_same_packets_and_the_same_error(name: str) -> None:
    file = FILES[name]
    assert outcome([file[n : n + 1] for n in range(len(file))]) == outcome([file])


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_it_does_not_matter_where_the_pieces_are_cut(name: str, data: st.DataObject) -> None:
    file = FILES[name]
    places = data.draw(st.lists(st.integers(0, len(file)), max_size=10))
    assert outcome(cut(file, places)) == outcome([file])


@pytest.mark.parametrize("name", FILES)
def test_a_file_gives_the_same_packets_however_much_of_it_is_read_at_a_time(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "test.pcap"
    path.write_bytes(FILES[name])
    for size in (*range(1, 130), 1000):
        for module in (streams, capture_file):
            monkeypatch.setattr(module, "PIECE", size)
        file = capture_file.CaptureFile(str(path))
        found: list[Read] = []
        error: CaptureError | None = None
        try:
            while not file.ended:
                found += packets_of(file.read(0))
        except CaptureError as caught:
            error = caught
        file.close()
        assert (found, repr(error).replace(str(path), "test.pcap")) == outcome([FILES[name]])
        assert error or file.read_bytes == len(FILES[name])


def test_real_captures_cut_anywhere_give_the_same_packets(captures: Path) -> None:
    chance = random.Random(7)
    with (captures / "INDEX.tsv").open() as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t") if int(row["bytes"]) < 60_000]
    for row in chance.sample(rows, 60):
        file = (captures / row["path"]).read_bytes()
        places = [chance.randrange(len(file) + 1) for _ in range(20)]
        assert outcome(cut(file, places)) == outcome([file]), row["path"]


def test_packets_before_an_error_are_handed_out_first_and_the_error_is_known_at_once() -> None:
    reader = CaptureReader("x")
    [batch] = reader.feed(pcap_header() + pcap_record(b"good") + b"\xff" * 16)
    assert len(batch) == 1
    problem = reader.problem
    assert isinstance(problem, TruncatedCapture)
    for proceed in (lambda: reader.feed(b"more"), reader.end):
        with pytest.raises(TruncatedCapture) as caught:
            proceed()
        assert caught.value is problem


def test_a_batch_is_over_the_very_bytes_that_were_given() -> None:
    [batch] = CaptureReader("x").feed(PCAP_FILE)
    assert batch.buffer is PCAP_FILE


def test_no_more_than_one_record_is_held_back() -> None:
    reader = CaptureReader("x")
    reader.feed(pcap_header(link_type=249) + pcap_record(bytes(1_000_000))[:-1])
    assert reader.size == 24 + 16 + 1_000_000 - 1
    [batch] = reader.feed(b"\0" + pcap_record(b"next")[:10])
    assert len(batch.data(0)) == 1_000_000
    [batch] = reader.feed(pcap_record(b"next")[10:])
    assert batch.data(0) == b"next"
    assert len(batch.buffer) == 20
