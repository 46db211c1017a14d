"""What scapy binds to what, as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scapy.config import conf
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw, bind_bottom_up

from netdumplings.packets.bindings import LINK_LAYERS, as_expected, bound_ports


class Own(Packet):
    """A layer of somebody's own."""


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = {layer: layer.payload_guess for layer in (Ether, IP, IPv6, TCP, UDP, Packet)}
    yield
    for layer, bindings in before.items():
        layer.payload_guess = bindings


@pytest.mark.parametrize("link_type", LINK_LAYERS)
def test_scapy_is_as_expected_by_default(link_type: int) -> None:
    assert as_expected(link_type)


def bind_first(lower: Any, fields: dict[str, int]) -> None:
    lower.payload_guess = [(fields, Own), *lower.payload_guess]


@pytest.mark.parametrize(
    ("lower", "fields"),
    [
        (Ether, {"type": 0x0800}),
        (Ether, {}),
        (Ether, {"src": 1}),
        (IP, {"proto": 6}),
        (IP, {"proto": 17, "tos": 3}),
        (IPv6, {"nh": 17}),
    ],
)
def test_a_binding_that_comes_first_is_not_as_expected(lower: Any, fields: dict[str, int]) -> None:
    bind_first(lower, fields)
    assert not as_expected(1)


def test_more_bindings_of_other_values_are_as_expected() -> None:
    bind_bottom_up(Ether, Own, type=0x8847)
    bind_bottom_up(IP, Own, proto=250)
    bind_bottom_up(Ether, Own, type=0x0800)  # after scapy's own, which is found before it
    assert as_expected(1)


def test_another_class_for_a_link_type_is_not_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(conf.l2types.num2layer, 1, Raw)
    assert not as_expected(1)
    assert as_expected(101)


def test_ports_are_bound_as_they_are_now() -> None:
    assert bound_ports(UDP)[[53, 123, 5353]].all()
    assert not bound_ports(TCP)[[22, 443, 50000]].any()
    bind_bottom_up(TCP, Own, dport=50000)
    assert bound_ports(TCP)[50000]
    assert not bound_ports(UDP)[50000]


@pytest.mark.parametrize("fields", [{}, {"flags": 2}, {"dport": 7, "window": 1}])
def test_what_is_bound_to_more_than_ports_may_be_on_any(fields: dict[str, int]) -> None:
    bind_first(TCP, fields)
    assert bound_ports(TCP).all()
