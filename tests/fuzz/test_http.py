"""Whatever is asked of a hub by HTTP, it is answered with what there is, or with what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.hub import DumplingHub
from netdumplings.hub.site import read_page
from netdumplings.transport.answers import STATUSES
from support.http import PATIENCE, parsed
from support.hub_peers import running_hub

PATHS = [
    "/", "/index.html", "/healthz", "/api/status", "/api/statuses", "/metrics", "/api/packets",
]  # fmt: skip
#: What the WebSocket library answers besides, to requests that are no good; and 101, to good ones.
OTHERS = {101, 400, 426, 414, 431, 505}

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
headers = st.tuples(
    st.sampled_from(
        ["Accept", "Accept-Encoding", "Authorization", "Connection", "Cookie", "If-None-Match",
         "Origin", "Range", "Sec-Fetch-Site", "Sec-WebSocket-Key", "Upgrade", "Host",
         "Content-Length"]
    ) | words,
    st.sampled_from(
        ["gzip", "*", "application/openmetrics-text;q=1", "Bearer x", "websocket", "Upgrade", "0",
         'W/"x"', "netdumplings_token=x", ";q=", ",,;;"]
    ) | header_values,
)  # fmt: skip
queries = st.lists(
    st.tuples(
        st.sampled_from(["kitchen", "around", "seconds", "filter", "x"]),
        st.sampled_from(["k", "1", "1.5", "nan", "tcp", "%ff", "%00", "host+a", "1e400"]) | words,
    ).map("=".join),
    max_size=5,
).map(lambda pairs: "?" + "&".join(pairs))
requests = st.builds(
    lambda method, path, query, version, lines: (
        f"{method} {path}{query} HTTP/{version}\r\nHost: localhost\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in lines)
        + "\r\n"
    ).encode("latin-1"),
    st.sampled_from(["GET", "HEAD", "POST"]) | words,
    st.sampled_from(PATHS) | words,
    st.just("") | words.map("?{}".format) | queries,
    st.sampled_from(["1.1", "1.0", "2"]),
    st.lists(headers, max_size=6),
)


class House:
    """A hub, and a loop for it to run in."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.hub: DumplingHub = running_hub()
        self.runner.run(self.hub.__aenter__())

    def ask(self, request: bytes) -> bytes:
        return self.runner.run(self._ask(request))

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.hub.out_port)
        writer.write(request)
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        return answer

    def close(self) -> None:
        self.runner.run(self.hub.__aexit__(None, None, None))
        self.runner.close()


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    house = House()
    yield house
    house.close()


PAGE = read_page()


@given(request=requests | st.binary(max_size=200))
def test_every_request_is_answered_with_what_there_is_or_what_is_wrong(
    house: House, request: bytes
) -> None:
    answer = house.ask(request)
    if not answer:
        return  # it is no HTTP
    told = parsed(answer)
    assert told.status in OTHERS | set(STATUSES) - {500}
    if told.status in STATUSES and told.status not in (400, 403):
        assert told.headers["X-Content-Type-Options"] == "nosniff"
    path = request.split(b" ")[1].split(b"?")[0].decode("latin-1")
    if told.status == 200:
        assert path in {*PATHS, *(f"/{name}" for name in PAGE)}
    assert house.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").endswith(b"\r\n\r\nok\n")
