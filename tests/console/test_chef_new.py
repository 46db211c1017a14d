"""``nd-chef new``: what it writes works at once, is tidy, and takes no file's place."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.chef import main
from netdumplings.console.chef_new import names_of
from netdumplings.kitchen.displays import displays_of
from netdumplings.kitchen.loader import load_modules
from netdumplings.testing import load_chef, payloads, run_chef
from support.packets import dns_query, tcp_syn


def new(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["new", *arguments])


@pytest.mark.parametrize("kind", ["--packet", "--batch"])
def test_the_test_of_a_new_chef_passes_and_so_does_the_chef(kind: str, tmp_path: Path) -> None:
    done = new("PortScan", kind, "--directory", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "port_scan_chef.py", "test_port_scan_chef.py"
    ]  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider",
         "-p", "no:asyncio", "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr
    chef = load_chef(tmp_path / "port_scan_chef.py", "PortScanChef")
    assert ("batch_handler" in vars(chef)) == (kind == "--batch")
    made = run_chef(chef, [tcp_syn(80), dns_query(), tcp_syn(80), tcp_syn(22)])
    assert payloads(made)[-1] == {"calls": {"80": 2, "22": 1}}
    assert displays_of([chef])["PortScanChef"]["of"] == ["calls"]


def test_one_packet_at_a_time_is_the_usual_way(tmp_path: Path) -> None:
    new("Port", "--directory", str(tmp_path))
    assert "def packet_handler" in (tmp_path / "port_chef.py").read_text()


@pytest.mark.parametrize("kind", ["--packet", "--batch"])
def test_formatters_and_linters_leave_it_as_it_is(kind: str, tmp_path: Path) -> None:
    new("Port", kind, "--directory", str(tmp_path))
    for path in tmp_path.iterdir():
        text = path.read_text()
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert max(map(len, text.splitlines())) <= 88
        assert "$" not in text
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("there is no ruff here")
    for command in (["format", "--check"], ["check", "--select", "E,F,I,W,B006,UP,SIM,ARG001"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--no-cache", str(tmp_path)],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_what_to_do_next_is_said(tmp_path: Path) -> None:
    done = new("Port", "--directory", str(tmp_path))
    for command in ("pytest", "nd-chef watch", "nd-chef bench", "nd-sniff --chef-module"):
        assert f"  {command} {tmp_path}/" in done.output


@pytest.mark.parametrize("taken", ["port_chef.py", "test_port_chef.py"])
def test_no_file_that_is_there_is_touched_nor_is_another_written(
    taken: str, tmp_path: Path
) -> None:
    (tmp_path / taken).write_text("mine")
    done = new("Port", "--directory", str(tmp_path))
    assert done.exit_code == 1
    assert done.stderr == (
        f"nd-chef: {tmp_path / taken} is there already: choose another name, or another "
        "--directory; nothing was written\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_directory_is_made(tmp_path: Path) -> None:
    assert new("Port", "--directory", str(tmp_path / "a" / "b")).exit_code == 0
    assert (tmp_path / "a" / "b" / "port_chef.py").is_file()


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = new("Port", "--directory", str(tmp_path / "file"))
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be written: " in done.stderr or "File exists" in done.stderr


@pytest.mark.parametrize(
    ("name", "chef", "module"),
    [
        ("Port", "PortChef", "port_chef"),
        ("port", "PortChef", "port_chef"),
        ("PortScan", "PortScanChef", "port_scan_chef"),
        ("port_scan", "PortScanChef", "port_scan_chef"),
        ("port_scan_chef", "PortScanChef", "port_scan_chef"),
        ("PortScanChef", "PortScanChef", "port_scan_chef"),
        ("portscanchef", "PortscanChef", "portscan_chef"),
        ("DNSLookup", "DNSLookupChef", "dns_lookup_chef"),
        ("ARP", "ARPChef", "arp_chef"),
        ("http2Stream", "Http2StreamChef", "http2_stream_chef"),
        ("x_", "XChef", "x_chef"),
    ],
)
def test_names_are_as_in_python(name: str, chef: str, module: str) -> None:
    assert names_of(name) == (chef, module)


@pytest.mark.parametrize(
    "name",
    ["", "my chef", "2fast", "../port", "a/b", "port.py", "-", "Chef", "chef", "_", "é", "x" * 61,
     "Dumpling", "system_status", "a\nb"],
)  # fmt: skip
def test_what_is_no_name_for_a_chef_is_refused(name: str, tmp_path: Path) -> None:
    done = new("--directory", str(tmp_path), "--", name)
    assert done.exit_code == 2, done.output
    assert done.stderr.count("\n") == 1
    assert "chef" in done.stderr.lower()
    assert list(tmp_path.iterdir()) == []


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True))
def test_any_name_is_one_of_a_class_and_a_module_or_refused(name: str) -> None:
    try:
        names = names_of(name)
    except ValueError:
        return
    assert names.chef.isidentifier()
    assert names.chef.endswith("Chef")
    assert names.module.isidentifier()
    assert names.module.islower()
    assert names_of(names.chef) == names


def test_a_new_chef_is_found_by_nd_sniff(tmp_path: Path) -> None:
    new("Port", "--directory", str(tmp_path))
    (module,) = load_modules([str(tmp_path / "port_chef.py")])
    assert [chef.__name__ for chef in module.chefs] == ["PortChef"]
