"""Logs of the command line: their form, their set-up, and what hostile text does to them."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from netdumplings.console.command import command
from netdumplings.console.logs import CONFIG_VARIABLE, Formatter, StandardErrorHandler

log = logging.getLogger("netdumplings.test")


@command("nd-test")
def logging_tool() -> None:
    """Log at three levels."""
    log.debug("detail")
    log.info("news from %s", "kitchen\x1b[2J\n2026-01-01T00:00:00.000 forged")
    log.warning("trouble")


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a command that was run in this process before has set up."""
    root = logging.getLogger()
    theirs = [handler for handler in root.handlers if isinstance(handler, StandardErrorHandler)]
    monkeypatch.setattr(root, "handlers", [one for one in root.handlers if one not in theirs])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(logging_tool, arguments)


def record(message: str = "message", **attributes: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "netdumplings.test", "levelname": "INFO", "msg": message, **attributes}
    )


def test_a_record_is_one_line_with_the_time_in_utc_to_the_millisecond() -> None:
    text = Formatter().format(record(created=1515990765.5, msecs=500))
    assert text == "2018-01-15T04:32:45.500 INFO netdumplings.test: message"


def test_logs_go_to_standard_error_and_hostile_text_in_them_is_escaped() -> None:
    result = run()
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith(
        r"INFO netdumplings.test: news from kitchen\x1b[2J\x0a2026-01-01T00:00:00.000 forged"
    )
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} ", line) for line in lines)


def test_a_traceback_is_indented_and_escaped_so_that_none_of_it_passes_for_a_record() -> None:
    try:
        raise ValueError("\x1b[2J\n2026-01-01T00:00:00.000 forged")
    except ValueError as error:
        text = Formatter().format(record(exc_info=(type(error), error, error.__traceback__)))
    first, *others = text.split("\n")
    assert first.endswith("message")
    assert r"  ValueError: \x1b[2J" in others
    assert all(line.startswith("  ") and line.isprintable() for line in others)


@pytest.mark.parametrize(("level", "lines"), [("debug", 3), ("info", 2), ("ERROR", 0)])
def test_the_level_is_an_option(level: str, lines: int) -> None:
    assert len(run("--log-level", level).stderr.splitlines()) == lines


def test_setting_up_twice_logs_once() -> None:
    run()
    assert len(run().stderr.splitlines()) == 2


def test_a_configuration_file_is_used_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, config = tmp_path / "tool.log", tmp_path / "logging.json"
    config.write_text(
        json.dumps(
            {
                "version": 1,
                "formatters": {"utc": {"()": "netdumplings.console.logs.Formatter"}},
                "handlers": {
                    "file": {
                        "class": "logging.FileHandler",
                        "filename": str(written),
                        "formatter": "utc",
                    }
                },
                "loggers": {"netdumplings.test": {"handlers": ["file"], "level": "WARNING"}},
            }
        )
    )
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))
    result = run()
    for handler in log.handlers[:]:
        log.removeHandler(handler)
        handler.close()
    log.setLevel(logging.NOTSET)
    assert (result.exit_code, result.output) == (0, "")
    assert written.read_text().endswith("WARNING netdumplings.test: trouble\n")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot read"),
        ("not json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "is no logging configuration"),
        ('{"version": 2}', "is no logging configuration"),
        ('{"version": 1, "handlers": {"x": {"class": "no.Such"}}}', "is no logging configuration"),
        ('{"version": 1, "handlers": 7}', "is no logging configuration"),
    ],
)
def test_a_bad_configuration_file_is_one_clear_line_and_status_1(
    content: str | bytes | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "logging.json"
    if content is not None:
        config.write_bytes(content.encode() if isinstance(content, str) else content)
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))
    result = run()
    assert result.exit_code == 1
    assert re.fullmatch(rf"nd-test: {CONFIG_VARIABLE}: .*{problem}.*\n", result.stderr)
    assert str(config) in result.stderr
