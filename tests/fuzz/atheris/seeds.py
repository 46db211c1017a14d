"""What each target begins with: inputs that are right, or nearly."""

from __future__ import annotations

import gzip
import json

from netdumplings.recording.entries import Entry, Missed
from netdumplings.recording.groups import write_group
from netdumplings.recording.packing import Gzip, Zstd
from support.capture_files import (
    EVERY_BLOCK,
    option,
    pcap,
)
from support.connections import Connection, datagram
from support.hellos import client_hello, crypto_frame, dtls_records, initial, message, records
from support.packets import arp, dns_query, dns_response, icmp, tcp_syn

from .targets import SEPARATOR

_CUT = SEPARATOR + SEPARATOR
_FRAMES = [arp(), dns_query(), dns_response(), icmp(), tcp_syn(53)]
_DUMPLING = json.dumps(
    {
        "metadata": {"chef": "C", "creation_time": 1.5, "driver": "packet", "kitchen": "k"},
        "payload": {"a": [1, None, "é", 1e300, True]},
    }
).encode()
_HELLO = b'{"type":"hello","session":"0123456789abcdef","first":1,"announcement":%s}'
_EATER_HELLO = (
    b'{"type":"hello","announcement":{"eater_name":"e"},"chefs":["A*"],"last":3,'
    b'"resume":{"0123456789abcdef":7},"compression":["zstd"],"token":"t"}'
)
_BATCH = b'{"type":"batch","first":1}\n' + _DUMPLING

_ENTRIES: list[Entry] = [_DUMPLING, Missed(1.5, 3, "slow", "k"), _DUMPLING]
_RECORDING = write_group([], None, 1.5) + write_group(_ENTRIES, {"0123456789abcdef": 7}, 2.5)

_BODY = client_hello(padding=200)
_DTLS = client_hello(legacy=0xFEFD, cookie=b"c")
_GET = b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"
_POST = b"POST http://u@a/ HTTP/1.1\r\nCookie: c\r\nContent-Length: 2\r\n\r\nxy"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n"


def _connection() -> list[bytes]:
    """Packets of TLS, QUIC, DTLS and HTTP."""
    tls, http = Connection(), Connection(sport=2)
    return [
        *tls.open(),
        *tls.client_in(150, records(_BODY)),
        datagram(initial(crypto_frame(0, message(_BODY)), size=700)),
        *(datagram(record) for record in dtls_records(_DTLS, 200)),
        http.client(_GET + _POST),
        http.server(_OK + _CHUNKS),
        *http.close(),
    ]


SEEDS: dict[str, list[bytes]] = {
    "captures": [
        pcap(*_FRAMES),
        EVERY_BLOCK,
        EVERY_BLOCK[:40] + _CUT + EVERY_BLOCK[40:],
        gzip.compress(pcap(*_FRAMES)),
    ],
    "packets": [
        *(b"\0" + frame for frame in _FRAMES),
        b"\0" + _CUT.join(_FRAMES),
        *(bytes([kind]) + frame[14:] for kind in range(1, 11) for frame in _FRAMES[:2]),
        b"\0" + _CUT.join(_connection()),
    ],
    "client_hello": [
        _BODY,
        message(_BODY),
        records(_BODY),
        records(_BODY, 100),
        *dtls_records(_DTLS),
        b"".join(dtls_records(_DTLS, 200)),
    ],
    "quic_initial": [
        initial(crypto_frame(0, message(_BODY)), size=700),
        initial(crypto_frame(0, message(_BODY)), version=0x6B3343CF, token=b"t", size=700),
        crypto_frame(0, message(_BODY)[:100]) + b"\2\0\0\0\0" + crypto_frame(100, b"x" * 50),
    ],
    "http": [
        SEPARATOR.join([b"\0" + _GET, b"\1" + _OK, b"\4" + _POST, b"\5" + _CHUNKS]),
        SEPARATOR.join([b"\0" + _GET[:9], b"\2" + _GET[9:], b"\4" + _GET, b"\1" + _OK]),
    ],
    "peers": [
        SEPARATOR.join([b'{"kitchen_name":"k"}', _DUMPLING, _DUMPLING]),
        b'{"eater_name":"e"}',
        SEPARATOR.join([_HELLO % b'{"kitchen_name":"k"}', _BATCH]),
        SEPARATOR.join([_HELLO % b'{"kitchen_name":"k"}', b'{"type":"counts","counts":{"a":1}}']),
        _EATER_HELLO,
    ],
    "eater_side": [
        SEPARATOR.join(
            [
                b'{"type":"welcome","cursor":{"0123456789abcdef":7},"compression":"deflate"}',
                b'{"type":"batch","cursor":{"0123456789abcdef":8},"history":false}\n' + _DUMPLING,
                b'{"type":"gap","missed":3,"reason":"slow","cursor":{}}',
            ]
        )
    ],
    "interface": [
        b"",
        option(2, b"eth0") + option(9, b"\x09") + option(14, bytes(8)) + option(0, b""),
        option(9, b"\x8a") + option(14, b"\xff" * 8),
    ],
    "recordings": [
        _RECORDING,
        Gzip().pack(_RECORDING) * 2,
        Zstd().pack(_RECORDING),
        b"",
        _DUMPLING,
    ],
    "address": [
        b"localhost:11347",
        b"[::1]:11348",
        b"wss://hub.example:1",
        b"a:1,ws://192.0.2.1:9",
    ],
}
