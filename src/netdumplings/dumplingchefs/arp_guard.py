"""Tells what is wrong with ARP: addresses claimed by two, floods, replies nobody asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.formats import ETHERTYPE_ARP
from ..packets.messages import address_of_arp, arp_fields
from .filters import TAGGED
from .recent import RecentDict

_REQUEST, _REPLY = 1, 2
_ETHERNET: Final = 1
#: Who says this asks whether an address is free (RFC 5227), and claims none.
_NOBODY: Final = bytes(4)
#: Characters remembered of an address that is not of the plain kind: see ARPChef.
_ADDRESS: Final = 64

#: What is told of.
CONFLICT, GRATUITOUS, UNASKED, SOURCE = (
    "conflict",
    "gratuitous flood",
    "unasked replies",
    "other source",
)


Address = bytes | str


class _Owner:
    """A hardware address that claims an IP address: when it did so first and last, how often."""

    __slots__ = ("first", "hw", "last", "packets")

    def __init__(self, hw: Address, now: float) -> None:
        self.hw = hw
        self.first = self.last = now
        self.packets = 1


class _Claims:
    """Who claims an IP address, the one who spoke last first; how often it went to another."""

    __slots__ = ("changes", "owners")

    def __init__(self, owner: _Owner) -> None:
        self.owners = [owner]
        self.changes = 0


class _Message(NamedTuple):
    """A message: when it came, in which VLAN, in whose frame, and what it says."""

    time: float
    vlan: int
    ether_src: bytes | None
    operation: int
    src_hw: Address
    src_ip: Address
    dst_hw: Address
    dst_ip: Address


class ARPGuardChef(DumplingChef):
    """Tells what is wrong with ARP.

    ``{"arp_guard": {"problem": ..., "time": ..., "src_ip": ..., "src_hw": ..., ...}}``, whose
    ``problem`` is ``"conflict"`` (two hardware addresses claim one IP address), ``"gratuitous
    flood"``, ``"unasked replies"`` (so many that it is no accident) or ``"other source"`` (the
    frame comes from another hardware address than ARP says). What else is in it is in the
    reference. The same problem of the same host is told once a minute at most, with
    ``"times"`` it was seen since.

    It remembers 16384 IP addresses, as many questions, and 4096 hosts and problems, in some 26 MiB.
    Those heard of last stay; once others had to make way, ``"forgotten"`` says how many times.

    Attributes:
        window: how long a claim holds, in seconds: once its owner was silent for longer, another
            may have the address, as DHCP gives it again.
        rate: how many gratuitous messages, or replies nobody asked for, are too many,
        within: if they come within so many seconds.
        answer: how long after a question a reply may come, in seconds.
        again: how many seconds pass before the same is told again.
        most: how many dumplings there are at most within ten seconds; others are counted as
            ``left_out``.
    """

    by_request: ClassVar[bool] = True
    packet_filter = f"arp or {TAGGED}"
    display: ClassVar[dict[str, Any]] = {
        "title": "Trouble with ARP",
        "view": "table",
        "of": ["arp_guard"],
        "columns": ["problem", "src_ip", "src_hw", "ether_src", "vlan", "times", "changes", "time"],
    }

    window: ClassVar[float] = 300.0
    rate: ClassVar[int] = 10
    within: ClassVar[float] = 10.0
    answer: ClassVar[float] = 5.0
    again: ClassVar[float] = 60.0
    most: ClassVar[int] = 100

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._claims: RecentDict[tuple[int, Address], _Claims] = RecentDict(16_384)
        self._asked: RecentDict[tuple[int, Address, Address], float] = RecentDict(16_384)
        # (Of most hosts there is but one: just when.)
        self._times: RecentDict[tuple[str, int, Address], float | deque[float]]
        self._times = RecentDict(4096)
        self._alarms: RecentDict[tuple[str, int, Address, Address], list[float]]
        self._alarms = RecentDict(4096)
        self._since, self._told, self._left_out = 0.0, 0, 0

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Look at each ARP message."""
        fields = list(arp_fields(packets, _ADDRESS))
        if not fields:
            return
        places = np.array([arp.place for arp in fields], np.intp)
        times = (packets.times_ns[places] / 1e9).tolist()
        vlans = np.maximum(packets.vlans[places], 0).tolist()
        is_plain = packets.ethertypes[places] == ETHERTYPE_ARP
        starts = packets.offsets[places] + 6 if packets.link_type == _ETHERNET else is_plain * 0
        starts = np.where(is_plain, starts, 0).tolist()
        buffer = packets.buffer
        for arp, time, vlan, start in zip(fields, times, vlans, starts, strict=True):
            _, operation, *addresses = arp
            if operation not in (_REQUEST, _REPLY):
                continue
            ether_src = buffer[start : start + 6] if start else None
            yield from self._look(_Message(time, vlan, ether_src, operation, *addresses))

    def _look(self, message: _Message) -> Iterable[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        now, vlan, ether_src, operation, src_hw, src_ip, _, dst_ip = message
        if ether_src is not None and ether_src != src_hw:
            evidence = {"ether_src": ether_src.hex(":")}
            told += self._alarm(SOURCE, message, evidence, ether_src)
        if src_ip == _NOBODY:
            return told
        claims = self._claims.get((vlan, src_ip))
        if claims is None:
            claims = _Claims(_Owner(src_hw, now))
        else:
            told += self._claim(message, claims)
        self._claims[vlan, src_ip] = claims
        if src_ip == dst_ip:
            told += self._often(GRATUITOUS, message)
        elif operation == _REQUEST:
            self._asked[vlan, src_ip, dst_ip] = now
        else:
            asked = self._asked.get((vlan, dst_ip, src_ip))
            if asked is None or not abs(now - asked) <= self.answer:
                told += self._often(UNASKED, message)
        return told

    def _claim(self, message: _Message, claims: _Claims) -> Iterable[dict[str, Any]]:
        """Somebody says that an IP address is theirs, which somebody has said before."""
        now, owners = message.time, claims.owners
        before = owners[0]
        # Who has been silent for too long has given it up.
        owners[:] = [owner for owner in owners if abs(now - owner.last) <= self.window]
        if not owners:
            claims.changes = 0
        owner = next((each for each in owners if each.hw == message.src_hw), None)
        if owner is None:
            owner = _Owner(message.src_hw, now)
        else:
            owners.remove(owner)
            owner.last = now
            owner.packets += 1
        is_conflict = bool(owners) and before is not owner
        owners[:] = [owner, *owners][:4]
        if not is_conflict:
            return ()
        claims.changes += 1
        told = [
            {
                "hw": address_of_arp(each.hw),
                "first": each.first,
                "last": each.last,
                "packets": each.packets,
            }
            for each in owners
        ]
        evidence = {"changes": claims.changes, "owners": told}
        return self._alarm(CONFLICT, message, evidence, message.src_ip)

    def _often(self, problem: str, message: _Message) -> Iterable[dict[str, Any]]:
        """Something that is wrong if it happens often."""
        key, now = (problem, message.vlan, message.src_hw), message.time
        times = self._times.get(key)
        if times is None and self.rate > 1:
            self._times[key] = now
            return ()
        if not isinstance(times, deque):
            times = deque(() if times is None else (times,), maxlen=self.rate)
        self._times[key] = times
        times.append(now)
        seconds = now - times[0]
        if len(times) == self.rate and abs(seconds) <= self.within:
            evidence = {"count": len(times), "seconds": round(abs(seconds), 6)}
            return self._alarm(problem, message, evidence, message.src_hw)
        return ()

    def _alarm(
        self, problem: str, message: _Message, evidence: dict[str, Any], who: Address
    ) -> Iterator[dict[str, Any]]:
        now = message.time
        key = problem, message.vlan, who, message.src_hw if problem == SOURCE else ""
        alarm = self._alarms.get(key)
        if alarm is not None and abs(now - alarm[0]) < self.again:
            alarm[1] += 1
            return
        times = 1 if alarm is None else int(alarm[1]) + 1
        self._alarms[key] = [now, 0]
        if not abs(now - self._since) < 10:
            self._since, self._told = now, 0
        if self._told >= self.most:
            self._left_out += 1
            return
        self._told += 1
        told: dict[str, Any] = {
            "problem": problem,
            "time": now,
            "operation": "request" if message.operation == _REQUEST else "reply",
            "src_ip": address_of_arp(message.src_ip),
            "src_hw": address_of_arp(message.src_hw),
            "dst_ip": address_of_arp(message.dst_ip),
            "dst_hw": address_of_arp(message.dst_hw),
            "times": times,
            **evidence,
        }
        if message.vlan:
            told["vlan"] = message.vlan
        forgotten = sum(
            kept.forgotten for kept in (self._claims, self._asked, self._times, self._alarms)
        )
        if forgotten:
            told["forgotten"] = forgotten
        if self._left_out:
            told["left_out"] = self._left_out
        yield {"arp_guard": told}
