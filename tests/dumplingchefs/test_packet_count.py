"""SPEC section 7: PacketCountChef."""

from __future__ import annotations

from netdumplings.dumplingchefs import PacketCountChef
from support.packets import arp, batch, dns_query, tcp_syn


def test_each_layer_of_each_packet_is_counted_since_the_start() -> None:
    chef = PacketCountChef()
    assert chef.interval_handler() == {"packet_counts": {}}
    assert chef.batch_handler(batch(tcp_syn(), dns_query())) is None
    assert chef.interval_handler() == {
        "packet_counts": {"Ethernet": 2, "IP": 2, "TCP": 1, "UDP": 1, "DNS": 1}
    }
    chef.batch_handler(batch(arp(), arp()))
    assert chef.interval_handler() == {
        "packet_counts": {"Ethernet": 4, "IP": 2, "TCP": 1, "UDP": 1, "DNS": 1, "ARP": 2}
    }
