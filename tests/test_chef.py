"""SPEC section 3: the base class of chefs."""

from __future__ import annotations

from scapy.layers.l2 import Ether

from netdumplings import DumplingChef
from support.packets import dns_query


class StatefulChef(DumplingChef):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.seen = 0


def test_a_chef_knows_its_kitchen_its_name_and_what_it_has_sent() -> None:
    chef = StatefulChef(kitchen="attic")
    assert chef.kitchen == "attic"
    assert chef.name == "StatefulChef"
    assert chef.dumplings_sent_count == 0
    assert chef.seen == 0
    assert DumplingChef().kitchen is None


def test_chefs_are_for_kitchens_unless_they_say_otherwise() -> None:
    assert DumplingChef.assignable_to_kitchen is True


def test_chefs_need_not_be_asked_for_unless_they_say_otherwise() -> None:
    assert DumplingChef.by_request is False


def test_the_base_packet_handler_names_the_chef_and_the_packet() -> None:
    payload = StatefulChef().packet_handler(Ether(dns_query("example.com")))
    assert isinstance(payload, str)
    assert "\n" not in payload
    assert "StatefulChef" in payload
    assert "DNS Qry" in payload


def test_the_base_interval_handler_makes_nothing() -> None:
    assert DumplingChef().interval_handler() is None
    assert DumplingChef().interval_handler(interval=5.0) is None
