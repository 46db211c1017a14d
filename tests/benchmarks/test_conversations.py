"""The captures of conversations are what they say: sound packets, and the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from _conversations import TRANSFERS, write_conversations
from scapy.packet import Raw

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.dumplingchefs import DNSChef, FlowChef, HTTPChef, TLSClientChef
from netdumplings.packets import Packet, PacketBatch
from netdumplings.testing import run_chef

PACKETS = 4_000


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("conversations") / "office.pcap"
    write_conversations(path, PACKETS)
    return path


@pytest.fixture(scope="module")
def batch(capture: Path) -> PacketBatch:
    source = file_source([str(capture)], CaptureOptions(filter=""))
    source.open()
    read = source.read(1)
    assert read is not None
    return read


def test_it_has_as_many_packets_as_asked_for_and_of_plausible_sizes(batch: PacketBatch) -> None:
    assert len(batch) == PACKETS
    assert 500 <= batch.wire_lengths.mean() <= 900
    assert (np.diff(batch.times_ns) >= 0).all()


def test_checksums_are_those_that_scapy_computes(batch: PacketBatch) -> None:
    for packet in list(batch)[:: PACKETS // 150]:
        rebuilt = packet.copy()
        layer: Packet = rebuilt
        while layer and not isinstance(layer, Raw):
            for name in ("chksum", "cksum"):
                if name in layer.fields:
                    delattr(layer, name)
            layer = layer.payload
        assert bytes(rebuilt) == bytes(packet), packet.summary()


def test_chefs_find_in_it_what_is_there(capture: Path) -> None:
    names = {
        each.payload["tls"]["sni"] for each in run_chef(TLSClientChef, capture, poke_interval=None)
    }
    assert names
    assert all(name.endswith(".example") for name in names)
    transports = {each.payload["tls"]["transport"] for each in run_chef(TLSClientChef, capture)}
    assert transports == {"tcp", "quic"}
    told = [each.payload["dns"] for each in run_chef(DNSChef, capture, poke_interval=None)]
    assert {each["rcode"] for each in told} >= {"NOERROR", None}
    found = [each.payload["http"] for each in run_chef(HTTPChef, capture, poke_interval=None)]
    assert {each["method"] for each in found} == {"GET"}
    flows = [each.payload["flow"] for each in run_chef(FlowChef, capture, poke_interval=None)]
    assert {each["proto"] for each in flows} == {"tcp", "udp", "icmp", "icmp6"}
    assert {"SF", "S1"} <= {each.get("state") for each in flows}


def test_the_same_seed_gives_the_same_file_and_other_shares_another(
    capture: Path, tmp_path: Path
) -> None:
    again, other = tmp_path / "again.pcap", tmp_path / "other.pcap"
    write_conversations(again, PACKETS)
    write_conversations(other, PACKETS, shares=TRANSFERS, scale=4)
    assert again.read_bytes() == capture.read_bytes()
    assert other.read_bytes() != capture.read_bytes()
