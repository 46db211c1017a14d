"""The packets around a dumpling, from real kitchens by way of real hubs, as users ask for them."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from netdumplings import Dumpling, DumplingChef, DumplingHub, DumplingKitchen
from netdumplings.eater.packets import Evidence, Wanted, fetch_packets
from netdumplings.exceptions import NoPackets
from netdumplings.kitchen.packet_answers import PacketsKept
from netdumplings.packets import Packet
from netdumplings.transport import HubAccess, HubAddresses
from netdumplings.transport.tokens import Role, Token
from netdumplings.transport.tokens_file import add_token
from netdumplings.wire import SUBPROTOCOL
from support.capture_files import read_all
from support.commands import Command
from support.http import Answered, ask
from support.hub_peers import PATIENCE, dial, eater, kitchen, running_hub
from support.network import Cable, inside, why_not
from support.packets import SECOND, START, arp, dns_query, tcp_syn, write_pcap
from support.v2_peers import Kitchen, v2_kitchen

REASON = why_not()
NOW = START / SECOND


class FirstChef(DumplingChef):
    def packet_handler(self, packet: Packet) -> str | None:
        return "here" if packet.haslayer("ARP") else None


@asynccontextmanager
async def replaying(
    hub: DumplingHub, tmp_path: Path, *packets: bytes, **settings: Any
) -> AsyncIterator[Dumpling]:
    """A kitchen that has replayed some packets, and waits for one in an hour; its dumpling."""
    times = [*(0.001 * n for n in range(len(packets))), 3600]
    path = write_pcap(tmp_path / "x.pcap", *packets, arp(), times=times)
    usual: dict[str, Any] = {"read": path, "speed": 1.0, "ring": 2**20, "chefs": [FirstChef]}
    async with eater(hub) as receiving:
        cooking = DumplingKitchen(
            "office", hub=f"localhost:{hub.in_port}", filter="", **(usual | settings)
        )
        task = asyncio.create_task(cooking.serve())
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    dumpling = Dumpling.from_json(str(await receiving.recv()))
                    if dumpling.chef_name == "FirstChef":
                        break
                while cooking.statistics().packets_handled < len(packets):
                    await asyncio.sleep(0.01)
            yield dumpling
        finally:
            cooking.stop()
            await asyncio.gather(task, return_exceptions=True)


async def fetched(hub: DumplingHub, token: Token | str = "", **wanted: Any) -> Evidence:
    """What `nd-pcap` makes of a hub's answer."""
    hubs = HubAddresses.parse(f"localhost:{hub.out_port}")
    usual: dict[str, Any] = {"kitchen": "office", "around": NOW, "seconds": 10.0}
    access = HubAccess(hubs, token=token)
    return await asyncio.to_thread(fetch_packets, hubs, access, Wanted(**(usual | wanted)))


async def refused(hub: DumplingHub, token: Token | str = "", **wanted: Any) -> str:
    """Why there are none."""
    with pytest.raises(NoPackets) as error:
        await fetched(hub, token, **wanted)
    return error.value.reason


@asynccontextmanager
async def having_ring(hub: DumplingHub, name: str = "k") -> AsyncIterator[Kitchen]:
    """A kitchen that says it has packets, and answers as the test does."""
    async with v2_kitchen(hub) as known:
        await known.hello(session=f"{name:_>20}{id(known)}", name=name, ring={"bytes": 1})
        yield known


async def asked(hub: DumplingHub, query: str, *headers: str) -> Answered:
    return await ask(hub.out_port, f"/api/packets?{query}", *headers)


async def test_they_are_those_that_the_kitchen_has_seen_with_the_dumpling_as_comment(
    tmp_path: Path,
) -> None:
    sent = [dns_query("a.example"), arp(), tcp_syn(), dns_query("b.example")]
    async with running_hub() as hub, replaying(hub, tmp_path, *sent) as dumpling:
        evidence = await fetched(hub, around=dumpling.creation_time, comment=dumpling.to_json())
        one = await fetched(hub, around=dumpling.creation_time, filter="udp and host 192.0.2.53")
        assert evidence.packets == 4
        packets, problem = read_all([evidence.file])
        assert problem is None
        assert [packet.data for packet in packets] == sent
        assert {packet.interface for packet in packets} == {"office"}
        # One comment is on the file, the other on the packet that the dumpling was made of.
        comment = dumpling.to_json().encode()
        assert evidence.file.count(comment) == 2
        assert evidence.file.index(comment) < 100
        assert arp() + bytes(-len(arp()) % 4) in evidence.file[: evidence.file.rindex(comment)]
        assert tcp_syn() in evidence.file[evidence.file.rindex(comment) :]
        assert one.packets == 2
        assert "has none from before 2020-09-13T12:26:40.000+00:00" in one.note
        assert await refused(hub, seconds=1.0, around=NOW + 900) == (
            "the kitchen has no packets of that time; its oldest is of "
            "2020-09-13T12:26:40.000+00:00"
        )
        assert "no packets that match" in await refused(hub, filter="icmp")
        assert "syntax error" in await refused(hub, filter="udp udp (")
        assert "write addresses" in await refused(hub, filter="host example.com")
    assert "there is no kitchen 'office' now" in await refused_after(hub)


async def refused_after(hub: DumplingHub) -> str:
    """Ask another hub, that no kitchen has come to."""
    async with running_hub() as other:
        return await refused(other)


#: How many packets of 60 KB are kept in 1 MiB less an eighth.
ROOM = 15


async def test_what_the_ring_has_no_room_for_any_more_is_said_to_be_gone(tmp_path: Path) -> None:
    many = [arp(), *[tcp_syn() + bytes(60_000)] * 40]
    async with running_hub() as hub, replaying(hub, tmp_path, *many):
        oldest = NOW + 0.001 * (len(many) - ROOM)
        async with asyncio.timeout(PATIENCE):
            while not (await fetched(hub)).note.endswith(".026+00:00"):
                await asyncio.sleep(0.05)
        packets, _ = read_all([(await fetched(hub)).file])
        assert [packet.data for packet in packets] == many[-ROOM:]
        assert await refused(hub, around=oldest - 5, seconds=1.0)
        reason = await refused(hub, around=NOW - 10, seconds=1.0)
        assert reason.startswith("the kitchen has written over them: its oldest packet is of 2020-")


@pytest.mark.parametrize(
    ("roles", "outcome"),
    [
        (["packets"], "there is no kitchen"),
        (["eater", "status", "kitchen"], "lacks the role packets"),
        (None, "has no token"),
    ],
)
async def test_where_tokens_are_wanted_one_with_the_role_packets_is(
    tmp_path: Path, roles: list[Role] | None, outcome: str
) -> None:
    tokens = tmp_path / "tokens.json"
    add_token(tokens, "k", ["kitchen"])
    mine = add_token(tokens, "mine", roles) if roles is not None else ""
    async with running_hub(tokens=tokens) as hub:
        # It is let in, and told that there are none.
        assert outcome in await refused(hub, mine)


async def told_at_hello(hub: DumplingHub, token: Token | None) -> dict[str, Any]:
    """What an eater is told that wants to know whether it may ask for packets."""
    hello = {"type": "hello", "announcement": {"eater_name": "e"}, "packets": True}
    if token is not None:
        hello["token"] = token.reveal()
    async with dial(hub.out_port, subprotocols=[SUBPROTOCOL]) as connection:
        await connection.send(json.dumps(hello))
        welcome: dict[str, Any] = json.loads(await connection.recv())
        return welcome


async def test_an_eater_is_told_whether_it_may_ask(tmp_path: Path) -> None:
    async with running_hub() as hub:
        assert (await told_at_hello(hub, None))["packets"] is True
    tokens = tmp_path / "tokens.json"
    both = add_token(tokens, "both", ["eater", "packets"])
    one = add_token(tokens, "one", ["eater"])
    async with running_hub(tokens=tokens) as hub:
        assert (await told_at_hello(hub, both))["packets"] is True
        assert "packets" not in await told_at_hello(hub, one)


async def test_kitchens_that_cannot_be_asked_are_said_to_be_so() -> None:
    async with running_hub() as hub:
        async with kitchen(hub, '{"kitchen_name": "old", "ring": {"bytes": 5}}') as old:
            await (await old.ping())
            assert "keeps no packets: it must be started with --ring" in await refused(
                hub, kitchen="old"
            )
        async with (
            having_ring(hub),
            having_ring(hub),
        ):
            assert await refused(hub, kitchen="k") == (
                "2 kitchens are called 'k': give each a name of its own"
            )


async def test_a_kitchen_that_goes_in_the_middle_or_answers_nonsense_is_told_of() -> None:
    async with running_hub() as hub:
        async with having_ring(hub) as one:
            asking = asyncio.create_task(refused(hub, kitchen="k"))
            wanted = json.loads(await one.connection.recv())
            assert wanted == {
                "type": "packets wanted", "ask": 1, "around": NOW, "seconds": 10.0,
            }  # fmt: skip
            await one.connection.send(b'{"type":"packets","ask":1}\n\xff\xfe no blocks')
            assert "makes no sense" in await asking
            assert json.loads(await one.connection.recv())["type"] == "packets unwanted"
            # It goes on as a kitchen, and may be asked again.
            asking = asyncio.create_task(refused(hub, kitchen="k"))
            assert json.loads(await one.connection.recv())["ask"] == 2
        assert "has gone in the middle of it" in await asking


async def test_who_asks_and_goes_is_not_answered_and_a_hub_has_no_more_than_two_at_a_time() -> None:
    query = f"kitchen=k&around={NOW}"
    async with running_hub() as hub, having_ring(hub) as one:
        reader, writer = await asyncio.open_connection("localhost", hub.out_port)
        writer.write(f"GET /api/packets?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert json.loads(await one.connection.recv())["ask"] == 1
        busy = await asked(hub, query)
        assert (busy.status, busy.text) == (
            503,
            "the kitchen is answering somebody else: try again\n",
        )
        other = asyncio.create_task(asked(hub, query.replace("=k", "=z")))
        assert (await other).status == 404
        writer.close()
        assert json.loads(await one.connection.recv()) == {"type": "packets unwanted", "ask": 1}
        held = [asyncio.create_task(asked(hub, query))]
        assert json.loads(await one.connection.recv())["ask"] == 2
        async with having_ring(hub, "l") as two:
            held.append(asyncio.create_task(asked(hub, query.replace("=k", "=l"))))
            await two.connection.recv()
            full = await asked(hub, query)
            assert (full.status, full.text) == (
                503, "the hub is getting packets for 2 others: try again\n"
            )  # fmt: skip
        assert (await held[1]).status == 502
        del reader
    assert (await held[0]).status in (502, 503)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "around is a number"),
        ("around=1", "name a kitchen"),
        (f"kitchen={'x' * 257}&around=1", "name a kitchen"),
        ("kitchen=k&around=nan", "around is a number"),
        ("kitchen=k&around=-1", "around is a time"),
        ("kitchen=k&around=1e12", "around is a time"),
        ("kitchen=k&around=1&seconds=301", "at most 300"),
        ("kitchen=k&around=1&seconds=0", "more than 0"),
        ("kitchen=k&around=1&filter=host+example.com", "write addresses"),
        ("kitchen=k&around=1&around=2", "once"),
        ("kitchen=k&around=1&other=2", "once"),
        ("kitchen=%ff&around=1", "decode"),
        ("&".join(["kitchen=k"] * 20), "fields"),
    ],
)
async def test_a_request_that_makes_no_sense_is_told_what_is_wrong(
    query: str, problem: str
) -> None:
    async with running_hub() as hub:
        answer = await asked(hub, query)
        assert (answer.status, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
        assert problem in answer.text


async def test_no_page_of_another_site_has_packets_fetched() -> None:
    query = f"kitchen=k&around={NOW}"
    async with running_hub() as hub, having_ring(hub) as one:
        for site in ("cross-site", "same-site", "nonsense"):
            answer = await asked(hub, query, f"Sec-Fetch-Site: {site}")
            assert (answer.status, answer.text) == (
                403, "a page of another site may not have them\n"
            )  # fmt: skip
        answer = await asked(hub, query, "Origin: https://example.org")
        assert answer.status == 403
        # The kitchen was not even asked; it is for who types the address.
        asking = asyncio.create_task(asked(hub, query, "Sec-Fetch-Site: none"))
        assert json.loads(await one.connection.recv())["ask"] == 1
        await one.connection.send(
            json.dumps({"type": "packets end", "ask": 1, "problem": "none <b>"})
        )
        answer = await asking
        assert (answer.status, answer.text) == (404, "none <b>\n")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_dumplings_go_on_beside_packets_however_many_of_either_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0

    def endless(_: PacketsKept) -> bytes:
        nonlocal sent
        sent += 1
        return b'{"type":"packets","ask":7}\n' + bytes(64 * 1024)

    path = write_pcap(tmp_path / "x.pcap", *[arp()] * 500)
    async with running_hub() as hub:
        cooking = DumplingKitchen(
            "office", hub=f"localhost:{hub.in_port}", read=path, chefs=[FirstChef], ring=2**20
        )
        monkeypatch.setattr(PacketsKept, "next", endless)
        await asyncio.wait_for(cooking.serve(), PATIENCE)
    assert cooking.statistics().dumplings_acknowledged == 500
    assert sent > 1


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


@pytest.mark.skipif(REASON is not None, reason=str(REASON))
@pytest.mark.netns
def test_packets_that_nd_sniff_has_sniffed_are_given_to_nd_pcap(
    cable: Cable, reachable_path: Path
) -> None:
    def run(module: str, *arguments: str) -> Command:
        return Command(module, *arguments, prefix=inside(cable.left))

    path = reachable_path / "x.pcapng"
    path.write_bytes(b"what was there before")
    sniff = ("-i", "eth0", "-f", "udp port 5005", "--ring", "2MiB", "-n", "office", "-p", "60")
    with run("hub") as hub:
        hub.wait_for_err("hub is up")
        with run("sniff", *sniff, "-m", str(chef(reachable_path))) as sniffing:
            sniffing.wait_for_err("sniffs on eth0")
            with run("print", "--json", "-c", "TellChef") as printing:
                printing.wait_for_err("connected")
                for text in ("first", "second", "third"):
                    cable.send_udp(text)
                    printing.wait_for_out(text)
                dumplings = printing.out.splitlines()
            cable.send_udp("die")
            # What the chefs' process had seen that has died is there all the same.
            sniffing.wait_for_err(r"(?s)without TellChef.*sniffs on eth0")
            around = reachable_path / "d.json"
            around.write_text(dumplings[-1])
            with run(
                "pcap", "--around", f"@{around}", "--seconds", "1.5", "--write", str(path)
            ) as asking:
                assert asking.end() == 0, asking.err
                assert f"4 packets are in {path}" in asking.err
            with run("pcap", "--around", dumplings[0], "-k", "attic", "-w", "-") as asking:
                assert asking.end() == 1
                assert "there is no kitchen 'attic' now" in asking.err
                assert asking.out == ""
    packets, problem = read_all([path.read_bytes()])
    assert problem is None
    texts = [bytes(packet.data[42:]).decode() for packet in packets]
    assert texts == ["first", "second", "third", "die"]
    assert {(packet.interface, packet.link_type) for packet in packets} == {("office/eth0", 1)}
    assert not [*reachable_path.glob(".*")]
    if shutil.which("tshark") is not None:
        fields = ["-e", "frame.comment", "-e", "frame.interface_name", "-e", "udp.payload"]
        done = subprocess.run(
            ["tshark", "-n", "-r", str(path), "-T", "fields", *fields],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        assert [line[1:] for line in lines] == [
            ["office/eth0", text.encode().hex()] for text in texts
        ]
        comments = [line[0] for line in lines]
        assert comments == ["", "", dumplings[-1], ""]


def chef(directory: Path) -> Path:
    """A chef that tells what it is sent, and ends its process when it is told to."""
    path = directory / "tell.py"
    path.write_text(
        "import os\n"
        "from netdumplings import DumplingChef\n"
        "class TellChef(DumplingChef):\n"
        "    def packet_handler(self, packet):\n"
        "        text = bytes(packet)[42:].decode()\n"
        "        return os._exit(7) if text == 'die' else text\n"
    )
    return path
