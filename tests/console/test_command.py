"""What every command has: the version, the help, environment variables, its options' types."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from netdumplings import __version__
from netdumplings.console.command import command
from netdumplings.console.options import PORT, SECONDS, hub_option


@command("nd-test")
@hub_option("localhost:4711")
@click.option("-p", "--pause", type=SECONDS, default=5, help="How long.")
@click.option("--port", type=PORT, default=1)
@click.option("-c", "--chef-name", "chefs", multiple=True, help="Which.")
def main(hub: str, pause: float, port: int, chefs: tuple[str, ...]) -> None:
    """Test."""
    click.echo(repr((hub, pause, port, chefs)))


def test_the_version_is_shown() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert (result.exit_code, result.output) == (0, f"nd-test {__version__}\n")


def test_help_tells_defaults_and_environment_variables() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert "[env var: NETDUMPLINGS_TEST_HUB; default: localhost:4711]" in text
    assert "[env var: NETDUMPLINGS_TEST_PAUSE; default: 5]" in text
    assert "[env var: NETDUMPLINGS_TEST_CHEF_NAME]" in text
    assert "NETDUMPLINGS_TEST_LOG_LEVEL; default: info" in text


def test_options_may_come_from_variables_named_after_what_is_typed() -> None:
    variables = {
        "NETDUMPLINGS_TEST_HUB": "[::1]:7",
        "NETDUMPLINGS_TEST_PAUSE": "0.5",
        "NETDUMPLINGS_TEST_CHEF_NAME": "One Two",
    }
    result = CliRunner().invoke(main, env=variables)
    assert result.output == "('[::1]:7', 0.5, 1, ('One', 'Two'))\n"


def test_the_command_line_comes_before_the_environment() -> None:
    result = CliRunner().invoke(main, ["-h", "a:1"], env={"NETDUMPLINGS_TEST_HUB": "b:2"})
    assert result.output == "('a:1', 5.0, 1, ())\n"


@pytest.mark.parametrize(
    "hub", ["localhost", "localhost:0", "localhost:65536", ":1", "a:b", "::1:7"]
)
def test_a_bad_hub_address_is_one_clear_line(hub: str) -> None:
    result = CliRunner().invoke(main, ["--hub", hub])
    assert result.exit_code == 2
    assert re.fullmatch(
        r"nd-test: Invalid value for '-h' / '--hub' .*: .* is not a hub's address .*\n",
        result.stderr,
    )


@pytest.mark.parametrize("pause", ["0", "-1", "nan", "inf", "1e9", "soon"])
def test_a_bad_number_of_seconds_is_one_clear_line(pause: str) -> None:
    result = CliRunner().invoke(main, ["--pause", pause])
    assert result.exit_code == 2
    assert re.fullmatch(r"nd-test: Invalid value for '-p' / '--pause' .*: .*\n", result.stderr)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_bad_port_is_one_clear_line(port: str) -> None:
    result = CliRunner().invoke(main, ["--port", port])
    assert result.exit_code == 2
    assert re.fullmatch(r"nd-test: Invalid value for '--port' .*: .*\n", result.stderr)
