"""Every capture below a folder through ``nd-sniff --read``, with the chefs in the box.

Each runs in a process of its own, forked from one that has imported everything: the command's own
code from its first line to its exit status, a hundred times as fast as starting Python for each.
"""

from __future__ import annotations

import atexit
import csv
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from .records import Count, count, looks_like_a_capture

#: What a dumpling of a chef in the box may take, bytes.
LARGEST_DUMPLING = 256 * 1024

#: How each capture is read: with the default filter, with none, and with packets cut off.
WAYS: tuple[tuple[str, ...], ...] = (
    (),
    ("--filter", ""),
    ("--filter", "ip or ip6", "--snaplen", "60"),
)

#: Endings of files to try that begin otherwise: compressed, or of another format.
_TOO = {".gz", ".zst", ".snoop"}

_SUMMARY = re.compile(
    r"handled (\d+) of (\d+) packets \(dropped: (\d+) by the kernel, (\d+) by the kitchen; .*"
    r"of the files, (\d+) filtered out, (\d+) damaged\).*its chefs made (\d+) errors"
)
_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} (INFO|WARNING) netdumplings")


class Done(NamedTuple):
    """What a run of the command came to.

    Attributes:
        status: its exit status; -SIGNAL if a signal ended it.
        out: what it wrote to standard output.
        err: what it wrote to standard error.
        seconds: how long it took.
    """

    status: int
    out: bytes
    err: str
    seconds: float


class Books(NamedTuple):
    """What became of the packets of some files."""

    handled: int = 0
    filtered_out: int = 0
    damaged: int = 0

    def plus(self, other: Books) -> Books:
        """The sum of both."""
        return Books(*map(sum, zip(self, other, strict=True)))


class Verdict(NamedTuple):
    """What is to be said of a run.

    Attributes:
        wrong: what is wrong with it, a line each.
        books: what became of the packets.
    """

    wrong: list[str]
    books: Books = Books()


class Run:
    """A run of the command on one capture, in a child process."""

    def __init__(self, path: Path, way: Sequence[str]) -> None:
        self.path = path
        self.way = way
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it ended
        self._err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._began = time.monotonic()
        self.pid = os.fork()
        if not self.pid:
            self._be_the_command()

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return time.monotonic() - self._began

    def kill(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)

    def ended(self, status: int) -> Done:
        """Take what it wrote; `status` as of `os.waitstatus_to_exitcode`."""
        texts = []
        for file in (self._out, self._err):
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Done(status, texts[0], texts[1].decode(errors="replace"), self.seconds)

    def _be_the_command(self) -> None:
        status = 99
        atexit._clear()
        try:
            os.dup2(self._out.fileno(), 1)
            os.dup2(self._err.fileno(), 2)
            from netdumplings.console.sniff import main

            main(["--stdout", "--read", str(self.path), *self.way], prog_name="nd-sniff")
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            atexit._run_exitfuncs()  # as at the end of an interpreter
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def judge(done: Done, path: Path, has: Count, limit: float) -> Verdict:
    """Say what is wrong with how the command ended on a capture, and with its books.

    Args:
        done: how it ended.
        path: the capture.
        has: what the capture has.
        limit: how many seconds it may take.
    """
    wrong = []
    if done.seconds > limit:
        wrong.append(f"it took {done.seconds:.1f} s, over {limit:g} s")
    if done.status != int(has.no_capture or has.breaks_off):
        wrong.append(f"the exit status is {done.status}, the capture is {has}")
    if "Traceback" in done.err:
        wrong.append(f"a traceback: {done.err.strip().splitlines()[-1]}")
    said = [line for line in done.err.splitlines() if not _LOG_LINE.match(line)]
    if done.status == 1 and not (
        len(said) == 1 and said[0].startswith("nd-sniff: ") and str(path) in said[0]
    ):
        wrong.append(f"the damage is not one line that names the file: {said}")
    if has.breaks_off and not re.search(r" at byte \d+; the \d+ packets before it", done.err):
        wrong.append(f"nothing says where it breaks off: {said}")
    if done.status == 0 and said:
        wrong.append(f"it says {said}")
    wrong += _bad_dumplings(done.out)
    found = _SUMMARY.search(done.err)
    if has.no_capture:
        if found or done.out:
            wrong.append("it handled what is no capture")
        return Verdict(wrong)
    if not found:
        return Verdict([*wrong, "no line tells the books"])
    handled, received, by_kernel, by_kitchen, filtered, damaged, errors = map(int, found.groups())
    books = Books(handled, filtered, damaged)
    if received != handled or by_kernel or by_kitchen:
        wrong.append(f"packets are lost: {found[0]}")
    if handled + filtered != has.packets or damaged != has.breaks_off:
        wrong.append(f"the books do not balance: {books}, the capture is {has}")
    if errors:
        wrong.append(f"the chefs made {errors} errors")
    return Verdict(wrong, books)


def _bad_dumplings(out: bytes) -> Iterator[str]:
    for line in out.splitlines():
        if len(line) > LARGEST_DUMPLING:
            yield f"a dumpling of {len(line)} bytes"
        try:
            json.loads(line)["metadata"]["chef"]
        except (ValueError, KeyError) as error:
            yield f"a line that is no dumpling ({error!r}): {line[:80]!r}"


def run_all(
    runs: Sequence[tuple[Path, Sequence[str]]], limit: float, at_once: int
) -> Iterator[tuple[Path, Sequence[str], Done]]:
    """Run the command on captures, some at once; one that takes too long is killed."""
    waiting = list(reversed(runs))
    going: dict[int, Run] = {}
    while waiting or going:
        while waiting and len(going) < at_once:
            run = Run(*waiting.pop())
            going[run.pid] = run
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            for run in going.values():
                if run.seconds > limit + 1:
                    run.kill()
            time.sleep(0.002)
            continue
        if pid in going:
            run = going.pop(pid)
            yield run.path, run.way, run.ended(os.waitstatus_to_exitcode(status))


def captures_below(folder: Path) -> list[Path]:
    """The captures in a folder and those below it; a file that is one is itself."""
    if folder.is_file():
        return [folder]
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in files if looks_like_a_capture(path) or path.suffix in _TOO]


def sample(paths: list[Path], each: int, seed: int) -> list[Path]:
    """Choose some: all that are small and break off or are no captures, and some of the rest."""
    odd = [
        path for path in paths if path.stat().st_size < 10_000 and count(path)[1:] != (False,) * 2
    ]
    rest = sorted(set(paths) - set(odd))
    return odd + random.Random(seed).sample(rest, min(each, len(rest)))


def disagreements(folder: Path, counts: dict[Path, Count]) -> Iterator[str]:
    """Where a folder has an index of its own, in which of its captures it tells other counts."""
    index = folder / "INDEX.tsv"
    if not index.is_file():
        return
    with index.open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            has = counts.get(folder / row["path"])
            if not has or has.no_capture:
                continue
            told = int(row["packets"])
            # Behind the place where a file breaks off, others may see what we cannot.
            if told < has.packets or (told > has.packets and not has.breaks_off):
                yield f"{row['path']}: INDEX.tsv says {row['packets']} packets, it has {has}"


def _import_everything() -> None:
    """Import once what every child would have to, by doing what they will do."""
    import netdumplings.console.sniff  # noqa: F401
    from netdumplings import DumplingKitchen
    from support.packets import arp, write_pcap

    with tempfile.TemporaryDirectory() as directory:
        list(DumplingKitchen(read=write_pcap(Path(directory) / "warm.pcap", arp())))


def captures(folder: Path, *, limit: float, each: int | None, seed: int) -> bool:
    """Do it, and print a line a failure and the totals; return whether something was wrong.

    Args:
        folder: where the captures are.
        limit: how many seconds one may take.
        each: how many to choose at random, beside the small odd ones, to be read in one way;
            None for all.
        seed: for choosing.
    """
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # what has threads should not fork
    _import_everything()
    began = time.monotonic()
    paths = captures_below(folder)
    if not paths:
        print(f"captures: there are none below {folder}")
        return True
    if each is not None:
        paths = sample(paths, each, seed)
        print(f"captures: {len(paths)} of them, chosen with seed {seed}")
    counts = {path: count(path) for path in paths}
    failures = list(disagreements(folder, counts))
    for line in failures:
        print(line)
    books, runs = Books(), 0
    slowest: list[tuple[float, str]] = []
    ways = WAYS if each is None else WAYS[:1]
    todo = [(path, way) for path in paths for way in ways]
    for path, way, done in run_all(todo, limit, os.cpu_count() or 1):
        verdict = judge(done, path, counts[path], limit)
        runs += 1
        books = books.plus(verdict.books)
        slowest = sorted([*slowest, (done.seconds, path.name)])[-3:]
        if verdict.wrong:
            line = f"{path} {' '.join(way)}: {'; '.join(verdict.wrong)}"
            failures.append(line)
            print(line, flush=True)
    packets = sum(one.packets + one.breaks_off for one in counts.values()) * len(ways)
    damaged = sum(one.breaks_off for one in counts.values())
    refused = sum(one.no_capture for one in counts.values())
    print(
        f"captures: {len(paths)} files, {len(ways)} ways each, {runs} runs in "
        f"{time.monotonic() - began:.0f} s; {damaged} break off, {refused} are no captures; "
        f"{packets} packets = {books.handled} handled + {books.filtered_out} filtered out + "
        f"{books.damaged} damaged; slowest: "
        f"{', '.join(f'{name} {seconds:.1f} s' for seconds, name in reversed(slowest))}; "
        f"{len(failures)} failures: {'BAD' if failures else 'good'}"
    )
    return bool(failures) or packets != sum(books)
