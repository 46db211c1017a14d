"""What hubs tell one another: read as it was written, and never more than fits."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.backbone import BackboneState
from netdumplings.hub.guests import Kitchen
from netdumplings.hub.reporting import backbone_told, report_of, wants_told
from netdumplings.hub.reports import (
    MAX_REPORT,
    MOST,
    HubTold,
    LeftTold,
    Report,
    SumTold,
    WantTold,
    read_report,
    write_report,
)
from netdumplings.hub.sessions import Sessions
from netdumplings.hub.totals import SumNow
from netdumplings.hub.wants import MAX_WANTS, NOTHING, Wants, wants_of
from netdumplings.wire import MAX_PATTERNS, subscription
from support.fleets import STORING, eater, kitchen, report, told

FULL = report(
    "east",
    1,
    kitchen("k", "s", 1.5, packets_received=3),
    eaters=[eater()],
    left=[LeftTold("t", msgspec.Raw(b'{"packets_received":4}'))],
    sums=[SumTold("k", 1, 5, 3, 2)],
    wants=[WantTold(["A*"], ["k"])],
)


def read(data: bytes) -> Report:
    found = read_report(data)
    assert isinstance(found, Report), found
    return found


def test_a_report_is_read_as_it_was_written() -> None:
    assert msgspec.json.encode(read(write_report(FULL))) == msgspec.json.encode(FULL)


def test_later_hubs_may_say_more() -> None:
    data = json.loads(write_report(FULL))
    data["payload"]["new"] = data["payload"]["hub"]["new"] = {"x": 1}
    data["payload"]["hub"]["ledger"]["new"] = 5
    assert read(json.dumps(data).encode()).hub.name == "east"


def test_earlier_hubs_may_say_less() -> None:
    data = json.loads(write_report(FULL))
    data["payload"] = {"hub": {"id": "0" * 8, "name": "n"}}
    assert read(json.dumps(data).encode()).hub.kitchens == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "short"},
        {"id": "a" * 65},
        {"id": "not/of/letters"},
        {"name": ""},
        {"name": "n" * 257},
        {"name": 5},
        {"in_port": 65536},
        {"uptime": -1},
        {"every": 0},
        {"every": 1e9},
        {"kitchens": -1},
        {"kitchens": MOST + 1},
        {"ledger": {"received": "many"}},
        {"ledger": {str(n): n for n in range(65)}},
        {"refused": {"x" * 65: 1}},
        {"backbone": {"problem": "x" * 301}},
        {"backbone": {"connected": 1}},
        {"backbone": 5},
    ],
)
def test_what_makes_no_sense_is_no_report(wrong: dict[str, Any]) -> None:
    data = json.loads(write_report(FULL))
    data["payload"]["hub"] |= wrong
    assert isinstance(read_report(json.dumps(data).encode()), str)


@pytest.mark.parametrize("at", [b"kitchen_name", b"{", b"192.0.2.9"])
def test_what_is_no_text_is_no_report(at: bytes) -> None:
    data = write_report(FULL)
    for broken in (data.replace(at, b"\xff"), data[:-20], data + b"}", b"[" * 2000):
        assert isinstance(read_report(broken), str)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_raises(data: bytes) -> None:
    assert isinstance(read_report(data), str)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.floats(),
        lambda some: (
            st.lists(some, max_size=3)
            | st.dictionaries(st.sampled_from(["hub", "kitchens", "id", "name", "k"]), some)
        ),
    )
)
def test_no_payload_raises(payload: Any) -> None:
    data = json.loads(write_report(FULL))
    data["payload"] = payload
    assert isinstance(read_report(json.dumps(data).encode()), str)


def test_a_payload_nested_beyond_reason_is_no_report() -> None:
    data = write_report(FULL).replace(b'"more":""', b'"more":' + b"[" * 600 + b"]" * 600)
    assert isinstance(read_report(data), str)


def test_however_much_there_is_to_tell_a_report_is_as_long_as_it_may_be() -> None:
    long = [kitchen(f"k{n}", f"s{n}", size=60_000) for n in range(40)]
    names = [kitchen("\x01" * 256, f"n{n}") for n in range(5000)]
    left = [LeftTold(f"l{n}", msgspec.Raw(b'"%s"' % (b"x" * 10_000))) for n in range(50)]
    sums = [SumTold("\x01" * 64, 1, 2, 3, 4) for _ in range(500)]
    words = "\x00" * 300
    state = BackboneState(problem=words, server=words, stream=words, differs=[words] * 20)
    hub = told("\x01" * 256, 1, host="\x01" * 256, kitchens=5040, backbone=backbone_told(state))
    full = Report(hub, [*long, *names], [eater("\x01" * 256)] * 5000, left, sums)
    for most in (MAX_REPORT, 300_000):
        data = write_report(full, most)
        assert len(data) <= most
        found = read(data)
        assert found.hub.kitchens == 5040
        assert 40 < len(found.kitchens) < 5040
        assert b'"y' in bytes(found.kitchens[0].info)
        assert b'"y' not in bytes(found.kitchens[39].info)
        assert len(found.left) > 1
        assert len(found.sums) > 50
    assert read_report(data + b" " * most, most) == f"it is longer than {most} bytes"


def test_a_backbone_is_told_as_it_is() -> None:
    state = BackboneState(
        connected=True, server="nats://a", problem="p", stream="dumplings", messages=5, bytes=6,
        replicas=3, differs=["d"], wanted=["a", "b"], waiting_bytes=7, kitchens_paused=True,
        storing=STORING,
    )  # fmt: skip
    found = backbone_told(state)
    assert (found.connected, found.server, found.problem, found.stream) == (
        True, "nats://a", "p", "dumplings",
    )  # fmt: skip
    assert (found.messages, found.bytes, found.replicas, found.waiting_bytes) == (5, 6, 3, 7)
    assert (found.differs, found.subjects, found.kitchens_paused) == (["d"], 2, True)
    assert found.storing == STORING._asdict()


def test_a_kitchen_that_says_it_has_lost_everything_makes_no_report_unreadable() -> None:
    """Counts of kitchens go up to 2^63, and nobody checks them."""
    session, _ = Sessions().open("a session of its own", 1, "k")
    session.skip_to(2**62)
    most = float(2**63)
    grown = {("packets_handled", ""): most, ("packets_dropped", "kernel"): most}
    sums = [SumNow("k", interface, 1, dict(grown), {}, 0, None) for interface in ("a", "b")]
    one = Kitchen("k", b'{"kitchen_name":"k"}', "::1", 1, session)
    found = read(write_report(report_of(told(), [one], [], [one], sums)))
    assert found.kitchens[0].known["lost"] == MOST
    assert found.sums == [SumTold("k", 2, 0, MOST, MOST)]


def test_what_a_kitchen_told_last_is_told_when_it_has_left() -> None:
    session, _ = Sessions().open("a session of its own", 1, "k")
    one = Kitchen("k", b'{"kitchen_name":"k","counts":{"a":1}}', "::1", 1, session)
    assert [
        bytes(left.counts) for left in report_of(HubTold(id="", name=""), [], [], [one]).left
    ] == [b'{"a":1}']
    one.told_counts(b'{"a":2}')
    found = report_of(HubTold(id="", name=""), [], [], [one]).left
    assert [bytes(left.counts) for left in found] == [b'{"a":2}']
    one.told_counts(b'{"a":"%s"}' % (b"x" * 20_000))
    assert report_of(HubTold(id="", name=""), [], [], [one]).left == []


@pytest.mark.parametrize(
    "wants",
    [
        NOTHING,
        None,
        wants_of([subscription(chefs=["A", "B*"], kitchens=["k", None])]),
        wants_of([subscription(chefs=[f"Chef{number}"]) for number in range(MAX_WANTS)]),
    ],
)
def test_what_eaters_want_is_told_as_it_is(wants: Wants) -> None:
    told_ = report_of(told("east", 1), [], [], wants=wants)
    found = read(write_report(told_))
    found.hub.eaters = 1
    assert wants_told(found) == wants


def test_if_there_is_no_room_for_it_every_chef_is_wanted() -> None:
    long = [
        subscription(chefs=[f"{number:03}{name:03}" + "\x01" * 250 for name in range(MAX_PATTERNS)])
        for number in range(MAX_WANTS)
    ]
    wants = wants_of(long)
    assert wants is not None
    data = write_report(report_of(told("east", 1), [], [], wants=wants))
    assert len(data) < MAX_REPORT
    assert read(data).wants is None


def test_of_an_older_hub_it_is_known_whether_there_are_eaters() -> None:
    for eaters, wanted in ((0, NOTHING), (1, None)):
        data = json.loads(write_report(report_of(told("east", 1), [], [])))
        data["payload"]["hub"]["eaters"] = eaters
        del data["payload"]["wants"]
        assert wants_told(read(json.dumps(data).encode())) == wanted


@pytest.mark.parametrize(
    "wrong",
    [{}, [1], [{"chefs": "A"}], [{"chefs": ["A" * 257]}], [{}] * (MAX_WANTS + 1)],
)
def test_wants_that_make_no_sense_make_no_report(wrong: Any) -> None:
    data = json.loads(write_report(FULL))
    data["payload"]["wants"] = wrong
    assert isinstance(read_report(json.dumps(data).encode()), str)
