"""Tells what is on this network: devices, by what each says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from ..chef import DumplingChef
from ..packets import PacketBatch
from .device_evidence import PORTS, evidence_of, take
from .filters import TAGGED
from .known_devices import Device, KnownDevices

#: Bytes of JSON that the table of an interval may take, so that its dumpling stays under 256 KiB.
TABLE: Final = 240 * 1024
#: Rows that it may have: as many as a hub's page shows.
ROWS: Final = 1_000
#: How many of each kind are in its rows.
IN_ROWS: Final = {
    "addresses": 4, "hostnames": 2, "names": 2, "models": 2, "services": 8, "roles": 4,
}  # fmt: skip


class DeviceChef(DumplingChef):
    """Tells what is on this network: devices, by what each says of itself.

    It listens to ARP, IPv6 neighbour discovery, DHCP, multicast DNS, LLMNR and SSDP, and puts
    together what comes from the same hardware address: only what must be from the device itself,
    and not from behind a router or by way of a proxy.

    When a device is new, or something is new of it: ``{"device": {"time": ..., "event": "new" |
    "changed", "mac": ..., "vendor": name or null, "addresses": [...], "first_seen": ...,
    "last_seen": ...}}``, and as far as it is known: ``answers_for``, ``hostnames``, ``names``,
    ``services``, ``models``, ``vendor_classes``, ``dhcp_fingerprints``, ``software``,
    ``locations``, ``roles``, ``vlans``, all of them lists. Of a change, ``added`` and ``removed``
    say what it is. An address that was made up locally, as phones do for privacy, has
    ``"locally_administered": true``.

    Per interval: ``{"devices": [...], "devices_known": ..., "devices_left_out": ...,
    "devices_forgotten": ...}``: what is known in short, the device heard of latest first.

    It remembers 2048 devices, with 128 characters of each thing known of them, some 40 MiB at most;
    ``devices_forgotten`` says how many times one had to make way, and may be called new again.
    """

    by_request: ClassVar[bool] = True
    packet_filter = (
        "arp or (icmp6 and ip6[40] >= 133 and ip6[40] <= 136) or "
        f"(udp and ({' or '.join(f'port {port}' for port in PORTS)})) or {TAGGED}"
    )
    display: ClassVar = {
        "title": "Devices",
        "view": "table",
        "of": ["devices"],
        "key": "mac",
        "columns": [
            "mac", "vendor", "addresses", "hostnames", "models", "services", "roles", "last_seen",
        ],
    }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known = KnownDevices()

    def batch_handler(self, packets: PacketBatch) -> Iterator[dict[str, Any]]:
        """Tell which devices are new, and what is new of others."""
        for evidence in evidence_of(packets):
            take(evidence, self._known)
            for device, what in self._known.changes():
                event = what.pop("event")
                told = {"time": evidence.time_ns / 1e9, "event": event, **device.told(), **what}
                yield {"device": told}

    def interval_handler(self, interval: float | None = None) -> dict[str, Any]:
        """Tell what is known of all devices, in short."""
        rows: list[dict[str, Any]] = []
        left = TABLE
        for device in reversed(self._known.devices.values()):
            row = _row(device)
            left -= len(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")) + 1
            if left < 0 or len(rows) == ROWS:
                break
            rows.append(row)
        known = len(self._known.devices)
        return {
            "devices": rows,
            "devices_known": known,
            "devices_left_out": known - len(rows),
            "devices_forgotten": self._known.devices.forgotten,
        }


def _row(device: Device) -> dict[str, Any]:
    """What is known of a device, in short: the latest of everything."""
    row = device.told()
    for kind in device.facts:
        if kind not in IN_ROWS:
            row.pop(kind, None)
        elif kind in row:
            row[kind] = row[kind][-IN_ROWS[kind] :]
    return row
