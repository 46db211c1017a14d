"""ClientHellos in UDP: of QUIC and of DTLS, found in batch after batch."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from ..packets import PacketBatch
from ..packets.client_hello import (
    HANDSHAKE_HEADER,
    LONGEST,
    ClientHello,
    message_in,
    read_client_hello,
)
from ..packets.columns import BoolArray
from ..packets.dtls import Fragment, fragments, looks_like_dtls
from ..packets.quic import Initial, crypto_frames, initials, looks_like_initial
from ..packets.reassembly import Stretches
from ..packets.streams import Stream
from .recent import RecentDict
from .stream_hellos import IDLE_NS, TOLD, UNFINISHED, FoundHello

if TYPE_CHECKING:
    from ..packets.quic_keys import ClientKeys

logger = logging.getLogger(__name__)

#: ClientHellos of which a part is there.
PARTS: Final = 4096
#: What tells one ClientHello of DTLS from another: its version and its random bytes.
_RANDOM: Final = 34


class QUICHellos:
    """Finds the ClientHellos in QUIC; see `TLSClientChef`."""

    def __init__(self) -> None:
        self._stretches: Stretches[Stream] = Stretches(
            limit=LONGEST + HANDSHAKE_HEADER, total=UNFINISHED, most=PARTS, idle_ns=IDLE_NS
        )
        #: For each stream, of what its keys are made.
        self._made_of: RecentDict[Stream, bytes] = RecentDict(TOLD)
        #: Of which of them the ClientHello was told.
        self._told: RecentDict[Stream, bytes] = RecentDict(TOLD)

    @property
    def forgotten(self) -> int:
        """How many were given up, as there were too many at a time."""
        return self._stretches.forgotten

    def read(self, packets: PacketBatch) -> Iterator[FoundHello]:
        """Those that are complete with a packet of a batch."""
        for place, stream in _streams(packets, looks_like_initial(packets)):
            if self._client_keys is None:
                return
            for packet in initials(packets.payload(place)):
                hello = self._hello(stream, packet, int(packets.times_ns[place]))
                if hello is not None:
                    yield FoundHello(place, stream, "quic", hello)
        self._stretches.make_way(int(packets.times_ns[-1]))

    def _hello(self, stream: Stream, packet: Initial, time_ns: int) -> ClientHello | None:
        key, reverse = stream
        if (key, not reverse) in self._made_of:
            return None  # it is the server's
        told = self._told.get(stream)
        if told is not None and (packet.token or told == packet.dcid):
            return None  # sent once more; or the server wanted a token first (Retry)
        payload = self._decrypted(stream, packet)
        if payload is None or self._told.get(stream) == self._made_of[stream]:
            return None
        stretch = self._stretches.get(stream) or self._stretches.open(stream, 0)
        more = [stretch.put(offset, data) for offset, data in crypto_frames(payload)]
        self._stretches.touch(stream, time_ns)
        found = message_in(stretch.data) if any(more) else 0
        if isinstance(found, int):
            return None
        self._stretches.close(stream)
        self._told[stream] = self._made_of[stream]
        return found

    def _decrypted(self, stream: Stream, packet: Initial) -> bytes | None:
        """What a packet carries, if it is a client's."""
        assert self._client_keys is not None
        made_of = self._made_of.get(stream)
        if made_of is not None:
            # Once the server has answered, packets go to another identifier, but keep their keys.
            payload = self._client_keys(packet.version, made_of).decrypt(packet)
            if payload is not None or made_of == packet.dcid:
                return payload
        payload = self._client_keys(packet.version, packet.dcid).decrypt(packet)
        if payload is not None:
            self._made_of[stream] = packet.dcid
            self._stretches.close(stream)
        return payload

    @cached_property
    def _client_keys(self) -> type[ClientKeys] | None:
        try:
            from ..packets.quic_keys import ClientKeys
        except ImportError as error:
            missing = "TLSClientChef leaves QUIC out (%s): pip install 'netdumplings[menu]'"
            logger.warning(missing, error)
            return None
        return ClientKeys


class DTLSHellos:
    """Finds the ClientHellos in DTLS; see `TLSClientChef`."""

    def __init__(self) -> None:
        self._stretches: Stretches[tuple[Stream, int]] = Stretches(
            limit=LONGEST, total=UNFINISHED, most=PARTS, idle_ns=IDLE_NS
        )
        self._told: RecentDict[Stream, bytes] = RecentDict(TOLD)

    @property
    def forgotten(self) -> int:
        """How many were given up, as there were too many at a time."""
        return self._stretches.forgotten

    def read(self, packets: PacketBatch) -> Iterator[FoundHello]:
        """Those that are complete with a packet of a batch."""
        for place, stream in _streams(packets, looks_like_dtls(packets)):
            for fragment in fragments(packets.payload(place)):
                body = self._body(stream, fragment, int(packets.times_ns[place]))
                # (With a cookie it comes once more, its random bytes the same.)
                if body is None or self._told.get(stream) == body[:_RANDOM]:
                    continue
                hello = read_client_hello(body, dtls=True)
                if hello is not None:
                    self._told[stream] = body[:_RANDOM]
                    yield FoundHello(place, stream, "dtls", hello)
        self._stretches.make_way(int(packets.times_ns[-1]))

    def _body(self, stream: Stream, fragment: Fragment, time_ns: int) -> bytes | None:
        """A message without its header, once there is all of it."""
        if len(fragment.data) == fragment.size:
            return fragment.data
        key = stream, fragment.message
        stretch = self._stretches.get(key) or self._stretches.open(key, 0)
        stretch.put(fragment.offset, fragment.data)
        self._stretches.touch(key, time_ns)
        if len(stretch.data) < fragment.size:
            return None
        self._stretches.close(key)
        return bytes(stretch.data[: fragment.size])


def _streams(packets: PacketBatch, chosen: BoolArray) -> Iterator[tuple[int, Stream]]:
    """The chosen packets of a batch, and of which stream each is."""
    places = np.flatnonzero(chosen)
    if len(places):
        flows = packets.flows
        columns = (places, flows.index[places], flows.reverse[places])
        for place, flow, reverse in zip(*(column.tolist() for column in columns), strict=True):
            yield place, (flows.keys[flow], reverse)
