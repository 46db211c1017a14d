"""A page that was written years ago for the plain protocol, served at localhost:3000."""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from netdumplings import DumplingKitchen
from netdumplings.dumplingchefs import ARPChef, DNSLookupChef, PacketCountChef
from support.browser import needs_a_browser
from support.hub_peers import running_hub
from support.live_page import Complaints
from support.packets import arp, dns_query, write_pcap

pytestmark = [needs_a_browser, pytest.mark.asyncio(loop_scope="session")]

FOLDER = Path(__file__).parents[1] / "support"
#: Where developers' own servers usually are; the page's ``Origin`` has it.
PORT = 3000


class Server(SimpleHTTPRequestHandler):
    """As ``python3 -m http.server`` does, but without a word."""

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    """Serve the page from a server that has nothing to do with the hub."""
    handler = functools.partial(Server, directory=str(FOLDER))
    with socket.create_server(("127.0.0.1", 0)) as free:
        others = (PORT, free.getsockname()[1])
    for port in others:
        try:
            server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError:
            continue
        break
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{port}"
        server.shutdown()
        thread.join()


async def test_an_old_page_draws_what_the_chefs_in_the_box_tell(
    page: Page, complaints: Complaints, origin: str, tmp_path: Path
) -> None:
    complaints.expect("favicon.ico|status of 404")
    packets = [
        arp(2, "02:00:00:00:00:01", "192.0.2.1"),
        arp(2, "02:00:00:00:00:99", "192.0.2.1"),
        dns_query("old.example"),
    ]
    capture = write_pcap(tmp_path / "three.pcap", *packets)
    async with running_hub(status_freq=0.1) as hub:
        await page.goto(f"{origin}/old_page.html#{hub.out_port}")
        # It is told of itself, so that it is there when the dumplings come.
        await expect(page.locator("#hub")).to_contain_text("/ old page")
        kitchen = DumplingKitchen(
            "cellar",
            hub=f"localhost:{hub.in_port}",
            read=capture,
            chefs=[PacketCountChef, DNSLookupChef, ARPChef],
            filter="",
        )
        cooking = asyncio.create_task(kitchen.serve())
        await expect(page.locator("#layers dt")).to_contain_text(
            ["ARP: 2", "DNS: 1", "Ethernet: 3", "IP: 1", "UDP: 1"]
        )
        await expect(page.locator("#lookups li")).to_have_text(["old.example at 1600000002"])
        await expect(page.locator("#seen li")).to_have_text(["old.example: 1, last 1600000002"])
        await expect(page.locator("#arp tr")).to_contain_text(
            [
                "reply | 02:00:00:00:00:01 | 192.0.2.1 |",
                "| source device has new IP address",
            ]
        )
        await cooking
        await expect(page.locator("#hub")).to_contain_text("some dumplings in, some out")
