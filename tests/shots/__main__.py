"""Take pictures of the hub's page for the documentation: ``./dev shots [DIRECTORY]``.

A real hub serves it, and its dumplings; what it has told of kitchens in the last five minutes is
made up, so that the pictures are the same each time.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

# As the tests have it: what they share lies in `support`, beside this package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.browser import BROWSER
from support.hub_peers import running_hub
from support.v2_peers import v2_kitchen

from .camera import pictures
from .dishes import THIEF, dishes
from .fleet import of_hubs, statuses
from .palette import png

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


async def take(into: Path) -> None:
    """Take all pictures."""
    cooked = dishes()
    async with running_hub() as hub, v2_kitchen(hub) as kitchen:
        await kitchen.hello()
        await kitchen.send(1, *cooked)
        await kitchen.acknowledged(len(cooked))
        page = f"http://localhost:{hub.out_port}/"
        alone = pictures(page, statuses(), THIEF)
        several = pictures(page, of_hubs(statuses()), THIEF, {"fleet": "hubs"}, ["wide"])
        for some in (alone, several):
            async for name, pixels in some:
                data = png(pixels)
                (into / f"{name}.png").write_bytes(data)
                print(f"{name}.png: {len(data) / 1000:.0f} kB", flush=True)


def main() -> int:
    """Take them into the directory that is named, or into the documentation."""
    if BROWSER is None:
        print("there is no Chromium to show the page in", file=sys.stderr)
        return 1
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
