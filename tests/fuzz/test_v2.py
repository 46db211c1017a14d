"""netdumplings.v2: whatever a peer sends, in whatever order, gives events or one refusal."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from netdumplings import Dumpling
from netdumplings.wire import (
    LIMITS,
    MAX_ASKED,
    MAX_NAME,
    CountsReceived,
    DumplingsReceived,
    EaterHello,
    Event,
    Hello,
    KitchenHello,
    Limits,
    Matcher,
    PacketsEndMessage,
    PacketsReceived,
    Peer,
    Refusal,
    V2EaterPeer,
    V2KitchenPeer,
    check_dumpling,
    stream_of,
)
from netdumplings.wire.messages import MAX_SEQ
from netdumplings.wire.pcapng import Checker
from netdumplings.wire.peers import State
from support.examples import examples
from support.wire_oracle import check_hello, check_refusal, levels, may_be_taken

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
numbers = st.sampled_from([0, 1, 2, 1000, MAX_SEQ - 1, MAX_SEQ, MAX_SEQ + 1]) | st.integers()
sessions = st.text("0123456789abcdef", min_size=14, max_size=32)
patterns = st.none() | st.lists(st.none() | st.text(max_size=5), max_size=3)
announcements = st.fixed_dictionaries(
    {"kitchen_name": st.text(max_size=9), "eater_name": st.just("")}
)
documents = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["hello", "batch", "counts", "packets", "packets end", "of tomorrow"]
        )
        | values
    },
    optional={
        "session": sessions | values,
        "first": numbers | values,
        "acknowledged": numbers | values,
        "asks": patterns | values,
        "announcement": announcements | values,
        "counts": values,
        "token": st.text(max_size=9) | values,
        "chefs": patterns | values,
        "kitchens": patterns | values,
        "drivers": patterns | values,
        "last": numbers,
        "since": st.floats() | numbers,
        "resume": st.dictionaries(st.text(max_size=70), numbers, max_size=3) | values,
        "compression": patterns | values,
        "ask": numbers | values,
        "left_out": numbers | values,
        "problem": st.text(max_size=9) | values,
    },
)
hellos = st.builds(
    lambda session, first, announcement, acknowledged, asks: {
        "type": "hello",
        "session": session,
        "first": first,
        "announcement": announcement,
        "acknowledged": acknowledged if acknowledged is None else acknowledged % first,
        "asks": asks,
    },
    st.text("0123456789abcdef", min_size=16, max_size=32),
    st.integers(1, MAX_SEQ),
    announcements,
    st.none() | st.integers(0, MAX_SEQ),
    st.sampled_from([[], ["A"], ["A", "A"]]),
)
dumplings = st.builds(
    lambda metadata, payload: json.dumps({"metadata": metadata, "payload": payload}),
    st.fixed_dictionaries(
        {
            "chef": st.text(max_size=5) | st.just("SystemStatusChef"),
            "creation_time": st.floats(allow_nan=False, allow_infinity=False),
            "driver": st.sampled_from(["packet", "interval"]),
            "kitchen": st.none() | st.text(max_size=5),
        }
    ),
    values,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A message that was right once, with some bytes cut out, put in or changed."""
    lines = [json.dumps(draw(documents | hellos)), *draw(st.lists(dumplings, max_size=2))]
    data = bytearray("\n".join(lines).encode(errors="surrogatepass"))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 5)))
        data[start:end] = draw(st.binary(max_size=3))
    return bytes(data)


messages = damaged() | st.binary()


def check(peer: Peer, event: Event, limits: Limits = LIMITS) -> None:
    """Check what is promised of each kind of event."""
    if isinstance(event, Hello):
        check_hello(event, limits)
    if isinstance(event, Refusal):
        check_refusal(event)
    elif isinstance(event, KitchenHello):
        assert isinstance(peer, V2KitchenPeer)
        assert event.session is not None
        assert len(stream_of(event.session)) == 16
        assert 0 <= (event.acknowledged or 0) < event.first <= MAX_SEQ
        assert len(event.asks) == len(set(event.asks)) <= MAX_ASKED
        assert all(len(name) <= MAX_NAME for name in event.asks)
    elif isinstance(event, EaterHello):
        assert isinstance(peer, V2EaterPeer)
        assert event.encoding in {None, "zstd", "deflate"}
        assert all(0 <= seq <= MAX_SEQ for seq in (event.resume or {}).values())
        Matcher(event.subscription)
    elif isinstance(event, CountsReceived):
        counts = json.loads(event.counts)
        assert isinstance(counts, dict)
        assert levels(counts) < 16
        assert len(event.counts) < limits.hello
    elif isinstance(event, PacketsReceived):
        assert 0 <= event.ask <= MAX_SEQ
        with suppress(ValueError):
            Checker().check(event.blocks)
    elif isinstance(event, PacketsEndMessage):
        assert 0 <= min(event.ask, event.left_out) <= max(event.ask, event.left_out) <= MAX_SEQ
        assert event.since is None or 0 <= event.since < math.inf
        assert event.problem is None or len(event.problem) <= 1000
    else:
        assert isinstance(event, DumplingsReceived)
        assert event.first is not None
        assert 1 <= event.first <= event.first + len(event.lines) - 1 <= MAX_SEQ
        assert 0 < len(event.lines) == len(event.metadata)
        for line, metadata in zip(event.lines, event.metadata, strict=True):
            assert check_dumpling(line, limits) is None
            assert may_be_taken(line, limits)
            dumpling = Dumpling.from_json(line.decode())
            assert (dumpling.chef_name, dumpling.kitchen) == (metadata.chef, metadata.kitchen)


class Conversation(RuleBasedStateMachine):
    """What a server does with a peer, and what it may rely on."""

    kind: type[Peer] = V2KitchenPeer
    limits = LIMITS

    def __init__(self) -> None:
        super().__init__()
        self.peer = self.kind(self.limits)
        self.greeted = False
        self.refused = False

    def _take(self, events: list[Event]) -> None:
        assert len(events) <= 1
        assert not (self.refused and events)
        for event in events:
            check(self.peer, event, self.limits)
            if isinstance(event, Refusal):
                self.refused = True
            elif isinstance(event, KitchenHello | EaterHello):
                self.greeted = True
            else:
                assert self.greeted

    @initialize(hello=st.none() | hellos)
    def begin(self, hello: dict[str, Any] | None) -> None:
        if hello is not None:
            self._take(self.peer.receive(json.dumps(hello).encode()))
            assert self.greeted

    @rule(message=messages)
    def any_message(self, message: bytes) -> None:
        self._take(self.peer.receive(message))

    @rule(first=st.integers(1, MAX_SEQ - 10), lines=st.lists(dumplings, min_size=1, max_size=3))
    def a_batch(self, first: int, lines: list[str]) -> None:
        text = "\n".join([json.dumps({"type": "batch", "first": first}), *lines])
        self._take(self.peer.receive(text.encode()))

    @rule()
    def silence(self) -> None:
        events = self.peer.time_out(10.0)
        assert not (self.greeted and events)
        self._take(events)

    @invariant()
    def its_state_is_what_has_happened(self) -> None:
        if self.refused:
            assert self.peer.state is State.REFUSED
        else:
            assert self.peer.state is (State.TALK if self.greeted else State.HELLO)


class EaterConversation(Conversation):
    kind = V2EaterPeer


class StrictConversation(Conversation):
    """With a hub that takes hardly more than a first message and a plain dumpling."""

    limits = Limits(hello=320, message=120, depth=2)


bounded = examples(1, stateful_step_count=15)
TestKitchens = Conversation.TestCase
TestKitchens.settings = bounded
TestKitchensOfStrictHubs = StrictConversation.TestCase
TestKitchensOfStrictHubs.settings = bounded
TestEaters = EaterConversation.TestCase
TestEaters.settings = bounded


@given(damaged())
def test_a_first_message_gives_a_hello_or_a_refusal(message: bytes) -> None:
    for peer in (V2KitchenPeer(), V2EaterPeer()):
        [event] = peer.receive(message)
        assert isinstance(event, KitchenHello | EaterHello | Refusal)
        check(peer, event)


@given(st.lists(dumplings, min_size=1, max_size=4), st.integers(1, MAX_SEQ - 10))
def test_the_dumplings_of_a_batch_are_those_that_a_hub_takes_one_by_one(
    lines: list[str], first: int
) -> None:
    peer = V2KitchenPeer()
    hello = {"type": "hello", "session": "x" * 16, "first": 1}
    peer.receive(json.dumps(hello | {"announcement": {"kitchen_name": "k"}}).encode())
    text = "\n".join([json.dumps({"type": "batch", "first": first}), *lines])
    [event] = peer.receive(text.encode())
    refusals = [check_dumpling(line.encode()) for line in lines]
    if any(refusals):
        assert event == next(filter(None, refusals))
    else:
        assert isinstance(event, DumplingsReceived)
        assert event.lines == [line.encode() for line in lines]
