"""Addresses as text."""

from __future__ import annotations

from ipaddress import ip_address
from socket import AF_INET6, inet_ntop

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets.addresses import address_text

groups = st.sampled_from([0, 0, 0, 1, 0xA00, 0xFFFF])


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.1", "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "1:0:0:2::3",
        "1::2:0:0:3:4", "::ffff:192.0.2.1", "64:ff9b::c000:201", "0:1:2:3:4:5:6:7",
    ],
)  # fmt: skip
def test_addresses_are_written_as_is_usual(text: str) -> None:
    assert address_text(ip_address(text).packed) == text


@given(
    st.lists(groups, min_size=8, max_size=8)
    | st.lists(st.integers(0, 0xFFFF), min_size=8, max_size=8)
)
def test_ipv6_is_written_as_by_the_system(numbers: list[int]) -> None:
    address = b"".join(number.to_bytes(2, "big") for number in numbers)
    if not any(numbers[:6]) and numbers[6]:
        return  # which writes the deprecated form, too, with IPv4 in it
    assert address_text(address) == inet_ntop(AF_INET6, address)
