"""``nd-top`` over a real hub: what is on its screen, and what its keys do."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from textual import events
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection

from netdumplings.console import past
from netdumplings.console.past import statuses_of
from netdumplings.console.top.feed_pane import FeedPane
from netdumplings.transport import HubAccess, HubAddress, Token
from netdumplings.transport.tokens_file import add_token
from support.commands import PATIENCE
from support.hub_peers import running_hub
from support.hubs import CountingKitchen, Hub, counting_kitchen, dumpling, foreign_hub
from support.statuses import backbone, status
from support.statuses import eater as eater_entry
from support.statuses import hub as hub_entry
from support.statuses import kitchen as kitchen_entry
from support.tls import pem, served_by
from support.top import Top, running_top

EVIL = "\x1b[2J[red]x[/][@click=app.quit]\u202e:smile:\x1b]0;owned\x07"
SHOWN = r"\\x1b\[2J\[red\]x"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as running:
        yield running


def lookup(hostname: str) -> str:
    return dumpling({"lookup": {"hostname": hostname, "when": 1}}, chef="DNSLookupChef")


def count_up(kitchen: CountingKitchen, to: int, lost: int = 0) -> None:
    """Have a kitchen tell that it has counted so far."""
    kitchen.tell(
        packets_received=to + lost,
        packets_handled=to,
        packets_dropped_by_kernel=lost,
        bytes_handled=100 * to,
        dumplings_made=to,
        traffic={"TCP": [to, 90 * to], "ARP": [1, 60]},
    )


async def counted(top: Top, kitchen: CountingKitchen, lost: int = 0) -> None:
    """Have a kitchen count until that is on the screen."""
    for to in range(1, 200):
        count_up(kitchen, 10 * to, lost)
        await asyncio.sleep(0.1)
        if "TCP " in top.screen and (not lost or "LOST" in top.screen):
            return
    raise AssertionError(top.screen)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_the_overview_shows_kitchens_losses_layers_names_and_dumplings(
    hub: Hub, size: tuple[int, int]
) -> None:
    with counting_kitchen(hub, "lossy") as lossy, counting_kitchen(hub, "well") as well:
        count_up(well, 1)
        lossy.send(lookup("www.example.org"), dumpling({"a": 1}))
        async with running_top(hub.for_eaters, size) as top:
            await top.wait_for(r"^ nd-top  localhost:\d+  ● connected  up 00:00:\d\d")
            await counted(top, lossy, lost=7)
            screen = await top.wait_for(r"kernel lost 7")
            assert [len(screen.splitlines()), max(map(len, screen.splitlines()))] <= [*size[::-1]]
            assert "LOST " in screen
            # The kitchen that loses comes first, though its name does not.
            assert screen.index(" lossy ") < screen.index(" well ")
            await top.wait_for(r"\b1 www\.example\.org")
            await top.wait_for(r'TestChef +test_kit\S+ +\{"a": 1\}$')
            await top.wait_for(r"^TCP .*[▁-█]")
            assert ("━ kitchens 2" in screen, "eaters" in screen) == (True, True)


async def test_keys_choose_what_is_shown(hub: Hub) -> None:
    with counting_kitchen(hub, "north") as kitchen:
        kitchen.send(lookup("www.example.org"), lookup("other.example"))
        async with running_top(hub.for_eaters) as top:
            await counted(top, kitchen)
            for key, there, not_there in (
                ("2", r"━ kitchens 1", "lookups"),
                ("3", r"━ layers by packets", "─ kitchens"),
                ("b", r"━ layers by bits", "─ kitchens"),
                ("4", r"━ DNS names 2", "layers by"),
                ("6", r"━ eaters 1", "DNS names"),
                ("5", r"━ dumplings ", "━ eaters"),
                ("1", r"━ kitchens 1", "━ dumplings"),
            ):
                await top.press(key)
                assert not_there not in await top.wait_for(there)
            await top.press("tab", "tab")
            await top.wait_for("━ DNS names")
            await top.press("4", "slash", *"other", "enter")
            assert "www.example.org" not in await top.wait_for(r"DNS names 1, with other")
            await top.press("escape")
            await top.wait_for(r"DNS names 2 ")
            await top.press("question_mark")
            await top.wait_for(r"Ctrl\+C +quit")
            await top.press("escape", "q")
            assert not top.app.is_running or top.app._exit


async def test_the_mouse_chooses_and_opens(hub: Hub) -> None:
    with counting_kitchen(hub, "north", filter_of="x") as kitchen:
        count_up(kitchen, 5)
        async with running_top(hub.for_eaters) as top:
            await top.wait_for("● north")
            await top.pilot.click("#header", offset=(20, 2))
            await top.wait_for("━ kitchens 1")
            assert "─ dumplings" not in top.screen
            await top.pilot.click("#kitchens", offset=(5, 2), times=2)
            await top.wait_for(r"─ north ─")
            await top.wait_for(r"packets handled +5")


async def test_dumplings_pause_and_go_on_and_open(hub: Hub) -> None:
    with counting_kitchen(hub, "k") as kitchen:
        kitchen.send(dumpling("first"))
        async with running_top(hub.for_eaters) as top:
            await top.press("5")
            await top.wait_for('"first"$')
            await top.press("p")
            await top.wait_for("PAUSED, 0 came since")
            kitchen.send(dumpling("second"))
            assert '"second"' not in await top.wait_for("PAUSED, 1 came since")
            await top.press("space")
            assert "PAUSED" not in await top.wait_for('"second"$')
            # Whoever scrolls or reads wants it to stand still.
            pane = top.app.screen.query_one(FeedPane)
            pane.post_message(events.MouseScrollDown(pane, 5, 3, 0, 1, 0, False, False, False))
            await top.wait_for("PAUSED")
            await top.press("p")
            assert "PAUSED" not in await top.wait_for("━ dumplings [^P]*$")
            await top.press("down", "down")
            await top.wait_for("PAUSED")
            await top.press("enter")
            await top.wait_for(r"│ 2018-01-15T04:32:45.925Z \[packet\] TestChef from test_kitchen")
            await top.wait_for(r'│ "first"')
            await top.press("escape", "escape")
            await top.wait_for("━ dumplings ")
            assert "PAUSED" not in await top.wait_for('"second"$')


async def test_dumplings_are_filtered_by_chef_kitchen_and_words(hub: Hub) -> None:
    with counting_kitchen(hub, "k") as kitchen:
        async with running_top(hub.for_eaters, (120, 30)) as top:
            await top.press("5", "slash")
            await top.press(*"chef:A* needle")
            await top.press("enter")
            await top.wait_for(r"only chef:A\* needle")
            kitchen.send(
                dumpling("a NEEDLE here", chef="AChef"),
                dumpling("hay", chef="AChef"),
                dumpling("needle", chef="BChef"),
            )
            screen = await top.wait_for("a NEEDLE here")
            assert "hay" not in screen
            assert "BChef" not in screen
            await top.press("escape")
            await top.wait_for(r"BChef.*\"needle\"")


async def test_what_strangers_wrote_is_text(hub: Hub) -> None:
    hostile = {"kitchen_name": EVIL, "interface": EVIL, "filter": EVIL, "chefs": [EVIL]}
    with counting_kitchen(hub, EVIL, version=EVIL, displays=hostile) as kitchen:
        kitchen.tell(
            packets_received=3,
            quarantined={EVIL: EVIL},
            stuck={"chef": EVIL, "handler": EVIL, "seconds": 9},
            traffic={EVIL: [1, 1]},
            chefs={EVIL: {"errors": 2}},
        )
        kitchen.send(
            lookup(EVIL),
            dumpling({EVIL: EVIL}, chef=EVIL, kitchen=EVIL),
            dumpling("x" * 1_000_000, chef="Huge"),
        )
        async with running_top(hub.for_eaters, (200, 60)) as top:
            await top.wait_for(rf"{SHOWN}.*STUCK")
            await top.wait_for(r"\b1 " + SHOWN)
            await top.wait_for(rf"packet +{SHOWN}")
            await top.wait_for('Huge .*"xxxx')
            seen = [top.screen]
            await top.press("2", "home", "enter")
            seen.append(await top.wait_for(rf"quarantined {SHOWN}"))
            await top.press("escape", "5", "home", "enter")
            seen.append(await top.wait_for("the first 16,384 of 1,000,.* characters"))
            await top.press("escape", "down", "enter")
            seen.append(await top.wait_for(r'"\\u001b\[2J\[red\]x'))
            assert top.app.is_running
    for screen in seen:
        assert all(line.isprintable() for line in screen.splitlines())


async def test_a_hub_that_goes_and_comes_back_is_said_so(hub: Hub) -> None:
    async with running_top(hub.for_eaters, (120, 30)) as top:
        await top.wait_for("● connected")
        await asyncio.to_thread(hub.stop)
        await top.wait_for(
            r"■ LOST THE HUB \d+ s ago, trying again: close code 1001 'the hub is stopping'"
        )
        with Hub(hub.in_port, hub.out_port) as again, counting_kitchen(again, "new"):
            await top.wait_for("● connected")
            assert "LOST THE HUB" not in await top.wait_for("● new")


async def test_what_was_missed_is_in_its_place() -> None:
    def hub_with_a_gap(eater: ServerConnection) -> None:
        eater.recv()
        eater.send('{"type":"welcome","cursor":{"s":0}}')
        eater.send('{"type":"batch","cursor":{"s":1}}\n' + dumpling("before"))
        eater.send('{"type":"gap","cursor":{"s":1205},"missed":1204,"reason":"slow"}')
        eater.send('{"type":"batch","cursor":{"s":1206}}\n' + dumpling("after"))
        for _ in eater:  # until it goes
            pass

    with foreign_hub(hub_with_a_gap, subprotocols=["netdumplings.v2"]) as address:
        async with running_top(address) as top:
            await top.press("5")
            await top.wait_for(
                r'"after"\n.* GAP: missed 1,204 dumplings: this eater was too slow\n.*"before"'
            )
            await top.wait_for(r"━ dumplings .*, MISSED 1\.2k")


async def test_a_kitchen_that_goes_stays_for_a_while(hub: Hub) -> None:
    async with running_top(hub.for_eaters) as top:
        with counting_kitchen(hub, "passing"):
            await top.wait_for("● passing")
        await top.wait_for(r"○ passing .* gone \d")


async def test_what_was_before_it_came_is_known(hub: Hub) -> None:
    with counting_kitchen(hub, "before") as kitchen:
        # So that each of these is in a status of its own.
        for to in (10, 20, 30):
            count_up(kitchen, to)
            await asyncio.to_thread(wait_for_status, hub, to)
    async with running_top(hub.for_eaters) as top:
        await top.wait_for(r"○ before .* gone \d")
        await top.wait_for(r"^TCP ")


def wait_for_status(hub: Hub, handled: int) -> None:
    with connect(f"ws://{hub.for_eaters}", compression=None, proxy=None) as eater:
        eater.send(json.dumps({"eater_name": "watcher"}))
        while f'"packets_handled":{handled}' not in str(eater.recv(PATIENCE)):
            pass


async def test_it_gets_in_by_tls_and_a_token(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    token = add_token(tokens, "watcher", ["eater", "status"])
    async with running_hub(tokens=tokens, status_freq=0.1, **served_by()) as hub:
        access = {"token": token, "tls_ca": pem("authority.crt")}
        async with running_top(f"wss://localhost:{hub.out_port}", **access) as top:
            await top.wait_for("● connected  up 00:00:")
            await top.press("6")
            await top.wait_for("topeater")
        address = HubAddress.parse(f"wss://localhost:{hub.out_port}")
        past = await asyncio.to_thread(statuses_of, address, HubAccess(address, **access))
        assert past[0].uptime is not None
        stranger = HubAccess(address, token=Token.make(), tls_ca=access["tls_ca"])
        assert await asyncio.to_thread(statuses_of, address, stranger) == []


async def test_a_hub_that_turns_it_away_is_quoted(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.json"
    add_token(tokens, "somebody", ["eater"])
    async with (
        running_hub(tokens=tokens) as hub,
        running_top(f"localhost:{hub.out_port}", (160, 24)) as top,
    ):
        await top.wait_for(r"LOST THE HUB .* trying again: .*token")


async def test_an_old_hub_that_knows_no_subprotocol_is_shown_too() -> None:
    told = {"dumpling_kitchens": [{"info_from_kitchen": {"kitchen_name": "old"}}]}

    def old_hub(eater: ServerConnection) -> None:
        assert json.loads(eater.recv())["eater_name"] == "topeater"
        eater.send(dumpling(told, chef="SystemStatusChef", kitchen=None, driver="interval"))
        eater.send(dumpling("plain"))
        for _ in eater:  # until it goes
            pass

    with foreign_hub(old_hub) as address:
        async with running_top(address) as top:
            await top.wait_for("● old")
            await top.wait_for('"plain"')


def test_a_hub_that_answers_without_end_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "PATIENCE", 0.3)
    gone = threading.Event()

    def drip(server: socket.socket) -> None:
        sock, _ = server.accept()
        with sock, suppress(OSError):
            sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not gone.wait(0.05):
                sock.sendall(b" ")
        gone.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        address = HubAddress.parse(f"127.0.0.1:{server.getsockname()[1]}")
        assert statuses_of(address, HubAccess(address)) == []
        gone.set()
        thread.join()


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_several_hubs_are_shown_with_what_is_wrong(size: tuple[int, int]) -> None:
    away = backbone(connected=False, problem=EVIL)
    hubs = [hub_entry("a", backbone=away), hub_entry(EVIL, state="silent", heard=40)]
    told = status(
        1,
        kitchen_entry("north", hub="a"),
        eaters=[eater_entry("printer", hub=EVIL)],
        hubs=hubs,
        hub="a",
    )

    def hub_of_several(eater: ServerConnection) -> None:
        eater.recv()
        eater.send('{"type":"welcome","cursor":{}}')
        eater.send(f'{{"type":"batch","cursor":{{}}}}\n{told.to_json()}')
        for _ in eater:  # until it goes
            pass

    with foreign_hub(hub_of_several, subprotocols=["netdumplings.v2"]) as address:
        async with running_top(address, size) as top:
            screen = await top.wait_for(r"■ a +.* NO BACKBONE: \\x1b")
            seen = [screen]
            assert "● connected to a" in screen
            assert "hubs 1, gone 1" in screen
            assert re.search(r"○ \\x1b\[2J.*SILENT 40 s", screen)
            assert screen.index("hubs 1, gone 1") < screen.index(" north ")
            assert re.search(r"\A nd-top .* connected to a  NO BACKBONE", screen)
            await top.press("2")
            assert "north" in await top.wait_for(r"━ kitchens 1")
            if size[0] > 80:
                await top.wait_for(r"^. north .* a +eth0")
                await top.press("6")
                seen.append(await top.wait_for(rf"^printer +{SHOWN[:8]}"))
            await top.press("7")
            assert "north" not in await top.wait_for(r"━ hubs 1, gone 1")
            await top.press("home", "enter")
            seen.append(await top.wait_for(r"│ +to the backbone|│ backbone +127\.0\.0\.1:4222"))
            await top.press("escape", "1")
            await top.wait_for("━ kitchens 1")
    for one in seen:
        assert all(line.isprintable() for line in one.splitlines())


async def test_a_hub_by_itself_has_no_list_of_hubs(hub: Hub) -> None:
    async with running_top(hub.for_eaters) as top:
        screen = await top.wait_for("● connected")
        assert "hubs" not in screen
