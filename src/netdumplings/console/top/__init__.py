"""``nd-top``: a fleet and its traffic, over the whole of a terminal.

`command` is what is typed. `picture` holds what is known, in `layers`, `names` and `feed`: bounded,
and with neither clock nor terminal. `app` shows it, in panes that are lists of lines (`lines`), in
`header` and in `sheets`; only these need textual, and are imported when the command runs.
"""

from .command import main

__all__ = ["main"]
