"""What is remembered of things that are no longer at hand never leaves one out."""

from __future__ import annotations

from projections.let_go import BITS, LetGo

MANY = 2000


def test_whatever_was_let_go_of_is_known_and_hardly_anything_else() -> None:
    let_go = LetGo()
    for number in range(MANY):
        let_go.note(("decision", f"b-{number}"))
    assert all(("decision", f"b-{number}") in let_go for number in range(MANY))
    others = sum(("agreement", f"b-{number}") in let_go for number in range(MANY))
    assert others < MANY / 20
    assert BITS > 100 * MANY


def test_who_let_go_of_nothing_knows_of_nothing() -> None:
    assert ("decision", "b-1") not in LetGo()
