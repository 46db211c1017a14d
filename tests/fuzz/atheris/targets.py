"""The targets: bytes in, nothing out; whatever is raised is a bug."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import GeneratorType

from netdumplings import Dumpling, dumplingchefs
from netdumplings.capture.pcapng_interface import read_interface
from netdumplings.capture.reader import CaptureReader
from netdumplings.capture.records import MAX_TIME_NS
from netdumplings.exceptions import InvalidAddress, NotACapture, TruncatedCapture
from netdumplings.inflate import Inflater
from netdumplings.packets import PacketBatch, arp_messages, count_layers, dns_questions
from netdumplings.packets.client_hello import ClientHello, message_in, read_client_hello
from netdumplings.packets.columns import ABSENT
from netdumplings.packets.dns import LONGEST_NAME
from netdumplings.packets.dtls import fragments
from netdumplings.packets.fingerprints import fingerprints, ja3, ja4
from netdumplings.packets.http_messages import MOST_WAITING, Exchanges
from netdumplings.packets.quic import crypto_frames, initials
from netdumplings.packets.reassembly import Stretch
from netdumplings.packets.tls_records import ENOUGH, hello_in
from netdumplings.recording.ends import NoRecording, find_end
from netdumplings.recording.entries import fields_of, line_of
from netdumplings.recording.groups import OtherVersion
from netdumplings.recording.packing import Gzip, Zstd
from netdumplings.recording.reading import read_lines
from netdumplings.transport import HubAddress, HubAddresses
from netdumplings.wire import (
    DumplingsReceived,
    EaterPeer,
    EaterSide,
    KitchenPeer,
    Peer,
    Refusal,
    V2EaterPeer,
    V2KitchenPeer,
    check_dumpling,
    eater_hello,
)

#: Parts the messages of a conversation, or the pieces of a file; a byte that JSON cannot have.
SEPARATOR = b"\x1e"

#: Link types, by the first byte of what is to be packets.
_LINK_TYPES = (1, 0, 12, 101, 113, 228, 229, 276, 105, 127, 54321)

logging.getLogger("scapy").setLevel(logging.CRITICAL)


def captures(data: bytes) -> None:
    """A capture file in pieces, gzipped or not: packets, or one of two errors."""
    reader = CaptureReader("fuzz")
    pieces = data.split(SEPARATOR + SEPARATOR)
    found = 0
    told: TruncatedCapture | None
    try:
        if data.startswith(b"\x1f\x8b"):
            with suppress(ValueError):
                pieces = list(Inflater().feed(data))
        for piece in pieces:
            for batch in reader.feed(piece):
                found += len(batch)
                ends = batch.offsets + batch.captured_lengths
                assert ends.max() <= len(batch.buffer)
                assert 0 <= batch.times_ns.min() <= batch.times_ns.max() < MAX_TIME_NS + 2**32
        reader.end()
    except NotACapture:
        assert found == 0
        return
    except TruncatedCapture as error:
        told = error
    else:
        told = None
    if told:
        assert told.packets == found
        assert 0 <= told.offset <= reader.size
    assert reader.packets == found


def packets(data: bytes) -> None:
    """Packets of any link type: columns, layers, DNS, ARP and the chefs in the box."""
    if not data:
        return
    link_type = _LINK_TYPES[data[0] % len(_LINK_TYPES)]
    records = [(0, len(packet), packet) for packet in data[1:].split(SEPARATOR + SEPARATOR)]
    batch = PacketBatch.from_records(link_type, records)
    ends = batch.payload_offsets + batch.payload_lengths
    assert (ends <= batch.captured_lengths).all()
    for column in (batch.ethertypes, batch.ip_protocols, batch.src_ports, batch.tcp_flags):
        assert column.min() >= ABSENT
    assert count_layers(batch)
    assert all(len(name) <= LONGEST_NAME for _, name in dns_questions(batch))
    for message in arp_messages(batch):
        assert all(isinstance(part, str) for part in message[2:])
    for chef in (getattr(dumplingchefs, name)() for name in dumplingchefs.__all__):
        told = list(chef.batch_handler(batch) or ())
        told.append(chef.interval_handler(5.0))
        left = chef.closing_handler()
        for payload in (*told, *(left if isinstance(left, GeneratorType) else [left])):
            text = Dumpling(chef=chef, payload=payload).to_json().encode()
            assert len(text) <= 256 * 1024
            assert check_dumpling(text) is None
    for packet in batch:
        packet.haslayer("DNS")
        packet.summary()


def client_hello(data: bytes) -> None:
    """The beginning of TLS: in records, as a message, in DTLS; and its fingerprints."""
    found = [read_client_hello(data), read_client_hello(data, dtls=True)]
    for told in (hello_in(data), message_in(data)):
        if isinstance(told, int):
            assert len(data) < told <= ENOUGH + 2**14
        else:
            found.append(told)
    found += (read_client_hello(fragment.data, dtls=True) for fragment in fragments(data))
    for hello in found:
        if isinstance(hello, ClientHello):
            assert len(ja4(hello, "t")) == 36
            assert len(ja3(hello)) == 32
            assert fingerprints(hello, "t")[2:] == (ja4(hello, "t"), ja3(hello))


def quic_initial(data: bytes) -> None:
    """A datagram of QUIC, and frames as they are when they are decrypted."""
    from netdumplings.packets.quic_keys import ClientKeys

    for packet in initials(data):
        assert packet.data in data
        payload = ClientKeys(packet.version, packet.dcid).decrypt(packet)
        if payload is not None:
            crypto_frames(payload)
    stretch = Stretch(0, 4096)
    for offset, part in crypto_frames(data):
        assert part in data
        stretch.put(offset, part)
    assert len(stretch.data) <= 4096
    message_in(stretch.data)


def http(data: bytes) -> None:
    """Both sides of a connection, the parts of which begin with a byte that says what is lost."""
    exchanges, limit = Exchanges(), 4096
    stretches = (Stretch(0, limit), Stretch(0, limit))
    sent = [0, 0]
    for part in data.split(SEPARATOR):
        kind, payload = part[0] if part else 0, part[1:]
        side = bool(kind & 1)
        start, sent[side] = sent[side], sent[side] + len(payload)
        if kind & 2:
            continue
        ack = sent[not side] - (kind >> 4 if kind & 8 else 0)
        exchanges.acknowledge(not side, stretches[not side], ack)
        if kind & 4:
            exchanges.resume(side, stretches[side], start, ack)
        if stretches[side].add(start, payload):
            for exchange in exchanges.read(side, stretches[side], ack, 0):
                assert exchange.request or exchange.response
        assert len(exchanges.waiting) <= MOST_WAITING
        assert all(len(stretch.data) <= limit for stretch in stretches)
    assert all(exchange.request for exchange in exchanges.left())


def peers(data: bytes) -> None:
    """A hub's side of a conversation, plain and v2: events, or one refusal."""
    for kind in (KitchenPeer, EaterPeer, V2KitchenPeer, V2EaterPeer):
        _converse(kind(), data.split(SEPARATOR))


def _converse(peer: Peer, messages: list[bytes]) -> None:
    refused = False
    for message in messages:
        for event in peer.receive(message):
            assert not refused
            if isinstance(event, Refusal):
                refused = True
                assert event.reason.isascii()
                assert event.reason.isprintable()
                assert 0 < len(event.reason) <= 123
            elif isinstance(event, DumplingsReceived):
                assert len(event.lines) == len(event.metadata) > 0
                for line in event.lines:
                    assert check_dumpling(line) is None
                    Dumpling.from_json(line.decode())


def eater_side(data: bytes) -> None:
    """An eater's side of a conversation in v2: what a hub would send, or a ValueError."""
    side = EaterSide(eater_hello("fuzz"), encodings=["deflate"])
    for message in data.split(SEPARATOR):
        with suppress(ValueError):
            text: str | bytes = message
            with suppress(UnicodeDecodeError):
                text = message.decode()
            side.receive(text)
        json.loads(side.hello())


def interface(data: bytes) -> None:
    """The description of an interface in a pcapng file, and the times it makes."""
    import numpy as np

    block = bytes(16) + data + bytes(4)
    for order in ("<", ">"):
        with suppress(ValueError):
            described = read_interface(block, order)  # type: ignore[arg-type]
            times = described.times_ns(np.array([0, 1, 2**63, 2**64 - 1], np.uint64))
            assert 0 <= times.min() <= times.max() <= MAX_TIME_NS


def recordings(data: bytes) -> None:
    """A recording of lines, packed or not: what is taken for a dumpling is one, to any reader."""
    for found in read_lines(Path("fuzz"), io.BytesIO(data)):
        if isinstance(found, bytes):
            dumpling = Dumpling.from_json(found)
            assert b"\n" not in found
            assert Dumpling.from_json(line_of(fields_of(found))) == dumpling
    for packed in (None, Gzip(), Zstd()):
        with suppress(NoRecording, OtherVersion):
            end = find_end(io.BytesIO(data), len(data), packed)
            assert 0 <= end.size <= len(data)
            # What is cut off would not be missed: the rest ends where it ends.
            assert find_end(io.BytesIO(data[: end.size]), end.size, packed) == end


def address(data: bytes) -> None:
    """The address of a hub: read, and read back as it is written, or refused."""
    text = data.decode(errors="replace")
    with suppress(InvalidAddress):
        parsed = HubAddress.parse(text)
        assert HubAddress.parse(str(parsed)) == parsed
        assert 1 <= parsed.port <= 65535
        assert parsed.host.isprintable()
    with suppress(InvalidAddress):
        several = HubAddresses.parse(text)
        assert HubAddresses.parse(str(several)) == several
        assert 1 <= len(several) <= 16


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        captures,
        packets,
        client_hello,
        quic_initial,
        http,
        peers,
        eater_side,
        interface,
        recordings,
        address,
    )
}
