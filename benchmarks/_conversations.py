"""A capture of conversations, as a small network has them: made up, and always the same.

Some hundred hosts look up names and then talk: TLS over TCP, QUIC, plain HTTP, calls of video, SSH,
pings, ARP, NTP. Connections begin with a handshake and end with FINs, a few with a RST or not at
all; now and then a segment is lost and sent again, or comes late. ClientHellos, DNS messages and
HTTP heads are real ones, of some hundred names. How much a conversation carries is distributed as
it mostly is, with a heavy tail: most carry little, and a few carry most of all. What is encrypted
is random bytes, but for the first packet of QUIC, which is encrypted as RFC 9001 says.

Bias: the clock runs fast, so that a capture of seconds has as many conversations as a minute would;
what is remembered for minutes is so in part only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from struct import Struct
from typing import Final

from _frames import ACK, FIN, NOTHING, PSH, RST, SYN, Host, Payload, arp, echo, host, tcp, udp
from _hellos import client_hello, initial, tls_record

#: Of a thousand conversations, how many are of each kind: in an office, and where some machines
#: mostly move large files.
OFFICE: Final = {
    "TLS": 360, "QUIC": 160, "HTTP": 40, "DNS alone": 200, "call": 12, "SSH": 8, "ping": 40,
    "ARP": 130, "NTP": 60,
}  # fmt: skip
TRANSFERS: Final = {
    "TLS": 460, "QUIC": 60, "HTTP": 120, "DNS alone": 150, "call": 0, "SSH": 20, "ping": 40,
    "ARP": 100, "NTP": 50,
}  # fmt: skip
#: Packets a second by the capture's own clock.
PACKETS_PER_SECOND: Final = 20_000

_SEGMENT: Final = 1448
_NAMES: Final = 150
_FILE_HEADER: Final = Struct("<IHHiIII").pack(0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
_RECORD_HEADER: Final = Struct("<IIII")
_START: Final = 1_700_000_000
Packets = Iterator[tuple[float, bytes]]


def write_conversations(
    path: Path, packets: int, seed: int = 0, *, shares: Mapping[str, int] = OFFICE, scale: float = 1
) -> None:
    """Write a pcap file of conversations.

    Args:
        path: the file.
        packets: how many packets.
        shares: how often conversations of each kind begin.
        scale: how much is carried, as a multiple of what an office does.
        seed: the same one gives the same file.
    """
    town = _Town(random.Random(seed), shares, scale)
    span = packets / PACKETS_PER_SECOND
    made: list[tuple[float, int, bytes]] = []
    while len(made) < packets:
        for _ in range(100):
            begin = town.chance.uniform(-0.1 * span, span)
            for time, frame in town.conversation(begin):
                if 0 <= time < span:
                    made.append((time, len(made), frame))
    made = sorted(made)[:packets]
    with path.open("wb") as file:
        file.write(_FILE_HEADER)
        for time, _, frame in made:
            seconds = int(time)
            micros = int((time - seconds) * 1e6)
            file.write(_RECORD_HEADER.pack(_START + seconds, micros, len(frame), len(frame)))
            file.write(frame)


class _Town:
    """The hosts, what they look for, and what they carry."""

    def __init__(self, chance: random.Random, shares: Mapping[str, int], scale: float) -> None:
        self.chance = chance
        self._kinds, self._weights = list(shares), list(shares.values())
        self._scale = scale
        self._router = "00:00:5e:00:53:fe"
        self._clients = [
            (host(f"00:00:5e:00:53:{n:02x}", f"10.0.0.{n}"),
             host(f"00:00:5e:00:53:{n:02x}", f"2001:db8::{n:x}"))
            for n in range(1, 121)
        ]  # fmt: skip
        self._sites = [self._site(n) for n in range(_NAMES)]
        self._resolver = host("00:00:5e:00:53:fd", "10.0.0.253")
        self._full = [Payload(_data(chance, _SEGMENT)) for _ in range(40)]
        self._parts = [Payload(_data(chance, chance.randint(60, 1200))) for _ in range(80)]
        self._quic = [Payload(b"\x40" + chance.randbytes(1231)) for _ in range(40)]
        self._quic_acks = [
            Payload(b"\x40" + chance.randbytes(chance.randint(25, 60))) for _ in range(40)
        ]
        self._media = [Payload(b"\x80\x60" + chance.randbytes(n * 9 + 150)) for n in range(100)]
        self._ping = Payload(bytes(range(56)))
        self._ntp = Payload(b"\x23" + bytes(47))
        self._makers: dict[str, Callable[[float], Packets]] = {
            "TLS": self._tls, "QUIC": self._over_quic, "HTTP": self._http,
            "DNS alone": self._lookup, "call": self._call, "SSH": self._ssh, "ping": self._pings,
            "ARP": self._arp, "NTP": self._time,
        }  # fmt: skip

    def conversation(self, begin: float) -> Packets:
        """One, of any kind: when each packet comes, and its bytes."""
        (kind,) = self.chance.choices(self._kinds, weights=self._weights)
        return self._makers[kind](begin)

    def _site(self, number: int) -> tuple[str, Host, Host]:
        label = "".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz", k=8))
        name = f"{self.chance.choice(('www', 'cdn', 'api', 'img'))}.{label}.example"
        four = f"198.51.{100 + number // 250}.{number % 250 + 1}"
        return name, host(self._router, four), host(self._router, f"2001:db8:1::{number + 1:x}")

    def _pair(self) -> tuple[str, Host, Host]:
        """A name, a client and the server of that name; one of three talks IPv6."""
        name, four, six = self.chance.choice(self._sites)
        client = self.chance.choice(self._clients)
        return (name, client[1], six) if self.chance.random() < 0.33 else (name, client[0], four)

    def _port(self) -> int:
        return self.chance.randint(32768, 60999)

    def _tls(self, at: float) -> Packets:
        name, client, server = self._pair()
        if self.chance.random() < 0.4:
            yield from self._asked(at, name, client)
        hello = Payload(tls_record(client_hello(name, self.chance.randbytes(32))))
        answer = [*self.chance.sample(self._full, 2), self.chance.choice(self._parts)]
        talk = [(True, [hello]), (False, answer), (True, [self.chance.choice(self._parts)])]
        for _ in range(self.chance.choice((1, 2, 4, 8))):
            size = self._amount()
            talk += [(True, [self.chance.choice(self._parts)]), (False, self._body(size))]
        yield from self._connection(at + 0.03, client, server, 443, talk)

    def _http(self, at: float) -> Packets:
        name, client, server = self._pair()
        yield from self._asked(at, name, client)
        talk = []
        for number in range(self.chance.choice((1, 2, 5))):
            body = self._body(self._amount())
            size = sum(len(part.data) for part in body)
            asked = (
                f"GET /pictures/{number}?of=this HTTP/1.1\r\nHost: {name}\r\n"
                "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n"
                "Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n"
            )
            told = (
                "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: image/png\r\n"
                f"Content-Length: {size}\r\nCache-Control: max-age=600\r\n\r\n"
            )
            talk.append((True, [Payload(asked.encode())]))
            talk.append((False, [Payload(told.encode()), *body]))
        yield from self._connection(at + 0.03, client, server, 80, talk)

    def _ssh(self, at: float) -> Packets:
        _, client, server = self._pair()
        talk = [(True, [Payload(b"SSH-2.0-OpenSSH_9.9\r\n")])]
        for _ in range(60):
            talk += [(True, [self._quic_acks[0]]), (False, [self.chance.choice(self._quic_acks)])]
        yield from self._connection(at, client, server, 22, talk)

    def _amount(self) -> int:
        """How many segments are carried, by a distribution of Pareto, cut off at 3000."""
        return min(3000, int(self._scale * 3 * self.chance.paretovariate(1.1)))

    def _body(self, segments: int) -> list[Payload]:
        return [*self.chance.choices(self._full, k=segments - 1), self.chance.choice(self._parts)]

    def _connection(
        self, at: float, client: Host, server: Host, port: int,
        talk: list[tuple[bool, list[Payload]]],
    ) -> Packets:  # fmt: skip
        """TCP: a handshake, what is said in turns (True by the client), and an end."""
        ends, ports = (server, client), (port, self._port())
        chance, rtt = self.chance, self.chance.uniform(0.004, 0.08)
        sent = [chance.getrandbits(32), chance.getrandbits(32)]

        def segment(by: int, flags: int, payload: Payload = NOTHING) -> bytes:
            return tcp(
                ends[by], ends[1 - by], (ports[by], ports[1 - by]), sent[by],
                sent[1 - by] if flags & ACK else 0, flags, payload,
            )  # fmt: skip

        yield at, segment(1, SYN)
        sent[1] += 1
        at += rtt
        yield at, segment(0, SYN | ACK)
        sent[0] += 1
        yield at + 0.0001, segment(1, ACK)
        for by_client, payloads in talk:
            at += rtt if by_client else rtt / 2
            by = int(by_client)
            for number, payload in enumerate(payloads):
                at += 0.0002
                last = number == len(payloads) - 1
                frame = segment(by, ACK | PSH if last else ACK, payload)
                luck = chance.random()
                # Of a thousand, two come late, and two are seen twice.
                yield at + (0.001 if luck < 0.002 else 0), frame
                if luck > 0.998:
                    yield at + 2 * rtt, frame
                sent[by] += len(payload.data)
                if number % 2 or last or self.chance.random() < 0.2:
                    yield at + 0.0001, segment(1 - by, ACK)
        at += rtt
        end = chance.random()
        if end < 0.05:
            yield at, segment(1, RST | ACK)
        elif end < 0.9:
            yield at, segment(1, FIN | ACK)
            sent[1] += 1
            yield at + rtt, segment(0, FIN | ACK)
            sent[0] += 1
            yield at + rtt + 0.0001, segment(1, ACK)

    def _over_quic(self, at: float) -> Packets:
        name, client, server = self._pair()
        yield from self._asked(at, name, client)
        at += 0.03
        up = (self._port(), 443)
        down = up[::-1]
        first = initial(client_hello(name, self.chance.randbytes(32)), self.chance.randbytes(8))
        yield at, udp(client, server, up, Payload(first))
        for number in range(3 + 2 * self._amount()):
            at += 0.0005
            yield at, udp(server, client, down, self.chance.choice(self._quic))
            if number % 3 == 0:
                yield at + 0.0001, udp(client, server, up, self.chance.choice(self._quic_acks))

    def _call(self, at: float) -> Packets:
        (client, _), (other, _) = self.chance.sample(self._clients, 2)
        ports = (self._port(), self._port())
        for _ in range(400):
            at += 0.01
            yield at, udp(client, other, ports, self.chance.choice(self._media))
            yield at + 0.004, udp(other, client, ports[::-1], self.chance.choice(self._media))

    def _lookup(self, at: float) -> Packets:
        name, client, _ = self._pair()
        yield from self._asked(at, name, client)

    def _asked(self, at: float, name: str, client: Host) -> Packets:
        """A name looked up: of a hundred, one gets no answer and two are not there."""
        client = self._clients[client.hw[-1] - 1][0]
        kind, number, ports = (28 if self.chance.random() < 0.4 else 1), self._id(), self._port()
        labels = b"".join(bytes((len(part),)) + part.encode() for part in name.split("."))
        question = labels + b"\0" + kind.to_bytes(2, "big") + b"\0\1"
        asked = number + bytes.fromhex("0100 0001 0000 0000 0000") + question
        yield at, udp(client, self._resolver, (ports, 53), Payload(asked))
        luck = self.chance.random()
        if luck < 0.01:
            return
        data = self.chance.randbytes(16 if kind == 28 else 4)
        record = b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1\0\0\1\x2c"
        record += len(data).to_bytes(2, "big") + data
        told = number + bytes.fromhex("8183 0001 0000 0000 0000") + question
        if luck > 0.03:
            count = self.chance.randint(1, 4)
            told = number + bytes.fromhex("8180 0001") + count.to_bytes(2, "big") + bytes(4)
            told += question + count * record
        later = at + self.chance.uniform(0.001, 0.025)
        yield later, udp(self._resolver, client, (53, ports), Payload(told))

    def _id(self) -> bytes:
        return self.chance.randbytes(2)

    def _pings(self, at: float) -> Packets:
        _, client, server = self._pair()
        for number in range(4):
            yield at + number, echo(client, server, False, number, self._ping)
            if self.chance.random() < 0.98:
                yield at + number + 0.02, echo(server, client, True, number, self._ping)

    def _arp(self, at: float) -> Packets:
        (one, _), (other, _) = self.chance.sample(self._clients, 2)
        yield at, arp(one, other, 1)
        if self.chance.random() < 0.9:
            yield at + 0.0005, arp(other, one, 2)

    def _time(self, at: float) -> Packets:
        client, server = self.chance.choice(self._clients)[0], self.chance.choice(self._sites)[1]
        ports = (self._port(), 123)
        yield at, udp(client, server, ports, self._ntp)
        yield at + 0.03, udp(server, client, ports[::-1], self._ntp)


def _data(chance: random.Random, size: int) -> bytes:
    """A record of TLS that carries application data (RFC 8446 section 5.2), of so many bytes."""
    return b"\x17\x03\x03" + (size - 5).to_bytes(2, "big") + chance.randbytes(size - 5)
