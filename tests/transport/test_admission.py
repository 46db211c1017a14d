"""Where a token may stand in a handshake."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.datastructures import Headers

from netdumplings.transport.admission import _shown


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ([], None),
        ([("Authorization", "Bearer abc")], "abc"),
        ([("authorization", "bearer  abc")], "abc"),
        ([("Authorization", "Bearer")], ""),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer a")], ""),
        ([("Authorization", "Basic dTpw")], None),
        ([("Authorization", "Basic dTpw"), ("Authorization", "Bearer a")], "a"),
        ([("Authorization", "Bearerabc")], None),
        ([("Cookie", "netdumplings_token=abc")], "abc"),
        ([("Cookie", 'a=b; netdumplings_token="abc"; c=d')], "abc"),
        ([("Cookie", "a=b"), ("Cookie", "netdumplings_token=abc")], "abc"),
        ([("Cookie", "my_netdumplings_token=abc; NETDUMPLINGS_TOKEN=abc")], None),
        ([("Cookie", "netdumplings_token")], ""),
        ([("Cookie", "netdumplings_token=c"), ("Authorization", "Bearer b")], "b"),
        ([("X-Token", "abc"), ("Host", "abc")], None),
    ],
)
def test_a_token_stands_in_one_of_two_headers(
    headers: list[tuple[str, str]], token: str | None
) -> None:
    sent = Headers(headers)
    assert _shown(sent) == token
    # Nobody comes upon it there later.
    assert "Authorization" not in sent
    assert "Cookie" not in sent


VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["Authorization", "Cookie"]), VALUES), max_size=4))
def test_whatever_stands_there_is_taken_out(headers: list[tuple[str, str]]) -> None:
    sent = Headers(headers)
    found = _shown(sent)
    assert found is None or isinstance(found, str)
    assert not list(sent.raw_items())
