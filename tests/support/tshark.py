"""What tshark says of the packets of real captures, to compare with what we say."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from netdumplings.capture import CaptureOptions, file_source
from netdumplings.exceptions import CaptureError
from netdumplings.packets import PacketBatch

from .examples import thorough

#: Of so many captures one is taken, unless there is time for all of them.
ONE_OF = 120
#: How tshark calls the layers of what our columns are of: IP behind the link layer and VLAN tags,
#: and what it carries.
_OURS = re.compile(
    r"((eth|sll|raw|null)(:ethertype|:ieee8021ad|:vlan)*:)?"
    r"(?P<ip>ip|ipv6)(:ipv6\.(hopopts|routing|dstopts|fraghdr))*:(?P<carries>\w+)(?P<more>.*)"
)
_FIELDS = (
    "frame.number", "frame.len", "frame.protocols", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
    "tcp.srcport", "tcp.dstport", "tcp.flags", "udp.srcport", "udp.dstport", "tcp.stream",
    "tcp.analysis.retransmission", "tcp.analysis.fast_retransmission",
    "tcp.analysis.spurious_retransmission", "tcp.analysis.out_of_order",
    "tcp.analysis.zero_window", "tcp.analysis.initial_rtt", "tcp.flags.reset", "communityid",
    "icmp.type", "icmpv6.type", "icmp.resptime", "icmpv6.resptime",
)  # fmt: skip

#: What has other packets in it, of which tshark then makes the community ID.
_TUNNELS = re.compile(r":(ip|ipv6|vxlan|geneve|gtp|lisp|sflow|gre|nsh)\b")

Frame = dict[str, str]


def captures_for_tshark(captures: Path, always: Sequence[str] = ()) -> Iterator[str]:
    """The paths of captures to compare: some of them, and those named, or all."""
    if shutil.which("tshark") is None:
        pytest.skip("there is no tshark (Debian has it in the package of that name)")
    with (captures / "INDEX.tsv").open() as index:
        rows = list(csv.DictReader(index, delimiter="\t"))
    paths = [row["path"] for row in rows if not row["duplicate_of"]]
    for number, path in enumerate(paths):
        if thorough() or path in always or not number % ONE_OF:
            yield path


def frames_by_tshark(path: Path) -> tuple[Frame, ...]:
    """The frames of a capture whose IP we see: of each the fields of the outermost layers.

    Its addresses are ``src`` and ``dst``, and ``carries`` is what IP carries, as tshark calls it.
    There is no ``communityid`` if it is of what is in a tunnel.
    """
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "occurrence=f"]
    command += ["--enable-protocol", "communityid"]
    for option in ("ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams"):
        command += ["-o", f"{option}:FALSE"]
    for field in _FIELDS:
        command += ["-e", field]
    with TemporaryDirectory() as home:  # so that nobody's settings are in the way
        environment = os.environ | {"HOME": home, "XDG_CONFIG_HOME": home}
        done = subprocess.run(
            command, capture_output=True, check=False, env=environment, text=True, errors="replace"
        )
    frames = []
    for line in done.stdout.splitlines():
        frame = dict(zip(_FIELDS, line.split("\t"), strict=False))
        layers = _OURS.fullmatch(frame.get("frame.protocols", ""))
        if layers:
            frame["carries"] = layers["carries"]
            frame |= {end: frame[f"{layers['ip']}.{end}"] for end in ("src", "dst")}
            if _TUNNELS.search(layers["more"]):
                frame["communityid"] = ""
            frames.append(frame)
    return tuple(frames)


def batches_of(path: Path) -> Iterator[PacketBatch]:
    """The packets of a capture, up to where it breaks off."""
    source = file_source([str(path)], CaptureOptions(filter=""))
    try:
        source.open()
        while not source.ended:
            batch = source.read(1)
            if batch is None:
                return
            yield batch
    except CaptureError:
        return
    finally:
        source.close()


def run_tshark(file: Path, fields: Sequence[str], *options: str) -> list[dict[str, list[str]]]:
    """Ask tshark for fields of the packets of a file; skips where there is no tshark.

    Fields that this tshark does not know have no values.
    """
    if shutil.which("tshark") is None:
        pytest.skip("there is no tshark (Debian has it in the package of that name)")
    # Its settings are nobody's.
    home = {"HOME": str(file.parent), "XDG_CONFIG_HOME": str(file.parent)}
    command = ["tshark", "-n", "-r", str(file), "-T", "fields", "-E", "separator=/t"]
    command += ["-E", "aggregator=|", *options]
    known = known_fields(fields)
    command += [part for field in known for part in ("-e", field)]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, env=os.environ | home
    )
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return [
        {field: [] for field in fields}
        | {
            field: value.split("|") if value else []
            for field, value in zip(known, row, strict=True)
        }
        for row in rows
    ]


def known_fields(fields: Iterable[str]) -> list[str]:
    """Which of these tshark has; others came with newer versions of it."""
    listed = subprocess.run(["tshark", "-G", "fields"], capture_output=True, check=True, text=True)
    known = {parts[2] for line in listed.stdout.splitlines() if len(parts := line.split("\t")) > 2}
    return [field for field in fields if field in known]
