"""What is wrong with a kitchen, in words."""

from __future__ import annotations

from typing import Any

from netdumplings.console.fleet import Kitchen, Level, level, troubles, worst_first
from support.statuses import fleet_after, kitchen, status

EVIL = "\x1b[2J[red]\u202e"


def only(*entries: Any) -> Kitchen:
    [one] = fleet_after(*(status(time, *those) for time, those in enumerate(entries))).kitchens
    return one


def test_all_is_well_without_a_word() -> None:
    one = only([kitchen(packets_received=5, packets_handled=5)])
    assert (list(troubles(one, 1)), level(one)) == ([], Level.fine)


def test_what_is_being_lost_comes_first() -> None:
    one = only(
        [kitchen(packets_received=10)],
        [
            kitchen(
                packets_received=20,
                packets_dropped_by_kernel=7,
                packets_dropped_by_interface=1,
                dumplings_dropped=2000,
                behind=4.5,
                chefs={"A": {"errors": 1, "packets_missed": 3}},
                quarantined={EVIL: EVIL},
                stuck={"chef": EVIL, "handler": "h", "seconds": 7},
            )
        ],
    )
    escaped = r"\x1b[2J[red]\u202e"
    assert level(one) == Level.losing
    assert list(troubles(one, 1)) == [
        "LOSING 2.0k/s",
        f"STUCK 7 s in {escaped}.h",
        f"quarantined {escaped} ({escaped})",
        "kernel lost 7",
        "interface lost 1",
        "slow chefs missed 3",
        "outbox lost 2.0k dumplings",
        "1 error",
        "4.5 s behind",
    ]


def test_a_kitchen_that_has_gone_says_for_how_long() -> None:
    one = only([kitchen(packets_dropped_by_kernel=1)], [])
    assert list(troubles(one, 45)) == ["gone 45 s", "kernel lost 1"]
    assert level(one) == Level.lost


def test_the_worst_come_first_and_the_well_by_name() -> None:
    fleet = fleet_after(
        *(
            status(
                time,
                kitchen("b"),
                kitchen("a"),
                kitchen("lost some", packets_dropped_by_kernel=5),
                kitchen("lost more", packets_dropped_by_kernel=50),
                kitchen("loses", dumplings_dropped=time),
                kitchen("loses more", dumplings_dropped=2 * time),
                kitchen("stuck", stuck={"chef": "A", "handler": "h", "seconds": 7}),
                kitchen("errs", chefs={"A": {"errors": 1}}),
                *([kitchen("gone")] if time == 1 else []),
            )
            for time in (1, 2)
        )
    )
    assert [one.status.name for one in worst_first(fleet.kitchens)] == [
        *("loses more", "loses", "stuck", "lost more", "lost some", "gone", "errs", "a", "b"),
    ]
