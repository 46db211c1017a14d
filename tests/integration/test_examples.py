"""The examples do what they say. (Those of legacy peers are in ``test_legacy_peers``.)"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from support.commands import PATIENCE, Command, clean_environment, run
from support.hubs import Hub, dumpling, foreign_hub
from support.packets import dns_query, dns_response, tcp_syn, write_pcap
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


PAGES = ("browser_eater.html", "legacy_browser_eater.html")

# What a page shows is sent back to the server that it came from.
SPY = """<script>
  new MutationObserver(() => fetch("/shown", { method: "POST", body: out.textContent }))
    .observe(out, { childList: true });
</script>"""


@contextmanager
def web_server(shown: queue.Queue[str]) -> Iterator[int]:
    """Serve the pages over HTTP, as a developer's own server at localhost does."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = EXAMPLES / self.path.removeprefix("/")
            found = path.name in PAGES
            page = path.read_text() + SPY if found else ""
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def do_POST(self) -> None:
            shown.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("localhost", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def browser(url: str, profile: Path) -> Iterator[None]:
    assert BROWSER is not None
    process = subprocess.Popen(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
         "--remote-debugging-port=0", url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        process.wait()


def wait_until(shown: queue.Queue[str], line: str) -> str:
    """Wait until the page shows a line; return all that it shows then."""
    while f"{line}\n" not in (text := shown.get(timeout=PATIENCE)):
        pass  # only the hub's own dumplings so far
    return text


needs_a_browser = pytest.mark.skipif(
    BROWSER is None, reason="there is no Chromium to show a page in"
)


@needs_a_browser
@pytest.mark.parametrize("page", PAGES)
def test_a_web_page_from_elsewhere_on_this_host_eats_dumplings(tmp_path: Path, page: str) -> None:
    """A browser sends the page's origin, http://localhost:PORT, and the hub takes it."""
    shown: queue.Queue[str] = queue.Queue()
    with Hub() as hub, web_server(shown) as port, hub.kitchen() as kitchen:
        url = f"http://localhost:{port}/{page}#ws://{hub.for_eaters}"
        with browser(url, tmp_path):
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
            with browser(url, tmp_path):
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
        browser(f"http://localhost:{port}/browser_eater.html#ws://{address}", tmp_path),
    ):
        wait_until(shown, "(missed 7, reason: slow)")
