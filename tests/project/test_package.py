"""What is built for others to install has what it should in it, and nothing else."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

#: What may lie in a developer's folder, and is nobody else's.
NOBODYS = re.compile(
    r"\.(venv|git|hypothesis|\w+_cache|py[co]|pcap(ng)?|db|sqlite\d?|egg-info)(/|$)"
    r"|(^|/)(dist|_build|__pycache__)/"
)
PAGE = "netdumplings/hub/page"


def build(directory: Path, into: Path, *what: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(into), *what]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def sdist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An sdist of this folder."""
    into = tmp_path_factory.mktemp("sdist")
    build(root, into, "--target", "sdist")
    (path,) = into.iterdir()
    return path


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the sdist holds."""
    into = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(into, filter="data")
    (path,) = into.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that is built of the sdist."""
    into = tmp_path_factory.mktemp("wheel")
    build(unpacked, into, "--target", "wheel")
    (path,) = into.iterdir()
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def test_the_sdist_is_the_repository(unpacked: Path, listed: set[str]) -> None:
    has = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert has - {"PKG-INFO"} == {name for name in listed if not name.startswith(".ci/")}


def test_the_wheel_is_the_package_its_licence_and_nothing_else(
    wheel: zipfile.ZipFile, listed: set[str]
) -> None:
    package = {name.removeprefix("src/") for name in listed if name.startswith("src/")}
    info = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    has = set(wheel.namelist())
    assert {name.partition(".dist-info/")[2] for name in has - package} == info
    assert package <= has


def test_neither_has_what_only_its_builder_has(unpacked: Path, wheel: zipfile.ZipFile) -> None:
    names = [str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()]
    assert [name for name in names + wheel.namelist() if NOBODYS.search(name)] == []


def test_the_wheel_has_the_page_and_says_that_it_is_typed(
    wheel: zipfile.ZipFile, root: Path
) -> None:
    for path in (root / "src" / PAGE).iterdir():
        assert wheel.read(f"{PAGE}/{path.name}") == path.read_bytes()
    assert f"{PAGE}/index.html" in wheel.namelist()
    assert "netdumplings/py.typed" in wheel.namelist()


def test_the_wheel_is_the_same_from_the_folder(
    root: Path, wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    build(root, tmp_path, "--target", "wheel")
    (path,) = tmp_path.iterdir()
    with zipfile.ZipFile(path) as other:
        assert sorted(other.namelist()) == sorted(wheel.namelist())
        for name in wheel.namelist():
            assert other.read(name) == wheel.read(name), name


def test_it_says_what_it_is_and_needs(
    metadata: Message, pyproject: dict[str, Any], wheel: zipfile.ZipFile, root: Path
) -> None:
    project = pyproject["project"]
    assert metadata["Name"] == "netdumplings"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == project["requires-python"]
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (root / "README.md").read_text(encoding="utf-8")
    extras = project["optional-dependencies"]
    assert set(metadata.get_all("Provides-Extra", [])) == set(extras)
    plain = {
        Requirement(text).name.replace(".", "-")
        for text in metadata.get_all("Requires-Dist", [])
        if "extra ==" not in text
    }
    assert plain == {Requirement(text).name.replace(".", "-") for text in project["dependencies"]}
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    scripts = re.findall(r"^(\S+) = (\S+)$", wheel.read(name).decode(), re.MULTILINE)
    plugins = project["entry-points"]["pytest11"]
    assert dict(scripts) == project["scripts"] | plugins


def test_its_urls_are_none_of_a_registry(metadata: Message) -> None:
    urls = " ".join(value for name, value in metadata.items() if "url" in name.lower())
    assert not re.search(r"pypi|pythonhosted|anaconda", urls, re.IGNORECASE)
