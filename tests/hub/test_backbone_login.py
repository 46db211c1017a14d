"""What gets a hub into its backbone: files that are read at once, and what is said of them."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from netdumplings import DumplingHub
from netdumplings.backbone import BackboneSettings
from netdumplings.exceptions import BackboneError
from netdumplings.hub.backbone_login import read_password, with_login
from support.tls import pem

ONE = BackboneSettings(servers=["nats://localhost"])
CREDENTIALS = """\
-----BEGIN NATS USER JWT-----
eyJ0eXAi.eyJqdGki.Zm9v-_x
------END NATS USER JWT------

************************* IMPORTANT *************************
-----BEGIN USER NKEY SEED-----
SUAIBDPBAUTWCWBKIO6XHQNINK5FWJW4OHLXC3HQ2KFE4PEJUA44CNHTC4
------END USER NKEY SEED------
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.touch(0o600)
    return path


def test_a_password_is_the_first_line(secret: Path) -> None:
    secret.write_text("pass word\nmore\n")
    assert read_password(secret) == "pass word"


@pytest.mark.parametrize("content", [b"", b"\nx", b"\xff\n"])
def test_a_file_without_a_password_is_refused(content: bytes, secret: Path) -> None:
    secret.write_bytes(content)
    with pytest.raises(BackboneError, match=f"no .* {secret}|{secret} is no text"):
        read_password(secret)


def test_what_others_can_read_is_refused(secret: Path) -> None:
    secret.write_text("x")
    secret.chmod(0o640)
    with pytest.raises(BackboneError, match=f"others can read or write {secret}: chmod 600"):
        read_password(secret)
    with pytest.raises(BackboneError, match="chmod 600"):
        with_login(replace(ONE, credentials=secret))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nothing"
    with pytest.raises(BackboneError, match=f"{path} cannot be read: No such file"):
        with_login(replace(ONE, credentials=path))
    with pytest.raises(BackboneError, match=f"{path}: cannot be read: No such file"):
        with_login(BackboneSettings(servers=["tls://a"], tls_ca=path))


@pytest.mark.parametrize("text", [CREDENTIALS, CREDENTIALS.replace("\n", "\r\n"), CREDENTIALS[:-1]])
def test_credentials_are_read_when_the_hub_is_made(text: str, secret: Path) -> None:
    secret.write_bytes(text.encode())
    found = with_login(replace(ONE, credentials=secret))
    assert found.login.credentials == CREDENTIALS


@pytest.mark.parametrize(
    "text", ["", CREDENTIALS.replace("JWT", "XXX"), CREDENTIALS.replace("SUAI", "SUA1"), "\0" * 99]
)
def test_a_file_that_the_client_would_read_for_ever_is_refused(text: str, secret: Path) -> None:
    secret.write_text(text)
    with pytest.raises(BackboneError, match="has no credentials in it"):
        with_login(replace(ONE, credentials=secret))


def test_tls_has_the_certificates_of_the_files() -> None:
    settings = BackboneSettings(
        servers=["tls://a"], tls_ca=pem("authority.crt"), tls_cert=pem("peer.crt"),
        tls_key=pem("peer.key"),
    )  # fmt: skip
    context = with_login(settings).login.tls
    assert context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1
    assert with_login(ONE).login.tls is None
    with pytest.raises(BackboneError, match="see --backbone-tls-key"):
        with_login(replace(settings, tls_key=None))


def test_a_password_goes_to_another_host_through_tls_alone() -> None:
    settings = replace(ONE, user="me", password="secret")
    assert with_login(settings).password == "secret"
    away = replace(settings, servers=["nats://localhost", "nats://10.0.0.1"])
    with pytest.raises(BackboneError, match=r"not sent to 10\.0\.0\.1:4222 in the clear"):
        with_login(away)
    assert with_login(away, insecure=True).user == "me"
    assert with_login(replace(away, servers=["tls://10.0.0.1"])).login.tls


def test_a_hub_takes_a_backbone_as_text() -> None:
    assert DumplingHub(backbone="nats://a,b").name.endswith(":11347")
    assert DumplingHub(backbone=ONE, name="north").name == "north"
    with pytest.raises(ValueError, match="needs brackets"):
        DumplingHub(backbone="a:b:1")
    for name in ("", "x" * 257):
        with pytest.raises(ValueError, match="a hub's name has 1 to 256 characters"):
            DumplingHub(name=name)
