"""Commands that start at once, in processes of their own.

A kitchen loads scapy, which takes seconds of a core; the tests start a hundred of them. So each
process that runs tests starts one that loads everything, and that one forks for each command: the
command is a process like any other, but `/proc` shows the command line of the one it came from.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NoReturn

#: What commands load, by kind: hubs and eaters shall not have the memory of a kitchen.
LOADED = {
    "light": [
        "netdumplings.hub.hub", "netdumplings.eater.eater", "netdumplings.console.command", "rich",
        "websockets.asyncio.client", "websockets.asyncio.server",
    ],
    "heavy": [
        "netdumplings.hub.hub", "netdumplings.eater.eater", "netdumplings.console.command", "rich",
        "netdumplings.kitchen.kitchen", "netdumplings.dumplingchefs.packet_count", "cypcap",
    ],
}  # fmt: skip
#: Which commands want what; `up` is a hub and a kitchen.
HEAVY = {"sniff", "up", "chef"}
_REQUEST = 1 << 20


class Nursery:
    """The process that commands are forked from; ends with the one that made it.

    Args:
        kind: a key of `LOADED`.
    """

    def __init__(self, kind: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, kind, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(self.close)

    def close(self) -> None:
        """Have it end, and whatever it has started and still runs."""
        self._socket.close()
        self._process.wait()

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        environment: dict[str, str],
        streams: list[int],
        namespace: str = "",
        launcher: Path | None = None,
    ) -> tuple[int, socket.socket]:
        """Fork a command.

        Args:
            module: of `netdumplings.console`.
            arguments: its arguments.
            environment: all of its environment.
            streams: file descriptors of its standard input, output and error.
            namespace: the network namespace to run in, as ``ip netns`` calls it.
            launcher: a script that is given the module and the arguments instead.

        Returns:
            its process id, and a socket on which its exit status comes when it has ended.
        """
        # Of messages, not bytes: the process id and the status may both be there when we look.
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            script = str(launcher or "")
            asked = [module, list(arguments), environment, str(Path.cwd()), namespace, script]
            request = json.dumps(asked).encode()
            assert len(request) < _REQUEST
            socket.send_fds(self._socket, [request], [*streams, theirs.fileno()])
        return int(mine.recv(16)), mine


@functools.cache
def nursery(kind: str) -> Nursery:
    """The nursery of this process."""
    return Nursery(kind)


class Child:
    """A command that was forked, with what the tests use of `subprocess.Popen`."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: dict[str, str],
        namespace: str = "",
        launcher: Path | None = None,
    ) -> None:
        out, into_out = os.pipe()
        err, into_err = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        streams = [nothing, into_out, into_err]
        kind = "heavy" if module in HEAVY else "light"
        self.args = [sys.executable, "-m", f"netdumplings.console.{module}", *arguments]
        try:
            self.pid, self._end = nursery(kind).start(
                module, arguments, environment, streams, namespace, launcher
            )
        finally:
            for stream in streams:
                os.close(stream)
        self.returncode: int | None = None
        self.stdout: IO[bytes] = os.fdopen(out, "rb")
        self.stderr: IO[bytes] = os.fdopen(err, "rb")

    def poll(self) -> int | None:
        """Return its exit status if it has ended."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends; return its exit status, negative for a signal."""
        status = self._wait(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._end], [], [], timeout)[0]:
            with self._end:
                self.returncode = int(self._end.recv(16))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _serve(kind: str, requests: socket.socket) -> tuple[str, list[str], str]:
    """Fork whatever is asked for; returns in the children only, as `_become` does."""
    del sys.path[0]  # where this file lies, beside others whose names mean something else
    sys.path.insert(0, str(Path.cwd()))
    for module in LOADED[kind]:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # so that no child copies all of this to look for garbage
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, and their children
    waking, woken = os.pipe()
    for end in (waking, woken):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ends: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([requests, waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            _tell_of_the_dead(ends)
        if requests in ready:
            request, fds, _, _ = socket.recv_fds(requests, _REQUEST, 4)
            if not request:  # whoever runs the tests has ended, perhaps killed
                for pid in ends:
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                for kept in (requests, *ends.values()):
                    kept.close()
                for fd in (waking, woken, fds[3]):
                    os.close(fd)
                return _become(request, fds)
            for fd in fds[:3]:
                os.close(fd)
            ends[pid] = socket.socket(fileno=fds[3])
            ends[pid].sendall(b"%d" % pid)


def _tell_of_the_dead(ends: dict[int, socket.socket]) -> None:
    for pid, end in list(ends.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with ends.pop(pid):
                try:
                    end.sendall(b"%d" % os.waitstatus_to_exitcode(status))
                except BrokenPipeError:  # nobody waits for it any more
                    continue


def _become(request: bytes, fds: list[int]) -> tuple[str, list[str], str]:
    """Set this process up as a new one would be.

    Returns:
        the command, its arguments, and the launcher, or nothing.
    """
    module, arguments, environment, directory, namespace, launcher = json.loads(request)
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
        os.close(fd)
    if namespace:
        _enter(namespace)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As Python makes them at its start: they remember what they lead to.
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        old = getattr(sys, name)
        new = open(number, mode, encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        if name == "stderr":
            new.reconfigure(line_buffering=True)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    return module, arguments, launcher


def _enter(namespace: str) -> None:
    """Do as ip-netns(8) does with ``exec``: the network is another one, and /sys tells of that."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/var/run/netns/{namespace}") as file:  # noqa: PTH123
        steps = [
            lambda: libc.setns(file.fileno(), 0x40000000),  # CLONE_NEWNET
            lambda: libc.unshare(0x00020000),  # CLONE_NEWNS
            lambda: libc.mount(b"", b"/", b"none", 0x84000, None),  # MS_SLAVE, MS_REC
            lambda: libc.umount2(b"/sys", 2),  # MNT_DETACH
            lambda: libc.mount(namespace.encode(), b"/sys", b"sysfs", 0, None),
        ]
        for step in steps:
            if step() != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def _run(module: str, arguments: list[str], launcher: str) -> NoReturn:
    """Be the command, as ``python -m`` would have it."""
    if launcher:
        sys.argv = [launcher, module, *arguments]
        sys.path[0] = str(Path(launcher).parent)
        runpy.run_path(launcher, run_name="__main__")
        sys.exit()
    found = importlib.import_module(f"netdumplings.console.{module}")
    sys.argv = [f"nd-{module}", *arguments]
    sys.path[0] = str(Path.cwd())
    found.main()
    sys.exit()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[2])) as asked:
        command = _serve(sys.argv[1], asked)
    _run(*command)
