"""Where packets come from: live interfaces and capture files, behind one small interface.

What reads and what sniffs is imported when it is first asked for: until then this costs neither
numpy nor libpcap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import defaults
from ..exceptions import CaptureError
from .source import CaptureOptions, CaptureStatistics, PacketSource, Progress
from .writer import write_pcap

if TYPE_CHECKING:
    from .filters import OfflineFilter

__all__ = [
    "CaptureOptions",
    "CaptureStatistics",
    "PacketSource",
    "Progress",
    "file_source",
    "live_source",
    "may_sniff",
    "offline_filter",
    "write_pcap",
]


def live_source(interfaces: Sequence[str], options: CaptureOptions | None = None) -> PacketSource:
    """Make a source of the packets on live interfaces; it does nothing before it is opened.

    Args:
        interfaces: names of interfaces, each sniffed on with its own link type; ``all`` among
            them means every interface this host has at any time.
        options: how to capture.

    Raises:
        ValueError: no interface is named.
    """
    from .live import LiveSource

    return LiveSource(interfaces, options or CaptureOptions())


def file_source(
    paths: Sequence[str],
    options: CaptureOptions | None = None,
    *,
    speed: float | None = None,
    loop: bool = False,
) -> PacketSource:
    """Make a source of the packets in capture files; it does nothing before it is opened.

    Args:
        paths: pcap and pcapng files, gzipped or not, in the order to read them; ``-`` is
            standard input.
        options: which packets are wanted, and how much of each.
        speed: the pace: 1 is the capture's own, 2 twice as fast, None as fast as it is read.
        loop: whether to begin again after the last file, for ever, with times that go on.

    Raises:
        ValueError: no file is named, or the speed is not above 0.
    """
    from .files import FileSource

    return FileSource(paths, options or CaptureOptions(), speed=speed, loop=loop)


def offline_filter(expression: str) -> OfflineFilter:
    """Make a filter for packets that are here already, whatever their link types.

    Args:
        expression: in pcap-filter(7) language; an empty one lets every packet through.

    Raises:
        InvalidFilter: libpcap can compile it for no kind of packet.
    """
    from .filters import OfflineFilter

    return OfflineFilter(expression)


def may_sniff(interfaces: Sequence[str] = (defaults.ALL_INTERFACES,)) -> CaptureError | None:
    """Find out whether this process can sniff, by beginning to and stopping at once.

    Returns:
        None if it can, or else what would be raised.
    """
    source = live_source(
        interfaces, CaptureOptions(filter="", promiscuous=False, buffer_size=256 * 1024)
    )
    try:
        source.open()
    except CaptureError as error:
        return error
    finally:
        source.close()
    return None
