"""A hub as a process, and peers of it that are written against the WebSocket library alone."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from netdumplings.wire import (
    SUBPROTOCOL,
    BatchMessage,
    counts_message,
    kitchen_hello,
    kitchen_hello_message,
    write,
)

from .commands import PATIENCE, Command


class Hub(Command):
    """``nd-hub`` on free ports.

    Args:
        in_port: 0 for any that is free; a port again, to be where a hub was before.
        out_port: likewise.
        *options: further options.
        environment: variables beside those of the tests.

    Attributes:
        in_port: the real one.
        out_port: the real one.
    """

    def __init__(
        self,
        in_port: int = 0,
        out_port: int = 0,
        *options: str,
        environment: dict[str, str] | None = None,
    ) -> None:
        ports = ("-i", str(in_port), "-o", str(out_port))
        super().__init__("hub", *ports, "-f", "0.1", *options, environment=environment)
        said = self.wait_for_err(r"kitchens on port (\d+), eaters on port (\d+)$")
        self.in_port, self.out_port = int(said[1]), int(said[2])

    @property
    def for_eaters(self) -> str:
        """The address that eaters connect to."""
        return f"localhost:{self.out_port}"

    @contextmanager
    def kitchen(self, name: str = "test_kitchen") -> Iterator[ClientConnection]:
        """Be a kitchen: yield a connection that takes dumplings, having announced itself."""
        hello = {
            "kitchen_name": name,
            "interface": "none",
            "filter": "",
            "chefs": ["tests.TestChef"],
            "poke_interval": 5.0,
        }
        with connect(f"ws://localhost:{self.in_port}", compression=None, proxy=None) as connection:
            connection.send(json.dumps(hello))
            yield connection

    def wait_for_eaters(self, *names: str) -> None:
        """Wait until all of these are connected, so that none of them misses what follows."""
        with connect(f"ws://localhost:{self.out_port}", compression=None, proxy=None) as eater:
            eater.send(json.dumps({"eater_name": "watcher"}))
            present: set[str] = set()
            while not present.issuperset(names):
                payload = json.loads(eater.recv(PATIENCE))["payload"]
                if isinstance(payload, dict) and "dumpling_eaters" in payload:
                    present = {
                        one["info_from_eater"]["eater_name"] for one in payload["dumpling_eaters"]
                    }

    def stop(self) -> None:
        """Stop it as an operator does."""
        assert self.end(signal.SIGTERM) == 0, self.err


@contextmanager
def foreign_hub(
    handler: Callable[[ServerConnection], None], subprotocols: Sequence[str] = ()
) -> Iterator[str]:
    """Serve eaters as some other hub might, hostile ones included; yields its address."""
    known = [Subprotocol(name) for name in subprotocols] or None
    with serve(handler, "127.0.0.1", 0, subprotocols=known) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def dumpling(
    payload: Any,
    *,
    chef: str = "TestChef",
    kitchen: str | None = "test_kitchen",
    driver: str = "packet",
    creation_time: float = 1515990765.925951,
) -> str:
    """Write a dumpling as it goes over the wire."""
    metadata = {
        "chef": chef,
        "creation_time": creation_time,
        "driver": driver,
        "kitchen": kitchen,
    }
    return json.dumps({"metadata": metadata, "payload": payload})


class CountingKitchen:
    """A kitchen of ``netdumplings.v2``; `counting_kitchen` makes one."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._next = 1

    def tell(self, **counts: Any) -> None:
        """Tell the hub what was counted."""
        self._connection.send(counts_message(counts), text=True)

    def send(self, *dumplings: str) -> None:
        """Send a batch."""
        lines = [one.encode() for one in dumplings]
        self._connection.send(write(BatchMessage(self._next), lines), text=True)
        self._next += len(lines)


@contextmanager
def counting_kitchen(hub: Hub, name: str, **announced: Any) -> Iterator[CountingKitchen]:
    """Be a kitchen that tells the counts, and sends the dumplings, it is given.

    Args:
        hub: where it connects to.
        name: its name.
        **announced: what it says of itself beside that.
    """
    hello = kitchen_hello(name, "eth0", "", ["tests.TestChef"], 5.0, **announced)
    with connect(
        f"ws://localhost:{hub.in_port}",
        compression=None,
        proxy=None,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
    ) as connection:
        connection.send(kitchen_hello_message(f"the session of kitchen {name}", 1, hello))
        yield CountingKitchen(connection)
