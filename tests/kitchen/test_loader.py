"""Chefs are found in modules, in the current directory and in files; what is wrong is said."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from netdumplings import dumplingchefs
from netdumplings.exceptions import ChefModuleError, DuplicateChef, NoChefs, UnknownChef
from netdumplings.kitchen.loader import choose_chefs, load_modules, public_name

#: Those of the chefs in the box that need not be asked for: of the contract's section 7.
USUAL = ["ARPChef", "DNSLookupChef", "PacketCountChef"]
TWO_CHEFS = """
from netdumplings import DumplingChef
from netdumplings.dumplingchefs import ARPChef   # merely imported: not this module's chef

class Second(DumplingChef):
    pass

class First(Second):
    pass

Alias = First
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a directory and modules of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def names(*given: str) -> list[list[str]]:
    return [[chef.__name__ for chef in module.chefs] for module in load_modules(given)]


def test_an_importable_module() -> None:
    (found,) = names("netdumplings.dumplingchefs")
    assert sorted(found) == sorted(dumplingchefs.__all__)


def test_a_module_in_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "my_chefs.py").write_text(TWO_CHEFS)
    assert names("my_chefs") == [["Second", "First"]]


def test_a_module_in_a_package_in_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "__init__.py").touch()
    (tmp_path / "kit" / "chefs.py").write_text(TWO_CHEFS)
    assert names("kit.chefs") == [["Second", "First"]]


def test_a_module_here_comes_before_an_installed_one_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "this.py").write_text(TWO_CHEFS)  # the standard library has one too
    assert names("this") == [["Second", "First"]]


def test_a_package_has_the_chefs_it_exports_from_its_own_modules(tmp_path: Path) -> None:
    (tmp_path / "kit2").mkdir()
    (tmp_path / "kit2" / "__init__.py").write_text("from .inner import First, ARPChef\n")
    (tmp_path / "kit2" / "inner.py").write_text(TWO_CHEFS)
    (module,) = load_modules(["kit2"])
    assert [public_name(chef) for chef in module.chefs] == ["kit2.First"]


def test_a_file_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "my-chefs.py").write_text(TWO_CHEFS)
    (module,) = load_modules(["dir/my-chefs.py"])
    assert [public_name(chef) for chef in module.chefs] == ["my-chefs.Second", "my-chefs.First"]


def test_a_file_in_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "home_chefs.py").write_text(TWO_CHEFS)
    assert names("~/home_chefs.py") == [["Second", "First"]]


def test_a_file_may_have_the_name_of_a_module_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(TWO_CHEFS)
    import json

    assert names("json.py") == [["Second", "First"]]
    assert sys.modules["json"] is json


def test_a_file_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "beside_it.py").write_text("GREETING = 'hi'\n")
    (tmp_path / "dir" / "greeter.py").write_text("from beside_it import GREETING\n" + TWO_CHEFS)
    assert names("dir/greeter.py") == [["Second", "First"]]


def test_a_module_is_imported_once(tmp_path: Path) -> None:
    (tmp_path / "once.py").write_text(
        "with open('log', 'a') as log:\n    log.write('x')\n" + TWO_CHEFS
    )
    assert names("once.py", "once.py") == [["Second", "First"]]
    assert (tmp_path / "log").read_text() == "x"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("no_such_module_anywhere", "no such module"),
        ("no_such_file.py", "no such file"),
        ("~/no_such_file.py", "no such file"),
        ("not a name", "neither a module's name nor a .py file"),
        ("json.no_such_part", "no such module"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(given: str, problem: str) -> None:
    (module,) = load_modules([given])
    assert module.error is not None
    assert problem in str(module.error)
    assert "\n" not in str(module.error)
    assert module.error.traceback == ""


def test_a_broken_module_gives_its_own_traceback_without_our_frames(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def deep():\n    return 1 / 0\n\ndeep()\n")
    for given in ("broken.py", "broken"):
        (module,) = load_modules([given])
        assert module.error is not None
        assert "ZeroDivisionError: division by zero" in str(module.error)
        assert 'broken.py", line 2, in deep' in module.error.traceback
        assert "loader.py" not in module.error.traceback
        assert "importlib" not in module.error.traceback


def test_a_file_that_is_not_python_shows_where(tmp_path: Path) -> None:
    (tmp_path / "prose.py").write_text("This is not Python.\n")
    (module,) = load_modules(["prose.py"])
    assert module.error is not None
    assert "SyntaxError" in str(module.error)
    assert 'prose.py", line 1' in module.error.traceback
    assert "loader.py" not in module.error.traceback


def test_a_module_that_lacks_another_says_which(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import no_such_library\n")
    (module,) = load_modules(["needy"])
    assert "No module named 'no_such_library'" in str(module.error)


def test_a_module_that_exits_does_not_end_us(tmp_path: Path) -> None:
    (tmp_path / "leaver.py").write_text("raise SystemExit(3)\n")
    (module,) = load_modules(["leaver.py"])
    assert "SystemExit" in str(module.error)


def test_all_chefs_are_chosen_or_the_wanted_ones(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO_CHEFS)
    modules = load_modules(["netdumplings.dumplingchefs", "two.py"])
    chosen = choose_chefs(modules)
    assert [chef.__name__ for chef in chosen] == [*USUAL, "Second", "First"]
    chosen = choose_chefs(modules, ["First", "ARPChef"])
    assert [chef.__name__ for chef in chosen] == ["ARPChef", "First"]


def test_an_unknown_chef_gets_the_nearest_name_and_all_there_are() -> None:
    with pytest.raises(UnknownChef) as caught:
        choose_chefs(load_modules(["netdumplings.dumplingchefs"]), ["DNSLokupChef"])
    assert "did you mean DNSLookupChef?" in str(caught.value)
    assert set(dumplingchefs.__all__) == set(caught.value.available)
    assert f"found: {', '.join(caught.value.available)})" in str(caught.value)


def test_two_chefs_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(TWO_CHEFS)
    (tmp_path / "other.py").write_text(TWO_CHEFS)
    modules = load_modules(["one.py", "other.py"])
    with pytest.raises(DuplicateChef, match="two chefs are named Second") as caught:
        choose_chefs(modules)
    assert caught.value.modules == ("one.py", "other.py")


def test_a_chef_that_is_not_for_kitchens_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "base.py").write_text(
        "from netdumplings import DumplingChef\n"
        "class Base(DumplingChef):\n    assignable_to_kitchen = False\n"
        "class Real(Base):\n    assignable_to_kitchen = True\n"
    )
    modules = load_modules(["base.py"])
    assert [chef.__name__ for chef in choose_chefs(modules)] == ["Real"]
    assert "chef Base of base.py is not for kitchens" in caplog.text
    with pytest.raises(NoChefs):
        choose_chefs(modules, ["Base"])


ASKED_FOR = """
from netdumplings import DumplingChef

class Usual(DumplingChef):
    pass

class Seldom(DumplingChef):
    by_request = True

class Heir(Seldom):
    pass

class Freed(Seldom):
    by_request = False

class Base(DumplingChef):
    assignable_to_kitchen = False
    by_request = True
"""


@pytest.mark.parametrize(
    ("wanted", "menu", "chosen"),
    [
        ([], "usual", ["Usual", "Freed"]),
        ([], "all", ["Usual", "Seldom", "Heir", "Freed"]),
        (["Seldom"], "usual", ["Seldom"]),
        (["Heir", "Usual"], "usual", ["Usual", "Heir"]),
        (["Seldom"], "all", ["Seldom"]),
    ],
)
def test_a_chef_by_request_is_chosen_by_its_name_or_with_all(
    wanted: list[str],
    menu: str,
    chosen: list[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "asked_for.py").write_text(ASKED_FOR)
    with caplog.at_level(logging.INFO):
        found = choose_chefs(load_modules(["asked_for.py"]), wanted, menu)
    assert [chef.__name__ for chef in found] == chosen
    said = "run by request only (--chef NAME, or --menu all): Seldom, Heir"
    assert (said in caplog.messages) == ("Freed" in chosen and menu == "usual")


def test_where_all_must_be_asked_for_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "seldom.py").write_text(
        "from netdumplings import DumplingChef\nclass A(DumplingChef):\n    by_request = True\n"
        "class B(A):\n    pass\n"
    )
    with pytest.raises(NoChefs) as caught:
        choose_chefs(load_modules(["seldom.py"]))
    assert caught.value.by_request == ("A", "B")
    assert str(caught.value) == (
        "no chef to run in seldom.py: A, B must be asked for, with --chef or --menu all"
    )


def test_two_chefs_of_one_name_are_no_trouble_while_nobody_asks_for_them(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / f"{name}.py").write_text(ASKED_FOR.replace("Usual", f"Usual{name}"))
        with (tmp_path / f"{name}.py").open("a") as file:
            file.write("\ndel Freed\n")
    modules = load_modules(["one.py", "other.py"])
    assert [chef.__name__ for chef in choose_chefs(modules)] == ["Usualone", "Usualother"]
    with pytest.raises(DuplicateChef):
        choose_chefs(modules, menu="all")


def test_there_is_no_other_menu() -> None:
    with pytest.raises(ValueError, match="there is no menu 'lunch': it is one of usual, all"):
        choose_chefs(load_modules(["netdumplings.dumplingchefs"]), menu="lunch")


def test_a_broken_module_ends_it_unless_another_has_chefs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "two.py").write_text(TWO_CHEFS)
    with pytest.raises(ChefModuleError):
        choose_chefs(load_modules(["broken.py"]))
    with caplog.at_level(logging.ERROR):
        chosen = choose_chefs(load_modules(["broken.py", "two.py"]))
    assert [chef.__name__ for chef in chosen] == ["Second", "First"]
    assert "chef module broken.py: ZeroDivisionError: division by zero" in caplog.text
    assert 'broken.py", line 1' in caplog.text


def test_a_module_without_chefs_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "none.py").write_text("from netdumplings.dumplingchefs import ARPChef\n")
    with pytest.raises(NoChefs, match=r"no chef to run in none\.py"):
        choose_chefs(load_modules(["none.py"]))


def test_the_public_name_is_the_one_it_is_imported_by() -> None:
    (module,) = load_modules(["netdumplings.dumplingchefs"])
    assert {public_name(chef) for chef in module.chefs} == {
        f"netdumplings.dumplingchefs.{name}" for name in dumplingchefs.__all__
    }
