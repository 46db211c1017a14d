"""What the side of the chefs may say of the packets it wants."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from netdumplings.capture.narrowing import MAX_FILTERS
from netdumplings.privsep.messages import MAX_MESSAGE, Narrow, Start, read_to_capture, write


@pytest.mark.parametrize(
    "message",
    [
        Start(),
        Start(("192.0.2.1",), (11347,), ("udp port 53", "arp")),
        Narrow(),
        Narrow(()),
        Narrow(("tcp",) * MAX_FILTERS),
    ],
)
def test_what_it_says_is_read_as_it_was_said(message: Any) -> None:
    written = write(message)
    assert len(written) < MAX_MESSAGE
    assert read_to_capture(written) == message


@pytest.mark.parametrize(
    "only",
    [
        ["tcp) or (udp"], ["host example.org"], ["vlan"], [""], ["tcp" * 2000], ["tcp"] * 65, [1],
        "tcp", ["tcp\0"], ["tcp", "udp)"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["start", "narrow"])
def test_no_filter_is_taken_that_might_have_more_captured(kind: str, only: Any) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_to_capture(msgspec.json.encode({"type": kind, "only": only}))
