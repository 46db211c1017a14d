"""How a hub joins a backbone: what goes together, and what makes no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netdumplings.backbone import BackboneLogin, BackboneSettings

ONE = BackboneSettings(servers=["nats://a"])


def test_servers_are_whole_urls() -> None:
    assert ONE.servers == ("nats://a:4222",)
    assert BackboneSettings(servers=("tls://a:1", "b")).servers == ("tls://a:1", "tls://b:4222")


@pytest.mark.parametrize(
    ("servers", "said", "wanted"),
    [(1, None, 1), (2, None, 1), (3, None, 3), (5, None, 3), (1, 5, 5)],
)
def test_a_stream_is_on_three_servers_if_as_many_are_named(
    servers: int, said: int | None, wanted: int
) -> None:
    named = [f"a{n}" for n in range(servers)]
    assert BackboneSettings(servers=named, replicas=said).replicas_wanted == wanted


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"servers": []}, "the host is missing"),
        ({"servers": ["a:b:1"]}, "an IPv6 address needs brackets"),
        ({"stream": ""}, "is no name for a stream"),
        ({"stream": "a.b"}, "is no name for a stream"),
        ({"stream": "a" * 65}, "is no name for a stream"),
        ({"max_age": -1.0}, "or 0 for ever, not -1.0"),
        ({"max_age": float("nan")}, "or 0 for ever, not nan"),
        ({"max_age": 1e10}, "up to 100 years"),
        ({"max_bytes": -1}, "or 0 for any, not -1"),
        ({"max_bytes": 2**63}, "or 0 for any"),
        ({"replicas": 0}, "on 1 to 5 servers, not 0"),
        ({"replicas": 6}, "on 1 to 5 servers, not 6"),
        ({"buffer_bytes": 0}, "the buffer before a backbone has bytes, not 0"),
        ({"user": "me"}, "and no password: see --backbone-password-file"),
        ({"password": "secret"}, "and no user: see --backbone-user"),
        (
            {"user": "me", "password": "secret", "credentials": Path("x")},
            "by --backbone-credentials or by --backbone-user: choose one",
        ),
        ({"servers": ["tls://a"], "tls_key": Path("x")}, "see --backbone-tls-cert"),
        ({"tls_ca": Path("x")}, "is it tls://a:4222?"),
        ({"tls_cert": Path("x")}, "is it tls://a:4222?"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the text is looked at below
        replace(ONE, **given)
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)


def test_nothing_shows_what_is_secret() -> None:
    login = BackboneLogin(credentials="secret")
    assert "secret" not in f"{replace(ONE, user='me', password='secret', login=login)}"
