"""What runs chefs may do nothing: commands that root starts, seen from outside and from inside."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import Command, run
from support.network import Cable, inside, ip, why_not
from support.packets import arp, dns_query, write_pcap
from support.processes import children, descendants, is_there, status, wait_until_gone

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these privileges"),
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root"),
]
REASON = why_not()
needs_namespaces = pytest.mark.skipif(REASON is not None, reason=str(REASON))

NET_RAW = f"{1 << 13:016x}"
NOTHING = f"{0:016x}"
#: A chef that tries what it must not be able to do.
PROBE = """
import csv, os, socket, sqlite3
from netdumplings import DumplingChef

def outcome(attempt):
    try:
        attempt()
    except OSError as error:
        return error.strerror
    return "done"

class ProbeChef(DumplingChef):
    def packet_handler(self, packet):
        return {
            "uids": list(os.getresuid()),
            "become root": outcome(lambda: os.setuid(0)),
            "open a packet socket": outcome(
                lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()),
            "read the memory of the other process": outcome(
                lambda: open(f"/proc/{os.getppid()}/mem", "rb").close()),
            "home": os.environ["HOME"],
        }
"""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


@pytest.fixture
def probe(tmp_path: Path) -> str:
    """The file of the chef, which nobody but root may read."""
    path = tmp_path / "probe.py"
    path.write_text(PROBE)
    path.chmod(0o600)
    tmp_path.chmod(0o700)
    return str(path)


def sniff(cable: Cable, *options: str) -> Command:
    """A kitchen at the left end of the cable that writes to standard output."""
    return Command(
        "sniff", "-i", "eth0", "-f", "udp port 5005", "--stdout", *options,
        prefix=inside(cable.left),
    )  # fmt: skip


@needs_namespaces
@pytest.mark.netns
class TestAKitchenStartedByRoot:
    def test_has_a_process_that_may_sniff_and_one_for_chefs_that_may_do_nothing(
        self, cable: Cable, probe: str
    ) -> None:
        with sniff(cable, "-m", probe) as kitchen:
            kitchen.wait_for_err("sniffs on eth0")
            capturing = kitchen.process.pid
            [cooking] = children(capturing)
            for pid, capabilities in ((capturing, NET_RAW), (cooking, NOTHING)):
                seen = status(pid)
                assert "0" not in seen["Uid"].split()
                assert {seen[name] for name in ("CapEff", "CapPrm")} == {capabilities}
                assert {seen[name] for name in ("CapInh", "CapAmb")} == {NOTHING}
                assert seen["CapBnd"] == capabilities
                assert seen["NoNewPrivs"] == "1"
            # It has no terminal into which it could type what root's shell then reads.
            assert os.getsid(cooking) == cooking
            cable.send_udp("hello")
            found = json.loads(kitchen.wait_for_out(r".*\n")[0])["payload"]
            assert 0 not in found["uids"]
            assert found["become root"] == "Operation not permitted"
            assert found["open a packet socket"] == "Operation not permitted"
            assert found["read the memory of the other process"] == "Permission denied"
            assert found["home"] != str(Path.home())
            assert kitchen.end(signal.SIGTERM) == 0
        assert not is_there(cooking)

    def test_sniffs_on_an_interface_that_comes_back_and_leaves_nothing_when_killed(
        self, cable: Cable, probe: str
    ) -> None:
        with sniff(cable, "-m", probe) as kitchen:
            kitchen.wait_for_err("sniffs on eth0")
            ip("-n", cable.left, "link", "del", "eth0")
            kitchen.wait_for_err("the interface eth0 is gone; waiting for it")
            ip("link", "add", "eth0", "netns", cable.left, "type", "veth",
               "peer", "name", "eth0", "netns", cable.right)  # fmt: skip
            for end, address in ((cable.left, cable.LEFT_IP), (cable.right, cable.RIGHT_IP)):
                ip("-n", end, "addr", "add", f"{address}/24", "dev", "eth0")
                ip("-n", end, "link", "set", "eth0", "up")
            kitchen.wait_for_err("sniffing on eth0 again")
            cable.send_udp("hello")
            assert 0 not in json.loads(kitchen.wait_for_out(r".*\n")[0])["payload"]["uids"]
            # It leaves no process behind, not even when it is killed.
            [cooking] = children(kitchen.process.pid)
            kitchen.process.kill()
            wait_until_gone(cooking)


#: Starts a command as `nobody` with CAP_NET_RAW, as a systemd unit would.
WITH_NET_RAW = """
import importlib, sys
from netdumplings.privsep import linux, privileges
from netdumplings.privsep.reach import ImportPath

imports = ImportPath()
privileges.give_up(privileges.identity("nobody"), [linux.CAP_NET_RAW])
imports.restore()
importlib.import_module(f"netdumplings.console.{sys.argv.pop(1)}").main()
"""


@needs_namespaces
@pytest.mark.netns
def test_the_one_capability_is_enough_and_chefs_do_not_have_it(
    cable: Cable, tmp_path: Path
) -> None:
    launcher = tmp_path / "launcher.py"
    launcher.write_text(WITH_NET_RAW)
    options = ("-i", "eth0", "-f", "udp port 5005", "--stdout")
    prefix = inside(cable.left)
    with Command("sniff", *options, prefix=prefix, launcher=launcher, cold=True) as kitchen:
        kitchen.wait_for_err("sniffs on eth0")
        capturing = kitchen.process.pid
        [cooking] = children(capturing)
        assert status(capturing)["CapEff"] == status(capturing)["CapPrm"] == NET_RAW
        assert status(cooking)["CapEff"] == status(cooking)["CapPrm"] == NOTHING
        assert status(cooking)["NoNewPrivs"] == "1"
        cable.send_udp("hello")
        assert kitchen.end(signal.SIGTERM) == 0


@needs_namespaces
@pytest.mark.netns
def test_nd_up_runs_no_hub_as_root(cable: Cable) -> None:
    options = ("-i", "eth0", "--in-port", "0", "--out-port", "0", "--no-print")
    with Command("up", *options, prefix=inside(cable.left)) as up:
        up.wait_for_err("sniffs on eth0")
        processes = list(descendants(up.process.pid))
        assert len(processes) == 2
        for pid in processes:
            assert "0" not in status(pid)["Uid"].split()
        assert up.end(signal.SIGTERM) == 0
    assert not any(is_there(pid) for pid in processes)


def test_a_hub_started_by_root_is_not_roots() -> None:
    with Command("hub", "-i", "0", "-o", "0") as hub:
        hub.wait_for_err("hub is up")
        seen = status(hub.process.pid)
        assert "0" not in seen["Uid"].split()
        assert (seen["CapEff"], seen["NoNewPrivs"]) == (NOTHING, "1")
        assert hub.end(signal.SIGTERM) == 0


def test_files_that_only_root_may_read_are_opened_before_root_is_given_up(
    probe: str, tmp_path: Path
) -> None:
    capture = write_pcap(tmp_path / "two.pcap", arp(), dns_query("a.example"))
    capture.chmod(0o600)
    done = run("sniff", "--read", str(capture), "-m", probe, "--stdout")
    assert done.returncode == 0, done.stderr
    assert [0 in json.loads(line)["payload"]["uids"] for line in done.stdout.splitlines()] == [
        False,
        False,
    ]


def test_it_may_be_started_where_nobody_else_may_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    listed = run("sniff", "--chef-list")
    assert (listed.returncode, "  ARPChef\n" in listed.stdout) == (0, True), listed


def test_listing_chefs_does_not_load_them_as_root(tmp_path: Path) -> None:
    path = tmp_path / "nosy.py"
    path.write_text("import os\nraise ImportError(f'loaded by {os.getuid()}')\n")
    done = run("sniff", "-l", "-m", str(path))
    assert "loaded by" in done.stdout
    assert "loaded by 0" not in done.stdout


@pytest.fixture
def closed_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that commands are run from, below one that only root may go into."""
    directory = tmp_path / "root" / "chefs"
    directory.mkdir(parents=True)
    directory.parent.chmod(0o700)
    directory.chmod(0o755)
    monkeypatch.chdir(directory)
    return directory


#: Installed scripts do not have where they are run from on their path, as ``python -m`` has.
AS_SCRIPT = {"PYTHONSAFEPATH": "1"}


def test_root_runs_a_kitchen_from_its_closed_home(closed_directory: Path) -> None:
    capture = write_pcap(closed_directory / "one.pcap", dns_query("a.example"))
    (closed_directory / "mine.py").write_text(
        "from netdumplings import DumplingChef\nclass MyChef(DumplingChef):\n    pass\n"
    )
    options = ["--read", str(capture), "--stdout"]
    for modules, made in (((), "a.example"), (("-m", "mine"), "MyChef")):
        found = run("sniff", *options, *modules, environment=AS_SCRIPT)
        assert found.returncode == 0, found.stderr
        assert made in found.stdout


def test_a_module_in_a_directory_that_is_closed_is_told_from_one_that_is_not_there(
    closed_directory: Path,
) -> None:
    capture = write_pcap(closed_directory / "one.pcap", dns_query("a.example"))
    (closed_directory / "mine.py").write_text("")
    closed_directory.chmod(0o700)
    options = ["--read", str(capture), "--stdout", "-m", "mine"]
    found = run("sniff", *options, environment=AS_SCRIPT)
    assert found.returncode == 1
    assert "may not look into this directory" in found.stderr


@pytest.mark.parametrize(
    ("user", "problem"),
    [("root", "that is root"), ("0", "that is root"), ("no-such-user", "there is no such user")],
)
@pytest.mark.parametrize("command", ["sniff", "up", "hub"])
def test_chefs_and_hubs_cannot_be_had_to_run_as_root(command: str, user: str, problem: str) -> None:
    done = run(command, "--user", user)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert problem in line
    assert "--user" in line


class TestALoggingConfiguration:
    """Names code that is run."""

    CODE = """
import logging, os, sys

class Tell(logging.StreamHandler):
    def __init__(self):
        print("set up by", os.getuid(), file=sys.stderr, flush=True)
        super().__init__()
"""

    @pytest.fixture
    def environment(self, reachable_path: Path) -> dict[str, str]:
        reachable_path.joinpath("telling.py").write_text(self.CODE)
        config = {"version": 1, "handlers": {"h": {"class": "telling.Tell"}},
                  "root": {"handlers": ["h"], "level": "INFO"}}  # fmt: skip
        path = reachable_path / "logging.json"
        path.write_text(json.dumps(config))
        return {"NETDUMPLINGS_LOGGING_CONFIG": str(path), "PYTHONPATH": str(reachable_path)}

    def test_is_read_when_root_is_given_up(self, environment: dict[str, str]) -> None:
        with Command("hub", "-i", "0", "-o", "0", environment=environment) as hub:
            assert hub.wait_for_err(r"set up by (\d+)")[1] != "0"
            hub.wait_for_err("hub is up")

    def test_that_others_can_change_is_not_read_by_root(self, environment: dict[str, str]) -> None:
        path = Path(environment["NETDUMPLINGS_LOGGING_CONFIG"])
        path.chmod(0o666)
        done = run("hubdetails", environment=environment)
        assert done.returncode == 1
        assert "can be changed by others than root" in done.stderr
        assert "set up by" not in done.stderr
