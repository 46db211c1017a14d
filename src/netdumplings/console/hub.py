"""``nd-hub``: receives dumplings from kitchens and forwards each to every eater."""

from __future__ import annotations

from typing import Any

from .command import command
from .hub_options import hub_options


@command("nd-hub")
@hub_options(in_port="-i", out_port="-o", status_freq="-f")
def main(**options: Any) -> None:
    """Receive dumplings from all kitchens and forward each to every eater.

    It runs until Ctrl-C or SIGTERM, and logs the ports it listens on.
    """
    from netdumplings import DumplingHub

    DumplingHub(**options).run()


if __name__ == "__main__":
    main()
