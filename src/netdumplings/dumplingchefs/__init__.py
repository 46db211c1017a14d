"""The chefs in the box: what ``nd-sniff`` runs when it is not told otherwise."""

from .arp import ARPChef
from .dhcp import DHCPChef
from .dns import DNSChef
from .dns_lookup import DNSLookupChef
from .flow import FlowChef
from .icmp import ICMPChef
from .packet_count import PacketCountChef
from .tcp_health import TCPHealthChef

__all__ = [
    "ARPChef",
    "DHCPChef",
    "DNSChef",
    "DNSLookupChef",
    "FlowChef",
    "ICMPChef",
    "PacketCountChef",
    "TCPHealthChef",
]
