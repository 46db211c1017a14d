"""The table of kitchens below the line of ``nd-hubstatus``."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from netdumplings.console.board import board
from support.statuses import backbone, fleet_after, hub, kitchen, status

EVIL = "\x1b[2J[red]x[/red]:smile:\u202e台"


def lines_of(*kitchens: Any, width: int = 100, height: int = 10, color: bool = False) -> list[str]:
    fleet = fleet_after(status(1, *kitchens), status(2, *kitchens))
    return board(fleet, width, height, with_colors=color)


def test_each_kitchen_is_a_line_with_its_rates_and_losses() -> None:
    fleet = fleet_after(
        status(1, kitchen(packets_received=0, packets_handled=0, bytes_handled=0)),
        status(
            2,
            kitchen(
                packets_received=1000,
                packets_handled=900,
                bytes_handled=125_000,
                packets_dropped_by_kernel=100,
                dumplings_made=3,
            ),
        ),
    )
    headings, line = board(fleet, 100, 10, with_colors=False)
    assert headings.split() == [
        "kitchen",
        "lost",
        *["packets/s", "bit/s", "dumplings/s", "what", "is", "wrong"],
    ]
    assert line.split() == [
        *("north", "100", "10", "%", "900", "1.0", "Mbit/s", "3"),
        *["LOSING", "100/s,", "kernel", "lost", "100"],
    ]


def test_a_kitchen_where_all_is_well_says_so() -> None:
    assert lines_of(kitchen(packets_received=3))[1].split()[-1] == "nothing"


def test_losses_are_red_and_in_words() -> None:
    well, lossy = kitchen("well"), kitchen("lossy", packets_dropped_by_kernel=7)
    _, first, second = lines_of(well, lossy, color=True)
    assert "lossy" in first
    assert "\x1b[31mkernel lost 7" in first
    assert "\x1b[31m7" in first
    assert "\x1b[31m" not in second
    assert [click.unstyle(line) for line in lines_of(well, lossy, color=True)] == (
        lines_of(well, lossy)
    )


def test_more_kitchens_than_fit_are_the_worst_and_a_number() -> None:
    many = [kitchen(f"k{n:02}") for n in range(40)]
    many += [kitchen("lossy", packets_dropped_by_kernel=1), kitchen("stuck", quarantined={"A": ""})]
    lines = lines_of(*many, height=5)
    assert len(lines) == 5
    assert [line.split()[0] for line in lines] == ["kitchen", "stuck", "lossy", "k00", "and"]
    assert lines[-1] == "and 39 more, all well"
    assert lines_of(*many, height=3)[-1] == "and 41 more, 1 of them not well"
    assert lines_of(*many, height=1) == lines_of(height=9) == []


def test_a_chef_that_rests_is_said_to_and_is_nothing_wrong() -> None:
    resting = kitchen("resting", not_wanted=["IdleChef", EVIL])
    _, line = lines_of(resting, width=200)
    assert "IdleChef not wanted" in line
    assert "\x1b[2J" not in line
    assert lines_of(*[kitchen("well")] * 3, resting, height=3)[-1] == "and 3 more, all well"


@pytest.mark.parametrize("width", [8, 20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = lines_of(kitchen("台" * 100), kitchen("n" * 300), width=width, height=3)
    assert lines
    assert all(cell_len(line) <= width for line in lines)


def test_names_are_shown_as_they_are_and_nothing_in_them_acts() -> None:
    line = lines_of(kitchen(EVIL), width=200)[1]
    assert line.startswith(r"\x1b[2J[red]x[/red]:smile:\u202e台")


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=4), st.integers(1, 150))
def test_any_names_give_lines_that_fit_and_do_nothing(names: list[str], width: int) -> None:
    kitchens = [kitchen(name, quarantined={name: name}) for name in names]
    for line in lines_of(*kitchens, width=width):
        assert line.isprintable()
        assert cell_len(line) <= width


def of_hubs(
    *kitchens: Any, hubs: Any, width: int = 100, height: int = 12, color: bool = False
) -> list[str]:
    told = [status(time, *kitchens, hub="a", hubs=hubs) for time in (1, 2)]
    return board(fleet_after(*told), width, height, with_colors=color)


def test_hubs_stand_above_the_kitchens_which_say_at_which_they_are() -> None:
    lines = of_hubs(kitchen(hub="b"), hubs=[hub("a"), hub("b", state="silent", heard=40)])
    assert [" ".join(line.split()) for line in lines] == [
        "hub kitchens eaters in/s out/s what is wrong",
        "b 1 2 - - SILENT 40 s",
        "a 1 2 0 0 nothing",
        "",
        "kitchen lost hub packets/s bit/s dumplings/s what is wrong",
        "north 0 b - - - nothing",
    ]


def test_one_hub_with_a_backbone_says_how_that_is() -> None:
    away = hub("a", backbone=backbone(connected=False, problem=EVIL))
    lines = of_hubs(kitchen(hub="a"), hubs=[away], color=True)
    assert r"NO BACKBONE: \x1b[2J[red]x[/red]:smile:\u202e" in click.unstyle(lines[1])
    assert "\x1b[31mNO BACKBONE" in lines[1]
    # Where else than there should it be?
    assert "hub" not in lines[3].split()


@pytest.mark.parametrize("height", range(1, 20))
@pytest.mark.parametrize("width", [8, 30, 55, 200])
def test_hubs_and_kitchens_fit_together(height: int, width: int) -> None:
    kitchens = [kitchen(f"k{n}", hub="h1") for n in range(9)]
    hubs = [hub(f"h{n}") for n in range(9)]
    lines = of_hubs(*kitchens, hubs=hubs, width=width, height=height)
    assert len(lines) <= height
    assert all(cell_len(line) <= width for line in lines)
    if height > 10:
        assert any(line.startswith("k0") for line in lines)
        assert any(line.startswith("h0") for line in lines)


def test_hubs_have_the_room_that_kitchens_leave() -> None:
    lines = of_hubs(kitchen(), hubs=[hub(f"h{n}") for n in range(8)], height=12)
    assert len([line for line in lines if line.startswith("h")]) == 9
    assert not [line for line in lines if line.startswith("and ")]
