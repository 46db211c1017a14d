"""The test vectors of netdumplings.v2: whole conversations, for peers in any language.

The documentation says how they are written down. Here both our sides have them, as far as that goes
without a hub: what a hub answers is checked by a small model of its numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netdumplings.wire import (
    Ack,
    Batch,
    CloseCode,
    CountsReceived,
    DumplingsReceived,
    EaterHello,
    EaterSide,
    Event,
    Gap,
    KitchenHello,
    Peer,
    Refusal,
    V2EaterPeer,
    V2KitchenPeer,
    WelcomeToEater,
    WelcomeToKitchen,
    read_to_kitchen,
)

VECTORS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("vectors").glob("*.json"))
}
PEERS: dict[str, type[Peer]] = {"kitchen": V2KitchenPeer, "eater": V2EaterPeer}


def of_role(role: str) -> Any:
    names = [name for name, vector in VECTORS.items() if vector["role"] == role]
    return pytest.mark.parametrize("vector", [VECTORS[name] for name in names], ids=names)


def meaning(event: Event) -> dict[str, Any]:
    """An event in the words of the vectors."""
    if isinstance(event, Refusal):
        return {"event": "refusal", "code": int(event.code)}
    if isinstance(event, CountsReceived):
        return {"event": "counts", "counts": json.loads(event.counts)}
    if isinstance(event, DumplingsReceived):
        lines = [line.decode() for line in event.lines]
        return {"event": "dumplings", "first": event.first, "lines": lines}
    who = {
        "event": "hello",
        "name": event.name,
        "announcement": json.loads(event.announcement),
    }
    if event.token is not None:
        who["token"] = event.token
    if isinstance(event, KitchenHello):
        if event.acknowledged is not None:
            who["acknowledged"] = event.acknowledged
        if event.asks:
            who["asks"] = list(event.asks)
        return who | {"session": event.session, "first": event.first}
    wanted = event.subscription
    return who | {
        "chefs": wanted.chefs and list(wanted.chefs),
        "kitchens": wanted.kitchens and list(wanted.kitchens),
        "drivers": wanted.drivers and list(wanted.drivers),
        "last": event.last,
        "since": event.since,
        "resume": event.resume,
        "compression": event.encoding,
    }


def begins_anew(step: dict[str, Any]) -> bool:
    """Whether the peer makes a new connection after this."""
    return step["from"] == "network" and step["what"] in {
        "cut",
        "the hub is killed, and another is started",
    }


def test_there_are_vectors_of_every_kind() -> None:
    roles = [vector["role"] for vector in VECTORS.values()]
    assert roles.count("kitchen") >= 30
    assert roles.count("eater") >= 25
    codes = {(vector["outcome"]["closed"] or {}).get("code") for vector in VECTORS.values()}
    assert codes == {None, 1001, 1007, 1008, 4001, 4002, 4003}
    assert codes - {None} <= {int(code) for code in CloseCode}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_they_are_written_down_as_the_documentation_says(vector: dict[str, Any]) -> None:
    assert list(vector) == ["description", "role", "steps", "outcome"]
    assert vector["outcome"]["closed"] is None or vector["outcome"]["then"] in {
        "reconnect",
        "mend",
        "stop",
    }
    for step in vector["steps"]:
        keys = {
            "peer": {"text", "means", "arrives"},
            "hub": {"text", "hex", "means", "cursor", "arrives"},
            "kitchens": {"session", "first", "lines"},
            "network": {"what"},
        }[step["from"]]
        assert step.keys() - {"from"} <= keys
        assert isinstance(step.get("text", ""), str)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_the_hub_understands_what_peers_say(vector: dict[str, Any]) -> None:
    peer = PEERS[vector["role"]]()
    refusal = None
    for step in vector["steps"]:
        if begins_anew(step):
            peer = PEERS[vector["role"]]()
        if step["from"] != "peer" or not step.get("arrives", True):
            continue
        events = peer.receive(step["text"].encode())
        assert [meaning(event) for event in events] == step["means"]
        refusal = next((event for event in events if isinstance(event, Refusal)), None)
    closed = vector["outcome"]["closed"]
    if refusal is not None:
        assert closed == {"by": "hub", "code": refusal.code}
        assert vector["outcome"]["then"] == "mend"
    else:
        assert closed is None or vector["outcome"]["then"] != "mend"


class Numbers:
    """What a hub must answer kitchens, in as few words as it can be said."""

    def __init__(self) -> None:
        self.has: dict[str, int] = {}
        self.session = ""
        self.lost = self.duplicates = 0
        self.routed: list[tuple[str, int]] = []

    def told(self, means: list[dict[str, Any]]) -> WelcomeToKitchen | Ack | None:
        for event in means:
            if event["event"] == "hello":
                self.session = event["session"]
                if self.session in self.has:
                    self._skip(event["first"])
                self.has.setdefault(self.session, event["first"] - 1)
                # In vectors of kitchens there are no eaters: nobody wants any chef.
                wanted: list[str] | None = [] if event.get("asks") else None
                return WelcomeToKitchen(self.has[self.session], wanted)
            if event["event"] == "dumplings":
                self._skip(event["first"])
                for seq, _line in enumerate(event["lines"], event["first"]):
                    if seq <= self.has[self.session]:
                        self.duplicates += 1
                    else:
                        self.has[self.session] = seq
                        self.routed.append((self.session, seq))
                return Ack(self.has[self.session])
        return None

    def _skip(self, first: int) -> None:
        hole = max(0, first - 1 - self.has[self.session])
        self.has[self.session] += hole
        self.lost += hole


@of_role("kitchen")
def test_what_the_hub_answers_a_kitchen_is_what_its_numbers_say(vector: dict[str, Any]) -> None:
    hub = Numbers()
    answer = None
    for step in vector["steps"]:
        if step["from"] == "peer":
            assert answer is None, "the hub has not answered"
            if step.get("arrives", True):
                answer = hub.told(step["means"])
        elif step["from"] == "hub":
            assert read_to_kitchen(step["text"]) == answer
            answer = None
    outcome = vector["outcome"]
    assert len(hub.routed) == len(set(hub.routed))
    if "acknowledged" in outcome:
        assert outcome["acknowledged"] == hub.has[hub.session]
        assert (outcome["lost"], outcome["duplicates"]) == (hub.lost, hub.duplicates)
    else:
        assert outcome["closed"]


def told(event: object) -> list[dict[str, Any]]:
    """What an eater was told, in the words of the vectors."""
    if isinstance(event, Batch):
        return [{"event": "dumplings", "lines": event.lines, "history": event.history}]
    if isinstance(event, Gap):
        said = {"missed": event.missed, "reason": event.reason, "kitchen": event.kitchen}
        return [{"event": "gap", **said}]
    if isinstance(event, WelcomeToEater):
        return [{"event": "welcome", "compression": event.compression}]
    assert event is None
    return []


@of_role("eater")
def test_an_eater_says_and_understands_what_the_vector_does(vector: dict[str, Any]) -> None:
    eater: EaterSide | None = None
    for step in vector["steps"]:
        if step["from"] == "peer" and step["means"] and "code" not in step["means"][0]:
            eater = eater or eater_that_says(step["text"])
            written = json.loads(eater.hello())
            assert written.items() <= json.loads(step["text"]).items()
            assert written.keys() ^ json.loads(step["text"]).keys() <= {"of_tomorrow", "token"}
        elif step["from"] == "hub":
            assert eater is not None
            message = bytes.fromhex(step["hex"]) if "hex" in step else step["text"]
            assert told(eater.receive(message)) == step["means"]
            assert eater.cursor == step.get("cursor", eater.cursor)
    assert (eater.cursor if eater else {}) == vector["outcome"]["cursor"]


def eater_that_says(text: str) -> EaterSide:
    """Make an eater whose first hello is like this one."""
    [event] = V2EaterPeer().receive(text.encode())
    assert isinstance(event, EaterHello)
    return EaterSide(
        event.announcement.decode(),
        event.subscription,
        last=event.last,
        since=event.since,
        encodings=json.loads(text).get("compression", ()),
    )
