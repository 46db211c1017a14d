"""Tokens, and the file in which a hub keeps what it knows of them."""

from __future__ import annotations

import copy
import json
import logging
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netdumplings import DumplingEater, DumplingHub, DumplingKitchen
from netdumplings.exceptions import TokenError
from netdumplings.transport.tokens import Token, read_token, token_of
from netdumplings.transport.tokens_delays import (
    FIRST,
    FORGOTTEN_AFTER,
    HOSTS,
    LONGEST,
    FailureDelays,
)
from netdumplings.transport.tokens_file import add_token, read_entries, revoke_token
from netdumplings.transport.tokens_kept import TokensKept

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def secret_of(token: Token) -> str:
    return token.reveal()[12:]


def test_a_token_shows_its_id_and_never_its_secret() -> None:
    token = Token.make()
    shown = f"{token} {token!r} {[token]} {token:}" + str(token_of(token))
    assert token.id in shown
    assert secret_of(token) not in shown
    assert len(secret_of(token)) == 43


@settings(max_examples=50)
@given(st.text() | st.from_regex(r"nd_[0-9a-f]{8}_[A-Za-z0-9_-]{40,42}", fullmatch=True))
def test_what_is_no_token_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(TokenError) as caught:
        Token(text)
    assert len(text) < 5 or text not in str(caught.value)


def test_the_file_has_hashes_and_no_tokens_and_is_the_owners_alone(path: Path) -> None:
    token = add_token(path, "cellar", ["kitchen"])
    text = path.read_text()
    assert token.digest in text
    assert secret_of(token) not in text
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["tokens.json"]


def test_a_token_is_known_until_it_is_revoked(path: Path) -> None:
    token, other = add_token(path, "a", ["eater"]), add_token(path, "b", ["kitchen", "status"])
    assert set(read_entries(path)[0]) == {token.id, other.id}
    assert revoke_token(path, "a").id == token.id
    assert set(read_entries(path)[0]) == {other.id}
    assert revoke_token(path, other.id).roles == ("kitchen", "status")
    assert read_entries(path)[0] == {}
    with pytest.raises(TokenError, match="no token 'a'"):
        revoke_token(path, "a")


def test_no_two_tokens_have_one_name(path: Path) -> None:
    token = add_token(path, "a", ["eater"])
    for name in ("a", token.id):
        with pytest.raises(TokenError, match="already"):
            add_token(path, name, ["eater"])


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\nb", "a\x1b[2J", "\u202e"])
def test_a_name_that_a_terminal_could_not_show_is_refused(path: Path, name: str) -> None:
    with pytest.raises(TokenError, match="printable"):
        add_token(path, name, ["eater"])
    assert not path.exists()


def test_many_who_change_the_file_at_once_lose_nothing(path: Path) -> None:
    threads = [
        threading.Thread(target=add_token, args=(path, f"t{number}", ["eater"]))
        for number in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_entries(path)[0]) == 10


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o620, 0o644, 0o666])
def test_a_file_that_others_can_read_or_write_is_refused(path: Path, mode: int) -> None:
    mine = path.with_name("token")
    mine.write_text(add_token(path, "a", ["eater"]).reveal())
    for file in (path, mine):
        file.chmod(mode)
    for use in (lambda: read_entries(path), lambda: read_token(mine), lambda: TokensKept(path)):
        with pytest.raises(TokenError, match="chmod 600") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_what_systemd_lends_a_service_is_its_own(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = add_token(path, "a", ["eater"])
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(path.parent))
    assert token.id in read_entries(path)[0]
    path.chmod(0o444)
    with pytest.raises(TokenError, match="others"):
        read_entries(path)


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "null", "\udcff", "{", "[" * 100_000, '{"version": 2, "tokens": []}',
        '{"version": 1, "tokens": [{"id": "x"}]}',
        '{"version": 1, "tokens": [{"id": "00000000", "name": "a", "sha256": "x", "roles": []}]}',
    ],
)  # fmt: skip
def test_a_file_with_something_else_in_it_is_refused(path: Path, text: str) -> None:
    path.write_bytes(text.encode(errors="surrogateescape"))
    path.chmod(0o600)
    with pytest.raises(TokenError, match="not written by nd-token"):
        read_entries(path)


def test_no_file_is_a_clear_error(path: Path) -> None:
    with pytest.raises(TokenError, match=r"nd-token --file .* make"):
        DumplingHub(tokens=path)
    os.mkfifo(path, 0o600)
    with pytest.raises(TokenError, match="no file"):
        DumplingHub(tokens=path)


def test_a_clients_file_holds_a_token_and_nothing_else(tmp_path: Path) -> None:
    token, file = Token.make(), tmp_path / "token"
    for text in (token.reveal(), f"{token.reveal()}\n", f"  {token.reveal()}\r\n"):
        file.write_text(text)
        file.chmod(0o600)
        assert read_token(file).reveal() == token.reveal()
    file.write_text(f"{token.reveal()}\n{token.reveal()}")
    with pytest.raises(TokenError) as caught:
        read_token(file)
    assert secret_of(token) not in str(caught.value)
    with pytest.raises(TokenError, match="cannot be read"):
        read_token(tmp_path / "missing")


class TestTokensKept:
    def test_a_good_token_is_found(self, path: Path) -> None:
        token = add_token(path, "a", ["eater", "status"])
        found = TokensKept(path).find(token.reveal())
        assert not isinstance(found, str)
        assert (found.name, found.roles) == ("a", ("eater", "status"))

    def test_none_else_is(self, path: Path) -> None:
        token = add_token(path, "a", ["eater"])
        secret = secret_of(token)
        wrong = [
            "", "x", token.id, secret, token.digest, token.reveal()[:-1], f"{token.reveal()} ",
            f"nd_{token.id}_{secret[::-1]}", f"nd_00000000_{secret}", Token.make().reveal(),
            token.reveal().swapcase(), "nd_" + "\u0661" * 8 + "_" + "x" * 43,
        ]  # fmt: skip
        for text in wrong:
            told = TokensKept(path).find(text)
            assert isinstance(told, str), text
            assert secret not in told

    def test_a_token_expires(self, path: Path) -> None:
        now = NOW
        token = add_token(path, "a", ["eater"], NOW + timedelta(days=1))
        kept = TokensKept(path, lambda: now)
        found = kept.find(token.reveal())
        assert not isinstance(found, str)
        assert kept.problem(found) is None
        now = NOW + timedelta(days=1)
        assert kept.find(token.reveal()) == kept.problem(found) == "its token 'a' has expired"

    def test_what_changes_in_the_file_is_known_soon(self, path: Path) -> None:
        token = add_token(path, "a", ["eater"])
        kept = TokensKept(path)
        found = kept.find(token.reveal())
        assert not isinstance(found, str)
        other = add_token(path, "b", ["eater"])
        revoke_token(path, "a")
        kept.refresh()
        assert kept.problem(found) == "its token 'a' was revoked"
        assert isinstance(kept.find(token.reveal()), str)
        assert not isinstance(kept.find(other.reveal()), str)

    def test_a_file_that_breaks_leaves_things_as_they_were_and_is_told_of_once(
        self, path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        token = add_token(path, "a", ["eater"])
        kept = TokensKept(path)
        good = path.read_bytes()
        path.write_text("{")
        for _ in range(3):
            kept.refresh()
        path.chmod(0o644)
        kept.reload()
        path.unlink()
        kept.refresh()
        assert not isinstance(kept.find(token.reveal()), str)
        [record] = caplog.records
        assert "the tokens stay as they were" in record.getMessage()
        path.write_bytes(good)
        path.chmod(0o600)
        with caplog.at_level(logging.INFO):
            kept.refresh()
        assert caplog.records[-1].getMessage() == "the file of tokens was read again; it has 1"

    def test_a_hubs_own_token_is_in_no_file(self, path: Path) -> None:
        add_token(path, "a", ["eater"])
        before = path.read_bytes()
        kept = TokensKept(path)
        own = kept.issue("own", ["kitchen"])
        found = kept.find(own.reveal())
        assert not isinstance(found, str)
        assert kept.problem(found) is None
        assert path.read_bytes() == before
        assert isinstance(TokensKept(path).find(own.reveal()), str)


class TestFailureDelays:
    def test_they_grow_with_the_failures_of_a_host_up_to_a_limit(self) -> None:
        delays = FailureDelays(lambda: 0.0)
        waits = [delays.failed("192.0.2.1") for _ in range(50)]
        assert waits[0] == FIRST
        assert waits[1] == 2 * FIRST
        assert waits == sorted(waits)
        assert waits[-1] == LONGEST
        assert delays.failed("192.0.2.2") == FIRST

    def test_they_are_forgotten_after_a_while(self) -> None:
        now = 0.0
        delays = FailureDelays(lambda: now)
        for _ in range(10):
            delays.failed("192.0.2.1")
        now = FORGOTTEN_AFTER + 1
        assert delays.failed("192.0.2.1") == FIRST

    def test_the_addresses_of_one_network_are_one_host(self) -> None:
        delays = FailureDelays(lambda: 0.0)
        assert delays.failed("2001:db8::1") == FIRST
        assert delays.failed("2001:db8::ffff:1") == 2 * FIRST
        assert delays.failed("2001:db8:0:1::1") == FIRST
        assert delays.failed("::ffff:192.0.2.1") == FIRST
        assert delays.failed("192.0.2.1") == 2 * FIRST
        assert delays.failed("fe80::1%eth0") == FIRST

    def test_no_more_hosts_are_remembered_than_a_limit(self) -> None:
        delays = FailureDelays(lambda: 0.0)
        for number in range(HOSTS + 100):
            delays.failed(f"h{number}")
        assert len(delays) == HOSTS
        assert delays.failed(f"h{HOSTS}") == 2 * FIRST


@pytest.mark.parametrize("make", [DumplingEater, DumplingKitchen])
class TestClients:
    def test_a_token_does_not_travel_in_the_clear(self, make: type) -> None:
        token = Token.make()
        with pytest.raises(TokenError, match="wss://") as caught:
            make(hub="hub.example:1", token=token)
        assert "\n" not in str(caught.value)
        assert secret_of(token) not in str(caught.value)
        for hub, options in (
            ("localhost:1", {}), ("127.0.0.1:1", {}), ("wss://hub.example:1", {}),
            ("hub.example:1", {"insecure": True}),
        ):  # fmt: skip
            make(hub=hub, token=token, **options)

    def test_one_in_the_environment_counts_unless_another_is_given(
        self, make: type, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NETDUMPLINGS_TOKEN", Token.make().reveal())
        with pytest.raises(TokenError, match="in the clear"):
            make(hub="hub.example:1")
        make(hub="hub.example:1", token="")
        monkeypatch.setenv("NETDUMPLINGS_TOKEN", "swordfish")
        with pytest.raises(TokenError, match="NETDUMPLINGS_TOKEN") as caught:
            make()
        assert "swordfish" not in str(caught.value)

    def test_its_makers_representation_has_no_secret(self, make: type) -> None:
        token = Token.make()
        made = make(token=token.reveal())
        assert secret_of(token) not in repr(vars(made)) + repr(vars(made._access))
        assert secret_of(token) not in json.dumps(vars(made), default=repr)
        assert copy.copy(made._access).token.reveal() == token.reveal()
