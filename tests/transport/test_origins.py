"""By what name a hub may be called, and the pages of which sites may connect to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdumplings.transport.origins import Doorman, host_of

HERE = "192.0.2.10"


def doorman(*, pages: bool = True) -> Doorman:
    found = Doorman(["Hub.Example.Org"], ["https://Friend.example:8443"], pages=pages)
    found.listens_on("lan-hub")
    found.listens_on("192.0.2.7")
    found.listens_on("fe80::1%eth0")
    return found


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LocalHost:11348", "localhost.", "127.0.0.1:1", "127.1.2.3", "[::1]:11348",
        "[0:0:0:0:0:0:0:1]", "hub.example.org", "hub.example.org.:443", "lan-hub:11348",
        "192.0.2.7:11348", "[fe80::1%eth0]:11348", "[fe80::1]", HERE, f"{HERE}:99999",
    ],
)  # fmt: skip
def test_a_hub_answers_to_the_names_that_are_its_own(host: str) -> None:
    assert doorman().turn_away([host], [], HERE) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost.evil.example", "localhost@evil.example",
        "127.0.0.1.evil.example",
        "192.0.2.11", "0.0.0.0", "[::]", "", " ", "localhost:port", "localhost:", "::1", "[::1",
        "[localhost]", "http://localhost", "localhost/", "localhost\x00", "localhost localhost",
        "localhost, evil.example", "2130706433", "127.1", "0x7f.0.0.1", "loc\u0430lhost",
        "localhost\n", "[fe80::2%eth0]", "127.0.0.1%eth0", "." * 300,
    ],
)  # fmt: skip
def test_a_hub_does_not_answer_to_another_name(host: str) -> None:
    refusal = doorman().turn_away([host], [], HERE)
    assert refusal is not None
    assert refusal.cause == "host"
    assert refusal.text.isascii()
    assert refusal.text.isprintable()


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["evil.example", "localhost"]])
def test_there_must_be_exactly_one_host(hosts: list[str]) -> None:
    refusal = doorman().turn_away(hosts, [], HERE)
    assert refusal is not None
    assert refusal.cause == "host"


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000", "https://localhost", "http://127.0.0.1:8080", "http://[::1]:3000",
        "http://hub.example.org", "https://lan-hub:8443", "http://192.0.2.7", f"http://{HERE}:1",
        "https://friend.example:8443", "HTTP://LOCALHOST:3000",
    ],
)  # fmt: skip
def test_pages_of_this_host_and_those_allowed_may_be_eaters(origin: str) -> None:
    assert doorman().turn_away(["localhost"], [origin], HERE) is None


REFUSED_ORIGINS = [
    "null", "", "http://evil.example", "https://localhost.evil.example", "http://evil.example:3000",
    "https://friend.example", "http://friend.example:8443", "https://friend.example:8443/",
    "file://", "localhost:3000", "ftp://localhost", "http://localhost:3000/page",
    "http://localhost@evil.example", "http://evil.example#localhost",
    "http://evil.example?localhost",
    "http://localhost:3000 http://evil.example", "chrome-extension://abcdefgh", "http://0.0.0.0:1",
    "http://localhost\\@evil.example", "http://[::1", "javascript://localhost", "http://",
    "http://loc\u0430lhost", "http://localhost\x00.evil.example",
]  # fmt: skip


@pytest.mark.parametrize("origin", REFUSED_ORIGINS)
@pytest.mark.parametrize("pages", [True, False])
def test_no_other_page_may(origin: str, pages: bool) -> None:
    refusal = doorman(pages=pages).turn_away(["localhost"], [origin], HERE)
    assert refusal is not None
    assert refusal.cause == "origin"
    assert refusal.text.isascii()
    assert refusal.text.isprintable()


def test_two_origins_are_none() -> None:
    twice = ["http://localhost:3000", "http://localhost:3000"]
    assert doorman().turn_away(["localhost"], twice, HERE) is not None


def test_no_page_may_be_a_kitchen_unless_it_was_allowed() -> None:
    kitchens = doorman(pages=False)
    assert kitchens.turn_away(["localhost"], [], HERE) is None
    assert kitchens.turn_away(["localhost"], ["http://localhost:3000"], HERE) is not None
    assert kitchens.turn_away(["localhost"], ["https://friend.example:8443"], HERE) is None


def test_a_rebound_name_does_not_help_a_page_that_is_of_the_right_origin_otherwise() -> None:
    """The browser calls the server by the site's name, whatever address that has by now."""
    site = "evil.example:11348"
    assert doorman().turn_away([site], [f"http://{site}"], HERE) is not None


def test_a_wildcard_is_nobodys_name() -> None:
    everywhere = Doorman(pages=True)
    everywhere.listens_on("0.0.0.0")
    everywhere.listens_on("::")
    assert everywhere.turn_away(["0.0.0.0:11348"], [], HERE) is not None
    assert everywhere.turn_away(["[::]:11348"], [], HERE) is not None
    assert everywhere.turn_away([HERE], [], HERE) is None


@pytest.mark.parametrize("name", ["", "a b", "hub:11348", "http://hub", "[::1]", "a/b"])
def test_a_name_that_is_none_is_refused_where_it_is_given(name: str) -> None:
    with pytest.raises(ValueError, match="no name or address"):
        Doorman([name], pages=True)


@pytest.mark.parametrize("origin", ["null", "example.org", "https://example.org/", "*", ""])
def test_an_origin_that_no_browser_sends_is_refused_where_it_is_given(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Doorman([], [origin], pages=True)


@settings(max_examples=50)
@given(st.lists(st.text(), max_size=3), st.lists(st.text(), max_size=3))
def test_whatever_is_sent_gets_an_answer(hosts: list[str], origins: list[str]) -> None:
    refusal = doorman().turn_away(hosts, origins, HERE)
    assert refusal is None or (refusal.text.isascii() and refusal.text.isprintable())


@settings(max_examples=50)
@given(st.ip_addresses())
def test_an_address_is_the_same_however_it_is_written(address: object) -> None:
    text = str(address)
    written = f"[{text}]" if ":" in text else text
    assert host_of(written) == host_of(f"{written}:1") == text
    assert host_of(written.upper()) == text
