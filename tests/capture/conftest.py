"""What the tests of the capture room share."""

from __future__ import annotations

import pytest

from netdumplings.capture.libpcap import ENVIRONMENT_VARIABLE, Library, load_library


@pytest.fixture(params=["cypcap", "pcapy"])
def pcap_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Each of the libraries around libpcap in turn, and the one that is used meanwhile."""
    name: str = request.param
    pytest.importorskip(name, reason=f"{name} has no wheel for this machine")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, name)
    return load_library()
