"""The way of somebody who has just come: a fresh clone, one command, a page with live numbers."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from playwright.async_api import Page, async_playwright

from support.browser import BROWSER, FLAGS

ROOT: Final = Path(__file__).resolve().parents[2]
#: Seconds that each step may take before it is given up.
PATIENCE: Final = 300
PAGE: Final = re.compile(rb"the page to look at is (http://\S+)")
#: What shows that the page lives: so many packets a second.
NUMBER: Final = ".figure .big"


def newcomer() -> bool:
    """Go that way, say how long each step took; return whether one could not be gone."""
    if BROWSER is None:
        sys.exit("newcomer: there is no Chromium to open the page in")
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_go(Path(directory)))


async def _go(directory: Path) -> bool:
    clone = directory / "netdumplings"
    _clone(clone)
    began = time.monotonic()

    def step(what: str) -> None:
        print(f"newcomer: {time.monotonic() - began:6.1f} s: {what}", flush=True)

    print("newcomer:    0.0 s: ./dev demo, in a fresh clone without .venv and with an empty cache")
    with _demo(clone, directory) as output:
        address = await asyncio.wait_for(asyncio.to_thread(_address, output), PATIENCE)
        step(f"it says where to look: {address}")
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
            page = await browser.new_page()
            opened = time.monotonic()
            await page.goto(address)
            step("the page is open")
            await _wait_for_numbers(page)
            step(f"it has live numbers, {time.monotonic() - opened:.1f} s after it was opened")
            await page.goto(f"{address}#dumplings")
            dumpling = page.locator("[role=grid] [role=row]", has_text="PacketCountChef").first
            await dumpling.wait_for(timeout=PATIENCE * 1000)
            step("it shows dumplings")
            await browser.close()
    return False


def _clone(clone: Path) -> None:
    """Copy what is tracked, as it is now: no more than that is in anybody's clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    for name in filter(None, map(os.fsdecode, listed)):
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


@contextmanager
def _demo(clone: Path, home: Path) -> Iterator[IO[bytes]]:
    environment = {**os.environ, "PIP_NO_CACHE_DIR": "1", "XDG_CONFIG_HOME": str(home / "none")}
    process = subprocess.Popen(
        # The ports that it has by default may be another's here.
        ["./dev", "demo", "--in-port", "0", "--out-port", "0"],
        cwd=clone, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        yield process.stderr
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def _address(output: IO[bytes]) -> str:
    said = b""
    for line in output:
        said += line
        if found := PAGE.search(line):
            return found[1].decode()
    sys.exit(f"newcomer: it did not say where to look: {said.decode(errors='replace')}")


async def _wait_for_numbers(page: Page) -> None:
    await page.wait_for_function(
        "(place) => /^[1-9]/.test(document.querySelector(place)?.textContent ?? '')",
        arg=NUMBER,
        timeout=PATIENCE * 1000,
    )
