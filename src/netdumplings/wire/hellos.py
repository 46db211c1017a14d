"""The first message that a kitchen or an eater sends to a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from .codec import decode_eater_hello, decode_kitchen_hello
from .limits import LIMITS
from .refusals import Refusal

#: Bytes of an announcement: in ``netdumplings.v2`` the first message has a session, a number and
#: perhaps a token besides.
MAX_ANNOUNCEMENT: Final = LIMITS.hello - 2048
_ALWAYS: Final = ("kitchen_name", "interface", "filter", "chefs", "poke_interval")
#: Characters of the texts in an announcement that is cut.
_CUT: Final = 1000


def kitchen_hello(
    name: str,
    interface: str | Sequence[str],
    filter: str,
    chefs: Sequence[str],
    poke_interval: float,
    *,
    cut: bool = False,
    **more: Any,
) -> str:
    """Write the first message of a kitchen.

    Args:
        name: the kitchen's name, at most 256 characters.
        interface: where its packets come from.
        filter: its packet filter, in pcap-filter(7) language.
        chefs: its chefs, each as ``module.ClassName``.
        poke_interval: seconds between two calls of an interval handler.
        cut: shorten it where it is too long: the interface and the filter, if they are long, end
            in ``...``, the last chefs are not named (``chefs_left_out`` says how many), and if
            that is not enough, what there is more is left out.
        **more: whatever else it wants to announce; any JSON values.

    Returns:
        JSON text.

    Raises:
        ValueError: a hub would refuse it (the name is too long, or all of it).
    """
    announcement = {
        "kitchen_name": name,
        "interface": interface,
        "filter": filter,
        "chefs": list(chefs),
        "poke_interval": poke_interval,
        **more,
    }
    text = msgspec.json.encode(announcement)
    if cut and len(text) > MAX_ANNOUNCEMENT:
        text = msgspec.json.encode(_cut(announcement, chefs))
    return _checked(text, decode_kitchen_hello(text))


def _cut(announcement: dict[str, Any], chefs: Sequence[str]) -> dict[str, Any]:
    """Name only so many chefs that there is room for everything."""
    for key in ("interface", "filter"):
        told = announcement[key]
        told = told if isinstance(told, str) else ", ".join(told)
        if len(told) > _CUT:
            announcement[key] = told[:_CUT] + "..."
    left = {**announcement, "chefs": [], "chefs_left_out": len(chefs)}
    for key in ("", *(key for key in announcement if key not in _ALWAYS)):
        left.pop(key, None)
        room = MAX_ANNOUNCEMENT - len(msgspec.json.encode(left))
        if room >= 0:
            break
    for chef in chefs:
        room -= len(msgspec.json.encode(chef)) + 1
        if room < 0:
            break
        left["chefs"].append(chef)
    left["chefs_left_out"] -= len(left["chefs"])
    return left


def eater_hello(name: str, **more: Any) -> str:
    """Write the first message of an eater.

    Args:
        name: the eater's name, at most 256 characters.
        **more: whatever else it wants to announce; any JSON values.

    Returns:
        JSON text.

    Raises:
        ValueError: a hub would refuse it (the name is too long, or all of it).
    """
    text = msgspec.json.encode({"eater_name": name, **more})
    return _checked(text, decode_eater_hello(text))


def _checked(text: bytes, outcome: object) -> str:
    if isinstance(outcome, Refusal):
        raise ValueError(outcome.reason)
    if len(text) > MAX_ANNOUNCEMENT:
        raise ValueError(f"what is announced is over {MAX_ANNOUNCEMENT} bytes long")
    return text.decode()
