"""The network interfaces of this host."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .libpcap import Library

# linux/sockios.h, linux/if.h
_SIOCGIFFLAGS: Final = 0x8913
_IFF_UP: Final = 1


def interface_indexes(library: Library) -> dict[str, int]:
    """The interfaces there are now: the number of each by its name.

    An interface that is deleted and made anew has another number. Windows knows its interfaces
    by other names than libpcap there, so there they are libpcap's, and all have the number 0.
    """
    if sys.platform == "win32":
        return dict.fromkeys(library.interfaces(), 0)
    return {name: index for index, name in socket.if_nameindex()}


def is_up(interface: str) -> bool:
    """Whether an interface is up (netdevice(7)); True where only libpcap would notice."""
    if sys.platform != "linux":
        return True
    import fcntl

    request = struct.pack("16sH22x", interface.encode()[:15], 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
        except OSError:
            return False
    return bool(struct.unpack_from("H", answer, 16)[0] & _IFF_UP)
