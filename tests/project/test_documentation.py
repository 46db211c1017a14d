"""The documentation's examples, links and commands are real."""

import json
import re
import runpy
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

import netdumplings
import netdumplings.testing
from netdumplings import dumplingchefs
from netdumplings.console.settings import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(params=PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_examples_in_python_and_json_are_well_formed(page: Path) -> None:
    for code in blocks(page, "python"):
        compile(code, str(page), "exec")
    for document in blocks(page, "json"):
        assert isinstance(json.loads(document), dict)


def test_links_to_files_and_included_files_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    includes = re.findall(r"\{literalinclude\} (\S+)", text)
    missing = [link for link in [*links, *includes] if not (page.parent / link).exists()]
    assert missing == []


def test_every_command_is_in_the_reference_generated_from_its_own_help(
    pyproject: dict[str, Any],
) -> None:
    reference = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    generated = re.findall(r"^```\{command-help\} (\S+)$", reference, re.MULTILINE)
    assert sorted(generated) == sorted(pyproject["project"]["scripts"])


def test_every_command_of_the_package_exists(pyproject: dict[str, Any]) -> None:
    for name, target in pyproject["project"]["scripts"].items():
        module, _, attribute = target.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        assert command.name == name


def test_every_command_may_have_a_table_in_a_file_of_settings(pyproject: dict[str, Any]) -> None:
    scripts = pyproject["project"]["scripts"]
    named = {name: f"netdumplings.console.{COMMANDS[name]}:main" for name in scripts}
    assert named == scripts


def test_the_file_of_settings_in_the_guide_is_one(tmp_path: Path) -> None:
    (settings,) = blocks(ROOT / "docs/how-to/configure.md", "toml")
    path = tmp_path / "config.toml"
    path.write_text(settings, encoding="utf-8")
    for name in tomllib.loads(settings).keys() & COMMANDS.keys():
        main = import_module(f"netdumplings.console.{COMMANDS[name]}").main
        shown = CliRunner().invoke(main, ["--config", str(path), "--show-config"])
        assert shown.exit_code == 0, shown.output
        assert "  # file" in shown.output


def test_the_guide_to_completion_names_every_command(pyproject: dict[str, Any]) -> None:
    page = ROOT / "docs/how-to/configure.md"
    for language in ("bash", "zsh", "text"):  # Sphinx does not know fish
        (code,) = blocks(page, language)
        (named,) = re.findall(r"nd-\{(.*)\}", code)
        assert {f"nd-{name}" for name in named.split(",")} == set(pyproject["project"]["scripts"])


def test_the_guide_to_installing_names_every_extra_of_users(pyproject: dict[str, Any]) -> None:
    page = (ROOT / "docs/how-to/install.md").read_text(encoding="utf-8")
    for_users = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    developers = {"test", "check", "bench", "fuzz", "package", "docs"}
    assert for_users == pyproject["project"]["optional-dependencies"].keys() - developers


def test_the_chef_in_the_readme_makes_dumplings(tmp_path: Path) -> None:
    chef_code, loop_code = blocks(ROOT / "README.md", "python")
    capture = tmp_path / "capture.pcap"
    packets = [
        Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        / IP(src="192.0.2.1", dst="192.0.2.2")
        / TCP(dport=80, flags=flags)
        for flags in ("S", "A", "S")
    ]
    wrpcap(str(capture), packets)
    names: dict[str, Any] = {"__name__": "connections"}
    exec(chef_code, names)
    dumplings = list(netdumplings.DumplingKitchen(read=capture, chefs=[names["ConnectionChef"]]))
    assert [dumpling.payload for dumpling in dumplings] == [
        {"from": "192.0.2.1", "to": "192.0.2.2", "port": 80}
    ] * 2
    assert "DumplingKitchen(read=" in loop_code


def test_the_steps_in_the_guide_to_testing_chefs_pass() -> None:
    names = runpy.run_path(str(ROOT / "examples/test_refusal_chef.py"))
    names |= {"packets": [names["refuses"](port) for port in (1, 2, 3)]}
    names |= {"START": netdumplings.testing.START}
    for code in blocks(ROOT / "docs/how-to/test-a-chef.md", "python"):
        exec(code, names)
    assert names["kitchen"].chef.refused == {"192.0.2.1": 1}


def test_every_picture_is_small_and_shown() -> None:
    images = sorted((ROOT / "docs/images").iterdir())
    assert images
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [image.name for image in images if f"images/{image.name}" not in shown] == []
    assert [image.name for image in images if image.stat().st_size > 120_000] == []


def test_the_gallery_has_a_small_picture_of_each_chef_in_the_box() -> None:
    gallery = (ROOT / "docs/reference/chefs/index.md").read_text(encoding="utf-8")
    shown = re.findall(r"\{image\} \.\./\.\./images/card-(\w+)\.png\n:alt: \S", gallery)
    assert set(shown) == {*dumplingchefs.__all__, "FailedLookupChef"}
    for chef in shown:
        assert (ROOT / f"docs/images/card-{chef}.png").stat().st_size < 40_000
