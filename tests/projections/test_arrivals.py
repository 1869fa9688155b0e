"""Who waits for a record is told when it is taken in: once, and only then."""

from __future__ import annotations

from projections.arrivals import Arrivals


def test_who_waits_is_rung_once_when_the_record_is_there() -> None:
    arrivals, rung = Arrivals(), []
    with (
        arrivals.ringing("keten", 4, lambda: rung.append("four")),
        arrivals.ringing("keten", 5, lambda: rung.append("five")),
    ):
        arrivals.note({"keten": 4, "andere": 9})
        assert rung == []
        arrivals.note({"keten": 5})
        assert rung == ["four"]
        arrivals.note({"keten": 7})
        arrivals.note({"keten": 8})
        assert rung == ["four", "five"]


def test_who_asks_for_what_is_there_is_rung_at_once() -> None:
    arrivals, rung = Arrivals(), []
    arrivals.note({"keten": 5})
    with arrivals.ringing("keten", 4, lambda: rung.append("four")):
        assert rung == ["four"]
    assert arrivals.size("keten") == 5
    assert arrivals.size("andere") == 0


def test_who_no_longer_waits_is_not_rung() -> None:
    arrivals, rung = Arrivals(), []
    with arrivals.ringing("keten", 4, lambda: rung.append("four")):
        pass
    arrivals.note({"keten": 5})
    assert rung == []


def test_a_size_that_is_known_never_goes_back() -> None:
    arrivals = Arrivals()
    arrivals.note({"keten": 5})
    arrivals.note({"keten": 3})
    assert arrivals.size("keten") == 5
