"""What all chefs in the box tell of a made-up minute, and the tutorial's of its capture."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from netdumplings import DumplingChef, DumplingKitchen, dumplingchefs
from netdumplings.capture import write_pcap
from netdumplings.testing import load_chef
from support.tutorial import blocks, changed

from .fleet import NOW
from .menu import DURATION, menu_packets

TUTORIAL: Final = Path(__file__).resolve().parents[2] / "docs/tutorial/a-chef-of-your-own.md"
#: What the page calls the cards of chefs that do not say it themselves.
_CALLED: Final = {
    "PacketCountChef": "Packets by layer",
    "DNSLookupChef": "Names looked up",
    "ARPChef": "ARP table",
}

Chefs = list[type[DumplingChef]]


def title(chef: type[DumplingChef]) -> str:
    """What stands over a chef's card."""
    display: dict[str, Any] = getattr(chef, "display", None) or {}
    return str(display.get("title") or _CALLED.get(chef.__name__, chef.__name__))


def of_the_box() -> tuple[Chefs, list[str]]:
    """The chefs in the box, and the dumplings they make of a minute, as JSON."""
    chefs: Chefs = [getattr(dumplingchefs, name) for name in dumplingchefs.__all__]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "menu.pcap"
        write_pcap(path, menu_packets(NOW - DURATION))
        return chefs, _dumplings(path, chefs, 5.0)


def of_the_tutorial(into: Path) -> tuple[Chefs, list[str]]:
    """The chef that the tutorial ends with, but for its last title, and its dumplings.

    Args:
        into: a directory for its files.
    """
    for block in blocks(TUTORIAL.read_text(encoding="utf-8")):
        file = into / block.caption
        if block.language == "python":
            file.write_text(block.body)
        elif block.language == "diff" and "Names that do not exist" not in block.body:
            file.write_text(changed(file.read_text(), block.body))
    subprocess.run([sys.executable, "make_capture.py"], cwd=into, check=True)
    chefs = [load_chef(into / "failed_lookup_chef.py")]
    return chefs, _dumplings(into / "office.pcap", chefs, 30.0)


def _dumplings(path: Path, chefs: Sequence[type[DumplingChef]], interval: float) -> list[str]:
    kitchen = DumplingKitchen(
        name="office", read=str(path), filter="", chefs=list(chefs), poke_interval=interval
    )
    return [dumpling.to_json() for dumpling in kitchen]
