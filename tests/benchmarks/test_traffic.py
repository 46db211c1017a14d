"""The capture that the benchmarks run over is mixed as they say, and the same every time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import _traffic
import pytest
from _traffic import MIX, write_capture

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.packets import PacketBatch, layer_names

PACKETS = 5_000


@pytest.fixture(scope="module", autouse=True)
def few_variants() -> Iterator[None]:
    """Fewer packets to choose from: scapy takes ten seconds to build what the benchmarks have."""
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(_traffic, "_VARIANTS", dict.fromkeys(MIX, 1))
        yield


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory, few_variants: None) -> Path:
    path = tmp_path_factory.mktemp("traffic") / "mix.pcap"
    write_capture(path, PACKETS)
    return path


def batches(path: Path) -> list[PacketBatch]:
    source = file_source([str(path)], CaptureOptions(filter=""))
    source.open()
    read = []
    while not source.ended:
        batch = source.read(1)
        if batch is not None:
            read.append(batch)
    return read


def test_the_shares_of_the_mix_add_up_to_a_thousand() -> None:
    assert sum(MIX.values()) == 1000


def test_each_layer_is_as_frequent_as_the_mix_says(capture: Path) -> None:
    counts: Counter[str] = Counter()
    for batch in batches(capture):
        for index in range(len(batch)):
            counts.update(set(layer_names(batch.link_type, batch.data(index))))
    expected = {
        "Ethernet": 1000,
        "TCP": sum(MIX[kind] for kind in MIX if kind.startswith("TCP")) + MIX["SMB"],
        "IPv6": MIX["TCP 443 over IPv6"] + MIX["QUIC over IPv6"],
        "802.1Q": MIX["TCP 443 in a VLAN"],
        "NBT Session Packet": MIX["SMB"],
        "DNS": MIX["DNS"],
        "ARP": MIX["ARP"],
        "ICMP": MIX["ICMP"],
    }
    # Three standard deviations of a draw of this size, or one packet in a thousand.
    for layer, share in expected.items():
        p = share / 1000
        tolerance = max(3 * (p * (1 - p) / PACKETS) ** 0.5, 0.001)
        assert counts[layer] / PACKETS == pytest.approx(p, abs=tolerance), layer


def test_our_columns_find_the_fragments_and_every_transport(capture: Path) -> None:
    read = batches(capture)
    fragments = sum(int(batch.fragments.sum()) for batch in read)
    assert fragments / PACKETS == pytest.approx(MIX["fragments"] / 1000, abs=0.006)
    to_or_from_443 = sum(
        int(((batch.src_ports == 443) | (batch.dst_ports == 443)).sum()) for batch in read
    )
    share = sum(MIX[kind] for kind in MIX if "443" in kind or kind.startswith("QUIC")) / 1000
    assert to_or_from_443 / PACKETS == pytest.approx(share, abs=0.02)


def test_it_has_as_many_packets_as_asked_for(capture: Path) -> None:
    assert sum(map(len, batches(capture))) == PACKETS


def test_the_same_seed_gives_the_same_file_and_another_one_another(
    capture: Path, tmp_path: Path
) -> None:
    again, other = tmp_path / "again.pcap", tmp_path / "other.pcap"
    write_capture(again, PACKETS)
    write_capture(other, PACKETS, seed=1)
    assert again.read_bytes() == capture.read_bytes()
    assert other.read_bytes() != capture.read_bytes()
