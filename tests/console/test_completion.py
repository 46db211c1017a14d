"""Which chefs are completed: those that would be found, as far as can be seen from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdumplings import dumplingchefs
from netdumplings.console.completion import chefs_of
from netdumplings.kitchen.loader import load_modules

EXAMPLES = sorted(Path(__file__).parents[2].joinpath("examples").glob("[!t]*chef*.py"))


def test_those_in_the_box_are_named() -> None:
    assert sorted(chefs_of("netdumplings.dumplingchefs")) == sorted(dumplingchefs.__all__)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_those_in_a_file_are_named_as_the_loader_finds_them(path: Path) -> None:
    (module,) = load_modules([str(path)])
    assert list(chefs_of(str(path))) == [chef.__name__ for chef in module.chefs] != []


def test_a_module_here_comes_before_others_and_runs_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit\nclass MyChef(a.DumplingChef): pass")
    monkeypatch.chdir(tmp_path)
    assert list(chefs_of("mine")) == ["MyChef"]


@pytest.mark.parametrize("source", [b"class", b"\xff", b"(" * 10_000, b"\0"])
def test_what_is_no_module_has_none(source: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_bytes(source)
    for module in (str(path), str(tmp_path / "y.py"), str(tmp_path), "no.such", "..", ""):
        assert list(chefs_of(module)) == []
