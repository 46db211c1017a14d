"""What a page can do to a hub on its visitor's machine, in a real browser."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from support.browser import browser, needs_a_browser
from support.commands import PATIENCE
from support.hubs import Hub

# Every way in that a page has: to read and to inject, by each name of the hub. What came of each is
# sent back to the page's server. The page of evil.example has two frames with the same script: a
# page of localhost, and one that is sandboxed, whose origin is null.
PAGE = """<!doctype html><meta charset="utf-8"><body><script>
  const [outPort, inPort] = location.hash.slice(1).split(",");
  function attempt(what, host, port, messages) {
    return new Promise((done) => {
      const hub = new WebSocket(`ws://${host}:${port}`);
      let came = "refused";
      hub.onopen = () => { came = "let in"; messages.forEach((message) => hub.send(message)); };
      hub.onmessage = () => { came = "told"; hub.close(); };
      hub.onclose = () => done([what, came]);
      setTimeout(() => hub.close(), 10_000);
    });
  }
  const eater = [JSON.stringify({ eater_name: "a foreign page" })];
  const metadata = { chef: "Evil", creation_time: 1, driver: "packet", kitchen: "evil" };
  const kitchen = [
    JSON.stringify({ kitchen_name: "a foreign page" }), JSON.stringify({ metadata, payload: 0 }),
  ];
  const attempts = [];
  for (const host of ["localhost", "127.0.0.1", "evil.example"]) {
    attempts.push(attempt(`reads ${host}`, host, outPort, eater));
    attempts.push(attempt(`injects ${host}`, host, inPort, kitchen));
  }
  const report = (who, found) =>
    fetch("/found", { method: "POST", body: JSON.stringify([who, found]) });
  function frame(who, url, sandboxed) {
    const element = document.createElement("iframe");
    if (sandboxed) element.sandbox = "allow-scripts";
    element.src = url;
    addEventListener("message", (told) => {
      if (told.source === element.contentWindow) report(who, told.data);
    });
    document.body.append(element);
  }
  Promise.all(attempts).then((found) => {
    if (window !== parent) { parent.postMessage(found, "*"); return; }
    report("foreign", found);
    frame("sandboxed", location.href, true);
    frame("local", location.href.replace("evil.example", "localhost"), false);
  });
</script></body>"""


@contextmanager
def web_server(found: queue.Queue[tuple[str, dict[str, str]]]) -> Iterator[int]:
    """Serve the page, by whatever name it is asked for, and take what came of it."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def do_POST(self) -> None:
            who, told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.put((who, dict(told)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def status_when_refused(hub: Hub, count: int) -> dict[str, Any]:
    """The hub's status, when it has counted so many refusals."""
    with connect(f"ws://localhost:{hub.out_port}", compression=None, proxy=None) as eater:
        eater.send('{"eater_name": "watcher"}')
        while True:
            payload: dict[str, Any] = json.loads(eater.recv(PATIENCE))["payload"]
            if sum(payload["refused"].values()) >= count:
                return payload


@needs_a_browser
def test_a_foreign_page_neither_reads_nor_injects_and_one_of_this_host_may_read(
    tmp_path: Path,
) -> None:
    found: queue.Queue[tuple[str, dict[str, str]]] = queue.Queue()
    with Hub() as hub, web_server(found) as port:
        url = f"http://evil.example:{port}/#{hub.out_port},{hub.in_port}"
        with browser(tmp_path, url, resolver_rules="MAP *.example 127.0.0.1"):
            told = dict(found.get(timeout=PATIENCE) for _ in range(3))
        refused = dict.fromkeys(told["foreign"], "refused")
        assert len(refused) == 6
        assert told == {
            "foreign": refused,
            "sandboxed": refused,
            "local": refused | {"reads localhost": "told", "reads 127.0.0.1": "told"},
        }
        status = status_when_refused(hub, 16)
    # It was the hub that refused, not the browser.
    assert status["refused"] == {"host": 6, "origin": 10}
    assert status["total_dumplings_in"] == 0
    assert status["dumpling_kitchens"] == []
    assert "a foreign page" not in json.dumps(status["dumpling_eaters"])
