"""What is known of the devices on a link: what each says of itself, and what changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..packets.addresses import address_text
from ..packets.hardware import is_local, vendor_of
from ..packets.neighbours import Claim
from .recent import RecentDict

#: Devices remembered: a /21 network full of them.
DEVICES: Final = 2_048
#: IP addresses of which it is remembered whose they are.
ADDRESSES: Final = 8_192
#: Devices of which something was heard before it was known that they are on this link.
PENDING: Final = 512

#: What is remembered of a device, and how many of each; a new one takes the oldest one's place.
KINDS: Final = {
    "addresses": 16, "answers_for": 8, "hostnames": 4, "names": 8, "services": 24, "models": 4,
    "vendor_classes": 2, "dhcp_fingerprints": 2, "software": 4, "locations": 4, "roles": 4,
    "vlans": 8,
}  # fmt: skip
#: Characters of each.
LONGEST: Final = 128

Facts = dict[str, list[str]]


class Device:
    """A device, by its hardware address.

    Attributes:
        hardware: the address, six bytes.
        first_ns: when it was first heard of, nanoseconds since the epoch.
        latest_ns: when it was heard of latest.
        facts: what is known of it, by `KINDS`; the latest of each kind at the end.
        added: what is new of this since it was told.
        removed: what is no longer so.
        is_new: whether it was never told.
        unproven: an address of IPv4, and one of IPv6, that it has answered for, and no other.
    """

    __slots__ = (
        "added", "facts", "first_ns", "hardware", "is_new", "latest_ns", "removed", "unproven",
    )  # fmt: skip

    def __init__(self, hardware: bytes, time_ns: int) -> None:
        self.hardware = hardware
        self.first_ns = self.latest_ns = time_ns
        self.facts: dict[str, dict[str, None]] = {}
        self.added: Facts = {}
        self.removed: Facts = {}
        self.is_new = True
        self.unproven: dict[int, str] = {}

    def knows(self, kind: str, value: str) -> bool:
        """Whether something is known of it."""
        return value in self.facts.get(kind, ())

    def add(self, kind: str, value: str) -> None:
        """Note what is so."""
        value = value[:LONGEST]
        known = self.facts.setdefault(kind, {})
        if value not in known:
            self.added.setdefault(kind, []).append(value)
        known.pop(value, None)
        known[value] = None
        if len(known) > KINDS[kind]:
            del known[next(iter(known))]

    def remove(self, kind: str, value: str) -> None:
        """Note what is no longer so."""
        known = self.facts.get(kind, {})
        if value in known:
            del known[value]
            self.removed.setdefault(kind, []).append(value)

    def proves(self, size: int, address: str | None = None) -> None:
        """Note that it uses an address, or answers for several: what was likely is so, or is not.

        Args:
            size: of addresses of this kind, bytes.
            address: that which it uses.
        """
        likely = self.unproven.pop(size, None)
        if likely is not None and likely != address:
            self.remove("addresses", likely)
            self.add("answers_for", likely)

    def told(self) -> dict[str, Any]:
        """What is known, as JSON has it."""
        told: dict[str, Any] = {"mac": self.hardware.hex(":"), "vendor": vendor_of(self.hardware)}
        if is_local(self.hardware):
            told["locally_administered"] = True
        told |= {kind: list(self.facts[kind]) for kind in KINDS if self.facts.get(kind)}
        return told | {"first_seen": self.first_ns / 1e9, "last_seen": self.latest_ns / 1e9}


class KnownDevices:
    """The devices on a link, and whose each IP address is.

    An address is its owner's only if that uses it. Who answers for several, without ever being seen
    to use them, may be a proxy, and what comes from them says nothing of it.

    Attributes:
        devices: those that were heard of latest, by their hardware addresses.
    """

    def __init__(self) -> None:
        self.devices: RecentDict[bytes, Device] = RecentDict(DEVICES)
        self._owners: RecentDict[bytes, bytes] = RecentDict(ADDRESSES)
        self._pending: RecentDict[tuple[bytes, bytes], Facts] = RecentDict(PENDING)
        self._changed: dict[bytes, Device] = {}

    def heard(self, hardware: bytes, time_ns: int, vlan: int = 0) -> Device:
        """Note that a device was heard, and return it."""
        device = self.devices.get(hardware) or Device(hardware, time_ns)
        self.devices[hardware] = device
        device.latest_ns = time_ns
        if vlan > 0:
            device.add("vlans", str(vlan))
        self._changed[hardware] = device
        return device

    def claim(self, claim: Claim, time_ns: int, vlan: int = 0) -> Device:
        """Take in that a device has an address."""
        device = self.heard(claim.hardware, time_ns, vlan)
        if claim.is_router:
            device.add("roles", "router")
        if claim.address is None:
            return device
        text = address_text(claim.address)
        if not claim.is_own:
            self._answers_for(device, len(claim.address), text)
            return device
        if self.owner(claim.address) != claim.hardware:
            self._move(claim.address, text, device)
        device.add("addresses", text)
        device.proves(len(claim.address), text)
        said = self._pending.get((claim.hardware, claim.address))
        if said is not None:
            del self._pending[claim.hardware, claim.address]
            for kind, values in said.items():
                for value in values:
                    device.add(kind, value)
        return device

    def owner(self, address: bytes) -> bytes | None:
        """The hardware address of the device that uses an IP address, if one is known."""
        return self._owners.get(address)

    def say(
        self, hardware: bytes, address: bytes, facts: Iterable[tuple[str, str]], time_ns: int
    ) -> None:
        """Take in what came from an IP address, by way of a device: its own, or a router's."""
        if self.owner(address) == hardware:
            device = self.heard(hardware, time_ns)
            for kind, value in facts:
                device.add(kind, value)
            return
        waiting = self._pending.get((hardware, address), {})
        self._pending[hardware, address] = waiting
        for kind, value in facts:
            values = waiting.setdefault(kind, [])
            if value[:LONGEST] not in values and len(values) < KINDS[kind]:
                values.append(value[:LONGEST])

    def changes(self) -> Iterator[tuple[Device, dict[str, Any]]]:
        """Each device of which something is new, and what is, since this was asked last."""
        changed = list(self._changed.values())
        self._changed.clear()
        for device in changed:
            if device.is_new:
                what: dict[str, Any] = {"event": "new"}
            elif device.added or device.removed:
                what = {"event": "changed"}
                what |= {"added": device.added} if device.added else {}
                what |= {"removed": device.removed} if device.removed else {}
            else:
                continue
            device.is_new, device.added, device.removed = False, {}, {}
            yield device, what

    def _answers_for(self, device: Device, size: int, text: str) -> None:
        """It answers for an address. While that is the only one, it is likely to be its own."""
        if device.knows("addresses", text):
            return
        has_one = any((":" in known) is (size == 16) for known in device.facts.get("addresses", ()))
        if not has_one and not device.facts.get("answers_for"):
            device.unproven[size] = text
            device.add("addresses", text)
            return
        device.proves(size)
        device.add("answers_for", text)

    def _move(self, address: bytes, text: str, device: Device) -> None:
        """Make an address a device's own."""
        before = self.devices.get(self.owner(address) or b"")
        if before is not None:
            before.remove("addresses", text)
            self._changed[before.hardware] = before
        self._owners[address] = device.hardware
        device.remove("answers_for", text)
