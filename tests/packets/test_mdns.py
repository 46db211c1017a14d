"""What multicast DNS and SSDP announce; of multicast DNS, tshark sees the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.packets import PacketBatch
from netdumplings.packets.dns_messages import read_message
from netdumplings.packets.mdns import Announced, Instance, announced
from netdumplings.packets.ssdp import read_ssdp
from support.chef_captures import Frame, frames_by_tshark
from support.dns_messages import damaged
from support.mdns import announcement


def read(data: bytes) -> Announced:
    message = read_message(data, multicast=True)
    assert message is not None
    return announced(message)


def test_hosts_services_and_texts_are_found() -> None:
    told = read(
        announcement(
            "laptop.local A 192.0.2.7",
            "laptop.local AAAA fe80::7",
            "_ipp._tcp.local PTR HP\\0323\\.1._ipp._tcp.local",
            "HP\\0323\\.1._ipp._tcp.local SRV 0 0 631 Laptop.local",
            'HP\\0323\\.1._ipp._tcp.local TXT "TY=HP LaserJet" "ty=other" "flag" "note="',
        )
    )
    printer = Instance("HP 3.1", "_ipp._tcp")
    assert told.hosts == {
        "laptop.local": {bytes((192, 0, 2, 7)), bytes.fromhex("fe80" + "0" * 27 + "7")}
    }
    assert told.servers == {printer: "Laptop.local"}
    assert told.instances == [printer] * 3
    assert told.texts == {printer: {"ty": "HP LaserJet", "flag": "", "note": ""}}


def test_what_is_taken_back_is_not_announced() -> None:
    assert read(announcement("laptop.local A 192.0.2.7", ttl=0)).hosts == {}


@pytest.mark.parametrize(
    "line",
    [
        "_services._dns-sd._udp.local PTR _ipp._tcp.local",
        "x._sub._ipp._tcp.local PTR example",
        "7.2.0.192.in-addr.arpa PTR laptop.local",
        'laptop.local TXT "a=b"',
        "x._ipp._tcp.example SRV 0 0 631 laptop.local",
    ],
)
def test_what_is_no_instance_is_left_out(line: str) -> None:
    assert read(announcement(line)) == ({}, {}, [], {})


@given(damaged)
def test_nothing_raises_on_damaged_messages(data: bytes) -> None:
    message = read_message(data, multicast=True)
    if message is not None:
        announced(message)


def test_a_message_of_ssdp_is_its_kind_and_headers() -> None:
    message = (
        b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nnt : urn:x\r\nNT: y\r\nbad\r\n\r\n"
    )
    assert read_ssdp(message) == ("notify", {"host": "239.255.255.250:1900", "nt": "urn:x"})
    assert read_ssdp(b"HTTP/1.1 200 OK\nST: a\xff\n") == ("response", {"st": "a\\xff"})
    assert read_ssdp(b"M-SEARCH * HTTP/1.1\r\n") == ("search", {})
    for data in (b"", b"GET / HTTP/1.1\r\n", b"NOTIFY"):
        assert read_ssdp(data) is None


@given(st.binary(max_size=200))
def test_a_message_of_ssdp_never_raises_and_is_bounded(data: bytes) -> None:
    message = read_ssdp(b"NOTIFY * HTTP/1.1\r\n" + data + b"\na:b" * 5_000)
    assert message is not None
    assert len(message.headers) <= 64


def on_mdns(packets: PacketBatch) -> npt.NDArray[np.bool_]:
    chosen: npt.NDArray[np.bool_] = packets.src_ports == 5353
    return chosen & (packets.payload_lengths > 0)


def test_tshark_sees_the_same_services_and_hosts_in_all_captures(
    captures: Path, tmp_path: Path
) -> None:
    fields = ["dns.flags.response", "dns.ptr.domain_name", "dns.srv.target", "dns.a", "dns.aaaa"]
    options = ("-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE")
    frames = frames_by_tshark(captures, tmp_path, on_mdns, fields, *options)
    assert len(frames) > 40
    assert sum(len(frame.told["dns.ptr.domain_name"]) for frame in frames) > 20
    assert [frame.path for frame in frames if not _agrees(frame)] == []


def _agrees(frame: Frame) -> bool:
    message = read_message(frame.packet.payload(0), multicast=True)
    if message is None:
        return not frame.told["dns.flags.response"]
    records = [*message.answers, *message.authorities, *message.additionals]
    for field, kind in (("dns.ptr.domain_name", "PTR"), ("dns.a", "A"), ("dns.aaaa", "AAAA")):
        ours = [record.data for record in records if record.type == kind]
        # tshark does not escape dots within a label.
        if [each.replace("\\.", ".") for each in ours] != frame.told[field]:
            return False
    targets = [record.data.split(" ", 3)[3] for record in records if record.type == "SRV"]
    return targets == frame.told["dns.srv.target"]
