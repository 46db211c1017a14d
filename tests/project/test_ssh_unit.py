"""The unit that reads a router's tcpdump by ssh."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from netdumplings.console import sniff
from support import sandbox

UNIT = Path(__file__).parents[2] / "deploy" / "ssh" / "nd-router@.service"
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "sniff-a-router-by-ssh.md"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze"
)


def kitchen() -> list[str]:
    """The kitchen's arguments."""
    [line] = sandbox.settings(UNIT)["ExecStart"]
    shell, *_, script = shlex.split(line)
    assert shell == "/bin/bash"
    program, *arguments = shlex.split(script.rpartition("|")[2])
    assert program == "/opt/netdumplings/bin/nd-sniff"
    return arguments


def test_each_option_is_one_of_the_kitchens() -> None:
    arguments = kitchen()
    context = sniff.main.make_context("nd-sniff", list(arguments), resilient_parsing=True)
    assert not context.args
    assert context.params["read"] == ("-",)
    assert context.params["filter"] == ""
    known = {name for option in sniff.main.params for name in option.opts}
    assert {each for each in arguments if each.startswith("--")} <= known


def test_what_it_is_handed_is_what_it_reads_and_the_guide_makes() -> None:
    settings = sandbox.settings(UNIT)
    handed = {line.partition(":")[0]: line.partition(":")[2] for line in settings["LoadCredential"]}
    [line] = settings["ExecStart"]
    assert set(re.findall(r"\$\{CREDENTIALS_DIRECTORY\}/([\w.]+)", line)) == set(handed)
    made = GUIDE.read_text(encoding="utf-8")
    for path in handed.values():
        if "router" in path:
            assert path.replace("%i", "cellar") in made
    for variable in ("ROUTER", "HUB"):
        assert f"${{{variable}}}" in line
        assert f"echo {variable}=" in made


@needs_systemd
def test_systemd_understands_it_and_finds_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / "nd-router@cellar.service"
    unit.write_text(UNIT.read_text(encoding="utf-8"), encoding="utf-8")
    verified, security = (
        subprocess.run(["systemd-analyze", *arguments, unit], capture_output=True, text=True,
                       check=False)
        for arguments in (["verify", "--man=no"],
                          ["security", "--no-pager", "--offline=true", "--threshold=17"])
    )  # fmt: skip
    left = [line for line in verified.stderr.splitlines() if "is not executable" not in line]
    assert [line for line in left if unit.name in line] == []
    if "unrecognized option" not in security.stderr:
        assert security.returncode == 0, security.stdout[-1500:]
