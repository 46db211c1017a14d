"""Announcements of multicast DNS, written as in a zone file."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rrset


def announcement(*lines: str, ttl: int = 120) -> bytes:
    """A response with records, each as in ``laptop.local A 192.0.2.7``, made by dnspython."""
    message = dns.message.Message(id=0)
    message.flags = dns.flags.QR | dns.flags.AA
    for line in lines:
        owner, kind, data = line.split(" ", 2)
        message.answer.append(dns.rrset.from_text(owner, ttl, "IN", kind, data))
    return message.to_wire(origin=dns.name.root)
