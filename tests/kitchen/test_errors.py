"""What chefs do wrong is said once a minute and counted always."""

from __future__ import annotations

import pytest

from netdumplings.exceptions import InvalidDumplingPayload
from netdumplings.kitchen.errors import HandlerErrors


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(message: str = "what it says does not matter") -> ValueError:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def fail_elsewhere() -> ValueError:
    try:
        raise ValueError("on another line")
    except ValueError as error:
        return error


def test_the_same_error_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    errors = HandlerErrors(clock)
    for number in range(100):
        errors.report("MyChef", "packet_handler", fail(f"packet {number}"))
    assert len(caplog.records) == 1
    clock.now = 59.9
    errors.report("MyChef", "packet_handler", fail())
    assert len(caplog.records) == 1
    clock.now = 60
    errors.report("MyChef", "packet_handler", fail())
    assert len(caplog.records) == 2
    assert "MyChef.packet_handler raised ValueError" in caplog.messages[1]
    assert "100 times more" in caplog.messages[1]
    assert errors.counts == {"MyChef": 102}


def test_another_error_another_handler_or_another_chef_is_logged_by_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors = HandlerErrors(Clock())
    errors.report("MyChef", "packet_handler", fail())
    errors.report("MyChef", "interval_handler", fail())
    errors.report("OtherChef", "packet_handler", fail())
    errors.report("MyChef", "packet_handler", fail_elsewhere())
    assert len(caplog.records) == 4


def test_a_wrong_payload_is_told_by_key_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors = HandlerErrors(Clock())
    errors.report(
        "MyChef", "packet_handler", InvalidDumplingPayload("payload['raw']", "bytes cannot")
    )
    assert "payload['raw']: bytes cannot" in caplog.text
    assert "Traceback" not in caplog.text
