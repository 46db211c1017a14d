"""DNS questions and ARP of whole batches: those that scapy finds packet by packet."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, LLC, SNAP, CookedLinux, Dot1Q, Dot3, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw, bind_layers, split_layers

from netdumplings.packets import arp_messages, dns_questions
from netdumplings.packets.applications import HOLDS_NOTHING, bound_applications, name_of
from support import scapys
from support.packets import HOST, OTHER, arp, batch, dns_query, dns_response, ether, tcp_syn
from support.real_packets import real_batches

ASKS = DNS(qd=[DNSQR(qname="a.example"), DNSQR(qname="b.example")])
QUERY = IP(src="192.0.2.1", dst="192.0.2.53") / UDP(sport=40000, dport=53) / ASKS

FRAMES: list[bytes] = [
    arp(),
    dns_query(),
    dns_response(question=False),
    tcp_syn(),
    ether(IP(), TCP(sport=53, dport=40000, flags="PA"), ASKS),
    ether(IP(), TCP(sport=53, dport=40000, flags="PA"), Raw(b"the rest of another segment")),
    ether(IPv6(), UDP(sport=5353, dport=5353), ASKS),
    ether(IP(), UDP(sport=1, dport=53), Raw(bytes(ASKS)[:20])),
    ether(IP(), ICMP(type=3), QUERY),
    ether(IP(), GRE(), QUERY),
    ether(IP(), GRE(proto=0x0806), ARP(op=2)),
    ether(IP(), UDP(dport=4789), VXLAN(), Ether(src=HOST, dst=OTHER), QUERY),
    ether(IP(), UDP(dport=4789), VXLAN(), Ether(src=HOST, dst=OTHER), ARP(op=9)),
    ether(IP(), UDP(dport=123), QUERY),
    ether(IP(), TCP(dport=445), Raw(b"\0\x35\x08\x06" * 20)),
    ether(Dot1Q(vlan=1), Dot1Q(vlan=2), Dot1Q(vlan=3), QUERY),
    bytes(Dot3(src=HOST, dst=OTHER) / LLC() / SNAP() / ARP(op=2)),
    ether(ARP(hwtype=6, hwlen=4, hwsrc=b"\1\2\3\4", hwdst=b"\5\6\7\x08")),
    arp()[:30],
    dns_query()[:50],
]


def test_questions_and_arp_are_those_scapy_finds_packet_by_packet() -> None:
    packets = batch(*FRAMES)
    assert list(dns_questions(packets)) == scapys.questions(packets)
    assert list(arp_messages(packets)) == scapys.arp_messages(packets)
    assert len(scapys.questions(packets)) == 8
    assert len(scapys.arp_messages(packets)) == 5


def test_other_link_types_are_read_as_scapy_reads_them() -> None:
    cooked = [bytes(CookedLinux(proto=0x0806) / ARP()), bytes(CookedLinux() / QUERY)]
    for packets in (batch(*cooked, link_type=113), batch(bytes(QUERY), link_type=101)):
        assert list(dns_questions(packets)) == scapys.questions(packets) != []
        assert list(arp_messages(packets)) == scapys.arp_messages(packets)


def test_a_batch_of_nothing_says_nothing() -> None:
    assert list(dns_questions(batch())) == list(arp_messages(batch())) == []
    assert list(dns_questions(batch(b""))) == list(arp_messages(batch(b""))) == []


def test_dns_is_found_where_an_import_binds_it() -> None:
    strange = ether(IP(), UDP(sport=40000, dport=47053), ASKS)
    inside = ether(IP(), GRE(), IP(), UDP(sport=40000, dport=47053), ASKS)
    assert list(dns_questions(batch(strange, inside))) == []
    bind_layers(UDP, DNS, dport=47053)
    try:
        assert list(dns_questions(batch(strange, inside))) == [
            (0, b"a.example."),
            (1, b"a.example."),
        ]
    finally:
        split_layers(UDP, DNS, dport=47053)


def test_what_is_bound_by_an_import_may_be_a_tunnel() -> None:
    class Tunnel(Packet):
        name = "Tunnel"

        def guess_payload_class(self, payload: bytes) -> type[Packet]:
            return IP

    data = ether(IP(), UDP(sport=40000, dport=47123), QUERY)
    bind_layers(UDP, Tunnel, dport=47123)
    try:
        packets = batch(data)
        assert list(dns_questions(packets)) == scapys.questions(packets) == [(0, b"a.example.")]
    finally:
        split_layers(UDP, Tunnel, dport=47123)


def test_what_scapy_binds_by_itself_is_known_to_hold_nothing_or_to_be_a_tunnel() -> None:
    """A new scapy may bring more: see whether it holds other packets before it is listed."""
    tunnels = {"GRE", "L2TP", "MobileIP", "VXLAN", "ZEP2"}
    # Asked of a fresh interpreter, as other tests' imports may have bound more.
    code = (
        "from scapy.layers.all import TCP, UDP\n"
        "print({layer.__name__ for t in (TCP, UDP) for _, layer in t.payload_guess})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    bound = ast.literal_eval(done.stdout)
    assert "NBTSession" in bound
    assert bound <= HOLDS_NOTHING | tunnels


def test_packets_are_grouped_by_what_is_bound_to_their_ports() -> None:
    packets = batch(
        ether(IP(), TCP(sport=40000, dport=445), Raw(b"x")),
        dns_query(),
        ether(IP(), TCP(sport=139, dport=40001), Raw(b"x")),
        tcp_syn(445),
        ether(IP(), TCP(sport=40000, dport=53), Raw(b"x")),
    )
    told = {
        (name_of(layer), over_tcp): indices.tolist()
        for layer, over_tcp, indices in bound_applications(packets)
    }
    assert told == {("NBTSession", True): [0, 2], ("DNS", False): [1], ("DNS", True): [4]}


def test_real_captures_say_what_scapy_finds_in_them_packet_by_packet(captures: Path) -> None:
    questions = messages = 0
    for packets in real_batches(captures, each=40):
        asked, said = scapys.questions(packets), scapys.arp_messages(packets)
        assert list(dns_questions(packets)) == asked
        assert list(arp_messages(packets)) == said
        questions += len(asked)
        messages += len(said)
    assert questions > 30
    assert messages > 10
