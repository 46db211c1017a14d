"""What TCP's flags say of a connection: letters for people, and the states that Zeek tells."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
_LETTERS: Final = "FSRPAUEC"


@lru_cache(256)
def flag_letters(flags: int) -> str:
    """TCP's flags as letters, as scapy and tcpdump's manual have them, in the order of their bits.

    ``"SA"`` is SYN and ACK; E and C are ECE and CWR.
    """
    return "".join(letter for bit, letter in enumerate(_LETTERS) if flags >> bit & 1)


def connection_state(began: int, other: int, reset_by_began: bool | None) -> str:
    """The state of a connection in Zeek's words (``conn_state`` of its conn.log).

    It is told from the flags alone, those of all segments of a side together, so that a connection
    counts as established by its SYN/ACK, and as well ended by a FIN from each side, whatever is
    reset afterwards.

    Args:
        began: the flags of the side that began.
        other: those of the other side.
        reset_by_began: whether it was the side that began that sent the first RST; None if there
            was none.

    Returns:
        ``S0``: an attempt without an answer. ``S1``: established, not ended. ``SF``: established
        and ended. ``REJ``: an attempt that was rejected. ``S2``, ``S3``: established, and only the
        side that began, or only the other one, has sent its FIN. ``RSTO``, ``RSTR``: established,
        then reset by the side that began, or by the other. ``RSTOS0``: an attempt, and a RST of the
        same side, without an answer. ``RSTRH``: a SYN/ACK and then a RST, without the SYN.
        ``SH``: a SYN and a FIN, without a SYN/ACK. ``SHR``: a SYN/ACK and a FIN of that side,
        without the SYN. ``OTH``: its beginning was not seen.
    """
    if not began & SYN:
        if not other & SYN:
            return "OTH"
        if other & RST:
            return "RSTRH"
        return "SHR" if other & FIN else "OTH"
    if not other & SYN:
        if other & RST and not other & ~(RST | ACK):
            return "REJ"
        if other:
            return "OTH"
        if began & RST:
            return "RSTOS0"
        return "SH" if began & FIN else "S0"
    if began & other & FIN:
        return "SF"
    if reset_by_began is not None:
        return "RSTO" if reset_by_began else "RSTR"
    if began & FIN:
        return "S2"
    return "S3" if other & FIN else "S1"
