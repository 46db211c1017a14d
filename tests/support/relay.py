"""A cable that can be cut: a TCP relay between a peer and its hub."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Relay:
    """Passes on whatever comes to `address`, both ways; a context manager.

    Args:
        target: the host and port to which it goes.

    Attributes:
        address: where to connect instead, as ``HOST:PORT``.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def cut(self) -> None:
        """End every connection at once, as a cable that is pulled and a timeout would."""
        with self._lock:
            for one in self._sockets:
                with suppress(OSError):  # its other side was faster
                    one.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def close(self) -> None:
        """Cut it for good: whoever connects again is refused."""
        with suppress(OSError):  # it was closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self.cut()

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            hub = socket.create_connection(self._target)
            with self._lock:
                self._sockets |= {peer, hub}
            # Whoever reads from a socket closes it, so none is closed while it is being read.
            for source, sink in ((peer, hub), (hub, peer)):
                thread = threading.Thread(target=self._pass_on, args=(source, sink), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with source:
            with suppress(OSError):  # cut, or gone
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
            with self._lock:
                self._sockets.discard(source)
