"""Who may stay in a port's room, and who must go."""

from __future__ import annotations

from netdumplings.transport.room import Room, WaitingRoom


def test_where_there_is_room_nobody_must_go() -> None:
    room: WaitingRoom[int] = WaitingRoom(3)
    assert [room.enter(n, "host") for n in range(3)] == [None, None, None]
    assert len(room) == 3


def test_in_a_full_room_who_has_been_there_longest_goes() -> None:
    room: WaitingRoom[int] = WaitingRoom(3)
    assert [room.enter(n, "host") for n in range(6)] == [None, None, None, 0, 1, 2]
    room.leave(4)
    assert room.enter(6, "host") is None
    assert room.enter(7, "host") == 3


def test_a_host_that_fills_the_room_crowds_out_itself() -> None:
    room: WaitingRoom[str] = WaitingRoom(4)
    for guest in ("shy", "a0", "a1", "a2"):
        room.enter(guest, guest[0])
    assert room.enter("b0", "b") == "a0"
    assert room.enter("a3", "a") == "a1"
    assert room.enter("a4", "a") == "a2"
    room.leave("shy")
    assert room.enter("a5", "a") is None
    assert room.enter("c0", "c") == "a3"


def test_one_host_has_only_its_share_of_a_room_that_is_not_full() -> None:
    room: WaitingRoom[str] = WaitingRoom(10, 2)
    assert [room.enter(guest, "a") for guest in ("a0", "a1", "a2")] == [None, None, "a0"]
    assert [room.enter(guest, "b") for guest in ("b0", "b1", "b2")] == [None, None, "b0"]
    assert len(room) == 4


def test_who_has_left_is_forgotten_and_may_leave_again() -> None:
    room: WaitingRoom[int] = WaitingRoom(1)
    room.enter(1, "host")
    room.leave(1)
    room.leave(1)
    assert len(room) == 0
    assert room.enter(2, "host") is None


def test_who_is_silent_cannot_crowd_out_who_greets_nor_who_greets_who_is_admitted() -> None:
    room: Room[str] = Room(max_connections=2, max_waiting=1)
    for guest in ("admitted", "greeting"):
        assert room.enter(guest, "host") is None
        assert room.greet(guest, "host") is None
        if guest == "admitted":
            assert room.admit(guest, "host") is None
    assert room.enter("silent", "host") is None
    assert room.enter("another", "host") == "silent"
    assert room.greet("another", "host") == "greeting"
    assert room.all == {"admitted", "greeting", "silent", "another"}  # until they have left


def test_so_many_are_admitted_and_no_more_until_one_leaves() -> None:
    room: Room[int] = Room(max_connections=2, max_waiting=10)
    assert room.admit(1, "host") is None
    assert room.no_room("host") is None
    assert room.admit(2, "host") is None
    assert room.no_room("host") == "too many"
    assert room.admit(3, "host") == "too many"
    assert room.admit(2, "host") is None  # it has been before
    room.leave(1)
    assert room.no_room("host") is None
    assert room.admit(3, "host") is None


def test_so_many_of_an_address_are_admitted_and_others_still_are() -> None:
    room: Room[int] = Room(max_connections=9, max_per_address=2)
    for guest, host in enumerate(["192.0.2.1", "192.0.2.1", "192.0.2.2"]):
        assert room.admit(guest, host) is None
    assert room.no_room("192.0.2.1") == "too many of an address"
    assert room.admit(5, "192.0.2.1") == "too many of an address"
    assert room.admit(1, "192.0.2.1") is None
    assert room.no_room("192.0.2.2") is None
    for _ in range(2):
        room.leave(0)
    assert room.admit(5, "192.0.2.1") is None
    assert room.admit(6, "192.0.2.1") == "too many of an address"


def test_an_ipv6_network_counts_as_one_address_but_a_link_does_not() -> None:
    room: Room[int] = Room(max_per_address=1)
    assert room.admit(0, "2001:db8:0:1::1") is None
    assert room.no_room("2001:db8:0:1:ffff::2") == "too many of an address"
    assert room.no_room("2001:db8:0:2::1") is None
    assert room.admit(1, "fe80::1%eth0") is None
    assert room.no_room("fe80::2%eth0") is None
    assert room.admit(2, "::1") is None
    assert room.no_room("::1") == "too many of an address"
    assert room.no_room("?") is None


def test_when_all_unfinished_messages_are_too_much_together_the_one_that_began_first_goes() -> None:
    room: Room[str] = Room(max_unfinished=100)
    assert room.keep("first", 40) is None
    assert room.keep("second", 40) is None
    assert room.keep("second", 20) is None
    assert room.keep("third", 1) == "first"
    # What it kept does not count any more.
    assert room.keep("third", 39) is None
    assert room.keep("third", 1) == "second"


def test_messages_that_end_and_peers_that_leave_do_not_count() -> None:
    room: Room[str] = Room(max_unfinished=100)
    for _ in range(10):
        assert room.keep("one", 60) is None
        room.finish("one")
        assert room.keep("two", 60) is None
        room.leave("two")
        room.finish("two")
    assert room.keep("three", 100) is None
