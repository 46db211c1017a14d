"""The chefs in the box: what ``nd-sniff`` runs when it is not told otherwise."""

from .arp import ARPChef
from .dns_lookup import DNSLookupChef
from .packet_count import PacketCountChef

__all__ = ["ARPChef", "DNSLookupChef", "PacketCountChef"]
