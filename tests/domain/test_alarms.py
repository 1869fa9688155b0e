"""What waits for a moment: the earliest is always first, whatever was set and cleared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.alarms import FEW, Alarms

MOMENTS = [f"2024-01-{day:02}T00:00:00.000000Z" for day in range(1, 8)]
LAST = "9999-12-31T23:59:59.999999Z"
WHAT, WHICH = st.sampled_from(["set", "clear"]), st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(WHAT, WHICH, st.sampled_from(MOMENTS)), max_size=60)


@given(STEPS)
def test_the_earliest_rings_first_as_if_all_were_looked_at(
    steps: list[tuple[str, str, str]],
) -> None:
    alarms, waiting = Alarms(), {}
    for what, key, at in steps:
        if what == "set":
            alarms = alarms.set(key, at)
            waiting[key] = at
        else:
            alarms = alarms.clear(key)
            waiting.pop(key, None)
        first = min(((at, key) for key, at in waiting.items()), default=None)
        assert list(alarms.ringing(LAST)) == ([] if first is None else [first])
        assert alarms.first == ("" if first is None else first[0])
        assert dict(alarms.moments.items()) == waiting


def test_nothing_rings_before_its_moment() -> None:
    alarms = Alarms().set("a", MOMENTS[3])
    assert list(alarms.ringing(MOMENTS[2])) == []
    assert list(alarms.ringing(MOMENTS[3])) == [(MOMENTS[3], "a")]


def test_an_earlier_state_keeps_what_it_waited_for() -> None:
    before = Alarms().set("a", MOMENTS[0]).set("b", MOMENTS[1])
    after = before.clear("a")
    assert list(before.ringing(LAST)) == [(MOMENTS[0], "a")]
    assert list(after.ringing(LAST)) == [(MOMENTS[1], "b")]


def test_what_was_cleared_does_not_pile_up_behind_something_early() -> None:
    alarms = Alarms().set("vroeg", MOMENTS[0])
    for number in range(10 * FEW):
        alarms = alarms.set(f"stemming-{number}", MOMENTS[5]).clear(f"stemming-{number}")
    assert len(alarms.moments) == 1
    assert alarms.held <= FEW + 4
