"""Hardware addresses: whose they are, wherever they stand, and who got them from the IEEE."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.config import conf

from netdumplings.packets.hardware import (
    hardware_destinations,
    hardware_sources,
    is_local,
    is_one_sender,
    vendor_of,
)
from support.packets import HOST, OTHER, arp, batch

MAC = bytes.fromhex(HOST.replace(":", ""))
TO = bytes.fromhex(OTHER.replace(":", ""))


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, str]]:
    """A small table of vendors in place of scapy's; what was looked up before is forgotten."""
    table = {
        "00:1B:C5": ("IEEERegi", "IEEE Registration Authority"),
        "00:1B:C5:00:10:00/36": ("OpenRBco", "OpenRB.com, Direct SIA"),
        "0C:5C:B5:30:00:00/28": ("Yamasei", "Yamasei"),
        "B8:27:EB": ("Raspberr", "Raspberry Pi Foundation"),
    }
    monkeypatch.setattr(conf.manufdb, "d", table)
    vendor_of.cache_clear()
    return table


def test_senders_are_known_on_ethernet_and_where_linux_tells_them() -> None:
    cooked = pack(">HHH6s2xH", 0, 1, 6, MAC, 0x0806)
    cooked2 = pack(">HHIHBB6s2x", 0x0806, 0, 1, 1, 0, 6, MAC)
    for link_type, frame in ((1, arp()), (113, cooked), (276, cooked2)):
        assert hardware_sources(batch(frame, frame, link_type=link_type)) == [MAC, MAC]
    other = [
        (113, pack(">HHH6s2xH", 0, 772, 6, MAC, 0x0800)),  # loopback
        (113, pack(">HHH8sH", 0, 1, 0, b"", 0x0800)),
        (276, pack(">HHIHBB6s2x", 0x0806, 0, 1, 1, 0, 8, MAC)),
        (101, arp()),
        (1, arp()[:13]),
        (1, TO + b"\1" + MAC[1:] + b"\x08\6"),
        (1, TO + bytes(6) + b"\x08\6"),
    ]
    for link_type, frame in other:
        assert hardware_sources(batch(frame, link_type=link_type)) == [None]


def test_receivers_are_known_on_ethernet() -> None:
    assert hardware_destinations(batch(arp(), arp()[:13], arp())) == [TO, None, TO]
    assert hardware_destinations(batch(arp(), link_type=113)) == [None]


def test_addresses_of_groups_and_of_nobody_are_no_sender() -> None:
    assert [is_one_sender(each) for each in (MAC, b"\1" + MAC[1:], bytes(6), b"\xff" * 6)] == [
        True, False, False, False,
    ]  # fmt: skip
    assert [is_local(each) for each in (MAC, b"\0" * 5 + b"\1")] == [True, False]


@pytest.mark.usefixtures("vendors")
@pytest.mark.parametrize(
    ("address", "vendor"),
    [
        ("b8:27:eb:01:02:03", "Raspberry Pi Foundation"),
        ("00:1b:c5:00:1f:ff", "OpenRB.com, Direct SIA"),
        ("00:1b:c5:00:2f:ff", "IEEE Registration Authority"),
        ("0c:5c:b5:3f:ff:ff", "Yamasei"),
        ("0c:5c:b5:4f:ff:ff", None),
        ("ba:27:eb:01:02:03", None),  # made up locally
    ],
)
def test_the_smallest_block_tells_the_vendor(address: str, vendor: str | None) -> None:
    assert vendor_of(bytes.fromhex(address.replace(":", ""))) == vendor


def test_without_a_table_nobody_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for table in (None, {}):
        monkeypatch.setattr(conf.manufdb, "d", table)
        vendor_of.cache_clear()
        assert vendor_of(bytes.fromhex("b827eb010203")) is None


def test_the_table_that_scapy_brings_knows_blocks_of_all_three_sizes() -> None:
    vendor_of.cache_clear()
    keys = conf.manufdb.d
    assert len(keys) > 30_000
    for mask, size in (("/36", 5), ("/28", 4), ("", 3)):
        key = next(key for key in reversed(keys) if key.endswith(mask) and len(key) > 6)
        while len(key.split("/")[0].split(":")) != (6 if mask else 3):
            key = next(key for key in keys if "/" not in key)
        address = bytes.fromhex(key.split("/")[0].replace(":", "")).ljust(6, b"\0")
        assert size <= 6
        assert vendor_of(address) in {keys[key][1], None}


@given(st.binary(min_size=6, max_size=6))
def test_no_address_raises(address: bytes) -> None:
    assert vendor_of(address) is None or not is_local(address)
