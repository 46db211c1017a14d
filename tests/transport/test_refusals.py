"""Log lines about refusals: few, however many there are."""

from __future__ import annotations

import asyncio
import logging

import pytest

from netdumplings.transport.refusals import MOST_NEWS_LINES, NEWS_LINES, RefusalLog

logger = logging.getLogger("test.refusals")


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    caplog.clear()
    return found


async def test_the_first_of_a_host_have_a_line_each_and_the_others_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = RefusalLog(lines=2)
    for n in range(1_000):
        log.log(logger, "h", "protocol", "refused %s: %d", "h", n)
    log.log(logger, "i", "too big", "refused i")
    assert messages(caplog) == ["refused h: 0", "refused h: 1", "refused i"]
    log.flush()
    assert messages(caplog) == ["refused 998 more connections of h within 60 seconds"]
    assert log.counts == {"protocol": 1000, "too big": 1}


async def test_when_the_period_is_over_the_count_is_logged_and_begins_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = RefusalLog(period=0.01, lines=1)
    for _ in range(2):
        for n in range(3):
            log.log(logger, "h", "protocol", "%d", n)
        said: list[str] = []
        async with asyncio.timeout(10):
            while len(said) < 2:
                await asyncio.sleep(0.005)
                said += messages(caplog)
        assert said == ["0", "refused 2 more connections of h within 0.01 seconds"]


async def test_many_hosts_are_not_many_lines(caplog: pytest.LogCaptureFixture) -> None:
    log = RefusalLog(lines=1, hosts=3)
    for n in range(1_000):
        log.log(logger, f"host {n}", "silent", "%d", n)
    log.flush()
    assert messages(caplog) == [
        *"0123",
        "refused 996 more connections of other hosts within 60 seconds",
    ]


async def test_nothing_refused_is_nothing_logged(caplog: pytest.LogCaptureFixture) -> None:
    log = RefusalLog()
    log.flush()
    log.log(logger, "h", "protocol", "once")
    log.flush()
    log.flush()
    assert messages(caplog) == ["once"]


async def test_who_comes_and_goes_without_end_has_some_lines_and_all_hosts_together_have_some(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log = RefusalLog()
    for _ in range(1_000):
        for host in "hijk":
            log.news(logger, host, "%s came", host)
    assert len(messages(caplog)) == MOST_NEWS_LINES
    log.flush()
    assert messages(caplog) == [
        f"950 more comings and goings of {host} within 60 seconds" for host in "hijk"
    ]
    for _ in range(1_000):
        log.news(logger, "h", "came")
    assert len(messages(caplog)) == NEWS_LINES
    log.flush()
