"""What is in the repository holds on any machine, and says what it should."""

import re
from pathlib import Path
from typing import Any

# Written so that this file does not match itself.
REGISTRY = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|yarnpkg\.com|deb\.debian\.org")
MACHINE_PATH = re.compile(r"(?<![\w./~$}-])/(work|farm|root|home|Users)/\w")

SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


def lines_matching(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # binary; deleted but not committed yet
            continue
        found += [
            f"{file.name}:{number}: {line.strip()}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    return found


def test_no_file_names_the_host_of_a_package_registry(tracked: list[Path]) -> None:
    assert lines_matching(REGISTRY, tracked) == []


def test_no_file_has_a_path_of_the_machine_it_was_written_on(tracked: list[Path]) -> None:
    assert lines_matching(MACHINE_PATH, tracked) == []


def test_constraints_pin_every_direct_dependency_and_nothing_but_versions(
    root: Path, pyproject: dict[str, Any]
) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+( ;.*)?", pin)] == []
    pinned = {canonical(pin.partition("==")[0]) for pin in pins}
    assert direct_dependencies(pyproject) <= pinned


def test_the_documentation_gives_a_reason_for_every_direct_dependency(
    root: Path, pyproject: dict[str, Any]
) -> None:
    page = (root / "docs/reference/dependencies.md").read_text(encoding="utf-8")
    tables = "\n".join(line for line in page.splitlines() if line.startswith("| "))
    missing = [
        name
        for name in direct_dependencies(pyproject)
        if not re.search(rf"(?<![\w-]){name.replace('-', '[-_.]')}(?![\w-])", tables)
    ]
    assert missing == []


def test_the_changelog_keeps_its_format(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^(#+) (.*)$", text, re.MULTILINE)
    assert headings[0] == ("#", "Changelog")
    assert headings[1] == ("##", "[Unreleased]")
    for marks, heading in headings[1:]:
        if marks == "##":
            released = r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}"
            assert heading == "[Unreleased]" or re.fullmatch(released, heading)
        else:
            assert marks == "###"
            assert heading in SECTIONS
    for section in re.split(r"^### .*$", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"^- \S", section, re.MULTILINE), "a section without entries"


def direct_dependencies(pyproject: dict[str, Any]) -> set[str]:
    project = pyproject["project"]
    extras = project["optional-dependencies"].values()
    requirements = [
        *project["dependencies"],
        *pyproject["build-system"]["requires"],
        *(requirement for extra in extras for requirement in extra),
    ]
    names = [re.match(r"[\w.-]+", requirement) for requirement in requirements]
    return {canonical(name[0]) for name in names if name}


def canonical(name: str) -> str:
    """A package's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()
