"""The hub's page under load: how long its frames take, and what memory.

Two things make a frame late: the page's own work, and a machine that has no time for it. So each is
told, and an empty page that is looked at in the same way, under the same load, is the baseline:

- *frame*: milliseconds from one frame to the next, as requestAnimationFrame has them;
- *task*: milliseconds by the clock that one task of the page took (PerformanceObserver, "longtask",
  which tells of those over 50 only);
- *own*: milliseconds of a processor that one task of the page's main thread took, whatever else the
  machine did meanwhile. This one is what the page itself can be held to;
- *waited*: the share of the time in which that thread had something to do and got no processor, as
  Linux counts it. Where that is much, late frames say nothing of the page: they are told, and
  forgiven.

Its memory is what its process has for itself alone. What is resident is some 120 MiB more, with
an empty page too: the browser's own program, which all of its processes share.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from support.browser import BROWSER, FLAGS
from support.hubs import Hub
from support.live_page import Complaints

from .page_load import send

#: What is looked at: the view, and what is searched for in it.
VIEWS: Final = {
    "now": ("now", ""),
    "fleet": ("fleet", ""),
    "dumplings": ("dumplings", ""),
    "dumplings, searched": ("dumplings", "443"),
    "chefs": ("chefs", ""),
}
EMPTY: Final = "an empty page"
MOST_MS: Final = 50.0
#: Of the time, from which on the machine is too busy to say how late a page's frames are.
TOO_BUSY: Final = 0.01
MOST_BYTES: Final = 200 * 2**20

_MEASURE = """
window.measured = { frames: [], tasks: [] };
let before = null;
requestAnimationFrame(function tick(now) {
  if (before !== null) measured.frames.push(now - before);
  before = now;
  requestAnimationFrame(tick);
});
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) measured.tasks.push(duration);
}).observe({ type: "longtask" });
"""


class Look(NamedTuple):
    """What a page was like.

    Attributes:
        frames: milliseconds from each frame to the next.
        tasks: milliseconds by the clock of each task that took over 50.
        own: milliseconds of a processor of each task of the main thread over one.
        waited: share of the time for which its main thread waited for a processor.
        heap: bytes of JavaScript.
        resident: bytes that the page's process has, with what it shares with the browser.
        private: those that are its own alone.
        nodes: in the document, whether attached to it or not.
        elements: that are attached.
        complaints: errors in the console, requests to elsewhere.
    """

    frames: list[float]
    tasks: list[float]
    own: list[float]
    waited: float
    heap: int
    resident: int
    private: int
    nodes: int
    elements: int
    complaints: list[str]

    def faults(self) -> list[str]:
        """What is not as it should be."""
        wrong = {
            f"a task of its own took {_most(self.own):.0f} ms": _most(self.own) >= MOST_MS,
            f"{_part(self.frames, 0.99):.0f} ms at the 99th percentile of frames": (
                _part(self.frames, 0.99) >= MOST_MS and self.waited < TOO_BUSY
            ),
            f"{self.private / 2**20:.0f} MiB of its own": self.private >= MOST_BYTES,
            f"complaints: {self.complaints}": bool(self.complaints),
        }
        return [what for what, so in wrong.items() if so]

    def __str__(self) -> str:
        return (
            f"frame {_part(self.frames, 0.5):.0f} (99%: {_part(self.frames, 0.99):.0f}, "
            f"most: {_most(self.frames):.0f}) of {len(self.frames)}, "
            f"{len(self.tasks)} tasks over 50 (most: {_most(self.tasks):.0f}), "
            f"own (99.9%: {_part(self.own, 0.999):.0f}, most: {_most(self.own):.0f}) ms, "
            f"waited {self.waited:.1%}; heap {self.heap / 2**20:.0f}, "
            f"process {self.resident / 2**20:.0f} ({self.private / 2**20:.0f} its own) MiB; "
            f"{self.elements} elements, {self.nodes} nodes"
        )


async def look(
    browser: Browser, in_port: int, out_port: int, name: str, seconds: float, rate: int
) -> Look:
    """Look at one view for so long, with a kitchen sending.

    Args:
        browser: which does little else meanwhile.
        in_port: of a hub.
        out_port: likewise.
        name: one of `VIEWS`, or `EMPTY`.
        seconds: how long.
        rate: dumplings a second.
    """
    begun = asyncio.Event()
    async with _sending(in_port, rate, begun):
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.add_init_script(_MEASURE)
        complaints = Complaints(page)
        await begun.wait()
        if name == EMPTY:
            await page.goto("data:text/html,<title>nothing</title>")
        else:
            view, text = VIEWS[name]
            await page.goto(f"http://localhost:{out_port}/#{view}")
            await page.wait_for_selector("[data-connection=open]")
            if text:
                await page.get_by_label("Search in dumplings").fill(text)
        process = await _process(page)
        tasks = await _Tasks.begin(browser)
        await page.evaluate("measured.frames.length = measured.tasks.length = 0")
        waited = _waited(process)
        await asyncio.sleep(seconds)
        measured = await page.evaluate("measured")
        share = (_waited(process) - waited) / seconds
        own = await tasks.end(process)
        found = await _sized(page, process, measured, own, share, complaints)
        await page.close()
        return found


async def _sized(
    page: Page,
    process: int,
    measured: dict[str, list[float]],
    own: list[float],
    waited: float,
    complaints: Complaints,
) -> Look:
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    told = (await session.send("Performance.getMetrics"))["metrics"]
    metrics = {metric["name"]: int(metric["value"]) for metric in told}
    resident, private = _memory(process)
    return Look(
        measured["frames"], measured["tasks"], own, waited, metrics["JSHeapUsedSize"], resident,
        private, metrics["Nodes"], await page.evaluate("document.querySelectorAll('*').length"),
        complaints.unexpected,
    )  # fmt: skip


async def _process(page: Page) -> int:
    """Which process has the page; the browser keeps another one ready, which has nothing to do."""
    browser = page.context.browser
    assert browser
    session = await browser.new_browser_cdp_session()

    async def spent() -> dict[int, float]:
        told = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        return {one["id"]: float(one["cpuTime"]) for one in told if one["type"] == "renderer"}

    before = await spent()
    await page.evaluate("for (const until = performance.now() + 200; performance.now() < until; );")
    after = await spent()
    return max(after, key=lambda process: after[process] - before.get(process, 0.0))


def _memory(process: int) -> tuple[int, int]:
    """Bytes of a process: resident, and of these private (proc_pid_smaps(5))."""
    told = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    sizes = {name: 1024 * int(size) for name, size in re.findall(r"(\w+): +(\d+) kB", told)}
    return sizes["Rss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


def _waited(process: int) -> float:
    """Seconds that the main thread of a process was ready and had no processor (schedstats)."""
    told = Path(f"/proc/{process}/task/{process}/schedstat").read_text(encoding="ascii")
    return int(told.split()[1]) / 1e9


class _Tasks:
    """What each task of the page's main thread took of a processor, by the browser's own trace."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._tasks: list[dict[str, Any]] = []
        self._complete = asyncio.Event()
        session.on("Tracing.dataCollected", self._collect)
        session.on("Tracing.tracingComplete", lambda _: self._complete.set())

    def _collect(self, told: dict[str, Any]) -> None:
        self._tasks += [event for event in told["value"] if event["name"] == "RunTask"]

    @classmethod
    async def begin(cls, browser: Browser) -> _Tasks:
        tasks = cls(await browser.new_browser_cdp_session())
        await tasks._session.send(
            "Tracing.start",
            {
                "transferMode": "ReportEvents",
                "traceConfig": {
                    "includedCategories": ["disabled-by-default-devtools.timeline"],
                    "excludedCategories": ["*"],
                },
            },
        )
        return tasks

    async def end(self, process: int) -> list[float]:
        """Milliseconds of each task over one of the main thread of a process.

        The first second is left out: it is that of the tracing itself.
        """
        await self._session.send("Tracing.end")
        await self._complete.wait()
        tasks = [task for task in self._tasks if task["tid"] == process]
        begun = min((task["ts"] for task in tasks), default=0) + 1e6
        return [task["tdur"] / 1000 for task in tasks
                if task["ts"] > begun and task.get("tdur", 0) > 1000]  # fmt: skip


@contextlib.asynccontextmanager
async def _sending(in_port: int, rate: int, begun: asyncio.Event) -> AsyncIterator[None]:
    sending = asyncio.create_task(send(in_port, rate, begun))
    try:
        yield
    finally:
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending


async def _look_anew(hub: Hub, name: str, seconds: float, rate: int) -> Look:
    """Look at one view, in a browser of its own."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        try:
            return await look(browser, hub.in_port, hub.out_port, name, seconds, rate)
        finally:
            await browser.close()


def soak_page(seconds: float, rate: int, views: list[str]) -> bool:
    """Look at every view in turn; return whether something was wrong."""
    bad = False
    with Hub(0, 0, "-f", "1") as hub:
        for name in [EMPTY, *(views or VIEWS)]:
            found = asyncio.run(_look_anew(hub, name, seconds, rate))
            faults = [] if name == EMPTY else found.faults()
            bad |= bool(faults)
            verdict = (
                "the baseline"
                if name == EMPTY
                else "; ".join(["BAD", *faults])
                if faults
                else "good"
            )
            print(f"page, {name}: {found}: {verdict}", flush=True)
    return bad


def _most(values: list[float]) -> float:
    return max(values, default=0.0)


def _part(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))] if values else 0.0
