"""What chefs tell of captures, beside what was expected."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from netdumplings import DumplingChef, DumplingKitchen
from netdumplings.capture import CaptureOptions, file_source

EXPECTED: Final = Path(__file__).parents[1] / "dumplingchefs" / "expected"
#: In the environment, it has the expected dumplings written anew.
UPDATE: Final = "NETDUMPLINGS_UPDATE_EXPECTED"


def assert_as_expected(chef: type[DumplingChef], path: Path, folder: str) -> None:
    """See that a chef tells of a capture what lies beside the tests.

    Args:
        chef: its class.
        path: the capture.
        folder: of what is expected, in a file named after the capture: a dumpling a line.
    """
    kitchen = DumplingKitchen(read=path, filter="", chefs=[chef], poke_interval=1e9)
    told = [
        {"chef": each.chef_name, "driver": each.driver.value, "payload": rounded(each.payload)}
        for each in kitchen
    ]
    file = EXPECTED / folder / f"{path.name}.jsonl"
    if os.environ.get(UPDATE):
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(each, separators=(",", ":")) for each in told)
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    expected = file.read_text(encoding="utf-8").splitlines()
    assert told == [rounded(json.loads(line)) for line in expected]


def payloads(chef: DumplingChef, path: Path) -> list[Any]:
    """What a chef tells of a capture, whatever its filter lets through."""
    source = file_source([str(path)], CaptureOptions(filter=""))
    source.open()
    try:
        found: list[Any] = []
        while not source.ended and (packets := source.read(1)) is not None:
            found += chef.batch_handler(packets)  # type: ignore[attr-defined]
        return found
    finally:
        source.close()


def rounded(value: Any) -> Any:
    """A payload whose floats have six decimals."""
    match value:
        case float():
            return round(value, 6)
        case dict():
            return {key: rounded(each) for key, each in value.items()}
        case list():
            return [rounded(each) for each in value]
    return value
