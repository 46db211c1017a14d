"""The chefs in the box: what ``nd-sniff`` runs when it is not told otherwise."""

from .arp import ARPChef
from .arp_guard import ARPGuardChef
from .device import DeviceChef
from .dhcp import DHCPChef
from .dns import DNSChef
from .dns_lookup import DNSLookupChef
from .flow import FlowChef
from .http import HTTPChef
from .icmp import ICMPChef
from .packet_count import PacketCountChef
from .scan import ScanChef
from .tcp_health import TCPHealthChef
from .tls_client import TLSClientChef
from .top_talkers import TopTalkersChef

__all__ = [
    "ARPChef",
    "ARPGuardChef",
    "DHCPChef",
    "DNSChef",
    "DNSLookupChef",
    "DeviceChef",
    "FlowChef",
    "HTTPChef",
    "ICMPChef",
    "PacketCountChef",
    "ScanChef",
    "TCPHealthChef",
    "TLSClientChef",
    "TopTalkersChef",
]
