"""Completion, by the shells themselves: keys are pressed on a terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.commands import PATIENCE, clean_environment

SCRIPTS = Path(sys.executable).parent
#: How each shell is started without anybody's settings, and how it is told to complete.
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$({})"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -Uz compinit; compinit -D -u; eval "$({})"'),
    "fish": (["fish", "--no-config", "-i"], "{} | source"),
}


class Terminal:
    """A shell on a terminal, and what it has written there."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.text = ""

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def wait_for(self, pattern: str) -> None:
        """Wait until something new matches."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.text)):
            left = deadline - time.monotonic()
            assert left > 0, f"no {pattern!r} in {self.text!r}"
            if select.select([self._descriptor], [], [], left)[0]:
                said = os.read(self._descriptor, 65536).decode(errors="replace")
                # fish asks what the terminal can do, and waits for an answer.
                if "\x1b[c" in said or "\x1b[0c" in said:
                    self.type("\x1b[?62;c")
                self.text += re.sub(r"\x1b(\[[0-9;?<>=]*[A-Za-z]|[()][A-Z0-9]|[=>])", "", said)
        self.text = self.text[found.end() :]


@contextmanager
def on_a_terminal(command: Sequence[str], directory: Path) -> Iterator[Terminal]:
    environment = clean_environment() | {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory),
        "PS1": "ready: ",
        "TERM": "xterm",
    }
    child, descriptor = pty.fork()
    if child == 0:
        os.chdir(directory)
        os.execvpe(command[0], list(command), environment)
    try:
        yield Terminal(descriptor)
    finally:
        os.close(descriptor)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that completes nd-sniff."""
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"no {name} on this machine")
    (tmp_path / "mine.py").write_text(
        "import netdumplings\nprint('run')\n"
        "class StrangeChef(netdumplings.DumplingChef): pass\nclass Other: pass\n"
    )
    (tmp_path / "settings.toml").touch()
    command, setting_up = SHELLS[name]
    with on_a_terminal(command, tmp_path) as terminal:
        asking = f"env _ND_SNIFF_COMPLETE={name}_source nd-sniff"
        terminal.type(f"{setting_up.format(asking)}; echo all' 'set\n")
        terminal.wait_for("all set")
        yield terminal


def test_options_interfaces_and_chefs_are_completed(shell: Terminal) -> None:
    for begun, completed in (
        ("nd-sniff --chef-li", "--chef-list"),
        ("nd-sniff --interface al", "all"),
        ("nd-sniff --chef DNSLook", "DNSLookupChef"),
        ("nd-sniff --chef-module mine.py -c Str", "StrangeChef"),
        ("nd-sniff --config sett", "settings.toml"),
        ("nd-sniff --log-level deb", "debug"),
    ):
        # The line is not run but written again by echo, as the shell has it then.
        shell.type(f"{begun}\t\x01echo this' 'is: \x05\n")
        line = f"{begun.rpartition(' ')[0]} {completed}"
        shell.wait_for(rf"this is: {re.escape(line)} ?\r?\n")
