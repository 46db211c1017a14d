"""The stream that all hubs of a backbone share: made if it is not there, looked at if it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from ..exceptions import BackboneError
from .link import EngineError, Link
from .settings import BackboneSettings
from .subjects import subjects_of_stream

#: What JetStream says of a stream that is not there, and of one that has just been made by another
#: hub with other settings.
NOT_FOUND: Final = 10059
NAME_IN_USE: Final = 10058
#: What it says where there is no message.
NO_MESSAGE: Final = 10037
#: Nanoseconds in a second: JetStream's unit.
SECOND: Final = 1_000_000_000
#: Seconds in which the stream knows again what it has been sent. What comes later is found out by
#: the numbers.
REMEMBERS: Final = 120
#: What stands for a stream in the cursors of eaters begins so; what stands for a session cannot.
_KEY: Final = "@"
#: The oldest server that stores several messages as one.
NEEDS_SERVER: Final = "2.12"


class StreamConfig(msgspec.Struct):
    """How a stream is configured, as far as a hub looks at it."""

    subjects: list[str] = []
    retention: str = ""
    discard: str = ""
    storage: str = ""
    max_age: int = 0
    max_bytes: int = -1
    max_msgs: int = -1
    max_msgs_per_subject: int = -1
    max_msg_size: int = -1
    num_replicas: int = 1
    allow_atomic: bool = False
    sealed: bool = False
    no_ack: bool = False


class StreamState(msgspec.Struct):
    """What is in a stream."""

    messages: int = 0
    bytes: int = 0
    first_seq: int = 0
    last_seq: int = 0


class StreamInfo(msgspec.Struct):
    """A stream, as JetStream tells of it."""

    config: StreamConfig
    created: str
    state: StreamState

    @property
    def first(self) -> int:
        """The sequence number of the oldest message; of the next one, if there is none."""
        return self.state.first_seq if self.state.messages else self.state.last_seq + 1


class _Message(msgspec.Struct):
    seq: int


class _Found(msgspec.Struct):
    message: _Message


class Acknowledgement(msgspec.Struct):
    """What JetStream says of a message that is stored.

    Attributes:
        seq: its sequence number.
        duplicate: whether it was there already.
    """

    seq: int
    duplicate: bool = False


_infos: Final = msgspec.json.Decoder(StreamInfo)
_acknowledgements: Final = msgspec.json.Decoder(Acknowledgement)
_found: Final = msgspec.json.Decoder(_Found)


def key_of(name: str, info: StreamInfo) -> str:
    """Give what stands for a stream in the cursors of eaters.

    A stream that was deleted and made anew counts from 1 again, and so must have another.
    """
    made = f"{name} {info.created}"
    return _KEY + hashlib.sha256(made.encode()).hexdigest()[:16]


def is_key(name: str) -> bool:
    """Tell whether something in the cursor of an eater stands for a stream, this one or another."""
    return name.startswith(_KEY)


async def look(link: Link, name: str) -> StreamInfo:
    """Ask how the stream is.

    Raises:
        EngineError: it is not there, or there is no answer.
    """
    return _read(await link.api(f"STREAM.INFO.{name}"))


def read_acknowledgement(answer: bytes) -> Acknowledgement:
    """Read what JetStream says of a message that it was to store.

    Raises:
        EngineError: it makes no sense.
    """
    try:
        return _acknowledgements.decode(answer)
    except msgspec.DecodeError as error:
        raise EngineError(f"an answer that is none: {error}") from None


async def position_of(link: Link, name: str, question: Mapping[str, str]) -> int | None:
    """Ask for the position of a message; the leader of the stream answers.

    Args:
        link: to the servers.
        name: the stream's.
        question: which message (NATS, "JetStream wire API Reference", ``STREAM.MSG.GET``).

    Returns:
        its sequence number; None if there is no such message.

    Raises:
        EngineError: there is no answer.
    """
    try:
        answer = await link.api(f"STREAM.MSG.GET.{name}", question)
    except EngineError as error:
        if error.code == NO_MESSAGE:
            return None
        raise
    try:
        return _found.decode(answer).message.seq
    except msgspec.DecodeError as error:
        raise EngineError(f"an answer that is none: {error}") from None


async def find_or_make(link: Link, settings: BackboneSettings) -> tuple[StreamInfo, list[str]]:
    """See that the stream is there.

    Returns:
        how it is, and what of it is not as the settings say, in words.

    Raises:
        BackboneError: there is one of that name that hubs cannot use.
        EngineError: there is no answer, or it cannot be made.
    """
    name = settings.stream
    try:
        info = await look(link, name)
    except EngineError as error:
        if error.code != NOT_FOUND:
            raise
        try:
            info = _read(await link.api(f"STREAM.CREATE.{name}", _config(settings)))
        except EngineError as refused:
            if refused.code != NAME_IN_USE:
                raise
            info = await look(link, name)
    _check(name, info.config)
    return info, _differences(info.config, settings)


def _config(settings: BackboneSettings) -> dict[str, object]:
    return {
        "name": settings.stream,
        "description": "dumplings of netdumplings' kitchens",
        "subjects": subjects_of_stream(settings.stream),
        "retention": "limits",
        "discard": "old",
        "storage": "file",
        "num_replicas": settings.replicas_wanted,
        "max_age": int(settings.max_age * SECOND),
        "max_bytes": settings.max_bytes or -1,
        "duplicate_window": _remembers(settings) * SECOND,
        "allow_direct": True,
        "allow_atomic": True,
    }


def _remembers(settings: BackboneSettings) -> int:
    # JetStream refuses a window that is longer than what it keeps.
    return min(REMEMBERS, int(settings.max_age)) if settings.max_age >= 1 else REMEMBERS


def _check(name: str, config: StreamConfig) -> None:
    """Refuse a stream that would lose dumplings, or take none."""
    wrong = []
    missing = [one for one in subjects_of_stream(name) if one not in config.subjects]
    if missing and f"{name}.>" not in config.subjects:
        wrong.append(f"its subjects lack {' and '.join(missing)}")
    if config.retention != "limits":
        wrong.append(f"its retention is {config.retention!r}, not 'limits'")
    if config.max_msgs_per_subject > 0:
        wrong.append("it keeps only so many messages of a subject")
    if config.no_ack:
        wrong.append("it does not say what it has stored")
    if config.sealed:
        wrong.append("it is sealed")
    if not config.allow_atomic:
        wrong.append(
            f"it does not store several messages as one (nats stream edit --allow-batch; servers "
            f"from {NEEDS_SERVER} on can)"
        )
    if wrong:
        raise BackboneError(
            f"the stream {ascii(name)[1:-1]} is there, and {'; '.join(wrong)}. Change it, or give "
            "the hubs another with --backbone-stream"
        )


def _differences(config: StreamConfig, settings: BackboneSettings) -> list[str]:
    """Say what is not as the settings say; it is used as it is."""
    wanted = _config(settings)
    differences = []
    for field, option, unit in (
        ("max_age", "--backbone-max-age", SECOND),
        ("max_bytes", "--backbone-max-bytes", 1),
        ("num_replicas", "--backbone-replicas", 1),
        ("storage", "", 1),
        ("discard", "", 1),
    ):
        has, want = getattr(config, field), wanted[field]
        # No limit is 0, or -1.
        if has != want and not (isinstance(has, int) and has <= 0 and want in (0, -1)):
            values = [v / unit if isinstance(v, int) and unit > 1 else v for v in (has, want)]
            told = f", and {option} says" if option else ", and a hub would have it"
            differences.append(f"{field} is {_told(values[0])}{told} {_told(values[1])}")
    return differences


def _told(value: object) -> str:
    if value in (-1, 0):
        return "unlimited"
    return f"{value:g} s" if isinstance(value, float) else ascii(value).strip("'")


def _read(answer: bytes) -> StreamInfo:
    try:
        return _infos.decode(answer)
    except msgspec.DecodeError as error:
        raise EngineError(f"an answer that is none: {error}") from None
