"""The whole system on a real cable: two hosts talk, a kitchen listens, three eaters eat.

In one namespace lie the kitchen and the hub; from the other come ARP, a real resolver's DNS query
and a real TCP connection. The eaters, a `DumplingEater`, a raw WebSocket client and ``nd-print``,
are processes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.network import Cable, inside, run_inside, start_inside, why_not

REASON = why_not()
pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
]
PYTHON = sys.executable
NAME = "host.nd-test.example"

CHEF = """
from netdumplings import DumplingChef

class EveryPacketChef(DumplingChef):
    def packet_handler(self, packet):
        layers = [layer.__name__ for layer in packet.layers()]
        return {"summary": packet.summary(), "layers": layers}
"""

# The three eaters write each dumpling they get to standard output.
CLASS_EATER = """
import sys
from netdumplings import DumplingEater

async def on_connect(uri, websocket):
    print("ready", flush=True)

async def on_dumpling(dumpling):
    print(dumpling.to_json(), flush=True)

DumplingEater("class", sys.argv[1], on_connect=on_connect, on_dumpling=on_dumpling).run()
"""
RAW_EATER = """
import json, sys
from websockets.sync.client import connect

with connect(f"ws://{sys.argv[1]}", proxy=None) as websocket:
    websocket.send(json.dumps({"eater_name": "raw"}))
    print("ready", flush=True)
    for message in websocket:
        print(message, flush=True)
"""
# Answers every question with the address of the other host (RFC 1035 section 4.1).
NAME_SERVER = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("10.77.0.1", 53))
print("ready", flush=True)
while True:
    query, peer = server.recvfrom(512)
    end = query.index(b"\\0", 12) + 5
    found = query[end - 4:end - 2] == b"\\0\\1"
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + bytes([10, 77, 0, 1]) if found else b""
    counts = b"\\0\\1" + (b"\\0\\1" if found else b"\\0\\0") + bytes(4)
    server.sendto(query[:2] + b"\\x81\\x80" + counts + query[12:end] + answer, peer)
"""
WEB_SERVER = """
import socket
server = socket.create_server(("10.77.0.1", 8080))
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    connection.recv(100)
    connection.sendall(b"served")
    connection.close()
"""
VISITOR = """
import socket
address = socket.gethostbyname("host.nd-test.example")
with socket.create_connection((address, 8080)) as connection:
    connection.sendall(b"please")
    assert connection.recv(100) == b"served"
print(address)
"""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        resolv = Path("/etc/netns") / cable.right
        resolv.mkdir(parents=True)
        (resolv / "resolv.conf").write_text("nameserver 10.77.0.1\noptions timeout:5\n")
        try:
            yield cable
        finally:
            (resolv / "resolv.conf").unlink()
            resolv.rmdir()


class Processes(ExitStack):
    """Processes of a test, all killed at its end."""

    def start(self, namespace: str, *command: str, **settings: Any) -> subprocess.Popen[str]:
        process = start_inside(namespace, command, **settings)
        self.callback(self._end, process)
        return process

    def console(self, namespace: str, module: str, *arguments: str) -> subprocess.Popen[str]:
        command = (PYTHON, "-m", f"netdumplings.console.{module}", *arguments)
        return self.start(namespace, *command, stderr=subprocess.PIPE)

    def script(self, namespace: str, text: str, *arguments: str) -> subprocess.Popen[str]:
        """Run Python text, and wait until it says that it is ready."""
        process = self.start(namespace, PYTHON, "-c", text, *arguments)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def wait_for(process: subprocess.Popen[str], *texts: str) -> None:
    """Wait until it has said all of some texts, in whatever order."""
    assert process.stderr
    left = set(texts)
    for line in process.stderr:
        left = {text for text in left if text not in line}
        if not left:
            return
    raise AssertionError(f"it ended without saying {left}")


def test_every_dumpling_the_kitchen_made_arrives_at_each_eater(
    cable: Cable, tmp_path: Path
) -> None:
    chef = tmp_path / "every_packet.py"
    chef.write_text(CHEF)
    with Processes() as processes:
        hub = processes.console(cable.left, "hub", "--status-freq", "0.2")
        wait_for(hub, "hub is up")
        by_class = processes.script(cable.left, CLASS_EATER, "localhost:11348")
        by_socket = processes.script(cable.left, RAW_EATER, "localhost:11348")
        by_print = processes.console(
            cable.left, "print", "-n", "print", "-c", "EveryPacketChef", "--no-color"
        )
        wait_for_eaters(by_class, {"class", "raw", "print"})

        kitchen = processes.console(
            cable.left, "sniff", "-i", "eth0", "-m", str(chef), "-n", "cable"
        )
        wait_for(kitchen, "sniffs on eth0", "connected to the hub")
        processes.script(cable.left, NAME_SERVER)
        processes.script(cable.left, WEB_SERVER)
        assert run_inside(cable.right, PYTHON, "-c", VISITOR).stdout == "10.77.0.1\n"

        # The last packet of all that the kitchen sees; when it has come through, so have all.
        run_inside(cable.right, PYTHON, "-c", LAST_WORD)
        expected = dumplings_until_last(by_class)
        received = dumplings_until_last(by_socket)
        kitchen.send_signal(signal.SIGINT)
        assert kitchen.wait(30) == 0
        assert kitchen.stderr
        made = int(kitchen.stderr.read().partition(" and made ")[2].split()[0])
        hub.send_signal(signal.SIGTERM)
        assert hub.wait(30) == 0
        by_print.send_signal(signal.SIGINT)
        printed, _ = by_print.communicate(timeout=30)

    assert expected == received
    assert len(expected) == made
    assert printed.count("[packet] EveryPacketChef from cable\n") == made
    for text in expected:
        assert json.loads(text)["payload"]["summary"] in json_strings(printed)
    layers = Counter(tuple(json.loads(text)["payload"]["layers"]) for text in expected)
    assert layers["Ether", "ARP"] >= 2
    assert layers["Ether", "IP", "UDP", "DNS"] >= 2
    assert any(kind[:3] == ("Ether", "IP", "TCP") for kind in layers)
    assert any(NAME in text for text in expected)


LAST_WORD = """
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.77.0.1", 9999))
"""


def test_interfaces_that_vanish_and_appear_do_not_end_the_kitchen(
    cable: Cable, tmp_path: Path
) -> None:
    chef = tmp_path / "every_packet.py"
    chef.write_text(CHEF)
    with Processes() as processes:
        sniff = processes.console(cable.left, "sniff", "--stdout", "-f", "udp port 9999",
                                  "-m", str(chef))  # fmt: skip
        wait_for(sniff, "sniffs on all")
        assert sniff.stdout
        run_inside(cable.right, PYTHON, "-c", LAST_WORD)
        assert "9999" in sniff.stdout.readline()
        run_inside(cable.left, "ip", "link", "del", "eth0")
        run_inside(cable.left, "ip", "link", "add", "eth0", "netns", cable.left, "type", "veth",
                   "peer", "name", "eth0", "netns", cable.right)  # fmt: skip
        for name, address in ((cable.left, cable.LEFT_IP), (cable.right, cable.RIGHT_IP)):
            run_inside(name, "ip", "addr", "add", f"{address}/24", "dev", "eth0")
            run_inside(name, "ip", "link", "set", "eth0", "up")
        processes.start(cable.right, PYTHON, "-c", REPEATED_WORD)
        assert "9999" in sniff.stdout.readline()
        sniff.send_signal(signal.SIGTERM)
        assert sniff.wait(30) == 0


# Until the kitchen has found the interface again, at most a minute.
REPEATED_WORD = """
import socket, time
for _ in range(300):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.77.0.1", 9999))
    except OSError:
        pass
    time.sleep(0.2)
"""


def test_an_interface_that_does_not_exist_is_one_line_and_status_1(cable: Cable) -> None:
    done = subprocess.run(
        inside(cable.left, PYTHON, "-m", "netdumplings.console.sniff", "-i", "eth9"),
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no interface 'eth9' on this host" in line
    assert "eth0" in line


def test_no_permission_to_sniff_is_one_line_and_status_1() -> None:
    done = subprocess.run(
        ["setpriv", "--bounding-set=-net_raw,-net_admin", "--inh-caps=-net_raw,-net_admin",
         PYTHON, "-m", "netdumplings.console.sniff", "-i", "lo"],
        capture_output=True, text=True, timeout=30, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "not allowed to sniff on lo: run it with sudo" in line
    assert "--read" in line


def wait_for_eaters(eater: subprocess.Popen[str], names: set[str]) -> None:
    """Read status dumplings until the hub says that all of these are connected."""
    assert eater.stdout
    for line in eater.stdout:
        eaters = json.loads(line)["payload"]["dumpling_eaters"]
        if names <= {one["info_from_eater"]["eater_name"] for one in eaters}:
            return


def dumplings_until_last(eater: subprocess.Popen[str]) -> list[str]:
    """The kitchen's dumplings as JSON text, as far as the one of the test's last packet."""
    assert eater.stdout
    texts = []
    for line in eater.stdout:
        document = json.loads(line)
        if document["metadata"]["chef"] != "EveryPacketChef":
            continue
        texts.append(json.dumps(document, sort_keys=True))
        if ":9999" in document["payload"]["summary"]:
            break
    return texts


def json_strings(printed: str) -> str:
    """What ``nd-print`` wrote, its escapes undone where they would hide a summary."""
    return printed.replace('\\"', '"').replace("\\\\", "\\")
