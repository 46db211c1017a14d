"""What a hub may take, said once more, by Python's own JSON reader and none of our code."""

from __future__ import annotations

import json
import math
from typing import Any

from netdumplings.wire import CAUSES, Hello, Limits, Refusal


def may_be_taken(text: bytes, limits: Limits) -> bool:
    """Tell whether a dumpling is within what the documentation says of dumplings."""
    if len(text) > limits.message:
        return False
    try:
        document = json.loads(text.decode(), parse_constant=_refuse, parse_int=_whole)
        json.dumps(document, ensure_ascii=False).encode()  # no half of a surrogate pair
        metadata, _payload = document["metadata"], document["payload"]
        chef, kitchen = metadata["chef"], metadata["kitchen"]
        time, driver = metadata["creation_time"], metadata["driver"]
        finite = not isinstance(time, bool) and math.isfinite(float(time))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return False
    return (
        levels(document) <= limits.depth + 1
        and isinstance(chef, str)
        and len(chef) <= 256
        and chef != "SystemStatusChef"
        and (kitchen is None or (isinstance(kitchen, str) and len(kitchen) <= 256))
        and isinstance(time, int | float)
        and finite
        and driver in ("packet", "interval")
    )


def check_refusal(refusal: Refusal) -> None:
    """Check that a refusal fits into a close frame, a log line and the hub's counts."""
    assert refusal.reason.isascii()
    assert refusal.reason.isprintable()
    assert 0 < len(refusal.reason) <= 123
    assert refusal.cause in CAUSES
    assert 1000 < refusal.code < 5000


def check_hello(hello: Hello, limits: Limits) -> None:
    """Check that what a peer announces can be shown to anybody."""
    assert len(hello.name) <= 256
    assert len(hello.announcement) <= limits.hello
    announced = json.loads(hello.announcement)
    assert hello.name in (announced.get("kitchen_name"), announced.get("eater_name"))
    assert "token" not in announced
    assert levels(announced) <= 16
    assert hello.token is None or len(hello.token) <= 1024


def levels(value: Any) -> int:
    """Count the levels of lists and objects."""
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(levels, value), default=0)
    return 0


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > 4300:
        raise ValueError("too long")
    return int(digits)
