"""The example of chefs that take many packets at once does what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.commands import run
from support.packets import arp, dns_query, icmp, tcp_syn, write_pcap

EXAMPLES = Path(__file__).parents[2] / "examples"
PACKETS = [tcp_syn(80), dns_query(), arp(), tcp_syn(443), icmp(), tcp_syn(80)]


def payloads(file: str, chef: str, capture: Path) -> list[Any]:
    done = run("sniff", "--stdout", "--filter", "", "--read", str(capture),
               "-m", str(EXAMPLES / file), "-c", chef)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "made 0 errors" in done.stderr
    return [json.loads(line)["payload"] for line in done.stdout.splitlines()]


def test_it_tells_of_the_same_connections_as_the_first_chef(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", *PACKETS)
    first = payloads("first_chef.py", "ConnectionChef", capture)
    connections = [payload for payload in first if "port" in payload]
    assert len(connections) == 3
    assert payloads("batch_chef.py", "BatchConnectionChef", capture) == connections


def test_it_tells_how_many_bytes_went_to_which_ports(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", *PACKETS)
    *_, last = payloads("batch_chef.py", "TrafficChef", capture)
    told = {port: count for port, count in last["bytes_to_port"].items() if count}
    assert told == {"53": len(dns_query()), "80": 2 * len(tcp_syn(80)), "443": len(tcp_syn(443))}
