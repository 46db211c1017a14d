"""The options of a backbone: from where they come, and what never shows."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from netdumplings.backbone import BackboneSettings
from netdumplings.console.backbone_options import backbone_options
from netdumplings.console.command import command

VARIABLE = "NETDUMPLINGS_BACKBONE_PASSWORD"
got: dict[str, Any] = {}


@command("nd-hub")
@click.option("--insecure", is_flag=True)
@backbone_options
def main(**options: Any) -> None:
    """Test."""
    got.clear()
    got.update(options, variable=os.environ.get(VARIABLE))


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(main, arguments, env=variables)


def given(*arguments: str, **variables: str) -> BackboneSettings:
    result = run(*arguments, **variables)
    assert result.exit_code == 0, result.output
    assert isinstance(got["backbone"], BackboneSettings)
    return got["backbone"]


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_text("from the file\n")
    return str(path)


def test_without_it_there_is_none() -> None:
    assert run("--insecure").exit_code == 0
    assert got == {"insecure": True, "backbone": None, "name": None, "variable": None}


def test_every_option_is_a_setting(password_file: str) -> None:
    options = (
        "--backbone tls://a,b --backbone-stream s --backbone-max-age 2d --backbone-max-bytes 5G "
        "--backbone-replicas 2 --backbone-buffer 8M --backbone-user me "
        "--backbone-tls-ca /ca --backbone-tls-cert /cert --backbone-tls-key /key --hub-name north"
    )
    found = given(*options.split(), "--backbone-password-file", password_file)
    assert found == BackboneSettings(
        servers=["tls://a:4222", "tls://b:4222"], stream="s", max_age=172_800.0,
        max_bytes=5 << 30, replicas=2, buffer_bytes=8 << 20, user="me", password="from the file",
        tls_ca=Path("/ca"), tls_cert=Path("/cert"), tls_key=Path("/key"),
    )  # fmt: skip
    assert got["name"] == "north"
    assert given("--backbone", "a", "--backbone-credentials", "/x").credentials == Path("/x")


def test_the_defaults_are_those_of_the_settings() -> None:
    assert given("--backbone", "a") == BackboneSettings(servers=["a"])


def test_none_of_a_limit_is_0() -> None:
    found = given("--backbone", "a", "--backbone-max-age", "0", "--backbone-max-bytes", "0")
    assert (found.max_age, found.max_bytes) == (0, 0)


def test_the_environment_has_a_password_that_nothing_started_inherits(password_file: str) -> None:
    arguments = ["--backbone", "a", "--backbone-user", "me"]
    assert given(*arguments, **{VARIABLE: "secret"}).password == "secret"
    assert got["variable"] is None
    arguments += ["--backbone-password-file", password_file]
    assert given(*arguments, **{VARIABLE: "secret"}).password == "from the file"
    # It may be there for another hub.
    assert given("--backbone", "a", **{VARIABLE: "secret"}).password is None
    run(**{VARIABLE: "secret"})
    assert got["variable"] is None


def test_a_file_of_settings_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        """
        [nd-hub]
        backbone = "nats://a,nats://b"
        backbone-max-age = "36h"
        backbone-max-bytes = 0
        backbone-credentials = "hub.creds"
        hub-name = "north"
        """
    )
    found = given("--config", str(path))
    assert found == BackboneSettings(
        servers=["a", "b"], max_age=129_600.0, max_bytes=0, credentials=tmp_path / "hub.creds"
    )
    shown = run("--config", str(path), "--show-config").stdout
    path.write_text(shown)
    assert tomllib.loads(shown)["nd-hub"]["backbone-max-age"] == 129_600.0
    assert given("--config", str(path)) == found


def test_what_is_shown_has_no_password(password_file: str) -> None:
    shown = run(
        "--backbone", "a", "--backbone-password-file", password_file, "--show-config",
        **{VARIABLE: "secret"},
    ).output  # fmt: skip
    assert "secret" not in shown
    assert "from the file" not in shown
    assert f'backbone-password-file = "{password_file}"  # command line' in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--backbone nats://me:secret@a", "has no place in the address of a server"),
        ("--backbone http://a", "begins with nats:// or tls://"),
        ("--backbone a --backbone-max-bytes x", "'x' is not a size, as in 500k, 100M or 2G"),
        ("--backbone a --backbone-max-age 7", "'7' is not a span of time, as in 30s"),
        ("--backbone a --backbone-replicas 6", "6 is not in the range 1<=x<=5"),
        ("--backbone a --backbone-stream a.b", "'a.b' is no name for a stream"),
        ("--backbone a --backbone-user me", "no password: see --backbone-password-file"),
        ("--backbone-replicas 3", "--backbone-replicas is for a hub that joins others: --backbone"),
        ("--backbone-tls-ca x", "--backbone-tls-ca is for a hub that joins others: --backbone"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: str, said: str) -> None:
    result = run(*arguments.split())
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.stderr


def test_a_file_of_a_password_that_is_not_there_ends_it() -> None:
    result = run(
        "--backbone", "a", "--backbone-user", "me", "--backbone-password-file", "/no/where"
    )
    assert result.exit_code == 1
    assert result.stderr == (
        "nd-hub: the backbone cannot be used: /no/where cannot be read: No such file or directory\n"
    )
