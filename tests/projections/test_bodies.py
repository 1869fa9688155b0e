"""Bodies and seats as readers find them: who sits where on a day, and what stands empty."""

from __future__ import annotations

import pytest

from ledger.domain.events.bodies import (
    BodyDissolved,
    BodyRemitChanged,
    ChairTermStarted,
    CommitmentDeclared,
    SeatAbolished,
    SeatAssigned,
    SeatCreated,
    SeatVacated,
    SeatWeightSet,
)
from ledger.domain.values import NotFound
from projections.bodies import bodies, body, seat
from projections.people import person
from tests.domain.given import Life, a_board, a_chain, people
from tests.projections.shown import Shown, shown

SEAT = "bestuur-uwv"


def changing() -> Life:
    """The seat of uwv is held, stands empty in February, and has another holder from March."""
    life = people(a_board(a_chain()), "opvolger")
    life = life.given(
        SeatVacated(seat=SEAT, valid_until="2024-02-01", reason="Vertrek"),
        SeatAssigned(seat=SEAT, person="opvolger", valid_from="2024-03-01"),
    )
    return life.at("2024-04-01")


def uwv_on(readers: Shown, day: str) -> str:
    """Return who sits for uwv on a day, as the list of bodies tells it; empty for a vacancy."""
    found = readers.page(bodies, asof={"valid_on": day}).items
    [board] = [one for one in found if one["body"] == "bestuur"]
    [place] = [one for one in board["seats"] if one["seat"] == SEAT]
    assert place["vacant"] is ("holder" not in place)
    assert place["organisationName"] == "UWV"
    return str(place.get("holder", ""))


def test_a_seat_shows_its_holder_on_every_day_and_when_it_is_empty(database: str) -> None:
    days = {
        "2024-01-01": "bestuur-p-uwv",
        "2024-01-31": "bestuur-p-uwv",
        "2024-02-01": "",
        "2024-02-29": "",
        "2024-03-01": "opvolger",
        "2030-01-01": "opvolger",
    }
    with shown(database, changing()) as readers:
        assert {day: uwv_on(readers, day) for day in days} == days


def test_what_was_known_before_the_change_shows_the_old_holder(database: str) -> None:
    life = changing()
    before = life.entries[-2].header.position - 1
    with shown(database, life) as readers:
        doc = readers.item(seat, SEAT, known_at=before, valid_on="2024-02-15")
        now = readers.item(seat, SEAT, valid_on="2024-02-15")
    assert (doc["holder"], doc["vacant"]) == ("bestuur-p-uwv", False)
    assert now["vacant"]
    assert [one["person"] for one in now["terms"]] == ["bestuur-p-uwv", "opvolger"]
    assert now["vacancies"][0]["reason"] == "Vertrek"
    assert now["terms"][0]["imported"]["name"] == "test history"


def test_a_seat_that_is_gone_is_not_there_on_later_days(database: str) -> None:
    life = changing().given(SeatAbolished(seat=SEAT, reason="Opgeheven"))
    with shown(database, life) as readers:
        for day, there in (("2024-03-31", True), ("2024-04-01", False)):
            seats = readers.item(body, "bestuur", valid_on=day)["seats"]
            assert (SEAT in [one["seat"] for one in seats]) is there
        with pytest.raises(NotFound):
            readers.item(seat, "onbekend")


def test_a_body_shows_its_remits_weights_and_chair(database: str) -> None:
    life = a_board(a_chain()).given(
        BodyRemitChanged(body="bestuur", remit="Sturen"),
        SeatWeightSet(seat=SEAT, weight=3),
        ChairTermStarted(body="bestuur", seat="bestuur-bd"),
    )
    life = life.given(ChairTermStarted(body="bestuur", seat=SEAT), on="2024-02-01")
    with shown(database, life.at("2024-03-01")) as readers:
        now, then = (readers.item(body, "bestuur", valid_on=day) for day in ("", "2024-01-15"))
        weight = readers.item(seat, SEAT)["weight"]
    assert (now["chair"], then["chair"]) == (SEAT, "bestuur-bd")
    assert (now["remits"][0]["was"], now["remit"], weight) == ("", "Sturen", 3)


def test_a_body_that_ended_is_listed_only_for_days_on_which_it_worked(database: str) -> None:
    life = a_board(a_chain()).given(BodyDissolved(body="bestuur", reason="Klaar"), on="2024-02-01")
    with shown(database, life) as readers:
        assert "bestuur" in readers.ids(bodies, "body", asof={"valid_on": "2024-01-31"})
        assert "bestuur" not in readers.ids(bodies, "body", asof={"valid_on": "2024-02-01"})
        assert "bestuur" in readers.ids(bodies, "body")
        assert readers.item(body, "bestuur")["ended"]["reason"] == "Klaar"


def test_a_seat_that_begins_later_is_not_there_yet(database: str) -> None:
    later = SeatCreated(seat="nieuw", body="bestuur", advisory=True, valid_from="2024-05-01")
    with shown(database, a_board(a_chain()).given(later)) as readers:
        for day, there in (("2024-04-30", False), ("2024-05-01", True)):
            seats = readers.item(body, "bestuur", valid_on=day)["seats"]
            assert ("nieuw" in [one["seat"] for one in seats]) is there


def test_commitment_and_appointment_say_on_what_authority(database: str) -> None:
    declared = CommitmentDeclared(seat="bestuur-bd", statement="Ik kom zelf.")
    with shown(database, a_board(a_chain()).done(declared, by="bestuur-p-bd")) as readers:
        doc = readers.item(seat, "bestuur-bd")
    [statement] = doc["commitments"]
    assert statement["statement"] == "Ik kom zelf."
    assert statement["capacities"][0]["kind"] == "seat"
    assert doc["terms"][0]["capacities"][0]["kind"] == "founding"


def test_a_person_shows_the_seats_ever_held_and_never_a_name(database: str) -> None:
    with shown(database, changing()) as readers:
        doc = readers.item(person, "opvolger")
    assert [(one["seat"], one["terms"][0]["person"]) for one in doc["seats"]] == [
        (SEAT, "opvolger")
    ]
    assert doc["function"] == "test"
    assert "name" not in doc
