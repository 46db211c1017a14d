"""A chef whose dumplings are numbered, so that each of them can be told from every other."""

from __future__ import annotations

import secrets
from typing import Any

from netdumplings import DumplingChef


class NumberChef(DumplingChef):
    """Makes a dumpling of every packet: the name of this life of the kitchen, and a number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._life = secrets.token_hex(4)
        self._number = 0

    def packet_handler(self, packet: Any) -> list[Any]:
        self._number += 1
        return [self._life, self._number, "x" * 150]
