"""TCP's options, as far as they can make a header unreadable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .columns import Headers, Int64Array, Rows

#: Options as nearly all segments have them: NOP, NOP, and a time stamp of 10 bytes (RFC 7323).
_STAMP: Final = np.dtype([("options", ">u4"), ("times", "V8")])
_STAMP_ONLY: Final = 0x0101080A

#: RFC 9293 section 3.1, and RFC 5925 section 2.2.
_END, _NOP, _AUTHENTICATION = 0, 1, 29


def readable(
    headers: Headers, rows: Rows, at: Int64Array, size: Int64Array
) -> npt.NDArray[np.bool_]:
    """Which of some packets have TCP options that can be read.

    Args:
        headers: the columns of all packets.
        rows: which packets.
        at: where in each the options begin.
        size: how many bytes of them there are.
    """
    result = np.ones(len(rows), np.bool_)
    doubtful = size > 0
    stamped = np.flatnonzero(size == _STAMP.itemsize)
    found = headers.read(_STAMP, rows[stamped], at[stamped])["options"]
    doubtful[stamped[found == _STAMP_ONLY]] = False
    others = np.flatnonzero(doubtful)
    for length in np.unique(size[others]).tolist():
        same = others[size[others] == length]
        options = headers.read(np.dtype([("bytes", "u1", (length,))]), rows[same], at[same])
        for index in np.flatnonzero((options["bytes"] == _AUTHENTICATION).any(axis=1)).tolist():
            result[same[index]] = can_be_read(options[index].tobytes())
    return result


def can_be_read(options: bytes) -> bool:
    """Whether no authentication option ends between its two keys' numbers.

    That is the one option on which scapy fails, and then it shows no TCP at all. Otherwise it takes
    options as they come, whatever they say of their length.
    """
    while options:
        kind = options[0]
        if kind == _END:
            break
        if kind == _NOP:
            options = options[1:]
            continue
        length = max(2, options[1]) if len(options) > 1 else 2
        if kind == _AUTHENTICATION and len(options[2:length]) == 1:
            return False
        options = options[length:]
    return True
