"""Options from a file: where it is looked for, what it may say, and what it is told."""

from __future__ import annotations

import importlib
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from netdumplings.console.command import command
from netdumplings.console.options import (
    CAPTURE_FILE,
    CHEF_MODULE,
    FILE,
    PORT,
    SECONDS,
    SINCE,
    hub_option,
)
from netdumplings.console.record import main as record_main
from netdumplings.console.settings import COMMANDS
from netdumplings.console.token import main as token_main

Written = Callable[[str], str]


@command("nd-print")
@hub_option("localhost:4711")
@click.option("-p", "--pause", type=SECONDS, default=5)
@click.option("--port", type=PORT, default=1)
@click.option("-c", "--chef", "chefs", multiple=True)
@click.option("--loop", is_flag=True)
@click.option("--color/--no-color", default=None)
@click.option("--since", type=SINCE)
@click.option("--token-file", type=FILE)
@click.option("--read", type=CAPTURE_FILE, multiple=True)
@click.option("--module", type=CHEF_MODULE, multiple=True)
def main(**options: Any) -> None:
    """Test."""
    for name, value in sorted(options.items()):
        click.echo(f"{name}={value!r}")


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> str:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(main, arguments, env=variables)


def refusal(text: str, written: Written, tool: click.Command = main) -> str:
    """What is said of a file, without its name."""
    path = written(text)
    result = CliRunner().invoke(tool, ["--config", path])
    assert result.exit_code == 2, result.output
    name, said = result.stderr.split(f": {path}")
    assert name == tool.name
    assert said.count("\n") == 1
    return said.rstrip().removeprefix(": ")


def test_a_file_has_a_table_for_each_command_and_keys_for_all(written: Written) -> None:
    path = written(
        """
        hub = "everybody:1"
        pause = 2
        [nd-print]
        hub = "print:2"
        port = 3
        chef = ["One", "Two words"]
        loop = true
        color = false
        [nd-hub]
        address = "not ours"
        """
    )
    said = run("--config", path).output.splitlines()
    assert said == [
        "chefs=('One', 'Two words')",
        "color=False",
        "hub='print:2'",
        "loop=True",
        "module=()",
        "pause=2.0",
        "port=3",
        "read=()",
        "since=None",
        "token_file=None",
    ]


def test_the_command_line_comes_before_the_environment_before_the_file(written: Written) -> None:
    path = written('[nd-print]\nhub = "file:1"\nchef = ["File"]\nloop = true\nport = 4')
    variables = {"NETDUMPLINGS_PRINT_HUB": "environment:2", "NETDUMPLINGS_PRINT_LOOP": "0"}
    said = run("--config", path, "-h", "line:3", "-c", "Line", **variables).output
    assert "hub='line:3'" in said
    assert "chefs=('Line',)" in said
    assert "loop=False" in said
    assert "port=4" in said
    assert "hub='environment:2'" in run("--config", path, **variables).output


@pytest.mark.parametrize(
    "value", ['"a:1,wss://b:2"', '["a:1", "wss://b:2"]', '["a:1,wss://b:2"]', '" a:1 , wss://b:2 "']
)
def test_several_hubs_are_a_list_or_text_with_commas(value: str, written: Written) -> None:
    path = written(f"[nd-print]\nhub = {value}")
    shown = run("--config", path, "--show-config").output
    assert 'hub = "a:1,wss://b:2"  # file\n' in shown.replace(" a:1 , wss://b:2 ", "a:1,wss://b:2")
    assert run("--config", written(shown)).output == run("--config", path).output


@pytest.mark.parametrize(
    "arguments", [("-h", "a:1,wss://b:2"), ("-h", "a:1", "--hub", "wss://b:2")]
)
def test_several_hubs_are_said_with_commas_or_one_by_one(arguments: tuple[str, ...]) -> None:
    assert "hub='a:1,wss://b:2'" in run(*arguments).output
    assert "hub='localhost:4711'" in run().output


def test_several_hubs_in_a_variable_have_commas_between_them() -> None:
    assert "hub='a:1,wss://b:2'" in run(NETDUMPLINGS_PRINT_HUB="a:1,wss://b:2").output
    assert "hub='a:1, b:2'" in run(NETDUMPLINGS_PRINT_HUB="a:1, b:2").output
    refused = run(NETDUMPLINGS_PRINT_HUB="a:1 b:2")
    assert (refused.exit_code, "'a:1 b:2' is not a hub's address" in refused.stderr) == (2, True)


def test_there_is_a_limit_to_hubs_however_they_are_given(written: Written) -> None:
    many = [f"a:{port}" for port in range(1, 18)]
    for arguments in (
        ("-h", ",".join(many)),
        [part for one in many for part in ("-h", one)],
        ("--config", written(f"hub = {many}")),
    ):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert "'a:17' is not a hub's address (it is one more than the 16" in refused.stderr
        assert refused.stderr.count("\n") == 1


def test_the_environment_may_name_the_file_and_an_empty_name_is_none(written: Written) -> None:
    path = written("[nd-print]\nport = 4")
    assert "port=4" in run(NETDUMPLINGS_CONFIG=path).output
    assert "port=1" in run("--config", "", NETDUMPLINGS_CONFIG=path).output
    assert "port=1" in run(NETDUMPLINGS_CONFIG="").output


def test_the_users_file_comes_before_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETDUMPLINGS_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv(
        "XDG_CONFIG_DIRS", os.pathsep.join(map(str, [tmp_path / "a", tmp_path / "b"]))
    )
    assert "port=1" in run().output
    for port, place in ((4, "b"), (3, "a"), (2, "user")):
        (tmp_path / place / "netdumplings").mkdir(parents=True)
        (tmp_path / place / "netdumplings/config.toml").write_text(f"[nd-print]\nport = {port}")
        assert f"port={port}" in run().output
    assert "port=1" in run(NETDUMPLINGS_CONFIG="").output


def test_paths_are_those_beside_the_file(written: Written, tmp_path: Path) -> None:
    said = run(
        "--config",
        written(
            """
            [nd-print]
            token-file = "token"
            read = ["a.pcap", "-", "/b.pcap", "~/c.pcap"]
            module = ["package.module", "chefs.py", "~/chefs.py"]
            """
        ),
    ).output
    read = (str(tmp_path / "a.pcap"), "-", "/b.pcap", str(Path("~/c.pcap").expanduser()))
    module = ("package.module", str(tmp_path / "chefs.py"), str(Path("~/chefs.py").expanduser()))
    assert f"token_file={tmp_path / 'token'!r}" in said
    assert f"read={read!r}" in said
    assert f"module={module!r}" in said


def test_a_time_may_be_one_of_tomls(written: Written) -> None:
    for text in ('"2026-01-31T12:00:00"', "2026-01-31T12:00:00Z", "2026-01-31T12:00:00"):
        said = run("--config", written(f"[nd-print]\nsince = {text}")).output
        assert re.search(r"since=datetime.datetime\(2026, 1, 31, 12, 0, tzinfo=.*utc\)", said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hbu = 'a:1'", "hbu: no command has such an option; did you mean hub?"),
        ("[nd-prnt]", "[nd-prnt]: there is no such command; did you mean [nd-print]?"),
        ("[zzz]", "[zzz]: there is no such command"),
        ("nd-hub = 1", "nd-hub: it is to be a table: [nd-hub]"),
        (
            "[nd-print]\ntoken_file = 'x'",
            "[nd-print] token_file: nd-print has no such option; did you mean token-file?",
        ),
        ("[nd-print]\nc = []", "[nd-print] c: nd-print has no such option; did you mean chef?"),
        (
            "[nd-print]\nno-color = true",
            "[nd-print] no-color: nd-print has no such option; did you mean color?",
        ),
        ("[nd-print]\nconfig = 'x'", "[nd-print] config: nd-print has no such option"),
        ("[nd-print]\nport = '1'", "[nd-print] port: it is to be a whole number, not text"),
        (
            "[nd-print]\nport = true",
            "[nd-print] port: it is to be a whole number, not true or false",
        ),
        ("[nd-print]\nport = 1.0", "[nd-print] port: it is to be a whole number, not a number"),
        ("port = {}", "[port]: there is no such command"),
        ("[nd-print]\nport = {}", "[nd-print] port: it is to be a whole number, not a table"),
        ("[nd-print]\npause = 'x'", "[nd-print] pause: it is to be a number, not text"),
        ("[nd-print]\npause = 1979-05-27", "[nd-print] pause: it is to be a number, not a time"),
        ("[nd-print]\nloop = 1", "[nd-print] loop: it is to be true or false, not a whole number"),
        ("[nd-print]\nchef = 'One'", "[nd-print] chef: it is to be a list, not text"),
        ("[nd-print]\nchef = [1]", "[nd-print] chef: it is to be text, not a whole number"),
        ("[nd-print]\nsince = 1", "[nd-print] since: it is to be text, or a time, not a whole"),
        ("[nd-print]\nport = 65536", "[nd-print] port: 65536 is not in the range 0<=x<=65535"),
        ("[nd-print]\npause = nan", "[nd-print] pause: nan is not more than 0 seconds"),
        ("hub = 'x'", "hub: 'x' is not a hub's address"),
        ("hub = ['a:1', 'x']", "hub: 'x' is not a hub's address"),
        ("hub = 'a:1,x'", "hub: 'x' is not a hub's address"),
        ("hub = 1", "hub: it is to be text, not a whole number"),
        ("hub = [1]", "hub: it is to be text, not a whole number"),
        ('[nd-print]\n"\\u001b[2J" = 1', "[nd-print] \\x1b[2J: nd-print has no such option"),
        ("[nd-print]\ntoken = 'secret'", "[nd-print] token: nd-print has no such option: a token"),
        ("token = 'secret'", "token: no command has such an option: a token has no place in a fil"),
    ],
)
def test_what_is_wrong_is_one_line_that_says_where_and_what_is_right(
    text: str, said: str, written: Written
) -> None:
    assert refusal(text, written).startswith(said)


def test_a_token_is_not_repeated(written: Written) -> None:
    assert "secret" not in refusal("[nd-print]\ntoken = 'secret'", written)


def test_an_option_of_another_command_alone_is_none_of_ours(written: Written) -> None:
    assert run("--config", written("poke-interval = 5")).exit_code == 0
    assert run("--config", written("[nd-sniff]\nno-such-thing = 5")).exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[nd-print]\nport = x", " is no TOML: .*at line 2, column 8.*"),
        ("a = 1\na = 2", " is no TOML: .*"),
        ("a = " + "[" * 100_000, " is no TOML: .*"),
        ("#" * (1 << 20) + "\n", " cannot be read: it is longer than 1 MiB"),
    ],
    ids=["no TOML", "twice", "deep", "long"],
)
def test_a_file_that_is_no_toml_is_one_line(text: str, said: str, written: Written) -> None:
    assert re.fullmatch(said, refusal(text, written))


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "latin").write_bytes(b"hub = '\xff'")
    for name, said in (
        ("missing", "No such file or directory"),
        (".", "Is a directory"),
        ("circle", ".*"),
    ):
        result = run("--config", str(tmp_path / name))
        assert result.exit_code == 2
        assert re.fullmatch(f"nd-print: .* cannot be read: {said}\n", result.stderr)
    assert "~nobody-at-all/x cannot be read: No such" in run("--config", "~nobody-at-all/x").stderr
    assert "is no TOML: 'utf-8' codec" in run("--config", str(tmp_path / "latin")).stderr


def test_a_byte_order_mark_is_none_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbfhub = 'h:1'")
    assert 'hub = "h:1"  # file' in run("--config", str(path), "--show-config").stdout


def test_help_and_version_read_no_file() -> None:
    for option in ("--help", "--version"):
        assert run(option, NETDUMPLINGS_CONFIG="/nowhere").exit_code == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not root")
def test_root_reads_no_file_that_others_can_change(written: Written, tmp_path: Path) -> None:
    path = written("[nd-print]\nport = 4")
    os.chown(path, 12345, 0)
    refused = run("--config", path)
    assert refused.exit_code == 2
    assert f"{path} can be changed by others than root" in refused.stderr
    assert "port=1" in run("--config", "").output
    os.chown(path, 0, 0)
    assert "port=4" in run("--config", path).output
    tmp_path.chmod(0o777)
    assert f"{tmp_path} can be changed by others than root" in run("--config", path).stderr
    tmp_path.chmod(0o755)
    Path(path).chmod(0o666)
    assert run("--config", path).exit_code == 2


def test_what_is_shown_is_every_option_its_source_and_a_file_that_says_the_same(
    written: Written, tmp_path: Path
) -> None:
    path = written('[nd-print]\nport = 4\nsince = "90s"\nread = ["a\\u0007.pcap"]')
    variables = {"NETDUMPLINGS_CONFIG": path, "NETDUMPLINGS_PRINT_CHEF": 'One" \\Two'}
    shown = run("--show-config", "-h", "line:3", "--no-color", **variables)
    assert (
        shown.output
        == rf"""# from {path}
[nd-print]
hub = "line:3"  # command line
pause = 5.0  # default
port = 4  # file
chef = ["One\"", "\\Two"]  # NETDUMPLINGS_PRINT_CHEF
loop = false  # default
color = false  # command line
since = "90.0s"  # file
# token-file is not set
read = ["{tmp_path}/a\U00000007.pcap"]  # file
# module is not set
log-level = "info"  # default
"""
    )
    tomllib.loads(shown.output)
    plain = run("-h", "line:3", "--no-color", **variables).output
    assert run("--config", written(shown.output)).output == plain


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_can_be_told_by_what_it_shows(
    name: str, written: Written
) -> None:
    tool = importlib.import_module(f"netdumplings.console.{COMMANDS[name]}").main
    shown = CliRunner().invoke(tool, ["--show-config"]).output
    again = CliRunner().invoke(tool, ["--show-config", "--config", written(shown)]).output
    assert re.sub("#.*", "", again) == re.sub("#.*", "", shown)
    assert f"[{name}]\n" in shown
    assert "# default" in shown
    assert "# default" not in again
    assert CliRunner().invoke(tool, ["--show-config"]).exit_code == 0


def test_what_needs_an_argument_still_does_when_nothing_is_to_be_shown(tmp_path: Path) -> None:
    assert CliRunner().invoke(record_main, ["--show-config"]).exit_code == 0
    missing = CliRunner().invoke(record_main, [])
    assert (missing.exit_code, "Missing argument" in missing.stderr) == (2, True)
    wrong = CliRunner().invoke(record_main, ["--show-config", "--hub", "x"])
    assert (wrong.exit_code, "not a hub's address" in wrong.stderr) == (2, True)


def test_sizes_and_spans_are_text_or_numbers(written: Written) -> None:
    text = '[nd-record]\nrotate-size = "500k"\nkeep-size = 1000000\nkeep-for = "1h"'
    shown = CliRunner().invoke(record_main, ["--show-config", "--config", written(text)]).output
    for line in ("rotate-size = 512000", "keep-size = 1000000", "keep-for = 3600.0"):
        assert f"{line}  # file\n" in shown
    again = CliRunner().invoke(record_main, ["--show-config", "--config", written(shown)]).output
    assert "keep-for = 3600.0  # file\n" in again
    assert refusal("[nd-record]\nkeep-for = 5", written, record_main).startswith(
        "[nd-record] keep-for: '5' is not a span of time"
    )


def test_commands_below_a_command_have_tables_and_variables_of_their_own(
    written: Written, tmp_path: Path
) -> None:
    path = written(
        """
        [nd-token]
        file = "tokens.json"
        [nd-token.make]
        role = ["eater"]
        """
    )
    made = CliRunner().invoke(token_main, ["--config", path, "make", "me"])
    assert made.exit_code == 0, made.output
    variables = {"NETDUMPLINGS_TOKEN_MAKE_ROLE": "kitchen status"}
    CliRunner().invoke(token_main, ["--config", path, "make", "you"], env=variables)
    listed = CliRunner().invoke(token_main, ["--file", str(tmp_path / "tokens.json"), "list"])
    assert re.search("me +eater +.*\n.*you +kitchen,status", listed.output)
    assert refusal("[nd-token.make]\nroles = []", written, token_main) == (
        "[nd-token.make] roles: make has no such option; did you mean role?"
    )
