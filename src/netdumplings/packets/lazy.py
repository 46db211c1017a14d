"""Scapy packets that are dissected when somebody looks into them, and not before.

Dissecting a packet takes scapy some 200 microseconds, and most chefs only ask of most packets
whether they have a layer. A lazy packet answers that from its shape. Whatever else it is asked, it
first becomes what it stands for: its class is changed to the scapy class, and that class's own
``__init__`` dissects the bytes into the same object. From then on there is no trace of its former
life, and no cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Final

from scapy.packet import Packet, Raw

from .applications import FOUND_ELSEWHERE
from .dissection import dissect, first_layer, readable_by_old_chefs
from .shapes import UNKNOWN, Application, application_of, layers_of

# A lazy packet has the slots of a scapy packet and no others: only so can the one become the other.
# All are empty but one, where scapy keeps the original bytes, and which holds an _Origin till then.
_ORIGIN: Final = vars(Packet)["original"]
_origin_of: Final = _ORIGIN.__get__
_set_origin: Final = _ORIGIN.__set__
_set_class: Final = vars(object)["__class__"].__set__
_new: Final = object.__new__

#: The answers, the bytes, the time in seconds, the length on the wire, and the interface.
_Origin = tuple["_Absent", bytes, float, int, str | None]

#: What is shorter may be too short for its first layer, and scapy's readers make that a Raw packet.
#: The longest is IPv6, of which scapy wants 3 bytes of a routing header too, if one is to follow.
_SHORT: Final = 40 + 3
#: Layers asked for by name whose answers are remembered for each shape.
_MOST_REMEMBERED: Final = 256


def lazy_packets(
    link_type: int,
    shapes: Iterable[int],
    packets: Iterable[bytes],
    times: Iterable[float],
    wire_lengths: Iterable[int],
    interface: str | None,
) -> Iterator[Packet]:
    """Make packets that dissect themselves on first need.

    Args:
        link_type: what their bytes begin with, a LINKTYPE_ value.
        shapes: which layers each has: see `shapes`.
        packets: the bytes of each.
        times: when each was captured, seconds since the epoch.
        wire_lengths: the length of each on the wire, bytes.
        interface: where they were captured.

    Yields:
        packets as of `dissect` with the same arguments.
    """
    known: dict[int, tuple[Any, _Absent]] = {}
    for shape, data, time, wire_length in zip(shapes, packets, times, wire_lengths, strict=True):
        if shape in known:
            lazy, absent = known[shape]
        elif shape != UNKNOWN:
            lazy, absent = known[shape] = _of_shape(link_type, shape)
        elif len(data) < _SHORT:
            yield dissect(link_type, data, time=time, wire_length=wire_length, interface=interface)
            continue
        else:
            layer: Any = first_layer(link_type, data)
            lazy, absent = _lazy_class(layer), _NOTHING_KNOWN
        packet: Packet = _new(lazy)
        _set_origin(packet, (absent, data, time, wire_length, interface))
        yield packet


def dissect_now(packet: Packet) -> None:
    """Make a lazy packet the scapy packet that it stands for; leave any other as it is."""
    layer = _STANDS_FOR.get(type(packet))
    if layer is None:
        return
    _absent, data, time, wire_length, interface = _origin_of(packet)
    _set_class(packet, layer)
    try:
        layer.__init__(packet, data)
    except Exception:  # whatever a dissector does on hostile bytes
        # An object whose class has slots of its own cannot become Raw. But those classes' headers
        # are short, so all was dissected, and what failed is some layer's last touch.
        if not _has_own_slots(layer):
            _set_class(packet, Raw)
            Raw.__init__(packet, data)
    packet.time = time
    packet.wirelen = wire_length
    packet.sniffed_on = interface
    readable_by_old_chefs(packet)


class _Absent(dict[Any, bool]):
    """For a layer, as a class or a name, whether packets of one shape surely lack it.

    Whoever finds a layer goes on to look into it. So only "no" is worth telling at once, and what
    is nearly a "yes" is left to scapy and its rules.

    Args:
        layers: the layers they have; None if that is not known.
        only: where there is an application with layers of its own, those it does not have.
    """

    def __init__(
        self, layers: tuple[type[Packet], ...] | None, only: frozenset[Any] | None = None
    ) -> None:
        super().__init__()
        self.is_known = layers is not None and only is None
        self._layers = layers
        self._only = only

    def __missing__(self, layer: Any) -> bool:
        absent = self._lacks(layer)
        if len(self) < _MOST_REMEMBERED:
            self[layer] = absent
        return absent

    def _lacks(self, layer: Any) -> bool:
        if self._layers is None or (self._only is not None and layer not in self._only):
            return False
        if isinstance(layer, str):
            # Up to a dot it is a layer, and then a field; without any it is the first layer.
            if not layer or "." in layer:
                return False
        elif not (isinstance(layer, type) and issubclass(layer, Packet)):
            return False
        return not any(layer in (each.__name__, each._name, each) for each in self._layers)


_NOTHING_KNOWN: Final = _Absent(None)


@cache
def _of_shape(link_type: int, shape: int) -> tuple[Any, _Absent]:
    """The lazy class, and what is absent, of packets of a known shape."""
    layers = layers_of(link_type, shape)
    first: Any = layers[0]
    if application_of(shape) is Application.BOUND:
        return _lazy_class(first), _NOTHING_KNOWN
    if application_of(shape) is Application.CLOSED:
        return _lazy_class(first), _Absent(layers, only=FOUND_ELSEWHERE)
    return _lazy_class(first), _Absent(layers)


def _haslayer(packet: Packet, cls: Any, _subclass: bool | None = None) -> Any:
    origin = _origin_of(packet)
    if type(origin) is tuple and not _subclass:
        try:
            if origin[0][cls]:
                return 0
        except TypeError:  # cannot be hashed, so it is no layer: scapy has its own answer
            pass
    dissect_now(packet)
    return packet.haslayer(cls, _subclass)


def _getlayer(packet: Packet, cls: Any, *args: Any, **kwargs: Any) -> Any:
    origin = _origin_of(packet)
    if type(origin) is tuple and not args and not kwargs:
        try:
            if origin[0][cls]:
                return None
        except TypeError:
            pass
    dissect_now(packet)
    return packet.getlayer(cls, *args, **kwargs)


def _contains(packet: Packet, cls: Any) -> bool:
    # Whatever scapy's own __contains__ returns, Python makes it this.
    return bool(_haslayer(packet, cls))


def _bytes(packet: Packet) -> bytes:
    origin = _origin_of(packet)
    # scapy builds a packet that nobody changed from the bytes that it kept of each layer: of plain
    # layers, whose values cannot change by being read, these are all its bytes.
    if type(origin) is tuple and origin[0].is_known:
        data: bytes = origin[1]
        return data
    dissect_now(packet)
    return bytes(packet)


def _len(packet: Packet) -> int:
    return len(_bytes(packet))


def _class(packet: Packet) -> Any:
    origin = _origin_of(packet)
    if not (type(origin) is tuple and origin[0].is_known):
        dissect_now(packet)
    return _STANDS_FOR.get(type(packet), type(packet))


class _Known:
    """An attribute of a lazy packet that needs no dissection."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __get__(self, packet: Packet | None, owner: type | None = None) -> Any:
        return self if packet is None else _origin_of(packet)[self._place]


class _Later:
    """Any other attribute: it dissects, and then it is the real packet's."""

    def __init__(self, layer: Any, name: str) -> None:
        self._layer = layer
        self._name = name

    def __get__(self, packet: Packet | None, owner: type | None = None) -> Any:
        if packet is None:
            return getattr(self._layer, self._name)
        dissect_now(packet)
        return getattr(packet, self._name)


#: What a lazy packet answers itself.
_OWN: Final[dict[str, Any]] = {
    "haslayer": _haslayer,
    "getlayer": _getlayer,
    "original": _Known(1),
    "time": _Known(2),
    "wirelen": _Known(3),
    "sniffed_on": _Known(4),
    "__contains__": _contains,
    "__bytes__": _bytes,
    "__len__": _len,
}
#: What is Python's own business, and what needs nothing of the packet.
_UNTOUCHED: Final = frozenset(
    {
        "__class__", "__new__", "__init__", "__getattribute__", "__slots__", "__dict__",
        "__weakref__", "__doc__", "__module__", "__bool__", "__init_subclass__",
        "__subclasshook__", "__class_getitem__",
    }
)  # fmt: skip

#: For each lazy class, the scapy class that it stands for.
_STANDS_FOR: Final[dict[type, Any]] = {}


def _special(name: str) -> Callable[..., Any]:
    """A special method that dissects first: Python looks these up on the class."""

    def method(packet: Packet, *args: Any) -> Any:
        dissect_now(packet)
        return getattr(packet, name)(*args)

    method.__name__ = name
    return method


@cache
def _lazy_class(layer: Any) -> Any:
    """The class of lazy packets that stand for those of a scapy class."""
    members: dict[str, Any] = {"__slots__": (), "__class__": property(_class)}
    for name in {name for kind in layer.__mro__ for name in vars(kind)} - _UNTOUCHED:
        if not (name.startswith("__") and name.endswith("__")):
            members[name] = _Later(layer, name)
        elif callable(getattr(layer, name, None)):
            members[name] = _special(name)
    members |= _OWN
    # Past scapy's metaclass, which would register it as one more layer.
    lazy = type.__new__(type(layer), layer.__name__, (layer,), members)
    _STANDS_FOR[lazy] = layer
    return lazy


@cache
def _has_own_slots(layer: Any) -> bool:
    """Whether objects of a scapy class cannot become `Raw` for want of the same slots."""
    try:
        _set_class(_new(layer), Raw)
    except TypeError:
        return True
    return False
