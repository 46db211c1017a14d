"""``nd-hub``: receives dumplings from kitchens and forwards each to every eater."""

from __future__ import annotations

from .command import command
from .hub_options import hub_options


@command("nd-hub")
@hub_options(in_port="-i", out_port="-o", status_freq="-f")
def main(address: str, in_port: int, out_port: int, status_freq: float) -> None:
    """Receive dumplings from all kitchens and forward each to every eater.

    It runs until Ctrl-C or SIGTERM, and logs the ports it listens on.
    """
    from netdumplings import DumplingHub

    DumplingHub(address=address, in_port=in_port, out_port=out_port, status_freq=status_freq).run()


if __name__ == "__main__":
    main()
