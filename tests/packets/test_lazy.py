"""SPEC section 3: a packet that is not dissected yet behaves as the one that it becomes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from scapy.config import conf
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Dot3, Ether
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw, bind_layers, split_layers

from netdumplings.packets import Packet, PacketBatch, dissect
from support import traffic
from support.packets import arp, dns_query, dns_response, ether, tcp_syn

PLAIN = ether(IP(src="192.0.2.1", dst="192.0.2.80"), TCP(sport=50000, dport=443), Raw(b"hello"))


def lazy(data: bytes, link_type: int = 1) -> Packet:
    return PacketBatch.from_records(link_type, [(1_500_000_000, len(data) + 4, data)], "eth0")[0]


def eager(data: bytes, link_type: int = 1) -> Packet:
    return dissect(link_type, data, time=1.5, wire_length=len(data) + 4, interface="eth0")


def is_dissected(packet: Packet) -> bool:
    return type(packet).__module__.startswith("scapy.")


@pytest.mark.parametrize(
    "ask",
    [
        lambda packet: packet.haslayer("DNS"),
        lambda packet: packet.haslayer(DNS),
        lambda packet: DNS in packet,
        lambda packet: "ARP" in packet,
        lambda packet: packet.getlayer(ARP),
        lambda packet: packet.getlayer("UDP"),
    ],
)
def test_a_layer_that_is_not_there_is_denied_without_dissecting(ask: Callable[[Any], Any]) -> None:
    packet = lazy(PLAIN)
    answer = ask(packet)
    assert answer == ask(eager(PLAIN))
    assert type(answer) is type(ask(eager(PLAIN)))
    assert not is_dissected(packet)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("time", 1.5), ("wirelen", len(PLAIN) + 4), ("sniffed_on", "eth0"), ("original", PLAIN)],
)
def test_what_the_capture_told_needs_no_dissecting(attribute: str, value: Any) -> None:
    packet = lazy(PLAIN)
    assert getattr(packet, attribute) == value == getattr(eager(PLAIN), attribute)
    assert not is_dissected(packet)
    packet.show(dump=True)
    assert getattr(packet, attribute) == value


def test_bytes_length_truth_and_type_of_a_plain_packet_need_no_dissecting() -> None:
    packet = lazy(PLAIN)
    assert bytes(packet) == PLAIN
    assert len(packet) == len(PLAIN)
    assert packet
    assert isinstance(packet, ScapyPacket)
    assert isinstance(packet, Ether)
    assert not isinstance(packet, IP)
    assert packet.__class__ is Ether
    assert type(packet).__name__ == "Ether"
    assert not is_dissected(packet)


def test_a_layer_that_is_there_makes_it_scapys_own_packet_in_place() -> None:
    packet = lazy(PLAIN)
    same = packet
    assert packet.haslayer(TCP) is True
    assert type(same) is Ether
    assert same[TCP].dport == 443
    assert same[TCP].underlayer is same[IP]


def test_it_is_dissected_once_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    dissected = []
    dissect_ip = IP.do_dissect

    def counting(self: Packet, data: bytes) -> bytes:
        dissected.append(data)
        result: bytes = dissect_ip(self, data)
        return result

    monkeypatch.setattr(IP, "do_dissect", counting)
    packet = lazy(dns_query())
    ask, summarize = packet.haslayer, packet.summary  # taken before, used after
    assert ask(DNS)
    assert ask("UDP")
    assert not ask(ARP)
    assert DNS in packet
    assert packet.getlayer("DNS").qd[0].qname == b"example.com."
    assert packet.fields["type"] == 0x0800
    assert "example.com" in summarize()
    assert len(dissected) == 1


SAME: list[Callable[[Any], Any]] = [
    lambda packet: packet.summary(),
    lambda packet: packet.show(dump=True),
    lambda packet: packet.show2(dump=True),
    lambda packet: packet.name,
    lambda packet: packet.fields,
    lambda packet: packet.payload,
    lambda packet: packet.payload.name,
    lambda packet: packet.src,
    lambda packet: packet.type,
    lambda packet: packet.layers(),
    lambda packet: packet.command(),
    lambda packet: packet.lastlayer(),
    lambda packet: packet.underlayer,
    lambda packet: packet.comment,
    lambda packet: packet.direction,
    lambda packet: packet.aliastypes,
    lambda packet: packet.fields_desc,
    lambda packet: packet.sprintf("%IP.src%"),
    lambda packet: packet.answers(packet),
    lambda packet: packet.haslayer(None),
    lambda packet: packet.haslayer(ScapyPacket),
    lambda packet: packet.haslayer("IP.src"),
    lambda packet: packet.haslayer([]),
    lambda packet: packet.haslayer(""),
    lambda packet: packet.getlayer(0),
    lambda packet: packet.getlayer(1),
    lambda packet: packet.getlayer(9),
    lambda packet: packet.getlayer(""),
    lambda packet: packet.getlayer("IP.src"),
    lambda packet: packet.getlayer("IP", 2),
    lambda packet: packet.getlayer(IP, src="192.0.2.1"),
    lambda packet: packet["IP"],
    lambda packet: packet[IP].src,
    lambda packet: packet[IP:1],
    lambda packet: packet.build(),
    lambda packet: packet / Raw(b"more"),
    lambda packet: b"less" / packet,
    lambda packet: packet * 2,
    lambda packet: list(packet),
    lambda packet: list(packet.iterpayloads()),
    lambda packet: copy.copy(packet),
    lambda packet: copy.deepcopy(packet),
    lambda packet: packet.copy(),
    lambda packet: pickle.loads(pickle.dumps(packet)),
    lambda packet: pickle.loads(pickle.dumps(packet, 2)).time,
    lambda packet: (packet == eager(PLAIN), eager(PLAIN) == packet, packet == 1),
    lambda packet: (packet != eager(PLAIN), packet != eager(arp())),
    lambda packet: hasattr(packet, "nonsense"),
    lambda packet: hasattr(packet, "load"),
    lambda packet: repr(packet),
    lambda packet: str(packet),
    lambda packet: f"{packet}",
    lambda packet: dir(packet),
    lambda packet: packet.__class__,
    lambda packet: packet.__class__.__name__,
    lambda packet: packet.__len__(),
    lambda packet: type(packet).name,
    lambda packet: packet.time,
]


@pytest.mark.parametrize(
    "data",
    [PLAIN, arp(), dns_response(), tcp_syn() + bytes(6)],
    ids=["plain", "arp", "dns", "padded"],
)
@pytest.mark.parametrize("ask", SAME)
def test_whatever_is_asked_is_answered_as_scapy_would(
    ask: Callable[[Any], Any], data: bytes
) -> None:
    results = []
    for make in (lazy, eager):
        try:
            results.append(ask(make(data)))
        except Exception as error:
            results.append((type(error), str(error)))
    assert results[0] == results[1]
    assert type(results[0]) is type(results[1])


def test_it_is_no_more_hashable_than_scapys_packets() -> None:
    with pytest.raises(TypeError):
        hash(lazy(PLAIN))


def test_fields_can_be_set_and_deleted() -> None:
    packet = lazy(PLAIN)
    packet.src = "02:00:00:00:00:09"
    assert type(packet) is Ether
    assert bytes(packet)[6:12] == bytes.fromhex("020000000009")
    packet = lazy(PLAIN)
    packet.time = 7.0
    assert packet.time == 7.0
    packet = lazy(PLAIN)
    del packet.payload
    assert bytes(packet) == PLAIN[:14]
    packet = lazy(PLAIN)
    packet[IP] = IP(src="192.0.2.9")
    assert packet[IP].src == "192.0.2.9"
    with pytest.raises(AttributeError):
        lazy(PLAIN).nonsense  # noqa: B018


def test_old_chefs_read_a_question_as_of_scapy_2_4() -> None:
    assert lazy(dns_query()).getlayer("DNS").fields["qd"].qname == b"example.com."


@pytest.mark.parametrize(
    ("link_type", "data"),
    [
        (1, b""),
        (1, b"\0"),
        (1, bytes(13)),
        (1, PLAIN[:20]),
        (101, b"\x45"),
        (101, b"\x60" + bytes(50)),
        (229, bytes.fromhex("60000000 0001 2b 40") + bytes(32) + b"\0"),
        (113, bytes(15)),
        (0, b"\2\0\0"),
        (105, b"\x08"),
        (54321, b"what is this"),
    ],
)
def test_what_scapy_fails_on_becomes_what_its_readers_make_of_it(
    link_type: int, data: bytes
) -> None:
    packet, expected = lazy(data, link_type), eager(data, link_type)
    assert packet.summary() == expected.summary()
    assert type(packet) is type(expected)
    assert packet == expected
    assert isinstance(lazy(data, link_type), type(expected))


def test_frames_with_a_length_are_802_3() -> None:
    frame = PLAIN[:12] + b"\x00\x26" + bytes.fromhex("424203") + bytes(35)
    assert isinstance(lazy(frame), Dot3)
    assert lazy(frame).haslayer("LLC")


def test_a_fragment_has_no_transport() -> None:
    frame = traffic.link(1, b"", 0x0800) + traffic.ipv4(17, bytes(24), fragment=100)
    packet = lazy(frame)
    assert not packet.haslayer(UDP)
    assert not is_dissected(packet)
    assert packet.haslayer(Raw)


class Custom(ScapyPacket):
    """A layer such as a chef's author may bind."""

    name = "Custom"


@pytest.mark.parametrize(
    ("lower", "fields"),
    [
        (TCP, {"dport": 443}),
        (TCP, {"flags": 2}),
        (IP, {"proto": 6}),
        (Ether, {"type": 0x0800}),
    ],
)
def test_a_layer_bound_while_we_run_is_found(lower: Any, fields: dict[str, int]) -> None:
    assert not lazy(PLAIN).haslayer(Custom)
    before = lower.payload_guess
    bind_layers(lower, Custom, **fields)
    lower.payload_guess = [lower.payload_guess[-1], *before]  # it comes before all others
    try:
        assert eager(PLAIN).haslayer(Custom)
        assert lazy(PLAIN).haslayer(Custom)
        assert lazy(PLAIN).getlayer("Custom") is not None
    finally:
        split_layers(lower, Custom, **fields)
        lower.payload_guess = before
    assert not lazy(PLAIN).haslayer(Custom)


def test_another_class_for_raw_bytes_is_minded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bytes(Raw):
        name = "Bytes"

    monkeypatch.setattr(conf, "raw_layer", Bytes)
    assert eager(PLAIN).haslayer(Bytes)
    assert lazy(PLAIN).haslayer(Bytes)


def test_scapy_lists_no_layer_more() -> None:
    before = set(conf.layers)
    lazy(bytes(60), 147).summary()
    lazy(PLAIN).haslayer(ICMP)
    assert set(conf.layers) == before


def test_packets_kept_undissected_do_not_keep_their_batch() -> None:
    packets = PacketBatch.from_records(1, [(0, len(PLAIN), PLAIN)] * 1000)
    kept = next(iter(packets))
    assert len(kept.original) == len(PLAIN)
    assert kept.original is not packets.buffer


def test_a_layer_asked_for_by_ever_new_names_is_not_remembered_for_ever() -> None:
    packets = [lazy(PLAIN) for _ in range(2000)]
    assert not any(packet.haslayer(f"No{n}") for n, packet in enumerate(packets))
    assert not lazy(PLAIN).haslayer("No1999")
