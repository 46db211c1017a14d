"""``nd-chef bench``: what it says of what was measured, and what it advises."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from netdumplings.console.chef import main
from netdumplings.console.chef_bench import hints, report
from netdumplings.packets.dissections import Dissections
from netdumplings.testing import timing as timing_module
from netdumplings.testing.timing import Round, Timing
from support.packets import dns_query, tcp_syn, write_pcap

EXAMPLES = Path(__file__).parents[2] / "examples"


def dissections(count: int = 0, seconds: float = 0.0, **lines: int) -> Dissections:
    found = Dissections()
    found.count, found.seconds = count, seconds
    found.places = Counter({(__file__, int(line[1:])): number for line, number in lines.items()})
    return found


def timed(**more: Any) -> Timing:
    usual: dict[str, Any] = {
        "chef": "AChef",
        "handler": "packet_handler",
        "filter": None,
        "packets": 10_000,
        "of": 10_000,
        "handed": 10_000,
        "dumplings": 12,
        "errors": 0,
        "rounds": [Round(seconds, seconds, seconds * 0.9, 0.0) for seconds in (0.1, 0.1, 0.101)],
        "dissected": dissections(),
        "dissected_of": 5000,
        "dissected_in": 1.0,
    }
    return Timing(**usual | more)


def fast(**more: Any) -> Timing:
    rounds = [Round(0.001, 0.001, 0.0009, 0.0)] * 3
    return timed(**{"rounds": rounds, "handler": "batch_handler", **more})


def test_it_says_what_was_measured() -> None:
    assert list(report(timed()))[:6] == [
        "AChef: packet_handler (a packet at a time), no packet_filter",
        "  3 rounds of 10,000 packets, of which it was handed 10,000; 12 dumplings a round",
        "  10.00 us a packet of processor time: 100,000 packets/s at most on a core like this",
        "  half of the rounds took 10.00 to 10.10 us a packet, the fastest 10.00",
        "  time: packet_handler 90%, interval_handler 0%, filter and kitchen 10%",
        "  scapy dissected nothing",
    ]


def test_it_says_if_the_capture_was_repeated_and_of_errors() -> None:
    lines = list(report(timed(of=26, handed=5, filter="tcp", errors=3, handler="batch_handler")))
    assert lines[0] == "AChef: batch_handler (many packets at once), packet_filter 'tcp'"
    assert lines[1] == (
        "  3 rounds of 10,000 packets (the capture's 26, repeated), of which it was handed 5; "
        "12 dumplings a round, 3 errors"
    )


def test_it_says_if_rounds_are_far_apart() -> None:
    rounds = [Round(seconds, 1.2, 0.0, 0.0) for seconds in (0.1, 0.2, 0.3)]
    (line,) = (line for line in report(timed(rounds=rounds)) if "half of" in line)
    assert line.endswith("NOISY: these figures are rough")


def test_it_says_if_something_else_ran_or_it_waited() -> None:
    rounds = [Round(0.1, 0.25, 0.2, 0.0)] * 3
    assert (
        "  by the clock it took 2.5 times as long: other programs keep this machine busy, or the "
        "chef waits for something"
    ) in list(report(timed(rounds=rounds)))


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [(0.01, "1,000,000"), (0.0081, "1,230,000"), (9.9, "1,010"), (30.0, "333"), (9999.0, "1")],
)
def test_a_rate_has_three_digits_that_say_something(seconds: float, rate: str) -> None:
    lines = list(report(timed(rounds=[Round(seconds, seconds, 0.0, 0.0)] * 3)))
    assert f": {rate} packets/s" in lines[2]


def test_the_lines_that_have_packets_dissected_are_shown() -> None:
    found = dissections(2500, 0.8, L1=2000, L3=500)
    shown = list(report(timed(dissected=found)))[5:8]
    assert shown[0] == (
        "  scapy dissected 50.0% of the packets, in 80% of the time, for these lines:"
    )
    assert shown[1].startswith(
        '     40.0%  test_chef_bench.py:1  """``nd-chef bench``: what it says'
    )
    assert shown[1].endswith(", and...")
    assert shown[2] == "     10.0%  test_chef_bench.py:3  from __future__ import annotations"
    many = dissections(7, 0.1, **{f"L{line}": 1 for line in range(1, 8)})
    assert "    ... and 2 lines more" in list(report(timed(dissected=many)))
    nobody = dissections(5000, 0.9)
    assert "  scapy dissected 100.0% of the packets, in 90% of the time" in list(
        report(timed(dissected=nobody))
    )


def about(timing: Timing) -> list[str]:
    words = {
        "declare a packet_filter": "filter",
        "ask haslayer": "haslayer",
        "narrow the batch": "narrow",
        "define batch_handler": "batches",
        "a profiler": "profiler",
        "its interval_handler": "intervals",
        "a dumpling of every other": "dumplings",
        "its packet_filter takes": "filter less",
    }
    return [short for hint in hints(timing) for word, short in words.items() if word in hint]


@pytest.mark.parametrize(
    ("timing", "advised"),
    [
        (timed(), ["filter", "batches"]),
        (timed(filter="tcp"), ["batches"]),
        (timed(dissected=dissections(5000, 0.9)), ["filter", "haslayer", "batches"]),
        (timed(handler="batch_handler"), ["filter", "profiler"]),
        (timed(handler="batch_handler", filter="tcp"), ["profiler"]),
        (
            timed(handler="batch_handler", filter="tcp", dissected=dissections(5000, 0.9)),
            ["narrow"],
        ),
        (timed(filter="tcp", rounds=[Round(0.1, 0.1, 0.0, 0.09)] * 3), ["intervals"]),
        (timed(filter="tcp", dumplings=6000), ["batches", "dumplings"]),
        (fast(), []),
        (fast(dissected=dissections(10, 0.9)), []),
        (fast(filter="tcp", rounds=[Round(0.001, 0.001, 0.0001, 0)] * 3), ["filter less"]),
        (fast(filter="tcp", handed=100, rounds=[Round(0.001, 0.001, 0.0001, 0)] * 3), []),
    ],
)
def test_it_advises_what_would_help_and_nothing_to_who_is_fast(
    timing: Timing, advised: list[str]
) -> None:
    assert about(timing) == advised


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing_module, "FIRST", 50)


def bench(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["bench", "--seconds", "0.001", *arguments])


def test_chefs_of_a_file_are_measured_one_by_one(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", *[tcp_syn(80), dns_query()] * 20)
    done = bench(str(EXAMPLES / "batch_chef.py"), "--read", str(capture))
    assert done.exit_code == 0, done.output
    first, second = done.stdout.split("\n\n")
    assert first.startswith("BatchConnectionChef: batch_handler (many packets at once), packet_fil")
    assert "(the capture's 40, repeated), of which it was handed 25; 25 dumplings" in first
    assert re.search(r" 50\.0%  batch_chef\.py:\d+  yield ", first)
    assert second.startswith("TrafficChef: ")
    assert "scapy dissected nothing" in second
    only = bench(str(EXAMPLES / "batch_chef.py"), "-c", "TrafficChef", "--read", str(capture))
    assert only.stdout.count("us a packet of") == 1


def test_without_packets_there_is_nothing_to_measure(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", dns_query())
    done = bench("netdumplings.dumplingchefs", "--read", str(capture), "--filter", "tcp")
    assert done.exit_code == 1
    assert done.stderr == f"nd-chef: there are no packets in {capture}\n"


def test_a_chef_that_makes_errors_is_status_1(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", tcp_syn())
    path = tmp_path / "bad_bench_chef.py"
    path.write_text(
        "from netdumplings import DumplingChef\nclass BadChef(DumplingChef):\n"
        "    def packet_handler(self, packet):\n        return 1 / 0\n"
    )
    done = bench(str(path), "--read", str(capture))
    assert done.exit_code == 1
    assert re.search(r", 50 errors$", done.stdout, re.MULTILINE)
    assert done.stderr.splitlines()[-1] == (
        "nd-chef: what makes errors is not measured by that: BadChef"
    )
