"""The chefs in the box under attack, through the real ``nd-sniff``: what one can send past it.

A kitchen is piped a capture without end: packets as an attacker would make them. What is watched
is its memory, and the size of each dumpling.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import pack
from typing import IO, NamedTuple

#: The issue's limits: what a kitchen's memory may grow by, and what a dumpling may take, bytes.
GROWTH = 64 * 2**20
LARGEST_DUMPLING = 256 * 1024
#: Packets after which a kitchen is taken to have what it needs for any traffic.
WARM = 2_000

_ETHER = bytes.fromhex("020000000001 020000000002")
_PCAP_HEADER = pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)


class Outcome(NamedTuple):
    """What became of an attack.

    Attributes:
        packets: how many were sent.
        handled: how many the kitchen says it has handled.
        dumplings: how many came of them.
        largest: bytes of the longest of these.
        growth: bytes by which the kitchen's memory grew after `WARM` packets.
        status: its exit status.
        errors: how many errors its chefs made.
        seconds: how long it took.
    """

    packets: int
    handled: int
    dumplings: int
    largest: int
    growth: int
    status: int
    errors: int
    seconds: float

    @property
    def wrong(self) -> list[str]:
        """What is wrong with it."""
        found = []
        if self.status or self.errors:
            found.append(f"exit status {self.status}, {self.errors} errors")
        if self.handled != self.packets:
            found.append(f"{self.handled} of {self.packets} packets were handled")
        if self.growth >= GROWTH:
            found.append(f"memory grew by {self.growth / 2**20:.1f} MiB")
        if self.largest > LARGEST_DUMPLING:
            found.append(f"a dumpling of {self.largest} bytes")
        return found


def arp_lengths(count: int = 65_536) -> Iterator[bytes]:
    """ARP replies with every pair of hardware and protocol address length, as many as asked for."""
    addresses = bytes(range(256)) * 4
    for number in range(count):
        # Steps that have no divisor in common with 65536: a part is spread over all pairs.
        pair = number * 40_503 % 65_536 if count < 65_536 else number
        hardware, protocol = pair >> 8, pair & 0xFF
        body = addresses[: 2 * (hardware + protocol)]
        yield _ETHER + b"\x08\x06\0\1\x08\0" + bytes((hardware, protocol)) + b"\0\2" + body


def arp_pairs(count: int) -> Iterator[bytes]:
    """ARP replies, each from an address and a device of its own."""
    for number in range(count):
        who = number.to_bytes(4, "big")
        yield (
            _ETHER + bytes.fromhex("0806 0001 0800 06 04 0002") + b"\2\0" + who + b"\x0a" + who[1:]
            + b"\2\0\0\0\0\1\x0a\0\0\1" + bytes(18)
        )  # fmt: skip


def strange_arp_pairs(count: int) -> Iterator[bytes]:
    """The same with the longest addresses there can be, each of its own."""
    for number in range(count):
        who = number.to_bytes(4, "big")
        yield _ETHER + b"\x08\x06\0\1\x08\0\xff\xff\0\2" + (who * 64)[:255] * 4


def dns_names(count: int) -> Iterator[bytes]:
    """DNS questions, each for a name of its own: ordinary ones."""
    for number in range(count):
        yield _question(b"\x0fh" + b"%014d" % number + b"\7example\3org\0")


def strange_dns_names(count: int) -> Iterator[bytes]:
    """The same with the longest names there can be, of bytes that take the most room as JSON."""
    for number in range(count):
        # Control characters: the bits of a number, 1 or 2 a byte.
        label = bytes(1 + (number >> bit & 1) for bit in range(24)) + b"\3" * 39
        yield _question((b"?" + label) * 3 + b"=" + b"\4" * 61 + b"\0")


def _question(name: bytes) -> bytes:
    message = bytes.fromhex("0007 0100 0001 0000 0000 0000") + name + b"\0\1\0\1"
    udp = pack(">HHHH", 40_000, 53, 8 + len(message), 0) + message
    ip = bytes.fromhex("4500") + pack(">H", 20 + len(udp)) + bytes.fromhex("0000 0000 4011 0000")
    return _ETHER + b"\x08\0" + ip + b"\x0a\0\0\1\x0a\0\0\2" + udp


Attack = Callable[[int], Iterator[bytes]]
ATTACKS: tuple[Attack, ...] = (
    arp_lengths,
    arp_pairs,
    strange_arp_pairs,
    dns_names,
    strange_dns_names,
)


def attack(packets: Iterator[bytes]) -> Outcome:
    """Send packets past a kitchen with the chefs in the box, and see what becomes of it.

    They come a millisecond apart, so that chefs are poked every 5000. Linux only.
    """
    began = time.monotonic()
    command = ["--read", "-", "--stdout", "--filter", ""]
    kitchen = subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.sniff", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert kitchen.stdin
    assert kitchen.stdout
    assert kitchen.stderr
    sent: list[int] = []
    feeder = threading.Thread(target=_feed, args=(kitchen.stdin, packets, sent), daemon=True)
    feeder.start()
    said: list[bytes] = []
    listener = threading.Thread(target=lambda err: said.append(err.read()), args=(kitchen.stderr,))
    listener.start()
    dumplings = largest = at_first = at_most = 0
    for line in kitchen.stdout:
        dumplings += 1
        largest = max(largest, len(line))
        if dumplings == WARM:
            at_first = _memory(kitchen.pid)
        elif dumplings > WARM and dumplings % 1000 == 0:
            at_most = max(at_most, _memory(kitchen.pid))
    status = kitchen.wait()
    for thread in (feeder, listener):
        thread.join()
    told = re.search(r"handled (\d+) of.*its chefs made (\d+) errors", said[0].decode())
    handled, errors = map(int, told.groups()) if told else (0, -1)
    return Outcome(
        sum(sent), handled, dumplings, largest, max(0, at_most - at_first), status, errors,
        time.monotonic() - began,
    )  # fmt: skip


def _feed(pipe: IO[bytes], packets: Iterator[bytes], sent: list[int]) -> None:
    pieces, number = [_PCAP_HEADER], 0
    try:
        for number, packet in enumerate(packets, 1):
            seconds, millis = divmod(number, 1000)
            pieces.append(pack("<IIII", seconds, millis * 1000, len(packet), len(packet)) + packet)
            if number % 500 == 0:
                pipe.write(b"".join(pieces))
                pieces.clear()
        pipe.write(b"".join(pieces))
        pipe.close()
    except BrokenPipeError:
        pass
    sent.append(number)


def _memory(pid: int) -> int:
    """The memory that a process and its children have in use, bytes."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return 0  # it has just ended
    return pages * os.sysconf("SC_PAGESIZE") + sum(_memory(int(child)) for child in children)


def attacks(count: int) -> bool:
    """Do each, print a line for each; return whether something was wrong."""
    bad = False
    for one in ATTACKS:
        outcome = attack(one(65_536 if one is arp_lengths else count))
        verdict = f"BAD: {'; '.join(outcome.wrong)}" if outcome.wrong else "good"
        bad |= bool(outcome.wrong)
        print(
            f"{one.__name__}: {outcome.packets} packets, {outcome.dumplings} dumplings in "
            f"{outcome.seconds:.0f} s; memory grew by {outcome.growth / 2**20:.1f} MiB, the "
            f"largest dumpling has {outcome.largest / 1024:.1f} KiB: {verdict}",
            flush=True,
        )
    return bad
