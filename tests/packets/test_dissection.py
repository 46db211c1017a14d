"""SPEC section 3: the packet a chef gets is a scapy packet, and old chefs can read it."""

from __future__ import annotations

import copy
import pickle

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw

from netdumplings.packets import AbsentRecord, Packet, dissect
from support.packets import HOST, OTHER, arp, dns_query, dns_response, tcp_syn


def of(data: bytes, link_type: int = 1) -> Packet:
    return dissect(link_type, data, time=1.5, wire_length=len(data) + 4, interface="eth0")


def test_it_is_a_scapy_packet_in_every_way_chefs_use() -> None:
    data = dns_query("example.com")
    packet = of(data)
    assert isinstance(packet, ScapyPacket)
    assert packet.haslayer("DNS")
    assert packet.haslayer(DNS)
    assert not packet.haslayer("ARP")
    assert DNS in packet
    assert ARP not in packet
    assert packet[UDP].dport == 53
    assert packet.getlayer("IP").src == "192.0.2.1"
    assert packet.getlayer(ARP) is None
    assert packet.payload.name == "IP"
    assert packet.name == "Ethernet"
    assert packet.fields["type"] == 0x0800
    assert packet.time == 1.5
    assert packet.wirelen == len(data) + 4
    assert packet.sniffed_on == "eth0"
    assert bytes(packet) == data
    assert packet.summary() == Ether(data).summary()
    assert packet.show(dump=True) == Ether(data).show(dump=True)
    with pytest.raises(IndexError):
        packet[ARP]


def test_an_arp_packet_is_read_by_its_layer() -> None:
    assert of(arp())[ARP].psrc == "192.0.2.1"


@pytest.mark.parametrize(
    "data", [dns_query("example.com"), dns_response("example.com")], ids=["query", "response"]
)
def test_an_old_chef_reads_a_question_as_of_scapy_2_4(data: bytes) -> None:
    query = of(data).getlayer("DNS").fields["qd"]
    assert query.qname.decode("utf-8") == "example.com."
    assert query.qtype == 1


def test_an_old_chef_reads_an_answer_as_of_scapy_2_4() -> None:
    dns = of(dns_response("example.com")).getlayer("DNS")
    assert dns.fields["an"].rdata == "192.0.2.80"


def test_a_new_chef_reads_the_same_packet_as_a_list() -> None:
    dns = of(dns_response("example.com"))[DNS]
    assert isinstance(dns.fields["qd"], list)
    assert [question.qname for question in dns.fields["qd"]] == [b"example.com."]
    assert dns.qd[0].qname == b"example.com."
    assert isinstance(dns.an[0], DNSRR)


def test_without_a_question_there_is_nothing_to_read_of_it() -> None:
    query = of(dns_response(question=False)).getlayer("DNS").fields["qd"]
    assert not query
    assert query == []
    with pytest.raises(AttributeError) as caught:
        query.qname  # noqa: B018
    assert isinstance(caught.value, AbsentRecord)


def test_scapy_itself_is_left_as_it_is() -> None:
    of(dns_query())
    assert type(Ether(dns_query())[DNS].fields["qd"]) is list


def test_a_dns_packet_still_copies_pickles_and_builds() -> None:
    packet = of(dns_response("example.com"))
    assert bytes(packet.copy()) == bytes(packet)
    assert copy.deepcopy(packet[DNS].fields["qd"]) == packet[DNS].fields["qd"]
    assert pickle.loads(pickle.dumps(packet[DNS].fields["qd"])) == packet[DNS].fields["qd"]
    packet[DNS].fields["qd"].append(DNSQR(qname="more.example"))
    del packet[DNS].qdcount, packet[UDP].len, packet[UDP].chksum, packet[IP].len, packet[IP].chksum
    packet[DNS].clear_cache()
    assert b"more" in bytes(packet)


def test_every_dns_message_of_a_packet_can_be_read_the_old_way() -> None:
    inner = IP(src="192.0.2.1", dst="192.0.2.2") / UDP(dport=53) / DNS(qd=[DNSQR(qname="a.b")])
    packet = of(bytes(Ether(src=HOST, dst=OTHER) / IP(proto=4) / inner))
    assert packet.getlayer("DNS").fields["qd"].qname == b"a.b."


@pytest.mark.parametrize(
    ("link_type", "name"),
    [(0, "Loopback"), (101, "IP"), (228, "IP"), (113, "cooked linux"), (276, "cooked linux v2")],
)
def test_a_link_type_has_its_own_first_layer(link_type: int, name: str) -> None:
    starts = {0: b"\x02\x00\x00\x00", 113: bytes(14) + b"\x08\x00", 276: b"\x08\x00" + bytes(18)}
    data = starts.get(link_type, b"") + bytes(IP(src="192.0.2.1", dst="192.0.2.2") / UDP())
    packet = of(data, link_type)
    assert packet.name == name
    assert packet.haslayer(UDP)


def test_a_link_type_scapy_does_not_know_gives_raw_bytes() -> None:
    assert of(b"abc", 54321).load == b"abc"


def test_bytes_that_make_no_sense_are_raw_or_partial_and_never_raise() -> None:
    assert isinstance(of(b"\x00"), Raw | Ether)
    assert of(tcp_syn()[:20]).haslayer("Ethernet")
    assert len(of(b"")) == 0 or of(b"").name == "Ethernet"
