"""The addresses of the servers of a backbone: what is taken, and what is said of the rest."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.backbone.addresses import is_loopback, parse_servers


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("nats://a:1", ["nats://a:1"]),
        ("nats://a", ["nats://a:4222"]),
        ("a", ["nats://a:4222"]),
        ("a:1", ["nats://a:1"]),
        ("TLS://a/", ["tls://a:4222"]),
        ("nats://a:1,nats://b:2,nats://c:3", ["nats://a:1", "nats://b:2", "nats://c:3"]),
        ("tls://a,b, c:7", ["tls://a:4222", "tls://b:4222", "tls://c:7"]),
        ("a,a:4222,nats://a", ["nats://a:4222"]),
        ("nats://[::1]:1,[2001:db8::7]", ["nats://[::1]:1", "nats://[2001:db8::7]:4222"]),
        ("nats_1.example.", ["nats://nats_1.example.:4222"]),
    ],
)
def test_it_is_one_url_or_several(text: str, urls: list[str]) -> None:
    assert parse_servers(text) == urls


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the host is missing"),
        ("a,", "the host is missing"),
        ("nats://:1", "the host is missing"),
        ("http://a", "begins with nats:// or tls://"),
        ("ws://a", "begins with nats:// or tls://"),
        ("a:0", "a port is a number from 1 to 65535"),
        ("a:65536", "a port is"),
        ("a:", "a port is"),
        ("a:१", "a port is"),
        ("nats://::1", "an IPv6 address needs brackets"),
        ("[x]", "no IPv6 address in the brackets"),
        ("[fe80::1%\n]", "no IPv6 address in the brackets"),
        ("a b", "that is no host name"),
        ("a?x=1", "that is no host name"),
        ("-" * 64, "that is no host name"),
        ("nats://a,tls://b", "some servers of the backbone are tls://, some are nats://"),
        (",".join(f"a{n}" for n in range(101)), "at most 100 addresses"),
    ],
)
def test_what_it_is_not_is_said_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("?", r"\?")):
        parse_servers(text)


@pytest.mark.parametrize("text", ["nats://me:secret@a", "me:secret@a:1", "a,b,nats://secret@c"])
def test_a_password_in_it_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="--backbone-password-file") as caught:
        parse_servers(text)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=50) | st.text("nats:/tl[]@,.a1:", max_size=50))
def test_whatever_it_is_given_ends_in_urls_or_in_an_error(text: str) -> None:
    with suppress(ValueError):
        urls = parse_servers(text)
        assert parse_servers(",".join(urls)) == urls


@pytest.mark.parametrize(
    ("text", "so"),
    [("localhost", True), ("127.0.0.2:1", True), ("[::1]", True), ("a.localhost", False),
     ("10.0.0.1", False), ("[2001:db8::7]:1", False)],
)  # fmt: skip
def test_only_what_is_certainly_here_is_loopback(text: str, so: bool) -> None:
    (url,) = parse_servers(text)
    assert is_loopback(url) is so
