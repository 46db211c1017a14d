"""The identities of loss: ledgers that balance, and ledgers that say by how much they do not."""

from __future__ import annotations

import pytest

from netdumplings.delivery import DumplingLedger, EaterLedger, PacketLedger
from netdumplings.delivery.ledger import Ledger

BALANCED = [
    PacketLedger(
        received=15,
        handled=1,
        dropped_by_kernel=2,
        dropped_by_kitchen=4,
        waiting=8,
        dropped_by_interface=100,
    ),
    DumplingLedger(made=7, acknowledged=1, held=2, dropped=4),
    EaterLedger(routed=15, sent=1, filtered_out=2, dropped=4, waiting=8),
]


@pytest.mark.parametrize("ledger", [PacketLedger(), DumplingLedger(), EaterLedger(), *BALANCED])
def test_books_that_balance_have_no_violations(ledger: Ledger) -> None:
    assert ledger.imbalance() == 0
    assert ledger.violations() == []


#: Counts that no identity has.
BESIDE = ("dropped_by_interface", "filtered_out", "damaged")


@pytest.mark.parametrize(
    ("ledger", "count"),
    [(ledger, count) for ledger in BALANCED for count in ledger._fields if count not in BESIDE],
)
def test_whatever_count_is_out_by_three_is_found(ledger: Ledger, count: str) -> None:
    wrong = ledger._replace(**{count: getattr(ledger, count) + 3})
    surplus = 3 if count == ledger._fields[0] else -3
    assert wrong.imbalance() == surplus
    (told,) = wrong.violations()
    assert f"out by {surplus} " in told
    assert f"{count} {getattr(wrong, count)}" in told


@pytest.mark.parametrize("ledger", BALANCED)
def test_a_negative_count_is_a_violation_though_the_sum_is_right(ledger: Ledger) -> None:
    whole, first, second, *_ = ledger._fields
    before = getattr(ledger, first)
    wrong = ledger._replace(
        **{first: -5, second: getattr(ledger, second) + before + 5, whole: getattr(ledger, whole)}
    )
    assert wrong.imbalance() == 0
    assert wrong.violations() == [f"{first} is -5: no count is negative"]


def test_what_the_interface_dropped_is_beside_the_books() -> None:
    assert PacketLedger(dropped_by_interface=9).violations() == []
