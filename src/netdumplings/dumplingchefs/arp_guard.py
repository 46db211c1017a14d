"""Tells what is wrong with ARP: addresses claimed by two, floods, replies nobody asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, ClassVar, Final, NamedTuple

from ..chef import DumplingChef
from ..packets import PacketBatch, arp_messages
from ..packets.formats import ETHERTYPE_ARP
from ..packets.messages import ArpMessage
from .filters import TAGGED
from .recent import RecentDict

_REQUEST, _REPLY = 1, 2
_ETHERNET: Final = 1
#: Who says this asks whether an address is free (RFC 5227), and claims none.
_NOBODY: Final = "0.0.0.0"  # noqa: S104
#: Characters remembered of an address: see ARPChef.
_ADDRESS: Final = 64

#: What is told of.
CONFLICT, GRATUITOUS, UNASKED, SOURCE = (
    "conflict",
    "gratuitous flood",
    "unasked replies",
    "other source",
)


class _Owner:
    """A hardware address that claims an IP address: when it did so first and last, how often."""

    __slots__ = ("first", "hw", "last", "packets")

    def __init__(self, hw: str, now: float) -> None:
        self.hw = hw
        self.first = self.last = now
        self.packets = 0


class _Message(NamedTuple):
    time: float
    vlan: int
    ether_src: str | None
    arp: ArpMessage


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
        self._owners: RecentDict[tuple[int, str], tuple[list[_Owner], list[int]]]
        self._owners = RecentDict(16_384)
        self._asked: RecentDict[tuple[int, str, str], float] = RecentDict(16_384)
        self._times: RecentDict[tuple[str, int, str], deque[float]] = RecentDict(4096)
        self._alarms: RecentDict[tuple[str, int, str, str], list[float]] = RecentDict(4096)
        self._since, self._told, self._left_out = 0.0, 0, 0

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Look at each ARP message."""
        vlans = packets.vlans
        for arp in arp_messages(packets):
            if arp.operation not in (_REQUEST, _REPLY):
                continue
            place = arp.place
            is_plain = packets.ethertypes[place] == ETHERTYPE_ARP
            ether_src = None
            if packets.link_type == _ETHERNET and is_plain:
                ether_src = packets.data(place)[6:12].hex(":")
            cut = (text[:_ADDRESS] for text in (arp.src_hw, arp.src_ip, arp.dst_hw, arp.dst_ip))
            message = _Message(
                int(packets.times_ns[place]) / 1e9,
                max(int(vlans[place]), 0),
                ether_src,
                ArpMessage(place, arp.operation, *cut),
            )
            yield from self._look(message)

    def _look(self, message: _Message) -> Iterator[dict[str, Any]]:
        arp = message.arp
        if message.ether_src not in (None, arp.src_hw):
            evidence = {"ether_src": message.ether_src}
            yield from self._alarm(SOURCE, message, evidence, message.ether_src or "")
        if arp.src_ip == _NOBODY:
            return
        yield from self._claim(message)
        if arp.src_ip == arp.dst_ip:
            yield from self._often(GRATUITOUS, message)
        elif arp.operation == _REQUEST:
            self._asked[message.vlan, arp.src_ip, arp.dst_ip] = message.time
        else:
            asked = self._asked.get((message.vlan, arp.dst_ip, arp.src_ip))
            if asked is None or not abs(message.time - asked) <= self.answer:
                yield from self._often(UNASKED, message)

    def _claim(self, message: _Message) -> Iterator[dict[str, Any]]:
        """Somebody says that an IP address is theirs."""
        now, key = message.time, (message.vlan, message.arp.src_ip)
        owners, changes = self._owners.get(key, ([], [0]))
        self._owners[key] = owners, changes
        before = owners[0] if owners else None
        # The one who spoke last is first; who has been silent for too long has given it up.
        owners[:] = [owner for owner in owners if abs(now - owner.last) <= self.window]
        if not owners:
            changes[0] = 0
        owner = next((each for each in owners if each.hw == message.arp.src_hw), None)
        if owner is None:
            owner = _Owner(message.arp.src_hw, now)
        else:
            owners.remove(owner)
        owner.last = now
        owner.packets += 1
        is_conflict = bool(owners) and before is not owner
        owners[:] = [owner, *owners][:4]
        if is_conflict:
            changes[0] += 1
            told = [
                {"hw": each.hw, "first": each.first, "last": each.last, "packets": each.packets}
                for each in owners
            ]
            evidence = {"changes": changes[0], "owners": told}
            yield from self._alarm(CONFLICT, message, evidence, message.arp.src_ip)

    def _often(self, problem: str, message: _Message) -> Iterator[dict[str, Any]]:
        """Something that is wrong if it happens often."""
        key = problem, message.vlan, message.arp.src_hw
        times = self._times.get(key)
        if times is None:
            times = deque(maxlen=self.rate)
        self._times[key] = times
        times.append(message.time)
        seconds = message.time - times[0]
        if len(times) == self.rate and abs(seconds) <= self.within:
            evidence = {"count": len(times), "seconds": round(abs(seconds), 6)}
            yield from self._alarm(problem, message, evidence, message.arp.src_hw)

    def _alarm(
        self, problem: str, message: _Message, evidence: dict[str, Any], who: str
    ) -> Iterator[dict[str, Any]]:
        now, arp = message.time, message.arp
        key = problem, message.vlan, who, arp.src_hw if problem == SOURCE else ""
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
            "operation": "request" if arp.operation == _REQUEST else "reply",
            "src_ip": arp.src_ip,
            "src_hw": arp.src_hw,
            "dst_ip": arp.dst_ip,
            "dst_hw": arp.dst_hw,
            "times": times,
            **evidence,
        }
        if message.vlan:
            told["vlan"] = message.vlan
        forgotten = sum(
            kept.forgotten for kept in (self._owners, self._asked, self._times, self._alarms)
        )
        if forgotten:
            told["forgotten"] = forgotten
        if self._left_out:
            told["left_out"] = self._left_out
        yield {"arp_guard": told}
