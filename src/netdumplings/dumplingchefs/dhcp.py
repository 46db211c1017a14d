"""Tells who asked for an address by DHCP, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.applications import payloads
from ..packets.dhcp import DhcpMessage, read_dhcp
from ..packets.dhcp6 import read_dhcp6
from ..packets.formats import UDP
from .filters import TAGGED
from .recent import RecentDict

PORTS_V4, PORTS_V6 = (67, 68), (546, 547)
#: Exchanges remembered until they are over, and a while longer.
EXCHANGES = 4_096
#: Nanoseconds of silence after which an exchange is over, whatever was said: longer than clients
#: wait before they ask again (RFC 2131 section 4.1).
TIMEOUT = 75_000_000_000
#: Messages of an exchange that are told, and servers.
MESSAGES, SERVERS = 16, 8

#: What ends an exchange.
ENDS = frozenset({"ACK", "NAK", "DECLINE", "RELEASE", "BOOTREPLY", "REPLY"})


@dataclass(slots=True)
class Exchange:
    """What a client and its servers said to each other under one number.

    Attributes:
        first_ns: when the first message came, nanoseconds since the epoch.
        latest_ns: when the latest did.
        answered: whether a server has said anything.
        told: whether all this was told.
        id: the number of the latest message.
        messages: the types of the messages, in order.
        repeats: how many were like the one before them, and are not among these.
        says: what they say; where they say different things, the later one.
        servers: those that have said something, by their addresses.
    """

    first_ns: int
    latest_ns: int = 0
    answered: bool = False
    told: bool = False
    id: int = 0
    repeats: int = 0
    messages: list[str] = field(default_factory=list)
    says: dict[str, Any] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)

    def add(self, message: DhcpMessage) -> None:
        """Take in one more message."""
        self.id = message.id
        if self.messages[-1:] == [message.type]:
            self.repeats += 1
        elif len(self.messages) < MESSAGES:
            self.messages.append(message.type)
        self.says |= message.says
        if message.by_client:
            return
        self.answered = True
        server = message.says.get("server_ip", message.says.get("server_id"))
        if server is not None and server not in self.servers and len(self.servers) < SERVERS:
            self.servers.append(server)


#: The version, the VLAN, the number, and who the client is.
Place = tuple[int, int, int, bytes]


class DHCPChef(DumplingChef):
    """Tells who asked for an address by DHCP, for IPv4 or IPv6, and what came of it.

    Per exchange of a client with its servers, once an answer, or the client, ends it, or when
    nothing more was said for 75 seconds: ``{"dhcp": {"time": of the first message, "duration":
    seconds, "outcome": "ack" | "nak" | "decline" | "release" | "reply" | "unfinished" |
    "unanswered", "version": 4 | 6, "id": ..., "messages": ["DISCOVER", "OFFER", "REQUEST", "ACK"],
    ...}}``, and whatever of these was said: ``mac``, ``client_id``, ``hostname``, ``fqdn``,
    ``vendor_class``, ``user_class``, ``parameters``, ``client_ip``, ``requested_ip``,
    ``offered_ip``, ``assigned_ip``, ``lease``, ``server_ip``, ``relay_ip``, and more.

    Per interval: ``{"dhcp_summary": {"messages": {...}, "outcomes": {...}, "open": ...,
    "exchanges_forgotten": ...}}``: counted since the kitchen started, and how many are not over.

    It remembers 4096 exchanges, some 32 MiB at most; ``exchanges_forgotten`` says how many had to
    make way before they were told.
    """

    by_request: ClassVar[bool] = True
    packet_filter = f"(udp and (port 67 or port 68 or port 546 or port 547)) or {TAGGED}"
    display: ClassVar = {
        "title": "DHCP",
        "view": "table",
        "of": ["dhcp"],
        "columns": [
            "time", "mac", "hostname", "vendor_class", "assigned_ip", "lease", "server_ip",
            "outcome",
        ],
    }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._exchanges: RecentDict[Place, Exchange] = RecentDict(EXCHANGES)
        self._messages: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell the exchanges that are over."""
        versions = packets.ip_versions
        is_dhcp = packets.ip_protocols == UDP
        is_dhcp &= np.where(versions == 6, _at(packets, PORTS_V6), _at(packets, PORTS_V4))
        indices = np.flatnonzero(is_dhcp)
        for data, time_ns, vlan, version in zip(
            payloads(packets, indices),
            packets.times_ns[indices].tolist(),
            packets.vlans[indices].tolist(),
            versions[indices].tolist(),
            strict=True,
        ):
            yield from self._overdue(time_ns)
            message = read_dhcp6(data) if version == 6 else read_dhcp(data)
            if message is not None:
                yield from self._take(message, time_ns, vlan)

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        """Tell how much there was."""
        return {
            "dhcp_summary": {
                "messages": dict(self._messages),
                "outcomes": dict(self._outcomes),
                "open": sum(not exchange.told for exchange in self._exchanges.values()),
                "exchanges_forgotten": self._exchanges.forgotten,
            }
        }

    def closing_handler(self) -> Iterator[dict[str, Any]]:
        """Tell of the exchanges that go on yet."""
        while self._exchanges:
            yield from self._give_up()

    def _take(self, message: DhcpMessage, time_ns: int, vlan: int) -> Iterator[dict[str, Any]]:
        # What has no name of its own may have any number, and would be remembered for ever.
        kind = "other" if message.type.startswith("TYPE") else message.type
        self._messages[kind] += 1
        # RFC 8415 section 16.1: for IPv6, each message of a client has a number of its own.
        by_number = message.version == 4 or not message.client
        place = message.version, vlan, message.id if by_number else 0, message.client
        exchange = self._exchanges.get(place)
        if exchange is None or (exchange.told and message.by_client):
            exchange = Exchange(time_ns)
        self._exchanges[place] = exchange  # the one that was heard of latest
        exchange.latest_ns = time_ns
        if exchange.told:
            return  # an answer once more: a relay hands it on, or it was asked for twice
        exchange.add(message)
        if message.type in ENDS:
            yield self._told(place, exchange, message.type.removeprefix("BOOT").lower())

    def _overdue(self, now: int) -> Iterator[dict[str, Any]]:
        """Tell the exchanges of which no more is to be heard."""
        while self._exchanges:
            exchange = next(iter(self._exchanges.values()))
            if abs(now - exchange.latest_ns) < TIMEOUT:  # a clock may be set back
                return
            yield from self._give_up()

    def _give_up(self) -> Iterator[dict[str, Any]]:
        """Let go of the exchange that was heard of longest ago."""
        place, exchange = self._exchanges.popitem(last=False)
        if not exchange.told:
            yield self._told(place, exchange, "unfinished" if exchange.answered else "unanswered")

    def _told(self, place: Place, exchange: Exchange, outcome: str) -> dict[str, Any]:
        exchange.told = True
        self._outcomes[outcome] += 1
        version, vlan, _number, _client = place
        told: dict[str, Any] = {
            "time": exchange.first_ns / 1e9,
            "duration": max(0, exchange.latest_ns - exchange.first_ns) / 1e9,
            "outcome": outcome,
            "version": version,
            "id": exchange.id,
            "messages": exchange.messages,
        }
        if exchange.repeats:
            told["repeats"] = exchange.repeats
        if vlan > 0:
            told["vlan"] = vlan
        told |= exchange.says
        if len(exchange.servers) > 1:
            told["servers"] = exchange.servers
        # What is left of it only tells that it was told.
        exchange.messages, exchange.says, exchange.servers = [], {}, []
        return {"dhcp": told}


def _at(packets: PacketBatch, ports: tuple[int, int]) -> npt.NDArray[np.bool_]:
    return np.isin(packets.src_ports, ports) | np.isin(packets.dst_ports, ports)
