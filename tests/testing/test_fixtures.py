"""pytest finds the fixtures by itself, and whoever does not use them pays nothing for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import netdumplings.testing

USING = """
def test_it(dumpling_hub, dumpling_eater, dumpling_kitchen):
    assert dumpling_hub.in_port != dumpling_hub.out_port
"""
NOT_USING = """
import sys

def test_it():
    loaded = [name for name in ("scapy", "numpy", "websockets", "asyncio") if name in sys.modules]
    assert loaded == []
    assert "netdumplings.testing.fixtures" in sys.modules
"""


def run_pytest(directory: Path, test: str) -> str:
    (directory / "test_it.py").write_text(test)
    # Other plugins load what they like.
    quiet = ["-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:playwright-asyncio"]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", *quiet, str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=directory)
    return done.stdout + done.stderr


def test_they_are_there_without_a_word_in_a_conftest(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, USING)
    assert "1 passed" in said, said


def test_a_test_that_does_not_use_them_loads_nothing_for_them(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, NOT_USING)
    assert "1 passed" in said, said


def test_all_else_is_there_without_pytest() -> None:
    program = (
        "import sys; sys.modules['pytest'] = None; import netdumplings.testing as testing; "
        "print(all(getattr(testing, name) is not None for name in testing.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_what_it_names_it_has() -> None:
    assert set(netdumplings.testing.__all__) <= set(dir(netdumplings.testing))
    for name in netdumplings.testing.__all__:
        assert getattr(netdumplings.testing, name) is not None
