"""What chefs are expected to tell of real captures."""

from __future__ import annotations

import json
import os
from pathlib import Path

from netdumplings import DumplingChef, DumplingKitchen

EXPECTED = Path(__file__).parents[1] / "dumplingchefs" / "expected"
#: Set in the environment, it has what is expected written anew.
UPDATE = "NETDUMPLINGS_UPDATE_EXPECTED"


def assert_told(chef: type[DumplingChef], capture: Path, name: str) -> None:
    """See that what a chef tells of a capture is what is expected.

    Args:
        chef: its class.
        capture: the capture.
        name: the folder of what is expected, in a file named after the capture: a dumpling a line.
    """
    kitchen = DumplingKitchen(read=capture, filter="", chefs=[chef], poke_interval=1e9)
    lines = [
        json.dumps(
            {
                "chef": dumpling.chef_name,
                "driver": dumpling.driver.value,
                "payload": dumpling.payload,
            }
        )
        for dumpling in kitchen
    ]
    expected = EXPECTED / name / f"{capture.name}.jsonl"
    if UPDATE in os.environ:
        expected.parent.mkdir(parents=True, exist_ok=True)
        expected.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    told = [json.loads(line) for line in lines]
    assert told == [json.loads(line) for line in expected.read_text(encoding="utf-8").splitlines()]
