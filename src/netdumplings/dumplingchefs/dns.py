"""Tells what DNS is asked, what it answers, and how long that takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappush, heappushpop, nlargest
from typing import Any, ClassVar

import numpy as np

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.applications import payloads
from ..packets.dns_messages import DnsMessage, DnsRecord, read_message
from ..packets.dns_streams import DnsStreams
from ..packets.flows import fields_of
from ..packets.formats import TCP
from ..packets.streams import Stream
from .filters import TAGGED
from .recent import RecentDict

PORT = 53
#: Queries remembered until they are answered.
QUERIES = 16_384
#: Nanoseconds after which nobody waits for an answer any more.
TIMEOUT = 10_000_000_000
#: Records of a message that are told, and characters of the data of each.
RECORDS, DATA = 32, 512
#: Of the slowest answers of an interval, how many are told.
SLOWEST = 10


@dataclass(slots=True)
class Query:
    """A query that waits for its answer.

    Attributes:
        time_ns: when it was first sent, nanoseconds since the epoch.
        from_upper: whether the upper end of its flow sent it.
        message: what it is.
        retries: how often it was sent again.
    """

    time_ns: int
    from_upper: bool
    message: DnsMessage
    retries: int = 0


class DNSChef(DumplingChef):
    """Tells what DNS is asked, what it answers, and how long that takes.

    Per response, and per query that has none after ten seconds, or when the kitchen ends:
    ``{"dns": {"time": when it was asked, "src_ip": who asked, "src_port": ..., "dst_ip": ...,
    "dst_port": ..., "proto": "udp" | "tcp", "community_id": ..., "id": ..., "query": name,
    "type": ..., "class": ..., "rcode": ..., "flags": [...], "answers": [{"name": ..., "type": ...,
    "data": ..., "ttl": seconds}], "latency": seconds}}``. The names are those of IANA's registry.
    Without a response, ``rcode`` is null; ``latency`` is null too where only the response was seen.

    Per interval: ``{"dns_summary": {"rcodes": {...}, "types": {...}, "unanswered": ..., "open":
    ..., "slowest": [...], "queries_forgotten": ..., "streams_forgotten": ...}}``: what was told
    since the kitchen started, by response code and type; how many queries wait; the slowest answers
    since the last interval.

    It remembers 16384 queries, some 24 MiB at most, and of messages over TCP that are not complete
    8 MiB in 8192 connections; what had to make way is counted as forgotten.
    """

    by_request: ClassVar[bool] = True
    packet_filter = f"port {PORT} or {TAGGED}"
    display: ClassVar = {
        "title": "DNS",
        "view": "table",
        "of": ["dns"],
        "columns": ["time", "query", "type", "rcode", "latency", "src_ip", "dst_ip"],
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: RecentDict[tuple[bytes, int], Query] = RecentDict(QUERIES)
        self._streams = DnsStreams()
        self._rcodes: Counter[str] = Counter()
        self._types: Counter[str] = Counter()
        self._unanswered = 0
        self._timed = 0
        self._slowest: list[tuple[float, int, dict[str, Any]]] = []

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell what was answered, and what was not."""
        is_dns = (packets.src_ports == PORT) | (packets.dst_ports == PORT)
        is_tcp = packets.ip_protocols == TCP
        # (Of TCP, where a connection begins and ends counts, too.)
        indices = np.flatnonzero(is_dns & (is_tcp | (packets.payload_lengths > 0)))
        flows = packets.flows
        for index, data, time_ns, flow, reverse, tcp in zip(
            indices.tolist(),
            payloads(packets, indices),
            packets.times_ns[indices].tolist(),
            flows.index[indices].tolist(),
            flows.reverse[indices].tolist(),
            is_tcp[indices].tolist(),
            strict=True,
        ):
            yield from self._overdue(time_ns)
            key = flows.keys[flow]
            stream = key, reverse
            whole = self._in_stream(packets, index, stream, data) if tcp else [read_message(data)]
            for message in whole:
                if message is None or not _is_dns(message):
                    continue
                if message.is_response:
                    yield self._answered(key, message, time_ns, not reverse)
                elif forgone := self._asked(key, Query(time_ns, reverse, message)):
                    yield forgone
        if len(indices):
            self._streams.make_way(time_ns)

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        """Tell how much there was, and what took longest."""
        slowest = [told for _, _, told in nlargest(SLOWEST, self._slowest)]
        self._slowest.clear()
        return {
            "dns_summary": {
                "rcodes": dict(self._rcodes),
                "types": dict(self._types),
                "unanswered": self._unanswered,
                "open": len(self._open),
                "slowest": slowest,
                "queries_forgotten": self._open.forgotten,
                "streams_forgotten": self._streams.forgotten,
            }
        }

    def closing_handler(self) -> Iterator[dict[str, Any]]:
        """Tell of the queries that wait for an answer yet."""
        while self._open:
            (key, _), query = self._open.popitem(last=False)
            yield self._told(key, query, None, None)

    def _in_stream(
        self, packets: PacketBatch, index: int, stream: Stream, payload: bytes
    ) -> Iterator[DnsMessage]:
        """The messages that are complete with a segment of TCP."""
        return self._streams.take(
            stream,
            int(packets.tcp_seqs[index]),
            int(packets.tcp_flags[index]),
            payload,
            int(packets.tcp_lengths[index]) - len(payload),
            int(packets.times_ns[index]),
        )

    def _asked(self, key: bytes, query: Query) -> dict[str, Any] | None:
        """Remember a query; tell the one before it that will have no answer because of it."""
        place = key, query.message.id
        earlier = self._open.get(place)
        if earlier is None or not _same_question(earlier.message, query.message):
            # Of a query, its one question is enough: what else is in it may be as long as it likes.
            asked = query.message.questions[:1]
            query.message = query.message._replace(
                questions=asked, answers=[], authorities=[], additionals=[]
            )
            self._open[place] = query
            return None if earlier is None else self._told(key, earlier, None, None)
        earlier.retries += 1
        return None

    def _answered(
        self, key: bytes, message: DnsMessage, time_ns: int, from_upper: bool
    ) -> dict[str, Any]:
        place = key, message.id
        query = self._open.get(place)
        latency = None
        if query and (not message.questions or _same_question(query.message, message)):
            del self._open[place]
            latency = max(0, time_ns - query.time_ns) / 1e9
        else:
            query = Query(time_ns, from_upper, message)
        return self._told(key, query, message, latency)

    def _overdue(self, now: int) -> Iterator[dict[str, Any]]:
        """Tell the queries that nobody waits for any more."""
        while self._open:
            place = next(iter(self._open))
            query = self._open[place]
            if abs(now - query.time_ns) < TIMEOUT:  # a clock may be set back
                return
            del self._open[place]
            yield self._told(place[0], query, None, None)

    def _told(
        self, key: bytes, query: Query, response: DnsMessage | None, latency: float | None
    ) -> dict[str, Any]:
        message = response or query.message
        name, kind, rclass = _question(query.message)
        told: dict[str, Any] = {"time": query.time_ns / 1e9}
        told |= fields_of(key, query.from_upper)
        told |= {
            "id": message.id,
            "query": name or None,
            "type": kind or None,
            "class": rclass or None,
        }
        if message.opcode != "QUERY":
            told["opcode"] = message.opcode
        told |= {
            "rcode": response.rcode if response else None,
            "flags": list(message.flags),
            "answers": _records(message.answers) if response else [],
            "latency": latency,
        }
        if response and response.authorities and not response.answers:
            told["authorities"] = _records(response.authorities)
        if len(message.answers) > RECORDS:
            told["answers_left_out"] = len(message.answers) - RECORDS
        if query.retries:
            told["retries"] = query.retries
        if not message.is_whole:
            told["incomplete"] = True
        self._count(told)
        return {"dns": told}

    def _count(self, told: dict[str, Any]) -> None:
        # What has no name of its own may have any number, and would be remembered for ever.
        kind, rcode, latency = told["type"] or "none", told["rcode"], told["latency"]
        self._types["other" if kind.startswith("TYPE") else kind] += 1
        if rcode is None:
            self._unanswered += 1
        else:
            self._rcodes["other" if rcode.startswith("RCODE") else rcode] += 1
        if latency is not None:
            keys = ("query", "type", "rcode", "src_ip", "dst_ip", "latency")
            self._timed += 1
            one = latency, self._timed, {key: told[key] for key in keys}
            if len(self._slowest) < SLOWEST:
                heappush(self._slowest, one)
            else:
                heappushpop(self._slowest, one)


def _is_dns(message: DnsMessage) -> bool:
    """Whether it makes enough sense; the port is open to whatever gets through there."""
    return message.is_whole or not message.opcode.startswith("OPCODE")


def _question(message: DnsMessage) -> tuple[str, str, str] | tuple[None, None, None]:
    """The name, type and class that are asked for first."""
    return message.questions[0] if message.questions else (None, None, None)


def _same_question(one: DnsMessage, other: DnsMessage) -> bool:
    """Whether two messages have the same question, but for the case of letters (RFC 4343)."""
    (mine, *more), (its, *others) = _question(one), _question(other)
    same = mine == its or bool(mine and its and mine.lower() == its.lower())
    return same and more == others


def _records(records: list[DnsRecord]) -> list[dict[str, Any]]:
    return [
        {"name": name, "type": kind, "data": data[:DATA], "ttl": ttl}
        for name, kind, _, ttl, data, _ in records[:RECORDS]
    ]
