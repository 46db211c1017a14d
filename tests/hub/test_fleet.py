"""Which hubs there are, and at which of them each kitchen is, as one of them knows it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netdumplings.backbone import BackboneState
from netdumplings.defaults import MAX_MESSAGE
from netdumplings.hub import fleet as fleets
from netdumplings.hub.fleet import REMEMBERED, Fleet
from netdumplings.hub.reporting import backbone_told
from netdumplings.hub.reports import LeftTold, Report, WantTold
from netdumplings.hub.status import fair_shares, fleet_payload, status_dumpling
from netdumplings.wire import check_dumpling, subscription
from support.fleets import (
    EATERS,
    INTAKE,
    RETURNING,
    STORING,
    Clock,
    backbone,
    eater,
    hear,
    id_of,
    kitchen,
    report,
    told,
)

OWN = report("own", 0)


class Known:
    """A hub that knows others."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.sent: list[bytes] = []
        self.fleet = Fleet("own", id_of(0), self.sent.append, clock=self.clock)

    def hear(self, *reports: Report) -> None:
        hear(self.fleet, *reports)

    def payload(self, own: Report = OWN) -> Any:
        text = status_dumpling(fleet_payload(self.fleet.hubs(own), self.fleet.past), 1.5)
        assert len(text) <= MAX_MESSAGE
        assert check_dumpling(text.replace(b"SystemStatusChef", b"SomeChef", 1)) is None
        return json.loads(text)["payload"]

    def states(self) -> dict[str, str]:
        return {hub.name: hub.state for hub in self.fleet.hubs(OWN)[1:]}


@pytest.fixture
def known() -> Known:
    return Known()


def test_a_fleet_of_one_has_one_hub_and_its_own_figures(known: Known) -> None:
    own = report("own", 0, kitchen(), eaters=[eater()])
    payload = known.payload(own)
    assert payload["hub"] == "own"
    [hub] = payload["hubs"]
    assert (hub["name"], hub["state"], hub["heard"]) == ("own", "up", 0)
    assert (hub["host"], hub["in_port"], hub["out_port"]) == ("192.0.2.1", 11347, 11348)
    assert (hub["dumplings_in"], hub["dumplings_out"], hub["dumplings_dropped"]) == (10, 20, 30)
    assert hub["ledger"] == payload["ledger"] == {**INTAKE._asdict(), "own": 3, **EATERS._asdict()}
    assert hub["backbone"]["storing"] == payload["backbone"]["storing"] == STORING._asdict()
    assert hub["backbone"]["returning"] == payload["backbone"]["returning"] == RETURNING._asdict()
    assert hub["backbone"]["connected"] is True
    assert payload["dumpling_kitchens"][0]["info_from_hub"]["hub"] == "own"
    assert payload["dumpling_eaters"][0]["info_from_hub"]["hub"] == "own"


def test_what_is_summed_is_summed_over_hubs_and_peers_are_at_theirs(known: Known) -> None:
    known.hear(
        report("east", 1, kitchen("k1", "s1"), eaters=[eater("e1")]),
        report("west", 2, kitchen("k2", "s2"), kitchen("k3", "s3")),
    )
    payload = known.payload(report("own", 0, kitchen("k0", "s0")))
    assert payload["total_dumplings_in"] == 30
    assert payload["total_dumplings_out"] == 60
    assert payload["total_dumplings_dropped"] == 90
    assert payload["server_uptime"] == 60
    assert payload["refused"] == {"silent": 3}
    assert payload["ledger"]["own"] == 9
    assert payload["backbone"]["storing"]["stored"] == 18
    assert payload["dumpling_kitchen_count"] == 4
    assert payload["dumpling_eater_count"] == 1
    at = {
        one["info_from_kitchen"]["kitchen_name"]: one["info_from_hub"]["hub"]
        for one in payload["dumpling_kitchens"]
    }
    assert at == {"k0": "own", "k1": "east", "k2": "west", "k3": "west"}
    assert [hub["name"] for hub in payload["hubs"]] == ["own", "east", "west"]
    assert [hub["kitchens"] for hub in payload["hubs"]] == [1, 1, 2]


def test_a_hub_hears_of_itself_and_does_not_mind(known: Known) -> None:
    known.fleet.tell(OWN)
    known.fleet.hear(known.sent[0])
    assert known.states() == {}
    assert known.fleet.unreadable == 0
    assert not known.fleet.news.is_set()


def test_a_hub_that_comes_is_news_and_one_that_is_known_is_none(known: Known) -> None:
    known.hear(report())
    assert known.fleet.news.is_set()
    known.fleet.news.clear()
    known.hear(report())
    assert not known.fleet.news.is_set()


def test_a_hub_is_gone_when_three_of_its_reports_have_not_come(known: Known) -> None:
    known.hear(report("east", 1, kitchen(), eaters=[eater()]))
    known.clock.now += 3 * 3 + 2
    assert known.states() == {"east": "up"}
    assert known.payload()["dumpling_kitchen_count"] == 1
    known.clock.now += 0.1
    assert known.states() == {"east": "silent"}
    payload = known.payload()
    assert payload["dumpling_kitchen_count"] == payload["dumpling_eater_count"] == 0
    assert payload["dumpling_kitchens"] == payload["dumpling_eaters"] == []
    assert payload["hubs"][1]["heard"] == pytest.approx(11.1)
    assert payload["total_dumplings_in"] == 20
    known.hear(report("east", 1, kitchen()))
    assert known.states() == {"east": "up"}


def test_a_hub_that_stops_says_so_and_is_forgotten_later_but_for_what_it_counted(
    known: Known,
) -> None:
    known.hear(report("east", 1, kitchen()), report("east", 1, stopped=True))
    assert known.states() == {"east": "stopped"}
    known.clock.now += REMEMBERED
    assert known.payload()["ledger"]["waiting"] == 20
    known.clock.now += 1
    payload = known.payload()
    assert [hub["name"] for hub in payload["hubs"]] == ["own"]
    assert payload["total_dumplings_in"] == 20
    # What waited there waits no more; and the books balance as before.
    assert (payload["ledger"]["waiting"], payload["ledger"]["dropped"]) == (10, 70)
    storing = payload["backbone"]["storing"]
    assert (storing["waiting"], storing["left"]) == (2, 4)


def test_the_last_word_of_a_hub_nobody_knows_is_left_out(known: Known) -> None:
    known.hear(report(stopped=True))
    assert known.states() == {}


def test_a_hub_that_comes_back_after_being_cut_off_for_long_counts_once(known: Known) -> None:
    known.hear(report())
    known.clock.now += REMEMBERED + 1
    assert known.states() == {}
    known.hear(report())
    assert known.states() == {"east": "up"}
    assert known.payload()["total_dumplings_in"] == 20


def test_a_hub_that_was_killed_and_started_again_is_there_once(known: Known) -> None:
    known.hear(report("east", 1, kitchen("k", "s")))
    known.clock.now += 2
    known.hear(report("east", 2, uptime=0.5, ledger={}, backbone=None))
    assert known.states() == {"east": "up"}
    payload = known.payload()
    assert payload["dumpling_kitchens"] == []
    assert payload["total_dumplings_in"] == 20


def test_hubs_of_one_name_are_told_apart(known: Known) -> None:
    known.hear(report("own", 1), report("west", 2), report("west", 3), report("east", 4))
    assert [hub.name for hub in known.fleet.hubs(OWN)] == [
        "own (00000000)", "east", "own (00000001)", "west (00000002)", "west (00000003)",
    ]  # fmt: skip


def test_a_kitchen_that_has_moved_is_at_the_hub_it_came_to_last(known: Known) -> None:
    known.hear(report("east", 1, kitchen("k", "s", since=50.0), kitchen("j", "t", since=1.0)))
    known.clock.now += 2
    known.hear(report("west", 2, kitchen("k", "s", since=1.5)))
    payload = known.payload(report("own", 0, kitchen("j", "t", since=9.0)))
    at = [
        (one["info_from_kitchen"]["kitchen_name"], one["info_from_hub"]["hub"])
        for one in payload["dumpling_kitchens"]
    ]
    assert at == [("j", "east"), ("k", "west")]
    assert payload["dumpling_kitchen_count"] == 2
    assert [hub["kitchens"] for hub in payload["hubs"]] == [0, 1, 1]
    # West is gone: the kitchen is where it was, as far as anybody knows.
    known.hear(report("west", 2, kitchen("k", "s"), stopped=True))
    at = [one["info_from_hub"]["hub"] for one in known.payload()["dumpling_kitchens"]]
    assert at == ["east", "east"]


def test_kitchens_that_share_a_stream_at_one_hub_stay(known: Known) -> None:
    """As those do that do not number their dumplings."""
    known.hear(report("east", 1, kitchen("j", "plain"), kitchen("k", "plain")))
    assert known.payload()["dumpling_kitchen_count"] == 2
    assert len(known.payload()["dumpling_kitchens"]) == 2


def test_the_larger_the_fleet_the_more_seldom_hubs_report(
    known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleets, "REPORT_BYTES", 10_000)
    assert known.fleet.pace(3.0) == 3.0
    known.fleet.tell(report("own", 0, kitchen(size=20_000)))
    assert known.fleet.pace(3.0) == 3.0
    known.hear(report("east", 1, kitchen(size=50_000)))
    assert 7.0 < known.fleet.pace(3.0) < 7.3
    for number in range(2, 12):
        known.hear(report(f"h{number}", number, kitchen(size=200_000)))
    assert known.fleet.pace(3.0) == 60.0


def test_what_is_no_report_is_counted_and_logged_once(
    known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    for nonsense in (b"", b"{}", b"\xff", b"[" * 100_000, b"x" * (1 << 20)):
        known.fleet.hear(nonsense)
    assert known.fleet.unreadable == 5
    assert len(caplog.records) == 1
    assert known.states() == {}


def test_there_is_an_end_to_hubs(
    known: Known, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleets, "MAX_HUBS", 3)
    for number in range(1, 6):
        known.hear(report(f"h{number}", number))
    assert list(known.states()) == ["h1", "h2", "h3"]
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    known.hear(report("h2", 2, stopped=True))
    known.hear(report("h5", 5))
    assert list(known.states()) == ["h1", "h3", "h5"]


@pytest.mark.parametrize(
    ("name", "shown"), [("n" * 300, "n" * 256), ("a\udcffb", r"a\udcffb"), ("\udcff" * 256, None)]
)
def test_whatever_a_hub_is_called_its_reports_can_be_read(name: str, shown: str | None) -> None:
    sent: list[bytes] = []
    one, other = Fleet(name, "a" * 16, sent.append), Fleet("o", "b" * 16, sent.append)
    one.tell(Report(told(one.name, 7, backbone=backbone_told(BackboneState(problem=name)))))
    other.hear(sent[0])
    assert other.unreadable == 0
    found = other.hubs(OWN)[1].name
    assert (len(found) == 256) if shown is None else (found == shown)


def test_hubs_share_the_room_of_a_status(known: Known) -> None:
    """One hub has little to tell, two have too much: these have as much room each."""
    many = [kitchen(f"k{n}", f"s{n}", size=30_000) for n in range(20)]
    known.hear(report("east", 1, *many[:10]), report("west", 2, *many[10:]))
    payload = known.payload(report("own", 0, kitchen("small", "s")))
    full = [
        one["info_from_hub"]["hub"]
        for one in payload["dumpling_kitchens"]
        if "more" in one["info_from_kitchen"]
    ]
    assert len(payload["dumpling_kitchens"]) == 21
    assert full.count("own") == 1
    assert full.count("east") == full.count("west") == 8


def test_hubs_that_say_too_much_of_their_backbone_leave_room_for_others(known: Known) -> None:
    words = "\x00" * 300
    for number in range(1, 60):
        talkative = backbone(problem=words, server=words, stream=words, differs=[words] * 8)
        known.hear(report("\x00" * 256, number, backbone=talkative, host="\x01" * 256))
    payload = known.payload()
    assert len(payload["hubs"]) == 60
    assert payload["hubs"][0]["backbone"]["server"] == "nats://a:4222"
    assert 0 < len(payload["hubs"][1]["backbone"]["problem"]) <= 64


@given(st.lists(st.integers(0, 100), min_size=1, max_size=8), st.integers(0, 300))
def test_shares_are_fair(wanted: list[int], room: int) -> None:
    shares = fair_shares(wanted, room)
    assert sum(shares) <= room
    assert all(share <= want for share, want in zip(shares, wanted, strict=True))
    least = min((s for s, w in zip(shares, wanted, strict=True) if s < w), default=None)
    if least is not None:
        # Who is short has no less than anybody else, but for what cannot be divided.
        assert max(shares) <= least + 1 + len(wanted)
        assert room - sum(shares) < len(wanted)
    assert fair_shares(wanted, sum(wanted)) == wanted


def left(stream: str, **counts: int) -> LeftTold:
    return LeftTold(stream, msgspec.Raw(msgspec.json.encode(counts)))


def test_what_a_kitchen_counted_elsewhere_is_known_when_the_hub_it_left_has_been_heard(
    known: Known,
) -> None:
    known.hear(report("east", 1, kitchen("k", "s", packets_received=10)))
    known.clock.now += 1
    came = known.clock.now
    assert not known.fleet.elsewhere("s", came).final
    # It may have been there for a moment.
    assert not known.fleet.elsewhere("t", came).final
    known.clock.now += 1
    known.hear(report("east", 1, left=[left("s", packets_received=12)]))
    now = known.fleet.elsewhere("s", came)
    assert now.final
    assert now.counts is not None
    assert now.counts.packets_received == 12
    assert known.fleet.elsewhere("t", came) == (True, None)


def test_a_hub_that_is_gone_is_not_waited_for(known: Known) -> None:
    known.hear(report("east", 1, kitchen("k", "s", packets_received=10)))
    came = known.clock.now
    known.clock.now += 12
    now = known.fleet.elsewhere("s", came)
    assert now.final
    assert now.counts is not None
    assert now.counts.packets_received == 10


def test_kitchens_that_left_are_remembered_only_so_long(
    known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleets, "MAX_LEFT", 2)
    known.hear(report(left=[left(stream, packets_received=1) for stream in "abc"]))
    assert [known.fleet.elsewhere(stream, 0.0).counts is None for stream in "abc"] == [
        True, False, False,
    ]  # fmt: skip


def test_what_is_wanted_elsewhere_goes_with_the_hub_where_it_is_wanted(known: Known) -> None:
    wanted = [[WantTold(["A"])], [], [WantTold(["A"], ["k"]), WantTold(None, ["att*"])]]
    for number, wants in enumerate(wanted, start=1):
        known.hear(msgspec.structs.replace(report(f"hub {number}", number), wants=wants))
    found = [
        frozenset({subscription(chefs=["A"])}),
        frozenset(),
        frozenset({subscription(chefs=["A"], kitchens=["k"]), subscription(kitchens=["att*"])}),
    ]
    assert known.fleet.wants == found
    stopped = report("hub 1", 1)
    known.hear(
        msgspec.structs.replace(
            stopped, hub=msgspec.structs.replace(stopped.hub, stopped=True), wants=wanted[0]
        )
    )
    assert known.fleet.wants == found[1:]
    known.clock.now += 1000
    assert known.fleet.wants == []
