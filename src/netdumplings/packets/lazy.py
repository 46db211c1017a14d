"""Scapy packets that are dissected when somebody looks into them, and not before.

Dissecting a packet takes scapy some 200 microseconds, and most chefs only ask of most packets
whether they have a layer. A lazy packet answers that from its shape. Whatever else it is asked, it
first becomes what it stands for: its class is changed to the scapy class and that class's own
``__init__`` dissects the bytes into the same object. From then on there is no trace of its former
life, and no cost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from scapy.packet import Packet, Raw

from .dissect import first_layer, readable_by_old_chefs
from .shapes import UNKNOWN, Application, application_of, layers_of

if TYPE_CHECKING:
    from .batch import PacketBatch

_set: Final = object.__setattr__
_get: Final = object.__getattribute__


class _Origin(bytes):
    """The bytes of a packet that is not dissected yet, and what else is known of it.

    It is kept where scapy keeps the original bytes, as a lazy packet has the slots of a scapy
    packet and no others: only so can the one become the other.
    """

    link_type: int
    shape: int


def lazy_packet(
    packets: PacketBatch, index: int, shape: int, *, time: float, wire_length: int
) -> Packet:
    """Make a packet of a batch that dissects itself on first need.

    Args:
        packets: the batch.
        index: which of its packets.
        shape: that packet's shape.
        time: when it was captured, seconds since the epoch.
        wire_length: its length on the wire.
    """
    origin = _Origin(packets.data(index))
    origin.link_type = packets.link_type
    origin.shape = shape
    layer: Any = first_layer(packets.link_type, origin)
    packet = object.__new__(_lazy_class(layer))
    _set(packet, "original", origin)
    _set(packet, "time", time)
    _set(packet, "wirelen", wire_length)
    _set(packet, "sniffed_on", packets.interface)
    return packet


def dissect_now(packet: Packet) -> None:
    """Make a lazy packet the scapy packet that it stands for."""
    origin: _Origin = _get(packet, "original")
    kept = {name: _get(packet, name) for name in ("time", "wirelen", "sniffed_on")}
    data = bytes(origin)
    layer = type(packet).__mro__[1]
    _set(packet, "__class__", layer)
    try:
        layer.__init__(packet, data)  # type: ignore[misc]  # the same object, made anew
    except Exception:  # whatever a dissector does on hostile bytes
        _set(packet, "__class__", Raw)
        Raw.__init__(packet, data)
    for name, value in kept.items():
        _set(packet, name, value)
    readable_by_old_chefs(packet)


@cache
def _has_layer(link_type: int, shape: int, layer: Any) -> bool | None:
    """Whether a packet of a shape has a layer; None where only scapy can tell."""
    if shape == UNKNOWN or application_of(shape) is Application.BOUND:
        return None
    # Whoever finds a layer goes on to look into it. So only "no" is worth telling at once, and
    # what is nearly a "yes" is left to scapy and its rules.
    for present in layers_of(link_type, shape):
        if layer in (present.__name__, present._name, present):
            return None
    if isinstance(layer, str):
        return False
    if isinstance(layer, type) and issubclass(layer, Packet):
        return None if getattr(layer, "match_subclass", False) else False
    return None


def _lacks(packet: Packet, layer: Any) -> bool:
    origin: _Origin = _get(packet, "original")
    try:
        return _has_layer(origin.link_type, origin.shape, layer) is False
    except TypeError:  # cannot be hashed, so it is no layer: scapy has its own answer
        return False


def _haslayer(packet: Packet, cls: Any, _subclass: bool | None = None) -> Any:
    if not _subclass and _lacks(packet, cls):
        return 0
    dissect_now(packet)
    return packet.haslayer(cls, _subclass)


def _getlayer(packet: Packet, cls: Any, *args: Any, **kwargs: Any) -> Any:
    if not args and not kwargs and _lacks(packet, cls):
        return None
    dissect_now(packet)
    return packet.getlayer(cls, *args, **kwargs)


def _contains(packet: Packet, cls: Any) -> Any:
    if _lacks(packet, cls):
        return False
    dissect_now(packet)
    return cls in packet


#: What a lazy packet answers itself.
_METHODS: Final[dict[str, Callable[..., Any]]] = {"haslayer": _haslayer, "getlayer": _getlayer}
_SLOTS: Final = frozenset({"time", "wirelen", "sniffed_on"})


def _getattribute(packet: Packet, name: str) -> Any:
    if name in _METHODS:
        return _METHODS[name].__get__(packet)
    if name in _SLOTS:
        return _get(packet, name)
    dissect_now(packet)
    return getattr(packet, name)


def _after_dissection(name: str) -> Callable[..., Any]:
    """A special method that dissects first; Python looks these up past ``__getattribute__``."""

    def method(packet: Packet, *args: Any) -> Any:
        dissect_now(packet)
        return getattr(packet, name)(*args)

    method.__name__ = name
    return method


#: Python's own handling of the object, which stays as it is.
_UNTOUCHED: Final = frozenset(
    {
        "__class__", "__class_getitem__", "__doc__", "__getattribute__", "__init__",
        "__init_subclass__", "__module__", "__new__", "__signature__", "__slots__",
        "__subclasshook__", "__annotations__", "__dict__", "__weakref__", "__orig_bases__",
        "__parameters__", "__abstractmethods__", "__getattr__", "__all_slots__",
        "__firstlineno__", "__static_attributes__", "__classcell__",
    }
)  # fmt: skip


@cache
def _lazy_class(layer: Any) -> Any:
    """The class of lazy packets that stand for those of a scapy class."""
    special = {name for kind in layer.__mro__ for name in vars(kind)}
    methods: dict[str, Any] = {
        name: _after_dissection(name)
        for name in special - _UNTOUCHED
        if name.startswith("__") and name.endswith("__") and callable(getattr(layer, name, None))
    }
    methods |= {"__slots__": (), "__getattribute__": _getattribute, "__contains__": _contains}
    # The name's underscore keeps scapy from listing it among its layers.
    return type(layer)(f"_Lazy{layer.__name__}", (layer,), methods)
