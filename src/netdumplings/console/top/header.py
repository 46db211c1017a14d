"""The lines at the top: the hub, whether it is there, the totals, and which view is shown."""

from __future__ import annotations

import logging
import re
from typing import Final

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from ..figures import bits, clock, share, short, span
from ..fleet import Fleet, backbone_troubles
from ..status import imbalances
from ..text import iso_time, printable
from .picture import Picture

#: What can be shown, by the key for it.
VIEWS: Final = {
    "1": "overview",
    "2": "kitchens",
    "3": "layers",
    "4": "names",
    "5": "dumplings",
    "6": "eaters",
    "7": "hubs",
}
_ALWAYS: Final = tuple(view for view in VIEWS.values() if view != "hubs")
#: Seconds after which a hub that tells no status is said to tell none.
SILENT: Final = 20.0


class Link:
    """How it stands with the connection.

    Args:
        now: by a clock that only goes forward.
        several: whether there are several hubs, so that a problem is one of theirs.

    Attributes:
        several: likewise.
        state: ``waiting``, ``connected`` or ``lost``.
        since: since when, by a clock that only goes forward.
        problem: what was said of it last.
    """

    def __init__(self, now: float, *, several: bool = False) -> None:
        self.several = several
        self.state, self.since, self.problem = "waiting", now, ""

    def change(self, state: str, now: float, problem: str = "") -> None:
        """Take note of another state."""
        self.state, self.since, self.problem = state, now, problem


class ProblemsOf(logging.Handler):
    """Keeps what the eater logs of a connection that it cannot make; a context manager.

    Args:
        link: to where.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(logging.WARNING)
        self._link = link
        self._logger = logging.getLogger("netdumplings.eater")
        self._level = self._logger.level

    def __enter__(self) -> None:
        self._logger.addHandler(self)
        if not self._logger.isEnabledFor(logging.WARNING):
            # It is for the screen, however little is to be logged.
            self._logger.setLevel(logging.WARNING)

    def __exit__(self, *_error: object) -> None:
        self._logger.setLevel(self._level)
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, unless all is well by now."""
        if self._link.state != "connected":
            said = record.getMessage()
            # What is in brackets is why; that there is no hub is on the screen already.
            why = None if self._link.several else re.search(r"\((.*)\)", said)
            self._link.problem = (why[1] if why else said)[:500]


class Header(Static):
    """Three lines at the top."""

    def take(self, picture: Picture, link: Link, hub: str, view: str, now: float) -> None:
        """Show what is known now; ``now`` is by the link's clock."""
        width = self.size.width
        lines = [
            _hub(picture, link, hub, now),
            _totals(picture, link, now, width),
            _views(view, picture, width),
        ]
        for line in lines:
            line.truncate(max(1, width), overflow="ellipsis")
        self.update(Text("\n").join(lines))


def _hub(picture: Picture, link: Link, hub: str, now: float) -> Text:
    line = Text.assemble((" nd-top ", "bold reverse"), " ", (printable(hub), "bold"), "  ")
    for_long = span(max(0, int(now - link.since)))
    if link.state == "connected":
        line.append("● connected", "green")
        if picture.fleet.hub is not None and picture.fleet.hub.name is not None:
            line.append(f" to {printable(picture.fleet.hub.name)}")
    elif link.state == "lost":
        line.append(f"■ LOST THE HUB {for_long} ago, trying again", "bold red")
    else:
        line.append(f"○ waiting for the hub, {for_long}", "bold yellow")
    if link.problem:
        line.append(f": {printable(link.problem)}", "yellow")
    status = picture.fleet.hub
    if link.state == "connected" and status is not None:
        own = status.own
        for wrong in backbone_troubles(own.backbone) if own and own.backbone else ():
            line.append(f"  {wrong}", "bold red")
        uptime = "?" if status.uptime is None else clock(status.uptime)
        line.append(f"  up {uptime}  ")
        line.append(iso_time(status.time).partition(".")[0].replace("T", " ") + "Z", "dim")
        for wrong in imbalances(status):
            line.append(f"  {wrong}", "bold red")
    return line


def _totals(picture: Picture, link: Link, now: float, width: int) -> Text:
    fleet = picture.fleet
    if fleet.hub is None:
        silent = link.state == "connected" and now - link.since > SILENT
        said = "this hub tells no status: the token may lack the role for it" if silent else ""
        return Text(f" {said}", "yellow")
    line = Text(" ")
    together, lost = fleet.together(), fleet.hub.packets_lost
    part = fleet.loss_share()
    if lost:
        line.append(f"LOST {share(part or 0)} ({short(lost)} packets)", "bold red")
    elif part is None:
        line.append("no packets yet", "dim")
    else:
        line.append("lost nothing", "green")
    if together is not None and together.lost:
        line.append(f", LOSING {short(together.lost)}/s", "bold red")
    if picture.feed.missed:
        line.append(f"  MISSED {short(picture.feed.missed)} dumplings", "bold yellow")
    if fleet.hub.dropped:
        line.append(f"  dropped for slow eaters {short(fleet.hub.dropped)}", "red")
    for what, figure in (
        ("packets", f"{short(together.packets)}/s" if together else None),
        ("", bits(together.bits) if together and together.bits is not None else None),
        ("dumplings", f"{short(fleet.rates.dumplings_in)}/s" if fleet.rates else None),
        ("kitchens", str(len(fleet.here))),
        ("eaters", str(sum(not eater.gone for eater in fleet.eaters))),
        ("hubs", _hubs(fleet)),
    ):
        part_of_line = Text.assemble(
            "  ", (f"{what} " if what else "", "dim"), (figure or "", "bold")
        )
        if figure is not None and line.cell_len + part_of_line.cell_len < width:
            line.append_text(part_of_line)
    return line


def _hubs(fleet: Fleet) -> str | None:
    up = sum(hub.status.state == "up" for hub in fleet.hubs)
    if not fleet.spread:
        return None
    return str(up) if up == len(fleet.hubs) else f"{up} of {len(fleet.hubs)}"


def _views(shown: str, picture: Picture, width: int) -> Text:
    # Of a hub that is alone there is no list of hubs.
    there = [
        (key, view)
        for key, view in VIEWS.items()
        if view in (shown, *_ALWAYS) or picture.fleet.hubs
    ]
    narrow = width <= sum(len(key) + len(view) + 4 for key, view in there)
    line = Text(" ")
    for key, view in there:
        style = Style(bold=view == shown, reverse=view == shown, dim=view != shown)
        style += Style.from_meta({"@click": f"app.view('{view}')"})
        line.append(f" {key} {view} ", style)
        line.append("" if narrow else " ")
    return line
