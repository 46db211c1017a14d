"""Whatever strangers wrote is harmless where it is shown: on a terminal, in a log, in a page."""

from __future__ import annotations

import json
import queue
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection

from netdumplings.dumplingchefs import DNSLookupChef
from support import capture_files as files
from support.browser import browser, needs_a_browser
from support.commands import Command, run
from support.hubs import Hub, dumpling, foreign_hub
from support.packets import dns_query, write_pcap
from support.pages import PAGES, wait_until, web_server

#: Clears the screen, sets the title, colors by C1, turns text around, ends and forges a line.
EVIL: Final = (
    "\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\u202etxet\u2066\u200f\u2028\u2029\x85\r\n\ufeff\U000e0041"
    "2026-01-01T00:00:00.000 INFO netdumplings.hub: forged<img src=x onerror=alert(1)>&amp;"
)


def check(text: str) -> None:
    """Nothing in it acts on a terminal, and nothing is not seen."""
    assert [line for line in text.split("\n") if not line.isprintable()] == []


def check_log(text: str) -> None:
    """Nor has anything a line of its own that looks like ours."""
    check(text)
    assert [line for line in text.split("\n") if line.startswith("2026-01-01")] == []


#: A configuration of logging that escapes nothing by itself.
PLAIN: Final = {
    "version": 1,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"level": "DEBUG", "handlers": ["stderr"]},
    "loggers": {"asyncio": {"level": "ERROR"}, "scapy": {"level": "ERROR"}},
}


@pytest.fixture(params=["our logging", "a logging of one's own"])
def logging(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    if request.param == "our logging":
        yield {}
        return
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # commands give up root before they read it
        path = Path(directory) / "logging.json"
        path.write_text(json.dumps(PLAIN))
        yield {"NETDUMPLINGS_LOGGING_CONFIG": str(path)}


@pytest.fixture
def hub(logging: dict[str, str]) -> Iterator[Hub]:
    with Hub(environment=logging) as hub:
        yield hub


def announce(hub: Hub) -> Iterator[None]:
    """A kitchen and an eater that say evil of themselves."""
    evil = {EVIL: EVIL, "chefs": [EVIL], "interface": EVIL, "filter": EVIL}
    with (
        connect(f"ws://localhost:{hub.in_port}", compression=None) as kitchen,
        connect(f"ws://localhost:{hub.out_port}", compression=None) as eater,
    ):
        kitchen.send(json.dumps({"kitchen_name": EVIL, **evil}))
        eater.send(json.dumps({"eater_name": EVIL, **evil}))
        hub.wait_for_eaters(EVIL)
        kitchen.send(dumpling({EVIL: [EVIL]}, chef=EVIL, kitchen=EVIL))
        kitchen.send(dumpling("the last"))
        yield
        kitchen.send(json.dumps(EVIL))  # which no dumpling is, and so is refused
        with pytest.raises(Exception, match="1008"):
            kitchen.recv()


def test_what_kitchens_and_eaters_say_is_harmless_to_those_who_look(
    hub: Hub, logging: dict[str, str]
) -> None:
    with (
        Command("print", "-h", hub.for_eaters, "-k", "*", environment=logging) as printer,
        Command("hubstatus", "-h", hub.for_eaters, environment=logging) as status,
        Command("hubstatus", "-h", hub.for_eaters, "--json", environment=logging) as lines,
    ):
        hub.wait_for_eaters("printereater", "statuseater")
        for _ in announce(hub):
            printer.wait_for_out('"the last"')
            status.wait_for_out("kitchens 1")
            lines.wait_for_out("forged")
            details = run("hubdetails", "-h", hub.for_eaters, environment=logging)
        for command in (printer, status, lines):
            command.end(signal.SIGTERM)
            check(command.out)
            check(command.err)
        assert "forged" in printer.out
        assert "forged" in details.stdout
        check(details.stdout)
        check(details.stderr)
    hub.stop()
    assert "forged" in hub.err
    check_log(hub.err)


def hostile_hub(peer: ServerConnection) -> None:
    """A hub that says evil in everything it may say."""
    peer.recv()
    gap = {"type": "gap", "cursor": {EVIL: 1}, "missed": 1, "reason": EVIL, "kitchen": EVIL}
    if peer.subprotocol:
        peer.send(json.dumps({"type": "welcome", "cursor": {}}))
        peer.send(json.dumps(gap))
        peer.send(json.dumps({"type": EVIL}))
    else:
        peer.send(dumpling({EVIL: EVIL}, chef=EVIL, kitchen=EVIL))
        peer.send(EVIL)
    peer.close(4999, EVIL.encode()[:115].decode(errors="ignore"))


@pytest.mark.parametrize("subprotocols", [["netdumplings.v2"], []])
@pytest.mark.parametrize("module", ["print", "hubstatus", "hubdetails", "sniff"])
def test_what_a_hub_says_is_harmless_to_its_peers(
    module: str, subprotocols: list[str], logging: dict[str, str], tmp_path: Path
) -> None:
    options = []
    if module == "sniff":
        # Seldom enough for the hub, which reads nothing, to be answered when it closes.
        capture = write_pcap(tmp_path / "x.pcap", dns_query(), dns_query(), times=[0, 1])
        options = ["--read", str(capture), "--loop", "--speed", "1"]
    with (
        foreign_hub(hostile_hub, subprotocols) as address,
        Command(module, "-h", address, *options, environment=logging) as command,
    ):
        command.wait_for_any(r"lost|skipped|owned|waiting for its status")
        command.end(signal.SIGTERM)
    check(command.out)
    check_log(command.err)


HOSTILE_CHEF = """
from netdumplings import DumplingChef

class EvilChef(DumplingChef):
    def packet_handler(self, packet):
        if packet.haslayer("DNS"):
            return {packet.sniffed_on: packet["DNS"].qd[0].qname.decode("utf-8", "replace")}
        raise ValueError(packet.sniffed_on)
"""


def test_what_a_capture_holds_is_harmless_in_dumplings_and_in_the_log(
    logging: dict[str, str], tmp_path: Path
) -> None:
    name = EVIL.replace(".", " ")[:60]
    label = name.encode()
    query = dns_query("x").replace(b"\x01x\x00", bytes([len(label)]) + label + b"\0")
    capture = tmp_path / "evil.pcapng"
    capture.write_bytes(
        files.section()
        + files.interface(name=EVIL.encode())
        + files.interface(link_type=147, name=EVIL.encode())
        + files.packet(query)
        + files.packet(dns_query("x"), interface=1)
        + files.packet(b"\0" * 20)
        + files.block(5, b"\xff" * 8)
        + files.packet(b"", interface=99)
    )
    chef = tmp_path / "evil_chef.py"
    chef.write_text(HOSTILE_CHEF)
    for filter_ in ("", "udp or tcp"):
        done = run(
            *("sniff", "--stdout", "--read", str(capture), "-f", filter_),
            *("-m", str(chef), "-m", DNSLookupChef.__module__),
            environment=logging,
        )
        check(done.stdout)
        if not logging:  # the text of a traceback is the chef's own, and Python's to show
            check_log(done.stderr)
        assert filter_ or "forged" in done.stdout + done.stderr or "owned" in done.stdout


@needs_a_browser
@pytest.mark.parametrize("page", PAGES)
def test_what_a_dumpling_says_is_text_in_a_page(tmp_path: Path, page: str) -> None:
    shown: queue.Queue[str] = queue.Queue()
    with Hub() as hub, web_server(shown) as port, hub.kitchen() as kitchen:
        url = f"http://localhost:{port}/{page}#ws://{hub.for_eaters}"
        with browser(tmp_path, url):
            hub.wait_for_eaters("a web page")
            kitchen.send(dumpling({EVIL: EVIL}, chef=EVIL))
            kitchen.send(dumpling("the last"))
            text = wait_until(shown, 'TestChef "the last"')
    check(text)
    assert "<img src=x onerror=alert(1)>&amp;" in text
    assert [line for line in text.splitlines() if line.startswith("2026-01-01")] == []
