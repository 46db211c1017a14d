"""How much went by, by layer: coarse, and cheap enough to be counted of every packet."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ..defaults import TRAFFIC_LAYERS as LAYERS
from .batch import PacketBatch
from .formats import ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ICMP, ICMPV6, TCP, UDP

_NETWORKS: Final = ((ETHERTYPE_IPV4, "IP"), (ETHERTYPE_IPV6, "IPv6"), (ETHERTYPE_ARP, "ARP"))
_TRANSPORTS: Final = ((TCP, "TCP"), (UDP, "UDP"), (ICMP, "ICMP"), (ICMPV6, "ICMPv6"))
#: A packet's code is that of its network plus that of its transport.
_SPAN: Final = len(_TRANSPORTS) + 1
_CODES: Final = (len(_NETWORKS) + 1) * _SPAN


def _tables() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Make the codes of EtherTypes and of protocols, and say which layers a code stands for.

    The last place of each of the first two is for those that are absent, whose number is -1.
    """
    networks = np.zeros(2**16 + 1, np.uint8)
    transports = np.zeros(2**8 + 1, np.uint8)
    for number, (ethertype, _) in enumerate(_NETWORKS, start=1):
        networks[ethertype] = number * _SPAN
    for number, (protocol, _) in enumerate(_TRANSPORTS, start=1):
        transports[protocol] = number
    layers = np.zeros((len(LAYERS), _CODES), np.int64)
    for code in range(_CODES):
        network, transport = divmod(code, _SPAN)
        name = _NETWORKS[network - 1][1] if network else "other"
        layers[LAYERS.index(name), code] = 1
        if transport:
            layers[LAYERS.index(_TRANSPORTS[transport - 1][1]), code] = 1
    return networks, transports, layers


_NETWORK_CODES, _TRANSPORT_CODES, _LAYERS_OF_CODES = _tables()


def count_traffic(packets: PacketBatch) -> npt.NDArray[np.int64]:
    """Count the packets of a batch, and their bytes on the wire, by layer.

    What is above IP is told by what its header says that it carries.

    Returns:
        a row for each of `TRAFFIC_LAYERS`: packets, bytes.
    """
    codes = _NETWORK_CODES[packets.ethertypes] + _TRANSPORT_CODES[packets.ip_protocols]
    counts = np.empty((_CODES, 2), np.int64)
    counts[:, 0] = np.bincount(codes, minlength=_CODES)
    # (As floats, which are exact up to 2**53.)
    counts[:, 1] = np.bincount(codes, packets.wire_lengths, _CODES)
    return _LAYERS_OF_CODES @ counts
