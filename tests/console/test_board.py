"""The table of kitchens below the line of ``nd-hubstatus``."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from netdumplings.console.board import board
from support.statuses import fleet_after, kitchen, status

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
