"""A command on a real terminal: tmux, which shows what is on the screen."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import pytest

from .commands import PATIENCE, clean_environment

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")


class Terminal:
    """A shell in a terminal, in which a command of ours has been typed.

    Args:
        directory: where the socket of this tmux is.
        module: a module of `netdumplings.console`.
        arguments: its arguments.
        columns: of the terminal.
        lines: likewise.
        environment: variables beside those of the tests.
    """

    def __init__(
        self,
        directory: Path,
        module: str,
        *arguments: str,
        columns: int = 80,
        lines: int = 24,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._socket = directory / "tmux"
        command = shlex.join([sys.executable, "-m", f"netdumplings.console.{module}", *arguments])
        size = ("-x", str(columns), "-y", str(lines))
        variables = clean_environment() | {"LC_ALL": "C.UTF-8"} | (environment or {})
        for of_another_terminal in ("COLUMNS", "LINES"):
            variables.pop(of_another_terminal, None)
        # A shell that reads no file of the user's, in which the command is typed as by a user.
        self._tmux("new-session", "-d", *size, "/bin/sh", environment=variables)
        try:
            self.wait_for(r"\A\S")  # its prompt
        except AssertionError:
            self._tmux("kill-server")
            raise
        # The line by which its end shows stands in no line that was typed.
        self.keys(f'{command}; echo "status"=$?', "Enter")

    @property
    def pid(self) -> int:
        """The process id of the shell."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def screen(self, *, with_colors: bool = False) -> str:
        """Return what is on the screen now."""
        return self._tmux("capture-pane", "-p", *(["-e"] if with_colors else []))

    def wait_for(self, pattern: str) -> str:
        """Wait until the screen matches; return all of it."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, screen := self.screen(), re.MULTILINE):
            assert time.monotonic() < deadline, f"no {pattern!r}:\n{screen}"
            time.sleep(0.1)
        return screen

    def is_plain(self) -> bool:
        """Whether it is as a shell has it: its own screen, a cursor, and the mouse let alone."""
        state = "#{alternate_on}#{cursor_flag}#{mouse_any_flag}"
        return self._tmux("display-message", "-p", state).strip() == "010"

    def keys(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        self._tmux("send-keys", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._tmux("kill-server")

    def _tmux(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-f", os.devnull, "-S", str(self._socket), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
