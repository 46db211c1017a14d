"""The hub's own dumplings."""

from __future__ import annotations

import json
from typing import Any

from netdumplings import Dumpling, DumplingDriver
from netdumplings.defaults import MAX_MESSAGE
from netdumplings.delivery import EaterLedger, IntakeLedger
from netdumplings.hub.feeds import Feed
from netdumplings.hub.formats import PLAIN
from netdumplings.hub.guests import ConnectedEater, Kitchen
from netdumplings.hub.reporting import report_of
from netdumplings.hub.reports import HubTold
from netdumplings.hub.sessions import Sessions
from netdumplings.hub.status import status_dumpling, status_payload
from netdumplings.wire import check_dumpling, kitchen_hello
from support.outlets import Socket, metadata

INTAKE = IntakeLedger(received=10, taken=9, duplicates=1, lost=4)
TOTALS = EaterLedger(routed=100, sent=20, filtered_out=40, dropped=30, waiting=10)


def kitchen(name: str = "k", text: str | None = None) -> Kitchen:
    text = text or kitchen_hello(name, "all", "tcp", ["mod.MyChef"], 5.0)
    session, _ = Sessions().open("a session", 1, name)
    session.take(3, b"{}\n{}\n{}\n{}\n{}", [metadata()] * 5)
    session.take(6, b"{}\n{}", [metadata()] * 2)
    return Kitchen(name, text.encode(), "127.0.0.1", 4321, session)


def eater(name: str = "e") -> ConnectedEater:
    text = json.dumps({"eater_name": name}).encode()
    feed = Feed(Socket(), "an eater", PLAIN, max_unsent=1000)
    feed.offer(b"xx", 2, 5, {})
    return ConnectedEater(name, text, "::1", 1234, feed)


def status(kitchens: list[Kitchen], eaters: list[ConnectedEater]) -> bytes:
    return status_dumpling(
        status_payload(
            report_of(
                HubTold(
                    id="",
                    name="",
                    uptime=2.5,
                    kitchens=len(kitchens),
                    eaters=len(eaters),
                    ledger={**INTAKE._asdict(), "own": 3, **TOTALS._asdict()},
                    refused={"too big": 2, "silent": 1},
                ),
                kitchens,
                eaters,
            )
        ),
        1.5,
    )


def payload(kitchens: list[Kitchen], eaters: list[ConnectedEater]) -> Any:
    text = status(kitchens, eaters)
    assert len(text) <= MAX_MESSAGE
    # Apart from its name, it is such as a kitchen may send.
    assert check_dumpling(text.replace(b"SystemStatusChef", b"SomeChef", 1)) is None
    return json.loads(text)["payload"]


def test_it_is_a_dumpling_of_the_systems_own_chef_and_of_no_kitchen() -> None:
    dumpling = Dumpling.from_json(status([], []))
    assert dumpling.chef_name == "SystemStatusChef"
    assert dumpling.driver is DumplingDriver.interval
    assert dumpling.kitchen is None
    assert dumpling.creation_time == 1.5


def test_it_has_every_key_of_the_contract() -> None:
    assert payload([kitchen()], [eater()]) == {
        "total_dumplings_in": 10,
        "total_dumplings_out": 20,
        "total_dumplings_dropped": 30,
        "server_uptime": 2.5,
        "dumpling_kitchen_count": 1,
        "dumpling_eater_count": 1,
        "dumpling_kitchens": [
            {
                "info_from_kitchen": {
                    "kitchen_name": "k",
                    "interface": "all",
                    "filter": "tcp",
                    "chefs": ["mod.MyChef"],
                    "poke_interval": 5.0,
                },
                "info_from_hub": {
                    "host": "127.0.0.1",
                    "port": 4321,
                    "dumplings_in": 7,
                    "received": 7,
                    "taken": 5,
                    "duplicates": 2,
                    "lost": 2,
                },
            }
        ],
        "dumpling_eaters": [
            {
                "info_from_eater": {"eater_name": "e"},
                "info_from_hub": {
                    "host": "::1",
                    "port": 1234,
                    "dumplings_out": 2,
                    "dumplings_dropped": 0,
                    "routed": 5,
                    "sent": 2,
                    "filtered_out": 3,
                    "dropped": 0,
                    "waiting": 0,
                },
            }
        ],
        "ledger": {
            "received": 10,
            "taken": 9,
            "duplicates": 1,
            "lost": 4,
            "own": 3,
            "routed": 100,
            "sent": 20,
            "filtered_out": 40,
            "dropped": 30,
            "waiting": 10,
        },
        "refused": {"silent": 1, "too big": 2},
    }


def test_what_a_kitchen_announced_is_shown_to_the_byte() -> None:
    text = '{"kitchen_name": "k",  "ours": 1.50, "ž": [null]}'
    assert text.encode() in status([kitchen(text=text)], [])


def test_kitchens_that_announce_too_much_are_shown_by_name_then_only_counted() -> None:
    long = [
        kitchen(name, json.dumps({"kitchen_name": name, "x": "y" * 60_000}))
        for name in (f"long {number}" for number in range(40))
    ]
    shown = payload(long, [eater()])
    assert shown["dumpling_kitchen_count"] == 40
    infos = [entry["info_from_kitchen"] for entry in shown["dumpling_kitchens"]]
    assert [info["kitchen_name"] for info in infos] == [f"long {number}" for number in range(40)]
    assert "x" in infos[0]
    assert "x" not in infos[-1]
    assert shown["dumpling_eaters"][0]["info_from_eater"] == {"eater_name": "e"}

    many = [kitchen("\x01" * 256) for _ in range(3000)]
    shown = payload(many, [])
    assert shown["dumpling_kitchen_count"] == 3000
    assert 0 < len(shown["dumpling_kitchens"]) < 3000


def test_counts_a_kitchen_tells_later_take_the_place_of_those_it_announced() -> None:
    one = kitchen(text='{"kitchen_name":"k","counts":{"made":1},"more":[1]}')
    one.told_counts(b'{"made":2}')
    shown = payload([one], [])["dumpling_kitchens"][0]["info_from_kitchen"]
    assert shown == {"kitchen_name": "k", "counts": {"made": 2}, "more": [1]}
