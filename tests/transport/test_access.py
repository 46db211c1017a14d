"""What is shown to hubs: with several of them, what holds for one holds for each."""

from __future__ import annotations

import os
from typing import Any

import pytest

from netdumplings import DumplingEater, DumplingKitchen
from netdumplings.exceptions import TlsError, TokenError
from netdumplings.transport import HubAccess, HubAddress, HubAddresses, Token
from support.tls import pem


def access(hubs: str, **settings: Any) -> HubAccess:
    return HubAccess(HubAddresses.parse(hubs), **settings)


@pytest.mark.parametrize(
    "hubs",
    [
        "hub.example:1",
        "wss://a.example:1,hub.example:1",
        "hub.example:1,wss://a.example:1",
        "localhost:1,wss://a.example:1,192.0.2.1:1",
    ],
)
@pytest.mark.parametrize("make", [DumplingEater, DumplingKitchen])
def test_the_token_goes_to_no_hub_in_the_clear_because_another_has_tls(
    make: type, hubs: str
) -> None:
    token = Token.make()
    plain = next(hub for hub in HubAddresses.parse(hubs) if not (hub.secure or hub.is_loopback))
    with pytest.raises(TokenError, match=f"not sent to {plain} in the clear") as caught:
        make(hub=hubs, token=token)
    assert token.reveal() not in str(caught.value)
    make(hub=hubs, token=token, insecure=True)


def test_the_token_goes_to_each_that_may_have_it_and_to_no_other() -> None:
    token = Token.make()
    known = access("wss://a.example:1,localhost:1", token=token)
    for hub in HubAddresses.parse("wss://a.example:1,localhost:1,wss://b.example:1"):
        assert known.headers_for(hub) == {"Authorization": f"Bearer {token.reveal()}"}
    # Whoever asks for one that was not among them.
    with pytest.raises(TokenError, match=r"not sent to b\.example:1 in the clear"):
        known.headers_for(HubAddress("b.example", 1))
    assert access("b.example:1", token="").headers_for(HubAddress("b.example", 1)) == {}


def test_tls_is_spoken_with_those_that_have_it() -> None:
    known = access("wss://a.example:1,localhost:1,wss://b.example:1", tls_ca=pem("authority.crt"))
    first, plain, last = HubAddresses.parse("wss://a.example:1,localhost:1,wss://b.example:1")
    context = known.context_for(first)
    assert context is not None
    assert context is known.context_for(last)
    assert [os.fspath(one["subject"][0][0][1]) for one in context.get_ca_certs()]
    assert known.context_for(plain) is None


@pytest.mark.parametrize(
    ("hubs", "settings", "problem"),
    [
        ("a.example:1,b.example:1", {"tls_ca": pem("authority.crt")}, "wss://a.example:1"),
        ("localhost:1", {"tls_cert": pem("peer.crt")}, "wss://localhost:1"),
        # Who forgets that wss:// is for one address.
        (
            "wss://a.example:1,b.example:1",
            {},
            r"^TLS: b\.example:1 is without TLS, and wss://a\.ex",
        ),
        (
            "b.example:1,wss://a.example:1",
            {},
            r"^TLS: b\.example:1 is without TLS, and wss://a\.ex",
        ),
        ("wss://a.example:1,localhost:1", {"tls_ca": pem("hub.key")}, "no certificate"),
    ],
)
def test_an_address_that_lost_its_tls_is_a_mistake(
    hubs: str, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(TlsError, match=problem) as caught:
        access(hubs, **settings)
    assert "\n" not in str(caught.value)


def test_unless_it_is_meant_or_never_leaves_this_host() -> None:
    access("wss://a.example:1,b.example:1", insecure=True)
    access("wss://a.example:1,127.0.0.1:1,[::1]:1")
    access("a.example:1,b.example:1")
