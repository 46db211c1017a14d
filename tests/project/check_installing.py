"""The wheel in ``dist``, installed as its users do: ``./dev package`` runs this."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "src/netdumplings/hub/page"
#: The Python below the virtual environment that this one runs in, which has pip.
PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")


@pytest.fixture(scope="session")
def wheel() -> Path:
    (path,) = (ROOT / "dist").glob("*.whl")
    return path


@pytest.fixture(scope="session")
def wheels(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all that the wheel needs: pip has most of it from before."""
    directory = tmp_path_factory.mktemp("wheels")
    command = [str(PYTHON), "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    command += ["--constraint", str(ROOT / "constraints.txt"), "--dest", str(directory)]
    subprocess.run([*command, str(wheel), "pip", "setuptools"], check=True)
    return directory


@pytest.fixture(scope="session", params=["pipx", "uv"])
def scripts(
    request: pytest.FixtureRequest,
    wheel: Path,
    wheels: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The directory of the commands that were installed, by pipx or by uv."""
    if request.param == "pipx" and subprocess.call([PYTHON, "-c", "import ensurepip"]) != 0:
        pytest.skip("pipx needs ensurepip: on Debian and Ubuntu, apt-get install python3-venv")
    home = tmp_path_factory.mktemp(request.param)
    found = home / "bin"
    settings = {
        "HOME": home,
        "PIPX_HOME": home / "pipx",
        "PIPX_BIN_DIR": found,
        "PIPX_DEFAULT_BACKEND": "pip",  # uv has its turn
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": wheels,
        "UV_CACHE_DIR": home / "cache",
        "UV_TOOL_DIR": home / "uv",
        "UV_TOOL_BIN_DIR": found,
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": wheels,
        "UV_PYTHON_DOWNLOADS": "never",
    }
    environment = os.environ | {name: str(value) for name, value in settings.items()}
    tool = [str(Path(sys.executable).with_name(request.param))]
    command = ["tool", "install"] if request.param == "uv" else ["install"]
    subprocess.run(
        [*tool, *command, "--python", str(PYTHON), str(wheel)], env=environment, check=True
    )
    return found


@contextmanager
def started(command: list[str], directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that runs, with a home of its own, where nothing of this folder can be imported."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "NETDUMPLINGS_CONFIG": ""}
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.stdout
            print(process.stdout.read())  # pytest shows it where a test fails


def wait_for(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Read what a command says until a line matches."""
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(pattern, line):
            return found
    raise AssertionError(f"it ended without {pattern!r}: {said}")


def test_every_command_is_there_and_says_its_version(
    scripts: Path, pyproject: dict[str, Any], tmp_path: Path
) -> None:
    names = sorted(path.name for path in scripts.iterdir())
    assert names == sorted(pyproject["project"]["scripts"])
    for name in names:
        with started([str(scripts / name), "--version"], tmp_path) as process:
            wait_for(process, rf"^{name} \d")
            assert process.wait() == 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["nd-hub", "-i", "0", "-o", "0"], None),
        (["nd-up", "--demo", "--in-port", "0", "--out-port", "0"], "PacketCountChef"),
    ],
    ids=["nd-hub", "nd-up --demo"],
)
def test_it_serves_the_page(
    command: list[str], said: str | None, scripts: Path, tmp_path: Path
) -> None:
    with started([str(scripts / command[0]), *command[1:]], tmp_path) as process:
        port = wait_for(process, r"eaters on port (\d+)$")[1]
        for path in PAGE.iterdir():
            name = "" if path.name == "index.html" else path.name
            with urllib.request.urlopen(f"http://localhost:{port}/{name}") as answer:
                assert answer.read() == path.read_bytes(), name
        if said:
            wait_for(process, said)
    assert process.wait() == 0
