"""``nd-top`` for real: on a terminal, over ssh's smallest and on a big one, with real kitchens."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from soak.top import MOST_BYTES, look
from support.commands import Command, run
from support.hubs import Hub
from support.packets import dns_query, write_pcap
from support.processes import children, wait_until_gone
from support.terminal import Terminal, needs_tmux

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX here")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


@pytest.fixture
def kitchens(hub: Hub, tmp_path: Path) -> Iterator[None]:
    """Two real kitchens, which replay a query again and again."""
    capture = write_pcap(tmp_path / "query.pcap", *[dns_query("www.example.org")] * 3)
    replaying = ("--read", str(capture), "--loop", "-p", "0.2", "-h", f"localhost:{hub.in_port}")
    with (
        Command("sniff", "-n", "cellar", *replaying, "--speed", "1"),
        Command("sniff", "-n", "attic", *replaying, "--speed", "1"),
    ):
        yield


@needs_tmux
@pytest.mark.usefixtures("kitchens")
def test_it_fits_a_small_terminal_and_a_big_one_and_leaves_it_as_it_was(
    hub: Hub, tmp_path: Path
) -> None:
    with Terminal(tmp_path, "top", "-h", hub.for_eaters, environment=XTERM) as terminal:
        small = wait_until_full(terminal)
        assert [len(line) <= 80 for line in small.splitlines()] == [True] * 24
        assert re.search(r"^ .*q Quit", small, re.MULTILINE)
        terminal.resize(200, 60)
        terminal.wait_for(r"━ kitchens 2 ━{180}")
        big = wait_until_full(terminal)
        assert len(big.splitlines()) == 60
        assert "eaters" in big
        assert "\x1b[38;" in terminal.screen(with_colors=True)
        assert not terminal.is_plain()
        terminal.keys("q")
        terminal.wait_for(r"^status=0$")
        # The screen is the shell's again, and so are its keys.
        assert terminal.is_plain()
        terminal.keys("echo echoed-$((40+2))", "Enter")
        terminal.wait_for(r"^echoed-42$")


XTERM = {"TERM": "tmux-256color"}


def wait_until_full(terminal: Terminal) -> str:
    """Wait until there is something in each place."""
    for pattern in (r"● cellar ", r"● attic ", r"\d www\.example\.org", r"^UDP .*▁|^UDP .*█"):
        terminal.wait_for(pattern)
    return terminal.wait_for(r"DNSLookupChef +(cellar|attic) ")


@needs_tmux
def test_without_colors_it_has_none_and_a_signal_ends_it_well(hub: Hub, tmp_path: Path) -> None:
    environment = XTERM | {"NO_COLOR": "1", "COLORTERM": "truecolor"}
    with Terminal(tmp_path, "top", "-h", hub.for_eaters, environment=environment) as terminal:
        terminal.wait_for("● connected")
        colored = re.findall(r"38;2;(\d+);(\d+);(\d+)m", terminal.screen(with_colors=True))
        assert colored
        assert [color for color in colored if len(set(color)) > 1] == []
        # All at once, and none of it does what it does elsewhere.
        terminal.keys("/", "x", "q", "1", "Space", "b")
        terminal.wait_for("only xq1 b")
        terminal.keys("C-c")
        assert "connected" not in terminal.wait_for(r"^status=0$")


@needs_tmux
def test_a_hub_that_is_not_there_is_waited_for_and_the_screen_says_why(tmp_path: Path) -> None:
    with Terminal(tmp_path, "top", "-h", "127.0.0.1:9", environment=XTERM) as terminal:
        terminal.wait_for(r"○ waiting for the hub, \d+ s: connection refused$")
        terminal.keys("q")
        terminal.wait_for(r"^status=0$")


@needs_tmux
def test_it_ends_when_its_terminal_goes(hub: Hub, tmp_path: Path) -> None:
    with Terminal(tmp_path, "top", "-h", hub.for_eaters, environment=XTERM) as terminal:
        terminal.wait_for("● connected")
        [pid] = children(terminal.pid)
    wait_until_gone(pid)
    hub.wait_for_err("'topeater' .* has gone")


def test_where_there_is_no_terminal_it_says_so() -> None:
    done = run("top")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nd-top: this is for a terminal; for pipes there is nd-print --json\n"


def test_without_textual_it_says_how_to_have_it() -> None:
    done = run("top", environment={"PYTHONPATH": str(Path(__file__).parent / "without_textual")})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "nd-top: this needs the package textual: pip install 'netdumplings[tui]'\n"
    )


@needs_tmux
async def test_it_keeps_up_with_more_than_anybody_can_read(tmp_path: Path) -> None:
    outcome = await look(2, 2000, tmp_path, size=(80, 24))
    assert (outcome.missed, outcome.ended) == (False, 0)
    assert outcome.most_bytes < MOST_BYTES
    assert outcome.came != "nothing"
