"""A spool keeps what it was given through crashes, full disks and damage, or says what is lost."""

from __future__ import annotations

import logging
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from netdumplings.delivery import Burst
from netdumplings.delivery.spool import Spool
from netdumplings.delivery.spool_file import SpoolFile
from netdumplings.delivery.spool_opening import spool_path
from netdumplings.delivery.spool_rows import ROW_BYTES, Place
from netdumplings.exceptions import SpoolUnavailable
from support.spools import SESSION, balanced, drain, spool_at, work

OTHER = "f" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kitchen.spool"


def fill(spool: Spool, *messages: bytes) -> None:
    for message in messages:
        spool.put(message)


def many(count: int, size: int = 100) -> list[bytes]:
    return [b"%06d" % number + b"x" * (size - 6) for number in range(1, count + 1)]


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]


# -- numbers, order, limits ------------------------------------------------------------------------


def test_what_goes_in_comes_out_in_order_numbered_from_one(path: Path) -> None:
    spool = spool_at(path)
    fill(spool, b"a", b"b", b"c")
    assert spool.take(2, 100) == (1, [b"a", b"b"])
    work(spool)
    fill(spool, b"d")
    spool.acknowledge(2)
    work(spool)
    assert drain(spool) == [(SESSION, 3, b"c"), (SESSION, 4, b"d")]
    assert balanced(spool)[:4] == (4, 4, 0, 0)


def test_what_a_hub_takes_at_once_is_never_written(path: Path) -> None:
    spool = spool_at(path)
    fill(spool, *many(100))
    drain(spool)
    assert spool.job() is None


def test_a_backlog_larger_than_what_is_read_at_once_comes_out_whole(path: Path) -> None:
    messages = many(30_000)
    spool = spool_at(path, max_bytes=8_000_000)
    for index in range(0, len(messages), 1000):
        fill(spool, *messages[index : index + 1000])
        work(spool)
    now = balanced(spool)
    assert now.held == now.held_on_disk == 30_000
    assert spool.first == 1
    assert [message for _, _, message in drain(spool)] == messages
    assert balanced(spool).acknowledged == 30_000


def test_messages_larger_than_a_row_are_spooled_too(path: Path) -> None:
    spool = spool_at(path)
    large = [bytes([65 + n]) * (ROW_BYTES + n) for n in range(3)]
    fill(spool, large[0], b"small", large[1], large[2])
    work(spool)
    spool.close()
    after = spool_at(path, OTHER)
    assert [message for _, _, message in drain(after)] == [large[0], b"small", *large[1:]]


def test_a_full_spool_drops_its_oldest_batches_and_counts_them(path: Path) -> None:
    spool = spool_at(path, max_bytes=40_000)
    for message in many(1_000):
        spool.put(message)
        if message[:6].endswith(b"0"):
            work(spool)
    now = balanced(spool)
    assert 300 < now.held < 400
    assert now.dropped == 1_000 - now.held
    assert spool.first == now.dropped + 1
    assert [seq for _, seq, _ in drain(spool)] == list(range(now.dropped + 1, 1_001))
    assert balanced(spool).acknowledged == now.held


def test_what_is_in_flight_is_not_dropped_when_the_spool_is_full(path: Path) -> None:
    spool = spool_at(path, max_bytes=10_000)
    fill(spool, *many(20))
    job = spool.job()
    assert job is not None
    assert spool.take(10, 10_000).last == 10
    spool.finish(spool.run(job))  # one batch, half of it in flight
    for message in many(500):
        spool.put(message)
        work(spool)
    dropped = balanced(spool).dropped
    spool.rewind()
    assert spool.first == 1
    taken = [seq for _, seq, _ in drain(spool)]
    # The batch that they are part of is still there; the hole comes after it.
    assert taken == [*range(1, 21), *range(21 + dropped, 521)]


def test_there_is_no_room_where_a_message_would_push_another_out(path: Path) -> None:
    spool = spool_at(path, max_bytes=10_000, memory=2_000)
    assert spool.has_room(1_000_000)  # waiting would not help it
    fill(spool, b"x" * 1_900)
    assert not spool.has_room(200)
    work(spool)
    assert spool.has_room(200)
    for _ in range(4):
        fill(spool, b"x" * 1_900)
        work(spool)
    assert not spool.has_room(1_900)
    assert balanced(spool).dropped == 0


def test_a_message_of_several_lines_cannot_be_spooled(path: Path) -> None:
    with pytest.raises(ValueError, match="several lines"):
        spool_at(path).put(b"{\n}")


def test_what_was_never_sent_cannot_be_acknowledged(path: Path) -> None:
    spool = spool_at(path)
    fill(spool, b"a", b"b")
    spool.take(1, 10)
    with pytest.raises(ValueError, match="the latest sent is 1"):
        spool.acknowledge(2)


def test_what_is_refused_is_gone_from_the_disk_too(path: Path) -> None:
    spool = spool_at(path)
    fill(spool, b"bad", b"good")
    work(spool)
    work_until_taken(spool, 1)
    assert spool.drop_in_flight() == 1
    work(spool)
    spool.close()
    after = spool_at(path, OTHER)
    assert drain(after) == [(SESSION, 2, b"good")]


def work_until_taken(spool: Spool, count: int) -> None:
    if not spool.take(count, 10_000).messages:
        work(spool)
        assert len(spool.take(count, 10_000).messages) == count


@pytest.mark.parametrize("limits", [{"max_bytes": 0}, {"memory": 0}])
def test_a_spool_that_holds_nothing_makes_no_sense(path: Path, limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        spool_at(path, **limits)


# -- from one process to the next ------------------------------------------------------------------


def test_what_was_left_is_sent_first_under_its_own_session(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work(before)
    assert before.take(4, 10_000).messages == () or before.hungry
    work(before)
    before.take(4, 10_000)
    before.acknowledge(3)
    work(before)
    before.close()

    after = spool_at(path, OTHER)
    fill(after, b"new")
    assert after.session == SESSION
    assert after.first == 4
    now = balanced(after)
    assert now.made == 7 + 1  # what was left counts as made again
    assert now.held_on_disk == 7
    taken = drain(after)
    assert [(session, seq) for session, seq, _ in taken] == [
        *((SESSION, seq) for seq in range(4, 11)),
        (OTHER, 1),
    ]
    assert after.session == OTHER
    assert balanced(after)[:4] == (8, 8, 0, 0)


def test_what_the_hub_turns_out_to_have_is_not_sent_again(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work(before)
    before.close()
    after = spool_at(path, OTHER)
    after.acknowledge(6)  # its welcome
    assert not after.take(10, 10_000).messages
    work(after)
    assert balanced(after).acknowledged == 6
    assert [seq for _, seq, _ in drain(after)] == [7, 8, 9, 10]


def test_a_hub_may_have_more_of_a_former_session_than_was_written(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work(before)
    before.close()
    after = spool_at(path, OTHER)
    after.acknowledge(99)
    work(after)
    assert drain(after) == []
    assert after.session == OTHER
    assert balanced(after)[:4] == (10, 10, 0, 0)


def test_what_is_done_while_the_disk_is_at_work_is_not_left_in_the_file(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work(before)
    before.close()
    between = spool_at(path, OTHER)
    fill(between, b"new")
    job = between.job()
    assert job is not None
    between.acknowledge(10)
    between.finish(between.run(job))
    drain(between)
    work(between)
    between.close()
    assert balanced(spool_at(path, "e" * 32)).made == 0


def test_what_the_hub_has_is_not_sent_again_though_the_disk_is_full(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work(before)
    before.close()
    after = spool_at(path, OTHER)
    with no_file_beyond(0):
        after.acknowledge(6)
        work(after)
        assert after.failing
        assert [seq for _, seq, _ in drain(after)] == [7, 8, 9, 10]
    assert balanced(after)[:4] == (10, 10, 0, 0)


def test_a_write_that_may_have_failed_can_be_done_again(path: Path) -> None:
    """The system says that it failed, and all of it is there."""
    with closing(SpoolFile(path)) as file:
        own = file.add_session(SESSION)
        new = [Burst(1, many(50)), Burst(60, many(50))]
        for after in (0, 0):
            file.write(
                own,
                new,
                after=after,
                dropped=0,
                place=Place(own, 0, 0, 0),
                finished=[],
                max_bytes=1_000_000,
            )
        read = file.read(own, 0, 1_000_000)
        assert [(burst.first, burst.last) for burst in read.bursts] == [(1, 50), (60, 109)]
        assert file.size == 2 * 50 * 101
        assert file.add_session(SESSION) == own


def test_several_crashes_in_a_row_lose_nothing(path: Path) -> None:
    sessions = [f"{number:032x}" for number in range(5)]
    for session in sessions:
        spool = spool_at(path, session)
        fill(spool, *many(3))
        work(spool)
        spool.close()
    last = spool_at(path, OTHER)
    assert [(s, seq) for s, seq, _ in drain(last)] == [(s, n) for s in sessions for n in (1, 2, 3)]
    work(last)
    last.close()
    assert balanced(spool_at(path, "e" * 32)).made == 0


def test_what_was_dropped_before_a_crash_stays_in_the_books_until_the_rest_is_delivered(
    path: Path,
) -> None:
    before = spool_at(path, max_bytes=10_000)
    for message in many(200):
        before.put(message)
        work(before)
    dropped = balanced(before).dropped
    assert dropped > 0
    before.close()
    after = spool_at(path, OTHER)
    assert balanced(after)[:4] == (200, 0, 200 - dropped, dropped)
    drain(after)
    work(after)
    assert balanced(after)[:4] == (200, 200 - dropped, 0, dropped)
    after.close()
    assert balanced(spool_at(path, "e" * 32))[:4] == (0, 0, 0, 0)


# -- from one hub to the next ----------------------------------------------------------------------


def test_what_was_acknowledged_is_known_after_a_restart(path: Path) -> None:
    """Some of it before the first write, so that the file has never seen it."""
    before = spool_at(path)
    fill(before, *many(5))
    before.take(5, 10_000)
    before.acknowledge(5)
    fill(before, *many(10))
    work(before)
    work_until_taken(before, 3)
    before.acknowledge(8)
    work(before)
    assert (before.acknowledged, before.first) == (8, 9)
    before.close()

    after = spool_at(path, OTHER)
    assert (after.session, after.acknowledged, after.first) == (SESSION, 8, 9)
    assert [seq for _, seq, _ in drain(after)] == list(range(9, 16))
    assert (after.session, after.acknowledged, after.first) == (OTHER, 0, 1)


def test_what_was_dropped_is_not_taken_for_acknowledged(path: Path) -> None:
    before = spool_at(path, max_bytes=10_000)
    fill(before, *many(10))
    work_until_taken(before, 5)
    before.acknowledge(3)
    assert before.drop_in_flight() == 2  # refused
    for message in many(200):
        before.put(message)
        work(before)
    first = before.first
    assert first > 6
    assert before.acknowledged == 3
    before.close()
    after = spool_at(path, OTHER)
    assert (after.acknowledged, after.first) == (3, first)


def test_what_a_hub_turns_out_to_have_lies_below_the_first_at_once(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work(before)
    before.close()
    after = spool_at(path, OTHER)
    assert (after.acknowledged, after.first) == (0, 1)
    after.acknowledge(6)
    assert (after.acknowledged, after.first) == (6, 7)
    work(after)
    assert (after.acknowledged, after.first) == (6, 7)


def test_another_hub_gets_what_no_hub_has_acknowledged(path: Path) -> None:
    spool = spool_at(path)
    fill(spool, *many(6))
    work_until_taken(spool, 2)
    spool.acknowledge(2)
    spool.take(2, 10_000)
    spool.rewind()
    assert (spool.acknowledged, spool.first) == (2, 3)
    spool.acknowledge(spool.first - 1)  # what a hub says that does not know the session
    assert spool.take(9, 10_000) == Burst(3, many(6)[2:4])
    assert spool.take(9, 10_000) == Burst(5, many(6)[4:])
    spool.acknowledge(4)  # more than the hub was sent: it read it in the backbone
    assert (spool.acknowledged, spool.first) == (4, 5)
    spool.acknowledge(6)
    assert balanced(spool)[:4] == (6, 6, 0, 0)


def test_a_spool_of_a_version_that_did_not_note_what_is_acknowledged_is_used(path: Path) -> None:
    before = spool_at(path)
    fill(before, *many(10))
    work_until_taken(before, 4)
    before.acknowledge(4)
    work(before)
    before.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE sessions DROP COLUMN acknowledged")
    between = spool_at(path, OTHER)
    # What is done was acknowledged, but for what a hub refused.
    assert (between.acknowledged, between.first) == (4, 5)
    assert between.take(1, 10_000).messages == ()
    work(between)
    work_until_taken(between, 2)
    between.acknowledge(6)
    work(between)
    between.close()
    after = spool_at(path, "e" * 32)
    assert (after.acknowledged, after.first) == (6, 7)
    assert [seq for _, seq, _ in drain(after)] == [7, 8, 9, 10]


KILLED = """
import os, signal, sys
from pathlib import Path
from netdumplings.delivery.spool import Spool

spool = Spool(Path(sys.argv[1]), sys.argv[2], max_bytes=10**8, memory_bytes=10**6)
number = 0
while True:
    for _ in range(100):
        number += 1
        spool.put(b"%d" % number)
    spool.finish(spool.run(spool.job()))
    print(number, flush=True)
"""


def test_whatever_was_written_is_there_after_a_kill(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, path, SESSION], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            written = int(line)
            if written >= 2_000:
                break
        process.send_signal(signal.SIGKILL)
        written = max([written, *(int(line) for line in process.stdout if line.strip().isdigit())])
    after = spool_at(path, OTHER)
    taken = drain(after)
    assert [seq for _, seq, _ in taken] == list(range(1, len(taken) + 1))
    assert [int(message) for _, _, message in taken] == [seq for _, seq, _ in taken]
    assert len(taken) in (written, written + 100)


def test_two_kitchens_cannot_use_one_spool(path: Path) -> None:
    first = spool_at(path)
    with pytest.raises(SpoolUnavailable, match="another kitchen uses it"):
        spool_at(path, OTHER)
    code = "from pathlib import Path; from netdumplings.delivery.spool import Spool; import sys;"
    code += "Spool(Path(sys.argv[1]), 'x' * 32, max_bytes=9, memory_bytes=9)"
    other = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert "another kitchen uses it" in other.stderr
    first.close()
    spool_at(path, OTHER)


# -- the file --------------------------------------------------------------------------------------


def test_nobody_else_may_read_a_spool(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "kitchen.spool"
    spool = spool_at(path)
    fill(spool, b"secret")
    work(spool)
    files = [file for file in path.parent.iterdir() if file.is_file()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("office", "office.spool"),
        ("my kitchen", "my%20kitchen.spool"),
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd.spool"),
        (".hidden", "%2Ehidden.spool"),
        ("", "%.spool"),
        ("Küche\x00", "K%C3%BCche%00.spool"),
        ("\udc80", "%ED%B2%80.spool"),
    ],
)
def test_a_kitchen_of_any_name_has_a_spool_of_its_own_in_the_directory(
    tmp_path: Path, name: str, file: str
) -> None:
    assert spool_path(tmp_path, name) == tmp_path / file


def test_long_names_are_cut_and_stay_different(tmp_path: Path) -> None:
    one, other = (spool_path(tmp_path, "ü" * 255 + end) for end in "ab")
    assert one != other
    assert max(len(one.name), len(other.name)) < 140


def test_a_spool_that_is_empty_again_gives_the_disk_its_room_back(path: Path) -> None:
    spool = spool_at(path)
    for _ in range(10):
        fill(spool, *many(3_000))
        work(spool)
    spool.take(1, 1)
    work(spool)
    assert size_on_disk(path) > 2_000_000
    drain(spool)
    work(spool)
    assert size_on_disk(path) < 200_000


def size_on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.iterdir())


def test_a_spool_of_a_later_version_is_left_alone(path: Path) -> None:
    spool_at(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 2")
    database.close()
    with pytest.raises(SpoolUnavailable, match="of version 2, and this one knows 1"):
        spool_at(path)


def test_a_directory_that_cannot_be_had_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolUnavailable, match="give a --spool directory that can be written"):
        spool_at(tmp_path / "file" / "kitchen.spool")
    (tmp_path / "directory.spool").mkdir()
    with pytest.raises(SpoolUnavailable, match="directory"):
        spool_at(tmp_path / "directory.spool")


# -- damage ----------------------------------------------------------------------------------------


def spooled(path: Path, count: int = 2_000) -> None:
    spool = spool_at(path)
    fill(spool, *many(count))
    work(spool)
    spool.close()


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@pytest.mark.parametrize("offset", [0, 20, 100])
def test_a_file_that_is_damaged_at_start_is_set_aside_and_a_new_one_begun(
    path: Path, caplog: pytest.LogCaptureFixture, offset: int
) -> None:
    spooled(path)
    overwrite(path, offset, b"\xa5" * 200)
    damaged = path.read_bytes()
    spool = spool_at(path, OTHER)
    (error,) = errors(caplog)
    assert "kept as kitchen.spool.corrupt-1" in error
    assert "what it held, nobody knows" in error
    assert path.with_name("kitchen.spool.corrupt-1").read_bytes() == damaged
    fill(spool, b"new")
    work(spool)
    assert drain(spool) == [(OTHER, 1, b"new")]
    balanced(spool)


def test_each_damaged_file_is_kept_under_a_name_of_its_own(path: Path) -> None:
    for _ in range(3):
        path.write_bytes(b"no database at all " * 500)
        spool_at(path).close()
    kept = sorted(file.name for file in path.parent.glob("*.corrupt-?"))
    assert kept == [f"kitchen.spool.corrupt-{number}" for number in (1, 2, 3)]


def test_another_programs_database_is_set_aside(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE recipes (name)")
    database.close()
    spool_at(path)
    assert len(errors(caplog)) == 1


def test_bytes_that_were_changed_are_found_and_only_their_batch_is_lost(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = spool_at(path)
    for _ in range(3):
        fill(before, *many(1_000, size=120))
        work(before)
    before.close()
    position = path.read_bytes().index(b"000500x")
    overwrite(path, position, b"000666")
    after = spool_at(path, OTHER)
    taken = drain(after)
    assert [seq for _, seq, _ in taken] == list(range(1_001, 3_001))
    assert balanced(after)[:4] == (3_000, 2_000, 0, 1_000)
    assert ["1000 dumplings in it are lost" in error for error in errors(caplog)] == [True]


def test_damage_that_is_found_later_loses_what_was_in_the_file_and_nothing_in_memory(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spooled(path, 20_000)
    size = path.stat().st_size
    spool = spool_at(path, OTHER)
    # Every page but the first few: what is needed to open it is there.
    overwrite(path, 16 * 4096, b"\x5a" * (size - 16 * 4096))
    fill(spool, *many(10))
    taken = drain(spool)
    now = balanced(spool)
    assert [pair for pair in taken if pair[0] == OTHER] == [
        (OTHER, seq, message) for seq, message in enumerate(many(10), 1)
    ]
    assert now.held == 0
    assert now.made == 20_010
    assert now.acknowledged == len(taken)
    assert now.dropped == 20_010 - len(taken) > 0
    assert len(errors(caplog)) >= 1


# -- disks that are full ---------------------------------------------------------------------------


def test_a_full_disk_is_reported_once_and_so_is_its_end(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that may not grow, as one on a full disk may not."""
    spool = spool_at(path, memory=50_000)
    with no_file_beyond(0):
        for message in many(1_000):
            spool.put(message)
            if message[:6].endswith(b"00"):
                work(spool)
        assert spool.failing
        now = balanced(spool)
        assert now.held == 500
        assert now.held_on_disk == 0
        assert now.dropped == 500
        # It is sent from memory.
        burst = spool.take(100, 100_000)
        assert (burst.first, burst.last) == (501, 600)
        spool.acknowledge(600)
        work(spool)
    assert len(errors(caplog)) == 1
    work(spool)
    assert not spool.failing
    assert "can be written again; 500 dumplings were dropped meanwhile" in caplog.text
    assert balanced(spool).held_on_disk == 400
    spool.close()
    assert [seq for _, seq, _ in drain(spool_at(path, OTHER))] == list(range(601, 1_001))


def test_what_is_on_a_full_disk_can_be_sent(path: Path) -> None:
    spooled(path)
    spool = spool_at(path, OTHER)
    with no_file_beyond(0):
        taken = drain(spool)
        assert spool.failing
    assert [seq for _, seq, _ in taken] == list(range(1, 2_001))
    work(spool)
    assert balanced(spool)[:4] == (2_000, 2_000, 0, 0)


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Let no file of this process be written beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_file_system_that_fills_up_does_not_stop_it(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = spool_at(small_disk / "kitchen.spool", memory=500_000)
    messages = many(20_000)
    for index in range(0, len(messages), 500):
        fill(spool, *messages[index : index + 500])
        work(spool)
    now = balanced(spool)
    assert spool.failing
    assert now.dropped > 0
    (error,) = errors(caplog)
    assert "make room on its disk" in error
    taken = drain(spool)
    assert [message for _, _, message in taken] == [messages[seq - 1] for _, seq, _ in taken]
    work(spool)  # deletes the file, which takes all the room there is
    work(spool)
    assert not spool.failing
    end = balanced(spool)
    assert end.held == 0
    assert end.acknowledged == len(taken) == now.held
    assert len(errors(caplog)) == 1


def test_a_disk_that_is_full_from_the_start_does_not_stop_it(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ballast = small_disk / "ballast"
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)
    spool = spool_at(small_disk / "kitchen.spool")
    fill(spool, *many(10))
    work(spool)
    assert balanced(spool).held_on_disk == 0
    assert len(errors(caplog)) == 1
    ballast.unlink()
    work(spool)
    assert balanced(spool).held_on_disk == 10
    assert not spool.failing
