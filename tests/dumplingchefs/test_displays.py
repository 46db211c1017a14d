"""What the chefs in the box say of how they are shown is in what they tell."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import reduce
from typing import Any

import pytest

from netdumplings.kitchen.displays import displays_of
from shots.cards import of_the_box

#: Columns of what seldom happens, and did not in the minute that the pictures are of.
RARE = {"ARPGuardChef": {"ether_src", "vlan"}}


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """How the chefs are shown, and the payloads of a made-up minute, by chef."""
    chefs, cooked = of_the_box()
    payloads = defaultdict(list)
    for dumpling in map(json.loads, cooked):
        payloads[dumpling["metadata"]["chef"]].append(dumpling["payload"])
    assert payloads.keys() == {chef.__name__ for chef in chefs}
    return displays_of(chefs), payloads


def test_every_column_key_and_value_is_there(
    told: tuple[dict[str, Any], dict[str, list[Any]]],
) -> None:
    displays, payloads = told
    assert len(displays) >= 11
    for chef, display in displays.items():
        parts = [
            part for payload in payloads[chef] if (part := reduce(_inside, display["of"], payload))
        ]
        assert parts, f"{chef} tells nothing of what it wants to have shown"
        rows = [row for part in parts for row in (part if isinstance(part, list) else [part])]
        named = {*display.get("columns", ())}
        named |= {display[one] for one in ("key", "value", "conflict") if one in display}
        assert named
        missing = named - {key for row in rows for key in row}
        assert missing == RARE.get(chef, set()), chef


def _inside(part: Any, key: str) -> Any:
    return part.get(key) if isinstance(part, dict) else None
