"""``nd-token``: the tokens by which a hub lets kitchens and eaters in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from netdumplings.defaults import TOKEN_VARIABLE

from .command import CommandOfCommands
from .errors import Failure
from .options import FILE, SINCE
from .text import printable

if TYPE_CHECKING:
    from netdumplings.transport.tokens_file import Entry

_ROLES: Final = ("kitchen", "eater", "status", "packets")


@click.group("nd-token", cls=CommandOfCommands)
@click.option(
    "--file",
    type=FILE,
    required=True,
    help="The file of tokens, which the hub is given with --token-file.",
)
@click.pass_context
def main(context: click.Context, file: Path) -> None:
    """Make, list and revoke the tokens by which a hub lets kitchens and eaters in.

    The file has a hash of each token, not the token itself, and only its owner may read it. A hub
    that runs notices within seconds what has changed in it: whose token is revoked is sent away.
    """
    context.obj = file


@main.command()
@click.argument("name")
@click.option(
    "--role",
    "roles",
    type=click.Choice(_ROLES),
    multiple=True,
    help="What it is for; repeatable. kitchen: to send dumplings; eater: to receive them; status: "
    "to see who is connected, and the hub's counts; packets: to get packets that kitchens keep, "
    "with all that is in them.  [required]",
)
@click.option(
    "--expires",
    type=SINCE,
    help="Until when it is good: a time, in UTC unless it says otherwise, or 12h, 30d, ... from "
    "now.  [default: until it is revoked]",
)
@click.option(
    "--out",
    type=FILE,
    help="Write it to this new file, which only its owner may read.  [default: print it]",
)
@click.pass_obj
def make(
    file: Path,
    name: str,
    roles: Sequence[str],
    expires: datetime | timedelta | None,
    out: Path | None,
) -> None:
    """Make a token, and print it.

    It cannot be had again. Give it to its kitchen or eater in a file (--token-file) or in the
    environment (NETDUMPLINGS_TOKEN).
    """
    from netdumplings.transport.tokens_file import add_token, revoke_token

    if not roles:
        raise click.UsageError(f"what is it for? Give it a --role: {', '.join(_ROLES)}")
    now = datetime.now(UTC).replace(microsecond=0)
    until = now + expires if isinstance(expires, timedelta) else expires
    if until is not None and until <= now:
        raise click.UsageError(f"it would have expired already, at {_time(until)}")
    if out is not None and out.exists():
        raise Failure(f"{out} is there already: take another name for the token's file")
    token = add_token(file, name, [role for role in _ROLES if role in roles], until)
    if out is None:
        click.echo(token.reveal())
        click.echo(
            f"That is the token; it is not kept, only its hash. Give it to {printable(name)} in a "
            f"file (chmod 600) with --token-file, or as {TOKEN_VARIABLE}.",
            err=True,
        )
        return
    try:
        _write(out, token.reveal())
    except OSError as error:
        revoke_token(file, token.id)
        raise Failure(f"{out} cannot be written: {error.strerror}") from None


@main.command("list")
@click.pass_obj
def list_(file: Path) -> None:
    """List what is known of each token: never the token itself."""
    from netdumplings.transport.tokens_file import read_entries

    entries, _ = read_entries(file)
    now = datetime.now(UTC)
    for entry in sorted(entries.values(), key=lambda entry: entry.created):
        click.echo("  ".join(_columns(entry, now)))


@main.command()
@click.argument("name", metavar="NAME|ID")
@click.pass_obj
def revoke(file: Path, name: str) -> None:
    """Forget a token: nobody gets in with it any more, and who has, is sent away."""
    from netdumplings.transport.tokens_file import revoke_token

    entry = revoke_token(file, name)
    click.echo(f"revoked {entry.id}  {printable(entry.name)}")


def _columns(entry: Entry, now: datetime) -> list[str]:
    if entry.expires is None:
        until = "for ever"
    else:
        until = f"{'EXPIRED' if entry.is_expired(now) else 'until'} {_time(entry.expires)}"
    roles = ",".join(entry.roles)
    return [entry.id, f"{printable(entry.name):20}", f"{roles:20}", _time(entry.created), until]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, text: str) -> None:
    """Write a new file that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(f"{text}\n")


if __name__ == "__main__":
    main()
