"""A made-up minute of a network in which there is something for every chef in the box."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, Final

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from netdumplings.packets import PacketBatch
from support.hellos import client_hello, records
from support.mdns import announcement

#: Seconds it lasts.
DURATION: Final = 60

ROUTER: Final = ("00:00:5e:00:53:01", "192.0.2.1")
LAPTOP: Final = ("3c:22:fb:00:53:0b", "192.0.2.11")
PHONE: Final = ("3c:5a:b4:00:53:0c", "192.0.2.12")
PRINTER: Final = ("00:1b:a9:00:53:14", "192.0.2.20")
SENSOR: Final = ("b8:27:eb:00:53:1e", "192.0.2.30")
SCANNER: Final = ("00:0c:29:00:53:42", "192.0.2.66")
ALL: Final = "ff:ff:ff:ff:ff:ff"
WEB, SHOP, OLD_SERVER = "198.51.100.80", "198.51.100.43", "203.0.113.7"

_PORTS = count(49_152)

Sent = tuple[float, Packet]


def menu_packets(start: float) -> PacketBatch:
    """Make the minute.

    Args:
        start: when it begins, seconds since the epoch.
    """
    parts = (
        _dhcp, _devices, _lookups, _connections, _web, _pings, _scan, _arp_trouble,
    )  # fmt: skip
    sent = sorted(
        (one for part in parts for one in part(random.Random(part.__name__))),
        key=lambda one: one[0],
    )
    records = [
        (round((start + time) * 1e9), len(data), data)
        for time, packet in sent
        for data in [bytes(packet)]
    ]
    return PacketBatch.from_records(1, records)


def _from(host: tuple[str, str], to: str, hardware: str = ROUTER[0], ttl: int = 64) -> Packet:
    return Ether(src=host[0], dst=hardware) / IP(src=host[1], dst=to, ttl=ttl)


def _to(host: tuple[str, str], source: str) -> Packet:
    return Ether(src=ROUTER[0], dst=host[0]) / IP(src=source, dst=host[1], ttl=57)


def _dhcp(_: random.Random) -> Iterator[Sent]:
    asking = (
        (1.0, LAPTOP, "laptop", "MSFT 5.0"),
        (3.0, PHONE, "phone", "android-dhcp-14"),
        (5.0, SENSOR, "garden-sensor", "dhcpcd-9.4.1:Linux-6.1:armv6l"),
    )
    for number, (time, host, name, vendor) in enumerate(asking):
        more: list[Any] = [("hostname", name), ("vendor_class_id", vendor)]
        lease: list[Any] = [("lease_time", 86400), ("router", ROUTER[1])]
        for step, (kind, options) in enumerate(
            (("discover", more), ("offer", lease), ("request", more), ("ack", lease))
        ):
            is_answer = step % 2 == 1
            said = DHCP(options=[
                ("message-type", kind), *([("server_id", ROUTER[1])] if is_answer else []),
                *options, "end",
            ])  # fmt: skip
            message = BOOTP(
                op=2 if is_answer else 1,
                xid=number + 1,
                chaddr=bytes.fromhex(host[0].replace(":", "")),
                yiaddr=host[1] if is_answer else "0.0.0.0",
            )
            sender = ROUTER if is_answer else (host[0], "0.0.0.0")
            ports = UDP(sport=67, dport=68) if is_answer else UDP(sport=68, dport=67)
            yield time + step * 0.02, _from(sender, "255.255.255.255", ALL) / ports / message / said


def _devices(_: random.Random) -> Iterator[Sent]:
    announced: dict[tuple[str, str], Sequence[str]] = {
        PRINTER: (
            "printer.local A 192.0.2.20",
            "_ipp._tcp.local PTR Printer._ipp._tcp.local",
            "Printer._ipp._tcp.local SRV 0 0 631 printer.local",
            'Printer._ipp._tcp.local TXT "ty=Laser 2000"',
        ),
        PHONE: ("phone.local A 192.0.2.12",),
    }
    for number, (host, lines) in enumerate(announced.items()):
        to_all = _from(host, "224.0.0.251", "01:00:5e:00:00:fb", ttl=255)
        yield 8.0 + number, to_all / UDP(sport=5353, dport=5353) / Raw(announcement(*lines))
    for number, host in enumerate((LAPTOP, PHONE, PRINTER, SENSOR, SCANNER)):
        asked = ARP(op=1, hwsrc=host[0], psrc=host[1], pdst=ROUTER[1])
        yield 6.0 + number * 0.3, Ether(src=host[0], dst=ALL) / asked
        told = ARP(op=2, hwsrc=ROUTER[0], psrc=ROUTER[1], hwdst=host[0], pdst=host[1])
        yield 6.001 + number * 0.3, Ether(src=ROUTER[0], dst=host[0]) / told


def _lookups(chance: random.Random) -> Iterator[Sent]:
    asking = (
        (LAPTOP, "www.example.com", "A", WEB, 0), (PHONE, "api.example.net", "A", SHOP, 0),
        (LAPTOP, "wpad.corp.example", "A", None, 3), (SENSOR, "time.example.org", "A", WEB, 0),
        (PHONE, "mail.example.org", "A", SHOP, 0), (PRINTER, "update.example", "A", None, 2),
    )  # fmt: skip
    for number in range(29):
        host, name, kind, address, rcode = asking[number % len(asking)]
        time, port = 10.0 + number * 1.7, next(_PORTS)
        question = DNSQR(qname=name, qtype=kind)
        answers = [] if address is None else [DNSRR(rrname=name, type=kind, ttl=300, rdata=address)]
        asked = DNS(id=number, qd=[question])
        told = DNS(id=number, qr=1, ra=1, rcode=rcode, qd=[question], an=answers)
        yield time, _from(host, ROUTER[1]) / UDP(sport=port, dport=53) / asked
        took = chance.uniform(0.004, 0.06)
        yield time + took, _to(host, ROUTER[1]) / UDP(sport=53, dport=port) / told


def _tcp(
    time: float, host: tuple[str, str], server: str, port: int, trip: float,
    exchanges: Sequence[tuple[bytes, bytes]], *, again: int = 0,
) -> Iterator[Sent]:  # fmt: skip
    """A connection.

    Args:
        time: when it is opened.
        host: who opens it.
        server: to whom.
        port: to which port.
        trip: seconds to the server and back.
        exchanges: what is asked and answered.
        again: how many of the answers come twice.
    """
    out, back = {"sport": next(_PORTS), "dport": port}, {"sport": port}
    back["dport"] = out["sport"]
    here, there = 1000, 5000
    yield time, _from(host, server) / TCP(**out, flags="S", seq=here)
    time += trip
    yield time, _to(host, server) / TCP(**back, flags="SA", seq=there, ack=here + 1)
    here, there = here + 1, there + 1
    yield time + 0.0002, _from(host, server) / TCP(**out, flags="A", seq=here, ack=there)
    for number, (asked, answered) in enumerate(exchanges):
        time += 0.01
        ends = {"ack": there}
        yield time, _from(host, server) / TCP(**out, flags="PA", seq=here, **ends) / Raw(asked)
        here += len(asked)
        for at in range(0, len(answered), 1400):
            time += trip if at == 0 else 0.0005
            part = TCP(**back, flags="PA", seq=there, ack=here) / Raw(answered[at : at + 1400])
            yield time, _to(host, server) / part
            if number < again:
                yield time + 0.3, _to(host, server) / part
            there += len(answered[at : at + 1400])
        yield time + 0.0003, _from(host, server) / TCP(**out, flags="A", seq=here, ack=there)
    time += 0.4
    yield time, _from(host, server) / TCP(**out, flags="FA", seq=here, ack=there)
    yield time + trip, _to(host, server) / TCP(**back, flags="FA", seq=there, ack=here + 1)
    last = TCP(**out, flags="A", seq=here + 1, ack=there + 1)
    yield time + trip + 0.0002, _from(host, server) / last


def _connections(chance: random.Random) -> Iterator[Sent]:
    clients = (
        (LAPTOP, WEB, b"www.example.com", (b"h2", b"http/1.1"), (0x0304, 0x0303), 0.018),
        (PHONE, SHOP, b"api.example.net", (b"h2",), (0x0304,), 0.034),
        (SENSOR, OLD_SERVER, b"telemetry.example.org", (), (0x0302, 0x0301), 0.21),
    )
    for number in range(15):
        host, server, name, protocols, versions, trip = clients[number % len(clients)]
        hello = records(client_hello(name, protocols, versions=versions))
        answer = b"\x17\x03\x03" + chance.randbytes(chance.choice((600, 4200, 9000)))
        again = 1 if host is SENSOR else 0
        yield from _tcp(
            12.0 + number * 3.3, host, server, 443, trip * chance.uniform(0.9, 1.3),
            [(hello, answer), (chance.randbytes(300), answer)], again=again,
        )  # fmt: skip


def _web(_: random.Random) -> Iterator[Sent]:
    asked = (
        (PRINTER, "update.example.org", "GET", "/firmware/latest", "200 OK", "application/json"),
        (SENSOR, "telemetry.example.org", "POST", "/v1/readings", "204 No Content", ""),
        (LAPTOP, "intranet.example", "GET", "/", "301 Moved Permanently", "text/html"),
        (LAPTOP, "intranet.example", "GET", "/old/plan.html", "404 Not Found", "text/html"),
        (SENSOR, "telemetry.example.org", "POST", "/v1/readings", "500 Internal Server Error", ""),
    )
    agents = {PRINTER: "LaserUpdate/2.1", SENSOR: "garden-sensor/0.3", LAPTOP: "curl/8.5.0"}
    for number, (host, name, method, path, status, kind) in enumerate(asked):
        body = b"" if not kind else b"x" * (300 + 100 * number)
        request = f"{method} {path} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {agents[host]}\r\n"
        if method == "POST":
            request += "Content-Length: 0\r\n"
        response = f"HTTP/1.1 {status}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
        response += "" if "204" in status else f"Content-Length: {len(body)}\r\n"
        exchange = (f"{request}\r\n".encode(), f"{response}\r\n".encode() + body)
        yield from _tcp(15.0 + number * 8, host, OLD_SERVER, 80, 0.05, [exchange])


def _pings(chance: random.Random) -> Iterator[Sent]:
    for host, to, trip, answers in (
        (LAPTOP, ROUTER[1], 0.001, 26), (LAPTOP, WEB, 0.018, 25), (SENSOR, OLD_SERVER, 0.2, 11),
    ):  # fmt: skip
        for number in range(26):
            time = 20.0 + number * 1.5
            echo = {"id": int(host[1].rpartition(".")[2]), "seq": number}
            yield time, _from(host, to) / ICMP(type=8, **echo) / Raw(bytes(48))
            if number < answers:
                took = trip * chance.uniform(0.9, 1.6)
                yield time + took, _to(host, to) / ICMP(type=0, **echo) / Raw(bytes(48))


def _scan(_: random.Random) -> Iterator[Sent]:
    for number in range(60):  # of ports of one host
        time = 22.0 + number * 0.1
        syn = TCP(sport=40_000 + number, dport=20 + number, flags="S", seq=7)
        yield time, _from(SCANNER, PRINTER[1], PRINTER[0]) / syn
        flags = "SA" if syn.dport == 80 else "RA"
        told = TCP(sport=syn.dport, dport=syn.sport, flags=flags, seq=0, ack=8)
        yield time + 0.001, _from(PRINTER, SCANNER[1], SCANNER[0]) / told
    for number in range(90):  # of one port of many hosts
        syn = TCP(sport=41_000 + number, dport=23, flags="S", seq=7)
        yield 31.0 + number * 0.1, _from(SCANNER, f"198.51.100.{100 + number}") / syn


def _arp_trouble(_: random.Random) -> Iterator[Sent]:
    """Somebody takes the router's address, and tells the laptop so."""
    for number in range(4):
        told = ARP(op=2, hwsrc=SCANNER[0], psrc=ROUTER[1], hwdst=LAPTOP[0], pdst=LAPTOP[1])
        yield 45.0 + number * 2, Ether(src=SCANNER[0], dst=LAPTOP[0]) / told
    for number in range(40):
        told = ARP(op=2, hwsrc=SENSOR[0], psrc=SENSOR[1], hwdst=ALL, pdst=SENSOR[1])
        yield 50.0 + number * 0.05, Ether(src=SENSOR[0], dst=ALL) / told
