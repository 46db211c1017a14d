"""Compare what batches and lazy packets tell with the packets that scapy dissects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from scapy.config import conf
from scapy.layers.dns import DNS
from scapy.layers.inet import TCP, UDP
from scapy.layers.l2 import ARP
from scapy.packet import NoPayload, Packet

from netdumplings.packets import PacketBatch, count_layers, dissect, layer_names
from netdumplings.packets.shapes import UNKNOWN, Application, application_of, layers_of

from .scapys import ABSENT, Told, layers_within, told_by_scapy

#: The link types on which scapy knows IPv6 by the number of the system that it runs on only.
_BSD_LOOPBACK = (0, 108)
_NOTHING = Told()


class Disagreement(NamedTuple):
    """One thing that is told in two ways.

    ``malformed`` is True where a column is absent for a header that is cut off or claims what
    cannot be, of which scapy shows what it can make of it.
    """

    index: int
    what: str
    ours: Any
    scapys: Any
    malformed: bool = False


def disagreements(
    batch: PacketBatch, seen: set[tuple[int, int]] | None = None, one_of: int = 1
) -> Iterator[Disagreement]:
    """Whatever our columns, shapes and lazy packets tell otherwise than scapy does.

    Args:
        batch: the packets.
        seen: the link types and shapes that need no asking for every layer that scapy has, as
            that was done before; grows.
        one_of: of how many of scapy's layers one is asked for: others of each shape.
    """
    columns = _columns(batch)
    shapes = batch.shapes.tolist()
    counts: Counter[str] = Counter()
    seen = set() if seen is None else seen
    for index, lazy in enumerate(batch):
        eager = dissect(
            batch.link_type,
            batch.data(index),
            time=int(batch.times_ns[index]) / 1e9,
            wire_length=int(batch.wire_lengths[index]),
            interface=batch.interface,
        )
        for layer in (ARP, "ARP", DNS, "DNS"):  # what chefs ask for first, of whatever it is
            ours, scapys = lazy.haslayer(layer), eager.haslayer(layer)
            if bool(ours) != bool(scapys):
                yield Disagreement(index, f"haslayer({layer!r})", ours, scapys)
        names = layer_names(batch.link_type, batch.data(index))
        counts.update(names)
        to_transport = _names_to_transport(eager)
        if names[: len(to_transport)] != to_transport:
            yield Disagreement(index, "layer names", names, to_transport)
        yield from _columns_of(batch, index, columns, eager)
        yield from _shape_of(batch.link_type, index, shapes[index], eager)
        yield from _answers(batch, index, lazy, eager)
        present = {type(layer) for layer in layers_within(eager)}
        # Of what is not known from its shape, the first question makes a packet of scapy's.
        known = shapes[index] != UNKNOWN
        known = known and application_of(shapes[index]) is not Application.BOUND
        for layer in present if known else list(present)[:1]:
            if not batch[index].haslayer(layer):
                yield Disagreement(index, f"haslayer({layer.__name__})", 0, 1)
        if known and (batch.link_type, shapes[index]) not in seen:
            seen.add((batch.link_type, shapes[index]))
            yield from _answers_on_every_layer(batch, index, eager, one_of)
    counted = dict(count_layers(batch))
    if counted != counts:
        yield Disagreement(0, "counts of layers, from here on", counted, dict(counts))


def _columns(batch: PacketBatch) -> list[Told]:
    columns = {
        "ethertype": batch.ethertypes,
        "vlan": batch.vlans,
        "ip_version": batch.ip_versions,
        "ip_protocol": batch.ip_protocols,
        "fragment_offset": batch.fragment_offsets,
        "is_fragment": batch.fragments,
        "ipv4_source": batch.ipv4_sources,
        "ipv4_destination": batch.ipv4_destinations,
        "src_port": batch.src_ports,
        "dst_port": batch.dst_ports,
        "tcp_flags": batch.tcp_flags,
        "tcp_seq": batch.tcp_seqs,
        "tcp_ack": batch.tcp_acks,
        "tcp_window": batch.tcp_windows,
        "payload_offset": batch.payload_offsets,
        "payload_length": batch.payload_lengths,
    }
    lists: dict[str, list[Any]] = {name: column.tolist() for name, column in columns.items()}
    lists["ipv6_source"] = [row.tobytes() for row in batch.ipv6_sources]
    lists["ipv6_destination"] = [row.tobytes() for row in batch.ipv6_destinations]
    return [
        Told(**{name: values[index] for name, values in lists.items()})
        for index in range(len(batch))
    ]


def _columns_of(
    batch: PacketBatch, index: int, columns: list[Told], eager: Packet
) -> Iterator[Disagreement]:
    ours, scapys = columns[index], told_by_scapy(batch.link_type, eager)
    if batch.link_type in _BSD_LOOPBACK and ours.ip_version == 6 != scapys.ip_version:
        return
    for each in fields(Told):
        if each.name == "wrong":
            continue
        mine, theirs = getattr(ours, each.name), getattr(scapys, each.name)
        if mine == theirs:
            continue
        told_less = mine == getattr(_NOTHING, each.name)
        # Between the claims of a UDP header that is too short to be one, there is no right.
        unclear = each.name == "payload_length" and "UDP" in scapys.wrong
        malformed = bool(scapys.wrong) and (told_less or unclear)
        yield Disagreement(index, each.name, mine, theirs, malformed)
    payload = batch.payload(index)
    begin = ours.payload_offset
    expected = batch.data(index)[begin : begin + ours.payload_length] if begin != ABSENT else b""
    if payload != expected:
        yield Disagreement(index, "payload", payload, expected)


def _shape_of(link_type: int, index: int, shape: int, eager: Packet) -> Iterator[Disagreement]:
    if shape == UNKNOWN:
        return
    ours = [layer.__name__ for layer in layers_of(link_type, shape)]
    scapys = [type(layer).__name__ for layer in _chain(eager)]
    if application_of(shape) is Application.BOUND:
        padded = ours[-1] == "Padding"
        if padded:
            ours.pop()
        same = scapys[: len(ours)] == ours and len(scapys) > len(ours)
    else:
        same = scapys == ours
    if not same:
        yield Disagreement(index, f"shape {shape}", ours, scapys)


def _answers(batch: PacketBatch, index: int, lazy: Packet, eager: Packet) -> Iterator[Disagreement]:
    """What a lazy packet says of itself."""
    for what, ours, scapys in (
        ("time", lazy.time, eager.time),
        ("wirelen", lazy.wirelen, eager.wirelen),
        ("sniffed_on", lazy.sniffed_on, eager.sniffed_on),
        ("original", lazy.original, eager.original),
        ("bytes", *_both(bytes, lazy, eager)),
        ("len", *_both(len, batch[index], eager)),
        ("class", batch[index].__class__, type(eager)),
    ):
        if ours != scapys:
            yield Disagreement(index, what, ours, scapys)


def _both(what: Any, ours: Packet, scapys: Packet) -> tuple[Any, Any]:
    results = []
    for packet in (ours, scapys):
        try:
            results.append(what(packet))
        except Exception as error:  # scapy cannot build all that it dissects
            results.append(type(error))
    return results[0], results[1]


def _answers_on_every_layer(
    batch: PacketBatch, index: int, eager: Packet, one_of: int
) -> Iterator[Disagreement]:
    """Ask for each layer that scapy has, by class and by name, in every way."""
    lazy = batch[index]
    for layer in conf.layers[int(batch.shapes[index]) % one_of :: one_of]:
        for name in {layer, layer.__name__, layer._name}:
            scapys = bool(eager.haslayer(name))
            for what, ask in (
                ("haslayer", lambda packet: packet.haslayer(name)),  # noqa: B023
                ("in", lambda packet: name in packet),  # noqa: B023
                ("getlayer", lambda packet: packet.getlayer(name)),  # noqa: B023
            ):
                if what == "getlayer" and "." in str(layer._name):
                    scapys = eager.getlayer(name) is not None
                if type(lazy) is type(eager):  # dissected, by what it was asked before
                    lazy = batch[index]
                ours = ask(lazy)
                if bool(ours) != scapys:
                    yield Disagreement(index, f"{what} {name!r}", ours, scapys)


def _chain(packet: Packet) -> list[Packet]:
    chain = []
    while not isinstance(packet, NoPayload):
        chain.append(packet)
        packet = packet.payload
    return chain


def _names_to_transport(packet: Packet) -> list[str]:
    """The names of a packet's layers, as far as SPEC section 7 has them equal to scapy's."""
    names = []
    for layer in _chain(packet):
        names.append(layer.name)
        if isinstance(layer, TCP | UDP) and not isinstance(layer.payload, DNS):
            break
    return names


def sample(batch: PacketBatch, most: int) -> PacketBatch:
    """At most so many packets of a batch, spread over it."""
    if len(batch) <= most:
        return batch
    mask = np.zeros(len(batch), np.bool_)
    mask[np.linspace(0, len(batch) - 1, most).astype(int)] = True
    return batch.where(mask)
