"""What ``./dev fuzz`` feeds with atheris holds for its seeds and their mutations, without it."""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

targets = importlib.import_module("tests.fuzz.atheris.targets")
seeds = importlib.import_module("tests.fuzz.atheris.seeds")
mutation = importlib.import_module("tests.soak.mutation")


@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_target_takes_its_seeds_and_their_mutations(name: str) -> None:
    target, inputs = targets.TARGETS[name], seeds.SEEDS[name]
    chance = random.Random(7)
    for seed in inputs:
        target(seed)
    for _ in range(60 if name == "packets" else 300):
        target(mutation.mutated(chance, chance.choice(inputs), inputs))


def test_every_target_has_seeds() -> None:
    assert set(seeds.SEEDS) == set(targets.TARGETS)


def test_a_target_finds_what_it_is_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that let a number through that is none: eaters could not read the dumpling."""
    monkeypatch.setattr(targets, "check_dumpling", lambda line: "refused")
    with pytest.raises(AssertionError):
        for seed in seeds.SEEDS["peers"]:
            targets.TARGETS["peers"](seed)
