"""The names in DNS messages (RFC 1035 section 4.1.4), as text, in bounded time."""

from __future__ import annotations

from typing import Final

#: RFC 1035 section 2.3.4: bytes that a name may take, with the lengths of its labels.
LONGEST: Final = 255
#: RFC 1035 section 4.1.4: the first two bits tell a label's length from a pointer.
_LONGEST_LABEL: Final = 63
_POINTER: Final = 0xC0


class BrokenName(ValueError):
    """A name runs off the end, is too long, or has a pointer that does not lead back."""


class Names:
    """The names of one message.

    A name is told without its final dot, "." if it is the root. Its bytes are taken for UTF-8, what
    is none is escaped with backslashes, and so are dots and backslashes within a label.

    A pointer must lead to what came before the name, or the part of it, that has it. So each name
    ends, after 127 labels and as many pointers at most.

    Args:
        message: the whole message.
    """

    __slots__ = ("_known", "_message")

    def __init__(self, message: bytes) -> None:
        self._message = message
        #: Names by where they begin: most are told many times, by pointers to the first.
        self._known: dict[int, str] = {}

    def at(self, start: int) -> tuple[str, int]:
        """The name at a place.

        Returns:
            the name, and where it ends.

        Raises:
            BrokenName: there is none.
        """
        message = self._message
        labels: list[bytes] = []
        at = run = start
        end = size = 0
        try:
            while octet := message[at]:
                if octet <= _LONGEST_LABEL:
                    size += octet + 1
                    label = message[at + 1 : at + 1 + octet]
                    if size >= LONGEST or len(label) < octet:
                        raise BrokenName
                    labels.append(label)
                    at += octet + 1
                    continue
                target = (octet ^ _POINTER) << 8 | message[at + 1]
                if octet < _POINTER or target >= run:
                    raise BrokenName
                end = end or at + 2
                if not labels and target in self._known:
                    return self._known[target], end
                at = run = target
        except IndexError:
            raise BrokenName from None
        name = _text(labels)
        self._known[start] = name
        return name, end or at + 1


def _text(labels: list[bytes]) -> str:
    if not labels:
        return "."
    joined = b".".join(labels)
    if joined.count(b".") >= len(labels) or b"\\" in joined:
        joined = b".".join(label.replace(b"\\", rb"\\").replace(b".", rb"\.") for label in labels)
    return joined.decode("utf-8", "backslashreplace")
