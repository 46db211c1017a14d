"""Whatever a peer sends, the protocol gives events or refusals, never an exception.

And what the hub takes can do no harm further on: every eater's JSON reader can read it.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Dumpling
from netdumplings.hub.guests import Kitchen
from netdumplings.hub.reporting import report_of
from netdumplings.hub.reports import HubTold
from netdumplings.hub.sessions import Sessions
from netdumplings.hub.status import status_dumpling, status_payload
from netdumplings.wire import (
    CountsReceived,
    DumplingsReceived,
    EaterPeer,
    Hello,
    KitchenPeer,
    Limits,
    Peer,
    Refusal,
    V2KitchenPeer,
    check_dumpling,
    decode_kitchen_hello,
)
from support.wire_oracle import check_hello, check_refusal, may_be_taken

names = st.text(max_size=300)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "chef": names | values | st.just("SystemStatusChef"),
        "token": values,
        "creation_time": st.floats() | st.integers() | values,
        "driver": st.sampled_from(["packet", "interval"]) | values,
        "kitchen": st.none() | names | values,
        "other": values,
    },
)
documents = (
    values
    | st.fixed_dictionaries({"metadata": metadata | values, "payload": values})
    | st.fixed_dictionaries({"metadata": metadata})
    | st.fixed_dictionaries(
        {"kitchen_name": names | values}, optional={"x": values, "token": values}
    )
    | st.fixed_dictionaries({"eater_name": names | values}, optional={"x": values, "token": values})
)
good_dumplings = st.builds(
    lambda chef, when, driver, kitchen, payload: {
        "metadata": {"chef": chef, "creation_time": when, "driver": driver, "kitchen": kitchen},
        "payload": payload,
    },
    chef=st.text(max_size=30),
    when=st.floats(allow_nan=False, allow_infinity=False),
    driver=st.sampled_from(["packet", "interval"]),
    kitchen=st.none() | st.text(max_size=30),
    payload=values,
)
texts = (documents | good_dumplings).map(json.dumps) | st.text()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message that was right once, with some bytes cut out, put in or changed."""
    data = bytearray(draw(texts).encode(errors="surrogatepass"))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 5)))
        data[start:end] = draw(st.binary(max_size=3))
    return bytes(data)


messages = st.lists(
    st.binary() | texts | st.text(st.characters(), max_size=50) | damaged(),
    max_size=6,
)


#: Of hubs that take what they are used to, and of one that takes hardly anything.
some_limits = st.sampled_from([Limits(), Limits(hello=60, message=170, depth=3)])


def check_conversation(peer: Peer, said: list[Any], limits: Limits) -> None:
    refused = False
    greeted = False
    for message in said:
        events = peer.receive(message)
        assert not (refused and events)
        for event in events:
            if isinstance(event, Refusal):
                refused = True
                check_refusal(event)
            elif isinstance(event, Hello):
                # Once: a kitchen's later words are dumplings, an eater's are not listened to.
                assert not greeted
                greeted = True
                check_hello(event, limits)
            else:
                assert isinstance(event, DumplingsReceived)
                assert greeted
                [line], [said_of_it] = event.lines, event.metadata
                assert may_be_taken(line, limits)
                assert b"\n" not in line
                assert json.loads(line) == json.loads(message)
                assert Dumpling.from_json(line.decode()).chef_name == said_of_it.chef


@given(messages, some_limits)
def test_any_conversation_with_a_kitchen_gives_events_or_a_refusal(
    said: list[Any], limits: Limits
) -> None:
    check_conversation(KitchenPeer(limits), said, limits)
    check_conversation(KitchenPeer(limits), ['{"kitchen_name": "k"}', *said], limits)


@given(messages, some_limits)
def test_any_conversation_with_an_eater_gives_events_or_a_refusal(
    said: list[Any], limits: Limits
) -> None:
    check_conversation(EaterPeer(limits), said, limits)
    check_conversation(EaterPeer(limits), ['{"eater_name": "e"}', *said], limits)


@given(damaged() | st.binary())
def test_every_dumpling_that_the_hub_takes_an_eater_can_read(text: bytes) -> None:
    if check_dumpling(text) is None:
        json.loads(text)
        Dumpling.from_json(text.decode())


@given(documents | good_dumplings, some_limits, st.sampled_from([None, 1]))
def test_a_dumpling_is_taken_just_if_it_is_within_the_limits(
    document: Any, limits: Limits, indent: int | None
) -> None:
    text = json.dumps(document, indent=indent).encode()
    assert (check_dumpling(text, limits) is None) == may_be_taken(text, limits)


@given(damaged() | st.binary(), st.none() | documents.map(json.dumps))
def test_every_announcement_that_the_hub_takes_can_be_shown_in_its_status(
    text: bytes, counts: str | None
) -> None:
    hello = decode_kitchen_hello(text)
    if isinstance(hello, Hello):
        session, _ = Sessions().open("x" * 16, 1, hello.name)
        kitchen = Kitchen(hello.name, text, "127.0.0.1", 1, session)
        for event in tell_counts(counts) if counts else ():
            kitchen.told_counts(event.counts)
        report = report_of(HubTold(id="", name="", kitchens=1), [kitchen], [])
        status = status_dumpling(status_payload(report), 1.0)
        assert check_dumpling(status.replace(b"SystemStatusChef", b"SomeChef", 1)) is None
        shown = Dumpling.from_json(status).payload["dumpling_kitchens"]
        assert shown[0]["info_from_kitchen"]["kitchen_name"] == hello.name


def tell_counts(counts: str) -> list[CountsReceived]:
    """Let a kitchen of netdumplings.v2 tell these counts; nothing if they are refused."""
    peer = V2KitchenPeer()
    hello = {"type": "hello", "session": "x" * 16, "first": 1}
    peer.receive(json.dumps(hello | {"announcement": {"kitchen_name": "k"}}).encode())
    told = peer.receive(b'{"type":"counts","counts":%s}' % counts.encode())
    return [event for event in told if isinstance(event, CountsReceived)]
