"""What the capture room shows to the others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netdumplings import capture, defaults
from netdumplings.capture import (
    CaptureOptions,
    CaptureStatistics,
    PacketSource,
    file_source,
    live_source,
)

SHOWN = [
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


def test_it_shows_this_and_nothing_else() -> None:
    assert capture.__all__ == SHOWN


def test_importing_it_imports_neither_numpy_nor_a_capture_library() -> None:
    heavy = "import sys, netdumplings.capture; print({'numpy', 'cypcap', 'pcapy'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", heavy], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "set()\n"


def test_capturing_does_without_scapy_and_a_kitchen_has_it_before_the_first_packet() -> None:
    code = "import sys, {}; print('scapy.layers.all' in sys.modules)"
    for module, has in (
        ("netdumplings.capture.live", False),
        ("netdumplings.kitchen.cooking", True),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code.format(module)], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"{has}\n"


def test_both_kinds_are_sources_and_do_nothing_before_they_are_opened() -> None:
    sources: list[PacketSource] = [
        live_source(["no such interface", "eth7"]),
        live_source(["eth0", defaults.ALL_INTERFACES]),
        file_source(["no such file"], speed=1, loop=True),
    ]
    assert [(source.name, source.live, source.ended) for source in sources] == [
        ("no such interface, eth7", True, False),
        ("all", True, False),
        ("no such file", False, False),
    ]
    for source in sources:
        assert source.statistics() == CaptureStatistics()
        source.close()


def test_the_options_have_the_defaults_of_the_command_line() -> None:
    options = CaptureOptions()
    assert options.filter == defaults.PACKET_FILTER
    assert options.snaplen == defaults.SNAPLEN
    assert options.buffer_size == defaults.CAPTURE_BUFFER
    assert options.promiscuous is True


@pytest.mark.parametrize("option", ["snaplen", "buffer_size"])
@pytest.mark.parametrize("value", [0, -1, 2**31])
def test_options_that_libpcap_cannot_hold_are_refused(option: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{option} is {value}: it must be 1 to 2147483647"):
        CaptureOptions(**{option: value})  # type: ignore[arg-type]


def test_a_source_of_no_interface_is_refused() -> None:
    with pytest.raises(ValueError, match="no interface is named"):
        live_source([])
