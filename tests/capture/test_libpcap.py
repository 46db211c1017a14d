"""Which library for libpcap is used, and what both make of link types and lengths."""

from __future__ import annotations

import sys

import pytest

from netdumplings.capture.libpcap import ENVIRONMENT_VARIABLE, Library, load_library
from netdumplings.capture.linktypes import dlt_of, link_type_of
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch
from support.packets import tcp_syn


def test_cypcap_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("cypcap")
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    assert load_library().name == "cypcap"


def test_pcapy_stands_in_where_cypcap_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pcapy")
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "cypcap", None)
    monkeypatch.delitem(sys.modules, "netdumplings.capture.libpcap.with_cypcap", raising=False)
    assert load_library().name == "pcapy-ng"


def test_without_a_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT_VARIABLE, raising=False)
    for name in ("cypcap", "pcapy"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, f"netdumplings.capture.libpcap.with_{name}", raising=False)
    with pytest.raises(CaptureError, match="install cypcap, or pcapy-ng on Linux on Arm"):
        load_library()


def test_an_unknown_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, "winpcap")
    with pytest.raises(CaptureError, match="is 'winpcap': it must be cypcap or pcapy"):
        load_library()


def test_libpcap_knows_the_link_types_that_files_number_otherwise(pcap_library: Library) -> None:
    for link_type in (1, 101, 106, 113, 276):
        assert link_type_of(dlt_of(link_type)) == link_type
        pcap_library.compile(dlt_of(link_type), "ip")


def test_a_filter_on_lengths_looks_at_the_wire_where_the_library_can(
    pcap_library: Library,
) -> None:
    data = tcp_syn()
    batch = PacketBatch.from_records(1, [(0, 1000, data), (0, len(data), data)])
    longer = pcap_library.compile(1, "greater 500")(batch).tolist()
    # pcapy-ng is given no length but that of the bytes.
    assert longer == ([True, False] if pcap_library.name == "cypcap" else [False, False])
