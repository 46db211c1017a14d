"""What is in a recording: dumplings, gaps between them, and a cursor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from ..defaults import MOST_JSON_DEPTH
from ..wire import Limits, Metadata, Refusal, read_dumpling

#: How far an eater had come: for each stream, the number of the last dumpling it was offered.
Cursor = Mapping[str, int]

#: What a dumpling may be: whatever a hub may have let through.
_LIMITS: Final = Limits(depth=MOST_JSON_DEPTH)
_KNOWN: Final = frozenset({"chef", "creation_time", "driver", "kitchen"})


class Missed(NamedTuple):
    """Dumplings that the recorder did not get, as the hub told it.

    Attributes:
        time: when it was told, seconds since the epoch.
        missed: how many.
        reason: why, as of `netdumplings.Gap`.
        kitchen: whose they were, if they were one kitchen's.
    """

    time: float
    missed: int
    reason: str
    kitchen: str | None


#: A dumpling as its JSON, in UTF-8 and on one line; or what was missed in this place.
Entry = bytes | Missed


class Fields(NamedTuple):
    """A dumpling as a row of a table.

    Attributes:
        creation_time: seconds since the epoch.
        chef: the chef's name.
        kitchen: the kitchen's name; None for the hub's own.
        driver: ``packet`` or ``interval``.
        payload: its JSON.
        extra: what else is in the metadata, as a JSON object; None for nothing.
    """

    creation_time: float
    chef: str
    kitchen: str | None
    driver: str
    payload: str
    extra: str | None


class _Cut(msgspec.Struct, gc=False):
    metadata: msgspec.Raw
    payload: msgspec.Raw


_cut: Final = msgspec.json.Decoder(_Cut)
_metadata: Final = msgspec.json.Decoder(Metadata)
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def checked(line: bytes) -> Metadata:
    """See that a line is a dumpling.

    Returns:
        its metadata.

    Raises:
        ValueError: it is none; the text says why.
    """
    metadata = read_dumpling(line, _LIMITS, from_hub=True)
    if isinstance(metadata, Refusal):
        raise ValueError(metadata.reason)
    return metadata


def fields_of(line: bytes) -> Fields:
    """Take a dumpling apart; `line_of` puts it together again.

    Raises:
        ValueError: it is none.
    """
    cut = _cut.decode(line)
    about = bytes(cut.metadata)
    known = _metadata.decode(about)
    extra = None
    # Each key has a colon; so has many a name.
    if about.count(b":") > len(_KNOWN):
        further = {key: value for key, value in _object.decode(about).items() if key not in _KNOWN}
        extra = msgspec.json.encode(further).decode() if further else None
    return Fields(
        known.creation_time,
        known.chef,
        known.kitchen,
        known.driver,
        str(cut.payload, "utf-8"),
        extra,
    )


def line_of(fields: Fields) -> bytes:
    """Put a dumpling together, which need not be one if the fields are from elsewhere."""
    metadata = _encode(
        {
            "chef": fields.chef,
            "creation_time": fields.creation_time,
            "driver": fields.driver,
            "kitchen": fields.kitchen,
        }
    )
    if fields.extra:
        metadata = f"{metadata[:-1]},{fields.extra.strip()[1:]}"
    text = f'{{"metadata":{metadata},"payload":{fields.payload}}}'
    # Outside of strings, where JSON allows none, line ends are spaces.
    return text.replace("\n", " ").replace("\r", " ").encode()
