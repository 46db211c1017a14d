"""Fixtures for pytest, which finds them by itself where this package is installed.

They take what they do from `together`. Nothing but pytest is imported until a test asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..chef import DumplingChef
    from .together import CollectingEater, RunningHub, RunningKitchen


@pytest.fixture
def dumpling_hub() -> Iterator[RunningHub]:
    """A hub that runs on free ports of this host."""
    from .together import running_hub

    with running_hub() as hub:
        yield hub


@pytest.fixture
def dumpling_eater(dumpling_hub: RunningHub) -> Iterator[CollectingEater]:
    """An eater of that hub that keeps what it eats."""
    from .together import collecting_eater

    with collecting_eater(dumpling_hub) as eater:
        yield eater


@pytest.fixture
def dumpling_kitchen(dumpling_hub: RunningHub) -> Iterator[Callable[..., RunningKitchen]]:
    """Starts a kitchen of that hub: ``dumpling_kitchen(MyChef, ...)``, as `running_kitchen`."""
    from .together import running_kitchen

    with ExitStack() as kitchens:

        def start(*chefs: type[DumplingChef], **settings: Any) -> RunningKitchen:
            running = running_kitchen(dumpling_hub, *chefs, **settings)
            return kitchens.enter_context(running)

        yield start
