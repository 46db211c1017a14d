"""What TCP's headers say of sequence, as columns: one value a packet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .columns import ABSENT, Headers, Int64Array
from .formats import IPV4_HEADER, IPV6_HEADER, TCP_HEADER


class Segments(NamedTuple):
    """Sequence and acknowledgement numbers and windows as they are in the header, and lengths.

    ``length`` is how many bytes a segment carried by what IP's header says, whether they were
    captured or not; where that says nothing of use (see `columns.Network`), those captured.
    """

    seq: Int64Array
    ack: Int64Array
    window: Int64Array
    length: Int64Array


def segments_of(headers: Headers) -> Segments:
    """The segments among the packets whose headers are given; absent for all that is not TCP."""
    network, transport = headers.network, headers.transport
    columns = Segments(*(np.full(len(headers.lengths), ABSENT, np.int64) for _ in range(4)))
    rows, header = headers.kept(TCP_HEADER, transport.tcp_flags >= 0, network.payload_offset)
    if not len(rows):
        return columns
    at = network.payload_offset[rows]
    columns.seq[rows] = header["sequence"]
    columns.ack[rows] = header["acknowledged"]
    columns.window[rows] = header["window"]
    size = np.maximum((header["size"] >> 4 << 2).astype(np.int64), TCP_HEADER.itemsize)
    start = headers.link.network_offset[rows]
    said = np.zeros(len(rows), np.int64)
    for version, layout, fixed in (
        (4, IPV4_HEADER, 0),  # whose length counts its own header
        (6, IPV6_HEADER, IPV6_HEADER.itemsize),
    ):
        which = np.flatnonzero(network.version[rows] == version)
        length = headers.read(layout, rows[which], start[which])["length"]
        said[which] = length.astype(np.int64) + fixed
    end = np.where(start + said > at, start + said, network.end[rows])
    columns.length[rows] = np.maximum(end - at - size, 0)
    return columns
