"""The first message that a kitchen or an eater sends to a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .codec import Refusal, decode_eater_hello, decode_kitchen_hello


def kitchen_hello(
    name: str,
    interface: str | Sequence[str],
    filter: str,
    chefs: Sequence[str],
    poke_interval: float,
    **more: Any,
) -> str:
    """Write the first message of a kitchen.

    Args:
        name: the kitchen's name, at most 256 characters.
        interface: where its packets come from.
        filter: its packet filter, in pcap-filter(7) language.
        chefs: its chefs, each as ``module.ClassName``.
        poke_interval: seconds between two calls of an interval handler.
        **more: whatever else it wants to announce; any JSON values.

    Returns:
        JSON text.

    Raises:
        ValueError: a hub would refuse it (the name is too long, or all of it is over 64 KiB).
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
    return _checked(text, decode_kitchen_hello(text))


def eater_hello(name: str, **more: Any) -> str:
    """Write the first message of an eater.

    Args:
        name: the eater's name, at most 256 characters.
        **more: whatever else it wants to announce; any JSON values.

    Returns:
        JSON text.

    Raises:
        ValueError: a hub would refuse it (the name is too long, or all of it is over 64 KiB).
    """
    text = msgspec.json.encode({"eater_name": name, **more})
    return _checked(text, decode_eater_hello(text))


def _checked(text: bytes, outcome: object) -> str:
    if isinstance(outcome, Refusal):
        raise ValueError(outcome.reason)
    return text.decode()
