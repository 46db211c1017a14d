"""Another filter in the place of one that is at work, with no moment between the two.

pcap_setfilter(3PCAP) on Linux first has a filter attached that lets nothing through, to throw away
what was captured before. What comes meanwhile, for some microseconds, is lost, and counted nowhere.
The kernel itself puts one filter in the place of another at once (SO_ATTACH_FILTER of socket(7)).
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterable
from typing import Final

#: From asm/socket.h, as on most machines; on others, libpcap's way is taken.
_ATTACH: Final = 26
_LIKE_MOST: Final = ("x86_64", "i386", "i686", "aarch64", "armv6l", "armv7l", "riscv64", "s390x")
#: struct sock_filter and struct sock_fprog of linux/filter.h.
_INSTRUCTION: Final = struct.Struct("=HBBI")
_PROGRAM: Final = struct.Struct("@HP")
#: Instructions that the kernel takes (BPF_MAXINSNS).
_MOST: Final = 4096
#: For interfaces that libpcap opens "cooked" it changes the program, before it attaches it.
_COOKED: Final = frozenset({113, 276})


def can_swap(link_type: int) -> bool:
    """Whether `swap` may be used.

    Args:
        link_type: what the packets begin with, a LINKTYPE_ value.
    """
    return sys.platform == "linux" and os.uname().machine in _LIKE_MOST and link_type not in _COOKED


def swap(descriptor: int, program: Iterable[tuple[int, int, int, int]]) -> bool:
    """Attach a filter to a socket, in the place of the one before.

    Args:
        descriptor: of a packet socket.
        program: code, jt, jf and k of each instruction of classic BPF.

    Returns:
        whether the kernel took it; if not, the one before goes on.
    """
    instructions = [_INSTRUCTION.pack(*one) for one in program]
    if len(instructions) > _MOST:
        return False
    code = ctypes.create_string_buffer(b"".join(instructions))
    told = _PROGRAM.pack(len(instructions), ctypes.addressof(code))
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        try:
            connection.setsockopt(socket.SOL_SOCKET, _ATTACH, told)
        except OSError:
            return False
    return True
