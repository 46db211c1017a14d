"""Tells what is asked for in cleartext HTTP, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.flows import fields_of
from ..packets.http_heads import NO_HEAD, host_of, path_of
from .http_connections import FoundExchange, HTTPConnections

#: Characters of what is told.
TEXT: Final = 256


class HTTPChef(DumplingChef):
    """Tells what is asked for in cleartext HTTP/1, and what is answered.

    Per request and its response, on any port: ``{"http": {"time": epoch seconds, "src_ip",
    "src_port", "dst_ip", "dst_port", "proto": "tcp", "community_id", "method", "host", "path",
    "version", "user_agent", "request_length", "status", "content_type", "response_length",
    "latency": seconds, "credentials": [...]}}``, with ``"vlan"`` where there is one. What was not
    there is null: so is all of a request, or of a response, that went by unseen.

    No body is read, and no query (what follows ``?``) is told, unless a subclass has ``queries =
    True``. Of credentials it tells that there were some, by the names of the fields, and nothing
    else.

    It reads the 16384 streams used latest, two a connection, of each up to 32 KiB and of all 8 MiB
    at a time, for five minutes after the last packet, and has up to 8192 requests that wait for an
    answer: some 60 MiB in all, if somebody is out to fill it. Once connections had to make way,
    ``"connections_forgotten"`` says how many times.
    """

    by_request = True
    display: ClassVar = {
        "title": "HTTP",
        "view": "table",
        "of": ["http"],
        "columns": [
            "time", "src_ip", "method", "host", "path", "status", "response_length", "latency",
            "user_agent",
        ],
    }  # fmt: skip
    #: Whether the path is told with its query, in which there are passwords now and then.
    queries: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = HTTPConnections()

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell of the exchanges that are complete with these packets."""
        for found in self._connections.read(packets):
            yield {"http": self._told(found)}

    def closing_handler(self) -> Iterator[dict[str, Any]]:
        """Tell of the requests that wait for an answer yet."""
        for found in self._connections.end():
            yield {"http": self._told(found)}

    def _told(self, found: FoundExchange) -> dict[str, Any]:
        request, response, time_ns = found.exchange
        asked, answered = request.head if request else NO_HEAD, response or NO_HEAD
        told: dict[str, Any] = {
            "time": (request.time_ns if request else time_ns) / 1e9,
            **fields_of(*found.client),
            "method": _text(asked.method or None),
            "host": _text(host_of(asked) if request else None),
            "path": _text(path_of(asked, query=self.queries) if request else None),
            "version": asked.version or answered.version,
            "user_agent": _text(asked.fields.get(b"user-agent")),
            "request_length": asked.length,
            "status": answered.status or None,
            "content_type": _text(answered.fields.get(b"content-type")),
            "response_length": answered.length,
            "latency": (time_ns - request.time_ns) / 1e9 if request and response else None,
            "credentials": sorted({*asked.credentials, *answered.credentials}),
        }
        if self._connections.forgotten:
            told["connections_forgotten"] = self._connections.forgotten
        return told


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")[:TEXT]
