"""Hubs that want tokens: who is let in, what is told to whom, and that no token is ever told."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from netdumplings import DumplingEater, DumplingHub, DumplingKitchen
from netdumplings.exceptions import HubUnavailable
from netdumplings.transport import HubAccess, HubAddress, connections, tokens_delays
from netdumplings.transport.tls import client_context
from netdumplings.transport.tokens import Role, Token
from netdumplings.transport.tokens_file import add_token, revoke_token
from support.commands import Command, run
from support.hub_peers import PATIENCE, closing, dial, dumpling, running_hub
from support.packets import dns_query, write_pcap
from support.tls import pem, served_by

V2 = "netdumplings.v2"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Tokens(NamedTuple):
    """A file of tokens, and some that it knows, or once knew."""

    file: Path
    kitchen: Token
    eater: Token
    status: Token
    both: Token
    expired: Token
    revoked: Token

    def secrets(self) -> list[str]:
        return [token.reveal()[12:] for token in self if isinstance(token, Token)]


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    file = tmp_path / "tokens.json"
    everything: list[Role] = ["kitchen", "eater", "status"]
    known = Tokens(
        file,
        add_token(file, "k", ["kitchen"]),
        add_token(file, "e", ["eater"]),
        add_token(file, "s", ["status"]),
        add_token(file, "b", ["eater", "status"]),
        add_token(file, "x", everything, LONG_AGO),
        add_token(file, "r", everything),
    )
    revoke_token(file, "r")
    return known


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def peer(hub: DumplingHub, port: int, **settings: Any) -> Any:
    """Connect to a hub, through TLS if it speaks that, with a library that logs nothing."""
    silent = logging.getLogger("tests.silent")
    silent.setLevel(logging.CRITICAL)
    if hub.speaks_tls:
        context: ssl.SSLContext = client_context(pem("authority.crt"))
        settings |= {"uri": f"wss://localhost:{port}", "ssl": context}
    return dial(port, logger=silent, **settings)


def hello(kind: str, token: str | None, v2: bool, name: str = "somebody") -> str:
    """The first message of a kitchen or an eater, with a token or without."""
    who: dict[str, Any] = {f"{kind}_name": name}
    if not v2:
        return json.dumps(who if token is None else who | {"token": token})
    said: dict[str, Any] = {"type": "hello", "announcement": who}
    if kind == "kitchen":
        said |= {"session": f"{name:_>32}", "first": 1}
    return json.dumps(said if token is None else said | {"token": token})


@asynccontextmanager
async def asking(
    hub: DumplingHub, kind: str, way: str, token: str | None, v2: bool, name: str = "somebody"
) -> AsyncIterator[ClientConnection]:
    """Connect, and say hello."""
    port = hub.in_port if kind == "kitchen" else hub.out_port
    headers = {}
    if token is not None and way == "bearer":
        headers["Authorization"] = f"Bearer {token}"
    if token is not None and way == "cookie":
        headers["Cookie"] = f"theme=dark; netdumplings_token={token}"
    offer = {"subprotocols": [V2]} if v2 else {}
    async with peer(hub, port, additional_headers=headers, open_timeout=PATIENCE, **offer) as known:
        await known.send(hello(kind, token if way == "message" else None, v2, name))
        yield known


async def refusal(hub: DumplingHub, kind: str, way: str, token: str | None, v2: bool) -> str:
    """Be refused; say how."""
    try:
        async with asking(hub, kind, way, token, v2) as connection:
            with pytest.raises(ConnectionClosed):
                told = await asyncio.wait_for(connection.recv(), PATIENCE)
                raise AssertionError(f"it was let in, and told {told!r}")
            return str(connection.close_code)
    except InvalidStatus as refused:
        response = refused.response
        asks = response.headers.get("WWW-Authenticate", "nothing").partition(" ")[0]
        return f"HTTP {response.status_code} {asks}"


def names_here(hub: DumplingHub) -> list[str]:
    assert hub._service is not None
    return [guest.name for guest in (*hub._service._kitchens.here, *hub._service._eaters.here)]


WAYS = ("bearer", "cookie", "message")


@pytest.mark.parametrize("settings", [{}, served_by()], ids=["plain", "tls"])
async def test_no_token_but_a_good_one_lets_anybody_in_and_none_is_told_to_anybody(
    tokens: Tokens, settings: dict[str, Path], everything_logged: pytest.LogCaptureFixture
) -> None:
    unknown, junk = Token.make(), "nd_swordfish"
    forged = f"nd_{tokens.both.id}_{unknown.reveal()[12:]}"
    bad = {
        "unknown": unknown.reveal(),
        "forged": forged,
        "expired": tokens.expired.reveal(),
        "revoked": tokens.revoked.reveal(),
        "junk": junk,
        "empty": "",
    }
    wrong_role = {"kitchen": [tokens.eater, tokens.status, tokens.both], "eater": [tokens.kitchen]}
    async with running_hub(tokens=tokens.file, hello_timeout=PATIENCE, **settings) as hub:
        expected, attempts = [], []
        for kind in ("kitchen", "eater"):
            for v2 in (False, True):
                expected.append((kind, "none", "none", v2, "4004"))
                attempts.append(refusal(hub, kind, "none", None, v2))
                for way in WAYS:
                    for what, text in bad.items():
                        how = "4004" if way == "message" else "HTTP 401 Bearer"
                        expected.append((kind, way, what, v2, how))
                        attempts.append(refusal(hub, kind, way, text, v2))
                    for token in wrong_role[kind]:
                        how = "4004" if way == "message" else "HTTP 403 nothing"
                        expected.append((kind, way, repr(token), v2, how))
                        attempts.append(refusal(hub, kind, way, token.reveal(), v2))
        # All at once: each of them waits for its answer.
        found = await asyncio.gather(*attempts)
        got = [(*case[:-1], how) for case, how in zip(expected, found, strict=True)]
        assert got == expected
        assert names_here(hub) == []

        good = [("kitchen", tokens.kitchen), ("eater", tokens.eater), ("eater", tokens.status)]
        for kind, token in good:
            for way in WAYS:
                for v2 in (False, True):
                    name = f"{kind} {way} {v2}"
                    async with asking(hub, kind, way, token.reveal(), v2, name):
                        async with asyncio.timeout(PATIENCE):
                            while name not in names_here(hub):
                                await asyncio.sleep(0.001)
        statuses = [guest.announcement for guest in hub._service._eaters.here]  # type: ignore[union-attr]
    logged = everything_logged.text + repr(statuses)
    for secret in (*tokens.secrets(), unknown.reveal()[12:], junk):
        assert secret not in logged


async def test_who_is_refused_waits_and_nobody_else_does(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_delays, "FIRST", 3600.0)
    monkeypatch.setattr(tokens_delays, "LONGEST", 3600.0)
    async with running_hub(tokens=tokens.file, hello_timeout=3600.0) as hub:
        tries = [
            asyncio.create_task(refusal(hub, kind, way, Token.make().reveal(), False))
            for kind in ("kitchen", "eater")
            for way in ("bearer", "message")
            for _ in range(10)
        ]
        assert hub._access.kitchen_admission is not None
        delays = hub._access.kitchen_admission._delays
        while delays._failures.get("127.0.0.1", (0, 0))[0] < len(tries):
            await asyncio.sleep(0.01)
        async with asking(hub, "eater", "bearer", tokens.both.reveal(), False, "honest"):
            async with asyncio.timeout(PATIENCE):
                while "honest" not in names_here(hub):
                    await asyncio.sleep(0.001)
        assert not any(task.done() for task in tries)
        for task in tries:
            task.cancel()
        await asyncio.wait(tries)


@pytest.mark.parametrize("v2", [False, True])
async def test_what_an_eater_is_told_depends_on_the_roles_of_its_token(
    tokens: Tokens, v2: bool
) -> None:
    async def chefs(connection: ClientConnection, enough: int) -> list[str]:
        found: list[str] = []
        while len(found) < enough:
            message = await asyncio.wait_for(connection.recv(), PATIENCE)
            for line in str(message).split("\n"):
                told = json.loads(line)
                if "metadata" in told:
                    found.append(told["metadata"]["chef"])
        return found

    async with (
        running_hub(tokens=tokens.file, status_freq=0.02) as hub,
        asking(hub, "eater", "bearer", tokens.eater.reveal(), v2) as eater,
        asking(hub, "eater", "bearer", tokens.status.reveal(), v2) as status,
        asking(hub, "eater", "bearer", tokens.both.reveal(), v2) as both,
        asking(hub, "kitchen", "bearer", tokens.kitchen.reveal(), False) as kitchen,
    ):
        while len(names_here(hub)) < 4:
            await asyncio.sleep(0.01)
        for number in range(5):
            await kitchen.send(dumpling(number))
            await asyncio.sleep(0.05)
        assert await chefs(eater, 5) == ["TestChef"] * 5
        assert set(await chefs(status, 6)) == {"SystemStatusChef"}
        assert set(await chefs(both, 8)) == {"SystemStatusChef", "TestChef"}
        # The past is of kitchens; it is not for those who may see the status only.
        past = dict(zip(("eater", "status"), (tokens.eater, tokens.status), strict=True))
        if v2:
            for role, token in past.items():
                async with DumplingEater(
                    hub=f"localhost:{hub.out_port}", token=token, last=5
                ) as late:
                    first = await asyncio.wait_for(anext(aiter(late)), PATIENCE)
                    assert (first.kitchen is None) is (role == "status")


async def test_a_peer_whose_token_is_revoked_or_expires_is_sent_away(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netdumplings.hub.service.ROUND", 0.05)
    async with (
        running_hub(tokens=tokens.file) as hub,
        asking(hub, "kitchen", "bearer", tokens.kitchen.reveal(), False, "k") as kitchen,
        asking(hub, "eater", "message", tokens.eater.reveal(), True, "e") as eater,
        asking(hub, "eater", "cookie", tokens.both.reveal(), False, "b") as other,
    ):
        while len(names_here(hub)) < 3:
            await asyncio.sleep(0.01)
        revoke_token(tokens.file, "k")
        assert await closing(kitchen) == (4004, "its token 'k' was revoked")
        revoke_token(tokens.file, "e")
        assert await closing(eater) == (4004, "its token 'e' was revoked")
        while names_here(hub) != ["b"]:
            await asyncio.sleep(0.01)
        until = datetime.now(UTC) + timedelta(hours=1)
        shorter = add_token(tokens.file, "shorter", ["eater"], until)
        while shorter.id not in hub._access.tokens._entries:  # type: ignore[union-attr]
            await asyncio.sleep(0.01)
        async with asking(hub, "eater", "bearer", shorter.reveal(), False, "s") as fourth:
            while len(names_here(hub)) < 2:
                await asyncio.sleep(0.01)
            assert hub._access.tokens is not None
            hub._access.tokens._now = lambda: until
            assert await closing(fourth) == (4004, "its token 'shorter' has expired")
        assert other.close_code is None


async def test_a_client_that_is_refused_says_so_once_and_keeps_trying(
    tokens: Tokens, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens_delays, "LONGEST", 0.01)
    logger = logging.getLogger("tests.client")
    async with running_hub(tokens=tokens.file) as hub:
        address = HubAddress("localhost", hub.out_port)
        for token, times in (("", 3), (tokens.revoked, 1)):
            access = HubAccess(address, token=token)
            caplog.clear()

            async def attempts(access: HubAccess = access, times: int = times) -> None:
                made = connections(
                    address, logger=logger, access=access, delays=lambda: iter([0.01] * 1000)
                )
                async with aclosing(made) as lives:
                    async for connection in lives:
                        await connection.send('{"eater_name": "x"}')
                        await closing(connection)

            trying = asyncio.create_task(attempts())
            assert hub._service is not None
            before = hub._service._out.refused["token"]
            while hub._service._out.refused["token"] < before + times + 1:
                await asyncio.sleep(0.01)
            trying.cancel()
            await asyncio.wait({trying})
            said = [record for record in caplog.records if record.name == "tests.client"]
            assert [record.levelno >= logging.WARNING for record in said].count(True) == 1
            [line] = [record.getMessage() for record in said if record.levelno >= logging.WARNING]
            assert "nd-token make" in line
            assert "will keep trying" in line
            with pytest.raises(HubUnavailable, match="nd-token make"):
                async with DumplingEater(hub=str(address), token=token, reconnect=False) as eater:
                    await anext(aiter(eater))


async def test_a_kitchen_that_is_let_in_late_has_lost_nothing(
    tokens: Tokens, tmp_path: Path
) -> None:
    known = tokens.file.read_bytes()
    revoke_token(tokens.file, "k")
    capture = write_pcap(tmp_path / "some.pcap", *[dns_query("a.example")] * 20)
    async with running_hub(tokens=tokens.file) as hub:
        kitchen = DumplingKitchen(
            hub=f"localhost:{hub.in_port}", token=tokens.kitchen, read=capture, poke_interval=3600
        )
        sniffing = asyncio.create_task(kitchen.serve())
        assert hub._service is not None
        while not hub._service._in.refused["token"]:
            await asyncio.sleep(0.01)
        tokens.file.write_bytes(known)
        await asyncio.wait_for(sniffing, PATIENCE)
        made = sum(chef.dumplings for chef in kitchen.statistics().chefs.values())
        assert hub._service._sessions.ledger.taken == made > 20


async def test_an_eater_that_wants_only_what_it_may_not_have_is_told_so(tokens: Tokens) -> None:
    async with running_hub(tokens=tokens.file) as hub:
        hub_address = f"localhost:{hub.out_port}"
        for wish in ({"kitchen_filter": [None]}, {"chef_filter": ["SystemStatusChef"]}):
            with pytest.raises(HubUnavailable, match="lacks the role status"):
                async with DumplingEater(
                    hub=hub_address, token=tokens.eater, reconnect=False, **wish
                ) as eater:
                    await anext(aiter(eater))


async def test_a_hub_without_tokens_asks_for_none_and_minds_none(
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    token = Token.make()
    async with running_hub(status_freq=0.05) as hub:
        for way in WAYS:
            async with asking(hub, "eater", way, token.reveal(), False) as eater:
                status = str(await asyncio.wait_for(eater.recv(), PATIENCE))
                assert "SystemStatusChef" in status
                assert token.reveal()[12:] not in status
    assert token.reveal()[12:] not in everything_logged.text


ENVIRONMENT_CHEF = """
import os
from netdumplings import DumplingChef

class EnvironmentChef(DumplingChef):
    def interval_handler(self, interval=None):
        return {"inherited": "NETDUMPLINGS_TOKEN" in os.environ}
"""


def give_to_the_hub(file: str | Path) -> None:
    """Give a file to the user that a hub becomes that root has started."""
    if os.geteuid() == 0:
        shutil.chown(file, "nobody")


def test_the_commands_make_take_and_lose_tokens_and_tell_them_to_nobody(
    reachable_path: Path,
) -> None:
    """On a whole installation, with TLS: what is written anywhere has no token in it."""
    tmp_path = reachable_path
    file, mine = str(tmp_path / "tokens.json"), tmp_path / "mine"
    made = run("token", "--file", file, "make", "cellar", "--role", "kitchen", "--expires", "30d")
    secret = made.stdout.strip()
    assert made.returncode == 0
    give_to_the_hub(file)
    done = run("token", "--file", file, "make", "desk", "--role", "eater", "--role", "status",
               "--out", str(mine))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert mine.stat().st_mode & 0o777 == 0o600
    listed = run("token", "--file", file, "list").stdout
    assert [line.split()[1:3] for line in listed.splitlines()] == [
        ["cellar", "kitchen"], ["desk", "eater,status"],
    ]  # fmt: skip
    chef = tmp_path / "environment_chef.py"
    chef.write_text(ENVIRONMENT_CHEF)
    packets = [dns_query("a.example")] * 2
    capture = str(write_pcap(tmp_path / "two.pcap", *packets, times=[0, 0.1]))
    ca = ("--tls-ca", str(pem("authority.crt")), "--log-level", "debug")
    written = [made.stderr, done.stdout, done.stderr, listed]
    with Command("hub", "-i", "0", "-o", "0", "-f", "0.2", "--token-file", file, "--log-level",
                 "debug", "--tls-cert", str(pem("hub.crt")), "--tls-key", str(pem("hub.key")),
                 ) as hub:  # fmt: skip
        said = hub.wait_for_err(r"kitchens on port (\d+), eaters on port (\d+)$")
        for_kitchens, for_eaters = (f"wss://localhost:{port}" for port in said.groups())
        with (
            Command("print", "-h", for_eaters, *ca, "--token-file", str(mine)) as printer,
            Command("sniff", "-h", for_kitchens, *ca, "--read", capture, "-m", str(chef), "--loop",
                    "--speed", "1", environment={"NETDUMPLINGS_TOKEN": secret}) as kitchen,
        ):  # fmt: skip
            printer.wait_for_out('"inherited": false')
            written += [path.read_bytes().decode(errors="replace")
                        for path in Path("/proc").glob("[0-9]*/cmdline")]  # fmt: skip
            details = run("hubdetails", "-h", for_eaters, *ca, "--token-file", str(mine))
            assert details.returncode == 0, details.stderr
            assert json.loads(details.stdout)["dumpling_kitchen_count"] == 1
            for token, why in (("", "it has no token"), (secret, "lacks the role eater or status")):
                refused = run("hubdetails", "-h", for_eaters, *ca,
                              environment={"NETDUMPLINGS_TOKEN": token})  # fmt: skip
                assert refused.returncode == 1
                assert why in refused.stderr.splitlines()[-1]
                written += [refused.stdout, refused.stderr]
            gone = run("token", "--file", file, "revoke", "cellar")
            assert gone.returncode == 0
            kitchen.wait_for_err("it does not let us in .*was revoked.*will keep trying")
            kitchen.wait_for_err("it does not let us in|HTTP 401|no hub")
            kitchen.end(signal.SIGTERM)
            printer.end(signal.SIGTERM)
            written += [details.stdout, details.stderr, gone.stdout, gone.stderr]
            written += [text for one in (printer, kitchen) for text in (one.out, one.err)]
        assert hub.end(signal.SIGTERM) == 0
        written += [hub.out, hub.err]
    for text in (secret[12:], mine.read_text().strip()[12:]):
        assert [where for where in written if text in where] == []


def test_a_token_that_cannot_be_used_ends_a_command_in_one_line(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.write_text(Token.make().reveal())
    shared.chmod(0o644)
    for arguments, environment, problem in (
        (["print", "--token-file", str(shared)], {}, "chmod 600"),
        (["print", "--token-file", str(tmp_path / "none")], {}, "No such file"),
        (["print"], {"NETDUMPLINGS_TOKEN": "swordfish"}, "NETDUMPLINGS_TOKEN: that is no token"),
        (["hub", "--token-file", str(shared)], {}, "chmod 600"),
    ):
        done = run(*arguments, environment=environment)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert problem in line
        assert "swordfish" not in line


def test_nd_up_lets_its_own_kitchen_and_printer_in(reachable_path: Path) -> None:
    file, both = str(reachable_path / "tokens.json"), reachable_path / "hub.pem"
    add_token(file, "guest", ["eater"])
    give_to_the_hub(file)
    both.write_bytes(pem("hub.crt").read_bytes() + pem("hub.key").read_bytes())
    capture = str(write_pcap(reachable_path / "one.pcap", dns_query("a.example")))
    done = run("up", "--in-port", "0", "--out-port", "0", "--read", capture, "--token-file", file,
               "--tls-cert", str(both))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert '"hostname": "a.example"' in done.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only a hub that root starts becomes somebody else")
def test_a_hub_that_could_not_see_a_revocation_does_not_start(reachable_path: Path) -> None:
    file = str(reachable_path / "tokens.json")
    add_token(file, "guest", ["eater"])
    done = run("hub", "-i", "0", "-o", "0", "--token-file", file)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "Permission denied for the user nobody: give it to that user, or see --user"
    )
