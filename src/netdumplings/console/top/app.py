"""`TopApp`: the screen, the keys, and the eater that fills it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Final

from rich.terminal_theme import TerminalTheme
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer, Input
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from netdumplings import DumplingEater, Gap
from netdumplings.exceptions import NetDumplingsError
from netdumplings.transport import HubAddress, HubConnection

from ..fleet import Hub, HubStatus, Kitchen
from .feed import Entry, Wanted
from .feed_pane import FeedPane
from .fleet_panes import Eaters, Kitchens
from .hangup import hung_up
from .header import VIEWS, Header, Link, ProblemsOf
from .hub_pane import Hubs
from .lines import Lines
from .picture import Picture
from .sheets import dumpling_sheet, hub_sheet, keys_sheet, kitchen_sheet
from .traffic_panes import LayersPane, NamesPane

#: Seconds between two times that what is on the screen is drawn anew, however much comes.
REFRESH: Final = 0.25
#: What keys do while a filter is typed; the others are letters of it.
_WHILE_TYPING: Final = frozenset({"undo", "leave"})
#: Seconds after which it is drawn though nothing came: spans grow.
AT_LEAST: Final = 1.0


class TopApp(App[None]):
    """The screen of ``nd-top``.

    Args:
        eater: makes the eater, given its handlers.
        hub: the hub's address, or those of several, to be shown until there is a connection.
        past: fetches the latest statuses of a hub, and may take its time.

    Attributes:
        picture: all that is known.
        link: how it stands with the hub.
        failure: what ended it, if that is something to tell.
    """

    CSS_PATH = "top.tcss"
    TITLE = "nd-top"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (140, "-wide")]  # noqa: RUF012  # as it is there
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"view('{view}')", view, show=False) for key, view in VIEWS.items()),
        Binding("p,space", "pause", "Pause", priority=False),
        Binding("slash", "filter", "Filter"),
        Binding("escape", "undo", "Back"),
        Binding("b", "bits", "Bits/packets"),
        Binding("t", "light", "Light/dark", show=False),
        Binding("question_mark", "keys", "Keys"),
        Binding("q", "quit", "Quit"),
        # Also while a filter is typed, where the library would have it copy.
        Binding("ctrl+c", "leave", "Quit", show=False, priority=True),
    ]

    def __init__(
        self,
        eater: Callable[..., DumplingEater],
        hub: str,
        past: Callable[[HubAddress], list[HubStatus]],
    ) -> None:
        super().__init__()
        if self.no_color:
            # Red would be the darkest of greys, where it says what matters most.
            self.ansi_theme_dark, self.ansi_theme_light = _of_one(255), _of_one(0)
        self.picture = Picture()
        self.link = Link(time.monotonic(), several="," in hub)
        self.failure: NetDumplingsError | None = None
        self._hub = hub
        self._past = past
        self._eater = eater(
            on_connect=self._connected, on_connection_lost=self._lost, on_gap=self._missed
        )
        self._eating: Worker[None] | None = None
        self._view = "overview"
        self._drawn = (-1, 0.0)
        self._clock = (0.0, 0.0)

    def compose(self) -> ComposeResult:
        """Make the parts of the screen."""
        yield Header(id="header", markup=False)
        with Vertical(id="body"):
            yield Hubs("hubs")
            yield Kitchens("kitchens")
            with Horizontal(id="middle"):
                yield LayersPane("layers")
                yield NamesPane("names")
                yield Eaters("eaters")
            yield FeedPane("dumplings")
        yield Input(id="filter", compact=True, select_on_focus=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to eat."""
        self.query_one("#filter").display = False
        self._show_view("overview")
        self.set_interval(REFRESH, self.draw)
        self._eating = self.run_worker(self._eat(), exit_on_error=True)
        if not self.is_headless:
            self._end_on_signals()

    async def on_unmount(self) -> None:
        """Let the connection close as it should."""
        if self._eating is not None:
            self._eating.cancel()
            with suppress(WorkerCancelled, WorkerFailed):
                await self._eating.wait()

    # What comes from the hub.

    async def _eat(self) -> None:
        try:
            with ProblemsOf(self.link):
                async with self._eater as eater:
                    async for batch in eater.batches():
                        now = time.monotonic()
                        for text in batch.texts:
                            self.picture.take(text, now)
        except NetDumplingsError as error:
            self.failure = error
            self.exit()

    async def _connected(self, _uri: str, connection: HubConnection) -> None:
        self._hub = str(connection.hub)
        self.link.change("connected", time.monotonic())
        # Before anything new is read, so that all comes in its order.
        for status in await asyncio.to_thread(self._past, connection.hub):
            self.picture.take_past(status)

    async def _lost(self, error: Exception) -> None:
        # A hub that turns somebody away, for want of a token, say, tells why as it closes.
        frame = getattr(error, "rcvd", None)
        said = "" if frame is None else f"{frame.code} {frame.reason}"
        self.link.change("lost", time.monotonic(), said)

    async def _missed(self, gap: Gap) -> None:
        self.picture.take_gap(gap, time.time())

    # What is on the screen.

    def draw(self) -> None:
        """Draw what is in sight, if there is something new."""
        if not self.screen_stack:
            return
        now = time.monotonic()
        changes, drawn = self._drawn
        if self.picture.changes == changes and now - drawn < AT_LEAST:
            return
        self._drawn = (self.picture.changes, now)
        hub = self.picture.fleet.hub
        if hub is not None and hub.time != self._clock[0]:
            self._clock = (hub.time, now)
        # (The default screen's, also while a sheet lies above it.)
        screen = self.screen_stack[0]
        screen.set_class(bool(self.picture.fleet.hubs), "-hubs")
        for header in screen.query(Header):  # which is gone already when it is ending
            header.take(self.picture, self.link, self._hub, self._view, now)
        hub_now = self.hub_now()
        for pane in screen.query(Lines):
            if not pane.is_on_screen and pane.size.height:
                continue
            if isinstance(pane, FeedPane | LayersPane | Hubs):
                pane.take(self.picture)
            elif isinstance(pane, Kitchens | NamesPane | Eaters):
                pane.take(self.picture, hub_now)

    def hub_now(self) -> float:
        """Tell the time, in seconds since the epoch, by the hub's clock."""
        at, seen = self._clock
        return at + time.monotonic() - seen if at else time.time()

    def _show_view(self, view: str) -> None:
        self._view = view
        screen = self.screen_stack[0]
        for other in VIEWS.values():
            screen.set_class(other == view, f"view-{other}")
        screen.query_one(f"#{'kitchens' if view == 'overview' else view}").focus()
        self._draw_now()

    def _draw_now(self) -> None:
        self._drawn = (-1, 0.0)
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw_now()

    # What keys and mouse do.

    def action_view(self, view: str) -> None:
        """Show another view."""
        self._show_view(view)

    def action_pause(self) -> None:
        """Have the dumplings stand still, or go on."""
        pane = self.screen_stack[0].query_one(FeedPane)
        if pane.paused_at is None:
            pane.paused_at = self.picture.feed.taken
        else:
            pane.paused_at = pane.chosen = None
            pane.scroll_home(animate=False)
        self._draw_now()

    def action_filter(self) -> None:
        """Ask what is wanted: of names, where these are chosen, otherwise of dumplings."""
        names = self.query_one(NamesPane)
        asked = self.query_one("#filter", Input)
        of_names = names.has_focus
        asked.name_filter = of_names  # type: ignore[attr-defined]
        asked.placeholder = (
            "part of a name"
            if of_names
            else "words, chef:NAME, kitchen:NAME; NAME may have * and ?"
        )
        asked.value = names.search if of_names else self.picture.feed.wanted.text
        asked.display = True
        asked.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while somebody types."""
        if event.input.display:
            self._filter(event.value)

    def on_input_submitted(self) -> None:
        """Go back to the lines."""
        self._close_filter()

    @property
    def is_filtering(self) -> bool:
        """Whether somebody types a filter."""
        return bool(self.screen_stack) and any(
            asked.display for asked in self.screen_stack[0].query("#filter")
        )

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Let keys that are typed into a filter do nothing else."""
        return action in _WHILE_TYPING or not self.is_filtering

    def on_key(self, event: events.Key) -> None:
        """Type into the filter what was pressed before it had the keys: they may come at once."""
        asked = self.query_one("#filter", Input)
        if not self.is_filtering or asked is event.control:
            return
        if event.key == "enter":
            self._close_filter()
        elif event.is_printable and event.character is not None:
            asked.insert_text_at_cursor(event.character)

    def action_leave(self) -> None:
        """End, whatever is open."""
        self.exit()

    def action_undo(self) -> None:
        """Undo one thing: the line that is typed, the filter, what is chosen, the view."""
        asked, feed = self.query_one("#filter", Input), self.query_one(FeedPane)
        names = self.query_one(NamesPane)
        if asked.display:
            self._filter("")
            self._close_filter()
        elif names.search and names.has_focus:
            names.search = ""
        elif feed.paused_at is not None:
            self.action_pause()
        elif self.picture.feed.wanted.text:
            self.picture.feed.filter(Wanted())
        elif names.search:
            names.search = ""
        else:
            for pane in self.query(Lines):
                pane.chosen = None
            self._show_view("overview")
        self._draw_now()

    def action_bits(self) -> None:
        """Show layers by bits, or by packets again."""
        pane = self.query_one(LayersPane)
        pane.by_bits = not pane.by_bits
        self._draw_now()

    def action_light(self) -> None:
        """Change between light and dark."""
        light = self.current_theme.dark
        self.theme = "textual-light" if light else "textual-dark"

    def action_keys(self) -> None:
        """Show all keys."""
        self.push_screen(keys_sheet())

    def on_lines_opened(self, event: Lines.Opened) -> None:
        """Open a kitchen or a dumpling."""
        if isinstance(event.item, Kitchen):
            self.push_screen(kitchen_sheet(event.item, self.hub_now))
        elif isinstance(event.item, Hub):
            self.push_screen(hub_sheet(event.item))
        elif isinstance(event.item, Entry):
            self.push_screen(dumpling_sheet(event.item))

    def _filter(self, text: str) -> None:
        asked = self.query_one("#filter", Input)
        if getattr(asked, "name_filter", False):
            self.query_one(NamesPane).search = text.strip()
        else:
            self.picture.feed.filter(Wanted(text))
        self._draw_now()

    def _close_filter(self) -> None:
        asked = self.query_one("#filter", Input)
        asked.display = False
        if getattr(asked, "name_filter", False):
            self.query_one(NamesPane).focus()
        else:
            self.query_one(FeedPane).focus()

    def _end_on_signals(self) -> None:
        """Let signals end it as q does, so that the terminal is as it was."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError):  # Windows
                loop.add_signal_handler(number, self.exit)
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
            signal.signal(hangup, lambda *_: hung_up(loop, self.exit))


def _of_one(grey: int) -> TerminalTheme:
    """Make a theme in which all colors are one."""
    one = (grey, grey, grey)
    return TerminalTheme((255 - grey,) * 3, one, [one] * 8)
