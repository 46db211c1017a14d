"""Chefs that are edited while a kitchen is at work: what takes over, what is kept, what is said."""

from __future__ import annotations

import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netdumplings import Dumpling, DumplingChef, DumplingKitchen
from netdumplings.dumplingchefs import PacketCountChef
from netdumplings.exceptions import NoChefs
from netdumplings.kitchen import ChefMenu, swapping
from netdumplings.testing.packets import FedSource
from support.packets import arp, batch

CHEF = """
from netdumplings import DumplingChef

class TellingChef(DumplingChef):
    seen = 0
    def packet_handler(self, packet):
        self.seen += 1
        return ["{answer}", self.seen]
"""
KEEPING = """
    def state(self):
        return {"seen": self.seen}
    def restore(self, state):
        self.seen = state["seen"]
"""
_serial = itertools.count()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    modules, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    yield
    assert sys.meta_path == finders
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        if str(getattr(sys.modules[name], "__file__", "")).startswith("/tmp"):
            del sys.modules[name]


@pytest.fixture(autouse=True)
def looking_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swapping, "LOOK_EVERY", 0.0)
    monkeypatch.setattr("netdumplings.kitchen.reloading.CALM", 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A chef's file, of another name in each test, as modules are known by their names."""
    return save(tmp_path / f"chefs{next(_serial)}.py", CHEF.format(answer="first"))


def save(path: Path, text: str) -> Path:
    """Write a file as many editors do: another one takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)
    return path


class Cooking:
    """A kitchen that is given one batch after the other, with its chefs looked at before each."""

    def __init__(
        self, *files: Path, wanted: tuple[str, ...] = (), menu: str = "usual", **settings: Any
    ) -> None:
        self.source = FedSource()
        choice = ChefMenu.load([str(file) for file in files], wanted, menu)
        self.kitchen = DumplingKitchen(
            "attic",
            source=self.source,
            chefs=choice.choose(),
            reload=choice,
            poke_interval=10_000,
            **settings,
        )
        self._made = iter(self.kitchen.cook())

    def packet(self, dumplings: int = 1) -> list[Any]:
        """What chefs make of one more packet, in their order; they must make so many dumplings."""
        self.source.feed(batch(arp()))
        made = itertools.islice(self._made, dumplings)
        return [Dumpling.from_json(text).payload for text in made]

    def end(self) -> None:
        self.source.end()
        for _ in self._made:
            pass


def test_an_edited_chef_takes_over_and_its_counts_go_on(file: Path) -> None:
    cooking = Cooking(file)
    assert cooking.packet() == [["first", 1]]
    assert cooking.packet() == [["first", 2]]
    save(file, CHEF.format(answer="other"))  # the same size, and the same second
    assert cooking.packet() == [["other", 1]]
    assert cooking.kitchen.chefs[0].dumplings_sent_count == 3
    cooking.end()
    chefs = cooking.kitchen.statistics().chefs
    assert (chefs["TellingChef"].packets, chefs["TellingChef"].dumplings) == (3, 3)


def test_state_goes_over_if_both_want_it(file: Path) -> None:
    save(file, CHEF.format(answer="first") + KEEPING)
    cooking = Cooking(file)
    assert cooking.packet() == [["first", 1]]
    save(file, CHEF.format(answer="second") + KEEPING)
    assert cooking.packet() == [["second", 2]]
    save(file, CHEF.format(answer="third"))
    assert cooking.packet() == [["third", 1]]
    cooking.end()


BROKEN = {
    "class TellingChef(:": "SyntaxError",
    "import there_is_no_such_thing": "ModuleNotFoundError",
    "1 / 0": "ZeroDivisionError: division by zero",
    "raise SystemExit(3)": "SystemExit: 3",
    "answer = 1": "no chef to run",
    CHEF + "    def __init__(self, *args, **kwargs): 1 / 0": "cannot be made: ZeroDivisionError",
    CHEF + "    packet_filter = 'no filter'": "syntax error",
    CHEF + "    packet_filter = 3": "its packet_filter is no text",
    CHEF + "    def restore(self, state): state['there is none']": "restore() KeyError",
}


@pytest.mark.parametrize(("text", "said"), BROKEN.items())
def test_a_broken_edit_is_said_once_and_the_old_one_goes_on(
    text: str, said: str, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(file, CHEF.format(answer="first") + KEEPING)
    cooking = Cooking(file)
    cooking.packet()
    before = dict(sys.modules)
    save(file, text)
    assert [cooking.packet() for _ in range(3)] == [[["first", seen]] for seen in (2, 3, 4)]
    assert sys.modules.get(file.stem) is before[file.stem]
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert said in record.getMessage()
    assert "the edit is not taken, what ran before goes on" in record.getMessage()
    assert "src/netdumplings/kitchen" not in caplog.text
    save(file, CHEF.format(answer="mended") + KEEPING)
    assert cooking.packet() == [["mended", 5]]
    cooking.end()


def test_the_name_of_another_chef_is_refused(
    file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = save(
        tmp_path / f"others{next(_serial)}.py",
        CHEF.format(answer="other").replace("TellingChef", "OtherChef"),
    )
    cooking = Cooking(file, other)
    assert cooking.packet(2) == [["first", 1], ["other", 1]]
    save(other, CHEF.format(answer="twice"))
    assert cooking.packet(2) == [["first", 2], ["other", 2]]
    assert "two chefs are named TellingChef" in caplog.text
    # An edit of the other file is what it lacked; and only what was edited begins anew.
    save(file, CHEF.format(answer="renamed").replace("TellingChef", "RenamedChef"))
    assert cooking.packet(2) == [["renamed", 1], ["twice", 1]]
    cooking.end()


def test_another_files_edit_is_taken_beside_a_broken_one(file: Path, tmp_path: Path) -> None:
    other = save(
        tmp_path / f"others{next(_serial)}.py",
        CHEF.format(answer="other").replace("TellingChef", "OtherChef"),
    )
    cooking = Cooking(file, other)
    save(file, "1 / 0")
    assert cooking.packet(2) == [["first", 1], ["other", 1]]
    save(other, CHEF.format(answer="better").replace("TellingChef", "OtherChef"))
    assert cooking.packet(2) == [["first", 2], ["better", 1]]
    cooking.end()


def test_chefs_come_and_go_by_the_rules_of_the_menu(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    more = CHEF.format(answer="new").partition("class")[2]
    cooking = Cooking(file)
    save(
        file,
        f"{CHEF.format(answer='second')}\nclass{more.replace('TellingChef', 'NewChef')}"
        f"\nclass{more.replace('TellingChef', 'AskedForChef')}    by_request = True",
    )
    assert cooking.packet(2) == [["second", 1], ["new", 1]]
    assert "TellingChef (reloaded), NewChef (new)" in caplog.text
    save(file, CHEF.format(answer="new").replace("TellingChef", "NewChef"))
    assert cooking.packet() == [["new", 1]]
    assert "NewChef (reloaded), TellingChef (gone)" in caplog.text
    assert [*cooking.kitchen.statistics().chefs] == ["NewChef"]
    cooking.end()


def test_of_named_chefs_no_other_is_added(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    cooking = Cooking(file, wanted=("TellingChef",))
    save(file, CHEF.format(answer="x").replace("TellingChef", "NewChef"))
    assert cooking.packet() == [["first", 1]]
    assert "no chef to run" in caplog.text
    cooking.end()


def test_what_a_chef_imports_from_its_directory_is_edited_too(file: Path) -> None:
    helper = save(file.with_name(f"helper{next(_serial)}.py"), "ANSWER = 'helped'")
    text = CHEF.format(answer="").replace('""', f"__import__('{helper.stem}').ANSWER")
    save(file, f"import {helper.stem}\n{text}")
    cooking = Cooking(file)
    assert cooking.packet() == [["helped", 1]]
    save(helper, "ANSWER = 'HELPED'")
    assert cooking.packet() == [["HELPED", 1]]
    missing = file.with_name(f"missing{next(_serial)}.py")
    save(file, f"import {missing.stem}\n{CHEF.format(answer='complete')}")
    assert cooking.packet() == [["HELPED", 2]]
    save(missing, "")
    assert cooking.packet() == [["complete", 1]]
    cooking.end()


def test_a_quarantined_chef_comes_back_with_a_good_edit(file: Path) -> None:
    save(file, CHEF.format(answer="first").replace("self.seen += 1", "raise MemoryError"))
    cooking = Cooking(file)
    cooking.source.feed(batch(arp()))
    told: list[Any] = []
    swapper = cooking.kitchen._swapper
    assert swapper is not None
    swapper._menu.on_change = lambda *names: told.append(names)
    threading.Timer(0.5, save, (file, CHEF.format(answer="back"))).start()
    threading.Timer(1.0, cooking.source.feed, (batch(arp()),)).start()
    (text,) = itertools.islice(cooking._made, 1)
    assert Dumpling.from_json(text).payload == ["back", 1]
    assert told == [(["TellingChef"], ["TellingChef"])]
    done = cooking.kitchen.statistics()
    assert not done.quarantined
    assert (done.chefs["TellingChef"].errors, done.chefs["TellingChef"].dumplings) == (1, 1)
    cooking.end()


def test_an_import_that_takes_for_ever_is_ended(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cooking = Cooking(file, chef_budget=0.5)
    save(file, "while True: pass")
    assert cooking.packet() == [["first", 1]]
    assert "its module had not returned after" in caplog.text
    save(file, CHEF.format(answer="mended"))
    assert cooking.packet() == [["mended", 1]]
    cooking.end()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork(2) here")
def test_an_isolated_chef_is_a_process_anew_and_keeps_its_state(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(file, CHEF.format(answer="first") + KEEPING)
    cooking = Cooking(file, isolate=["TellingChef"])
    assert [cooking.packet(), cooking.packet()] == [[["first", 1]], [["first", 2]]]
    save(file, CHEF.format(answer="second") + KEEPING)
    assert cooking.packet() == [["second", 3]]
    save(file, CHEF.format(answer="broken").replace("seen = 0", "1 / 0"))
    assert cooking.packet() == [["second", 4]]
    save(file, CHEF.format(answer="anew"))
    assert cooking.packet() == [["anew", 1]]
    cooking.end()
    assert cooking.kitchen.statistics().chefs["TellingChef"].packets == 5


def test_chefs_in_the_box_and_of_functions_stay_as_they_are(file: Path) -> None:
    class LocalChef(DumplingChef):
        def packet_handler(self, packet: Any) -> str:
            return "local"

    source = FedSource()
    kitchen = DumplingKitchen(
        source=source, chefs=[LocalChef, PacketCountChef], reload=True, poke_interval=10_000
    )
    before = list(kitchen.chefs)
    source.feed(batch(arp()))
    source.end()
    assert [each.payload for each in kitchen if each.chef_name == "LocalChef"] == ["local"]
    assert kitchen.chefs == before
    with pytest.raises(NoChefs):
        ChefMenu([]).choose()


def test_an_edit_just_after_loading_is_seen(file: Path) -> None:
    choice = ChefMenu.load([str(file)])
    save(file, CHEF.format(answer="late!"))
    os.utime(file, (time.time(), time.time()))
    assert choice.changed(time.time() + 1) == {file.stem}
