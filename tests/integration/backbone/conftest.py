"""A server that tests share; each has a stream of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from support.nats import NatsServer, why_no_servers

_numbers = itertools.count()


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A server that no test harms."""
    if why_no_servers():
        pytest.skip(str(why_no_servers()))
    with NatsServer(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def stream(request: pytest.FixtureRequest) -> str:
    """The name of a stream that no other test has."""
    name = re.sub(r"\W+", "-", request.node.name)
    return f"{name[:50]}-{next(_numbers)}"
