"""What opens above the rest: all about a kitchen, a dumpling in full, the keys."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from netdumplings.exceptions import InvalidDumplingPayload

from ..color import json_colored
from ..figures import bits, clock, share, short, span
from ..fleet import Hub, Kitchen, hub_troubles, troubles
from ..text import iso_time, printable, printable_json
from .feed import Entry
from .lines import name_of

KEYS: Final = (
    ("1 to 7", "all at once, or one thing alone"),
    ("Tab, Shift+Tab", "the next list, the one before"),
    ("arrows, Home, End", "choose a line; this pauses dumplings"),
    ("Enter, double click", "open the line"),
    ("p, Space", "pause dumplings, or let them go on"),
    ("/", "filter dumplings by words in them, and by"),
    ("", "chef:DNS* or kitchen:cellar; in names, names"),
    ("Escape", "close; go on; show all again; the overview"),
    ("b", "layers by bits, or by packets"),
    ("y", "copy the dumpling that is open"),
    ("t", "light or dark"),
    ("q, Ctrl+C", "quit"),
)


class Sheet(ModalScreen[None]):
    """Text that can be scrolled, above the rest.

    Args:
        title: what it is, with nothing unprintable in it.
        write: writes the text; it is asked again from time to time.
        copied: what `y` copies; None for nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "close", "Close"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, title: str, write: Callable[[], Text], copied: str | None = None) -> None:
        super().__init__()
        self._sheet_title, self._write, self._copied = title, write, copied

    def compose(self) -> ComposeResult:
        """Make its parts."""
        with VerticalScroll(id="sheet"):
            yield Static(self._write(), id="text")

    def on_mount(self) -> None:
        """Begin."""
        sheet = self.query_one("#sheet")
        sheet.border_title = Content(self._sheet_title)
        sheet.border_subtitle = Content("Escape closes" + (", y copies" if self._copied else ""))
        sheet.focus()
        self.set_interval(1.0, self._again)

    def action_close(self) -> None:
        """Go back to the rest."""
        self.dismiss()

    def action_copy(self) -> None:
        """Have the terminal copy it."""
        if self._copied is not None:
            self.app.copy_to_clipboard(self._copied)
            self.app.notify("copied, if your terminal allows it", markup=False)

    def check_action(self, action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Show the key for copying only where there is something to copy."""
        return action != "copy" or self._copied is not None

    def _again(self) -> None:
        self.query_one("#text", Static).update(self._write())


def keys_sheet() -> Sheet:
    """All keys."""
    text = Text("\n").join(Text.assemble((f"{key:21}", "bold"), what) for key, what in KEYS)
    return Sheet("keys", lambda: text)


def dumpling_sheet(entry: Entry) -> Sheet:
    """A dumpling in full, or as much of it as is kept."""
    if entry.is_gap:
        return Sheet("a gap", lambda: Text(entry.text))
    text = Text.assemble(
        (iso_time(entry.time), "dim"), " ", (f"[{entry.driver}]", "yellow"), " ",
        (printable(entry.chef), "bold"), " from ", (name_of(entry.kitchen, "hub"), "cyan"), "\n\n",
    )  # fmt: skip
    if entry.size > len(entry.text):
        text.append(f"the first {len(entry.text):,} of {entry.size:,} characters:\n\n", "yellow")
    text.append_text(_json(entry.text))
    return Sheet("a dumpling", lambda: text, copied=printable(entry.text))


def kitchen_sheet(kitchen: Kitchen, now: Callable[[], float]) -> Sheet:
    """All about a kitchen; ``now`` tells the time by the hub's clock."""
    return Sheet(name_of(kitchen.status.name), lambda: _kitchen(kitchen, now()))


def hub_sheet(hub: Hub) -> Sheet:
    """All about a hub."""
    return Sheet(name_of(hub.status.name), lambda: _hub(hub))


def _json(text: str) -> Text:
    try:
        payload = json.loads(text)["payload"]
        return Text.from_ansi(json_colored(printable_json(payload)))
    except (ValueError, KeyError, TypeError, RecursionError, InvalidDumplingPayload):
        # It was cut, or is nested too deeply.
        return Text(printable(text))


def _line(text: Text, name: str, value: str, style: str = "") -> None:
    text.append(f"{name:14}", "dim")
    text.append(f"{value}\n", style)


def _hub(hub: Hub) -> Text:
    status, backbone, text = hub.status, hub.status.backbone, Text()
    line = partial(_line, text)
    for wrong in hub_troubles(status):
        line("wrong", wrong, "bold red")
    line("eaters at", printable(f"{status.host or '?'}:{status.out_port or '?'}"))
    line("version", printable(status.version or "?"))
    line("up", "?" if status.uptime is None else clock(status.uptime))
    line("heard", f"{span(status.heard)} ago")
    if backbone is not None:
        line("backbone", printable(backbone.server) or "?")
        held = (backbone.messages, "messages"), (backbone.bytes, "bytes")
        line("stream", ", ".join("?" if count is None else f"{count:,} {of}" for count, of in held))
    _counted(text, "dumplings", status.ledger)
    if backbone is not None:
        _counted(text, "to the backbone", backbone.storing)
        _counted(text, "from the backbone", backbone.returning)
    return text


def _kitchen(kitchen: Kitchen, now: float) -> Text:
    status, rates, text = kitchen.status, kitchen.rates, Text()
    line = partial(_line, text)
    for wrong in troubles(kitchen, now):
        line("wrong", wrong, "bold red")
    line("host", printable(f"{status.host or '?'}:{status.port or '?'}"))
    if status.hub is not None:
        line("hub", printable(status.hub))
    line("interface", printable(", ".join(status.interfaces)) or "?")
    line("filter", printable(status.filter) if status.filter else "every packet")
    if status.kernel_filter is not None:
        line("of that", f"what chefs are for: {printable(status.kernel_filter)}")
    line("version", printable(status.version or "?"))
    if rates is not None and not kitchen.gone:
        of_bits = f", {bits(rates.bits)}" if rates.bits is not None else ""
        line("packets", f"{short(rates.packets)}/s{of_bits}")
        line("dumplings", f"{short(rates.dumplings)}/s")
    if status.behind is not None:
        line("behind", span(status.behind))
    if status.loss_share is not None:
        lossy = status.losses.packets > 0
        line("packets lost", share(status.loss_share), "bold red" if lossy else "green")
    _counted(text, "what it counted", status.counts)
    _table(text, "chefs", [
        (printable(name), f"{short(chef.packets)} packets", f"{chef.seconds:.1f} s",
         f"{short(chef.dumplings)} dumplings", f"{short(chef.errors)} errors",
         f"{short(chef.packets_missed)} missed",
         *(["not wanted"] if name in status.not_wanted else []))
        for name, chef in status.chef_counts.items()
    ] or [(printable(chef),) for chef in status.chefs])  # fmt: skip
    _table(text, "traffic", [
        (printable(layer), f"{packets:,} packets", f"{size:,} bytes")
        for layer, (packets, size) in status.traffic.items()
    ])  # fmt: skip
    return text


def _counted(text: Text, title: str, counts: Mapping[str, int]) -> None:
    _table(text, title, [
        (printable(name.replace("_", " ")), f"{count:,}") for name, count in counts.items()
    ])  # fmt: skip


def _table(text: Text, title: str, rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    text.append(f"\n{title}\n", Style(bold=True, underline=True))
    for first, *rest in rows:
        text.append(f"{first:32}", "cyan")
        text.append("".join(f"{value:>18}" for value in rest) + "\n")
