"""What comes from the hub is put where it belongs."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from netdumplings import Gap
from netdumplings.console.top.picture import Picture
from support.hubs import dumpling
from support.statuses import kitchen, status


def test_each_dumpling_goes_where_it_belongs() -> None:
    picture = Picture()
    picture.take(status(1, kitchen("a"), kitchen("b")).to_json(), 0)
    lookup = {"lookup": {"hostname": "www.example.org", "when": 1}}
    picture.take(dumpling(lookup, chef="DNSLookupChef"), 0)
    picture.take(dumpling([1], chef="Other"), 0)
    assert len(picture.fleet.kitchens) == 2
    assert [hostname for hostname, _ in picture.names.top(5)[0]] == ["www.example.org"]
    # The hub's status is no news of the traffic.
    assert [one.chef for one in picture.feed.latest()] == ["Other", "DNSLookupChef"]
    assert picture.changes == 3


def test_a_kitchen_cannot_pose_as_the_hub() -> None:
    picture = Picture()
    posing = json.loads(status(1, kitchen("a")).to_json())
    posing["metadata"]["kitchen"] = "a kitchen"
    picture.take(json.dumps(posing), 0)
    assert picture.fleet.hub is None


def test_layers_are_there_without_a_status_too() -> None:
    picture = Picture()
    for time in (1, 6, 11):
        counts = {"packet_counts": {"IP": 10 * time}}
        picture.take(dumpling(counts, chef="PacketCountChef", creation_time=time), time)
    assert picture.layers.by_name["IP"].packets[-1] == 10


def test_a_replay_is_counted_by_the_clock_on_the_wall() -> None:
    picture = Picture()
    replaying = kitchen("test_kitchen", packets_received=1)
    replaying["info_from_kitchen"]["version"] = "1"
    for second in range(5):
        picture.take(status(1000 + second, replaying).to_json(), second)
        # Its own clock goes three times as fast.
        counts = {"packet_counts": {"DNS": 30 * second}}
        made = 1000 + 3 * second
        picture.take(dumpling(counts, chef="PacketCountChef", creation_time=made), second)
    assert picture.layers.by_name["DNS"].packets[-1] == 30


def test_a_gap_is_counted_and_made_harmless() -> None:
    picture = Picture()
    picture.take_gap(Gap(3, "x\x1b", "k\x1b[2J"), 5.0)
    [gap] = picture.feed.latest()
    assert gap.is_gap
    assert gap.text.isprintable()
    assert picture.feed.missed == 3


def test_the_rate_is_that_of_the_latest_seconds() -> None:
    picture = Picture()
    for tenth in range(100):
        picture.take(dumpling(1), tenth / 10)
    assert 9 <= picture.rate(9.9) <= 11
    assert picture.rate(100) == 0


@given(
    st.sampled_from(["SystemStatusChef", "DNSLookupChef", "PacketCountChef", "X"]),
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.sampled_from(["lookup", "lookups_seen", "packet_counts", "hostname"]), inner
        ),
        max_leaves=6,
    ),
    st.none() | st.text(max_size=5),
)  # fmt: skip
def test_no_payload_is_an_error(chef: str, payload: object, kitchen: str | None) -> None:
    picture = Picture()
    picture.take(dumpling(payload, chef=chef, kitchen=kitchen), 0)
    picture.take("no dumpling", 0)
