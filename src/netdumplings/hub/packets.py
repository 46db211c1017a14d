"""What a hub answers to who asks it for packets: a pcapng file, by HTTP.

Packets have what people say to each other, so a role of its own is needed for them, and no page of
another site may have them fetched, even if it could not read them.
"""

from __future__ import annotations

import asyncio
import http
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from .._version import __version__
from ..transport.answers import TEXT, Answer, Question
from ..wire import MAX_NAME, MAX_SECONDS
from ..wire.asked_filter import problem_of
from ..wire.pcapng import section
from .kitchens import Kitchens
from .packet_asks import Answered, NoAnswer

#: Where they are asked for, and of what role a token must be for it.
PATH: Final = "/api/packets"
PCAPNG: Final = "application/x-pcapng"
#: The header in which there is more to be said of an answer, in words.
NOTE: Final = "Netdumplings-Note"
#: Answers that are got ready or taken at a time: a hub has each of them in memory.
MAX_AT_ONCE: Final = 2
#: Seconds before and behind, if nothing is said.
SECONDS: Final = 10.0
#: By what browsers say whose page a request comes from (Fetch Metadata, W3C): this page, or the
#: user. Programs do not say.
_OWN: Final = ("", "same-origin", "none")

#: Says where a kitchen is, if it is at another hub.
Elsewhere = Callable[[str], str | None]


class _Wanted(NamedTuple):
    kitchen: str
    around: float
    seconds: float
    filter: str


class _Wrong(Exception):
    def __init__(self, status: http.HTTPStatus, reason: str) -> None:
        self.answer = Answer(f"{reason}\n".encode(errors="replace"), TEXT, status)


class Packets:
    """Answers with packets.

    Args:
        kitchens: who may have them.
        elsewhere: says at which other hub a kitchen is.
    """

    def __init__(self, kitchens: Kitchens, elsewhere: Elsewhere) -> None:
        self._kitchens = kitchens
        self._elsewhere = elsewhere
        self._under_way: set[asyncio.Task[object]] = set()

    async def answer(self, question: Question) -> Answer:
        """Get the packets that are asked for, and give them as a file."""
        try:
            if question.header("Sec-Fetch-Site").strip().lower() not in _OWN:
                raise _Wrong(http.HTTPStatus.FORBIDDEN, "a page of another site may not have them")
            wanted = _wanted(question.query)
            self._take_place(question)
            answered = await self._ask(wanted)
        except _Wrong as wrong:
            return wrong.answer
        return _file(wanted, answered)

    def _take_place(self, question: Question) -> None:
        """Be one of those under way, until the connection has ended."""
        if len(self._under_way) >= MAX_AT_ONCE:
            reason = f"the hub is getting packets for {MAX_AT_ONCE} others: try again"
            raise _Wrong(http.HTTPStatus.SERVICE_UNAVAILABLE, reason)
        task = asyncio.ensure_future(question.gone())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask(self, wanted: _Wanted) -> Answered:
        name = wanted.kitchen
        found = self._kitchens.named(name)
        if not found:
            elsewhere = self._elsewhere(name)
            if elsewhere is not None:
                reason = f"the kitchen {name!r} is at another hub, {elsewhere}: ask that one"
            else:
                reason = f"there is no kitchen {name!r} now, and packets are nowhere but there"
            raise _Wrong(http.HTTPStatus.NOT_FOUND, reason)
        having = [one for one in found if one.kitchen and one.acknowledges and one.kitchen.has_ring]
        if not having:
            reason = f"the kitchen {name!r} keeps no packets: it must be started with --ring"
            raise _Wrong(http.HTTPStatus.NOT_FOUND, reason)
        if len(having) > 1:
            reason = f"{len(having)} kitchens are called {name!r}: give each a name of its own"
            raise _Wrong(http.HTTPStatus.NOT_FOUND, reason)
        asks = self._kitchens.asks
        try:
            answered = await asks.ask(having[0], wanted.around, wanted.seconds, wanted.filter)
        except NoAnswer as none:
            status = http.HTTPStatus.BAD_GATEWAY if none.fault else http.HTTPStatus.NOT_FOUND
            status = http.HTTPStatus.SERVICE_UNAVAILABLE if none.busy else status
            raise _Wrong(status, none.reason) from None
        if not answered.packets:
            raise _Wrong(http.HTTPStatus.NOT_FOUND, _nothing(wanted, answered))
        return answered


def _wanted(query: str) -> _Wanted:
    """Read what is asked for."""
    try:
        given = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=8)
        told = dict(given)
        if len(told) < len(given) or not told.keys() <= set(_Wanted._fields):
            raise ValueError(f"give each of these once: {', '.join(_Wanted._fields)}")
        kitchen, filter = told.get("kitchen", ""), told.get("filter", "")
        around, seconds = _number(told, "around", None), _number(told, "seconds", SECONDS)
    except ValueError as error:
        raise _Wrong(http.HTTPStatus.BAD_REQUEST, str(error)) from None
    problem = problem_of(filter)
    if not 0 < len(kitchen) <= MAX_NAME:
        problem = f"name a kitchen, in at most {MAX_NAME} characters"
    elif not 0 <= around < 2.0**33:
        problem = "around is a time, in seconds since the epoch"
    elif not 0 < seconds <= MAX_SECONDS:
        problem = f"seconds are more than 0, and at most {MAX_SECONDS:g}"
    if problem is not None:
        raise _Wrong(http.HTTPStatus.BAD_REQUEST, problem)
    return _Wanted(kitchen, around, seconds, filter)


def _number(told: dict[str, str], name: str, default: float | None) -> float:
    if name not in told and default is not None:
        return default
    try:
        number = float(told.get(name, ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is a number")
    return number


def _nothing(wanted: _Wanted, answered: Answered) -> str:
    """Say why there are no packets."""
    if answered.left_out:
        return f"{answered.left_out} packets match, and each is too long to be given"
    since = answered.since
    if since is None:
        return "the kitchen has no packets yet"
    if since > wanted.around + wanted.seconds:
        return f"the kitchen has written over them: its oldest packet is of {_time(since)}"
    matching = " that match" if wanted.filter.strip() else ""
    return f"the kitchen has no packets{matching} of that time; its oldest is of {_time(since)}"


def _notes(wanted: _Wanted, answered: Answered) -> Sequence[str]:
    notes = []
    if answered.left_out:
        notes.append(
            f"{answered.left_out} packets further from the dumpling are left out: there is room "
            "for 16 MiB; ask for fewer seconds, or by a filter"
        )
    if answered.since is not None and answered.since > wanted.around - wanted.seconds:
        notes.append(f"the kitchen has none from before {_time(answered.since)}")
    return notes


def _file(wanted: _Wanted, answered: Answered) -> Answer:
    notes = _notes(wanted, answered)
    begin = section(f"netdumplings {__version__}", tuple(notes))
    moment = datetime.fromtimestamp(wanted.around, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"Content-Disposition": f'attachment; filename="packets-{moment}.pcapng"'}
    if notes:
        headers[NOTE] = "; ".join(notes)
    return Answer(begin + answered.blocks, PCAPNG, headers=headers)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
