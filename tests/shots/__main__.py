"""Take pictures of the hub's page for the documentation: ``./dev shots [DIRECTORY]``.

A real hub serves it, and its dumplings, which real chefs have made of captures that are generated;
what it has told of kitchens in the last five minutes is made up. So the pictures are the same each
time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

# As the tests have it: what they share lies in `support`, beside this package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from netdumplings import DumplingChef
from netdumplings.kitchen.displays import displays_of
from support.browser import BROWSER
from support.hub_peers import running_hub
from support.v2_peers import v2_kitchen

from .camera import pictures, pictures_of_cards
from .cards import of_the_box, of_the_tutorial, title
from .dishes import THIEF, dishes
from .fleet import of_hubs, statuses
from .palette import Pixels, png

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


async def take(into: Path) -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as directory:
        for some in (whole_pages(), cards(*of_the_box()), cards(*of_the_tutorial(Path(directory)))):
            async for name, pixels in some:
                data = png(pixels)
                (into / f"{name}.png").write_bytes(data)
                print(f"{name}.png: {len(data) / 1000:.0f} kB", flush=True)


async def whole_pages() -> AsyncIterator[tuple[str, Pixels]]:
    """Every view of the page."""
    cooked = dishes()
    async with running_hub() as hub, v2_kitchen(hub) as kitchen:
        await kitchen.hello()
        await kitchen.send(1, *cooked)
        await kitchen.acknowledged(len(cooked))
        page = f"http://localhost:{hub.out_port}/"
        alone = pictures(page, statuses(), THIEF)
        several = pictures(page, of_hubs(statuses()), THIEF, {"fleet": "hubs"}, ["wide"])
        for some in (alone, several):
            async for picture in some:
                yield picture


async def cards(
    chefs: list[type[DumplingChef]], cooked: list[str]
) -> AsyncIterator[tuple[str, Pixels]]:
    """The cards of some chefs that have told something."""
    # How chefs are to be shown is in the hub's status.
    async with running_hub(status_freq=1.0) as hub, v2_kitchen(hub) as kitchen:
        await kitchen.hello(name="office", displays=displays_of(chefs))
        await kitchen.send(1, *cooked)
        await kitchen.acknowledged(len(cooked))
        page = f"http://localhost:{hub.out_port}/"
        titles = {chef.__name__: title(chef) for chef in chefs}
        last = json.loads(cooked[-1])["metadata"]["chef"]
        async for picture in pictures_of_cards(page, titles, last):
            yield picture


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
