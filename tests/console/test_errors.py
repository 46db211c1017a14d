"""Each way a command can end gives the exit status and the one line that it should."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from subprocess import PIPE, Popen

import click
import pytest
from click.testing import CliRunner

from netdumplings.console.command import command
from netdumplings.console.errors import Failure
from netdumplings.exceptions import HubUnavailable


def tool(body: Callable[[], None]) -> click.Command:
    @command("nd-test")
    def main() -> None:
        body()

    return main


def raising(error: BaseException) -> Callable[[], None]:
    def body() -> None:
        raise error

    return body


def test_a_command_that_returns_ends_with_0() -> None:
    result = CliRunner().invoke(tool(lambda: None))
    assert (result.exit_code, result.output) == (0, "")


def test_an_error_of_ours_is_one_line_on_standard_error_and_status_1() -> None:
    result = CliRunner().invoke(tool(raising(HubUnavailable("localhost:1", "refused"))))
    assert result.exit_code == 1
    assert result.stderr == "nd-test: no hub at localhost:1: refused\n"
    assert result.stdout == ""


def test_an_error_that_quotes_the_network_stays_one_harmless_line() -> None:
    result = CliRunner().invoke(tool(raising(HubUnavailable("h:1", "go\naway\x1b[2J"))))
    assert result.stderr == "nd-test: no hub at h:1: go\\x0aaway\\x1b[2J\n"


def test_a_failure_of_the_command_line_is_shown_likewise() -> None:
    result = CliRunner().invoke(tool(raising(Failure("no such thing"))))
    assert (result.exit_code, result.stderr) == (1, "nd-test: no such thing\n")


def test_a_wrong_command_line_is_one_line_and_status_2() -> None:
    result = CliRunner().invoke(tool(lambda: None), ["--bad"])
    assert result.exit_code == 2
    assert result.stderr == "nd-test: No such option '--bad'; see nd-test --help\n"


def test_a_wrong_command_line_may_also_be_found_while_the_command_runs() -> None:
    result = CliRunner().invoke(tool(raising(click.UsageError("--speed needs --read."))))
    assert result.exit_code == 2
    assert result.stderr == "nd-test: --speed needs --read; see nd-test --help\n"


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), BrokenPipeError(32, "Broken pipe")])
def test_ctrl_c_and_a_closed_output_are_clean_ends(ending: BaseException) -> None:
    result = CliRunner().invoke(tool(raising(ending)))
    assert (result.exit_code, result.output) == (0, "")


def test_an_output_that_cannot_be_written_is_one_line_and_status_1() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    result = CliRunner().invoke(tool(raising(full)))
    assert result.exit_code == 1
    assert result.stderr == f"nd-test: the output cannot be written: {full.strerror}\n"


def test_streams_that_are_closed_are_as_if_nobody_listened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    read = []

    def body() -> None:
        read.append(sys.stdin.read())
        for stream in (sys.stdout, sys.stderr, sys.stdin):
            assert not stream.isatty()
            stream.close()

    tool(body).main([], standalone_mode=False)
    assert read == [""]


def test_a_bug_keeps_its_traceback() -> None:
    result = CliRunner().invoke(tool(raising(ZeroDivisionError("a bug"))))
    assert result.exit_code != 0
    assert isinstance(result.exception, ZeroDivisionError)


WAITING = """
import asyncio, signal, time
from netdumplings.console.command import command

async def wait():
    print("ready", flush=True)
    await asyncio.sleep(60)

def sleep():
    print("ready", flush=True)
    time.sleep(60)

{before}

@command("nd-test")
def main():
    {body}

main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("body", ["sleep()", "asyncio.run(wait())"])
@pytest.mark.parametrize("before", ["", "signal.signal(signal.SIGINT, signal.SIG_IGN)"])
def test_sigterm_ends_a_command_with_0_and_no_traceback(body: str, before: str) -> None:
    code = WAITING.format(body=body, before=before)
    with Popen([sys.executable, "-c", code], stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0


def test_a_command_leaves_the_signal_handlers_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    CliRunner().invoke(tool(lambda: None))
    assert signal.getsignal(signal.SIGTERM) is before
