"""``--help`` answers at once: it imports nothing that only running a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netdumplings import __version__

COMMANDS = [
    "hub", "print", "hubstatus", "hubdetails", "sniff", "top", "record", "replay", "up", "chef",
]  # fmt: skip
SLOW = {
    "asyncio", "cypcap", "msgspec", "nats", "numpy", "pcapy", "platformdirs", "prometheus_client",
    "rich", "scapy", "textual", "tomllib", "websockets",
}  # fmt: skip

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


ALONE = """
import asyncio, sys
from netdumplings import DumplingHub

async def main():
    async with DumplingHub(in_port=0, out_port=0):
        print("nats" in sys.modules)

asyncio.run(main())
"""


def test_a_hub_by_itself_does_not_load_the_client_of_a_backbone() -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


WITHOUT = """
import sys
sys.modules["nats"] = None
import netdumplings.console.hub as tool
tool.main(["--backbone", "localhost"])
"""


def test_a_backbone_without_its_client_says_how_to_have_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "nd-hub: the backbone cannot be used: it needs another package: "
        "pip install 'netdumplings[nats]'\n"
    )


def test_a_hub_that_nobody_scrapes_does_not_load_what_writes_metrics() -> None:
    program = "import sys, netdumplings.hub.service; print('prometheus_client' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_may_be_run_as_a_module_too(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"netdumplings.console.{module}", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"nd-{module} {__version__}\n"
