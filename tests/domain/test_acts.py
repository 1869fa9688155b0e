"""Acts on record: every state keeps its own, whichever states were made from it."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.acts import Acts
from ledger.domain.maps import FEW

STEPS = st.lists(
    st.tuples(st.integers(0, 1_000_000), st.integers(0, 12), st.booleans()), max_size=40
)
MANY = 4 * FEW


@given(STEPS)
def test_each_state_knows_its_own_acts_whatever_came_after_it(
    steps: list[tuple[int, int, bool]],
) -> None:
    """Each step goes on from any state there is, with an act that others may have as well."""
    known: list[tuple[Acts, dict[str, int]]] = [(Acts(), {})]
    for which, number, tried in steps:
        acts, plain = known[which % len(known)]
        position, act = max(plain.values(), default=-1) + 1 + number % 3, f"act-{number}"
        start = acts.apart() if tried else acts
        known.append((start.insert(act, position), {**plain, act: position}))
    for acts, plain in known:
        assert dict(acts.items()) == plain
        assert sorted(acts) == sorted(plain)
        assert len(acts) == len(plain)
        assert all(acts.get(f"act-{n}") == plain.get(f"act-{n}") for n in range(13))
        assert all((f"act-{n}" in acts) == (f"act-{n}" in plain) for n in range(13))
        assert acts == Acts(plain.items())


def test_what_was_decided_on_and_forgotten_is_not_on_record() -> None:
    before = Acts([("a", 0)])
    forgotten = before.insert("lost", 1).insert("also lost", 2)
    after = before.insert("b", 1).insert("c", 2)
    assert forgotten.get("lost") == 1
    assert after.get("lost") is None
    assert dict(after.items()) == {"a": 0, "b": 1, "c": 2}
    assert after.insert("lost", 3).get("lost") == 3


def test_a_long_branch_becomes_a_course_of_its_own() -> None:
    first = Acts((f"a-{n}", n) for n in range(FEW))
    other = first.insert("other", FEW)
    branch = first
    for n in range(MANY):
        branch = branch.insert(f"b-{n}", FEW + n)
    assert len(branch) == FEW + MANY
    assert branch.get("other") is None
    assert branch._positions is not first._positions
    assert dict(other.items()) == {**dict(first.items()), "other": FEW}


def test_a_course_that_is_only_tried_takes_nothing_from_the_newest() -> None:
    newest = Acts([("a", 0)])
    tried = newest.apart().insert("tried", 1)
    after = newest.insert("b", 1)
    assert (tried.get("tried"), after.get("tried")) == (1, None)
    assert after._positions is newest._positions


def test_acts_can_be_listed_while_others_go_on() -> None:
    state = Acts((f"a-{n}", n) for n in range(MANY))
    listed = []
    after = state
    for number, (act, _) in enumerate(state.items()):
        listed.append(act)
        after = after.insert(f"b-{number}", MANY + number)
    assert listed == [f"a-{n}" for n in range(MANY)]
    assert len(after) == 2 * MANY


def test_of_many_threads_that_go_on_from_one_state_each_has_its_own() -> None:
    state, start = Acts([("a", 0)]), threading.Barrier(8)
    made: dict[int, Acts] = {}

    def go_on(number: int) -> None:
        start.wait(10)
        acts = state
        for n in range(MANY):
            acts = acts.insert(f"{number}-{n}", n + 1)
        made[number] = acts

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for number, acts in made.items():
        assert dict(acts.items()) == {"a": 0, **{f"{number}-{n}": n + 1 for n in range(MANY)}}
    assert len(made) == 8
