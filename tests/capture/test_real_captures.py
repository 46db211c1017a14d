"""On every real capture, our reader and libpcap's give the same packets.

Where they do not, the capture is in a table below, under the reason why they must not. A capture
in a table that they do agree on fails too: the tables say neither more nor less than what is.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest

from netdumplings.capture.linktypes import dlt_of
from support.capture_files import Read, read_all

cypcap = pytest.importorskip("cypcap", reason="cypcap is what our reader is compared with")

NG = "gopacket/pcapgo/tests/{}/test{}.pcapng"
PLUS = "pcapplusplus/Tests/{}"


def _both_orders(*numbers: str) -> set[str]:
    return {NG.format(order, number) for order in ("be", "le") for number in numbers}


#: libpcap has one link type and one snapshot length for a whole file, and gives up where a second
#: interface has others. We give each batch its own link type, and need no snapshot length.
INTERFACES_DIFFER = _both_orders(
    "004", "005", "006", "008", "014", "100", "101", "102", "200", "201", "202"
) | {
    PLUS.format("Packet++Test/PacketExamples/BgpPackets.pcap"),
    PLUS.format("Packet++Test/PacketExamples/GrePackets.pcap"),
    PLUS.format("Packet++Test/PacketExamples/WireGuard.pcap"),
    PLUS.format("Packet++Test/PacketExamples/dns_over_tcp.pcapng"),
    PLUS.format("Packet++Test/PacketExamples/gtp.pcap"),
    PLUS.format("Packet++Test/PacketExamples/gtpv2.pcap"),
    PLUS.format("Packet++Test/PacketExamples/ipsec.pcapng"),
    PLUS.format("Packet++Test/PacketExamples/ipv4-malformed.pcap"),
    PLUS.format("Packet++Test/PacketExamples/ldap.pcapng"),
    PLUS.format("Pcap++Test/PcapExamples/many_interfaces-1.pcapng"),
    PLUS.format("Pcap++Test/PcapExamples/pcapng-example.pcapng"),
    PLUS.format("Pcap++Test/PcapExamples/too_many_interfaces.pcapng"),
}

#: libpcap refuses a pcapng file without an interface; to us it is one without packets.
NO_INTERFACE = _both_orders("002", "017")

#: A simple packet block tells no time. libpcap says 1970, which would have the clock of a replay
#: jump back and forth by decades; we say the time of the packet before it.
NO_TIME = _both_orders("011", "016", "018")

#: A packet with more bytes than the file's header announces as the most: libpcap cuts them off, we
#: give what there is.
LONGER_THAN_SNAPLEN = {
    "libpcap/tests/filter/slip-compressed_sl_print-oobr.pcap",
    "libpcap/tests/filter/slip-sliplink_print-oobr.pcap",
    "tcpdump/tests/802_15_4-oobr-1.pcap",
    "tcpdump/tests/802_15_4_beacon.pcap",
    "tcpdump/tests/bgp_mp_reach_nlri-oobr.pcap",
    "tcpdump/tests/cfm_sender_id-oobr.pcap",
    "tcpdump/tests/dccp_options-oobr.pcap",
    "tcpdump/tests/icmp-icmp_print-oobr-2.pcap",
    "tcpdump/tests/ieee802.11_meshhdr-oobr.pcap",
    "tcpdump/tests/ldp_tlv_print-oobr.pcap",
    "tcpdump/tests/lmp-lmp_print_data_link_subobjs-oobr.pcap",
    "tcpdump/tests/mobility_opt_asan_3.pcap",
    "tcpdump/tests/mobility_opt_asan_4.pcap",
    "tcpdump/tests/pim-packet-assortment.pcap",
    "tcpdump/tests/q933-heapoverflow-2.pcap",
    "tcpdump/tests/smb_print_trans-oobr1.pcap",
    "tcpdump/tests/smb_print_trans-oobr2.pcap",
}

DIFFERENT = INTERFACES_DIFFER | NO_INTERFACE | NO_TIME | LONGER_THAN_SNAPLEN


class Comparison(NamedTuple):
    """What the two readers made of one capture."""

    ours: list[Read]
    our_error: str | None
    theirs: list[Read]
    their_error: str | None

    def same(self) -> bool:
        """Whether both gave the same packets, and both or neither an error."""
        return (
            (self.our_error is None) == (self.their_error is None)
            and len(self.ours) == len(self.theirs)
            and all(map(same, self.ours, self.theirs))
        )


def same(ours: Read, theirs: Read, *, cut_off: bool = False) -> bool:
    """Whether both read the same packet, at the same time but for what a float cannot hold.

    Args:
        cut_off: whether theirs may be just the beginning of ours.
    """
    return (
        (ours.data.startswith(theirs.data) if cut_off else ours.data == theirs.data)
        and ours.wire_length == theirs.wire_length
        and dlt_of(ours.link_type) == theirs.link_type
        and abs(ours.time_ns - theirs.time_ns) <= 1500
    )


@pytest.fixture(scope="module")
def comparisons(captures: Path) -> dict[str, Comparison]:
    with (captures / "INDEX.tsv").open() as index:
        paths = [row["path"] for row in csv.DictReader(index, delimiter="\t")]
    return {path: compare(captures / path) for path in paths}


def compare(path: Path) -> Comparison:
    ours, error = read_all([path.read_bytes()])
    return Comparison(ours, str(error) if error else None, *by_libpcap(path))


def by_libpcap(path: Path) -> tuple[list[Read], str | None]:
    packets: list[Read] = []
    try:
        with cypcap.open_offline(path) as capture:
            link_type = int(capture.datalink())
            for header, data in capture:
                time_ns = round(header.ts * 1e9)
                packets.append(Read(data, time_ns, header.len, link_type))
    except cypcap.Error as error:
        return packets, str(error)
    return packets, None


def test_the_packets_are_the_same_but_where_we_know_better(
    comparisons: dict[str, Comparison],
) -> None:
    assert len(comparisons) > 900
    assert {path for path, both in comparisons.items() if not both.same()} == DIFFERENT


def test_we_read_files_whose_interfaces_differ(comparisons: dict[str, Comparison]) -> None:
    for path in INTERFACES_DIFFER:
        both = comparisons[path]
        assert both.our_error is None, path
        assert "different from the" in str(both.their_error), path
        assert all(map(same, both.ours, both.theirs)), path


def test_we_read_a_file_without_an_interface(comparisons: dict[str, Comparison]) -> None:
    for path in NO_INTERFACE:
        assert comparisons[path].ours == []
        assert comparisons[path].our_error is None
        assert "no Interface Description Blocks" in str(comparisons[path].their_error)


def test_we_give_a_packet_without_a_time_that_of_the_one_before(
    comparisons: dict[str, Comparison],
) -> None:
    for path in NO_TIME:
        both = comparisons[path]
        last = 0
        for ours, theirs in zip(both.ours, both.theirs, strict=True):
            assert same(ours, theirs._replace(time_ns=theirs.time_ns or last)), path
            last = ours.time_ns


def test_we_cut_no_packet_off_at_the_snaplen(comparisons: dict[str, Comparison]) -> None:
    for path in LONGER_THAN_SNAPLEN:
        both = comparisons[path]
        pairs = list(zip(both.ours, both.theirs, strict=True))
        assert all(same(ours, theirs, cut_off=True) for ours, theirs in pairs), path
        assert any(len(ours.data) > len(theirs.data) for ours, theirs in pairs), path
