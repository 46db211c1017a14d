"""What multicast DNS and DNS service discovery announce (RFC 6762, RFC 6763)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .dns_data import strings
from .dns_messages import DnsMessage, DnsRecord

#: An instance of a service: its label, which may have anything in it, and the type.
_INSTANCE: Final = re.compile(
    r"((?:[^.\\]|\\.)+)\.(_[^.]+\._(?:tcp|udp))\.local", re.IGNORECASE | re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\([.\\])")

#: Keys of TXT records that tell the model: Apple's; Google Cast's; AirPlay's, of old; printers'.
MODEL_KEYS: Final = frozenset({"model", "md", "am", "rpmd", "ty", "product"})
#: Those that tell a name for people.
NAME_KEYS: Final = frozenset({"fn"})


class Instance(NamedTuple):
    """An instance of a service: its name for people, and its type, as in ``_ipp._tcp``."""

    name: str
    type: str


class Announced(NamedTuple):
    """What a response announces.

    Attributes:
        hosts: the addresses of hosts, 4 or 16 bytes each, by their names.
        servers: the names of the hosts of instances.
        instances: all that are named, also those whose host is not.
        texts: of instances, the keys in lower case and values of their TXT records.
    """

    hosts: dict[str, set[bytes]]
    servers: dict[Instance, str]
    instances: list[Instance]
    texts: dict[Instance, dict[str, str]]


def announced(message: DnsMessage) -> Announced:
    """Find what a message announces.

    What it takes back (RFC 6762 section 10.1) is left out.
    """
    told = Announced({}, {}, [], {})
    for record in (*message.answers, *message.additionals):
        if record.ttl:
            _take(record, told)
    return told


def _take(record: DnsRecord, told: Announced) -> None:
    if record.type in ("A", "AAAA"):
        if len(record.raw) == (4 if record.type == "A" else 16):
            told.hosts.setdefault(record.name, set()).add(record.raw)
        return
    instance = _instance(record.data if record.type == "PTR" else record.name)
    if instance is None or record.type not in ("PTR", "SRV", "TXT"):
        return
    told.instances.append(instance)
    if record.type == "SRV" and not record.data.startswith("\\#"):
        told.servers[instance] = record.data.split(" ", 3)[3]
    elif record.type == "TXT":
        told.texts[instance] = _pairs(record.raw)


def _instance(name: str) -> Instance | None:
    match = _INSTANCE.fullmatch(name)
    return Instance(_ESCAPED.sub(r"\1", match[1]), match[2].lower()) if match else None


def _pairs(data: bytes) -> dict[str, str]:
    """RFC 6763 section 6.3 to 6.5: of keys that come twice, the first counts."""
    pairs: dict[str, str] = {}
    for one in strings(data):
        key, _, value = one.decode("utf-8", "backslashreplace").partition("=")
        pairs.setdefault(key.lower(), value)
    return pairs
