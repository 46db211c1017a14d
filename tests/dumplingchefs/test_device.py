"""DeviceChef: what is on this network, and what is said of whom."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.config import conf
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_LL,
    DHCP6_Reply,
    DHCP6_Solicit,
    DHCP6OptClientFQDN,
    DHCP6OptClientId,
)
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from netdumplings import Dumpling
from netdumplings.capture.filters import OfflineFilter
from netdumplings.dumplingchefs import DeviceChef
from netdumplings.dumplingchefs.device import ROWS, TABLE
from netdumplings.dumplingchefs.known_devices import DEVICES, KINDS, LONGEST
from netdumplings.packets import PacketBatch
from netdumplings.packets.hardware import vendor_of
from netdumplings.wire import check_dumpling
from support.expected_dumplings import assert_as_expected
from support.mdns import announcement
from support.packets import START, batch

T = START / 1e9
LAPTOP, PRINTER, ROUTER = "b8:27:eb:00:00:07", "00:1b:a9:00:00:09", "02:00:00:00:00:01"
ALL = "ff:ff:ff:ff:ff:ff"


@pytest.fixture(autouse=True)
def _vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same vendors on every machine, and never a name that a later scapy has otherwise."""
    monkeypatch.setattr(conf.manufdb, "d", {"B8:27:EB": ("Raspberr", "Raspberry Pi Foundation")})
    vendor_of.cache_clear()
    yield
    vendor_of.cache_clear()


def frame(hardware: str, *layers: Packet, to: str = ALL) -> bytes:
    packet: Packet = Ether(src=hardware, dst=to)
    for layer in layers:
        packet = packet / layer
    return bytes(packet)


def asks(hardware: str, ip: str) -> bytes:
    """ARP: a device uses an address."""
    return frame(hardware, ARP(op=1, hwsrc=hardware, psrc=ip, pdst="192.0.2.250"))


def replies(hardware: str, ip: str) -> bytes:
    """ARP: a device answers for an address."""
    return frame(hardware, ARP(op=2, hwsrc=hardware, psrc=ip, pdst="192.0.2.250"))


def announces(hardware: str, ip: str, *lines: str, ttl: int = 255) -> bytes:
    to = IP(src=ip, dst="224.0.0.251", ttl=ttl)
    return frame(hardware, to, UDP(sport=5353, dport=5353), Raw(announcement(*lines)))


def notifies(hardware: str, ip: str, location: str | None = None, nts: str = "alive") -> bytes:
    text = (
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nSERVER: Linux UPnP/1.0 Box/2\r\n"
        f"NTS: ssdp:{nts}\r\nNT: urn:schemas-upnp-org:device:MediaRenderer:1\r\n"
        f"LOCATION: {location or f'http://{ip}:80/x.xml'}\r\n\r\n"
    )
    to = IP(src=ip, dst="239.255.255.250", ttl=4)
    return frame(hardware, to, UDP(sport=1900, dport=1900), Raw(text.encode()))


def leases(kind: str, *options: Any, hardware: str = LAPTOP, to: str = ALL, **fields: Any) -> bytes:
    """DHCP, from a client if it has no server's address."""
    server = fields.pop("server", None)
    client = bytes.fromhex(LAPTOP.replace(":", ""))
    said = DHCP(options=[("message-type", kind), *options, "end"])
    message = BOOTP(op=2 if server else 1, chaddr=client, **fields) / said
    source = IP(src=server or "0.0.0.0", dst="255.255.255.255")
    ports = UDP(sport=67, dport=68) if server else UDP(sport=68, dport=67)
    return frame(hardware, source, ports, message, to=to)


def tell(chef: DeviceChef, *frames: bytes) -> list[dict[str, Any]]:
    return [each["device"] for each in chef.batch_handler(batch(*frames))]


def known(*frames: bytes) -> dict[str, dict[str, Any]]:
    """The latest of each device, without when."""
    chef = DeviceChef()
    devices: dict[str, dict[str, Any]] = {}
    for told in tell(chef, *frames):
        for key in ("time", "event", "added", "removed", "first_seen", "last_seen"):
            told.pop(key, None)
        devices[told.pop("mac")] = told
    return devices


def test_a_new_device_is_told_and_then_what_is_new_of_it() -> None:
    chef = DeviceChef()
    assert tell(chef, asks(LAPTOP, "192.0.2.7"), asks(LAPTOP, "192.0.2.7")) == [
        {
            "time": T,
            "event": "new",
            "mac": LAPTOP,
            "vendor": "Raspberry Pi Foundation",
            "addresses": ["192.0.2.7"],
            "first_seen": T,
            "last_seen": T,
        }
    ]
    [told] = tell(chef, announces(LAPTOP, "192.0.2.7", "laptop.local A 192.0.2.7"))
    assert (told["event"], told["added"]) == ("changed", {"hostnames": ["laptop.local"]})
    assert (told["addresses"], told["hostnames"]) == (["192.0.2.7"], ["laptop.local"])
    assert chef.interval_handler(5.0) == {
        "devices": [
            {
                "mac": LAPTOP,
                "vendor": "Raspberry Pi Foundation",
                "addresses": ["192.0.2.7"],
                "hostnames": ["laptop.local"],
                "first_seen": T,
                "last_seen": T,
            }
        ],
        "devices_known": 1,
        "devices_left_out": 0,
        "devices_forgotten": 0,
    }


def test_everything_that_a_device_says_of_itself_is_put_together() -> None:
    devices = known(
        leases(
            "discover", ("hostname", b"laptop"), ("vendor_class_id", b"MSFT 5.0"),
            ("param_req_list", [1, 3, 6]),
        ),
        leases("ack", ("server_id", "192.0.2.1"), hardware=ROUTER, server="192.0.2.1",
               yiaddr="192.0.2.7"),
        notifies(LAPTOP, "192.0.2.7"),
        announces(
            LAPTOP, "192.0.2.7",
            "laptop.local A 192.0.2.7",
            "_http._tcp.local PTR Laptop\\032of\\032Ann._http._tcp.local",
            "Laptop\\032of\\032Ann._http._tcp.local SRV 0 0 80 laptop.local",
            'Laptop\\032of\\032Ann._device-info._tcp.local TXT "model=MacBookPro18,3"',
        ),
        frame(LAPTOP, IPv6(src="fe80::7", dst="ff02::1:ff00:1", hlim=255),
              ICMPv6ND_NS(tgt="fe80::1"), ICMPv6NDOptSrcLLAddr(lladdr=LAPTOP)),
    )  # fmt: skip
    assert devices == {
        LAPTOP: {
            "vendor": "Raspberry Pi Foundation",
            "addresses": ["192.0.2.7", "fe80::7"],
            "hostnames": ["laptop", "laptop.local"],
            "names": ["Laptop of Ann"],
            "services": [
                "urn:schemas-upnp-org:device:MediaRenderer:1", "_http._tcp", "_device-info._tcp",
            ],
            "models": ["MacBookPro18,3"],
            "vendor_classes": ["MSFT 5.0"],
            "dhcp_fingerprints": ["1,3,6"],
            "software": ["Linux UPnP/1.0 Box/2"],
            "locations": ["http://192.0.2.7:80/x.xml"],
        },
        ROUTER: {
            "vendor": None,
            "locally_administered": True,
            "addresses": ["192.0.2.1"],
            "roles": ["dhcp_server"],
        },
    }  # fmt: skip


def test_devices_of_ipv6_tell_their_names_and_roles_too() -> None:
    client = DHCP6_Solicit() / DHCP6OptClientId(duid=DUID_LL(lladdr=ROUTER))
    devices = known(
        frame(LAPTOP, IPv6(src="fe80::7", dst="ff02::1:2"), UDP(sport=546, dport=547),
              client / DHCP6OptClientFQDN(fqdn="laptop.example")),
        frame(ROUTER, IPv6(src="fe80::1", dst="fe80::7"), UDP(sport=547, dport=546), DHCP6_Reply()),
        frame(ROUTER, IPv6(src="fe80::1", dst="ff02::1", hlim=255), ICMPv6ND_RA()),
    )  # fmt: skip
    assert devices[LAPTOP]["hostnames"] == ["laptop.example"]
    assert devices[LAPTOP]["addresses"] == ["fe80::7"]
    assert devices[ROUTER]["roles"] == ["dhcp_server", "router"]


def test_names_of_llmnr_are_told_for_their_own_address() -> None:
    def answers(ip: str) -> bytes:
        record = DNSRR(rrname="DESKTOP", type="A", rdata=ip)
        message = DNS(id=5, qr=1, qd=[DNSQR(qname="DESKTOP")], an=[record])
        to = IP(src="192.0.2.7", dst="192.0.2.8", ttl=128)
        return frame(LAPTOP, to, UDP(sport=5355, dport=40000), message)

    query = DNS(id=5, qd=[DNSQR(qname="OTHER")])
    asking = frame(LAPTOP, IP(src="192.0.2.7", dst="224.0.0.252"), UDP(dport=5355), query)
    assert known(asking, answers("192.0.2.7"))[LAPTOP]["hostnames"] == ["DESKTOP"]
    assert "hostnames" not in known(asking, answers("192.0.2.9"))[LAPTOP]
    assert known(answers("192.0.2.7")) == {}


def test_the_vlans_of_a_device_are_told() -> None:
    tagged = [
        frame(LAPTOP, Dot1Q(vlan=vlan), ARP(hwsrc=LAPTOP, psrc="192.0.2.7")) for vlan in (11, 12)
    ]
    assert known(*tagged)[LAPTOP]["vlans"] == ["11", "12"]


def test_a_device_that_looks_for_an_address_is_told_without_one() -> None:
    assert known(asks(LAPTOP, "0.0.0.0")) == {LAPTOP: {"vendor": "Raspberry Pi Foundation"}}


def test_an_address_that_another_device_has_now_is_no_longer_the_first_ones() -> None:
    chef = DeviceChef()
    tell(chef, asks(LAPTOP, "192.0.2.7"))
    new, changed = tell(chef, asks(PRINTER, "192.0.2.7"))
    assert (new["mac"], new["event"], new["addresses"]) == (PRINTER, "new", ["192.0.2.7"])
    assert (changed["mac"], changed["removed"]) == (LAPTOP, {"addresses": ["192.0.2.7"]})
    assert "addresses" not in changed


# Who speaks for others.


def test_a_device_that_only_ever_replied_is_likely_to_have_that_address() -> None:
    assert known(replies(PRINTER, "192.0.2.9"))[PRINTER]["addresses"] == ["192.0.2.9"]
    both = known(replies(PRINTER, "192.0.2.9"), asks(PRINTER, "192.0.2.9"))
    assert both[PRINTER] == {"vendor": None, "addresses": ["192.0.2.9"]}


def test_a_proxy_has_only_the_address_that_it_uses() -> None:
    proxied = [replies(ROUTER, f"192.0.2.{number}") for number in (7, 8, 9)]
    first, *_ = known(*proxied).values()
    assert "addresses" not in first
    assert first["answers_for"] == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]
    for frames in ([asks(ROUTER, "192.0.2.1"), *proxied], [*proxied, asks(ROUTER, "192.0.2.1")]):
        told = known(*frames)[ROUTER]
        assert told["addresses"] == ["192.0.2.1"]
        assert told["answers_for"] == ["192.0.2.7", "192.0.2.8", "192.0.2.9"]
    one = known(replies(ROUTER, "192.0.2.7"), asks(ROUTER, "192.0.2.1"))[ROUTER]
    assert (one["addresses"], one["answers_for"]) == (["192.0.2.1"], ["192.0.2.7"])


def test_a_proxy_takes_no_address_from_its_owner() -> None:
    devices = known(asks(LAPTOP, "192.0.2.7"), replies(ROUTER, "192.0.2.7"))
    assert devices[LAPTOP]["addresses"] == ["192.0.2.7"]
    ipv6 = {"src": "2001:db8::1", "dst": "2001:db8::5", "hlim": 255}
    devices = known(*[
        frame(ROUTER, IPv6(**ipv6), ICMPv6ND_NA(tgt=f"2001:db8::{number}")) for number in (7, 8)
    ])  # fmt: skip
    assert devices[ROUTER]["answers_for"] == ["2001:db8::7", "2001:db8::8"]


def test_what_a_router_hands_on_says_nothing_of_it() -> None:
    handed_on = notifies(ROUTER, "198.51.100.9")
    for before in ([asks(ROUTER, "192.0.2.1")], [replies(ROUTER, "198.51.100.9")]):
        [told] = known(*before, handed_on, handed_on).values()
        assert not {"software", "services", "locations"} & told.keys()


def test_what_was_said_before_its_address_was_known_is_told_then() -> None:
    said = known(notifies(PRINTER, "192.0.2.9"), asks(PRINTER, "192.0.2.9"))[PRINTER]
    assert said["software"] == ["Linux UPnP/1.0 Box/2"]
    other = known(notifies(PRINTER, "192.0.2.9"), asks(PRINTER, "192.0.2.8"))[PRINTER]
    assert "software" not in other


def test_what_is_elsewhere_or_goes_away_is_not_told() -> None:
    before = asks(PRINTER, "192.0.2.9")
    for ip in ("192.0.2.7", "example.com"):
        elsewhere = notifies(PRINTER, "192.0.2.9", f"http://{ip}:80/x.xml")
        assert "software" not in known(before, elsewhere)[PRINTER]
    assert "software" not in known(before, notifies(PRINTER, "192.0.2.9", nts="byebye"))[PRINTER]


def test_a_reflector_is_not_what_it_reflects() -> None:
    own = announces(ROUTER, "192.0.2.1", "router.local A 192.0.2.1")
    reflected = announces(
        ROUTER,
        "192.0.2.1",
        "router.local A 192.0.2.1",
        "cast.local A 198.51.100.9",
        "_googlecast._tcp.local PTR Cast._googlecast._tcp.local",
        "Cast._googlecast._tcp.local SRV 0 0 8009 cast.local",
        'Cast._googlecast._tcp.local TXT "md=Chromecast" "fn=Kitchen"',
        '"Cast._device-info._tcp.local TXT "model=X"'[1:],
    )
    assert known(own, reflected, own)[ROUTER] == {
        "vendor": None,
        "locally_administered": True,
        "addresses": ["192.0.2.1"],
        "hostnames": ["router.local"],
    }
    # Nor does it say anything of a device that is here.
    [_, told] = known(asks(LAPTOP, "198.51.100.9"), reflected).items()
    assert told[0] == ROUTER
    assert "hostnames" not in known(asks(LAPTOP, "198.51.100.9"), reflected)[LAPTOP]


def test_multicast_dns_that_a_router_may_have_handed_on_is_not_believed() -> None:
    lines = ["laptop.local A 192.0.2.7"]
    message = Raw(announcement(*lines))
    for ttl, to, believed in (
        (254, "192.0.2.250", False),
        (255, "192.0.2.250", True),
        (1, "224.0.0.251", True),
    ):
        source = IP(src="192.0.2.7", dst=to, ttl=ttl)
        devices = known(frame(LAPTOP, source, UDP(sport=5353, dport=5353), message))
        assert bool(devices) is believed


def test_what_others_asked_for_or_know_is_not_what_a_device_has() -> None:
    known_answer = DNS(
        qr=0, qd=[DNSQR(qname="cast.local")], an=[DNSRR(rrname="cast.local", rdata="192.0.2.7")]
    )
    to = IP(src="192.0.2.7", dst="224.0.0.251")
    told = known(frame(LAPTOP, to, UDP(sport=5353, dport=5353), known_answer))[LAPTOP]
    assert told == {"vendor": "Raspberry Pi Foundation", "addresses": ["192.0.2.7"]}


@pytest.mark.parametrize(
    "relayed",
    [
        leases("discover", ("hostname", b"far"), hardware=ROUTER, giaddr="198.51.100.1"),
        frame(ROUTER, IP(src="198.51.100.9", dst="192.0.2.1"), UDP(sport=68, dport=67),
              BOOTP(chaddr=bytes.fromhex(LAPTOP.replace(":", "")))
              / DHCP(options=[("message-type", "request"), ("hostname", b"far"), "end"])),
        leases("ack", ("server_id", "192.0.2.1"), hardware=PRINTER, to=ROUTER, server="192.0.2.1",
               yiaddr="198.51.100.9"),
        leases("ack", ("server_id", "192.0.2.1"), server="192.0.2.1", yiaddr="198.51.100.9",
               giaddr="198.51.100.1", hardware=PRINTER),
    ],
)  # fmt: skip
def test_clients_of_dhcp_on_other_links_are_not_on_this_one(relayed: bytes) -> None:
    assert known(relayed) == {}


def test_how_batches_are_cut_makes_no_difference() -> None:
    frames = [
        replies(ROUTER, "192.0.2.7"),
        asks(LAPTOP, "192.0.2.7"),
        notifies(LAPTOP, "192.0.2.7"),
        announces(LAPTOP, "192.0.2.7", "laptop.local A 192.0.2.7"),
        asks(PRINTER, "192.0.2.7"),
    ]
    packets = batch(*frames)
    one, other = DeviceChef(), DeviceChef()
    whole = list(one.batch_handler(packets))
    assert whole == [
        told for at in range(len(packets)) for told in other.batch_handler(packets[at : at + 1])
    ]


def test_the_filter_lets_through_what_is_looked_at() -> None:
    wanted = [
        asks(LAPTOP, "192.0.2.7"),
        announces(LAPTOP, "192.0.2.7", "laptop.local A 192.0.2.7"),
        notifies(LAPTOP, "192.0.2.7"),
        leases("discover"),
        frame(ROUTER, IPv6(src="fe80::1", dst="ff02::1", hlim=255), ICMPv6ND_RA()),
        frame(LAPTOP, Dot1Q(vlan=11), ARP(hwsrc=LAPTOP, psrc="192.0.2.7")),
        frame(LAPTOP, Dot1Q(vlan=11), IPv6(src="fe80::1"), ICMPv6ND_RA()),
    ]
    other = frame(LAPTOP, IPv6(), ICMPv6EchoRequest()), frame(LAPTOP, IP(), UDP(dport=53))
    kept = OfflineFilter(str(DeviceChef.packet_filter)).apply(batch(*wanted, *other), "test")
    assert [kept.data(index) for index in range(len(kept))] == wanted


# What somebody may send on purpose.

SEEDS = [
    asks(LAPTOP, "192.0.2.7"),
    replies(ROUTER, "192.0.2.7"),
    announces(LAPTOP, "192.0.2.7", "x.local A 192.0.2.7", "x._a._tcp.local SRV 0 0 1 x.local"),
    notifies(LAPTOP, "192.0.2.7"),
    leases("discover", ("hostname", b"laptop")),
    leases("ack", ("server_id", "192.0.2.1"), server="192.0.2.1", yiaddr="192.0.2.7"),
    frame(ROUTER, IPv6(src="fe80::1", dst="ff02::1", hlim=255), ICMPv6ND_RA()),
    frame(LAPTOP, IPv6(src="fe80::7"), UDP(sport=546, dport=547), DHCP6_Solicit()),
]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(SEEDS), st.integers(0, 200), st.binary(max_size=6))))
def test_nothing_raises_on_damaged_packets(damaged: list[tuple[bytes, int, bytes]]) -> None:
    chef = DeviceChef()
    frames = [seed[:at] + more + seed[at + len(more) :] for seed, at, more in damaged]
    payloads: list[Any] = list(chef.batch_handler(batch(*frames))) if frames else []
    for payload in (*payloads, chef.interval_handler(1.0)):
        assert check_dumpling(Dumpling(chef=chef, payload=payload).to_json().encode()) is None


def strange(number: int) -> list[bytes]:
    """All that a device can say, as long and strange as can be."""
    hardware = f"06:00:00:00:{number >> 8:02x}:{number & 0xFF:02x}"
    ip = f"10.0.{number >> 8}.{number & 0xFF}"
    label = "\\001" * 55
    texts = " ".join(f'"{key}={label}{number}"' for key in ("md", "ty", "model", "am", "fn"))
    lines = [f"{label}{each}.local A {ip}" for each in range(4)]
    for each in range(8):
        name = f"{label}{each}._{label[:140]}{each}._tcp.local"
        lines += [f"{name} SRV 0 0 1 {label}1.local", f"{name} TXT {texts}"]
    return [
        announces(hardware, ip, *lines),
        *[asks(hardware, f"10.{each}.1.{number & 0xFF}") for each in range(1, 20)],
        *[replies(hardware, f"11.{each}.1.{number & 0xFF}") for each in range(1, 12)],
    ]


def test_the_strangest_devices_take_so_much_memory_and_no_more() -> None:
    chef, count = DeviceChef(), 20
    frames = [each for number in range(count) for each in strange(number)]
    packets = batch(*frames)
    list(DeviceChef().batch_handler(packets))  # modules are loaded on first use
    tracemalloc.start()
    try:
        largest = max(
            len(Dumpling(chef=chef, payload=payload).to_json())
            for payload in chef.batch_handler(packets)
        )
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert largest < 256 * 1024
    assert used < 40 * 2**20 * count / DEVICES


def strangers(count: int, each: int = 5_000) -> Iterator[PacketBatch]:
    """ARP requests, each of a device of its own."""
    one = np.frombuffer(asks("02:00:4e:4e:4e:4e", "10.0.0.1"), np.uint8)
    for first in range(0, count, each):
        numbers = np.arange(first, min(first + each, count))
        frames = np.tile(one, (len(numbers), 1))
        for place in range(4):
            for at in (11, 27, 31):
                frames[:, at - place] = numbers >> 8 * place & 0xFF
        frames[:, 28] = 10
        lengths = np.full(len(numbers), len(one))
        offsets, times = np.arange(len(numbers)) * len(one), START + numbers * 1000
        yield PacketBatch(1, frames.tobytes(), offsets, lengths, lengths, times)


def test_devices_without_end_are_forgotten_and_the_table_stays_small() -> None:
    chef = DeviceChef()
    told = sum(1 for packets in strangers(5_000) for _ in chef.batch_handler(packets))
    assert told == 5_000
    table = chef.interval_handler(5.0)
    assert table["devices_known"] == DEVICES
    assert table["devices_forgotten"] == 5_000 - DEVICES
    assert len(table["devices"]) == min(ROWS, DEVICES)
    assert table["devices_left_out"] == DEVICES - ROWS
    assert len(Dumpling(chef=chef, payload=table).to_json().encode()) < 256 * 1024
    assert table["devices"][0]["mac"] == f"02:00:{4_999:08x}"[:6] + ":".join(
        f"{4_999:08x}"[at : at + 2] for at in range(0, 8, 2)
    )


def test_a_table_of_strange_devices_stays_small_too() -> None:
    chef = DeviceChef()
    one = strange(0x3344)[0]  # each of another hardware address, and IP address
    frames = [one.replace(b"\x33\x44", bytes((2, number))) for number in range(120)]
    list(chef.batch_handler(batch(*frames)))
    table = chef.interval_handler(5.0)
    size = len(json.dumps(table))
    assert table["devices_left_out"] > 0
    assert TABLE / 2 < size < 256 * 1024


def test_what_is_known_of_a_device_is_so_much_and_so_long() -> None:
    chef = DeviceChef()
    list(chef.batch_handler(batch(*strange(1), *strange(1))))
    [row] = chef.interval_handler(5.0)["devices"]
    device = next(iter(chef._known.devices.values()))
    for kind, values in device.facts.items():
        assert len(values) <= KINDS[kind]
        assert all(len(value) <= LONGEST for value in values)
    assert len(device.facts["addresses"]) == KINDS["addresses"]
    assert len(row["addresses"]) == 4


# Real captures.


@pytest.mark.parametrize(
    "capture",
    [
        "ipfixprobe/tests/functional/inputs/arp.pcap",
        "ipfixprobe/tests/functional/inputs/dnssd.pcap",
        "ipfixprobe/tests/functional/inputs/mixed.pcap",
        "pcapplusplus/Tests/Pcap++Test/PcapExamples/DnsPackets.pcap",
        "pcapplusplus/Tests/Pcap++Test/PcapExamples/sll.pcap",
        "tcpdump/tests/802.1ad_QinQ.pcap",
        "tcpdump/tests/icmpv6-ra-pref64.pcap",
    ],
)
def test_a_real_capture_is_told_as_expected(captures: Path, capture: str) -> None:
    assert_as_expected(DeviceChef, captures / capture, "device")
