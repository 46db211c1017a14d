"""Chefs that run only when wanted: a hub tells its kitchens what eaters subscribe to."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingChef
from netdumplings.kitchen import ChefMenu
from netdumplings.kitchen.loader import load_modules
from netdumplings.packets import PacketBatch
from netdumplings.testing import collecting_eater, running_hub, running_kitchen
from support.live_packets import live_kitchen, wait_until
from support.packets import arp, dns_query


class CountChef(DumplingChef):
    """Tells what it was given; the base of two."""

    assignable_to_kitchen = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pokes = 0

    def batch_handler(self, packets: PacketBatch) -> int:
        return len(packets)

    def interval_handler(self, interval: float | None = None) -> None:
        self.pokes += 1


class SteadyChef(CountChef):
    """Is always run."""


class IdleChef(CountChef):
    """Is run when somebody wants it."""

    only_when_wanted = True


class OnlyARPChef(CountChef):
    """Is for few packets."""

    packet_filter = "arp"


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netdumplings.kitchen.demand.LINGER", 0.1)


def test_the_example_rests_until_somebody_wants_it() -> None:
    example = Path(__file__).parents[2] / "examples" / "wanted_chef.py"
    (module,) = load_modules([str(example)])
    with running_hub() as hub, live_kitchen(hub.for_kitchens, *module.chefs) as kitchen:
        wait_until(lambda: kitchen.resting == ("LengthsChef",))
        with collecting_eater(hub, chef_filter=["Lengths*"]) as eater:
            wait_until(lambda: not kitchen.resting)
            kitchen.feed(arp(), dns_query(), dns_query("example.org"))
            assert eater.wait_for(1)[0].payload == [len(dns_query()), len(dns_query("example.org"))]


@pytest.mark.parametrize("isolate", [(), ("IdleChef",)], ids=["here", "isolated"])
def test_a_chef_is_run_while_an_eater_wants_it(isolate: tuple[str, ...]) -> None:
    packets = arp(), dns_query()
    with (
        running_hub() as hub,
        live_kitchen(hub.for_kitchens, SteadyChef, IdleChef, isolate=isolate) as kitchen,
    ):
        wait_until(lambda: kitchen.resting == ("IdleChef",))
        before = kitchen.had(IdleChef)
        kitchen.feed(*packets)
        assert kitchen.had(IdleChef) == before
        assert kitchen.had(SteadyChef) == 2
        with collecting_eater(hub, chef_filter=["Idle*"], since=None) as eater:
            wait_until(lambda: not kitchen.resting)
            kitchen.feed(*packets)
            assert [one.payload for one in eater.wait_for(1)] == [2]
        wait_until(lambda: kitchen.resting == ("IdleChef",))
        kitchen.feed(*packets)
        done = kitchen.kitchen.statistics()
        assert kitchen.had(IdleChef) == before + 2
        # What it was not handed is no loss.
        assert not done.packets.violations()
        assert done.packets_handled == done.packets_received == 6
        assert not sum(chef.packets_missed for chef in done.chefs.values())


def test_a_chef_that_rests_is_not_poked() -> None:
    with running_hub() as hub, live_kitchen(hub.for_kitchens, SteadyChef, IdleChef) as kitchen:
        steady, idle = kitchen.kitchen.chefs
        assert isinstance(steady, CountChef)
        assert isinstance(idle, CountChef)
        wait_until(lambda: kitchen.resting)
        pokes, rested = steady.pokes, idle.pokes
        wait_until(lambda: steady.pokes >= pokes + 3)
        assert idle.pokes == rested


@pytest.mark.parametrize(
    ("wishes", "wanted"),
    [
        ({"kitchen_filter": None}, True),
        ({"kitchen_filter": ["att*"]}, True),
        ({"kitchen_filter": ["cellar"]}, False),
        ({"kitchen_filter": [None]}, False),
        ({"chef_filter": ["SteadyChef", "IdleChef"], "kitchen_filter": ["attic"]}, True),
        ({"chef_filter": ["SteadyChef"]}, False),
        ({"chef_filter": ["SystemStatusChef"], "kitchen_filter": [None]}, False),
    ],
)
def test_what_counts_as_wanting(wishes: dict[str, Any], wanted: bool) -> None:
    with running_hub() as hub, collecting_eater(hub, **wishes):
        wait_until(lambda: hub.hub._service and hub.hub._service._eaters.here)
        with live_kitchen(hub.for_kitchens, SteadyChef, IdleChef) as kitchen:
            demand = kitchen.kitchen._demand
            assert demand
            wait_until(lambda: demand._wanted is not None)
            assert demand._wanted == ({"IdleChef"} if wanted else set())


def test_what_a_hub_said_holds_while_it_is_away_and_another_is_asked() -> None:
    with ExitStack() as first:
        hub = first.enter_context(running_hub())
        port = hub.in_port
        with live_kitchen(hub.for_kitchens, IdleChef) as kitchen:
            wait_until(lambda: kitchen.resting)
            first.close()
            kitchen.feed(arp())
            assert kitchen.resting
            with running_hub(in_port=port) as again, collecting_eater(again) as eater:
                wait_until(lambda: not kitchen.resting)
                kitchen.feed(arp(), arp())
                eater.wait_until(lambda eaten: 2 in [one.payload for one in eaten])


def test_who_asks_for_no_demand_runs_all_and_so_does_a_replay() -> None:
    with running_hub() as hub, live_kitchen(hub.for_kitchens, IdleChef, demand=False) as kitchen:
        wait_until(lambda: hub.hub._service and hub.hub._service._kitchens.here)
        kitchen.feed(arp())
        assert kitchen.had(IdleChef) == 1
        with running_kitchen(hub, IdleChef) as replaying:
            replaying.feed([arp(), arp()])
            replaying.end()
            assert replaying.kitchen.statistics().chefs["IdleChef"].packets == 2


def test_an_edit_may_have_a_chef_run_only_when_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netdumplings.kitchen.swapping.LOOK_EVERY", 0.05)
    file = tmp_path / "demand_edited_chefs.py"
    code = "from netdumplings import DumplingChef\n\nclass EditedChef(DumplingChef):\n"
    file.write_text(f"{code}    pass\n")
    menu = ChefMenu.load([str(file)])
    with (
        running_hub() as hub,
        live_kitchen(hub.for_kitchens, *menu.choose(), reload=menu) as kitchen,
    ):
        demand = kitchen.kitchen._demand
        assert demand
        kitchen.feed(arp())
        assert kitchen.kitchen.chefs[0].name == "EditedChef"
        file.write_text(f"{code}    only_when_wanted = True\n")
        wait_until(lambda: kitchen.resting == ("EditedChef",))
        with collecting_eater(hub):
            wait_until(lambda: not kitchen.resting)
            file.write_text(f"{code}    only_when_wanted = False\n")
            # It is not asked about any more.
            wait_until(lambda: demand._wanted is None)


def test_the_status_says_who_is_not_wanted() -> None:
    with (
        running_hub(status_freq=60.0) as hub,
        live_kitchen(hub.for_kitchens, SteadyChef, IdleChef),
        collecting_eater(hub, chef_filter=["SystemStatusChef"], kitchen_filter=[None]) as eater,
    ):
        # At once, and not with the next status.
        def resting(payload: Any) -> list[str]:
            (kitchen,) = payload["dumpling_kitchens"] or [{"info_from_kitchen": {}}]
            told: list[str] = kitchen["info_from_kitchen"].get("counts", {}).get("not_wanted", [])
            return told

        eater.wait_until(lambda eaten: any(resting(one.payload) == ["IdleChef"] for one in eaten))


@pytest.mark.parametrize(
    ("settings", "kernel_filter"),
    [({}, "(arp)"), ({"ring": 1 << 20}, None), ({"capture_all": True}, None)],
    ids=["usually", "with a ring", "when told so"],
)
def test_packets_that_no_chef_is_for_are_captured_where_they_are_kept(
    settings: dict[str, Any], kernel_filter: str | None
) -> None:
    with running_hub() as hub, live_kitchen(hub.for_kitchens, OnlyARPChef, **settings) as kitchen:
        kitchen.feed(arp())
        assert kitchen.kitchen.statistics().kernel_filter == kernel_filter


def test_a_chef_that_rests_is_not_asked_for_what_is_left() -> None:
    asked = []

    class LastChef(DumplingChef):
        def closing_handler(self) -> None:
            asked.append(self.name)

    class RestingLastChef(LastChef):
        only_when_wanted = True

    chefs = LastChef, RestingLastChef
    with running_hub() as hub, live_kitchen(hub.for_kitchens, *chefs) as kitchen:
        wait_until(lambda: kitchen.resting == ("RestingLastChef",))
    assert asked == ["LastChef"]
