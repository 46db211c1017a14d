"""``nd-sniff --read --stdout``: captures in, JSON lines out, with no hub and no root."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from netdumplings import dumplingchefs
from support.commands import Command, clean_environment, run
from support.packets import (
    START,
    arp,
    dns_query,
    dns_response,
    icmp,
    tcp_syn,
    write_pcap,
)

ONE_CHEF = """
from netdumplings import DumplingChef

class LengthChef(DumplingChef):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.packets = 0

    def packet_handler(self, packet):
        self.packets += 1
        return {"length": len(packet)}

    def interval_handler(self, interval=None):
        return {"packets": self.packets, "interval": interval}
"""
PACKETS = [dns_query("a.example"), arp(), tcp_syn(), dns_response("a.example"), icmp()]


@pytest.fixture
def chef(tmp_path: Path) -> str:
    path = tmp_path / "length_chef.py"
    path.write_text(ONE_CHEF)
    return str(path)


@pytest.fixture
def capture(tmp_path: Path) -> str:
    return str(write_pcap(tmp_path / "five.pcap", *PACKETS, times=[0, 1, 2, 3, 12]))


def dumplings(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def replay(*arguments: str, status: int = 0) -> list[dict[str, Any]]:
    done = run("sniff", "--stdout", "--log-level", "error", *arguments)
    assert (done.returncode, done.stderr) == (status, "")
    return dumplings(done.stdout)


def one_line(text: str) -> str:
    """The only line there is; more would be noise, or a traceback."""
    (line,) = text.splitlines()
    return line


def test_a_capture_becomes_json_lines_on_standard_output(capture: str, chef: str) -> None:
    made = replay("--read", capture, "-m", chef, "-n", "student")
    told = [
        (one["metadata"]["driver"], one["metadata"]["creation_time"] - START / 1e9, one["payload"])
        for one in made
    ]
    assert told == [
        ("interval", 0, {"packets": 0, "interval": 5.0}),
        ("packet", 0, {"length": len(PACKETS[0])}),
        ("packet", 1, {"length": len(PACKETS[1])}),
        ("packet", 2, {"length": len(PACKETS[2])}),
        ("packet", 3, {"length": len(PACKETS[3])}),
        # ICMP is not in the default filter, so the capture's clock ends at 3 seconds.
        ("interval", 3, {"packets": 4, "interval": 5.0}),
    ]
    assert {one["metadata"]["kitchen"] for one in made} == {"student"}
    assert {one["metadata"]["chef"] for one in made} == {"LengthChef"}


def test_an_empty_filter_lets_every_packet_through(capture: str, chef: str) -> None:
    made = replay("--read", capture, "-m", chef, "-f", "")
    assert [one["payload"].get("length") for one in made if "length" in one["payload"]] == [
        len(packet) for packet in PACKETS
    ]
    pokes = [one["metadata"]["creation_time"] for one in made if "packets" in one["payload"]]
    assert [poke - START / 1e9 for poke in pokes] == [0, 5, 10, 12]


def test_the_filter_and_the_poke_interval_are_ours_to_choose(capture: str, chef: str) -> None:
    made = replay("--read", capture, "-m", chef, "-f", "udp port 53", "-p", "1")
    lengths = [one["payload"]["length"] for one in made if "length" in one["payload"]]
    assert lengths == [len(PACKETS[0]), len(PACKETS[3])]
    assert sum("packets" in one["payload"] for one in made) == 5  # at 0, 1, 2 and 3, and the end


def test_the_same_file_always_gives_the_same_dumplings(captures: Path) -> None:
    file = str(captures / "arkime/tests/pcap/dns-wiresharkrepo.pcap")
    arguments = ("sniff", "--stdout", "--read", file, "--log-level", "error")
    first, second = run(*arguments), run(*arguments)
    assert first.stdout
    assert first.stdout == second.stdout


def test_the_chefs_in_the_box_are_run_unless_others_are_named(capture: str) -> None:
    made = Counter(one["metadata"]["chef"] for one in replay("--read", capture))
    assert made == {"ARPChef": 1, "DNSLookupChef": 4, "PacketCountChef": 2}
    chosen = replay("--read", capture, "-c", "ARPChef", "-c", "PacketCountChef")
    assert Counter(one["metadata"]["chef"] for one in chosen) == {
        "ARPChef": 1,
        "PacketCountChef": 2,
    }
    assert chosen[-1]["payload"] == {
        "packet_counts": {"Ethernet": 4, "IP": 3, "TCP": 1, "UDP": 2, "DNS": 2, "ARP": 1}
    }


def test_several_files_are_replayed_in_turn(capture: str, chef: str) -> None:
    made = replay("--read", capture, "--read", capture, "-m", chef)
    assert made[-1]["payload"] == {"packets": 8, "interval": 5.0}


def test_a_gzipped_capture_is_read_as_it_is(capture: str, chef: str, tmp_path: Path) -> None:
    packed = tmp_path / "five.pcap.gz"
    packed.write_bytes(gzip.compress(Path(capture).read_bytes()))
    assert replay("--read", str(packed), "-m", chef) == replay("--read", capture, "-m", chef)


def test_standard_input_is_a_capture_whose_packets_are_handled_as_they_come(
    chef: str, tmp_path: Path
) -> None:
    """As at the end of ``ssh router tcpdump -U -w - |``: no end in sight, packets now and then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.sniff", "--stdout", "--read", "-", "-m", chef],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    assert process.stdin
    assert process.stdout
    with process:
        whole = write_pcap(tmp_path / "two.pcap", arp(), dns_query()).read_bytes()
        half = 24 + 16 + len(arp())  # the file's header, and the first packet with its own
        process.stdin.write(whole[:half])
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["payload"]["packets"] == 0
        assert json.loads(process.stdout.readline())["payload"] == {"length": len(arp())}
        process.stdin.write(whole[half:])
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["payload"] == {"length": len(dns_query())}
        process.stdin.close()
        assert json.loads(process.stdout.readline())["payload"]["packets"] == 2
        assert process.wait(30) == 0


def test_at_its_own_pace_a_capture_waits_for_its_packets(chef: str, tmp_path: Path) -> None:
    slow = write_pcap(tmp_path / "slow.pcap", arp(), arp(), times=[0, 3600])
    with Command("sniff", "--stdout", "--read", str(slow), "--speed", "1", "-m", chef) as sniff:
        sniff.wait_for_out(r'"length":42')
        assert sniff.end(signal.SIGINT) == 0
        assert sniff.out.count('"length":42') == 1
    fast = replay("--read", str(slow), "--speed", "1e6", "-m", chef)
    assert sum("length" in one["payload"] for one in fast) == 2


def test_a_loop_goes_on_until_it_is_ended_and_its_clock_goes_forward(
    capture: str, chef: str
) -> None:
    with Command("sniff", "--stdout", "--read", capture, "--loop", "-m", chef) as sniff:
        sniff.wait_for_out(r'"packets":2\d\d')
        assert sniff.end(signal.SIGTERM) == 0
        whole = sniff.out[: sniff.out.rindex("\n")]
    times = [one["metadata"]["creation_time"] for one in dumplings(whole)]
    assert times == sorted(times)
    assert times[-1] > START / 1e9 + 3


@pytest.mark.parametrize("cut", [1, 17, 60])
def test_a_truncated_capture_gives_what_came_before_one_line_and_status_1(
    cut: int, chef: str, tmp_path: Path
) -> None:
    file = tmp_path / "cut.pcap"
    whole = write_pcap(file, arp(), arp(), dns_query()).read_bytes()
    file.write_bytes(whole[:-cut])
    done = run("sniff", "--stdout", "--read", str(file), "-m", chef, "--log-level", "error")
    assert done.returncode == 1
    made = dumplings(done.stdout)
    assert [one["payload"].get("length") for one in made] == [None, 42, 42, None]
    assert made[-1]["payload"]["packets"] == 2
    assert "cut.pcap" in one_line(done.stderr)
    assert "the 2 packets before it" in done.stderr


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "not a capture"), (b"#!/bin/sh\n" * 9, "not a capture"), (None, "No such file")],
)
def test_what_is_no_capture_is_one_line_and_status_1(
    content: bytes | None, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "thing"
    if content is not None:
        file.write_bytes(content)
    done = run("sniff", "--stdout", "--read", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert problem in one_line(done.stderr)
    assert str(file) in done.stderr


def test_a_wrong_filter_is_refused_with_libpcaps_message(capture: str) -> None:
    done = run("sniff", "--stdout", "--read", capture, "-f", "tcp porq 80")
    assert (done.returncode, done.stdout) == (1, "")
    assert "tcp porq 80" in one_line(done.stderr)
    assert "syntax error" in done.stderr


def test_a_chef_file_that_is_not_python_shows_where_and_ends_it(
    capture: str, tmp_path: Path
) -> None:
    (tmp_path / "prose.py").write_text("Dear chef,\n")
    done = run("sniff", "--stdout", "--read", capture, "-m", str(tmp_path / "prose.py"))
    assert (done.returncode, done.stdout) == (1, "")
    assert 'prose.py", line 1' in done.stderr
    assert "loader.py" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("nd-sniff: chef module")


def test_a_chef_that_is_not_there_is_answered_with_those_that_are(capture: str) -> None:
    done = run("sniff", "--stdout", "--read", capture, "-c", "ARPCheff")
    assert done.returncode == 1
    assert "did you mean ARPChef?" in one_line(done.stderr)


def test_a_chef_that_raises_does_not_stop_the_others(capture: str, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        ONE_CHEF + "\nclass BadChef(DumplingChef):\n"
        "    def packet_handler(self, packet):\n        return {'raw': packet.original}\n"
        "    def interval_handler(self, interval=None):\n        return 1 / 0\n"
    )
    done = run("sniff", "--stdout", "--read", capture, "-m", str(tmp_path / "bad.py"))
    assert done.returncode == 0
    assert Counter(one["metadata"]["chef"] for one in dumplings(done.stdout)) == {"LengthChef": 6}
    assert done.stderr.count("payload['raw']: bytes cannot be held by JSON") == 1
    assert done.stderr.count("BadChef.interval_handler raised ZeroDivisionError") == 1
    assert "its chefs made 6 errors" in done.stderr


def test_the_chef_list_is_exactly_as_specified(tmp_path: Path, chef: str) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    broken = str(tmp_path / "broken.py")
    arguments = [
        part for name in ("netdumplings.dumplingchefs", broken, chef) for part in ("-m", name)
    ]
    done = run("sniff", "--chef-list", *arguments)
    names = [name for name in vars(dumplingchefs) if name in dumplingchefs.__all__]
    assert {"ARPChef", "DNSLookupChef", "PacketCountChef"} <= {*names}
    in_the_box = "".join(f"  {name}\n" for name in names)
    assert done.returncode == 0
    assert done.stdout == (
        f"netdumplings.dumplingchefs\n{in_the_box}\n"
        f"{broken}\n  cannot be imported: ZeroDivisionError: division by zero\n\n"
        f"{chef}\n  LengthChef\n\n"
    )
    assert run("sniff", "-l").stdout == f"netdumplings.dumplingchefs\n{in_the_box}\n"


def test_a_chef_that_must_be_asked_for_is_listed_and_run_when_it_is(
    capture: str, tmp_path: Path
) -> None:
    path = tmp_path / "seldom.py"
    path.write_text(
        f"{ONE_CHEF}\nclass SeldomChef(DumplingChef):\n    by_request = True\n"
        "    def interval_handler(self, interval=None):\n        return 'seldom'\n"
    )

    def run_are(*options: str) -> set[str]:
        done = run("sniff", "--stdout", "--read", capture, "-m", str(path), *options)
        assert done.returncode == 0, done.stderr
        return {one["metadata"]["chef"] for one in dumplings(done.stdout)}

    assert run("sniff", "-l", "-m", str(path)).stdout == f"{path}\n  LengthChef\n  SeldomChef\n\n"
    assert run_are() == {"LengthChef"}
    assert run_are("--menu", "all") == {"LengthChef", "SeldomChef"}
    assert run_are("--chef", "SeldomChef") == {"SeldomChef"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--read", "x.pcap", "-i", "lo"),
        ("--speed", "2"),
        ("--loop",),
        ("--poke-interval", "0"),
        ("--snaplen", "0"),
        ("--hub", "nowhere"),
        ("--read", "x.pcap", "--speed", "-1"),
        ("--read", "x.pcap", "--speed", "nan"),
        ("--read", "x.pcap", "--speed", "inf"),
        ("--kitchen-name", "x" * 300),
    ],
)
def test_options_that_make_no_sense_are_one_line_and_status_2(arguments: tuple[str, ...]) -> None:
    done = run("sniff", "--stdout", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr).startswith("nd-sniff: ")


def test_a_reader_that_leaves_ends_it_quietly(capture: str, chef: str) -> None:
    sniff = subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.sniff", "--stdout", "--log-level", "error",
         "--loop", "--read", capture, "-m", chef],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(),
    )  # fmt: skip
    assert sniff.stdout
    assert sniff.stdout.readline()
    sniff.stdout.close()
    assert sniff.stderr
    assert sniff.stderr.read() == b""
    sniff.stderr.close()
    assert sniff.wait(30) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_replay_shows_a_bar_on_a_terminal(chef: str, tmp_path: Path) -> None:
    slow = write_pcap(tmp_path / "slow.pcap", arp(), arp(), times=[0, 3600])
    terminal, its_side = os.openpty()
    sniff = subprocess.Popen(
        [sys.executable, "-m", "netdumplings.console.sniff", "--stdout", "--speed", "1",
         "--read", str(slow), "-m", chef],
        stdout=subprocess.DEVNULL, stderr=its_side, env=clean_environment() | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(its_side)
    written = b""
    while b"replaying" not in written or b"1 packets" not in written:
        written += os.read(terminal, 4096)
    sniff.send_signal(signal.SIGINT)
    assert sniff.wait(30) == 0
    os.close(terminal)


def test_there_is_no_bar_without_a_terminal(capture: str) -> None:
    assert "replaying" not in run("sniff", "--stdout", "--read", capture).stderr
