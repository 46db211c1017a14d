"""The pages among the examples, served as a developer serves them, in a real browser."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .commands import PATIENCE

EXAMPLES = Path(__file__).parents[2] / "examples"

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


def wait_until(shown: queue.Queue[str], line: str) -> str:
    """Wait until the page shows a line; return all that it shows then."""
    while f"{line}\n" not in (text := shown.get(timeout=PATIENCE)):
        pass  # only the hub's own dumplings so far
    return text
