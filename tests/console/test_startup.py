"""``--help`` answers at once: it imports nothing that only running a command needs."""

from __future__ import annotations

import importlib
import subprocess
import sys

import click
import pytest

from netdumplings import __version__

COMMANDS = ["hub", "print", "hubstatus", "hubdetails"]
SLOW = {"asyncio", "msgspec", "nats", "numpy", "rich", "scapy", "websockets", "cypcap", "pcapy"}

IMPORTED = """
import sys
import netdumplings.console.{module} as tool
try:
    tool.main(["--help"])
except SystemExit as ending:
    print("status", ending.code)
print("imported", *sys.modules)
"""


@pytest.mark.parametrize("module", COMMANDS)
def test_help_imports_nothing_slow(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
    )
    *_help, status, imported = done.stdout.splitlines()
    assert status == "status 0"
    assert "netdumplings.console" in imported.split()
    assert not SLOW & set(imported.split())


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_may_be_run_as_a_module_too(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"netdumplings.console.{module}", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"nd-{module} {__version__}\n"


@pytest.mark.parametrize("module", COMMANDS)
def test_each_options_environment_variable_is_named_after_it(module: str) -> None:
    command = importlib.import_module(f"netdumplings.console.{module}").main
    for option in command.params:
        assert isinstance(option, click.Option)
        longest = max(option.opts, key=len)
        assert option.name == longest.removeprefix("--").replace("-", "_")
