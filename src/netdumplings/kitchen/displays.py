"""How chefs want to be shown: hints, which are data and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal

import msgspec

from ..chef import DumplingChef
from .tracebacks import one_line

logger = logging.getLogger(__name__)

#: Bytes of all hints of a kitchen, as JSON: they are a part of its announcement.
BUDGET: Final = 4096

_Key = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Display(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """How to show what a chef makes; the reference in the documentation says what each is for.

    Attributes:
        title: over all.
        view: which form to show it in.
        of: the path to the part of the payload that is shown.
        rate: whether the numbers are counters, of which the growth is shown.
        value: of an object of objects, under which key each has its number.
        columns: of a table, which keys of its rows.
        key: which column tells rows apart.
        conflict: a column that is to stay the same in rows of the same key.
        unit: of the numbers.
    """

    title: Annotated[str, msgspec.Meta(max_length=80)] | None = None
    view: Literal["bars", "top", "table", "lines", "text"] | None = None
    of: Annotated[list[_Key], msgspec.Meta(max_length=8)] = []
    rate: bool = False
    value: _Key | None = None
    columns: Annotated[list[_Key], msgspec.Meta(max_length=12)] = []
    key: _Key | None = None
    conflict: _Key | None = None
    unit: Annotated[str, msgspec.Meta(max_length=16)] | None = None


def displays_of(chefs: Iterable[type[DumplingChef]]) -> dict[str, Any]:
    """Take the hints of chefs.

    A hint that is none, or for which there is no room, is left out, with a warning in the log: how
    a chef is shown is no reason not to run it.

    Args:
        chefs: their classes.

    Returns:
        the hint of each that has one, a JSON object, by its name.
    """
    displays: dict[str, Any] = {}
    for chef in chefs:
        try:
            given = getattr(chef, "display", None)
            # It is no word of ours alone: a chef may well have a method of that name.
            if given is None or callable(given):
                continue
            shown = msgspec.to_builtins(msgspec.convert(given, Display))
        except Exception as error:
            logger.warning("the display of chef %s is ignored: %s", chef.__name__, one_line(error))
            continue
        if len(msgspec.json.encode({**displays, chef.__name__: shown})) > BUDGET:
            reason = "the kitchen's chefs have over %d bytes of them"
            logger.warning(f"the display of chef %s is ignored: {reason}", chef.__name__, BUDGET)
            continue
        displays[chef.__name__] = shown
    return displays
