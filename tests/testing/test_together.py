"""A hub, a kitchen and an eater for tests: real ones, on free ports, and gone at the end."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netdumplings import DumplingChef
from netdumplings.dumplingchefs import ARPChef, DNSLookupChef
from netdumplings.exceptions import BrokenChef, CannotListen
from netdumplings.testing import (
    CollectingEater,
    RunningHub,
    RunningKitchen,
    collecting_eater,
    packet_batch,
    payloads,
    running_hub,
    running_kitchen,
)
from support.packets import arp, dns_query, write_pcap

StartKitchen = Callable[..., RunningKitchen]


class BadChef(DumplingChef):
    def packet_handler(self, packet: Any) -> Any:
        return 1 / 0


def lookups(dumplings: Any) -> list[str]:
    found = payloads(dumplings, chef="DNSLookupChef")
    return [each["lookup"]["hostname"] for each in found if "lookup" in each]


def test_dumplings_go_from_a_kitchen_over_a_hub_to_an_eater(
    dumpling_kitchen: StartKitchen, dumpling_eater: CollectingEater, tmp_path: Path
) -> None:
    kitchen = dumpling_kitchen(DNSLookupChef, ARPChef, poke_interval=10)
    kitchen.feed([dns_query("a.example"), arp()])
    eaten = dumpling_eater.wait_for(3)
    assert lookups(eaten) == ["a.example"]
    assert [one.driver.value for one in eaten] == ["interval", "packet", "packet"]
    assert {one.kitchen for one in eaten} == {"test_kitchen"}
    kitchen.feed(write_pcap(tmp_path / "x.pcap", dns_query("b.example")))
    kitchen.feed(packet_batch(dns_query("c.example")))
    kitchen.end()
    kitchen.end()  # it has
    eaten = dumpling_eater.wait_until(lambda eaten: len(eaten) == 6)
    assert lookups(eaten) == ["a.example", "b.example", "c.example"]
    assert dumpling_eater.dumplings == eaten
    assert kitchen.kitchen.statistics().dumplings_acknowledged == 6


def test_who_comes_first_makes_no_difference(dumpling_hub: RunningHub) -> None:
    with running_kitchen(dumpling_hub, DNSLookupChef, name="early") as kitchen:
        kitchen.feed(dns_query("a.example"))
    with collecting_eater(dumpling_hub, "late") as eater:
        assert lookups(eater.wait_for(3)) == ["a.example"]


def test_a_kitchen_that_was_not_ended_delivers_what_it_has_at_the_end(
    dumpling_eater: CollectingEater, dumpling_hub: RunningHub
) -> None:
    with running_kitchen(dumpling_hub, DNSLookupChef) as kitchen:
        kitchen.feed([dns_query(f"{number}.example") for number in range(100)])
    assert len(lookups(dumpling_eater.wait_for(102))) == 100


def test_two_kitchens_and_two_eaters_may_share_a_hub(
    dumpling_kitchen: StartKitchen, dumpling_eater: CollectingEater, dumpling_hub: RunningHub
) -> None:
    with collecting_eater(dumpling_hub, "other", kitchen_filter=["north"]) as other:
        for name in ("north", "south"):
            dumpling_kitchen(ARPChef, name=name).feed(arp())
        assert {one.kitchen for one in dumpling_eater.wait_for(2)} == {"north", "south"}
        assert [one.kitchen for one in other.wait_for(1)] == ["north"]


def test_hubs_are_on_ports_of_their_own_and_are_gone_at_the_end() -> None:
    before = threading.active_count()
    with running_hub() as one, running_hub() as other:
        ports = [one.in_port, one.out_port, other.in_port, other.out_port]
        assert len(set(ports)) == 4
        assert one.for_kitchens == f"localhost:{one.in_port}"
        assert one.for_eaters == f"localhost:{one.out_port}"
        for port in ports:
            socket.create_connection(("localhost", port)).close()
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("localhost", port)).close()
    assert threading.active_count() == before


def test_the_eater_is_given_the_hubs_own_dumplings_if_it_asks() -> None:
    with running_hub(status_freq=0.05) as hub, collecting_eater(hub, kitchen_filter=None) as eater:
        assert eater.wait_for(1)[0].chef_name == "SystemStatusChef"


def test_what_did_not_come_is_said_with_what_did(
    dumpling_kitchen: StartKitchen, dumpling_eater: CollectingEater
) -> None:
    with pytest.raises(TimeoutError, match=r"in 0\.01 seconds there came 0 dumplings$"):
        dumpling_eater.wait_for(1, timeout=0.01)
    dumpling_kitchen(ARPChef).feed(arp())
    dumpling_eater.wait_for(1)
    with pytest.raises(TimeoutError, match=r"came 1 dumplings, the latest of them:\nDumpling\("):
        dumpling_eater.wait_for(2, timeout=0.01)


def test_errors_of_chefs_are_the_tests(
    dumpling_hub: RunningHub, caplog: pytest.LogCaptureFixture
) -> None:
    said = "chefs made errors, which the log has: BadChef 2"
    with pytest.raises(AssertionError, match=said), running_kitchen(dumpling_hub, BadChef) as bad:
        bad.feed([arp(), arp()])
    assert "BadChef.packet_handler raised ZeroDivisionError" in caplog.text
    with running_kitchen(dumpling_hub, BadChef) as bad:
        bad.feed(arp())
        with pytest.raises(AssertionError):
            bad.end()


def test_an_error_of_the_test_is_not_hidden_by_others(dumpling_hub: RunningHub) -> None:
    with pytest.raises(KeyError), running_kitchen(dumpling_hub, BadChef) as bad:
        bad.feed(arp())
        raise KeyError


def test_what_cannot_begin_says_why(dumpling_hub: RunningHub) -> None:
    class NeedyChef(DumplingChef):
        def __init__(self, needed: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    with pytest.raises(BrokenChef), running_kitchen(dumpling_hub, NeedyChef):
        pass
    with pytest.raises(CannotListen), running_hub(in_port=dumpling_hub.in_port):
        pass


def test_a_hub_with_tokens_lets_its_own_kitchen_and_eater_in(tmp_path: Path) -> None:
    from netdumplings.transport.tokens_file import add_token

    path = tmp_path / "tokens.json"
    add_token(path, "somebody", ["eater"], None)
    with (
        running_hub(tokens=path) as hub,
        collecting_eater(hub) as eater,
        running_kitchen(hub, ARPChef) as kitchen,
    ):
        kitchen.feed(arp())
        assert eater.wait_for(1)[0].chef_name == "ARPChef"


async def test_a_test_with_an_event_loop_may_use_them(
    dumpling_kitchen: StartKitchen, dumpling_eater: CollectingEater
) -> None:
    dumpling_kitchen(ARPChef).feed(arp())
    assert len(dumpling_eater.wait_for(1)) == 1


def test_nothing_is_said_of_an_orderly_end(
    dumpling_hub: RunningHub, caplog: pytest.LogCaptureFixture
) -> None:
    with collecting_eater(dumpling_hub), running_kitchen(dumpling_hub, ARPChef) as kitchen:
        kitchen.feed(arp())
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
