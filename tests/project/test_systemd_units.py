"""The units in ``deploy/systemd`` are as tight as can be, and the commands can live with that."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click import Option

from netdumplings.console import hub, sniff
from netdumplings.console.command import Command as ConsoleCommand
from support import sandbox
from support.commands import PATIENCE, Command
from support.nats import NatsServer, why_no_servers
from support.packets import dns_query, write_pcap

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NATS = DEPLOY / "nats" / "nats-server.service"
COMMANDS: dict[str, ConsoleCommand] = {"nd-hub": hub.main, "nd-sniff": sniff.main}  # type: ignore[dict-item]
#: What ``systemd-analyze security`` may say of each, in tenths; 100 is no sandbox at all.
MOST_EXPOSED = {"nd-hub": 15, "nd-sniff": 22, "nats-server": 17}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze"
)


def test_there_is_a_unit_for_the_hub_and_one_for_a_kitchen() -> None:
    assert [unit.stem for unit in UNITS] == ["nd-hub", "nd-sniff"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_each_option_that_a_unit_names_is_one_of_its_command(unit: Path) -> None:
    [line] = sandbox.settings(unit)["ExecStart"]
    program, *arguments = shlex.split(line)
    assert Path(program).name == unit.stem
    context = COMMANDS[unit.stem].make_context(unit.stem, arguments, resilient_parsing=True)
    assert not context.args
    known = {name for option in COMMANDS[unit.stem].params for name in option.opts}
    assert {each for each in arguments if each.startswith("--")} <= known


def test_each_variable_of_the_drop_in_is_an_option_of_the_hub() -> None:
    told = sandbox.settings(DEPLOY / "systemd" / "nd-hub.service.d" / "backbone.conf")
    named = {line.partition("=")[0] for line in told["Environment"]}
    assert named == {
        f"NETDUMPLINGS_HUB_BACKBONE{option}"
        for option in ("", "_USER", "_PASSWORD_FILE", "_TLS_CA")
    }
    assert named <= {option.envvar for option in hub.main.params if isinstance(option, Option)}
    handed = {line.partition(":")[0] for line in told["LoadCredential"]}
    files = {line.partition("=%d/")[2] for line in told["Environment"] if "%d" in line}
    assert files == handed


@needs_systemd
@pytest.mark.parametrize("unit", [*UNITS, NATS], ids=lambda unit: unit.stem)
def test_systemd_understands_every_line_of_a_unit(unit: Path) -> None:
    done = subprocess.run(
        # With its drop-ins, which lie beside it.
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    # The program is not where it will be.
    left = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert [line for line in left if unit.name in line] == []


@needs_systemd
@pytest.mark.parametrize("unit", [*UNITS, NATS], ids=lambda unit: unit.stem)
def test_systemd_finds_little_exposed(unit: Path) -> None:
    limit = MOST_EXPOSED[unit.stem]
    done = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", "--offline=true",
         f"--threshold={limit}", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze knows no --offline")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


needs_a_sandbox = pytest.mark.skipif(
    sandbox.why_not() is not None, reason=str(sandbox.why_not() or "")
)


def confined(unit: str) -> tuple[str, ...]:
    """What goes before a command line, to have it in the unit's sandbox."""
    path = next(path for path in (*UNITS, NATS) if path.stem == unit)
    return (sys.executable, sandbox.__file__, str(path))


@needs_a_sandbox
def test_a_kitchen_lives_in_its_sandbox(tmp_path: Path) -> None:
    capture = write_pcap(tmp_path / "x.pcap", dns_query("a.example"))
    arguments = ("--stdout", "--read", str(capture))
    with Command("sniff", *arguments, prefix=confined("nd-sniff")) as command:
        assert command.end() == 0, command.err
    assert '"hostname":"a.example"' in command.out


@needs_a_sandbox
@pytest.mark.netns
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may sniff")
def test_a_kitchen_sniffs_in_its_sandbox() -> None:
    options = ("--stdout", "-i", "lo", "-f", "icmp or udp", "-p", "0.1")
    with Command("sniff", *options, prefix=confined("nd-sniff")) as command:
        command.wait_for_out("packet_counts")
        assert command.end(signal.SIGTERM) == 0, command.err


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all")


@needs_a_sandbox
def test_a_hub_lives_in_its_sandbox() -> None:
    prefix = confined("nd-hub")
    if os.geteuid() == 0:  # it would want to become somebody else
        again = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', ''])"
        if subprocess.call([*NOBODY, sys.executable, "-c", again], stderr=subprocess.DEVNULL):
            pytest.skip("nobody but root may run this Python")
        prefix = NOBODY + prefix
    with Command("hub", "-i", "0", "-o", "0", prefix=prefix) as command:
        command.wait_for_err("hub is up")
        assert command.end(signal.SIGTERM) == 0, command.err


@needs_a_sandbox
@pytest.mark.skipif(bool(why_no_servers()), reason=str(why_no_servers()))
def test_a_server_of_the_backbone_lives_in_its_sandbox(tmp_path: Path) -> None:
    with NatsServer(tmp_path, prefix=confined("nats-server")) as server:
        assert server.monitoring("jsz")["streams"] == 0


@needs_a_sandbox
def test_the_sandbox_is_one() -> None:
    code = (
        "import mmap, socket, os\n"
        "for what in (lambda: socket.socket(socket.AF_PACKET), lambda: os.chroot('/'),\n"
        "             lambda: mmap.mmap(-1, 4096, prot=7)):\n"
        "    try: what()\n"
        "    except OSError as error: print(error.errno)\n"
    )
    done = subprocess.run(
        [*confined("nd-hub"), sys.executable, "-c", code],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["97", "1", "13"]  # EAFNOSUPPORT, EPERM, EACCES
