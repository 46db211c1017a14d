"""Answers to those who ask a port for something by HTTP, instead of for a WebSocket.

The WebSocket library reads the head of a request, and answers one a connection (RFC 9112, section
9.6, ``Connection: close``). That is enough for a page, its files, and what programs ask for now and
then; whoever wants to be told all the time has the WebSocket.
"""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import http
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, NamedTuple

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from .admission import Admission
from .peer_connection import PeerConnection
from .tokens import Role

logger = logging.getLogger(__name__)

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"
#: With every answer: what it is called is what it is, it is looked at again before it is used
#: again, and no page of another site has any use for it, embedded or not. Shown by itself it does
#: nothing, unless its own headers say what.
HEADERS: Final = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
#: What may be answered.
STATUSES: Final = (200, 304, 400, 401, 403, 404, 405, 500, 502, 503)
#: What may be asked (RFC 9110, section 9.1: these two must be supported).
METHODS: Final = ("GET", "HEAD")
_ABSOLUTE: Final = re.compile(r"\Ahttps?://[^/?]*", re.IGNORECASE)


class Question(NamedTuple):
    """What is asked, at a path that is known.

    Attributes:
        query: what follows the question mark of the request's target; anything.
        headers: anything, too.
        gone: waits until who asks has gone, with the answer or without.
    """

    query: str
    headers: Headers
    gone: Callable[[], Awaitable[object]] = asyncio.Event().wait

    def header(self, name: str) -> str:
        """Return a header's value, of several their list (RFC 9110, section 5.3); empty if none."""
        return ", ".join(self.headers.get_all(name))


class Answer(NamedTuple):
    """What is answered.

    Attributes:
        body: the bytes; they may be shared by any number of answers.
        content_type: what they are, as in ``Content-Type``.
        status: what is thought of the question.
        headers: further ones, beside `HEADERS`.
        gzipped: the body, compressed by gzip, for those who take that; None for nobody.
    """

    body: bytes
    content_type: str = TEXT
    status: http.HTTPStatus = http.HTTPStatus.OK
    headers: Mapping[str, str] = {}
    gzipped: bytes | None = None


class Resource(NamedTuple):
    """What can be asked for.

    Attributes:
        answer: makes the answer, quickly; or in its own time, if `within` says so.
        role: of what role a token must be for it, where tokens are wanted; None for everybody.
        within: seconds that it may take.
    """

    answer: Callable[[Question], Answer | Awaitable[Answer]]
    role: Role | None = None
    within: float = 0.0


class Answers:
    """Answers what is asked at a port.

    Args:
        resources: what there is, by path, which begins with a slash. Nothing else is, whatever is
            asked for: a path is looked up in here, and means nothing besides.
        admission: who is let in, for what needs a role; None for everybody.

    Attributes:
        counts: how many answers there were so far, by status.
    """

    def __init__(self, resources: Mapping[str, Resource], admission: Admission | None) -> None:
        self._resources = resources
        self._admission = admission
        self.counts: Counter[int] = Counter()

    async def to(self, connection: PeerConnection, request: Request) -> Response:
        """Answer a request that is not for a WebSocket."""
        connection.ask()
        response = await self._respond(connection, request)
        self.counts[response.status_code] += 1
        connection.answer(len(response.body))
        return response

    async def _respond(self, connection: PeerConnection, request: Request) -> Response:
        if request.method not in METHODS:
            allow = {"Allow": ", ".join(METHODS)}
            problem = _problem(http.HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", allow)
            return _response(problem, request)
        # Proxies, and nobody else, write the whole address (RFC 9112, section 3.2.2).
        path, _, query = _ABSOLUTE.sub("", request.path).partition("?")
        resource = self._resources.get(path or "/")
        if resource is None:
            return _response(_problem(http.HTTPStatus.NOT_FOUND, "there is no such page"), request)
        if resource.role is not None and self._admission is not None:
            refused = await self._admission.at_request(connection, request, resource.role)
            if refused is not None:
                refused.headers.update(HEADERS)
                return refused
        try:
            question = Question(query, request.headers, connection.wait_closed)
            made = resource.answer(question)
            answer = (
                made if isinstance(made, Answer) else await _in_time(connection, made, resource)
            )
        except Exception:
            logger.exception("a fault of the hub's own while answering %s", connection.where)
            answer = _problem(http.HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of the hub's own")
        return _response(answer, request)


async def _in_time(
    connection: PeerConnection, made: Awaitable[Answer], resource: Resource
) -> Answer:
    """Wait for an answer that takes a while, as long as somebody waits for it."""
    connection.wait_for(resource.within)
    task = asyncio.ensure_future(made)
    gone = asyncio.ensure_future(connection.wait_closed())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return _problem(http.HTTPStatus.SERVICE_UNAVAILABLE, "nobody waits for it any more")
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


def asks_for_websocket(request: Request) -> bool:
    """Tell whether a request is meant as a WebSocket handshake, if perhaps not a good one."""
    headers = request.headers
    upgrade = ",".join(headers.get_all("Upgrade")).lower()
    return "websocket" in upgrade or any(name in headers for name in _OF_HANDSHAKES)


#: Headers that no other request has (RFC 6455, section 11.3).
_OF_HANDSHAKES: Final = ("Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol")


def json_answer(text: bytes) -> Answer:
    """Answer with JSON."""
    return Answer(text, JSON, gzipped=zipped(text, quickly=True))


def zipped(body: bytes, *, quickly: bool = False) -> bytes:
    """Compress a body by gzip; as well as can be, or in less time."""
    return gzip.compress(body, 1 if quickly else 9, mtime=0)


def _takes_gzip(headers: Headers) -> bool:
    """Look whether gzip is welcome (RFC 9110, section 12.5.3)."""
    for entry in ",".join(headers.get_all("Accept-Encoding")).lower().split(","):
        coding, _, weight = entry.replace(" ", "").partition(";")
        if coding == "gzip":
            return not (weight.startswith("q=0") and not weight.strip("q=0."))
    return False


def _problem(
    status: http.HTTPStatus, text: str, headers: Mapping[str, str] | None = None
) -> Answer:
    return Answer(f"{text}\n".encode(), TEXT, status, headers or {})


def _response(answer: Answer, request: Request) -> Response:
    headers = Headers(
        {
            "Date": email.utils.formatdate(usegmt=True),
            "Connection": "close",
            **HEADERS,
            **answer.headers,
        }
    )
    body = answer.body
    if answer.gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
        if _takes_gzip(request.headers):
            headers["Content-Encoding"] = "gzip"
            body = answer.gzipped
    if answer.status != http.HTTPStatus.NOT_MODIFIED:
        headers["Content-Type"] = answer.content_type
        headers["Content-Length"] = str(len(body))
    if request.method == "HEAD":
        body = b""
    return Response(answer.status.value, answer.status.phrase, headers, body)
