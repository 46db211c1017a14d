"""``nd-chef test``: dumplings of a capture as lines, the same each time, shown or compared."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from netdumplings.console.chef import main
from netdumplings.console.chef_test import Trial
from support.commands import clean_environment
from support.packets import arp, dns_query, tcp_syn, write_pcap

CHEFS = """
import time
from scapy.layers.inet import TCP
from netdumplings import DumplingChef

class PortChef(DumplingChef):
    packet_filter = "tcp"
    def packet_handler(self, packet):
        return {"port": packet[TCP].dport, "when": float(packet.time), "part": 1 / 3}

class OtherChef(DumplingChef):
    by_request = True
    packet_filter = "port 9"
    def interval_handler(self, interval=None):
        return {"interval": interval}

class Base(DumplingChef):
    assignable_to_kitchen = False
"""
FIRST = [
    '{"chef":"PortChef","driver":"packet","payload":{"port":80,"when":1600000000.0,"part":0.333333}}',
    '{"chef":"PortChef","driver":"packet","payload":{"port":22,"when":1600000002.0,"part":0.333333}}',
]


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a command loads for its process stays in the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if not name.startswith(("netdumplings", "scapy", "numpy")):
            del sys.modules[name]


@pytest.fixture
def chef(tmp_path: Path) -> Path:
    path = tmp_path / "ports.py"
    path.write_text(CHEFS)
    return path


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    frames = [tcp_syn(80), dns_query(), tcp_syn(22), arp()]
    return write_pcap(tmp_path / "x.pcap", *frames, times=[0, 1, 2, 6])


@pytest.fixture
def run(chef: Path, capture: Path) -> Any:
    def invoke(*arguments: str, only: str | None = "PortChef") -> Result:
        given = ["test", str(chef), "--read", str(capture), *arguments]
        return CliRunner().invoke(main, [*given, *(["--chef", only] if only else [])])

    return invoke


def test_each_dumpling_is_a_line_without_the_time_at_which_it_was_made(run: Any) -> None:
    done = run()
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == FIRST


def test_every_chef_is_run_unless_one_is_named_those_too_that_must_be_asked_for(run: Any) -> None:
    done = run(only=None)
    assert done.exit_code == 0
    chefs = [json.loads(line)["chef"] for line in done.stdout.splitlines()]
    assert chefs == ["OtherChef", "PortChef", "PortChef", "OtherChef", "OtherChef"]
    assert "chef Base of" in done.stderr


def test_a_filter_an_interval_and_several_captures_may_be_said(
    run: Any, capture: Path, tmp_path: Path
) -> None:
    assert run("--filter", "port 22").stdout.splitlines() == FIRST[1:]
    assert len(run("--poke-interval", "1", only="OtherChef").stdout.splitlines()) == 8
    again = write_pcap(tmp_path / "y.pcap", tcp_syn(443))
    ports = [
        json.loads(line)["payload"]["port"] for line in run("--read", str(again)).output.split()
    ]
    assert ports == [80, 22, 443]


def test_what_was_expected_is_said_so_in_one_line(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_text("\n".join(FIRST))
    done = run("--expect", str(path))
    assert (done.exit_code, done.stdout) == (0, "2 dumplings, as expected\n")


def test_a_difference_is_shown_and_is_status_1(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_text(FIRST[0].replace("80", "8080"))
    done = run("--expect", str(path), "--ignore", "when")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "dumpling 1, of PortChef (packet): not as expected",
        "  {",
        '    "part": 0.333333,',
        '-   "port": 8080,',
        '+   "port": 80,',
        '    "when": "(ignored)"',
        "  }",
        "dumpling 2, of PortChef (packet): made, and not expected",
        "+ {",
        '+   "part": 0.333333,',
        '+   "port": 22,',
        '+   "when": "(ignored)"',
        "+ }",
    ]
    assert done.stderr == (
        f"nd-chef: the dumplings are not as in {path}; if they are right, --update takes them "
        "over\n"
    )


def test_colors_are_there_if_wanted(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_text("\n".join(FIRST).replace("22", "23"))
    plain = run("--expect", str(path)).stdout
    colored = run("--expect", str(path), "--color").stdout
    assert "\x1b" not in plain
    assert "\x1b[31m-   " in colored
    assert "\x1b[32m+   " in colored


def test_update_writes_what_it_then_expects(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    assert run("--expect", str(path), "--update").stdout == f"wrote 2 dumplings to {path}\n"
    assert path.read_text() == "".join(f"{line}\n" for line in FIRST)
    assert run("--expect", str(path)).exit_code == 0
    done = run("--expect", str(path), "--update")
    assert done.stdout == f"{path} has these 2 dumplings already\n"


def test_update_shows_what_it_changes(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_text("\n".join(FIRST).replace("80", "8080"))
    done = run("--expect", str(path), "--update")
    assert done.exit_code == 0
    assert '-   "port": 8080,\n+   "port": 80,\n' in done.stdout
    assert done.stdout.endswith(f"wrote 2 dumplings to {path}\n")
    assert path.read_text().splitlines() == FIRST


def test_update_alone_writes_beside_the_chef_a_file_named_after_the_capture(
    run: Any, chef: Path
) -> None:
    assert run("--update").exit_code == 0
    assert chef.with_name("ports.x.jsonl").read_text().splitlines() == FIRST


def test_a_capture_without_dumplings_is_expected_to_have_none(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    run("--filter", "port 9", "--expect", str(path), "--update")
    assert path.read_text() == ""
    assert run("--filter", "port 9", "--expect", str(path)).stdout == "0 dumplings, as expected\n"
    assert run("--expect", str(path)).exit_code == 1


def test_nothing_to_compare_with_is_a_usage_error(run: Any, tmp_path: Path) -> None:
    done = run("--expect", str(tmp_path / "none.jsonl"))
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "none.jsonl to compare with: --update makes it" in done.stderr


@pytest.mark.parametrize("text", [b"{}", b"\xff\xfe", b'{"chef":1}'])
def test_what_holds_no_dumplings_is_named(text: bytes, run: Any, tmp_path: Path) -> None:
    path = tmp_path / "y.jsonl"
    path.write_bytes(text)
    for more in ([], ["--update"]):
        done = run("--expect", str(path), *more)
        assert done.exit_code == 1
        assert str(path) in done.stderr
        assert path.read_bytes() == text


def test_where_it_cannot_be_written_is_named(run: Any, tmp_path: Path) -> None:
    done = run("--expect", str(tmp_path / "none" / "y.jsonl"), "--update")
    assert done.exit_code == 1
    assert done.stderr == (
        f"nd-chef: {tmp_path}/none/y.jsonl cannot be written: No such file or directory\n"
    )


def test_errors_are_status_1_shown_by_their_lines_and_never_written(
    run: Any, chef: Path, tmp_path: Path
) -> None:
    chef.write_text(CHEFS.replace("1 / 3", "1 / (packet[TCP].dport - 22)"))
    path = tmp_path / "y.jsonl"
    done = run()
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 1
    assert "PortChef.packet_handler raised ZeroDivisionError: division by zero" in done.stderr
    assert f'File "{chef}", line 9, in packet_handler' in done.stderr
    assert done.stderr.splitlines()[-1] == "nd-chef: the chefs have made 1 errors"
    done = run("--expect", str(path), "--update")
    assert "nd-chef: the chefs have made 1 errors; nothing was written" in done.stderr
    assert not path.exists()
    path.write_text("\n".join(FIRST[:1]).replace("0.333333", str(round(1 / 58, 6))))
    done = run("--expect", str(path))
    assert (done.exit_code, done.stdout) == (1, "1 dumpling, as expected\n")


def test_a_chef_that_cannot_be_loaded_shows_its_own_lines(run: Any, chef: Path) -> None:
    chef.write_text("def broken:\n")
    done = run()
    assert done.exit_code == 1
    assert f'File "{chef}", line 1' in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"nd-chef: chef module {chef}: SyntaxError")
    chef.write_text(CHEFS + "    def __init__(self): pass\nclass Odd(Base):\n    "
                    "assignable_to_kitchen = True\n    def __init__(self): 1 / 0\n")  # fmt: skip
    done = run(only="Odd")
    assert done.exit_code == 1
    assert "in __init__" not in done.stdout
    assert "nd-chef: chef Odd cannot be made: TypeError" in done.stderr


def test_a_chef_that_is_not_there_is_answered_with_those_that_are(run: Any) -> None:
    done = run(only="PrtChef")
    assert done.exit_code == 1
    assert "did you mean PortChef?" in done.stderr


def test_it_says_so_if_no_two_runs_are_the_same(run: Any, chef: Path, tmp_path: Path) -> None:
    chef.write_text(CHEFS.replace("float(packet.time)", "time.perf_counter()"))
    path = tmp_path / "y.jsonl"
    path.write_text("\n".join(FIRST))
    done = run("--expect", str(path))
    assert done.exit_code == 1
    assert "It is not the same from run to run" in done.stdout
    assert run("--expect", str(path), "--ignore", "when").exit_code == 0
    path.write_text("\n".join(FIRST[:1]))
    assert "from run to run" not in run("--expect", str(path), "--ignore", "when").stdout


def test_a_capture_that_breaks_off_is_compared_to_where_it_does(
    run: Any, capture: Path, tmp_path: Path
) -> None:
    capture.write_bytes(capture.read_bytes()[:-5])
    path = tmp_path / "y.jsonl"
    path.write_text("\n".join(FIRST))
    done = run("--expect", str(path))
    assert (done.exit_code, done.stdout) == (0, "2 dumplings, as expected\n")
    assert "the 3 packets before it were read" in done.stderr


def test_what_is_no_capture_or_not_there_is_one_line(run: Any, chef: Path) -> None:
    for path in (chef, chef.with_name("none.pcap")):
        done = run("--read", str(path))
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
        assert str(path.name) in done.stderr


def test_without_a_capture_it_is_a_usage_error(chef: Path) -> None:
    done = CliRunner().invoke(main, ["test", str(chef)])
    assert done.exit_code == 2
    assert "--read" in done.stderr


def test_hostile_names_are_written_as_escapes(run: Any, tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "hostile.pcap", dns_query("a\x1b[2J\u202e.example"))
    path = tmp_path / "y.jsonl"
    arguments = [
        "test",
        "netdumplings.dumplingchefs",
        "-c",
        "DNSLookupChef",
        "--read",
        str(capture),
    ]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0
    assert "\\u001b[2J\\u202e" in done.stdout
    assert done.stdout.replace("\n", "").isprintable()
    CliRunner().invoke(main, [*arguments, "--expect", str(path), "--update"])
    assert path.read_text() == done.stdout
    assert CliRunner().invoke(main, [*arguments, "--expect", str(path)]).exit_code == 0


def test_standard_input_may_be_the_capture(
    run: Any, chef: Path, capture: Path, tmp_path: Path
) -> None:

    path = tmp_path / "y.jsonl"
    path.write_text("\n".join(FIRST[:1]))
    command = [sys.executable, "-m", "netdumplings.console.chef", "test", str(chef), "--read", "-"]
    with capture.open("rb") as packets:
        done = subprocess.run(
            [*command, "-c", "PortChef", "--expect", str(path)], stdin=packets,
            capture_output=True, text=True, check=False, env=clean_environment(),
        )  # fmt: skip
    assert done.returncode == 1
    assert "dumpling 2, of PortChef (packet): made, and not expected" in done.stdout
    assert "from run to run" not in done.stdout


def test_options_may_come_from_a_file_and_from_variables(
    chef: Path, capture: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text('[nd-chef.test]\nread = ["x.pcap"]\nchef = ["PortChef"]\n')
    given = ["--config", str(settings), "test", str(chef)]
    assert CliRunner().invoke(main, given).stdout.splitlines() == FIRST
    variables = {"NETDUMPLINGS_CHEF_TEST_FILTER": "port 22"}
    assert CliRunner().invoke(main, given, env=variables).stdout.splitlines() == FIRST[1:]


def test_files_and_chefs_are_completed(chef: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chef.parent)
    completing = ShellComplete(main, {}, "nd-chef", "_ND_CHEF_COMPLETE")

    def completed(*arguments: str) -> list[str]:
        *before, begun = arguments
        return [item.value for item in completing.get_completions(before, begun)]

    assert completed("be") == ["bench"]
    assert completed("test", "ports.py", "--upd") == ["--update"]
    assert completed("test", "ports.py", "--chef", "P") == ["PortChef"]
    assert completed("bench", "netdumplings.dumplingchefs", "-c", "ARPC") == ["ARPChef"]
    (item,) = completing.get_completions(["test"], "po")
    assert item.type == "file"


def test_expected_files_of_a_module_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = write_pcap(tmp_path / "x.pcapng.gz", arp())
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"chefs": ["ARPChef"], "filter": "", "poke_interval": 5.0}
    trial = Trial(module="netdumplings.dumplingchefs", read=[str(capture)], expect=None,
                  update=True, **options)  # fmt: skip
    assert trial._expect == Path("dumplingchefs.x.jsonl")
    with pytest.raises(click.UsageError):
        Trial(module="m", read=["-"], expect=Path("none"), **options)
    assert [path.name for path in tmp_path.iterdir()] == ["x.pcapng.gz"]
