"""``nd-chef`` as its users run it: what it says, how it ends, what it does when files change."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.commands import PATIENCE, Command, run
from support.packets import dns_query, tcp_syn, write_pcap

EXAMPLES = Path(__file__).parents[2] / "examples"
CHEF = """
from netdumplings import DumplingChef

class TellingChef(DumplingChef):
    def interval_handler(self, interval=None):
        return {answer}
"""


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return write_pcap(tmp_path / "x.pcap", tcp_syn(80), dns_query(), tcp_syn(443))


@pytest.fixture
def chef(tmp_path: Path) -> Path:
    path = tmp_path / "telling_chef.py"
    write(path, "'first'")
    return path


def write(path: Path, answer: str) -> None:
    """Save a chef as many editors do: another file takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(CHEF.format(answer=answer))
    new.replace(path)


def line(payload: str) -> str:
    return re.escape(f'{{"chef":"TellingChef","driver":"interval","payload":{payload}}}')


@contextmanager
def watching(*arguments: object) -> Iterator[Command]:
    with Command("chef", "watch", *map(str, arguments)) as command:
        yield command


def test_a_chef_is_made_tried_and_timed(tmp_path: Path, capture: Path) -> None:
    made = run("chef", "new", "port", "--directory", str(tmp_path))
    path = str(tmp_path / "port_chef.py")
    assert (made.returncode, made.stderr) == (0, "")
    tried = run("chef", "test", path, "--read", str(capture))
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.splitlines()[-1] == (
        '{"chef":"PortChef","driver":"interval","payload":{"calls":{"80":1,"443":1}}}'
    )
    timed = run("chef", "bench", path, "--read", str(capture), "--seconds", "0.01")
    assert timed.returncode == 0, timed.stderr
    assert re.search(r"us a packet of processor time: [\d,]+ packets/s", timed.stdout)


def test_what_it_shows_is_what_nd_sniff_makes(capture: Path, tmp_path: Path) -> None:
    chef = str(EXAMPLES / "first_chef.py")
    sniffed = run("sniff", "--stdout", "--read", str(capture), "--filter", "", "-m", chef)
    expected = tmp_path / "sniffed.jsonl"
    expected.write_text(sniffed.stdout)
    done = run("chef", "test", chef, "--read", str(capture), "--expect", str(expected))
    assert (done.returncode, done.stdout) == (0, "4 dumplings, as expected\n")


def test_a_saved_chef_is_run_again(chef: Path, capture: Path) -> None:
    with watching(chef, "--read", capture) as command:
        command.wait_for_out(line('"first"'))
        command.wait_for_err("it went well; waiting for a file to change")
        write(chef, "'second'")
        command.wait_for_out(line('"second"'))
        assert command.end(signal.SIGINT) == 0
        assert "Traceback" not in command.err
        assert command.err.count("running ") == 2


def test_a_broken_edit_shows_why_and_the_next_one_is_waited_for(chef: Path, capture: Path) -> None:
    with watching(chef, "--read", capture) as command:
        command.wait_for_err("waiting for")
        chef.write_text("def broken:\n")
        command.wait_for_err(r"nd-chef watch: chef module .*: SyntaxError")
        command.wait_for_err(r"it did not go well \(status 1\); waiting for")
        write(chef, "1 / 0")
        command.wait_for_err(r"telling_chef\.py\", line 6, in interval_handler")
        command.wait_for_err(r"the chefs have made 2 errors")
        write(chef, "'mended'")
        command.wait_for_out(line('"mended"'))
        assert command.end(signal.SIGTERM) == 0


def test_a_chef_that_never_returns_is_ended_by_the_next_edit_or_by_ctrl_c(
    chef: Path, capture: Path, tmp_path: Path
) -> None:
    write(chef, "[1 for _ in iter(int, 1)]")
    with watching(chef, "--read", capture) as command:
        command.wait_for_err("running")
        write(chef, "'back'")
        command.wait_for_err("a file has changed: this run is ended")
        command.wait_for_out(line('"back"'))
        pid = tmp_path / "pid"
        pid.touch()
        told = (
            f"__import__('pathlib').Path({str(pid)!r}).write_text(str(__import__('os').getpid()))"
        )
        write(chef, f"({told}, [1 for _ in iter(int, 1)])")
        pid_of_run = wait_for_text(pid)
        assert command.end(signal.SIGINT) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_of_run), 0)


def wait_for_text(path: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (text := path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return text


def test_a_chef_that_kills_its_process_is_run_again_too(chef: Path, capture: Path) -> None:
    write(chef, "__import__('os').kill(__import__('os').getpid(), 9)")
    with watching(chef, "--read", capture) as command:
        command.wait_for_err(r"it did not go well \(status -9\)")
        write(chef, "'back'")
        command.wait_for_out(line('"back"'))


def test_what_lies_beside_the_chef_and_what_is_expected_and_read_are_watched_too(
    chef: Path, capture: Path, tmp_path: Path
) -> None:
    (tmp_path / "helper_of_it.py").write_text("ANSWER = 1\n")
    chef.write_text("from helper_of_it import ANSWER\n" + CHEF.format(answer="ANSWER"))
    expected = tmp_path / "y.jsonl"
    expected.write_text('{"chef":"TellingChef","driver":"interval","payload":2}\n' * 2)
    with watching(chef, "-c", "TellingChef", "-f", "port 9", "--read", capture, "--expect",
                  expected) as command:  # fmt: skip
        command.wait_for_out(r"^- 2\n\+ 1$")
        command.wait_for_err("the dumplings are not as in")
        (tmp_path / "helper_of_it.py").write_text("ANSWER = 2  # now\n")
        command.wait_for_out("2 dumplings, as expected")
        expected.write_text('{"chef":"TellingChef","driver":"interval","payload":2}\n')
        command.wait_for_out("dumpling 2, of TellingChef .interval.: made, and not expected")
        capture.write_bytes(b"rubbish, and no capture at all")
        command.wait_for_err(f"nd-chef watch: {re.escape(str(capture))}: not a capture")


def test_a_file_that_is_gone_for_a_while_is_waited_for(chef: Path, capture: Path) -> None:
    with watching(chef, "--read", capture) as command:
        command.wait_for_err("waiting for")
        chef.rename(chef.with_suffix(".old"))
        command.wait_for_err("there is no such file")
        write(chef, "'again'")
        command.wait_for_out(line('"again"'))


def test_a_module_is_watched_by_its_files(
    chef: Path, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(chef.parent)
    with watching("telling_chef", "--read", capture) as command:
        command.wait_for_out(line('"first"'))
        write(chef, "'second'")
        command.wait_for_out(line('"second"'))


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["watch", "x.py", "--read", "-"], 2, "standard input cannot be read again"),
        (["watch", "x.py"], 2, "Missing option '--read'"),
        (["watch", "x.py", "--read", "x", "--expect", "none"], 2, "no none to compare with"),
        (["bench", "x.py", "--read", "x", "--seconds", "0"], 2, "seconds"),
        (["test", "none.py", "--read", "x"], 1, "there is no such file"),
        (["test", str(EXAMPLES / "first_chef.py"), "--read", "none"], 1, "none"),
        (["new"], 2, "Missing argument 'NAME'"),
        (["lunch"], 2, "No such command 'lunch'"),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments: list[str], status: int, said: str) -> None:
    done = run("chef", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    (one,) = done.stderr.splitlines()
    assert one.startswith("nd-chef: ")
    assert said in one


def test_ctrl_c_ends_a_run_that_never_returns(chef: Path, capture: Path) -> None:
    write(chef, "print('in it', flush=True) or [1 for _ in iter(int, 1)]")
    with Command("chef", "test", str(chef), "--read", str(capture)) as command:
        command.wait_for_out("in it")
        assert command.end(signal.SIGINT) == 0
        assert command.err == ""
