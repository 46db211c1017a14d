"""Who is connected to the hub, and what the hub knows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire import Hello
    from .router import Eater


@dataclass(eq=False, slots=True)
class Kitchen:
    """A kitchen that is connected.

    Attributes:
        hello: what it announced.
        host: its address.
        port: its port.
        dumplings_in: how many dumplings it has sent.
    """

    hello: Hello
    host: str
    port: int
    dumplings_in: int = 0


@dataclass(eq=False, slots=True)
class ConnectedEater:
    """An eater that is connected.

    Attributes:
        hello: what it announced.
        host: its address.
        port: its port.
        feed: what the router gives it, and counts.
    """

    hello: Hello
    host: str
    port: int
    feed: Eater
