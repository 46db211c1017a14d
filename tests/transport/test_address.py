"""HOST:PORT, as users write it, once or several times."""

from __future__ import annotations

from typing import Any

import pytest

from netdumplings.exceptions import InvalidAddress
from netdumplings.transport import HubAddress, HubAddresses
from netdumplings.transport.address import MAX_HUBS, is_loopback


@pytest.mark.parametrize(
    ("text", "host", "port", "uri"),
    [
        ("localhost:11348", "localhost", 11348, "ws://localhost:11348"),
        ("127.0.0.1:1", "127.0.0.1", 1, "ws://127.0.0.1:1"),
        ("hub_1.example.com.:65535", "hub_1.example.com.", 65535, "ws://hub_1.example.com.:65535"),
        ("[::1]:11348", "::1", 11348, "ws://[::1]:11348"),
        ("[fe80::1%eth0]:11348", "fe80::1%eth0", 11348, "ws://[fe80::1%eth0]:11348"),
        ("[fe80::1%br-0@x.2:1]:1", "fe80::1%br-0@x.2:1", 1, "ws://[fe80::1%br-0@x.2:1]:1"),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int, uri: str) -> None:
    address = HubAddress.parse(text)
    assert address == (host, port, False)
    assert address.uri == uri
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "secure", "written"),
    [
        ("ws://localhost:11348", False, "localhost:11348"),
        ("wss://localhost:11348", True, "wss://localhost:11348"),
        ("WSS://[::1]:1/", True, "wss://[::1]:1"),
    ],
)
def test_the_address_of_a_hub_that_speaks_tls_begins_with_wss(
    text: str, secure: bool, written: str
) -> None:
    address = HubAddress.parse(text)
    assert address.secure is secure
    assert str(address) == written
    assert address.uri == ("" if secure else "ws://") + written
    assert HubAddress.parse(str(address)) == address


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("128.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_nobody_else_can_be(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


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
        ("http://localhost:11348", "URL"),
        ("ws://localhost", "the port is missing"),
        ("wss://localhost:11348/path", "a port is a number"),
        ("wss://user@localhost:11348", "no host name"),
        ("ws://wss://localhost:11348", "URL"),
        ("://localhost:11348", "URL"),
        ("::1:11348", "brackets"),
        ("[::1]11348", "a port is a number"),
        ("[localhost]:11348", "no IPv6 address"),
        ("[fe80::1%\0]:11348", "no IPv6 address"),
        ("[fe80::1%a b]:11348", "no IPv6 address"),
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


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("a:1", "a:1"),
        ("a:1,b:2", "a:1,b:2"),
        (" a:1 ,\tb:2\n", "a:1,b:2"),
        (["a:1", "b:2"], "a:1,b:2"),
        (["b:2,a:1", "wss://c:3"], "b:2,a:1,wss://c:3"),
        (("[::1]:1,ws://b:2/",), "[::1]:1,b:2"),
        ("a:1,b:2,a:1,A:1", "a:1,b:2"),
        ("a:1,a:2,wss://a:1", "a:1,a:2,wss://a:1"),
        (",".join(["a:1"] * 99), "a:1"),
        ([f"a:{port}" for port in range(1, MAX_HUBS + 1)], None),
    ],
)
def test_several_addresses_keep_their_order_and_none_counts_twice(
    given: str | list[str], written: str | None
) -> None:
    found = HubAddresses.parse(given)
    assert str(found) == (written or ",".join(given))
    assert HubAddresses.parse(str(found)) == found
    assert all(isinstance(one, HubAddress) for one in found)


@pytest.mark.parametrize(
    ("given", "of", "problem"),
    [
        ("", "", "the port is missing"),
        ("a:1,b", "b", "the port is missing"),
        ("a:1,wss://b:0", "wss://b:0", "a port is a number"),
        ("a:1,", "a:1,", "a comma without an address"),
        ("a:1,,b:2", "a:1,,b:2", "a comma without an address"),
        (["a:1", "b:2,"], "b:2,", "a comma without an address"),
        (["a:1", ""], "", "the port is missing"),
        ("a:1;b:2", "a:1;b:2", "commas go between several"),
        ("a:1 b:2", "a:1 b:2", "commas go between several"),
        ([], "", "there is none"),
        (",".join(f"a:{port}" for port in range(1, 99)), "a:17", "more than the 16"),
        ([f"a:{port}" for port in range(1, 99)], "a:17", "more than the 16"),
    ],
)
def test_a_bad_one_of_several_is_named(given: str | list[str], of: str, problem: str) -> None:
    with pytest.raises(InvalidAddress, match=problem) as caught:
        HubAddresses.parse(given)
    assert caught.value.address == of
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [("localhost", 11347), [b"a:1"], [None]])
def test_an_address_that_is_no_text_is_a_mistake_that_is_named(given: Any) -> None:
    with pytest.raises((TypeError, InvalidAddress), match="HOST:PORT"):
        HubAddresses.parse(given)


def test_there_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least one"):
        HubAddresses.of([])
