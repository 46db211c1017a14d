"""The project's own folder, which these tests are about."""

import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def pyproject(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def git_lists(root: Path, *options: str) -> set[str]:
    """What git lists; without git, or outside a clone, the test skips."""
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("no git here, or no git clone")
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "ls-files", "-z", *options],
        cwd=root, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return {name for name in listing.split("\0") if name}


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """The files that git tracks."""
    return [root / name for name in sorted(git_lists(root))]


@pytest.fixture(scope="session")
def listed(root: Path) -> set[str]:
    """The names of the files that git tracks, or would if they were added."""
    names = git_lists(root, "--cached", "--others", "--exclude-standard")
    return {name for name in names if (root / name).is_file()}
