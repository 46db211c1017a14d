"""libpcap, through whichever Python library for it this machine has.

cypcap comes first: it has the newer libpcap, and is the faster. pcapy-ng has wheels for Linux on
Arm, where cypcap has none.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from ...exceptions import CaptureError
from .handle import Drops, Handle, InterfaceDown, InterfaceGone, Library, PacketTest

__all__ = [
    "Drops",
    "Handle",
    "InterfaceDown",
    "InterfaceGone",
    "Library",
    "PacketTest",
    "load_library",
]

#: Names the one library to use; for tests, which run over both.
ENVIRONMENT_VARIABLE: Final = "NETDUMPLINGS_PCAP"


def load_library(name: str | None = None) -> Library:
    """Import a library.

    Args:
        name: ``cypcap`` or ``pcapy``; None for what the environment variable names, or else the
            first that can be imported.

    Raises:
        CaptureError: it is not there.
    """
    name = name or os.environ.get(ENVIRONMENT_VARIABLE)
    if name and name not in _LIBRARIES:
        raise CaptureError(f"{ENVIRONMENT_VARIABLE} is {name!r}: it must be cypcap or pcapy")
    problems = []
    for candidate in [name] if name else _LIBRARIES:
        try:
            return _LIBRARIES[candidate]()
        except ImportError as error:
            problems.append(f"{candidate}: {error}")
    raise CaptureError(
        f"no library for packet capture can be imported ({'; '.join(problems)}): "
        "install cypcap, or pcapy-ng on Linux on Arm"
    )


def _cypcap() -> Library:
    from .with_cypcap import CypcapLibrary

    return CypcapLibrary()


def _pcapy() -> Library:
    from .with_pcapy import PcapyLibrary

    return PcapyLibrary()


_LIBRARIES: Final[dict[str, Callable[[], Library]]] = {"cypcap": _cypcap, "pcapy": _pcapy}
