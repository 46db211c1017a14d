"""Blocks of pcapng files: what is written can be read, and nothing else is let through."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.wire.asked_filter import problem_of
from netdumplings.wire.pcapng import (
    LONGEST_OPTION,
    MAX_INTERFACES,
    Checker,
    blocks_of,
    interface,
    packet,
    section,
    with_comment,
)
from support.capture_files import Read, read_all

NS = 10**9
ETHERNET = interface(1, 262_144, "k/eth0", "interface eth0 of kitchen k")
packets = st.lists(st.tuples(st.integers(0, 2**62 - 1), st.binary(max_size=90)), max_size=12)


def file_of(content: list[tuple[int, bytes]]) -> tuple[bytes, bytes]:
    """A file's section header, and the rest: packets of two interfaces in turn."""
    rest = [ETHERNET, interface(101, 100, "", "")]
    rest += [
        packet(n % 2, time_ns, len(data) + 5, data) for n, (time_ns, data) in enumerate(content)
    ]
    return section("nd", ("one", "two")), b"".join(rest)


def comments(file: bytes, place: int) -> list[str]:
    """The comments of the block that begins at a place, by a reader of their own."""
    kind, size = struct.unpack_from("<II", file, place)
    captured = struct.unpack_from("<I", file, place + 20)[0] if kind == 6 else 0
    at = place + (28 + captured + -captured % 4 if kind == 6 else 24)
    found = []
    while at < place + size - 4:
        code, length = struct.unpack_from("<HH", file, at)
        if code == 1:
            found.append(file[at + 4 : at + 4 + length].decode())
        at += 4 + length + -length % 4
    return found


@given(packets, st.integers(0, 2**62 - 1), st.text(max_size=50))
def test_what_is_written_passes_and_is_read_as_it_was_with_the_comment_on_one_packet(
    content: list[tuple[int, bytes]], around: int, comment: str
) -> None:
    content.sort()
    comment = comment.encode(errors="replace").decode()
    begin, rest = file_of(content)
    checker = Checker()
    checker.check(rest)
    assert checker.packets == len(content)
    file = with_comment(begin + rest, comment, around)
    expected = [
        Read(data, time_ns, len(data) + 5, *((1, "k/eth0"), (101, None))[n % 2])
        for n, (time_ns, data) in enumerate(content)
    ]
    # (What is read is in batches of one interface each.)
    read, problem = read_all([file])
    assert problem is None
    assert sorted(map(repr, read)) == sorted(map(repr, expected))
    blocks = list(blocks_of(file))
    assert comments(file, 0) == [comment, "one", "two"]
    marked = [n for n, block in enumerate(blocks[3:]) if comments(file, block.start)]
    if content:
        before = [n for n, (time_ns, _) in enumerate(content) if time_ns <= around + 1000]
        assert marked == (before[-1:] or [0])
        assert comments(file, blocks[3 + marked[0]].start) == [comment]


@given(packets, st.data())
def test_what_was_changed_on_its_way_passes_only_if_it_is_still_a_file(
    content: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    begin, rest = file_of(content)
    place = data.draw(st.integers(0, len(rest) - 1))
    changed = bytearray(rest)
    changed[place] ^= data.draw(st.integers(1, 255))
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(0, len(changed) - 1)) :]
    checker = Checker()
    try:
        checker.check(bytes(changed))
    except ValueError:
        return
    read, problem = read_all([begin + bytes(changed)])
    assert problem is None
    assert len(read) == checker.packets


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        (b"x", "cut off"),
        (struct.pack("<III", 6, 13, 13) + b"x", "no length"),
        (struct.pack("<III", 6, 12, 16), "not the same"),
        (struct.pack("<III", 6, 12, 12), "too short"),
        (section("again"), "of type 168627466"),
        (struct.pack("<III", 4, 12, 12), "of type 4"),
        (packet(0, 1, 1, b"x"), "not described"),
        (ETHERNET * (MAX_INTERFACES + 1), "interfaces"),
        (ETHERNET + packet(1, 1, 1, b"x"), "not described"),
        (ETHERNET.replace(struct.pack("<HH", 9, 1) + b"\x09", struct.pack("<HH", 9, 1) + b"\x06"),
         "not in nanoseconds"),
        (ETHERNET.replace(struct.pack("<HH", 3, 27), struct.pack("<HH", 7, 27)), "of type 7"),
        (ETHERNET.replace(struct.pack("<HH", 3, 27), struct.pack("<HH", 3, 2700)), "do not end"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(blocks: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Checker().check(blocks)


def test_a_comment_on_what_is_no_file_is_refused() -> None:
    for file in (b"", ETHERNET, section("x")[:-1]):
        with pytest.raises(ValueError, match=r"no pcapng file|cut off"):
            with_comment(file, "c", 0)


def test_a_comment_is_cut_where_an_option_ends_and_not_within_a_character() -> None:
    begin, rest = file_of([(1, b"x")])
    file = with_comment(begin + rest, "x" + "\u20ac" * LONGEST_OPTION, 1)
    [comment, *_] = comments(file, 0)
    assert comment == "x" + "\u20ac" * ((LONGEST_OPTION - 4) // 3) + "..."
    assert read_all([file])[1] is None


@pytest.mark.parametrize(
    "expression",
    [
        "", "tcp port 80", "host 10.0.0.1 and not udp", "net 10.0.0.0/8", "net 10 mask 255.0.0.0",
        "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "ip6 host fe80::1", "portrange 1-100",
        "ether host 00:11:22:33:44:55", "tcp[0:2]=5", "len - 4 > 5", "ICMP6 || vlan 7",
        "ip[0]&0xf=5",
        "udp and (port 53 or port 5353)", "greater 100",
    ],
)  # fmt: skip
def test_one_may_ask_by_addresses_and_numbers(expression: str) -> None:
    assert problem_of(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "host example.com", "host 1e100.de", "port http", "host a.de", "ether host gateway1",
        "host localhost", "host dead.beef", "net loopback", "host \u0661", "tcp; drop", "host '1'",
        "host 1.2.3.4.example", "host 1-2", "host face:1", "host 1.2.3.4.5", "host fe80::1%eth0",
        "host a:b", "host face", "x" * 501,
    ],
)  # fmt: skip
def test_one_may_not_ask_by_names_which_would_be_looked_up(expression: str) -> None:
    assert problem_of(expression) is not None
