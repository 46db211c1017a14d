"""What packets say of the devices on a link, and of which of them it may be believed.

A device is its hardware address, and what comes from that address may still be another's: routers
hand on what comes from elsewhere, proxies speak for those who sleep, or are on another link. So

- a device has an IP address if it uses it in ARP or neighbour discovery, in what is only ever sent
  to one link, or in DHCP that no relay has touched;
- what comes from an IP address by unicast, or by a multicast that routers hand on, counts once it
  is known that the address belongs to the device that it came through;
- of what a host announces, only that counts which leads back to its own address: names of hosts
  with that address, services on these hosts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from ..packets import PacketBatch
from ..packets.addresses import address_text
from ..packets.dhcp import read_dhcp
from ..packets.dhcp6 import read_dhcp6
from ..packets.dns_messages import read_message
from ..packets.formats import ETHERTYPE_ARP, IPV4_HEADER, IPV6_HEADER, UDP
from ..packets.hardware import hardware_destinations, hardware_sources, is_one_sender
from ..packets.mdns import MODEL_KEYS, NAME_KEYS, announced
from ..packets.neighbours import (
    ADVERTISEMENT,
    ARP_SIZE,
    ROUTER_SOLICITATION,
    Claim,
    arp_claim,
    is_of_one,
    is_on_link,
    neighbour_claim,
)
from ..packets.ssdp import NOTIFY, RESPONSE, SEARCH, read_ssdp
from .known_devices import LONGEST, Device, KnownDevices

_ARP, _NEIGHBOUR, _MDNS, _LLMNR, _SSDP, _DHCP, _DHCP6 = range(1, 8)
PORTS: Final = {
    5353: _MDNS, 5355: _LLMNR, 1900: _SSDP, 67: _DHCP, 68: _DHCP, 546: _DHCP6, 547: _DHCP6,
}  # fmt: skip
_BROADCAST: Final = b"\xff" * 6
#: RFC 6762 section 11: what came by way of a router has less.
_HOPS: Final = 255

#: The host in an address of the web (RFC 3986 section 3.2.2).
_HOST: Final = re.compile(r"https?://(?:\[([0-9a-f:.]+)\]|([^/:?#]*))", re.IGNORECASE)


class Evidence(NamedTuple):
    """A packet that says something of a device.

    Attributes:
        kind: what it is; a number of this module.
        time_ns: when it came, nanoseconds since the epoch.
        vlan: its VLAN; -1 for none.
        hardware: who sent it over the link.
        to: whom to; None if that is not known.
        source: the IP address it came from; empty for ARP.
        destination: the IP address it went to.
        hops: the routers that it could still pass.
        data: what it says: from the ARP or ICMP header on, or the payload of UDP.
    """

    kind: int
    time_ns: int
    vlan: int
    hardware: bytes
    to: bytes | None
    source: bytes
    destination: bytes
    hops: int
    data: bytes


def evidence_of(packets: PacketBatch) -> Iterator[Evidence]:
    """The packets of a batch that may say something of devices, in order."""
    kinds = np.where(packets.ethertypes == ETHERTYPE_ARP, _ARP, 0)
    types = packets.icmp_types
    is_neighbour = (types >= ROUTER_SOLICITATION) & (types <= ADVERTISEMENT)
    kinds[is_neighbour & (packets.ip_versions == 6)] = _NEIGHBOUR
    is_udp = packets.ip_protocols == UDP
    for port, kind in PORTS.items():
        at_port = (packets.src_ports == port) | (packets.dst_ports == port)
        kinds[is_udp & at_port & (packets.payload_lengths > 0)] = kind
    chosen = packets.where(kinds > 0)
    sources, destinations = hardware_sources(chosen), hardware_destinations(chosen)
    for index, (kind, time_ns, vlan, hardware, to) in enumerate(
        zip(
            kinds[kinds > 0].tolist(),
            chosen.times_ns.tolist(),
            chosen.vlans.tolist(),
            sources,
            destinations,
            strict=True,
        )
    ):
        if hardware is not None:
            addresses = (b"", b"", 0) if kind == _ARP else _addresses(chosen, index)
            data = _data(chosen, index, kind)
            yield Evidence(kind, time_ns, vlan, hardware, to, *addresses, data)


def _data(packets: PacketBatch, index: int, kind: int) -> bytes:
    if kind not in (_ARP, _NEIGHBOUR):
        return packets.payload(index)
    whole = packets.data(index)
    if kind == _ARP:
        at = int(packets.network_offsets[index])
        return whole[at : at + ARP_SIZE]
    network = packets.headers.network
    return whole[int(network.payload_offset[index]) : int(network.end[index])]


def _addresses(packets: PacketBatch, index: int) -> tuple[bytes, bytes, int]:
    """Source, destination, and the hops that are left."""
    at = int(packets.network_offsets[index])
    header = packets.data(index)[at : at + IPV6_HEADER.itemsize]
    if packets.ip_versions[index] == 6:
        return header[8:24], header[24:40], header[7]
    return header[12:16], header[16 : IPV4_HEADER.itemsize], header[8]


def take(evidence: Evidence, known: KnownDevices) -> None:
    """Take in what a packet says."""
    _TAKE[evidence.kind](evidence, known)


def _arp(evidence: Evidence, known: KnownDevices) -> None:
    claim = arp_claim(evidence.data)
    if claim is not None:
        known.claim(claim, evidence.time_ns, evidence.vlan)


def _neighbour(evidence: Evidence, known: KnownDevices) -> None:
    data, source, hops = evidence.data, evidence.source, evidence.hops
    claim = neighbour_claim(data, source, hops, evidence.hardware)
    if claim is not None:
        known.claim(claim, evidence.time_ns, evidence.vlan)


def _uses(evidence: Evidence, known: KnownDevices) -> Device:
    """Note that who sent a packet over the link uses the IP address that it came from."""
    claim = Claim(evidence.hardware, evidence.source, True)
    return known.claim(claim, evidence.time_ns, evidence.vlan)


def _mdns(evidence: Evidence, known: KnownDevices) -> None:
    message = read_message(evidence.data, multicast=True)
    stays = is_on_link(evidence.destination) or evidence.hops == _HOPS
    if message is None or not stays or not is_of_one(evidence.source):
        return
    device = _uses(evidence, known)
    if not message.is_response:
        return
    told = announced(message)
    for name, addresses in told.hosts.items():
        if any(known.owner(address) == evidence.hardware for address in addresses):
            device.add("hostnames", name)
    hosts = {name.lower() for name in device.facts.get("hostnames", ())}
    for instance, server in told.servers.items():
        if server[:LONGEST].lower() in hosts:
            device.add("names", instance.name)
    for instance in told.instances:
        if not device.knows("names", instance.name[:LONGEST]):
            continue
        device.add("services", instance.type)
        for key, value in told.texts.get(instance, {}).items():
            if key in MODEL_KEYS and value.strip("()"):
                device.add("models", value.strip("()"))
            if key in NAME_KEYS and value:
                device.add("names", value)


def _llmnr(evidence: Evidence, known: KnownDevices) -> None:
    message = read_message(evidence.data)
    if message is None:
        return
    if not message.is_response:
        if is_on_link(evidence.destination) and is_of_one(evidence.source):
            _uses(evidence, known)
        return
    names = [("hostnames", each.name) for each in message.answers if each.raw == evidence.source]
    known.say(evidence.hardware, evidence.source, names, evidence.time_ns)


def _ssdp(evidence: Evidence, known: KnownDevices) -> None:
    message = read_ssdp(evidence.data)
    if message is None or not is_of_one(evidence.source):
        return
    headers = message.headers
    if message.kind == NOTIFY and headers.get("nts") not in ("ssdp:alive", "ssdp:update"):
        return
    wanted = {NOTIFY: ("nt", "server"), RESPONSE: ("st", "server"), SEARCH: ("", "user-agent")}
    service, software = (headers.get(header, "") for header in wanted[message.kind])
    facts = [("software", software)] if software else []
    if service.startswith("urn:"):
        facts.append(("services", service))
    location = headers.get("location", "") if message.kind != SEARCH else ""
    if location:
        match = _HOST.match(location)
        if match is None or (match[1] or match[2]).lower() != address_text(evidence.source):
            return  # it is another's
        facts.append(("locations", location))
    if is_on_link(evidence.source) or evidence.destination[:2] == b"\xff\x02":
        _uses(evidence, known)
    known.say(evidence.hardware, evidence.source, facts, evidence.time_ns)


def _dhcp(evidence: Evidence, known: KnownDevices) -> None:
    message = read_dhcp(evidence.data)
    if message is None or "relay_ip" in message.says or "mac" not in message.says:
        return
    client = bytes.fromhex(message.says["mac"].replace(":", ""))
    if not is_one_sender(client):
        return
    if message.by_client:
        if client == evidence.hardware or not any(evidence.source):
            _tell_client(known.heard(client, evidence.time_ns, evidence.vlan), message.says)
        return
    if evidence.to not in (client, _BROADCAST):
        return
    if message.says.get("server_ip") == address_text(evidence.source):
        _uses(evidence, known).add("roles", "dhcp_server")
    if message.type == "ACK" and "assigned_ip" in message.says:
        address = bytes(map(int, message.says["assigned_ip"].split(".")))
        if is_of_one(address):
            known.claim(Claim(client, address, True), evidence.time_ns, evidence.vlan)


def _dhcp6(evidence: Evidence, known: KnownDevices) -> None:
    message = read_dhcp6(evidence.data)
    if message is None or "relay_ip" in message.says or not is_on_link(evidence.source):
        return
    device = _uses(evidence, known)
    if message.by_client:
        _tell_client(device, message.says)
    else:
        device.add("roles", "dhcp_server")


def _tell_client(device: Device, says: dict[str, object]) -> None:
    for key, kind in (
        ("hostname", "hostnames"), ("fqdn", "hostnames"), ("vendor_class", "vendor_classes"),
    ):  # fmt: skip
        if key in says:
            device.add(kind, str(says[key]))
    parameters = says.get("parameters")
    if isinstance(parameters, list):
        device.add("dhcp_fingerprints", ",".join(map(str, parameters)))


_TAKE: Final[dict[int, Callable[[Evidence, KnownDevices], None]]] = {
    _ARP: _arp,
    _NEIGHBOUR: _neighbour,
    _MDNS: _mdns,
    _LLMNR: _llmnr,
    _SSDP: _ssdp,
    _DHCP: _dhcp,
    _DHCP6: _dhcp6,
}
