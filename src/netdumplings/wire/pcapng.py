"""Blocks of pcapng files (draft-ietf-opsawg-pcapng), written and checked.

Section numbers are that document's. What is read in `capture` may be any such file; here it is what
a kitchen sends, which must be of the few kinds that `interface` and `packet` write.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

_SECTION: Final = 0x0A0D0D0A  # 4.1
_INTERFACE: Final = 1  # 4.2
_PACKET: Final = 6  # 4.3
_BYTE_ORDER: Final = 0x1A2B3C4D
#: The section's length, where it is not told.
_UNTOLD: Final = (1 << 64) - 1

# Options: 3.5, 4.1, 4.2.
_END: Final = b"\0\0\0\0"
_COMMENT: Final = 1
_IF_NAME: Final = 2
_IF_DESCRIPTION: Final = 3
_USER_APPLICATION: Final = 4
_RESOLUTION: Final = 9
#: Nanoseconds.
_NINE: Final = b"\x09"
#: Bytes of an option (its length is a number of 16 bits).
LONGEST_OPTION: Final = 65_000
#: Nanoseconds by which seconds in a float may be too few.
_ROUNDED: Final = 1000
#: Interfaces that an answer may have.
MAX_INTERFACES: Final = 256
#: Bytes of an interface's block.
_LONGEST_INTERFACE: Final = 2048

_HEAD: Final = Struct("<II")
_LENGTH: Final = Struct("<I")
_OPTION: Final = Struct("<HH")
_SECTION_BODY: Final = Struct("<IHHQ")
_INTERFACE_BODY: Final = Struct("<HHI")
_PACKET_HEAD: Final = Struct("<IIIIIII")


class Block(NamedTuple):
    """A block, where it is.

    Attributes:
        kind: its type.
        start: where it begins, bytes.
        end: where it ends.
    """

    kind: int
    start: int
    end: int


def section(program: str, comments: tuple[str, ...] = ()) -> bytes:
    """Write what a file begins with.

    Args:
        program: what wrote it.
        comments: on all of it.
    """
    told = [_option(_COMMENT, _cut(comment)) for comment in comments]
    body = _SECTION_BODY.pack(_BYTE_ORDER, 1, 0, _UNTOLD)
    return _block(_SECTION, body, [*told, _option(_USER_APPLICATION, _cut(program))])


def interface(link_type: int, snaplen: int, name: str, description: str) -> bytes:
    """Write the description of an interface, whose times are in nanoseconds.

    Args:
        link_type: what its packets begin with, a LINKTYPE_ value.
        snaplen: bytes kept of each packet at most.
        name: its name.
        description: what it is.
    """
    options = [
        _option(_IF_NAME, name.encode(errors="replace")[:500]),
        _option(_IF_DESCRIPTION, description.encode(errors="replace")[:1000]),
        _option(_RESOLUTION, _NINE),
    ]
    return _block(_INTERFACE, _INTERFACE_BODY.pack(link_type, 0, snaplen), options)


def packet(number: int, time_ns: int, wire_length: int, data: bytes) -> bytes:
    """Write a packet.

    Args:
        number: that of its interface, by the order of their descriptions, from 0.
        time_ns: when it was captured, nanoseconds since the epoch.
        wire_length: bytes that it had.
        data: what was captured of them.
    """
    captured = len(data)
    pad = -captured % 4
    total = 32 + captured + pad
    head = _PACKET_HEAD.pack(
        _PACKET, total, number, time_ns >> 32, time_ns & 0xFFFFFFFF, captured, wire_length
    )
    return b"".join((head, data, bytes(pad), _LENGTH.pack(total)))


def blocks_of(file: bytes) -> Iterator[Block]:
    """Go through the blocks.

    Raises:
        ValueError: one does not end where it should.
    """
    place = 0
    while place < len(file):
        if len(file) - place < 12:
            raise ValueError("a block that is cut off")
        kind, size = _HEAD.unpack_from(file, place)
        end = place + size
        if size < 12 or size % 4 or end > len(file):
            raise ValueError("a block that is cut off, or of no length that there can be")
        if _LENGTH.unpack_from(file, end - 4)[0] != size:
            raise ValueError("a block whose two lengths are not the same")
        yield Block(kind, place, end)
        place = end


class Checker:
    """Sees that what comes, piece by piece, makes a file with what `section` writes before it.

    Attributes:
        packets: how many there are so far.
    """

    def __init__(self) -> None:
        self.packets = 0
        self._interfaces = 0

    def check(self, blocks: bytes) -> None:
        """Take the next piece, of whole blocks.

        Raises:
            ValueError: what is wrong with it.
        """
        for kind, start, end in blocks_of(blocks):
            if kind == _PACKET:
                self._packet(blocks, start, end)
            elif kind == _INTERFACE:
                self._interface(blocks, start, end)
            else:
                raise ValueError(f"a block of type {kind}")

    def _packet(self, blocks: bytes, start: int, end: int) -> None:
        if end - start < 32:
            raise ValueError("a packet's block that is too short")
        _, size, number, _, _, captured, _ = _PACKET_HEAD.unpack_from(blocks, start)
        if number >= self._interfaces:
            raise ValueError("a packet of an interface that was not described")
        if size != 32 + captured + -captured % 4:
            raise ValueError("a packet that is not as long as its block")
        self.packets += 1

    def _interface(self, blocks: bytes, start: int, end: int) -> None:
        self._interfaces += 1
        if self._interfaces > MAX_INTERFACES:
            raise ValueError(f"more than {MAX_INTERFACES} interfaces")
        if not 20 <= end - start <= _LONGEST_INTERFACE:
            raise ValueError("an interface's block of no length that there can be")
        resolutions = []
        place = start + 16
        while True:
            if place + 4 > end - 4:
                raise ValueError("an interface with options that do not end")
            code, length = _OPTION.unpack_from(blocks, place)
            if code == 0:
                break
            value = blocks[place + 4 : place + 4 + length]
            if code == _RESOLUTION:
                resolutions.append(value)
            elif code not in (_IF_NAME, _IF_DESCRIPTION):
                raise ValueError(f"an interface with an option of type {code}")
            place += 4 + length + -length % 4
        if resolutions != [_NINE]:
            raise ValueError("an interface whose times are not in nanoseconds")


def with_comment(file: bytes, comment: str, around_ns: int) -> bytes:
    """Write a comment on the file, and on the last packet up to a time, or else on the first.

    (A chef makes a dumpling of a packet when that has come.)

    Args:
        file: as of `section`, with what `Checker` lets through behind it; packets in the order of
            their times.
        comment: cut off where an option cannot be longer.
        around_ns: that time, nanoseconds since the epoch; as precise as a float of seconds.

    Raises:
        ValueError: it is no such file.
    """
    blocks = blocks_of(file)
    first = next(blocks, None)
    if first is None or first.kind != _SECTION:
        raise ValueError("no pcapng file")
    option = _option(_COMMENT, _cut(comment))
    marked: Block | None = None
    for block in blocks:
        if block.kind == _PACKET:
            high, low = _PACKET_HEAD.unpack_from(file, block.start)[3:5]
            if marked is None or high << 32 | low <= around_ns + _ROUNDED:
                marked = block
    # The options of a section begin behind the 24 bytes of its own.
    pieces = [_grown(file[: first.end], 24, option)]
    if marked is None:
        pieces.append(file[first.end :])
    else:
        _, start, end = marked
        grown = _grown(file[start:end], end - start - 4, option + _END)
        pieces += [file[first.end : start], grown, file[end:]]
    return b"".join(pieces)


def _grown(block: bytes, place: int, more: bytes) -> bytes:
    """Put something into a block."""
    size = _LENGTH.pack(len(block) + len(more))
    return block[:4] + size + block[8:place] + more + block[place:-4] + size


def _block(kind: int, body: bytes, options: list[bytes]) -> bytes:
    rest = body + b"".join(options) + _END
    size = 12 + len(rest)
    return _HEAD.pack(kind, size) + rest + _LENGTH.pack(size)


def _option(code: int, value: bytes) -> bytes:
    return _OPTION.pack(code, len(value)) + value + bytes(-len(value) % 4)


def _cut(text: str) -> bytes:
    data = text.encode(errors="replace")
    if len(data) <= LONGEST_OPTION:
        return data
    return data[: LONGEST_OPTION - 3].decode(errors="ignore").encode() + b"..."
