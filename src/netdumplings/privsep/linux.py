"""The system calls of Linux that Python has no name for: prctl(2), capset(2)."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

#: Packet sockets (capabilities(7)).
CAP_NET_RAW: Final = 13

# linux/prctl.h
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_KEEPCAPS: Final = 8
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
# linux/capability.h
_CAPABILITY_VERSION_3: Final = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def keep_capabilities(keep: bool) -> None:
    """Say whether the next change of the user leaves the permitted capabilities as they are."""
    _prctl(_PR_SET_KEEPCAPS, int(keep))


def set_capabilities(capabilities: Collection[int]) -> None:
    """Have these capabilities, effective and permitted, and no others; none inheritable.

    Raises:
        OSError: the process has not all of them.
    """
    mask = sum(1 << capability for capability in capabilities)
    data = (_Data * 2)()
    for half in (0, 1):
        word = mask >> 32 * half & 0xFFFFFFFF
        data[half].effective = data[half].permitted = word
    header = _Header(_CAPABILITY_VERSION_3, 0)
    _call("capset", ctypes.byref(header), data)


def forget_capabilities(keep: Collection[int]) -> None:
    """Take all others out of the bounding and the ambient set, as far as that may be done.

    (Only who has CAP_SETPCAP may limit the bounding set. Without, `no_new_privileges` has to do.)
    """
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        if capability not in keep:
            try:
                _prctl(_PR_CAPBSET_DROP, capability)
            except PermissionError:
                break
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)


def no_new_privileges() -> None:
    """See to it that no program started from here has more rights than this process."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def be_dumpable(dumpable: bool) -> None:
    """Say whether others of the same user may look into this process.

    A process that has changed its user is not dumpable. As long as that is so, root owns
    ``/proc/self/fd`` (proc(5)), and the process itself may not look there.
    """
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


def die_with_parent(number: int) -> None:
    """Be sent a signal when the parent ends; to be called again when the user has changed."""
    _prctl(_PR_SET_PDEATHSIG, number)


def _prctl(option: int, argument: int) -> None:
    _call("prctl", option, *(ctypes.c_ulong(value) for value in (argument, 0, 0, 0)))


def _call(name: str, *arguments: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
