"""Replaying files: one after the other, whole or broken, filtered, at a pace, in a loop."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from netdumplings.capture import CaptureOptions
from netdumplings.capture.files import FileSource
from netdumplings.exceptions import CaptureError, InvalidFilter, NotACapture, TruncatedCapture
from netdumplings.packets import PacketBatch
from support.capture_files import (
    FIRST_SECOND,
    Read,
    interface,
    packet,
    packets_of,
    pcap,
    pcap_header,
    pcap_record,
    section,
)
from support.packets import arp, icmp, tcp_syn

EVERYTHING = CaptureOptions(filter="")


class Clock:
    """A clock that only goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept.append(seconds)
        self.now += seconds


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


@pytest.fixture
def a(tmp_path: Path) -> str:
    """A capture with the packets b"0" to b"2", a second apart."""
    return write(tmp_path / "a.pcap", pcap(b"0", b"1", b"2"))


@pytest.fixture
def b(tmp_path: Path) -> str:
    """A capture with the packets b"3" and b"4", a minute after those of `a`."""
    return write(tmp_path / "b.pcapng.gz", gzip.compress(pcap(b"3", b"4", seconds=[60, 61])))


def outcome(source: FileSource) -> tuple[list[bytes], list[CaptureError]]:
    """Open, read and close a source: the packets, and the errors on the way."""
    found: list[bytes] = []
    errors = []
    source.open()
    try:
        while not source.ended:
            try:
                batch = source.read(0.1)
            except CaptureError as error:
                errors.append(error)
                continue
            if batch is not None:
                assert len(batch) > 0
                found += [batch.data(index) for index in range(len(batch))]
    finally:
        source.close()
    counted = source.statistics()
    assert (counted.received, counted.dropped_by_kernel) == (len(found), 0)
    assert counted.damaged == sum(isinstance(error, TruncatedCapture) for error in errors)
    return found, errors


def replayed(*paths: str, options: CaptureOptions = EVERYTHING) -> list[bytes]:
    found, errors = outcome(FileSource(paths, options))
    assert errors == []
    return found


def test_files_are_read_in_the_order_given_gzipped_or_not(a: str, b: str) -> None:
    assert replayed(a, b) == [b"0", b"1", b"2", b"3", b"4"]
    assert replayed(b, a, b) == [b"3", b"4", b"0", b"1", b"2", b"3", b"4"]


def test_a_source_says_what_it_is(a: str) -> None:
    source = FileSource([a, "-"], EVERYTHING)
    assert (source.name, source.live, source.ended) == (f"{a}, standard input", False, False)


def test_the_same_file_always_makes_the_same_batches(tmp_path: Path) -> None:
    records = pcap_record(bytes(1000)) * 7000
    for data in (pcap_header() + records, gzip.compress(pcap_header() + records)):
        path = write(tmp_path / "big", data)
        assert sizes(path) == sizes(path)
        assert sum(sizes(path)) == 7000
        assert len(sizes(path)) > 1


def sizes(path: str) -> list[int]:
    source = FileSource([path], EVERYTHING)
    source.open()
    lengths = [len(batch) for batch in iter(lambda: source.read(0), None)]
    source.close()
    return lengths


def test_the_filter_applies(tmp_path: Path) -> None:
    path = write(tmp_path / "x.pcap", pcap(arp(), icmp(), tcp_syn(), icmp()))
    assert replayed(path, options=CaptureOptions()) == [arp(), tcp_syn()]
    assert replayed(path, options=CaptureOptions(filter="icmp")) == [icmp(), icmp()]
    assert replayed(path, options=CaptureOptions(filter="udp")) == []


def test_packets_are_cut_off_at_the_snaplen_after_the_filter(tmp_path: Path) -> None:
    source = FileSource(
        [write(tmp_path / "x.pcap", pcap(tcp_syn(), b"short"))],
        CaptureOptions(filter="len < 10 or tcp", snaplen=20),
    )
    source.open()
    batch = source.read(0)
    source.close()
    assert batch is not None
    assert [(read.data, read.wire_length) for read in packets_of([batch])] == [
        (tcp_syn()[:20], len(tcp_syn())),
        (b"short", 5),
    ]


def test_a_wrong_filter_is_refused_before_anything_is_read(a: str) -> None:
    with pytest.raises(InvalidFilter):
        FileSource([a], CaptureOptions(filter="bogus")).open()


def test_a_truncated_file_gives_what_came_before_one_error_and_the_next_file(
    tmp_path: Path, a: str
) -> None:
    cut = write(tmp_path / "cut.pcap", pcap(b"x", b"y", b"z")[:-1])
    found, errors = outcome(FileSource([cut, a], EVERYTHING))
    assert found == [b"x", b"y", b"0", b"1", b"2"]
    [error] = errors
    assert type(error) is TruncatedCapture
    assert (error.source, error.packets) == (cut, 2)


@pytest.mark.parametrize("missing", [1, 9, 40])
def test_a_truncated_gzip_file_gives_what_came_before(tmp_path: Path, a: str, missing: int) -> None:
    whole = gzip.compress(pcap_header() + b"".join(pcap_record(os.urandom(99)) for _ in range(9)))
    cut = write(tmp_path / "cut.pcap.gz", whole[:-missing])
    found, [error] = outcome(FileSource([cut, a], EVERYTHING))
    assert len(found) >= 8 + 3
    assert found[-3:] == [b"0", b"1", b"2"]
    assert isinstance(error, TruncatedCapture)
    assert "the gzip data end too soon" in str(error)
    assert error.packets == len(found) - 3


def test_a_gzip_bomb_is_read_in_bounded_pieces(tmp_path: Path) -> None:
    bomb = write(
        tmp_path / "bomb.gz",
        gzip.compress(pcap_header() + pcap_record(bytes(200_000)) * 500, compresslevel=1),
    )
    source = FileSource([bomb], EVERYTHING)
    source.open()
    total = 0
    for batch in iter(lambda: source.read(1), None):
        assert len(batch.buffer) <= 2 * 1024 * 1024
        total += len(batch)
    source.close()
    assert total == 500


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is empty"),
        (gzip.compress(b"", mtime=0), "it is empty"),
        (b"#!/bin/sh\n", "it begins with 0x23212f62, as neither pcap nor pcapng does"),
        (
            gzip.compress(b"text", mtime=0),
            "it begins with 0x74657874, as neither pcap nor pcapng does",
        ),
        (b"\x1f", "it ends after 1 bytes"),
    ],
)
def test_nothing_starts_if_one_of_the_files_is_no_capture(
    tmp_path: Path, a: str, data: bytes, problem: str
) -> None:
    path = write(tmp_path / "typo", data)
    with pytest.raises(NotACapture) as caught:
        FileSource([a, path], EVERYTHING).open()
    assert str(caught.value) == f"{path}: not a capture: {problem}"


def test_a_file_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, a: str) -> None:
    missing = str(tmp_path / "missing.pcap")
    for path, problem in (
        (missing, f"cannot open {missing}: No such file or directory"),
        (str(tmp_path), f"cannot read {tmp_path}: it is a directory"),
        ("nul\0byte", "cannot open nul\0byte: "),  # the rest is Python's, and differs by version
    ):
        with pytest.raises(CaptureError) as caught:
            FileSource([a, path], EVERYTHING).open()
        assert str(caught.value).startswith(problem)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told_in_one_line(a: str) -> None:
    Path(a).chmod(0)
    with pytest.raises(CaptureError, match=f"cannot open {a}: Permission denied"):
        FileSource([a], EVERYTHING).open()


def test_a_file_that_vanishes_before_its_turn_is_one_error(a: str, b: str) -> None:
    source = FileSource([a, b], EVERYTHING)
    source.open()
    Path(b).unlink()
    assert source.read(0) is not None
    with pytest.raises(CaptureError, match="No such file"):
        source.read(1)
    assert source.read(0) is None
    assert source.ended
    source.close()


def test_packets_of_one_file_may_be_of_several_link_types(tmp_path: Path) -> None:
    file = section() + interface(1, name=b"eth0") + interface(101, name=b"tun0")
    file += packet(tcp_syn()) + packet(tcp_syn()[14:], interface=1) + packet(icmp())
    source = FileSource([write(tmp_path / "x.pcapng", file)], CaptureOptions(filter="tcp"))
    source.open()
    batches = list(iter(lambda: source.read(0), None))
    source.close()
    assert packets_of(batches) == [
        Read(tcp_syn(), 0, len(tcp_syn()), 1, "eth0"),
        Read(tcp_syn()[14:], 0, len(tcp_syn()) - 14, 101, "tun0"),
    ]


def test_progress_goes_from_nothing_to_all_the_bytes_on_the_disk(a: str, b: str) -> None:
    total = Path(a).stat().st_size + Path(b).stat().st_size
    source = FileSource([a, b], EVERYTHING)
    assert source.progress() == (0, None)
    source.open()
    assert source.progress() == (0, total)
    source.read(0)
    assert source.progress() == (Path(a).stat().st_size, total)
    while not source.ended:
        source.read(0)
    assert source.progress() == (total, total)
    source.close()


def test_closing_is_harmless_at_any_time(a: str) -> None:
    source = FileSource([a], EVERYTHING)
    source.close()
    source = FileSource([a], EVERYTHING, speed=1, clock=Clock())
    source.open()
    source.read(0)
    source.close()
    source.close()
    assert source.ended
    assert source.read(1) is None


class TestPipes:
    """What is no regular file: read when there is something, never waited for longer."""

    @pytest.fixture
    def pipe(self, tmp_path: Path) -> Iterator[tuple[str, int]]:
        """The path of a named pipe, and a descriptor to write to it."""
        path = tmp_path / "pipe"
        os.mkfifo(path)
        # Opened for both, so that it does not wait for the other side.
        writer = os.open(path, os.O_RDWR)
        yield str(path), writer
        os.close(writer)

    def test_read_comes_back_while_nothing_is_written(self, pipe: tuple[str, int]) -> None:
        path, writer = pipe
        source = FileSource([path], EVERYTHING)
        source.open()
        assert source.read(0.05) is None
        os.write(writer, pcap(b"1", b"2")[:-1])
        batch = source.read(5)
        assert batch is not None
        assert batch.data(0) == b"1"
        assert source.read(0.05) is None
        os.write(writer, b"2")
        batch = source.read(5)
        assert batch is not None
        assert batch.data(0) == b"2"
        assert not source.ended
        assert source.progress() == (len(pcap(b"1", b"2")), None)
        source.close()

    def test_a_pipe_without_a_writer_is_waited_for(self, tmp_path: Path) -> None:
        path = tmp_path / "pipe"
        os.mkfifo(path)
        source = FileSource([str(path)], EVERYTHING)
        source.open()
        assert source.read(0.05) is None
        assert not source.ended
        writer = os.open(path, os.O_WRONLY)
        os.write(writer, gzip.compress(pcap(b"1")))
        batch = source.read(5)
        assert batch is not None
        os.close(writer)
        while not source.ended:
            assert source.read(5) is None
        source.close()

    def test_standard_input_is_read(
        self, pipe: tuple[str, int], stdin: Callable[[int], None]
    ) -> None:
        reader, writer = os.pipe()
        stdin(reader)
        os.close(reader)
        os.write(writer, pcap(b"1", b"2"))
        os.close(writer)
        assert replayed("-") == [b"1", b"2"]
        os.fstat(0)  # it is still open: it is not ours

    def test_standard_input_that_breaks_off_is_an_error_under_that_name(
        self, stdin: Callable[[int], None]
    ) -> None:
        reader, writer = os.pipe()
        stdin(reader)
        os.close(reader)
        os.write(writer, pcap(b"1", b"2")[:-1])
        os.close(writer)
        found, [error] = outcome(FileSource(["-"], EVERYTHING))
        assert found == [b"1"]
        assert str(error).startswith("standard input: 1 bytes or more are missing of the record")

    def test_standard_input_that_is_a_terminal_is_refused(
        self, stdin: Callable[[int], None]
    ) -> None:
        leader, terminal = os.openpty()
        stdin(terminal)
        try:
            with pytest.raises(CaptureError, match="it is a terminal; pipe a capture in"):
                FileSource(["-"], EVERYTHING).open()
        finally:
            os.close(leader)
            os.close(terminal)

    def test_standard_input_cannot_be_read_twice(self) -> None:
        with pytest.raises(CaptureError, match="standard input can be read only once"):
            FileSource(["-", "-"], EVERYTHING).open()

    def test_what_cannot_be_read_again_cannot_be_looped(
        self, pipe: tuple[str, int], stdin: Callable[[int], None], a: str
    ) -> None:
        reader, writer = os.pipe()
        stdin(reader)
        os.close(reader)
        os.close(writer)
        with pytest.raises(CaptureError, match="standard input cannot be read in a loop"):
            FileSource([a, "-"], EVERYTHING, loop=True).open()
        with pytest.raises(CaptureError, match="is not a regular file, and cannot be read in a"):
            FileSource([pipe[0]], EVERYTHING, loop=True).open()

    @pytest.fixture
    def stdin(self) -> Iterator[Callable[[int], None]]:
        """Puts a descriptor in the place of standard input."""
        kept = os.dup(0)

        def replace(descriptor: int) -> None:
            os.dup2(descriptor, 0)

        yield replace
        os.dup2(kept, 0)
        os.close(kept)


class TestPace:
    """Handing packets out when they are due, by a clock of our own."""

    def read_timed(self, source: FileSource, clock: Clock) -> list[tuple[bytes, float]]:
        """Each packet, and the second at which it was handed out."""
        found = []
        source.open()
        while not source.ended:
            batch = source.read(0.2)
            if batch is not None:
                now = clock.now - 1000
                found += [(batch.data(index), now) for index in range(len(batch))]
        source.close()
        return found

    @pytest.mark.parametrize("speed", [0.5, 1, 10])
    def test_packets_come_as_far_apart_as_in_the_capture(self, a: str, speed: float) -> None:
        clock = Clock()
        source = FileSource([a], EVERYTHING, speed=speed, clock=clock, sleep=clock.sleep)
        found = self.read_timed(source, clock)
        assert [data for data, _ in found] == [b"0", b"1", b"2"]
        for second, (_, when) in enumerate(found):
            assert second / speed <= when <= second / speed + 0.011

    def test_read_never_sleeps_longer_than_its_timeout(self, a: str) -> None:
        clock = Clock()
        source = FileSource([a], EVERYTHING, speed=0.01, clock=clock, sleep=clock.sleep)
        source.open()
        assert source.read(0.2) is not None
        assert source.read(0) is None
        assert clock.slept == []
        assert source.read(0.2) is None
        assert clock.now == pytest.approx(1000.2)
        assert not source.ended
        source.close()

    def test_the_time_between_two_files_is_left_out(self, a: str, b: str) -> None:
        clock = Clock()
        source = FileSource([a, b, a], EVERYTHING, speed=1, clock=clock, sleep=clock.sleep)
        found = self.read_timed(source, clock)
        assert [data for data, _ in found] == [b"0", b"1", b"2", b"3", b"4", b"0", b"1", b"2"]
        assert [round(when) for _, when in found] == [0, 1, 2, 2, 3, 3, 4, 5]

    def test_packets_keep_the_times_of_the_capture(self, a: str) -> None:
        clock = Clock()
        source = FileSource([a], EVERYTHING, speed=10, clock=clock, sleep=clock.sleep)
        source.open()
        times: list[int] = []
        while not source.ended:
            batch = source.read(1)
            times += [] if batch is None else batch.times_ns.tolist()
        assert times == [(FIRST_SECOND + second) * 10**9 for second in range(3)]
        source.close()

    @pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
    def test_a_speed_that_is_none_is_refused(self, a: str, speed: float) -> None:
        with pytest.raises(ValueError, match="it must be above 0"):
            FileSource([a], EVERYTHING, speed=speed)


class TestLoop:
    """Replaying without end."""

    def take(self, source: FileSource, count: int) -> list[Read]:
        batches: list[PacketBatch] = []
        while sum(map(len, batches)) < count:
            batch = source.read(0.1)
            assert not source.ended
            if batch is not None:
                batches.append(batch)
        return packets_of(batches)[:count]

    def test_rounds_follow_one_another_with_a_clock_that_goes_on(self, a: str, b: str) -> None:
        source = FileSource([b, a], EVERYTHING, loop=True)
        source.open()
        reads = self.take(source, 15)
        source.close()
        assert [read.data for read in reads] == [b"3", b"4", b"0", b"1", b"2"] * 3
        rounds = np.array([read.time_ns for read in reads]).reshape(3, 5)
        assert (np.diff(rounds, axis=1) == np.diff(rounds[0])).all()
        assert (rounds[1:].min(axis=1) > rounds[:-1].max(axis=1)).all()
        assert source.progress().total_bytes is None

    def test_a_loop_keeps_its_pace(self, a: str) -> None:
        clock = Clock()
        source = FileSource([a], EVERYTHING, speed=1, loop=True, clock=clock, sleep=clock.sleep)
        source.open()
        self.take(source, 9)
        source.close()
        assert clock.now == pytest.approx(1000 + 3 * 2, abs=0.1)

    def test_an_error_is_raised_in_the_first_round_only(self, tmp_path: Path) -> None:
        cut = write(tmp_path / "cut.pcap", pcap(b"x", b"y")[:-1])
        source = FileSource([cut], EVERYTHING, loop=True)
        source.open()
        assert [read.data for read in self.take(source, 1)] == [b"x"]
        with pytest.raises(TruncatedCapture):
            source.read(0.1)
        assert [read.data for read in self.take(source, 5)] == [b"x"] * 5
        source.close()

    @pytest.mark.parametrize("options", [EVERYTHING, CaptureOptions(filter="udp")])
    def test_a_loop_over_nothing_ends(self, tmp_path: Path, options: CaptureOptions) -> None:
        packets = [] if options is EVERYTHING else [tcp_syn()]
        path = write(tmp_path / "x.pcap", pcap(*packets))
        assert outcome(FileSource([path], options, loop=True)) == ([], [])


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no capture file is named"):
        FileSource([], EVERYTHING)
