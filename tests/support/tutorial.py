"""Follows a tutorial as its reader would: saves its files, types its commands, compares.

What a block of code is to a reader is told by its language and caption:

- A block with the name of a file as its caption is that file. One in the language ``diff``
  changes it: its lines without a mark, and those marked ``-``, must be in the file, once and in
  one piece.
- A block in the language ``console`` is typed, the lines that begin with ``$``, in the first
  terminal, or in that of its caption, ``Terminal 2``. The lines between are what is seen. In the
  first one they must be all that a command writes, until it ends. In another a command goes on,
  and what is seen is waited for; ``^C`` ends it.
- ``...`` stands for anything, in a line; alone in a line, for any number of lines. The time of a
  line of the log is any.
- With the class ``figures``, numbers are those of the machine. What has the class ``not-run`` is
  not followed.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

from .commands import clean_environment, ignore_no_signal

_BLOCK: Final = re.compile(
    r"^```(?:\{code-block\} (?P<code>\w+)|(?P<plain>\w+))\n"
    r"(?P<options>(?::[\w-]+:[^\n]*\n)*)\n?(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_LOG_TIME: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} ", re.MULTILINE)
#: Seconds that a command may take: some time goes by while other tests keep all cores busy.
_PATIENCE: Final = 100.0
_DONE: Final = "that command is done:"
#: The ports that a hub has unless it is told otherwise, in which the tutorial believes.
_PORTS: Final = ("11347", "11348")


class Wrong(AssertionError):
    """The tutorial says something that is not so."""


class Block(NamedTuple):
    """A block of code in a page.

    Attributes:
        language: its language.
        caption: its caption, or nothing.
        classes: its classes.
        body: its lines.
        line: where it begins.
    """

    language: str
    caption: str
    classes: frozenset[str]
    body: str
    line: int

    @property
    def followed(self) -> bool:
        """Whether it is to be followed."""
        return "not-run" not in self.classes


def blocks(text: str) -> Iterator[Block]:
    """The blocks of code of a page, in order."""
    for found in _BLOCK.finditer(text):
        options = dict(re.findall(r"^:([\w-]+): *(.*)$", found["options"], re.MULTILINE))
        yield Block(
            found["code"] or found["plain"],
            options.get("caption", ""),
            frozenset(options.get("class", "").split()),
            found["body"],
            text.count("\n", 0, found.start()) + 1,
        )


def follow(text: str, directory: Path) -> None:
    """Do all that a page tells its reader to do.

    Args:
        text: the page.
        directory: where to do it; an empty one.

    Raises:
        Wrong: what is seen is not what the page says, with the line of the block.
    """
    with ExitStack() as ending:
        desk = _Desk(directory, ending)
        for block in filter(lambda one: one.followed, blocks(text)):
            try:
                desk.follow(block)
            except Wrong as wrong:
                raise Wrong(f"the block in line {block.line}: {wrong}") from None


def changed(text: str, diff: str) -> str:
    """Change a file as a diff says that has no numbers of lines.

    Raises:
        Wrong: what it is to be changed in is not there, or more than once.
    """
    before = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] != "+")
    after = "".join(f"{line[1:]}\n" for line in diff.splitlines() if line[:1] != "-")
    if text.count(before) != 1:
        raise Wrong(f"that is {text.count(before)} times in the file:\n{before}")
    return text.replace(before, after)


class _Desk:
    """A directory and some terminals."""

    def __init__(self, directory: Path, ending: ExitStack) -> None:
        self._directory = directory
        self._ports = _free_ports(len(_PORTS))
        # Other tests may be at a hub's usual ports. What is typed stays as it is.
        into, out = self._ports
        self._environment = clean_environment() | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # Of pytest's plugins it needs none, and some take their time to start.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            **{
                f"NETDUMPLINGS_{command}_{port}": value
                for command in ("UP", "HUB")
                for port, value in (("IN_PORT", into), ("OUT_PORT", out))
            },
            "NETDUMPLINGS_SNIFF_HUB": f"localhost:{into}",
            "NETDUMPLINGS_PRINT_HUB": f"localhost:{out}",
        }
        for name in [name for name in self._environment if name.startswith("PYTEST_XDIST")]:
            del self._environment[name]
        self._environment.pop("PYTEST_CURRENT_TEST", None)
        self._ending = ending
        self._first = ending.enter_context(_Process(["bash"], directory, self._environment))
        self._others: dict[str, _Process] = {}

    def follow(self, block: Block) -> None:
        if block.language == "console":
            self._type(block)
        elif not block.caption:
            raise Wrong("what is it? A file has its name as a caption")
        else:
            file = self._directory / block.caption
            body = block.body
            file.write_text(changed(file.read_text(), body) if block.language == "diff" else body)

    def _type(self, block: Block) -> None:
        here = block.caption in {"", "Terminal 1"}
        for command, seen in _typed(block.body):
            expected = self._pattern(seen, "figures" in block.classes)
            if here:
                self._in_the_first(command, seen, expected)
            else:
                self._in_another(block.caption, command, seen, expected)

    def _in_the_first(self, command: str, seen: str, expected: str) -> None:
        self._first.type(f"{{ {command}\n}} </dev/null; echo '{_DONE}' $?\n")
        written, status = self._first.until(rf"^{_DONE} (\d+)\n")
        if re.fullmatch(expected, written) is None:
            raise Wrong(f"{command}\n{written}\nis not\n{seen}")
        if status != "0" and not seen:
            raise Wrong(f"{command}: status {status}")

    def _in_another(self, terminal: str, command: str, seen: str, expected: str) -> None:
        if command == "^C":
            self._others[terminal].interrupt()
        elif command:
            arguments = shlex.split(command)
            process = _Process(arguments, self._directory, self._environment)
            self._others[terminal] = self._ending.enter_context(process)
        try:
            self._others[terminal].until("^" + expected)
        except Wrong as wrong:
            raise Wrong(f"{command}: {wrong}, which should have\n{seen}") from None

    def _pattern(self, seen: str, figures: bool) -> str:
        lines = []
        for line in seen.splitlines():
            if line.strip() == "...":
                lines.append(r"(?:.*\n)*?")
                continue
            for believed, port in zip(_PORTS, self._ports, strict=True):
                line = line.replace(believed, port)
            time = _LOG_TIME.match(line)
            pattern = re.escape(line[time.end() :] if time else line).replace(r"\.\.\.", ".*")
            if figures:
                pattern = re.sub(r"\d+(?:(?:,|\\\.)\d+)*", r"[\\d.,]+", pattern)
            lines.append((r"\d{4}-\d\d-\d\dT\S+ " if time else "") + pattern + r"\n")
        return "".join(lines)


def _typed(body: str) -> Iterator[tuple[str, str]]:
    """What is typed, or nothing, and what is seen then."""
    typed, seen = "", ""
    for line in body.splitlines():
        if line.startswith("$ ") or line == "^C":
            if typed or seen:
                yield typed, seen
            typed, seen = line.removeprefix("$ "), ""
        else:
            seen += f"{line}\n"
    yield typed, seen


def _free_ports(count: int) -> list[str]:
    with ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


class _Process:
    """A process, what it has written, and how much of that was looked at."""

    def __init__(self, command: list[str], directory: Path, environment: dict[str, str]) -> None:
        ignore_no_signal()
        self._process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self._process.stdin
        assert self._process.stdout
        self._into = self._process.stdin
        self._changed = threading.Condition()
        self._written = ""
        self._ended = False
        self._at = 0
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,))
        self._reader.start()

    def type(self, text: str) -> None:
        """Give it a line."""
        self._into.write(text)
        self._into.flush()

    def interrupt(self) -> None:
        """Ctrl-C; returns when it has ended."""
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            raise Wrong("it goes on") from None

    def until(self, pattern: str) -> tuple[str, str]:
        """Wait until what it writes matches; return all before, and the pattern's last group."""
        with self._changed:
            self._changed.wait_for(lambda: self._found(pattern) or self._ended, _PATIENCE)
            found = self._found(pattern)
            if found is None:
                raise Wrong(f"so far there is\n{self._written[self._at :]}")
            before = self._written[self._at : found.start()]
            self._at = found.end()
            return before, found.groups()[-1] if found.groups() else ""

    def _found(self, pattern: str) -> re.Match[str] | None:
        return re.compile(pattern, re.MULTILINE).search(self._written, self._at)

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            with self._changed:
                self._written += line
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._into.close()
        assert self._process.stdout
        self._process.stdout.close()
