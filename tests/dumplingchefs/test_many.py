"""Chefs that remember flows keep to their bounds; ``./dev soak many`` tries it with a million."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

many = importlib.import_module("tests.soak.many")

#: One part of so many of what a chef remembers otherwise.
PART = 16
#: Bytes of what does not grow with it: a batch's columns, dumplings, errors that were told.
BESIDES = 1_600_000


@pytest.mark.parametrize("claim", many.CLAIMS)
def test_a_chef_takes_no_more_memory_than_it_says(claim: Any) -> None:
    sizes = {name: getattr(claim.chef, name, 0) // PART for name in ("size", "pairs")}
    small = type("Small", (claim.chef,), sizes)
    assert many.held(small(), claim.transport, 10_000) < claim.most / PART + BESIDES
