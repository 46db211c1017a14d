"""Certificates and keys of hubs and of their peers."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdumplings import DumplingEater, DumplingHub, DumplingKitchen
from netdumplings.exceptions import TlsError
from netdumplings.transport.tls import ServerTls, client_context, tls_problem
from support.tls import pem


@pytest.mark.parametrize(
    ("cert", "key", "problem"),
    [
        ("hub.crt", "renewed.key", "not the key of the certificate"),
        ("hub.crt", None, "see --tls-key"),
        ("hub.crt", "hub.crt", "no key in it"),
        ("hub.key", "hub.key", "no certificate is in"),
        ("hub.crt", "locked.key", "has a password"),
        ("hub.crt", "missing.key", "cannot be read: No such file"),
        ("missing.crt", None, "cannot be read: No such file"),
        ("make", None, "no certificate with its key"),
    ],
)
def test_a_pair_of_no_use_is_refused_in_one_line_that_names_the_file(
    cert: str, key: str | None, problem: str
) -> None:
    with pytest.raises(TlsError, match=problem) as caught:
        ServerTls(pem(cert), key and pem(key))
    assert "\n" not in str(caught.value)
    assert str(caught.value.path) in str(caught.value)


def test_the_key_may_be_in_the_file_of_the_certificate(tmp_path: Path) -> None:
    both = tmp_path / "hub.pem"
    both.write_text(pem("hub.crt").read_text() + pem("hub.key").read_text())
    assert ServerTls(both).context.cert_store_stats()["x509"] == 0


def test_authorities_that_are_none_are_refused() -> None:
    for path, problem in ((pem("hub.key"), "no certificate"), (pem("missing"), "cannot be read")):
        with pytest.raises(TlsError, match=problem):
            client_context(path)
        with pytest.raises(TlsError, match=problem):
            ServerTls(pem("hub.crt"), pem("hub.key"), path)


def test_a_clients_key_wants_a_certificate() -> None:
    with pytest.raises(TlsError, match="--tls-cert"):
        client_context(pem("authority.crt"), key=pem("peer.key"))


def test_a_new_pair_that_is_broken_leaves_the_old_one(tmp_path: Path) -> None:
    cert, key = tmp_path / "hub.crt", tmp_path / "hub.key"
    cert.write_bytes(pem("hub.crt").read_bytes())
    key.write_bytes(pem("hub.key").read_bytes())
    tls = ServerTls(cert, key)
    before = tls.context
    key.write_bytes(pem("renewed.key").read_bytes())
    with pytest.raises(TlsError, match="not the key"):
        tls.reload()
    assert tls.context is before
    cert.write_bytes(pem("renewed.crt").read_bytes())
    tls.reload()
    assert tls.context is not before


def test_an_error_without_tls_in_it_is_not_blamed_on_tls() -> None:
    assert tls_problem(None) is None
    assert tls_problem(OSError("no")) is None


@pytest.mark.parametrize("make", [DumplingEater, DumplingKitchen])
def test_certificates_for_a_hub_without_tls_are_a_mistake(make: type) -> None:
    with pytest.raises(TlsError, match="wss://localhost:1"):
        make(hub="localhost:1", tls_ca=pem("authority.crt"))


@pytest.mark.parametrize("settings", [{"tls_key": "x"}, {"tls_client_ca": "x"}])
def test_a_hub_without_a_certificate_has_no_tls(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="--tls-cert"):
        DumplingHub(**settings)  # type: ignore[arg-type]
