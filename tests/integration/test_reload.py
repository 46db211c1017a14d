"""``nd-sniff --reload`` as its users have it: a file is edited while a capture is replayed."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

from netdumplings.testing import collecting_eater, running_hub
from support.commands import Command, run
from support.packets import arp, dns_query, tcp_syn, write_pcap

CHEF = """
from netdumplings import DumplingChef

class {name}(DumplingChef):
    seen = 0

    def batch_handler(self, packets):
        self.seen += len(packets)
        return {{"version": {version}, "seen": self.seen}}

    def state(self):
        return self.seen

    def restore(self, state):
        self.seen = state
"""


def save(path: Path, version: int, name: str = "EditedChef", *, broken: bool = False) -> None:
    """Save a chef as many editors do: another file takes the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(CHEF.format(name=name, version=version) + ("    def (\n" if broken else ""))
    new.replace(path)


def replaying(path: Path) -> tuple[str, ...]:
    capture = write_pcap(path / "a.pcap", arp(), dns_query(), tcp_syn(), times=[0, 0.05, 0.1])
    return "--read", str(capture), "--loop", "--speed", "1", "--filter", ""


def test_edits_in_a_hurry_end_with_the_last_one_that_is_good(reachable_path: Path) -> None:
    chef = reachable_path / "edited_chefs.py"
    save(chef, 0)
    sniff = Command("sniff", "--stdout", "--reload", "-m", str(chef), *replaying(reachable_path))
    with sniff as command:
        command.wait_for_out(r'"version":0')
        for version in range(1, 25):
            save(chef, version, broken=version % 3 == 0)
            time.sleep(0.05)
        command.wait_for_err(r"the edit is not taken, what ran before goes on")
        command.wait_for_out(r'"version":(?!24)\d+')
        save(chef, 99)
        command.wait_for_out(r'"version":99')
        assert command.end(signal.SIGINT) == 0
    told = [json.loads(line)["payload"] for line in command.out.splitlines()]
    seen = [payload["seen"] for payload in told]
    assert seen == sorted(set(seen))  # whatever was edited, its state went along
    assert "SyntaxError" in command.err
    assert "netdumplings/kitchen" not in command.err
    assert re.search(rf"chef EditedChef: {seen[-1]} packets", command.err)


def test_the_hub_is_told_who_is_there_now(reachable_path: Path) -> None:
    chef = reachable_path / "announced_chefs.py"
    save(chef, 1)
    with running_hub(status_freq=0.2) as hub, collecting_eater(hub, chef_filter=["*"]) as eater:
        sniff = Command(
            "sniff",
            "--hub",
            hub.for_kitchens,
            "--reload",
            "-m",
            str(chef),
            *replaying(reachable_path),
        )
        with sniff as command:
            eater.wait_until(lambda eaten: '"version":1' in eaten[-1].to_json() if eaten else False)
            save(chef, 2, "RenamedChef")
            eater.wait_until(lambda eaten: eaten[-1].chef_name == "RenamedChef")
            wanted = '"chefs":["announced_chefs.RenamedChef"]'
            with collecting_eater(
                hub, "status", kitchen_filter=None, chef_filter=["SystemStatusChef"]
            ) as status:
                status.wait_until(lambda eaten: bool(eaten) and wanted in eaten[-1].to_json())
            assert command.end(signal.SIGINT) == 0


def test_what_is_in_the_box_is_not_reloaded() -> None:
    done = run("sniff", "--reload", "--stdout", "--read", "x.pcap")
    assert done.returncode == 2
    assert "--reload is for chefs of your own" in done.stderr
