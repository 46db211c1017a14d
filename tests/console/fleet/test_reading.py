"""A status is read whatever it holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.console.fleet import ChefStatus, Losses, read_status
from support.statuses import eater, kitchen, status

COUNTS: dict[str, Any] = {
    "packets_received": 100,
    "packets_handled": 80,
    "packets_dropped_by_kernel": 15,
    "packets_dropped_by_interface": 2,
    "packets_dropped_by_kitchen": 5,
    "dumplings_made": 9,
    "dumplings_dropped": 4,
    "bytes_handled": 8000,
    "traffic": {"TCP": [60, 6000], "UDP": [20, 2000]},
    "behind": 0.25,
    "chefs": {
        "A": {"packets": 80, "seconds": 0.5, "dumplings": 9, "errors": 2, "packets_missed": 7}
    },
    "quarantined": {"B": "it did not return"},
    "not_wanted": ["C"],
    "kernel_filter": "(udp port 53)",
    "stuck": {"chef": "A", "handler": "packet_handler", "seconds": 7.5},
}


def test_a_kitchen_tells_what_it_counted_and_lost_at_each_place() -> None:
    [one] = read_status(status(1, kitchen("north", **COUNTS))).kitchens
    assert (one.name, one.host, one.interfaces) == ("north", "192.0.2.1", ("eth0",))
    assert one.counts["packets_handled"] == 80
    assert one.losses == Losses(kernel=15, interface=2, kitchen=5, chefs=7, outbox=4)
    assert (one.losses.packets, one.losses.everything) == (20, 33)
    assert one.loss_share == 0.2
    assert one.chef_counts == {"A": ChefStatus(80, 0.5, 9, 2, 7)}
    assert (one.errors, one.behind) == (2, 0.25)
    assert one.quarantined == {"B": "it did not return"}
    assert (one.not_wanted, one.kernel_filter) == (("C",), "(udp port 53)")
    assert one.stuck == ("A", "packet_handler", 7.5)
    assert one.traffic == {"TCP": (60, 6000), "UDP": (20, 2000)}


def test_a_kitchen_that_counts_nothing_is_known_by_what_the_hub_misses_of_it() -> None:
    old = kitchen("old")
    del old["info_from_kitchen"]["counts"]
    old["info_from_hub"]["lost"] = 6
    [one] = read_status(status(1, old)).kitchens
    assert (one.counts, one.losses, one.loss_share) == ({}, Losses(outbox=6), None)


def test_a_kitchen_with_several_interfaces_has_them_all() -> None:
    several = kitchen()
    several["info_from_kitchen"]["interface"] = ["eth0", 7, "lo"]
    assert read_status(status(1, several)).kitchens[0].interfaces == ("eth0", "lo")


def test_an_eater_tells_what_it_got_and_missed() -> None:
    entry = eater("page", dumplings_out=5, dumplings_dropped=3, waiting=2)
    [one] = read_status(status(1, eaters=[entry])).eaters
    assert (one.name, one.dumplings_out, one.dropped, one.waiting) == ("page", 5, 3, 2)


@pytest.mark.parametrize(
    ("key", "nonsense"),
    [
        ("traffic", {"TCP": [1], "UDP": [1, -1], "ARP": "x", "IP": [True, 2]}),
        ("traffic", [1, 2]),
        ("behind", -1),
        ("behind", "3"),
        ("stuck", {"chef": "A"}),
        ("stuck", []),
        ("quarantined", [1]),
        ("not_wanted", {"A": 3}),
        ("not_wanted", [1, {}]),
        ("kernel_filter", ["udp"]),
        ("chefs", {"A": 3}),
    ],
)
def test_what_makes_no_sense_is_as_if_it_were_not_told(key: str, nonsense: Any) -> None:
    [one] = read_status(status(1, kitchen(**{key: nonsense}))).kitchens
    assert (one.traffic, one.behind, one.stuck, one.quarantined, one.errors) == (
        *({}, None, None, {}),
        0,
    )
    assert (one.not_wanted, one.kernel_filter) == ((), None)


def test_however_much_is_told_what_is_read_has_bounds() -> None:
    many = {f"{n}" * 100: 1 for n in range(10_000)}
    lists = {name: [1, 1] for name in many}
    hostile = kitchen("n" * 1000, chefs=many, quarantined=many, traffic=lists)
    counted = hostile["info_from_kitchen"]["counts"]
    counted |= {"not_wanted": list(many), "kernel_filter": "f" * 100_000}
    hostile["info_from_kitchen"] |= {"interface": list(many), "filter": "f" * 100_000}
    [one, *others] = read_status(status(1, hostile, *[kitchen()] * 10_000)).kitchens
    assert len(others) < 5000
    assert len(one.name or "") == len(max(one.chef_counts, key=len)) == 256
    assert len(one.chef_counts) == len(one.quarantined) == 512
    assert len(one.traffic) == 32
    assert len(one.interfaces) == 64
    assert len(one.filter or "") == len(one.kernel_filter or "") == 4096
    assert len(one.not_wanted) == 512


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*COUNTS]), json_values), json_values)
def test_no_counts_and_no_list_of_peers_is_an_error(counts: Any, peers: Any) -> None:
    read_status(status(1, kitchen(**counts)))
    read_status(status(1, dumpling_kitchens=peers, dumpling_eaters=peers, refused=peers))
    read_status(status(1, dumpling_kitchens=[peers], dumpling_eaters=[peers]))
