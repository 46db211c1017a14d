"""A dumpling: what a chef made of a packet or an interval, and its JSON form."""

from __future__ import annotations

import enum
import json
import math
import time
from typing import Any, Final, Protocol

from .defaults import JSON_DEPTH
from .exceptions import InvalidDumpling, InvalidDumplingPayload

_encoder: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class DumplingDriver(enum.Enum):
    """What made a chef make a dumpling."""

    packet = "packet"
    interval = "interval"


class NamedChef(Protocol):
    """What a dumpling needs to know of its chef: a `DumplingChef` has it."""

    @property
    def name(self) -> str:
        """The chef's name."""

    @property
    def kitchen(self) -> Any:
        """The chef's kitchen (anything with a ``name``), its name, or None."""


class Dumpling:
    """One piece of information about network traffic, made by a chef.

    Two dumplings are equal if their JSON is.

    Args:
        chef: the chef that made it, or the name of one.
        driver: whether a packet or the poke interval was the reason.
        creation_time: seconds since the epoch; now, if None.
        payload: any JSON value: dicts with string keys, lists and tuples, str, int, float, bool
            and None. NaN and the infinities, which JSON lacks, become null in it.

    Attributes:
        chef: as given.
        chef_name: the chef's name.
        kitchen: the name of the chef's kitchen, or None.
        driver: a `DumplingDriver`.
        creation_time: seconds since the epoch, a float.
        payload: as given.
    """

    __slots__ = ("chef", "chef_name", "creation_time", "driver", "kitchen", "payload")

    def __init__(
        self,
        *,
        chef: NamedChef | str,
        driver: DumplingDriver = DumplingDriver.packet,
        creation_time: float | None = None,
        payload: Any,
    ) -> None:
        self.chef = chef
        self.chef_name: str
        self.kitchen: str | None
        if isinstance(chef, str):
            self.chef_name, self.kitchen = chef, None
        else:
            # A chef knows its kitchen, or in a test perhaps only that kitchen's name.
            self.chef_name, self.kitchen = chef.name, getattr(chef.kitchen, "name", chef.kitchen)
        self.driver = driver
        self.creation_time = time.time() if creation_time is None else float(creation_time)
        self.payload = payload

    @classmethod
    def from_json(cls, text: str | bytes) -> Dumpling:
        """Read a dumpling from its JSON text.

        Args:
            text: a JSON object as `to_json` writes it, as str or as UTF-8. Keys it does not
                know are ignored.

        Returns:
            the dumpling; its ``chef`` is the chef's name.

        Raises:
            InvalidDumpling: the text is not JSON, not an object, lacks a key, or has a value of
                the wrong kind.
        """
        try:
            document = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            raise InvalidDumpling("not a dumpling: nested too deeply") from None
        except ValueError as error:
            raise InvalidDumpling(f"not a dumpling: bad JSON: {error}") from None
        metadata = _key(document, "metadata", "the dumpling")
        payload = _key(document, "payload", "the dumpling")
        chef = _key(metadata, "chef", "metadata")
        kitchen = _key(metadata, "kitchen", "metadata")
        driver = _key(metadata, "driver", "metadata")
        creation_time = _key(metadata, "creation_time", "metadata")
        if not isinstance(chef, str):
            raise InvalidDumpling(f"not a dumpling: metadata.chef is no name: {chef!r:.80}")
        if kitchen is not None and not isinstance(kitchen, str):
            raise InvalidDumpling(f"not a dumpling: metadata.kitchen is no name: {kitchen!r:.80}")
        if not isinstance(driver, str) or driver not in DumplingDriver.__members__:
            raise InvalidDumpling(f"not a dumpling: unknown driver {driver!r:.80}")
        dumpling = cls(
            chef=chef,
            driver=DumplingDriver[driver],
            creation_time=_seconds(creation_time),
            payload=payload,
        )
        dumpling.kitchen = kitchen
        return dumpling

    def to_json(self) -> str:
        """Write the dumpling as JSON text, on one line; `from_json` reads it back.

        Raises:
            InvalidDumplingPayload: the payload has something that JSON cannot hold; the error
                names the key.
        """
        metadata = {
            "chef": self.chef_name,
            "creation_time": self.creation_time,
            "driver": self.driver.value,
            "kitchen": self.kitchen,
        }
        try:
            text = _encoder.encode({"metadata": metadata, "payload": self.payload})
            # Half of a surrogate pair is a Python str but not Unicode text: UTF-8 refuses it.
            text.encode()
        except (TypeError, ValueError, RecursionError):
            # Only what is not plain JSON pays for the search through it.
            payload = jsonable(self.payload)
            return _encoder.encode({"metadata": metadata, "payload": payload})
        return text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dumpling):
            return NotImplemented
        return self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # a payload may be a dict

    def __repr__(self) -> str:
        return (
            f"Dumpling(chef={self.chef_name!r}, driver={self.driver.value!r}, "
            f"kitchen={self.kitchen!r}, creation_time={self.creation_time!r}, "
            f"payload={self.payload!r:.200})"
        )


def jsonable(value: Any, key: str = "payload", depth: int = 0) -> Any:
    """Return a copy of a value that JSON can hold, NaN and infinities turned into None.

    Raises:
        InvalidDumplingPayload: something in it has no JSON form, or it is nested too deeply.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Its digits are counted roughly: to write them all takes quadratic time.
        if value.bit_length() > MAX_BITS:
            raise InvalidDumplingPayload(key, f"a number of over {MAX_DIGITS} digits")
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidDumplingPayload(key, f"text that is not Unicode: {error}") from None
        return value
    if depth >= MAX_DEPTH:
        raise InvalidDumplingPayload(key[:80] + "...", f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, list | tuple):
        return [jsonable(item, f"{key}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            _jsonable_name(name, key): jsonable(item, f"{key}[{name!r:.40}]", depth + 1)
            for name, item in value.items()
        }
    raise InvalidDumplingPayload(key, f"{type(value).__name__} cannot be held by JSON")


#: How deep a payload may be nested: far beyond any use, and well within every JSON reader.
MAX_DEPTH: Final = JSON_DEPTH
#: Digits of a whole number: more are neither written nor read by Python's JSON (see
#: `sys.set_int_max_str_digits`), and refused by hubs.
MAX_DIGITS: Final = 4300
#: Numbers of so many bits have no more digits than that.
MAX_BITS: Final = math.floor(MAX_DIGITS * math.log2(10))


def _jsonable_name(name: Any, key: str) -> Any:
    if isinstance(name, float) and not math.isfinite(name):
        raise InvalidDumplingPayload(key, f"{name!r} cannot be a key in JSON")
    if name is None or isinstance(name, bool | float):
        return name
    if isinstance(name, int):
        return jsonable(name, key)
    if isinstance(name, str):
        return jsonable(name, f"{key}[{name!r:.40}]")
    raise InvalidDumplingPayload(key, f"{name!r:.40}, a {type(name).__name__}, cannot be a key")


def _key(document: Any, key: str, where: str) -> Any:
    if not isinstance(document, dict):
        raise InvalidDumpling(f"not a dumpling: {where} is not an object")
    try:
        return document[key]
    except KeyError:
        raise InvalidDumpling(f"not a dumpling: {where} has no {key!r}") from None


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidDumpling(f"not a dumpling: creation_time is no number: {value!r:.80}")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise InvalidDumpling("not a dumpling: creation_time is out of range")
    return seconds


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
