"""DHCP messages of both versions: what is told of them is what tshark tells, and nothing raises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import (
    DUID_EN,
    DUID_LL,
    DUID_LLT,
    USER_CLASS_DATA,
    VENDOR_CLASS_DATA,
    DHCP6_Advertise,
    DHCP6_RelayForward,
    DHCP6_Reply,
    DHCP6_Request,
    DHCP6_Solicit,
    DHCP6OptClientFQDN,
    DHCP6OptClientId,
    DHCP6OptDNSDomains,
    DHCP6OptDNSServers,
    DHCP6OptIA_NA,
    DHCP6OptIA_PD,
    DHCP6OptIAAddress,
    DHCP6OptIAPrefix,
    DHCP6OptOptReq,
    DHCP6OptRelayMsg,
    DHCP6OptServerId,
    DHCP6OptStatusCode,
    DHCP6OptUserClass,
    DHCP6OptVendorClass,
)
from scapy.packet import Packet

from netdumplings.packets import PacketBatch
from netdumplings.packets.dhcp import MOST_PARAMETERS, DhcpMessage, read_dhcp
from netdumplings.packets.dhcp6 import read_dhcp6
from support.chef_captures import Frame, frames_by_tshark
from support.examples import examples

MAC = "02:00:00:00:00:01"


def bootp(*options: Any, **fields: Any) -> bytes:
    """A message for IPv4."""
    fields = {"op": 1, "xid": 0x01020304, "chaddr": bytes.fromhex(MAC.replace(":", ""))} | fields
    return bytes(BOOTP(**fields) / DHCP(options=[*options, "end"]))


def read4(*options: Any, **fields: Any) -> DhcpMessage:
    message = read_dhcp(bootp(*options, **fields))
    assert message is not None
    return message


def read6(message: Packet) -> DhcpMessage:
    told = read_dhcp6(bytes(message))
    assert told is not None
    return told


def test_what_a_client_says_is_told() -> None:
    told = read4(
        ("message-type", "request"),
        ("client_id", bytes.fromhex("01020000000001")),
        ("hostname", b"laptop"),
        ("requested_addr", "192.0.2.7"),
        ("server_id", "192.0.2.1"),
        ("vendor_class_id", b"android-dhcp-14\0"),
        ("param_req_list", [1, 3, 6, 15]),
        (77, b"plain"),
        (81, b"\0\0\0laptop.example"),
        giaddr="192.0.2.254",
    )
    assert told[:4] == (4, "REQUEST", True, 0x01020304)
    assert told.says == {
        "mac": MAC,
        "relay_ip": "192.0.2.254",
        "client_id": "01:02:00:00:00:00:01",
        "hostname": "laptop",
        "requested_ip": "192.0.2.7",
        "server_ip": "192.0.2.1",
        "vendor_class": "android-dhcp-14",
        "parameters": [1, 3, 6, 15],
        "user_class": "plain",
        "fqdn": "laptop.example",
    }


def test_what_a_server_says_is_told() -> None:
    options = [
        ("message-type", "ack"),
        ("server_id", "192.0.2.1"),
        ("lease_time", 3600),
        ("subnet_mask", "255.255.255.0"),
        ("router", "192.0.2.1"),
        ("name_server", "192.0.2.53", "192.0.2.54"),
        ("domain", b"example"),
        ("hostname", b"host7"),
    ]
    told = read4(*options, op=2, yiaddr="192.0.2.7")
    assert told[:3] == (4, "ACK", False)
    assert told.says == {
        "mac": MAC,
        "assigned_ip": "192.0.2.7",
        "server_ip": "192.0.2.1",
        "lease": 3600,
        "subnet_mask": "255.255.255.0",
        "routers": ["192.0.2.1"],
        "domain": "example",
        "assigned_hostname": "host7",
    } | {"dns_servers": told.says.get("dns_servers")}
    options[0] = ("message-type", "offer")
    assert read4(*options, op=2, yiaddr="192.0.2.7").says["offered_ip"] == "192.0.2.7"
    refused = read4(("message-type", "nak"), ("error_message", b"not here"), op=2)
    assert (refused.type, refused.says["message"]) == ("NAK", "not here")


@pytest.mark.parametrize(
    ("option", "key", "told"),
    [
        ((77, b"\3one\3two"), "user_class", "one, two"),
        ((81, b"\4\0\0\6laptop\7example\0"), "fqdn", "laptop.example"),
        ((81, b"\4\0\0\6laptop"), "fqdn", "laptop"),
        ((81, b"\4\0\0\xc0\xff"), "fqdn", "\\xc0\\xff"),
        ((81, b"\0\0"), "fqdn", None),
        (("hostname", b"\xff\x1b[A"), "hostname", "\\xff\x1b[A"),
        (("hostname", b""), "hostname", None),
        ((50, b"\1\2\3"), "requested_ip", None),
        ((55, bytes(range(1, 256))), "parameters", list(range(1, MOST_PARAMETERS + 1))),
    ],
)
def test_options_are_told_as_well_as_they_can(option: Any, key: str, told: Any) -> None:
    assert read4(("message-type", "request"), option).says.get(key) == told


def test_an_option_in_parts_is_one_and_fields_may_hold_more() -> None:
    told = read4(("message-type", "request"), ("hostname", b"lap"), ("hostname", b"top"))
    assert told.says["hostname"] == "laptop"
    overload = (52, b"\3")
    file = b"\x0c\6laptop\xff"
    name = b"\x3c\4MSFT\xff"
    told = read4(("message-type", "request"), overload, file=file, sname=name)
    assert (told.says["hostname"], told.says["vendor_class"]) == ("laptop", "MSFT")
    told = read4(("message-type", "request"), file=file, sname=name)
    assert "hostname" not in told.says


def test_hardware_that_is_not_ethernet_is_no_mac() -> None:
    told = read4(("message-type", "discover"), htype=32, hlen=8, chaddr=b"\1\2\3\4\5\6\7\x08")
    assert told.says == {"hardware_address": "01:02:03:04:05:06:07:08"}
    assert read4(("message-type", "discover"), chaddr=b"").says == {}


def test_without_a_type_it_is_of_the_protocol_before() -> None:
    assert [read4(("hostname", b"x"), op=op).type for op in (1, 2)] == ["BOOTREQUEST", "BOOTREPLY"]
    assert read4((53, b"\xc8")).type == "TYPE200"


@pytest.mark.parametrize("data", [b"", bytes(300), bootp()[:239], b"\3" + bootp()[1:]])
def test_what_is_no_dhcp_is_none(data: bytes) -> None:
    assert read_dhcp(data) is None


def test_what_a_client_says_for_ipv6_is_told() -> None:
    told = read6(
        DHCP6_Solicit(trid=0x010203)
        / DHCP6OptClientId(duid=DUID_LLT(lladdr=MAC, timeval=5))
        / DHCP6OptOptReq(reqopts=[23, 24])
        / DHCP6OptUserClass(userclassdata=[USER_CLASS_DATA(data=b"one")])
        / DHCP6OptVendorClass(enterprisenum=311, vcdata=[VENDOR_CLASS_DATA(data=b"MSFT 5.0")])
        / DHCP6OptClientFQDN(fqdn="laptop")
        / DHCP6OptIA_NA(ianaopts=[DHCP6OptIAAddress(addr="2001:db8::7")])
        / DHCP6OptIA_PD(iapdopt=[DHCP6OptIAPrefix(prefix="2001:db8:7::", plen=56)])
    )
    assert told[:4] == (6, "SOLICIT", True, 0x010203)
    assert told.client == bytes(DUID_LLT(lladdr=MAC, timeval=5))
    assert told.says == {
        "client_id": "00:01:00:01:00:00:00:05:02:00:00:00:00:01",
        "mac": MAC,
        "parameters": [23, 24],
        "user_class": "one",
        "vendor_class": "MSFT 5.0",
        "fqdn": "laptop",
        "requested_ip": "2001:db8::7",
        "requested_prefix": "2001:db8:7::/56",
    }


def test_what_a_server_says_for_ipv6_is_told() -> None:
    rest = (
        DHCP6OptClientId(duid=DUID_LL(lladdr=MAC))
        / DHCP6OptServerId(duid=DUID_EN(id=b"abc", enterprisenum=9))
        / DHCP6OptDNSServers(dnsservers=["2001:db8::53"])
        / DHCP6OptDNSDomains(dnsdomains=["example."])
        / DHCP6OptIA_NA(ianaopts=[DHCP6OptIAAddress(addr="2001:db8::7", validlft=7200)])
    )
    told = read6(DHCP6_Reply(trid=1) / rest)
    assert told[:3] == (6, "REPLY", False)
    assert told.says == {
        "client_id": "00:03:00:01:02:00:00:00:00:01",
        "mac": MAC,
        "server_id": "00:02:00:00:00:09:61:62:63",
        "dns_servers": ["2001:db8::53"],
        "domain": "example",
        "assigned_ip": "2001:db8::7",
        "lease": 7200,
    }
    told = read6(DHCP6_Advertise(trid=1) / rest)
    assert told.says["offered_ip"] == "2001:db8::7"
    assert "assigned_ip" not in told.says
    nothing = DHCP6OptIA_NA(ianaopts=[DHCP6OptStatusCode(statuscode=2, statusmsg="none left")])
    assert read6(DHCP6_Reply(trid=1) / nothing).says == {"message": "NoAddrsAvail: none left"}


def test_what_comes_by_way_of_relays_is_the_clients() -> None:
    request = DHCP6_Request(trid=7) / DHCP6OptClientId(duid=DUID_LL(lladdr=MAC))
    nested = request
    for number in range(9):
        nested = DHCP6_RelayForward(linkaddr=f"2001:db8::{number}") / DHCP6OptRelayMsg(
            message=nested
        )
        told = read_dhcp6(bytes(nested))
        if number == 8:
            assert told is None  # RFC 8415 section 7.6: that is one too many
            continue
        assert told is not None
        assert (told.type, told.id) == ("REQUEST", 7)
        assert told.says["relay_ip"] == "2001:db8::"  # the client's own link
    client = bytes.fromhex("004f 0008 0001 020000000009")  # RFC 6939: as the relay has seen it
    relayed = bytes(DHCP6_RelayForward(linkaddr="2001:db8::1")) + client
    relayed += bytes(DHCP6OptRelayMsg(message=request))
    says = read_dhcp6(relayed)
    assert says is not None
    assert says.says["mac"] == "02:00:00:00:00:09"


SEEDS = [
    bootp(("message-type", "request"), ("hostname", b"laptop"), (81, b"\4\0\0\6laptop\0")),
    bootp(("message-type", "ack"), ("name_server", "192.0.2.53"), (52, b"\3"), op=2),
    bytes(
        DHCP6_RelayForward()
        / DHCP6OptRelayMsg(
            message=DHCP6_Request()
            / DHCP6OptClientId(duid=DUID_LL(lladdr=MAC))
            / DHCP6OptIA_NA(ianaopts=[DHCP6OptIAAddress(addr="2001:db8::7")])
            / DHCP6OptClientFQDN(fqdn="laptop")
        )
    ),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        where = draw(st.integers(0, len(data) - 1))
        data[where] = draw(st.one_of(st.sampled_from([0, 1, 52, 53, 255]), st.integers(0, 255)))
    return bytes(data[: draw(st.one_of(st.none(), st.integers(0, len(data))))])


def test_what_is_empty_is_not_told() -> None:
    for option in (DHCP6OptClientFQDN(fqdn=""), DHCP6OptClientId(duid=b"")):
        assert read6(DHCP6_Solicit() / option).says == {}


@examples(3)
@given(st.one_of(damaged(), st.binary(max_size=400)))
def test_nothing_raises_and_what_is_told_is_short(data: bytes) -> None:
    for message in (read_dhcp(data), read_dhcp6(data)):
        if message is not None:
            for value in message.says.values():
                assert value or value == 0
                assert len(str(value)) <= 1024


def test_options_without_end_take_bounded_time() -> None:
    for option in (b"\x0c\0", b"\x0c\1a", b"\x37\xff" + bytes(255), b"\x34\1\3"):
        assert read_dhcp(bootp()[:240] + option * (60_000 // len(option))) is not None
    relay = b"\x0c" + bytes(33)
    for option in (b"\0\6\0\0", b"\0\x0d\0\3\0\1a", b"\0\3\xea\0" + b"\0\5\0\0" * 15_000):
        data = b"\1\0\0\1" + option * (60_000 // len(option))
        assert read_dhcp6(data) is not None
        assert read_dhcp6(relay + option * 100) is None


# tshark.


def on_dhcp_ports(packets: PacketBatch) -> npt.NDArray[np.bool_]:
    ports = (67, 68, 546, 547)
    chosen: npt.NDArray[np.bool_] = np.isin(packets.src_ports, ports)
    chosen |= np.isin(packets.dst_ports, ports)
    return chosen & (packets.ip_protocols == 17) & (packets.payload_lengths > 0)


#: Our words, and tshark's fields.
FIELDS4 = {
    "mac": "dhcp.hw.mac_addr",
    "hostname": "dhcp.option.hostname",
    "vendor_class": "dhcp.option.vendor_class_id",
    "requested_ip": "dhcp.option.requested_ip_address",
    "server_ip": "dhcp.option.dhcp_server_id",
    "lease": "dhcp.option.ip_address_lease_time",
    "domain": "dhcp.option.domain_name",
}
FIELDS6 = {
    "client_id": "dhcpv6.duid.bytes",
    "ip": "dhcpv6.iaaddr.ip",
    "prefix": "dhcpv6.iaprefix.pref_addr",
}
WORDS = ("requested", "offered", "assigned")
_TYPES = {
    name: str(number)
    for number, name in enumerate(
        ["DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM"], start=1
    )
}
#: Where tshark says something else, and why.
CUT = "its replies are cut off behind an option that it has whole, and tshark gives them up"
OTHERWISE = {f"gopacket/pcapgo/tests/{order}/test012.pcapng": CUT for order in ("be", "le")}


def test_tshark_reads_the_same_in_all_captures(captures: Path, tmp_path: Path) -> None:
    fields = ["dhcp.id", "dhcp.option.dhcp", "dhcp.ip.your", "dhcp.option.request_list_item"]
    fields += ["dhcpv6.xid", "dhcpv6.msgtype", *FIELDS4.values(), *FIELDS6.values()]
    frames = frames_by_tshark(captures, tmp_path, on_dhcp_ports, fields)
    assert len(frames) > 150
    assert {frame.path for frame in frames if not _agrees(frame)} == set(OTHERWISE)


def _agrees(frame: Frame) -> bool:
    data, told = frame.packet.payload(0), frame.told
    if frame.packet.ip_versions[0] == 6:
        message = read_dhcp6(data)
        if message is None:
            return not told["dhcpv6.xid"]
        says = message.says
        says["client_id"] = says.get("client_id", "").replace(":", "")
        for key in ("ip", "prefix"):
            given = [says[f"{word}_{key}"] for word in WORDS if f"{word}_{key}" in says]
            says[key] = given[0].split("/")[0] if given else ""
        ours = [hex(message.id), *(says[key] for key in FIELDS6)]
        theirs = [
            *(hex(int(number, 16)) for number in told["dhcpv6.xid"][-1:]),
            *(_first(told[field]) for field in FIELDS6.values()),
        ]
        return ours == theirs
    message = read_dhcp(data)
    if message is None:
        return not told["dhcp.option.dhcp"]
    says = message.says
    ours = [hex(message.id), str(says.get("parameters", [])), _TYPES.get(message.type, "")]
    ours += [says.get("assigned_ip") or says.get("offered_ip") or "0.0.0.0"]
    fields = dict(FIELDS4)
    if message.by_client:  # what is an answer of a server, a client may only wish for
        del fields["lease"], fields["domain"]
    ours += [str(says.get(key, "")) for key in fields]
    theirs = [
        *(hex(int(number, 16)) for number in told["dhcp.id"]),
        str([int(number) for number in told["dhcp.option.request_list_item"]]),
        *(told["dhcp.option.dhcp"] or [""]),
        *told["dhcp.ip.your"],
        *(_first(told[field]) for field in fields.values()),
    ]
    return ours == theirs


def _first(values: list[str]) -> str:
    """The first of tshark's values: it has that of the client's identifier once more, say."""
    return values[0] if values and values[0] != "0.0.0.0" else ""
