"""What chefs tell of flows, TCP, ICMP, hosts and attempts is what tshark tells of the same packets.

Where it is not, the capture is in a table below, under the reason why it must not be. With
``--hypothesis-profile thorough`` all captures are compared, and a capture in a table that agrees
fails too. Otherwise it is some of them, and those of the tables.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from netdumplings.dumplingchefs import (
    FlowChef,
    ICMPChef,
    ScanChef,
    TCPHealthChef,
    TopTalkersChef,
)
from netdumplings.packets.addresses import address_text
from netdumplings.packets.attempts import attempt_of
from netdumplings.packets.icmp_names import type_name
from support.packets import START, arp, batch
from support.tshark import Frame, batches_of, captures_for_tshark, frames_by_tshark

#: Compared in every run, for what they have in them.
ALWAYS = (
    "arkime/tests/pcap/wireshark-retrans.pcap",
    "ipfixprobe/tests/functional/inputs/mixed.pcap",
)
#: tshark reads these formats, and we say that we do not.
OTHER_FORMATS = dict.fromkeys(
    (
        "dnscap/src/test/dns.pcap.zst",
        "libpcap/tests/pcap-invalid-version-2.pcap",
        "pcapplusplus/Tests/ExamplesTest/pcap_examples/solaris.snoop",
    ),
    "another format",
)
FLOWS_DIFFER = OTHER_FORMATS | {
    "arkime/tests/pcap/arkime_synthetic.pcap": "UDP longer than IP, whose ports tshark ignores",
    "libpcap/tests/filter/ipv6_ext_headers.pcap": "more extension headers than we follow",
    "pcapplusplus/Tests/Packet++Test/PacketExamples/NullLoopback.pcap": "no family of any system",
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/null_loopback.pcap": "no family of any system",
    "pcapplusplus/Tests/Packet++Test/PacketExamples/ipv4-malformed.pcap": "IP shorter than itself",
    "tcpdump/tests/ipv4_invalid_total_length_2.pcap": "IP shorter than itself",
    "tcpdump/tests/quic_32_bit_pointer_overflow.pcap": "a jumbogram, of which we make nothing",
    "tcpdump/tests/udp-length-heapoverflow.pcap": "cut off behind its ports, which tshark ignores",
    "tcpdump/tests/bigtcp-ipv4-vxlan-ipv6.pcap": "tshark's community ID is of what is in a tunnel",
}

#: A connection whose two ways, or whose copies, go through VLANs of their own is two flows to us.
VLANS = "other VLANs"
#: What was sent before is a retransmission to us, however soon it comes again; to tshark, what
#: comes within a round trip is out of order.
SENT_BEFORE = "sent before"
#: We count the time from when something was seen to be missing, and tshark from when the newest
#: came: what fills hole after hole is sent again to us, and out of order to it.
HOLES = "holes"
#: The other way about: what was overtaken by less than a round trip is to tshark a retransmission,
#: if it ends where the newest ends, or if its clock goes backwards.
OVERTAKEN = "overtaken"
#: What was acknowledged before it came by is new to us, and a spurious retransmission to tshark.
ACKNOWLEDGED = "acknowledged before"
#: tshark's round trip ends with whatever comes after the SYN/ACK, ours with the ACK of the side
#: that began; and tshark's may do without a SYN/ACK, or with one that came first.
HANDSHAKES = "handshakes"
TCP_DIFFERS = {
    "arkime/tests/pcap/CVE-2018-6794.pcap": HANDSHAKES,
    "arkime/tests/pcap/arkime_synthetic.pcap": "a handshake in no time at all is none to tshark",
    "arkime/tests/pcap/cassandra1.pcap": VLANS,
    "arkime/tests/pcap/http-post-upload.pcap": SENT_BEFORE,
    "arkime/tests/pcap/mongo.pcap": VLANS,
    "arkime/tests/pcap/mpls-basic.pcap": "half of it is in MPLS",
    "arkime/tests/pcap/no-syn-ack.pcap": HANDSHAKES,
    "arkime/tests/pcap/oracle.pcap": VLANS,
    "arkime/tests/pcap/smtp-decrypted.pcap": ACKNOWLEDGED,
    "arkime/tests/pcap/stun.pcap": VLANS,
    "arkime/tests/pcap/tcp-reassembly-synthetic.pcap": OVERTAKEN,
    "arkime/tests/pcap/tcp_handshake_synthetic.pcap": HANDSHAKES,
    "arkime/tests/pcap/tcpseq_synthetic.pcap": HANDSHAKES,
    "arkime/tests/pcap/wireshark-retrans.pcap": SENT_BEFORE,
    "ipfixprobe/tests/functional/inputs/ovpn.pcap": SENT_BEFORE,
    "ipfixprobe/tests/functional/inputs/rtsp.pcap": OVERTAKEN,
    "ipfixprobe/tests/functional/inputs/smtp.pcap": SENT_BEFORE,
    "pcapplusplus/Tests/ExamplesTest/pcap_examples/many-protocols.pcap": OVERTAKEN,
    "pcapplusplus/Tests/Packet++Test/PacketExamples/Bgp_open_malformed.pcap": SENT_BEFORE,
    "pcapplusplus/Tests/Packet++Test/PacketExamples/doipPackets.pcapng": SENT_BEFORE,
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/example.pcap": HOLES,
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/one_tcp_rst.pcap": HANDSHAKES,
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/pcapng-example.pcapng": "times beyond all bounds",
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/raw_ip.pcap": HANDSHAKES,
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/"
    "unidirectional_tcp_stream_with_missing_packet.pcap": HANDSHAKES,
    "tcpdump/tests/bgp-as-path-oobr.pcap": SENT_BEFORE,
    "tcpdump/tests/timestamp_invalid_micro.pcap": "times that are none",
}
ICMP_DIFFERS = {
    "arkime/tests/pcap/dot1ad.pcap": VLANS,
    "arkime/tests/pcap/mpls-basic.pcap": "half of it is in MPLS",
    "dnscap/src/test/dns.pcap.zst": "another format",
}
#: The headers behind IPv6's are cut off or untrue: of what IP does not tell what it carries there
#: is no flow, and so no bytes.
NO_FLOW = "no flow"
HOSTS_DIFFER = OTHER_FORMATS | {
    "libpcap/tests/filter/ipv6_ext_headers.pcap": "more extension headers than we follow",
    "pcapplusplus/Tests/Packet++Test/PacketExamples/NullLoopback.pcap": "no family of any system",
    "pcapplusplus/Tests/Packet++Test/PacketExamples/ipv4-malformed.pcap": "IP shorter than itself",
    "pcapplusplus/Tests/Packet++Test/PacketExamples/ipv4-options.pcap": "a source route",
    "pcapplusplus/Tests/Pcap++Test/PcapExamples/null_loopback.pcap": "no family of any system",
    "tcpdump/tests/hoobr_rt6_print.pcap": NO_FLOW,
    "tcpdump/tests/ipv4_invalid_total_length_2.pcap": "IP shorter than itself",
    "tcpdump/tests/ipv6-next-header-oobr-1.pcap": NO_FLOW,
    "tcpdump/tests/ipv6-srh-tlv-pad1-padn-5-trunc.pcap": NO_FLOW,
    "tcpdump/tests/ipv6_frag6_negative_len.pcap": NO_FLOW,
    "tcpdump/tests/ipv6hdr-heapoverflow.pcap": NO_FLOW,
    "tcpdump/tests/kday1.pcap": "tshark shows no addresses",
    "tcpdump/tests/pgm_opts_asan.pcap": "tshark names nothing that IP carries",
    "tcpdump/tests/quic_32_bit_pointer_overflow.pcap": "a jumbogram, of which we make nothing",
}
DIFFER = {
    "flows": FLOWS_DIFFER,
    "tcp": TCP_DIFFERS,
    "icmp": ICMP_DIFFERS,
    "hosts": HOSTS_DIFFER,
    "attempts": {},
}
#: Seconds that may be lost in rounding.
ROUNDING = 2e-5

#: Of a flow, by its protocol and its ends: packets and bytes, and its community IDs.
Flows = dict[tuple[Any, ...], tuple[int, int, set[str]]]


@pytest.mark.timeout(1200)  # all of them take minutes
def test_what_chefs_tell_is_what_tshark_tells(captures: Path) -> None:
    compared = list(captures_for_tshark(captures, ALWAYS))
    frames = 0
    different: dict[str, dict[str, Any]] = {name: {} for name in DIFFER}
    for path in compared:
        theirs = frames_by_tshark(captures / path)
        frames += len(theirs)
        for name, differ in (
            ("flows", of_flows),
            ("tcp", of_tcp),
            ("icmp", of_icmp),
            ("hosts", of_hosts),
            ("attempts", of_attempts),
        ):
            if what := differ(captures / path, theirs):
                different[name][path] = what
    assert frames > 200
    for name, table in DIFFER.items():
        unexpected = {path: what for path, what in different[name].items() if path not in table}
        assert unexpected == {}, name
        assert set(different[name]) == {path for path in compared if path in table}, name


def of_flows(path: Path, frames: tuple[Frame, ...]) -> dict[Any, Any]:
    ours, theirs = our_flows(path), their_flows(frames)
    for ends, (packets, bytes_, ids) in theirs.items():
        if "" in ids and ends in ours:  # what tshark tells is of what is in a tunnel
            theirs[ends] = packets, bytes_, ours[ends][2]
    return differences(ours, theirs)


def of_tcp(path: Path, frames: tuple[Frame, ...]) -> dict[Any, Any]:
    return differences(our_health(path), their_health(frames))


def of_icmp(path: Path, frames: tuple[Frame, ...]) -> dict[Any, Any]:
    return differences(our_icmp(path), their_icmp(frames))


def our_flows(path: Path) -> Flows:
    """The flows of TCP and UDP that have ports."""
    chef = FlowChef()
    told = [each for packets in batches_of(path) for each in chef.batch_handler(packets)]
    # Another recording begins, however late this one ended.
    told += chef.batch_handler(batch(arp(), arp(), times=[2**61 / 1e9, -START / 1e9]))
    flows: dict[tuple[Any, ...], Any] = defaultdict(lambda: (0, 0, set()))
    for flow in (each["flow"] for each in told if each["flow"]["reason"] != "active"):
        if flow["proto"] in ("tcp", "udp") and "src_port" in flow:
            ends = sorted((flow[f"{end}_ip"], flow[f"{end}_port"]) for end in ("src", "dst"))
            packets, bytes_, ids = flows[flow["proto"], *ends]
            packets += flow["src_packets"] + flow["dst_packets"]
            bytes_ += flow["src_bytes"] + flow["dst_bytes"]
            flows[flow["proto"], *ends] = packets, bytes_, ids | {flow["community_id"]}
    return flows


def their_flows(frames: tuple[Frame, ...]) -> Flows:
    flows: dict[tuple[Any, ...], Any] = defaultdict(lambda: (0, 0, set()))
    for frame in frames:
        proto = frame["carries"]
        if proto in ("tcp", "udp") and frame[f"{proto}.srcport"]:
            ends = sorted((frame[end], int(frame[f"{proto}.{end}port"])) for end in ("src", "dst"))
            packets, bytes_, ids = flows[proto, *ends]
            bytes_ += int(frame["frame.len"])
            flows[proto, *ends] = packets + 1, bytes_, ids | {frame["communityid"]}
    return flows


def our_health(path: Path) -> dict[str, float]:
    chef = TCPHealthChef()
    for packets in batches_of(path):
        chef.batch_handler(packets)
    told = chef.interval_handler()
    totals: dict[str, float] = defaultdict(float)
    for pair in told["tcp_health"]["pairs"] if told else ():
        totals["handshakes"] += pair["handshakes"]
        totals["seconds"] += pair["handshakes"] * pair.get("handshake_mean", 0)
        for end in ("src", "dst"):
            for name in ("retransmissions", "out_of_order", "zero_windows", "resets"):
                totals[name] += pair[f"{end}_{name}"]
    return totals


def their_health(frames: tuple[Frame, ...]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    streams = {}
    for frame in frames:
        if frame["carries"] != "tcp":
            continue
        again = ("retransmission", "fast_retransmission", "spurious_retransmission")
        totals["retransmissions"] += any(frame[f"tcp.analysis.{name}"] for name in again)
        totals["out_of_order"] += bool(frame["tcp.analysis.out_of_order"])
        totals["zero_windows"] += bool(frame["tcp.analysis.zero_window"])
        totals["resets"] += frame["tcp.flags.reset"] in ("1", "True")
        if frame["tcp.analysis.initial_rtt"]:
            streams[frame["tcp.stream"]] = float(frame["tcp.analysis.initial_rtt"])
    totals["handshakes"] = len(streams)
    totals["seconds"] = sum(streams.values())
    return totals


class PatientChef(ICMPChef):
    patience = 1e9


def our_icmp(path: Path) -> dict[str, float]:
    chef = PatientChef()
    for packets in batches_of(path):
        list(chef.batch_handler(packets))
    told = chef.interval_handler()
    totals: dict[str, float] = defaultdict(float)
    if told:
        for protocol, messages in told["icmp"]["messages"].items():
            totals |= {f"{protocol} {name}": count for name, count in messages.items()}
        for echo in told["icmp"]["echoes"]:
            totals["replies"] += echo["replies"]
            totals["seconds"] += echo["replies"] * echo.get("rtt_mean", 0)
    return totals


def their_icmp(frames: tuple[Frame, ...]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for frame in frames:
        for layer, protocol, number in (("icmp", "icmp", 1), ("icmpv6", "icmp6", 58)):
            if frame["carries"] == layer and frame[f"{layer}.type"]:
                totals[f"{protocol} {type_name(number, int(frame[f'{layer}.type'], 0))}"] += 1
                if frame[f"{layer}.resptime"]:
                    totals["replies"] += 1
                    totals["seconds"] += float(frame[f"{layer}.resptime"]) / 1e3
    return totals


def differences(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> dict[Any, Any]:
    pairs = {key: (ours.get(key, 0), theirs.get(key, 0)) for key in {*ours, *theirs}}
    seconds = pairs.get("seconds")
    if seconds and abs(seconds[0] - seconds[1]) <= ROUNDING:
        del pairs["seconds"]
    return {key: (one, other) for key, (one, other) in pairs.items() if one != other}


class _AllTalkersChef(TopTalkersChef):
    """Tells of all hosts, since ever."""

    windows = (9 * 10**9,)
    slot = 9 * 10**9
    size = told = 10_000


def of_hosts(path: Path, theirs: Sequence[Frame]) -> Any:
    """How hosts' bytes and packets differ."""
    chef = _AllTalkersChef()
    for packets in batches_of(path):
        chef.batch_handler(packets)
    told = chef.interval_handler()
    hosts = told["top_talkers"][str(9 * 10**9)]["hosts"] if told else []
    ours = {each["ip"]: (each["bytes"], each["packets"]) for each in hosts}
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for frame in theirs:
        for host in {frame["src"], frame["dst"]}:
            sizes[host] += int(frame["frame.len"])
            counts[host] += 1
    exact = {host: (size, counts[host]) for host, size in sizes.items()}
    return [] if ours == exact else (ours, exact)


class _PatientScanChef(ScanChef):
    """Finds no scan, and forgets no attempt."""

    window = 5e9
    threshold = 10**9


def of_attempts(path: Path, theirs: Sequence[Frame]) -> Any:
    """How the SYNs from hosts to ports differ in number."""
    chef = _PatientScanChef()
    for packets in batches_of(path):
        list(chef.batch_handler(packets))
    table, ours = chef._attempts, Counter[tuple[str, str, int]]()
    for row in table.used().tolist():
        key = table.keys[row]
        assert key is not None
        attempt = attempt_of(key)
        if attempt.proto == "tcp":
            ends = address_text(attempt.src_ip), address_text(attempt.dst_ip)
            ours[*ends, attempt.dst_port] += int(table.data["asked"][row])
    exact = Counter(
        (frame["src"], frame["dst"], int(frame["tcp.dstport"]))
        for frame in theirs
        if frame["carries"] == "tcp" and int(frame["tcp.flags"] or "0", 16) & 0x16 == 0x02
    )
    return [] if ours == exact else (ours - exact, exact - ours)
