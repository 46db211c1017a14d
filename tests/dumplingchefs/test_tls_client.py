"""TLSClientChef: what clients say of themselves."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.dumpling import Dumpling
from netdumplings.dumplingchefs import TLSClientChef
from netdumplings.wire import check_dumpling
from support.chef_captures import Merged, merge_captures
from support.connections import SYN, Connection, datagram
from support.examples import examples, thorough
from support.expected_dumplings import assert_as_expected, payloads
from support.hellos import (
    client_hello,
    crypto_frame,
    dtls_records,
    initial,
    message,
    records,
)
from support.memory import memory
from support.packets import START, batch
from support.tshark import run_tshark

T = START / 1e9
HELLO = records(client_hello())
#: A ClientHello as browsers send it, with a key that is safe from quantum computers.
LONG = client_hello(b"long.example", padding=1700)
V2 = 0x6B3343CF


def told(
    *frames: bytes, chef: TLSClientChef | None = None, size: int = 1000
) -> list[dict[str, Any]]:
    """What is told of packets, a millisecond apart, that come in batches of some size."""
    chef = chef or TLSClientChef()
    found: list[dict[str, Any]] = []
    for at in range(0, len(frames), size):
        part = frames[at : at + size]
        times = [(at + place) / 1000 for place in range(len(part))]
        found += (each["tls"] for each in chef.batch_handler(batch(*part, times=times)))
    return found


def names(*frames: bytes, chef: TLSClientChef | None = None, size: int = 1000) -> list[str | None]:
    return [each["sni"] for each in told(*frames, chef=chef, size=size)]


def test_a_client_is_told_with_all_that_it_offers() -> None:
    connection = Connection()
    assert told(*connection.open(), connection.client(HELLO)) == [
        {
            "time": T + 0.003,
            "src_ip": "10.0.0.1",
            "src_port": 50000,
            "dst_ip": "10.0.0.2",
            "dst_port": 443,
            "proto": "tcp",
            "community_id": "1:B4H0bMN0Rih3qr9C82AA7esBYLM=",
            "transport": "tcp",
            "sni": "example.com",
            "alpn": ["h2", "http/1.1"],
            "versions": ["TLS 1.3", "TLS 1.2"],
            "cipher_count": 15,
            "extension_count": 16,
            "ja4": "t13d1516h2_8daaf6152771_e5627efa2ab1",
            "ja3": "c000e2caf3a25423f9de6c8a4b12a975",
        }
    ]


def test_a_client_that_names_no_server_and_no_versions() -> None:
    body = client_hello(None, (), [0x2F, 0x3A3A], [10, 0xFAFA], (), legacy=0x0301)
    (hello,) = told(Connection().client(records(body)))
    assert hello["sni"] is None
    assert hello["alpn"] == []
    assert hello["versions"] == ["TLS 1.0"]
    assert (hello["cipher_count"], hello["extension_count"]) == (1, 1)


def test_versions_have_their_names_and_grease_is_none() -> None:
    body = client_hello(versions=[0x1A1A, 0x0304, 0x7F1C, 0x0300])
    (hello,) = told(Connection().client(records(body)))
    assert hello["versions"] == ["TLS 1.3", "0x7f1c", "SSL 3.0"]


def test_the_vlan_is_told() -> None:
    (hello,) = told(Connection(vlan=7).client(HELLO))
    assert hello["vlan"] == 7


def test_names_of_hostile_bytes_are_escaped_and_cut() -> None:
    sni, protocol = b"\xff\x1b[A" + b"x" * 300, b"\0" + b"y" * 254
    (hello,) = told(Connection().client(records(client_hello(sni, [protocol] * 40))))
    assert hello["sni"] == "\\xff\x1b[A" + "x" * 249
    assert hello["alpn"] == ["\0" + "y" * 254] * 16


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("part", [1, 5, 100, 1400])
def test_a_hello_in_several_segments_is_told_with_the_last(part: int, size: int) -> None:
    connection = Connection()
    body = LONG if part >= 100 else client_hello(b"long.example")
    frames = [*connection.open(), *connection.client_in(part, records(body))]
    (hello,) = told(*frames, connection.client(b"more"), size=size)
    assert hello["sni"] == "long.example"
    assert round(hello["time"] - T, 3) == (len(frames) - 1) / 1000


@pytest.mark.parametrize("size", [1, 100])
def test_a_hello_whose_segments_come_in_another_order_is_told(size: int) -> None:
    connection = Connection()
    handshake = connection.open()
    parts = connection.client_in(300, records(LONG, 700))
    frames = [*handshake, *reversed(parts)]
    assert names(*frames, size=size) == ["long.example"]


def test_a_hello_is_found_though_its_connection_was_opened_unseen() -> None:
    connection = Connection()
    assert names(connection.client(HELLO)) == ["example.com"]
    assert names(*connection.client_in(100, HELLO)) == ["example.com"]


def test_a_hello_of_which_a_part_is_lost_is_not_told() -> None:
    connection = Connection()
    handshake = connection.open()
    first, _, *rest = connection.client_in(300, records(LONG))
    chef = TLSClientChef()
    assert names(*handshake, first, *rest, chef=chef) == []
    other = Connection(sport=50001)
    assert names(*other.open(), other.client(HELLO), chef=chef) == ["example.com"]


@pytest.mark.parametrize("size", [1, 100])
def test_what_is_sent_again_is_told_once(size: int) -> None:
    connection = Connection()
    handshake = connection.open()
    parts = connection.client_in(200, HELLO)
    frames = [*handshake, *parts, parts[-1], *parts, *handshake[1:], *parts]
    assert names(*frames, *frames, size=size) == ["example.com"]


def test_a_client_that_is_asked_for_another_hello_is_told_twice() -> None:
    """HelloRetryRequest: RFC 8446 section 4.1.4."""
    connection = Connection()
    frames = [connection.client(HELLO), connection.server(b"\x16\x03\x03\0\x04\x02\0\0\0")]
    assert len(told(*frames, connection.client(HELLO))) == 2


def test_tls_that_begins_later_is_told() -> None:
    """STARTTLS, and what passes through a proxy."""
    connection = Connection(dport=25)
    frames = [
        *connection.open(),
        connection.server(b"220 mail.example\r\n"),
        connection.client(b"STARTTLS\r\n"),
        connection.server(b"220 go ahead\r\n"),
        *connection.client_in(200, HELLO),
    ]
    assert names(*frames) == names(*frames, size=1) == ["example.com"]


def test_a_hello_is_told_though_what_came_before_it_was_lost() -> None:
    connection = Connection(dport=25)
    handshake = connection.open()
    connection.client(b"STARTTLS\r\n")
    assert names(*handshake, connection.client(HELLO), size=1) == ["example.com"]


@pytest.mark.parametrize("size", [1, 100])
def test_a_hello_is_told_though_a_part_of_the_one_before_it_was_lost(size: int) -> None:
    connection = Connection()
    first, _ = connection.client_in(1300, records(LONG))
    assert names(first, connection.client(HELLO), size=size) == ["example.com"]


def test_connections_between_the_same_ports_are_told_each() -> None:
    first, second = Connection(), Connection(start=77)
    frames = [*first.open(), *first.client_in(300, records(LONG))[:-1], *second.open()]
    assert names(*frames, second.client(HELLO)) == ["example.com"]
    assert names(*frames, second.client(HELLO), size=1) == ["example.com"]


def test_other_protocols_are_none() -> None:
    connection = Connection()
    frames = [
        *connection.open(),
        connection.client(b"GET / HTTP/1.1\r\n\r\n"),
        connection.server(HELLO[:5] + b"\x02" + HELLO[6:]),
        connection.client(b"\x16\x03\x01\x00\x00"),
        datagram(HELLO),
    ]
    assert told(*frames) == []


@pytest.mark.parametrize("size", [1, 1000])
def test_many_clients_at_a_time_in_whatever_order(size: int) -> None:
    chance = random.Random(3)
    queues, expected = [], set()
    for number in range(60):
        connection = Connection(client=number, start=chance.randrange(2**32))
        name = b"%d.example" % number
        data = records(client_hello(name, padding=chance.randrange(1500)), 600)
        handshake, parts = connection.open(), connection.client_in(chance.choice((50, 1400)), data)
        chance.shuffle(parts)
        queues.append(handshake + parts)
        expected.add(name.decode())
    frames = []
    while queues:
        queue = chance.choice(queues)
        frames.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    found = names(*frames, size=size)
    assert len(found) == len(expected)
    assert set(found) == expected


class TestQUIC:
    @pytest.fixture(autouse=True)
    def _cryptography(self) -> None:
        pytest.importorskip("cryptography", reason="without it nothing is told of QUIC")

    @pytest.mark.parametrize("version", [1, V2])
    def test_a_client_is_told(self, version: int) -> None:
        frame = datagram(
            initial(crypto_frame(0, message(client_hello(alpn=[b"h3"]))), version=version)
        )
        (hello,) = told(frame)
        assert hello["transport"] == "quic"
        assert hello["proto"] == "udp"
        assert (hello["src_port"], hello["dst_port"]) == (50000, 443)
        assert hello["sni"] == "example.com"
        assert hello["ja4"] == "q13d1516h3_8daaf6152771_e5627efa2ab1"

    @pytest.mark.parametrize("size", [1, 100])
    def test_a_hello_in_frames_of_several_datagrams_in_any_order_is_told(self, size: int) -> None:
        data = message(LONG)
        frames = [crypto_frame(at, data[at : at + 100]) for at in range(0, len(data), 100)]
        random.Random(1).shuffle(frames)
        packets = [
            datagram(initial(b"\x01\0".join(frames[at : at + 5]), number=at))
            for at in range(0, len(frames), 5)
        ]
        (hello,) = told(*packets, *packets, size=size)
        assert hello["sni"] == "long.example"
        assert round(hello["time"] - T, 3) == (len(packets) - 1) / 1000

    def test_a_hello_that_goes_on_once_the_server_has_answered_is_told(self) -> None:
        """Packets then go to the identifier that the server chose; the keys stay."""
        data, dcid = message(LONG), b"original"
        first = initial(crypto_frame(0, data[:900]), dcid, scid=b"client__")
        answer = initial(b"\x02\0\0\0\0", b"client__", keys_of=dcid, side=b"server in")
        second = initial(crypto_frame(900, data[900:]), b"server__", keys_of=dcid)
        back = datagram(answer, src=2, dst=1, sport=443, dport=50000)
        assert names(datagram(first), back, datagram(second)) == ["long.example"]

    def test_what_follows_a_retry_is_not_told_again(self) -> None:
        data = crypto_frame(0, message(client_hello()))
        frames = [datagram(initial(data)), datagram(initial(data, b"new_dcid", token=b"token"))]
        assert len(told(*frames)) == 1
        assert len(told(frames[1])) == 1

    def test_another_connection_between_the_same_ports_is_told(self) -> None:
        data = crypto_frame(0, message(client_hello()))
        frames = [datagram(initial(data, dcid)) for dcid in (b"first___", b"second__", b"first___")]
        assert len(told(*frames[:2])) == 2

    def test_what_does_not_decrypt_is_passed_over(self) -> None:
        data = crypto_frame(0, message(client_hello()))
        frames = [
            datagram(initial(data, keys_of=b"other___")),
            datagram(initial(b"\x01")),
            datagram(initial(data)),
        ]
        assert names(*frames) == ["example.com"]

    def test_without_cryptography_that_is_said_once_and_the_rest_is_told(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setitem(sys.modules, "cryptography", None)
        monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
        monkeypatch.delitem(sys.modules, "netdumplings.packets.quic_keys", raising=False)
        chef = TLSClientChef()
        quic = datagram(initial(crypto_frame(0, message(client_hello()))))
        with caplog.at_level(logging.WARNING):
            assert names(Connection().client(HELLO), chef=chef) == ["example.com"]
            assert caplog.messages == []
            frames = [quic, Connection(sport=1).client(HELLO), quic]
            assert names(*frames, chef=chef, size=1) == ["example.com"]
        (said,) = caplog.messages
        assert "leaves QUIC out" in said
        assert "netdumplings[menu]" in said


def test_a_client_of_dtls_is_told_once_with_and_without_its_cookie() -> None:
    bodies = [client_hello(legacy=0xFEFD, versions=(), cookie=cookie) for cookie in (b"", b"yes")]
    frames = [
        datagram(record, dport=5684)
        for number, body in enumerate(bodies)
        for record in dtls_records(body, number=number)
    ]
    (hello,) = told(*frames)
    assert hello["transport"] == "dtls"
    assert hello["dst_port"] == 5684
    assert hello["versions"] == ["DTLS 1.2"]
    assert hello["ja4"].startswith("dd2d1515h2_")


@pytest.mark.parametrize("size", [1, 100])
def test_fragments_of_dtls_are_put_together(size: int) -> None:
    body = client_hello(legacy=0xFEFF, cookie=b"")
    frames = [datagram(record) for record in reversed(dtls_records(body, 60))]
    assert names(*frames, *frames, size=size) == ["example.com"]


@pytest.mark.parametrize(
    "name",
    [
        "arkime/tests/pcap/tls-split-client-hello.pcap",
        "arkime/tests/pcap/smtp-starttls.pcap",
        "arkime/tests/pcap/socks-https-example.pcap",
        "arkime/tests/pcap/quicietf.pcap",
        "arkime/tests/pcap/wireshark-dtls12.pcap",
        "ipfixprobe/tests/functional/inputs/quic_initial-sample.pcap",
        "pcapplusplus/Tests/Packet++Test/PacketExamples/tls_grease.pcap",
    ],
)
def test_real_captures_are_told_as_expected(captures: Path, name: str) -> None:
    assert_as_expected(TLSClientChef, captures / name, "tls_client")


#: Of captures that are here too, what the authors of JA4 have in their own tests
#: (https://github.com/FoxIO-LLC/ja4, rust/ja4/src/snapshots).
PUBLISHED = {
    "https-connect.pcap": ["t12i860500_e18388e7f3a3_a1e935682795"],
    "https3-301-get.pcap": ["t10d230100_6a57a6f57151_000000000000"],
    "socks-https-example.pcap": ["t10d230100_6a57a6f57151_000000000000"] * 3,
    "tls-alpn-h2.pcap": ["t12d4605h2_85626a9a5f7f_aaf95bb78ec9"],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_real_captures_have_the_fingerprints_that_were_published(captures: Path, name: str) -> None:
    found = payloads(TLSClientChef(), captures / "arkime/tests/pcap" / name)
    assert [payload["tls"]["ja4"] for payload in found] == PUBLISHED[name]


FIELDS = (
    "frame.number", "tls.handshake.extensions_server_name",
    "dtls.handshake.extensions_server_name", "tls.handshake.extensions_alpn_str",
    "tls.handshake.ja3", "dtls.handshake.ja3", "tls.handshake.ja4", "dtls.handshake.ja4",
)  # fmt: skip
#: Captures of which we do not tell what tshark tells.
DIFFERENT = {
    "arkime/tests/pcap/wireshark-dtls0.pcap": "DTLS from before RFC 4347, which is version 0x0100",
    "arkime/tests/pcap/wireshark-dtls12.pcap": "with its cookie it is the same client: told once",
    "pcapplusplus/Tests/Packet++Test/PacketExamples/ipv4-malformed.pcap": (
        "IPv4 claims fewer bytes than its own header: tshark reads no further"
    ),
    "pcapplusplus/Tests/Packet++Test/PacketExamples/ssl-malformed1.pcap": (
        "an extension is broken: tshark makes a JA3 of what comes before, without the last commas"
    ),
}
#: Likewise, where tshark is older than 4.2, and knows no JA4.
DIFFERENT_IF_OLDER = {
    **{path: reason for path, reason in DIFFERENT.items() if "ssl-malformed1" not in path},
    "arkime/tests/pcap/https2-301-get.pcap": "it takes what SSL 2.0 has for a ClientHello too",
    "tcpdump/tests/quic_vn.pcap": "it does not find the ClientHello in this CRYPTO frame",
}


class Compared(NamedTuple):
    """What is compared of a ClientHello; of a fingerprint that is empty, nothing."""

    sni: str
    protocols: str
    ja3: str
    ja4: str

    def agrees(self, other: Compared) -> bool:
        pairs = ((self.ja3, other.ja3), (self.ja4, other.ja4))
        same = all(ours == theirs for ours, theirs in pairs if ours and theirs)
        return same and self[:2] == other[:2]


def test_tshark_tells_the_same_of_all_real_captures(captures: Path, tmp_path: Path) -> None:
    """The names, protocols and fingerprints, frame by frame."""
    merged = merge_captures(captures, tmp_path / "merged.pcap")
    ours, theirs = by_us(merged), by_tshark(merged)
    assert len(theirs) > 400
    differ = theirs.keys() ^ ours.keys()
    both = theirs.keys() & ours.keys()
    differ |= {frame for frame in both if not ours[frame].agrees(theirs[frame])}
    is_older = not any(hello.ja4 for hello in theirs.values())
    expected = DIFFERENT_IF_OLDER if is_older else DIFFERENT
    assert {merged.paths[frame - 1] for frame in differ} == set(expected)


def by_us(merged: Merged) -> dict[int, Compared]:
    """What we tell, by the numbers of frames."""
    return {
        round(hello["time"] * 1000) + 1: Compared(
            hello["sni"] or "", ",".join(hello["alpn"]), hello["ja3"], hello["ja4"]
        )
        for payload in TLSClientChef().batch_handler(merged.packets)
        for hello in [payload["tls"]]
    }


def by_tshark(merged: Merged) -> dict[int, Compared]:
    """What tshark tells. Its older versions have no JA4, and not of each ClientHello a JA3."""
    hellos = "tls.handshake.type == 1 or dtls.handshake.type == 1"
    rows = run_tshark(merged.file, FIELDS, "-Y", hellos)

    def first(row: dict[str, list[str]], field: str) -> str:
        return "".join((row[f"tls.handshake.{field}"] or row[f"dtls.handshake.{field}"])[:1])

    return {
        int(row["frame.number"][0]): Compared(
            first(row, "extensions_server_name"),
            ",".join(row["tls.handshake.extensions_alpn_str"]),
            first(row, "ja3"),
            first(row, "ja4"),
        )
        for row in rows
    }


def unfinished(number: int) -> list[bytes]:
    connection = Connection(client=number)
    return [connection.segment(0, SYN), connection.client(records(LONG)[:1200])]


def finished(number: int) -> list[bytes]:
    return [Connection(client=number).client(HELLO)]


def opened(number: int) -> list[bytes]:
    return [Connection(client=number).segment(0, SYN)]


def quic_unfinished(number: int) -> list[bytes]:
    return [datagram(QUIC_PART, src=number)]


def dtls_unfinished(number: int) -> list[bytes]:
    return [datagram(DTLS_PART, src=number)]


QUIC_PART = initial(crypto_frame(0, message(LONG)[:1000]))
DTLS_PART = dtls_records(client_hello(legacy=0xFEFD, cookie=b"", padding=2000), 1200)[0]
#: What is said to be its bound in memory, and what Python may take besides.
BOUND = 50 * 2**20 + 14 * 2**20


@pytest.mark.parametrize(
    ("crowd", "count"),
    [
        (unfinished, 12_000),
        (finished, 6_000),
        (opened, 20_000),
        (quic_unfinished, 5_000),
        (dtls_unfinished, 8_000),
    ],
)
def test_memory_stays_in_its_bound_however_many_clients_there_are(
    crowd: Callable[[int], list[bytes]], count: int
) -> None:
    """With the profile "thorough" they are a million."""
    chef = TLSClientChef()
    count = 1_000_000 if thorough() else count
    before, told_of = memory(), 0
    for start in range(0, count, 1000):
        frames = [frame for number in range(start, start + 1000) for frame in crowd(number)]
        told_of += len(told(*frames, chef=chef, size=len(frames)))
        assert memory() - before < BOUND
    assert told_of == (count if crowd is finished else 0)
    if crowd in (unfinished, quic_unfinished, dtls_unfinished):
        (hello,) = told(Connection(client=count).client(HELLO), chef=chef)
        assert hello["hellos_forgotten"] > 100


@examples(2)
@given(st.data())
def test_damaged_packets_never_make_it_raise_and_its_dumplings_can_be_sent(
    data: st.DataObject,
) -> None:
    connection = Connection()
    frames = [
        *connection.open(),
        *connection.client_in(300, records(LONG)),
        datagram(initial(crypto_frame(0, message(client_hello())))),
        *(
            datagram(record)
            for record in dtls_records(client_hello(legacy=0xFEFD, cookie=b""), 100)
        ),
    ]
    chef = TLSClientChef()
    for _ in range(data.draw(st.integers(1, 8))):
        frame = bytearray(data.draw(st.sampled_from(frames)))
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(12, len(frame) - 1))
            frame[at : at + 2] = data.draw(st.binary(min_size=1, max_size=3))
        for payload in chef.batch_handler(batch(bytes(frame[: data.draw(st.integers(1, 1500))]))):
            assert check_dumpling(Dumpling(chef=chef, payload=payload).to_json().encode()) is None
