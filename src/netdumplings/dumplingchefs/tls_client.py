"""Tells what TLS clients say of themselves before anything is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import attrgetter
from typing import Any, ClassVar, Final

from ..chef import DumplingChef
from ..packets import PacketBatch
from ..packets.client_hello import is_grease
from ..packets.fingerprints import fingerprints
from ..packets.flows import fields_of
from .datagram_hellos import DTLSHellos, QUICHellos
from .stream_hellos import FoundHello, StreamHellos

#: Characters of a name that is told, and protocols of a list.
NAME: Final = 256
PROTOCOLS: Final = 16
_JA4_LETTERS: Final = {"tcp": "t", "quic": "q", "dtls": "d"}
_VERSIONS: Final = {
    0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3",
    0xFEFF: "DTLS 1.0", 0xFEFD: "DTLS 1.2", 0xFEFC: "DTLS 1.3",
}  # fmt: skip


class TLSClientChef(DumplingChef):
    """Tells which server each TLS client asks for, what it offers, and its fingerprint.

    Per ClientHello, in TCP on any port, in QUIC (versions 1, 2 and draft 29) or in DTLS:
    ``{"tls": {"time": epoch seconds, "src_ip", "src_port", "dst_ip", "dst_port", "proto": "tcp" |
    "udp", "community_id", "transport": "tcp" | "quic" | "dtls", "sni": name | null, "alpn": [...],
    "versions": ["TLS 1.3", ...], "cipher_count": ..., "extension_count": ..., "ja4": ..., "ja3":
    ...}}``, with ``"vlan"`` where there is one. GREASE values (RFC 8701) are left out of all that.

    What takes several packets is put together, in whatever order they come, as long as it is not
    larger than 32 KiB. It remembers of each transport 8 MiB of parts, for a minute; 16384
    connections that were opened, and as many that it told of: some 50 MiB in all, if somebody is
    out to fill it. Once parts had to make way, ``"hellos_forgotten"`` says how many times. Of QUIC
    it tells nothing without the package cryptography (the extra ``menu``), and says so once in the
    log.
    """

    by_request = True
    display: ClassVar = {
        "title": "TLS clients",
        "view": "table",
        "of": ["tls"],
        "columns": ["time", "src_ip", "dst_ip", "sni", "alpn", "versions", "ja4"],
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._transports = (StreamHellos(), QUICHellos(), DTLSHellos())

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell of the ClientHellos that are complete with these packets."""
        found = chain.from_iterable(each.read(packets) for each in self._transports)
        for hello in sorted(found, key=attrgetter("place")):
            told = _told(hello, int(packets.times_ns[hello.place]) / 1e9)
            forgotten = sum(each.forgotten for each in self._transports)
            if forgotten:
                told["hellos_forgotten"] = forgotten
            yield {"tls": told}


def _told(found: FoundHello, time: float) -> dict[str, Any]:
    hello, transport = found.hello, found.transport
    return {
        "time": time,
        **fields_of(*found.stream),
        "transport": transport,
        "sni": None if hello.sni is None else _text(hello.sni),
        "alpn": [_text(name) for name in hello.alpn[:PROTOCOLS]],
        "versions": [
            _VERSIONS.get(version, f"0x{version:04x}")
            for version in hello.versions or (hello.version,)
            if not is_grease(version)
        ][:PROTOCOLS],
        **fingerprints(hello, _JA4_LETTERS[transport])._asdict(),
    }


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")[:NAME]
