"""What a hub answers on its port for eaters to those who ask by HTTP: the page and its files.

Nothing secret is in the page, so it needs no token; what it shows, it is told as an eater.
"""

from __future__ import annotations

import hashlib
import http
from collections.abc import Mapping
from importlib import resources
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from ..transport.admission import COOKIE
from ..transport.answers import TEXT, Answer, Question, Resource, zipped

#: Addresses on which a hub listens for everybody, and where it is reached from this host.
EVERYBODY: Final = {"": "localhost", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
#: The file that is served where no name is asked for.
INDEX: Final = "index.html"
#: The kinds of files that a page may have; no other is served.
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": TEXT,
    ".webmanifest": "application/manifest+json",
}
#: What the page may do: run and look as its own files say, and talk to this hub. (CSP level 3;
#: of trusted types there are none, so that no text becomes markup or script.)
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


class File(NamedTuple):
    """A file of the page.

    Attributes:
        body: what is in it.
        content_type: what that is.
        gzipped: the same, compressed.
        tag: tells one state of it from another, weakly, as it is for both of these (``ETag``: RFC
            9110, section 8.8.3).
    """

    body: bytes
    content_type: str
    gzipped: bytes
    tag: str

    def answer(self, question: Question) -> Answer:
        """Give it, or say that the browser has it already."""
        headers = {"ETag": self.tag, "Content-Security-Policy": POLICY}
        known = question.header("If-None-Match")
        if self.tag in (tag.strip() for tag in known.split(",")):
            return Answer(b"", self.content_type, http.HTTPStatus.NOT_MODIFIED, headers)
        return Answer(self.body, self.content_type, headers=headers, gzipped=self.gzipped)


Page = Mapping[str, File]


def read_page() -> Page:
    """Read the files of the page, which are installed with the package.

    Returns:
        each by its name.

    Raises:
        OSError: they cannot be read.
    """
    page = {}
    for file in resources.files(__package__).joinpath("page").iterdir():
        content_type = TYPES.get(PurePosixPath(file.name).suffix)
        if content_type is not None and not file.name.startswith("."):
            body = file.read_bytes()
            tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
            page[file.name] = File(body, content_type, zipped(body), tag)
    return page


def healthy(question: Question, *, wants_token: bool) -> Answer:
    """Say that all is well: an event loop that gets to say so has time for its peers.

    Args:
        question: may have a token with it, good or not.
        wants_token: whether peers need one. Who has none is told (RFC 9110, section 11.6.1, lets an
            answer of any status say so), and need not be refused first to find out.
    """
    has_one = "Authorization" in question.headers or COOKIE in question.header("Cookie")
    told = {"WWW-Authenticate": "Bearer"} if wants_token and not has_one else {}
    return Answer(b"ok\n", headers=told)


def page_resources(page: Page) -> dict[str, Resource]:
    """Say what there is of the page, by path.

    Args:
        page: the files of the page.
    """
    found = {f"/{name}": Resource(file.answer) for name, file in page.items()}
    if INDEX in page:
        found["/"] = Resource(page[INDEX].answer)
    return found


def address_of_page(address: str, port: int, *, tls: bool) -> str:
    """Say where a browser on this host finds the page.

    Args:
        address: what the hub listens on.
        port: for eaters.
        tls: whether it speaks TLS.
    """
    host = EVERYBODY.get(address, address)
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{host}:{port}/"
