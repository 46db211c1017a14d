"""Captures that other projects break on, through the real command: a sample of ``./dev soak``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from netdumplings import DumplingKitchen
from netdumplings.exceptions import CaptureError
from support.commands import clean_environment
from support.packets import arp, dns_query, icmp, write_pcap

ROOT = Path(__file__).parents[2]

#: Each starts dozens of processes.
pytestmark = pytest.mark.timeout(240)

#: Of the captures, so many are chosen anew with each seed; move it now and then.
SAMPLE, SEED = 3, 5


def soak(folder: Path, *arguments: str, what: str = "captures") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.soak", what, str(folder), *arguments],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_captures_are_replayed_without_a_traceback_and_every_packet_is_accounted_for(
    captures: Path,
) -> None:
    done = soak(captures, "--sample", str(SAMPLE), "--seed", str(SEED))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b0 failures: good", done.stdout)
    assert re.search(r"\b[1-9]\d* break off, [1-9]\d* are no captures", done.stdout)


def test_the_soak_reports_a_capture_that_is_counted_wrongly_and_fails(tmp_path: Path) -> None:
    """Its own books are compared with an index: one that says more than there is must show."""
    write_pcap(tmp_path / "two.pcap", arp(), icmp())
    write_pcap(tmp_path / "cut.pcap", arp(), dns_query(), arp())
    (tmp_path / "cut.pcap").write_bytes((tmp_path / "cut.pcap").read_bytes()[:-1])
    (tmp_path / "INDEX.tsv").write_text("path\tpackets\ntwo.pcap\t3\n")
    done = soak(tmp_path)
    assert done.returncode == 1
    assert "two.pcap: INDEX.tsv says 3 packets" in done.stdout
    assert "15 packets = 9 handled + 3 filtered out + 3 damaged" in done.stdout
    assert "1 failures: BAD" in done.stdout


def test_captures_changed_by_chance_give_packets_or_a_documented_error_and_the_books_balance(
    captures: Path,
) -> None:
    done = soak(captures, "--seed", "11", "--number", "50", what="mutate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 files of seed 11" in done.stdout


@pytest.mark.parametrize("name", ["le/test901.pcapng", "be/test901.pcapng"])
def test_a_section_of_an_unknown_version_is_where_a_capture_breaks_off(
    name: str, captures: Path
) -> None:
    """As in libpcap; what lies behind it may mean anything."""
    kitchen = DumplingKitchen(read=captures / "gopacket/pcapgo/tests" / name, filter="", chefs=[])
    with pytest.raises(CaptureError, match=r"the unknown pcapng version 2\.0 at byte 480"):
        list(kitchen)
    assert kitchen.statistics().packets[:2] == (1, 1)
    assert kitchen.statistics().packets_damaged == 1
