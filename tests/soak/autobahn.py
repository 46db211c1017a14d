"""The fuzzing client of Autobahn|Testsuite against the connections that both ports are made of.

Its cases want an echo, which no port of a hub gives: so this listens as a hub listens, with the
same limits but for sizes, and echoes. The ports themselves are tested by
``tests/integration/test_websocket_conformance.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
from pathlib import Path
from typing import Final, NamedTuple

from websockets.exceptions import ConnectionClosed

from netdumplings.transport.server import Listener, PeerConnection, listen

#: Group 9 sends messages of 16 MiB; 12 and 13 are about compression, which a hub does not offer.
EXCLUDED: Final = ["12.*", "13.*"]
LARGEST: Final = 17 * 2**20
_MANY_FRAMES: Final = "over 1024 frames of a message are refused, on purpose"
#: Cases that are not as Autobahn wants them, and why.
KNOWN: Final = {
    "7.1.5": "a close frame within a message is a protocol error to the WebSocket library",
    **{f"9.{group}.{case}": _MANY_FRAMES for group in (3, 4) for case in (1, 2, 3)},
}
#: What Autobahn says of a case that is as it should be. NON-STRICT: as RFC 6455 has it, but not as
#: early or as late as it could be; UNIMPLEMENTED: what need not be.
GOOD: Final = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}


class Verdicts(NamedTuple):
    """What Autobahn said.

    Attributes:
        cases: how many there were.
        told: how many had which verdict, of the behaviour and of the end of the connection.
        bad: the cases that were not as they should be, with their verdicts.
    """

    cases: int
    told: dict[str, int]
    bad: dict[str, str]


def fuzz(wstest: str, cases: list[str], directory: Path) -> Verdicts:
    """Run the fuzzing client.

    Args:
        wstest: the command.
        cases: which, such as ``5.*``.
        directory: where it may write its reports.
    """
    return asyncio.run(_fuzz(wstest, cases, directory))


async def _fuzz(wstest: str, cases: list[str], directory: Path) -> Verdicts:
    listener = await _echoing()
    specification = directory / "fuzzingclient.json"
    specification.write_text(
        json.dumps(
            {
                "outdir": str(directory / "reports"),
                "servers": [{"agent": "hub", "url": f"ws://127.0.0.1:{listener.port}"}],
                "cases": cases,
                "exclude-cases": EXCLUDED,
                "exclude-agent-cases": {},
            }
        )
    )
    command = [*shlex.split(wstest), "-m", "fuzzingclient", "-s", str(specification)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    status = await process.wait()
    listener.abort()
    await listener.stop()
    if status != 0:
        raise SystemExit(f"{wstest}: exit status {status}")
    return _verdicts(json.loads((directory / "reports" / "index.json").read_text())["hub"])


async def _echoing() -> Listener:
    async def echo(connection: PeerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            assert connection.admit() is None
            async for message in connection:
                await connection.send(message)

    return await listen(
        echo, "127.0.0.1", 0, max_size=LARGEST, max_hello=LARGEST, open_timeout=60.0
    )


def _verdicts(index: dict[str, dict[str, str]]) -> Verdicts:
    told: dict[str, int] = {}
    bad = {}
    for case, verdict in index.items():
        both = verdict["behavior"], verdict["behaviorClose"]
        for one in both:
            told[one] = told.get(one, 0) + 1
        if not GOOD.issuperset(both):
            bad[case] = " and ".join(both)
    return Verdicts(len(index), told, bad)
