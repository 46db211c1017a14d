"""The kitchens of `fleet`: many quiet ones in one process, which send little, each in its turn."""

from __future__ import annotations

import json
import secrets
import time
from ctypes import Array
from multiprocessing.connection import Connection

from _backbone_kitchens import NAP, KitchenOfHub
from _hub_dialects import text_frame
from _hub_drivers import OVER, START, TOTAL, settle

#: Dumplings that a kitchen sends a second, in one batch.
BATCH = 4
#: Whose counts are told.
CHEFS = ("ARPChef", "DNSLookupChef", "PacketCountChef")


class QuietKitchen(KitchenOfHub):
    """A kitchen that tells its counts, too.

    Args:
        port: the hub's.
        name: the kitchen's.
    """

    def __init__(self, port: int, name: str) -> None:
        super().__init__(port, name, BATCH)

    def _message(self, first: int) -> tuple[bytes, ...]:
        return *super()._message(first), text_frame(counts(first))


def counts(number: int) -> bytes:
    """Write a message of counts, of the size that a real kitchen's has."""
    chef = {"packets": 25 * number, "seconds": number / 1000, "dumplings": number, "errors": 0,
            "packets_missed": 0}  # fmt: skip
    told = {
        "packets_received": 25 * number, "packets_handled": 25 * number,
        "packets_dropped_by_kernel": 0, "packets_dropped_by_interface": 0,
        "packets_dropped_by_kitchen": 0, "packets_waiting": 0, "packets_filtered_out": 0,
        "packets_damaged": 0, "bytes_handled": 8000 * number,
        "traffic": {"IP": [24 * number, 7900 * number], "IPv6": [number, 100 * number],
                    "TCP": [25 * number, 8000 * number]},
        "behind": 0.01, "dumplings_made": number, "dumplings_acknowledged": number,
        "dumplings_held": 0, "dumplings_on_disk": 0, "dumplings_dropped": 0,
        "chefs": dict.fromkeys(CHEFS, chef),
    }  # fmt: skip
    return json.dumps({"type": "counts", "counts": told}, separators=(",", ":")).encode()


def run_quiet_kitchens(
    result: Connection, numbers: Array[int], port: int, kitchens: int, allowed: set[int] | None
) -> None:
    """Be kitchens until it is over; send ``"ready"``, and then which part was sent; or what failed.

    Args:
        result: where to.
        numbers: those shared with the eaters.
        port: the hub's.
        kitchens: how many.
        allowed: the cores to run on.
    """
    settle(allowed, kitchens)
    try:
        run = secrets.token_hex(2)
        all_ = [QuietKitchen(port, f"{run}-{index}") for index in range(kitchens)]
        numbers[START] = time.monotonic_ns()
        result.send("ready")
        begin = time.monotonic()
        turn = 0
        while not numbers[OVER]:
            due = begin + turn / kitchens
            now = time.monotonic()
            if now < due:
                time.sleep(min(due - now, 0.1))
                continue
            kitchen = all_[turn % kitchens]
            kitchen.listen()
            kitchen.send()
            while not kitchen.written:
                kitchen.write()
            turn += 1
        kept = turn / kitchens / (time.monotonic() - begin)
        numbers[TOTAL] = sum(kitchen.sent for kitchen in all_)
        while any(kitchen.acknowledged < kitchen.sent for kitchen in all_):
            if not sum(kitchen.listen() for kitchen in all_):
                time.sleep(NAP)
        result.send(kept)
        # Whoever reads us may take our leave for the end.
        while True:
            time.sleep(1)
    except Exception as error:
        result.send(error)
