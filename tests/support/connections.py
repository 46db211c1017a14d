"""TCP connections and UDP exchanges as packets, made without scapy, by the thousand if need be."""

from __future__ import annotations

import struct
from typing import Final

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16

_ETHERNET: Final = bytes.fromhex("020000000002 020000000001")
_IPV4 = struct.Struct(">BBHHHBBH4s4s")


def address(number: int) -> bytes:
    """An IPv4 address of 10.0.0.0/8."""
    return (10 << 24 | number).to_bytes(4, "big")


def frame(protocol: int, src: bytes, dst: bytes, payload: bytes, vlan: int | None = None) -> bytes:
    """An Ethernet frame with an IPv4 packet. Its checksums are 0, which nobody here looks at."""
    tag = b"" if vlan is None else struct.pack(">HH", 0x8100, vlan)
    header = _IPV4.pack(0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, src, dst)
    return _ETHERNET + tag + b"\x08\x00" + header + payload


def datagram(
    payload: bytes, *, src: int = 1, dst: int = 2, sport: int = 50000, dport: int = 443
) -> bytes:
    """A UDP datagram."""
    header = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0)
    return frame(17, address(src), address(dst), header + payload)


class Connection:
    """A TCP connection; what is sent is returned, as frames, and counted.

    Args:
        client: the last bytes of the client's address.
        server: those of the server's.
        sport: the client's port.
        dport: the server's.
        start: the sequence number of the client's SYN; the server's is another.
        vlan: the VLAN of all frames.
    """

    def __init__(
        self,
        client: int = 1,
        server: int = 2,
        sport: int = 50000,
        dport: int = 443,
        start: int = 1000,
        vlan: int | None = None,
    ) -> None:
        self._ends = ((address(client), sport), (address(server), dport))
        self._next = [start, (start + 2**31) % 2**32]
        self._vlan = vlan

    def open(self) -> list[bytes]:
        """The handshake."""
        return [
            self.segment(0, SYN),
            self.segment(1, SYN | ACK),
            self.segment(0, ACK),
        ]

    def client(self, payload: bytes, flags: int = PSH | ACK) -> bytes:
        """What the client sends."""
        return self.segment(0, flags, payload)

    def server(self, payload: bytes, flags: int = PSH | ACK) -> bytes:
        """What the server sends."""
        return self.segment(1, flags, payload)

    def client_in(self, size: int, payload: bytes) -> list[bytes]:
        """What the client sends, in segments of so many bytes."""
        return [self.client(payload[at : at + size]) for at in range(0, len(payload), size)]

    def server_in(self, size: int, payload: bytes) -> list[bytes]:
        """What the server sends, likewise."""
        return [self.server(payload[at : at + size]) for at in range(0, len(payload), size)]

    def close(self) -> list[bytes]:
        """The end, which the client begins."""
        return [self.client(b"", FIN | ACK), self.server(b"", FIN | ACK), self.client(b"", ACK)]

    def segment(self, side: int, flags: int, payload: bytes = b"") -> bytes:
        """A segment of the client (0) or the server (1)."""
        (src, sport), (dst, dport) = self._ends[side], self._ends[1 - side]
        ack = self._next[1 - side] if flags & ACK else 0
        header = struct.pack(
            ">HHIIBBHHH", sport, dport, self._next[side], ack, 0x50, flags, 65535, 0, 0
        )
        taken = len(payload) + bool(flags & (SYN | FIN))
        self._next[side] = (self._next[side] + taken) % 2**32
        return frame(6, src, dst, header + payload, self._vlan)
