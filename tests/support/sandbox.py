"""Run a command as systemd would by a unit's sandbox, as far as that can be had without systemd.

    python sandbox.py UNIT COMMAND...

It applies what would break a program: no memory both writable and executable, the filter of system
calls, and that of address families. (Who it is and what it may, setpriv(1) says before.)
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

# prctl(2); linux/prctl.h since Linux 6.3
_PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
# What a rule says of a system call, as seccomp_init(3) and seccomp_rule_add(3) have it.
_ALLOW: Final = 0x7FFF0000
_EPERM: Final = 0x00050000 | errno.EPERM
_EAFNOSUPPORT: Final = 0x00050000 | errno.EAFNOSUPPORT
_COMPARE_EQUAL: Final = 4
FAMILIES: Final = {
    "AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17,
}  # fmt: skip


def why_not() -> str | None:
    """Why what a unit forbids cannot be forbidden here."""
    if sys.platform != "linux" or shutil.which("systemd-analyze") is None:
        return "there is no systemd-analyze, which knows the groups of system calls"
    if ctypes.util.find_library("seccomp") is None:
        return "there is no libseccomp"
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (6, 3):
        return "this kernel is older than Linux 6.3, and has no PR_SET_MDWE"
    return None


def settings(unit: Path) -> dict[str, list[str]]:
    """The settings of a unit, in their order: systemd.syntax(7)."""
    found: dict[str, list[str]] = {}
    text = unit.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key.strip(), []).append(value.strip())
    return found


def system_calls(filters: list[str]) -> set[str]:
    """What SystemCallFilter= allows, of which the first names what is allowed: systemd.exec(5)."""
    allowed: set[str] = set()
    for line in filters:
        names = _expand(line.removeprefix("~").split())
        allowed = allowed - names if line.startswith("~") else allowed | names
    # What is always allowed: systemd's @default.
    return allowed | _expand(["@default"])


def _expand(names: list[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        told = subprocess.run(
            ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
        )
        members = [line.strip() for line in told.stdout.splitlines()[1:]]
        found |= _expand([member for member in members if member and not member.startswith("#")])
    return found


class _Comparison(ctypes.Structure):
    """struct scmp_arg_cmp"""

    _fields_ = [
        ("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)
    ]  # fmt: skip


def confine(unit: Path) -> None:
    """Put this process, and what it becomes, into the sandbox."""
    told = settings(unit)
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(_EPERM)))
    resolve = seccomp.seccomp_syscall_resolve_name
    allowed = {name: resolve(name.encode()) for name in system_calls(told["SystemCallFilter"])}
    families = {FAMILIES[name] for name in told["RestrictAddressFamilies"][0].split()}
    for name, number in allowed.items():
        if number < 0:  # not of this architecture
            continue
        if name != "socket":
            assert seccomp.seccomp_rule_add(context, _ALLOW, number, 0) == 0, name
            continue
        for family in range(64):
            # The architecture's own comparison takes its structure by value.
            rule = _Comparison(0, _COMPARE_EQUAL, family, 0)
            action = _ALLOW if family in families else _EAFNOSUPPORT
            assert seccomp.seccomp_rule_add(context, action, number, 1, rule) == 0
    if told.get("MemoryDenyWriteExecute") == ["yes"]:
        libc = ctypes.CDLL(None, use_errno=True)
        zero = ctypes.c_ulong(0)
        bits = ctypes.c_ulong(_PR_MDWE_REFUSE_EXEC_GAIN)
        if libc.prctl(_PR_SET_MDWE, bits, zero, zero, zero) != 0:
            raise OSError(ctypes.get_errno(), "PR_SET_MDWE")
    assert seccomp.seccomp_load(context) == 0


if __name__ == "__main__":
    confine(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
