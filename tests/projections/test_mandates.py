"""Mandates as readers find them: who may act for whom, how far, on which day."""

from __future__ import annotations

from ledger.domain.events.mandates import MandateAccepted, MandateLapsed
from projections.mandates import authorities, authority, exercise, mandate, mandates
from projections.views import Paging
from tests.domain.given import Life
from tests.domain.given_mandates import ICT, ann_and_ben, grant, passed_on, restrict, revoke
from tests.projections.given import reading, seen, taken_in
from tests.projections.scenes import everything
from tests.projections.shown import shown


def narrowed() -> Life:
    """Ann holds m-1, passed on to ben; it is narrowed in February and revoked in April."""
    life = ann_and_ben().given(grant(may_pass_on=True), passed_on())
    life = life.done(MandateAccepted(mandate="m-1"), by="ann")
    return life.given(restrict(), revoke("2024-04-01")).at("2024-05-01")


def test_a_mandate_holds_on_the_days_of_its_term(database: str) -> None:
    with shown(database, narrowed()) as readers:
        days = {"2023-12-31": [], "2024-01-01": ["m-1", "m-2"], "2024-03-31": ["m-1", "m-2"]}
        for day, held in {**days, "2024-04-01": ["m-2"]}.items():
            assert readers.ids(mandates, "mandate", asof={"valid_on": day}) == held
        assert readers.ids(mandates, "mandate", holder="ben") == ["m-2"]
        assert readers.ids(mandates, "mandate", grantor="bd") == ["m-1"]


def test_the_reach_of_a_mandate_is_that_of_the_day(database: str) -> None:
    with shown(database, narrowed()) as readers:
        before, after = (
            readers.item(mandate, "m-1", valid_on=day) for day in ("2024-01-31", "2024-02-01")
        )
        [row, _] = readers.page(mandates, asof={"valid_on": "2024-02-01"}).items
    assert (before["scope"], before["valid"]) == ({}, True)
    assert (
        after["scope"]
        == row["scope"]
        == {
            "subjects": ["ict"],
            "maxAmountCents": 10000,
            "levels": ["tactical"],
        }
    )
    assert after["grantedScope"] == {}
    assert ICT.subjects == ("ict",)


def test_a_mandate_tells_who_gave_it_who_has_it_and_how_it_ended(database: str) -> None:
    with shown(database, narrowed()) as readers:
        doc = readers.item(mandate, "m-1")
        then = readers.item(mandate, "m-1", valid_on="2024-03-01")
    assert (doc["grantorName"], doc["holderName"]) == ("BD", "test")
    assert (doc["status"], then["status"], doc["valid"]) == ("revoked", "restricted", False)
    assert doc["ended"]["reason"] == "niet meer nodig"
    assert doc["passedOn"] == ["m-2"]
    assert doc["accepted"]["capacities"][0]["mandate"] == "m-1"
    assert doc["granted"]["imported"]["name"] == "test history"


def test_a_term_that_ran_out_is_told_before_and_after_it_was_noticed(database: str) -> None:
    life = ann_and_ben().given(grant(until="2024-02-01"))
    noticed = life.time_passes(60)
    noticed.brings(MandateLapsed)
    with shown(database, noticed) as readers:
        before = life.entries[-1].header.position
        assert not readers.item(mandate, "m-1", known_at=before, valid_on="2024-02-01")["valid"]
        assert readers.item(mandate, "m-1", valid_on="2024-01-31")["valid"]
        assert readers.item(mandate, "m-1")["status"] == "lapsed"


def test_every_use_of_doorzettingsmacht_shows_who_was_told_and_how_it_was_judged(
    database: str,
) -> None:
    taken_in(database, everything())
    with reading(database) as connection:
        view = seen(connection)
        [granted, *_] = authorities(connection, view, Paging()).items
        doc = authority(connection, view, granted["authority"])
        used = exercise(connection, view, granted["exercises"][0]["exercise"])
    assert doc["exercises"] == granted["exercises"]
    assert used["authority"] == granted["authority"]
    assert len(used["informed"]["seats"]) == 3
    assert used["review"]["justified"] is True
    assert used["exercised"]["capacities"][0]["kind"] == "authority"
    assert used["review"]["capacities"][0]["kind"] == "decision"
