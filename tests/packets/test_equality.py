"""Whatever is told of packets without dissecting them is what scapy tells of them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from equality.captures import batches_of, captures_in
from equality.compare import disagreements, sample
from netdumplings.packets import PacketBatch
from support.examples import examples, thorough
from support.traffic import Frame, damaged_frames, frames

#: Of how many real captures one is taken here, how many packets of it, and of how many layers of
#: scapy's one is asked for; ``python -m tests.equality`` takes all of all.
ONE_OF, EACH, LAYERS = 24, 3, 16
SEEN: set[tuple[int, int]] = set()
bounded = examples(1, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def check(frames: list[Frame], *, malformed: bool = False) -> None:
    """Compare packets, those of each link type in one batch."""
    for link_type in {link_type for link_type, _ in frames}:
        packets = [data for each, data in frames if each == link_type]
        records = [(number, len(data), data) for number, data in enumerate(packets)]
        batch = PacketBatch.from_records(link_type, records, "eth0")
        found = list(disagreements(batch, SEEN, LAYERS))
        assert [each for each in found if not (malformed and each.malformed)] == []


@bounded
@given(st.lists(frames(), min_size=1, max_size=8))
def test_well_formed_packets_are_told_as_scapy_tells_them(generated: list[Frame]) -> None:
    check(generated)


@bounded
@given(st.lists(damaged_frames(), min_size=1, max_size=8))
def test_of_damaged_packets_nothing_is_told_that_scapy_does_not_tell(
    generated: list[Frame],
) -> None:
    check(generated, malformed=True)


def test_packets_of_real_captures_are_told_as_scapy_tells_them(captures: Path) -> None:
    compared = 0
    for path in captures_in(captures)[:: 1 if thorough() else ONE_OF]:
        for batch in batches_of(path):
            part = sample(batch, EACH)
            found = [each for each in disagreements(part, SEEN, LAYERS) if not each.malformed]
            assert found == [], path
            compared += len(part)
            break
    assert compared > 50
