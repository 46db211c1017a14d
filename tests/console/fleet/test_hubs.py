"""What a status says of several hubs: read whatever it holds, followed, and put into words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.fleet import (
    Fleet,
    Level,
    OneHub,
    hub_level,
    hub_troubles,
    read_status,
    worst_hubs_first,
)
from support.statuses import backbone, eater, fleet_after, hub, kitchen, status

EVIL = "\x1b[2J[red]\u202e"
ESCAPED = r"\x1b[2J[red]\u202e"


def of(*hubs: Any, **more: Any) -> tuple[OneHub, ...]:
    return read_status(status(1, hubs=list(hubs), hub="a", **more)).hubs


def test_each_hub_tells_how_it_is_and_how_it_stands_with_its_backbone() -> None:
    stuck = backbone(
        connected=False, problem="no answer", kitchens_paused=True, differs=["replicas"],
        storing={"taken": 5, "stored": 1, "waiting": 4, "left": 0, "refused": 0},
    )  # fmt: skip
    found = read_status(status(1, hubs=[hub("b", backbone=stuck), hub("a")], hub="a"))
    other, own = found.hubs
    assert found.own is own
    assert (own.name, own.state, own.heard, own.out_port) == ("a", "up", 0, 11348)
    assert (own.dumplings_in, own.dumplings_out, own.dropped) == (10, 20, 0)
    assert (own.kitchens, own.eaters, own.uptime) == (1, 2, 60)
    assert own.backbone is not None
    assert (own.backbone.connected, own.backbone.messages, own.backbone.bytes) == (True, 5, 500)
    assert other.backbone is not None
    assert (other.backbone.connected, other.backbone.problem) == (False, "no answer")
    assert (other.backbone.waiting, other.backbone.paused) == (4, True)
    assert other.backbone.differs == ("replicas",)


def test_peers_are_at_a_hub_if_there_are_several() -> None:
    at_b = eater("e", hub="b")
    found = read_status(status(1, kitchen(hub="a"), eaters=[at_b, eater("f")]))
    assert [one.hub for one in found.kitchens] == ["a"]
    assert [one.hub for one in found.eaters] == ["b", None]
    assert (found.name, found.hubs, found.own) == (None, (), None)


def test_all_is_well_without_a_word() -> None:
    [one] = of(hub())
    assert (list(hub_troubles(one)), hub_level(one)) == ([], Level.fine)


@pytest.mark.parametrize(
    ("told", "words", "how_bad"),
    [
        (hub(state="silent", heard=45), ["SILENT 45 s"], Level.lost),
        (hub(state="stopped", heard=5), ["stopped 5 s ago"], Level.odd),
        (hub(state=7), ["SILENT 0 s"], Level.lost),
        (hub(backbone=backbone(connected=False)), ["NO BACKBONE"], Level.broken),
        (
            hub(backbone=backbone(connected=False, problem=EVIL)),
            [f"NO BACKBONE: {ESCAPED}"],
            Level.broken,
        ),
        (
            hub(
                backbone=backbone(
                    problem="it is full",
                    kitchens_paused=True,
                    storing={"taken": 7, "stored": 2, "waiting": 5, "left": 0, "refused": 0},
                )
            ),
            ["NOT STORING: it is full", "TAKES NO MORE from kitchens", "5 dumplings wait"],
            Level.broken,
        ),
        (
            hub(
                backbone=backbone(
                    storing={"taken": 7, "stored": 4, "waiting": 0, "left": 0, "refused": 3},
                )
            ),
            ["3 dumplings lost, too large for the backbone"],
            Level.lost,
        ),
        (hub(backbone=backbone(differs=[EVIL])), [f"the stream differs: {ESCAPED}"], Level.odd),
        (
            hub(ledger={"received": 3, "taken": 1, "duplicates": 1, "lost": 0}),
            ["BOOKS OUT BY 1 (received 3 taken 1 duplicates 1 lost 0)"],
            Level.lost,
        ),
        (
            hub(backbone=backbone(returning={"came": 1, "routed": 0, "repeated": 0, "damaged": 0})),
            ["BOOKS OUT BY 1 (came 1 routed 0 repeated 0 damaged 0)"],
            Level.lost,
        ),
    ],
)
def test_what_is_wrong_is_in_words(told: Any, words: list[str], how_bad: Level) -> None:
    [one] = of(told)
    assert (list(hub_troubles(one)), hub_level(one)) == (words, how_bad)


def test_a_hub_that_has_gone_is_not_blamed_for_its_backbone() -> None:
    [one] = of(hub(state="stopped", backbone=backbone(connected=False)))
    assert list(hub_troubles(one)) == ["stopped 0 s ago"]


def test_the_worst_come_first_then_the_own_and_the_others_by_name() -> None:
    hubs = of(
        hub("z"), hub("b"), hub("a"), hub("gone", state="silent"), hub("went", state="stopped"),
        hub("stuck", backbone=backbone(connected=False)),
    )  # fmt: skip
    assert [one.name for one in worst_hubs_first(hubs, "b")] == [
        "stuck", "gone", "went", "b", "a", "z",
    ]  # fmt: skip


def told(time: float, *hubs: Any, by: str = "a", of_kitchens: Any = ()) -> Any:
    return status(time, *of_kitchens, hub=by, hubs=list(hubs))


def test_rates_of_hubs_are_by_the_time_of_which_each_tells() -> None:
    fleet = fleet_after(
        told(10, hub("a", dumplings_in=100), hub("b", heard=2.0, dumplings_in=50)),
        told(12, hub("a", dumplings_in=120), hub("b", heard=1.0, dumplings_in=80)),
    )
    assert [hub.rates and hub.rates.dumplings_in for hub in fleet.hubs] == [10, 10]
    assert fleet.rates is not None
    assert fleet.rates.dumplings_in == 20
    # Of b nothing was heard since, which is not to say that nothing came there.
    fleet.update(
        read_status(told(13, hub("a", dumplings_in=130), hub("b", heard=2.0, dumplings_in=80)))
    )
    assert fleet.rates.dumplings_in == 20
    assert fleet.spread


def test_a_hub_that_has_gone_has_no_rates_and_one_that_was_started_again_is_another() -> None:
    fleet = fleet_after(
        told(1, hub("a"), hub("b")),
        told(2, hub("a"), hub("b", state="silent", heard=1)),
    )
    assert [hub.rates is None for hub in fleet.hubs] == [False, True]
    fleet = fleet_after(
        told(1, hub("a"), hub("b", dumplings_in=50)),
        told(2, hub("a"), hub("b", id="another", dumplings_in=40)),
    )
    assert [hub.rates is None for hub in fleet.hubs] == [False, True]


def test_nothing_jumps_when_another_hub_is_asked() -> None:
    """What it tells of a kitchen, and of the sums, may be older than what was known."""
    fleet = Fleet()
    for time, by, handled in ((1, "a", 100), (2, "a", 200), (3, "b", 190), (4, "b", 290)):
        one = kitchen(hub="a", packets_received=handled, packets_handled=handled)
        fleet.update(
            read_status(
                told(time, hub("a", dumplings_in=handled), hub("b"), by=by, of_kitchens=[one])
            )
        )
        [here] = fleet.kitchens
        assert here.rates is None if by == "b" and time == 3 else True
        if fleet.rates is not None:
            assert fleet.rates.dumplings_in <= 100
    assert here.rates is not None
    assert here.rates.packets == 100


def test_rates_of_kitchens_are_by_the_time_of_which_their_hub_tells() -> None:
    """However long nothing is heard of it: that is not to say that nothing happens there."""

    def at(time: float, heard: float, handled: int) -> Any:
        one = kitchen(hub="b", packets_received=handled, packets_handled=handled)
        return told(time, hub("a"), hub("b", heard=heard), of_kitchens=[one])

    fleet = fleet_after(
        at(100, 2, 0), at(110, 2, 100), *(at(110 + t, 2 + t, 100) for t in range(9))
    )
    [one] = fleet.kitchens
    assert one.rates is not None
    assert one.rates.packets == 10
    fleet.update(read_status(at(120, 2, 300)))
    assert one.rates.packets == 20


def test_a_kitchen_that_goes_to_another_hub_is_the_same() -> None:
    fleet = fleet_after(
        told(1, hub("a"), hub("b"), of_kitchens=[kitchen(hub="a", packets_handled=100)]),
        told(2, hub("a"), hub("b"), of_kitchens=[kitchen(hub="b", port=2, packets_handled=150)]),
        told(3, hub("a"), hub("b"), of_kitchens=[kitchen(hub="b", port=2, packets_handled=160)]),
    )
    [one] = fleet.kitchens
    assert (one.status.hub, one.gone) == ("b", False)
    assert one.rates is not None
    assert one.rates.packets == 10


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from([*hub()]), json_values),
    st.dictionaries(st.sampled_from([*backbone()]), json_values),
    json_values,
)
def test_nothing_that_is_told_is_an_error(of_hub: Any, of_backbone: Any, anything: Any) -> None:
    for hubs in (
        [hub(**of_hub)], [hub(backbone=backbone(**of_backbone))], [anything], anything,
    ):  # fmt: skip
        fleet = fleet_after(
            *(status(t, hubs=hubs, hub=anything, backbone=anything) for t in (1, 2))
        )
        for one in fleet.hubs:
            assert all(word.isprintable() for word in hub_troubles(one.status))


def test_however_much_is_told_what_is_read_has_bounds() -> None:
    long = "x" * 100_000
    talkative = hub(
        long, id=long, host=long, backbone=backbone(problem=long, differs=[long] * 1000)
    )
    hubs = of(*[talkative] * 1000)
    assert len(hubs) < 200
    assert hubs[0].backbone is not None
    assert len(hubs[0].name or "") + len(hubs[0].backbone.problem) < 1000
    assert sum(map(len, hubs[0].backbone.differs)) < 5000
