"""Commands as their users run them: processes, with what they write at hand."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from .nursery import Child

#: Seconds to wait for what is bound to come, far more than it takes.
PATIENCE = 30.0


class Command:
    """A running command; as a context manager it is killed at the end if it still runs.

    Args:
        module: a module of `netdumplings.console`.
        arguments: its arguments.
        environment: variables beside those of the tests (which lose all settings of ours).
        prefix: what goes before its command line: ``ip netns exec NAME``, or what starts cold.
        launcher: a script that is given the module and the arguments instead.
        cold: have Python start anew, which takes longer; otherwise it is forked where that makes
            no difference (see `Child`).
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: dict[str, str] | None = None,
        prefix: Sequence[str] = (),
        launcher: Path | None = None,
        cold: bool = False,
    ) -> None:
        ignore_no_signal()
        run = [str(launcher), module] if launcher else ["-m", f"netdumplings.console.{module}"]
        variables = clean_environment() | (environment or {})
        self.process: subprocess.Popen[bytes] | Child
        *entering, namespace = prefix or ("",)
        cold = cold or entering not in ([], ["ip", "netns", "exec"])
        if cold or any(map(_is_pythons_own, environment or ())):
            self.process = subprocess.Popen(
                [*prefix, sys.executable, *run, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=variables,
            )
        else:
            self.process = Child(module, arguments, variables, namespace, launcher)
        assert self.process.stdout
        assert self.process.stderr
        self._changed = threading.Condition()
        self._out, self._err, self._both = bytearray(), bytearray(), bytearray()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, into), daemon=True)
            for stream, into in (
                (self.process.stdout, self._out),
                (self.process.stderr, self._err),
            )
        ]
        for reader in self._readers:
            reader.start()

    @property
    def out(self) -> str:
        """What it has written to standard output so far."""
        with self._changed:
            return self._out.decode()

    @property
    def err(self) -> str:
        """What it has written to standard error so far."""
        with self._changed:
            return self._err.decode()

    def wait_for_out(self, pattern: str) -> re.Match[str]:
        """Wait until standard output matches."""
        return self._wait_for(pattern, self._out)

    def wait_for_err(self, pattern: str) -> re.Match[str]:
        """Wait until standard error matches."""
        return self._wait_for(pattern, self._err)

    def wait_for_any(self, pattern: str) -> re.Match[str]:
        """Wait until standard output and standard error together match."""
        return self._wait_for(pattern, self._both)

    def end(self, with_signal: int | None = None) -> int:
        """Wait until it ends, perhaps by a signal; return its exit status."""
        if with_signal is not None:
            self.process.send_signal(with_signal)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it goes on: {self._everything()}") from None
        for reader in self._readers:
            reader.join()
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        assert self.process.stdout
        assert self.process.stderr
        self.process.stdout.close()
        self.process.stderr.close()

    def _read(self, stream: IO[bytes], into: bytearray) -> None:
        data = b"anything"
        while data:
            data = os.read(stream.fileno(), 65536)
            with self._changed:
                into += data
                self._both += data
                self._changed.notify_all()

    def _wait_for(self, pattern: str, written: bytearray) -> re.Match[str]:
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not (found := re.search(pattern, written.decode(errors="replace"), re.MULTILINE)):
                if not any(reader.is_alive() for reader in self._readers):
                    raise AssertionError(f"it ended without {pattern!r}: {self._everything()}")
                if time.monotonic() > deadline:
                    raise AssertionError(f"no {pattern!r} so far: {self._everything()}")
                self._changed.wait(0.2)
        return found

    def _everything(self) -> str:
        return f"{bytes(self._out)!r} and on standard error {bytes(self._err)!r}"


def run(
    module: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself; as `Command`."""
    with Command(module, *arguments, environment=environment) as command:
        status = command.end()
        return subprocess.CompletedProcess([module, *arguments], status, command.out, command.err)


def ignore_no_signal() -> None:
    """Have commands start with no signal ignored, however this process was started.

    That is inherited: of SIGINT from a shell in whose background the tests run, of SIGHUP from
    nohup(1). A signal that is handled here, if only by doing nothing, is not.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


def _is_pythons_own(variable: str) -> bool:
    """Whether an environment variable means something to Python as it starts."""
    return variable.startswith(("PYTHON", "LC_", "LANG"))


def clean_environment() -> dict[str, str]:
    """Return the environment without the settings of whoever runs the tests."""
    settings = ("NETDUMPLINGS_", "NO_COLOR", "TERM")
    others = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return {**others, "NETDUMPLINGS_CONFIG": ""}
