"""``nd-hub``: receives dumplings from kitchens and forwards each to every eater."""

from __future__ import annotations

from typing import Any

import click

from .backbone_options import backbone_options
from .command import command
from .hub_options import hub_options, make_hub
from .options import FILE
from .privileges import give_up_root, user_option


@command("nd-hub", gives_up_root=True)
@hub_options(in_port="-i", out_port="-o", status_freq="-f")
@click.option(
    "--tls-client-ca",
    type=FILE,
    help="Take only peers with a certificate of one of these authorities, in PEM.",
)
@backbone_options
@user_option("the hub begins")
def main(user: str | None, **options: Any) -> None:
    """Receive dumplings from all kitchens and forward each to every eater.

    It runs until Ctrl-C or SIGTERM, and logs the ports it listens on. It listens for this host
    alone unless it is given another --address; then it wants tokens and TLS.

    Several hubs with the same --backbone are as one: what kitchens send to any of them reaches the
    eaters of all.
    """
    hub = make_hub(**options)
    give_up_root(user)
    hub.run()


if __name__ == "__main__":
    main()
