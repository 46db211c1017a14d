"""HOST:PORT, as users write it."""

from __future__ import annotations

import pytest

from netdumplings.exceptions import InvalidAddress
from netdumplings.transport import HubAddress


@pytest.mark.parametrize(
    ("text", "host", "port", "uri"),
    [
        ("localhost:11348", "localhost", 11348, "ws://localhost:11348"),
        ("127.0.0.1:1", "127.0.0.1", 1, "ws://127.0.0.1:1"),
        ("hub_1.example.com.:65535", "hub_1.example.com.", 65535, "ws://hub_1.example.com.:65535"),
        ("[::1]:11348", "::1", 11348, "ws://[::1]:11348"),
        ("[fe80::1%eth0]:11348", "fe80::1%eth0", 11348, "ws://[fe80::1%eth0]:11348"),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int, uri: str) -> None:
    address = HubAddress.parse(text)
    assert address == (host, port)
    assert address.uri == uri
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the port is missing"),
        ("localhost", "the port is missing"),
        (":11348", "the host is missing"),
        ("localhost:", "a port is a number"),
        ("localhost:0", "a port is a number"),
        ("localhost:65536", "a port is a number"),
        ("localhost:-1", "a port is a number"),
        ("localhost:http", "a port is a number"),
        ("localhost:\u0661", "a port is a number"),
        ("localhost:" + "9" * 10_000, "a port is a number"),
        ("ws://localhost:11348", "URL"),
        ("::1:11348", "brackets"),
        ("[::1]11348", "a port is a number"),
        ("[localhost]:11348", "no IPv6 address"),
        ("a b:11348", "no host name"),
        ("a/b:11348", "no host name"),
        ("user@host:11348", "no host name"),
        ("a..b:11348", "no host name"),
        ("x" * 300 + ":11348", "no host name"),
        ("a\n:11348", "no host name"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(InvalidAddress, match=problem) as caught:
        HubAddress.parse(text)
    assert "\n" not in str(caught.value)
    assert caught.value.address == text
