"""What chefs tell when ``nd-sniff`` is ended by a signal."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from support.commands import Command
from support.packets import arp, dns_query, tcp_syn, write_pcap


@pytest.mark.skipif(sys.platform == "win32", reason="there is no named pipe, and no SIGTERM")
def test_nd_sniff_that_is_ended_by_a_signal_tells_what_is_left(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = ["sniff", "--read", str(pipe), "--filter", "", "--stdout"]
    capture = write_pcap(tmp_path / "three.pcap", dns_query(), tcp_syn(), arp())
    with Command(*command, "-c", "FlowChef", "-c", "ARPChef") as sniff, pipe.open("wb") as file:
        file.write(capture.read_bytes())
        file.flush()
        sniff.wait_for_out('"ARPChef"')
        assert sniff.end(signal.SIGTERM) == 0
    payloads = [json.loads(line)["payload"] for line in sniff.out.splitlines()]
    flows = [payload["flow"] for payload in payloads if "flow" in payload]
    assert [(flow["proto"], flow["reason"]) for flow in flows] == [("udp", "end"), ("tcp", "end")]
