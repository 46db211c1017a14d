"""The examples do what they say. (Those of legacy peers are in ``test_legacy_peers``.)"""

from __future__ import annotations

import json
import queue
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from netdumplings.kitchen.displays import displays_of
from netdumplings.kitchen.loader import load_modules
from support.browser import browser, needs_a_browser
from support.commands import PATIENCE, Command, clean_environment, run
from support.hubs import Hub, dumpling, foreign_hub
from support.packets import dns_query, dns_response, tcp_syn, write_pcap
from support.pages import PAGES, wait_until, web_server
from support.relay import Relay

EXAMPLES = Path(__file__).parents[2] / "examples"


def payloads(chef: str, capture: Path) -> list[object]:
    done = run("sniff", "--stdout", "--read", str(capture), "-m", str(EXAMPLES / chef))
    assert done.returncode == 0, done.stderr
    assert "made 0 errors" in done.stderr
    return [json.loads(line)["payload"] for line in done.stdout.splitlines()]


def test_the_first_chef_tells_who_connects_to_whom(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", tcp_syn(80), dns_query(), tcp_syn(443))
    assert payloads("first_chef.py", capture) == [
        {"opened_so_far": 0},
        {"from": "192.0.2.1", "to": "192.0.2.80", "port": 80},
        {"from": "192.0.2.1", "to": "192.0.2.80", "port": 443},
        {"opened_so_far": 2},
    ]


def test_the_chef_that_says_how_it_is_shown_makes_what_it_says_is_there(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", tcp_syn(80), dns_query(), tcp_syn(443), tcp_syn(80))
    first, last = payloads("shown_chef.py", capture)
    assert (first, last) == ({"ports": {}}, {"ports": {"80": 2, "443": 1}})
    assert displays_of(load_modules([str(EXAMPLES / "shown_chef.py")])[0].chefs).keys() == {
        "PortChef"
    }


def test_the_tests_of_the_chef_that_has_some_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLES),
         "-W", "error", str(EXAMPLES / "test_refusal_chef.py")],
        capture_output=True, text=True, timeout=60, check=False, env=clean_environment(),
    )  # fmt: skip
    assert "7 passed" in done.stdout, done.stdout + done.stderr


def test_the_old_chef_runs_unchanged(tmp_path: Path) -> None:
    messages = dns_query("a.example"), dns_response("a.example"), dns_response(question=False)
    capture = write_pcap(tmp_path / "x.pcap", *messages)
    assert payloads("old_chef.py", capture) == [{"asked_for": "a.example."}] * 2


def test_the_eater_counts_names_from_nd_up(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", *[dns_query("a.example")] * 3, dns_query("b.example"))
    with Command("up", "--in-port", "0", "--out-port", "0", "--no-print", "--read", str(capture),
                 "--loop", "--speed", "10") as up:  # fmt: skip
        address = up.wait_for_err(r"nd-print --hub (localhost:\d+)")[1]
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / "eater.py"), address],
            capture_output=True, text=True, timeout=30, check=True, env=clean_environment(),
        )  # fmt: skip
    connected, most, least = done.stdout.splitlines()
    assert connected == f"connected to ws://{address}"
    assert most.endswith(" a.example")
    assert least.endswith(" b.example")


def test_the_keeping_eater_has_everything_once_though_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"

    def kept() -> list[object]:
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as database:
            texts = [json.loads(text) for (text,) in database.execute("SELECT json FROM dumplings")]
            return [one["payload"] for one in texts if one["metadata"]["kitchen"]]
        return []

    with Hub() as hub, hub.kitchen() as kitchen:
        for first in (0, 3, 6):
            for number in range(first, first + 3):
                kitchen.send(dumpling(number))
            with subprocess.Popen(
                [sys.executable, str(EXAMPLES / "keeping_eater.py"), hub.for_eaters, str(path)],
                stderr=subprocess.DEVNULL, env=clean_environment(),
            ) as eater:  # fmt: skip
                deadline = time.monotonic() + PATIENCE
                while len(kept()) < first + 3 and time.monotonic() < deadline:
                    time.sleep(0.05)
                eater.kill()
            assert kept() == list(range(first + 3))


@needs_a_browser
@pytest.mark.parametrize("page", PAGES)
def test_a_web_page_from_elsewhere_on_this_host_eats_dumplings(tmp_path: Path, page: str) -> None:
    """A browser sends the page's origin, http://localhost:PORT, and the hub takes it."""
    shown: queue.Queue[str] = queue.Queue()
    with Hub() as hub, web_server(shown) as port, hub.kitchen() as kitchen:
        url = f"http://localhost:{port}/{page}#ws://{hub.for_eaters}"
        with browser(tmp_path, url):
            hub.wait_for_eaters("a web page")
            kitchen.send(dumpling({"note": "<b>hostile</b>"}))
            wait_until(shown, 'TestChef {"note":"<b>hostile</b>"}')


@needs_a_browser
def test_a_web_page_that_comes_late_is_not_empty_and_misses_nothing_by_a_cut(
    tmp_path: Path,
) -> None:
    shown: queue.Queue[str] = queue.Queue()
    with Hub() as hub, web_server(shown) as port, hub.kitchen() as kitchen:
        kitchen.send(dumpling("before it came"))
        kitchen.ping().wait(PATIENCE)
        with Relay(("localhost", hub.out_port)) as relay:
            url = f"http://localhost:{port}/browser_eater.html#ws://{relay.address}"
            with browser(tmp_path, url):
                wait_until(shown, 'TestChef "before it came"')
                relay.cut()
                kitchen.send(dumpling("while it was away"))
                text = wait_until(shown, 'TestChef "while it was away"')
    assert [line for line in text.splitlines() if "SystemStatusChef" not in line] == [
        'TestChef "before it came"',
        'TestChef "while it was away"',
    ]


@needs_a_browser
def test_a_web_page_shows_what_is_missing(tmp_path: Path) -> None:
    shown: queue.Queue[str] = queue.Queue()

    def hub_with_a_gap(eater: ServerConnection) -> None:
        eater.recv()
        eater.send('{"type":"welcome","cursor":{}}')
        eater.send('{"type":"gap","cursor":{},"missed":7,"reason":"slow"}')
        eater.recv()  # until it goes

    with (
        foreign_hub(hub_with_a_gap, ["netdumplings.v2"]) as address,
        web_server(shown) as port,
        browser(tmp_path, f"http://localhost:{port}/browser_eater.html#ws://{address}"),
    ):
        wait_until(shown, "(missed 7, reason: slow)")
