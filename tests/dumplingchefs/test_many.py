"""Chefs that remember flows keep to their bounds; ``./dev soak many`` tries it with a million."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from netdumplings import dumplingchefs

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

many = importlib.import_module("tests.soak.many")

#: One part of so many of what a chef remembers otherwise.
PART = 16
#: Bytes of what does not grow with it: a batch's columns, dumplings, errors that were told.
BESIDES = 1_600_000


SCALED = [claim for claim in many.CLAIMS if claim.sizes]


@pytest.mark.parametrize("claim", SCALED, ids=lambda claim: f"{claim.chef.__name__}, {claim.of}")
def test_a_chef_takes_no_more_memory_than_it_says(claim: Any) -> None:
    sizes = {name: getattr(claim.chef, name) // PART for name in claim.sizes}
    small = type("Small", (claim.chef,), sizes)
    held = many.held(small(), claim.pattern, 8_000, claim.a_second)
    assert held < claim.most / PART + BESIDES


def test_of_every_chef_in_the_box_it_is_tried() -> None:
    assert {claim.chef.__name__ for claim in many.CLAIMS} == set(dumplingchefs.__all__)
