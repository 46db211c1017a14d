"""A list of lines in columns, of which only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final, Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..text import printable

Item = TypeVar("Item")


class Column(NamedTuple):
    """A column.

    Attributes:
        title: the heading.
        width: in characters; 0 for all that the others leave.
        right: whether it is aligned to the right.
        least: how wide the list must be for the column to be there.
    """

    title: str
    width: int = 0
    right: bool = False
    least: int = 0


class Cell(NamedTuple):
    """What is in one place: text, with nothing unprintable in it, and what rich calls a style."""

    text: str
    style: str = ""


_STYLES: Final[dict[str, Style]] = {}


class Lines(ScrollView, Generic[Item], can_focus=True):
    """A list that can be scrolled, with a line chosen.

    A subclass says what the columns are, and what is in the cells of an item.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--chosen"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "Up", show=False),
        Binding("down", "choose(1)", "Down", show=False),
        Binding("pageup", "choose_page(-1)", "Page up", show=False),
        Binding("pagedown", "choose_page(1)", "Page down", show=False),
        Binding("home", "choose_end(-1)", "First", show=False),
        Binding("end", "choose_end(1)", "Last", show=False),
        Binding("enter", "open", "Open"),
    ]

    class Opened(Message):
        """Somebody wants to know more of a line; ``item`` is what it shows."""

        def __init__(self, item: object) -> None:
            super().__init__()
            self.item = item

    def __init__(self, its_id: str) -> None:
        super().__init__(id=its_id)
        self.items: Sequence[Item] = ()
        self.chosen: Hashable = None

    def columns(self) -> Sequence[Column]:
        """Say what columns there are; not what is in sight of them."""
        raise NotImplementedError

    def cells(self, item: Item, widths: Sequence[int], line: int) -> Sequence[Cell]:
        """Write an item.

        Args:
            item: one of those that are shown.
            widths: of all columns; 0 for one that is not in sight.
            line: which of the item's lines, from 0.

        Returns:
            a cell for each of the columns, those that are not in sight with them; or fewer, of
            which the last has the place of all that are missing.
        """
        raise NotImplementedError

    def key(self, item: Item) -> Hashable:
        """Return what tells an item from all others, as long as it is there."""
        raise NotImplementedError

    def lines_each(self) -> int:
        """How many lines an item takes."""
        return 1

    def entitle(self, title: str) -> None:
        """Write above it what it is; nothing in the title is markup."""
        self.border_title = Content(f" {title} ")

    @property
    def width(self) -> int:
        """How many characters there are for a line, beside a scroll bar."""
        return self.scrollable_content_region.width

    def show(self, items: Sequence[Item]) -> None:
        """Show these; the line that is chosen stays so wherever it moves."""
        self.items = items
        size = Size(0, 1 + len(items) * self.lines_each())
        # Where its height goes by what it has, another height moves the others.
        moves = size != self.virtual_size and bool(self.styles.is_auto_height)
        if size != self.virtual_size:
            self.virtual_size = size
        self.refresh(layout=moves)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """How many lines it would take to show all."""
        return self.virtual_size.height

    def render_line(self, y: int) -> Strip:
        """Draw a line of what is in sight; the headings stay where they are."""
        width = self.width
        columns = self.columns()
        widths = _widths(columns, width)
        base = self.rich_style
        if y == 0:
            heading = base + Style(dim=True)
            return _strip([Cell(column.title) for column in columns], columns, widths, heading)
        index, line = divmod(y - 1 + self.scroll_offset.y, self.lines_each())
        if index >= len(self.items):
            return Strip.blank(width, base)
        item = self.items[index]
        if self.chosen is not None and self.key(item) == self.chosen:
            base = base + self.get_component_rich_style("lines--chosen", partial=True)
        return _strip(self.cells(item, widths, line), columns, widths, base)

    def choose(self, index: int) -> None:
        """Choose a line, and bring it into sight."""
        if not self.items:
            return
        index = max(0, min(index, len(self.items) - 1))
        self.chosen = self.key(self.items[index])
        each = self.lines_each()
        # The headings hide one line, so an item is where it is and one above it.
        self.scroll_to_region(
            Region(0, index * each, 1, each + 1), animate=False, force=True, immediate=True
        )
        self.refresh()
        self.was_chosen()

    def was_chosen(self) -> None:
        """Take note that somebody has chosen a line."""

    def chosen_index(self) -> int | None:
        """Return which line is chosen; None if none is, or it is gone."""
        if self.chosen is None:
            return None
        keys = (index for index, item in enumerate(self.items) if self.key(item) == self.chosen)
        return next(keys, None)

    def check_action(self, _action: str, _parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys to a filter that is typed."""
        return not getattr(self.app, "is_filtering", False)

    def action_choose(self, by: int) -> None:
        """Choose the next line, or the one before."""
        index = self.chosen_index()
        self.choose(self.scroll_offset.y // self.lines_each() if index is None else index + by)

    def action_choose_page(self, by: int) -> None:
        """Choose a line a page away."""
        page = max(1, (self.size.height - 1) // self.lines_each() - 1)
        self.choose((self.chosen_index() or 0) + by * page)

    def action_choose_end(self, which: int) -> None:
        """Choose the first line, or the last."""
        self.choose(0 if which < 0 else len(self.items) - 1)

    def action_open(self) -> None:
        """Have the chosen line opened, or the first."""
        if self.items:
            self.post_message(self.Opened(self.items[self.chosen_index() or 0]))

    def on_click(self, event: events.Click) -> None:
        """Choose the line that was clicked; open it at the second click."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        index = (offset.y - 1 + self.scroll_offset.y) // self.lines_each()
        if index < len(self.items):
            self.choose(index)
            if event.chain == 2:
                self.action_open()


def name_of(name: str | None, nobody: str = "?") -> str:
    """Write a name from the network, harmless."""
    return nobody if name is None else printable(name)


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Cut or fill a text to so many columns of a terminal; ``…`` stands for what was cut."""
    long = cell_len(text)
    if long > width:
        return set_cell_size(text, max(0, width - 1)) + "…"[:width]
    return " " * (width - long) + text if right else text + " " * (width - long)


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """How wide each column is; between two is one that is empty."""
    shown = [column for column in columns if width >= column.least]
    left = width - sum(column.width for column in shown) - (len(shown) - 1)
    flexible = sum(not column.width for column in shown) or 1
    return [
        0 if column not in shown else column.width or max(1, left // flexible) for column in columns
    ]


def _strip(
    cells: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], base: Style
) -> Strip:
    segments = []
    if len(cells) < len(columns):
        rest = [width for width in widths[len(cells) - 1 :] if width]
        widths = [*widths[: len(cells) - 1], sum(rest) + len(rest) - 1]
    for cell, column, width in zip(cells, columns, widths, strict=False):
        if not width:
            continue
        text = fitted(cell.text, width, right=column.right)
        segments.append(Segment(text, base + _style(cell.style)))
        segments.append(Segment(" ", base))
    return Strip(segments[:-1])


def _style(definition: str) -> Style:
    # No text of the network's is ever a style, so there are only so many.
    if definition not in _STYLES:
        _STYLES[definition] = Style.parse(definition)
    return _STYLES[definition]
