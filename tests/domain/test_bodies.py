"""Bodies and seats: where the chain decides and who sits there for whom (B1 to B12)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger.domain import bodies
from ledger.domain.events.bodies import (
    BodyDissolved,
    BodyEstablished,
    BodyRemitChanged,
    BodySucceeded,
    ChairRotationAgreed,
    ChairTermStarted,
    CommitmentDeclared,
    SeatAbolished,
    SeatAssigned,
    SeatCreated,
    SeatVacated,
    SeatWeightSet,
)
from ledger.domain.events.chains import PartnerAdmitted
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event
from tests.domain.given import IMPORTER, SOURCE, Life, Result, a_board, a_chain, people

DISSOLVED = BodyDissolved(body="bestuur", reason="Niet meer nodig.")


def imported(life: Life, event: Event, on: str = "") -> Result:
    return life.record(event, by=IMPORTER, source=SOURCE, on=on)


def body(name: str, **fields: str) -> BodyEstablished:
    return BodyEstablished(
        body=name, name=name, kind="working-group", level="operational", **fields
    )


def assigned(person: str, valid_from: str, valid_until: str = "") -> SeatAssigned:
    return SeatAssigned(
        seat="bestuur-bd", person=person, valid_from=valid_from, valid_until=valid_until
    )


def vacated(valid_until: str, seat: str = "bestuur-bd") -> SeatVacated:
    return SeatVacated(seat=seat, valid_until=valid_until, reason="Andere functie.")


def scene() -> Life:
    return people(a_board(a_chain()), "ann", "bob")


def empty() -> Life:
    """A board whose first seat is vacant from the first of February."""
    return scene().given(vacated("2024-02-01"))


def holders(life: Life, *days: str) -> list[str]:
    seat = life.state.bodies.seats["bestuur-bd"]
    found = (bodies.holder(seat, day) for day in days)
    return [one.person if one else "" for one in found]


# Bodies


def test_a_body_and_a_seat_have_ids_of_their_own() -> None:
    imported(scene(), body("bestuur")).refused("B1")
    imported(scene(), SeatCreated(seat="bestuur-bd", body="bestuur", organisation="bd")).refused(
        "B1"
    )
    scene().given(body("werkgroep"), SeatCreated(body="werkgroep", organisation="bd"))


@pytest.mark.parametrize(
    "event",
    [
        body("werkgroep", parent="bestuur"),
        BodyRemitChanged(body="bestuur", remit="Iets anders."),
        BodySucceeded(body="bestuur", successor="stuurgroep"),
        DISSOLVED,
        SeatCreated(body="bestuur", organisation="bd"),
        SeatWeightSet(seat="bestuur-bd", weight=2),
        ChairRotationAgreed(body="bestuur", order=("bd", "uwv", "cbs"), period="per-meeting"),
        ChairTermStarted(body="bestuur", seat="bestuur-bd"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_body_that_ended_takes_nothing_more(event: Event) -> None:
    scene().given(event)
    ended = scene().given(DISSOLVED, SeatAbolished(seat="bestuur-bd", reason="Overleg weg."))
    imported(ended, event).refused("B2")


def test_what_happened_before_the_end_can_still_be_recorded() -> None:
    ended = scene().given(DISSOLVED, on="2024-06-01")
    before = BodyRemitChanged(body="bestuur", remit="Laatste opdracht.")
    ended.given(before, on="2024-05-31")
    imported(ended, before, on="2024-06-01").refused("B2")


def test_the_successor_is_another_body_that_works() -> None:
    itself = BodySucceeded(body="bestuur", successor="bestuur")
    imported(scene(), itself).refused("B10")
    imported(scene(), BodySucceeded(body="bestuur", successor="nooit")).refused("B10")
    gone = BodyDissolved(body="stuurgroep", reason="Weg.")
    handover = BodySucceeded(body="bestuur", successor="stuurgroep")
    imported(scene().given(gone), handover).refused("B10")
    scene().given(handover)


def test_the_seats_of_a_body_that_ended_are_held_by_nobody() -> None:
    state = scene().given(DISSOLVED, on="2024-06-01").state
    assert bodies.seats_held(state, "bestuur-p-bd", "2024-06-01") == ()
    assert len(bodies.seats_held(state, "bestuur-p-bd", "2024-05-31")) == 1


# Seats


def test_a_voting_seat_is_of_a_partner() -> None:
    imported(scene(), SeatCreated(body="bestuur", organisation="knmi")).refused("B3")
    imported(scene(), SeatCreated(body="bestuur")).refused("B3")
    imported(scene(), SeatCreated(body="bestuur", organisation="knmi", advisory=True)).refused("B3")
    scene().given(SeatCreated(body="bestuur", advisory=True))


def test_a_seat_given_today_may_begin_later_with_the_partnership() -> None:
    life = scene().given(
        PartnerAdmitted(
            organisation="svb",
            name="SVB",
            status="partner",
            representative="p-svb",
            effective_on="2024-06-01",
        )
    )
    imported(life, SeatCreated(seat="svb", body="bestuur", organisation="svb")).refused("B3")
    seat = SeatCreated(seat="svb", body="bestuur", organisation="svb", valid_from="2024-06-01")
    early = replace(seat, valid_from="2024-05-31")
    imported(life, early).refused("B3")
    life = life.given(seat)
    too_soon = SeatAssigned(seat="svb", person="p-svb", valid_from="2024-05-31")
    imported(life, too_soon).refused("B2")
    life = life.given(replace(too_soon, valid_from="2024-06-01"))
    board = life.state.bodies.bodies["bestuur"]
    assert "svb" not in dict(bodies.voting_seats(life.state, board, "2024-05-31"))
    assert "svb" in dict(bodies.voting_seats(life.state, board, "2024-06-01"))


def test_an_abolished_seat_takes_nothing_more_and_has_no_vote() -> None:
    life = scene().given(SeatAbolished(seat="bestuur-bd", reason="Kleiner."), on="2024-06-01")
    for event in (
        assigned("ann", "2024-07-01"),
        vacated("2024-07-01"),
        SeatAbolished(seat="bestuur-bd", reason="Nog eens."),
        CommitmentDeclared(seat="bestuur-bd", statement="Ik doe mee."),
    ):
        imported(life, event).refused("B2")
    board = life.state.bodies.bodies["bestuur"]
    assert len(bodies.voting_seats(life.state, board)) == 2
    assert len(bodies.voting_seats(life.state, board, "2024-05-31")) == 3
    assert len(bodies.voting_seats(life.state, board, "2024-06-01")) == 2


def test_an_advisory_seat_has_no_vote() -> None:
    life = scene().given(SeatCreated(seat="advies", body="bestuur", advisory=True))
    board = life.state.bodies.bodies["bestuur"]
    assert "advies" not in dict(bodies.voting_seats(life.state, board))


def test_a_seat_has_one_holder_at_a_time() -> None:
    imported(scene(), assigned("ann", "2024-06-01")).refused("B4")
    imported(empty(), assigned("ann", "2024-01-31")).refused("B4")
    life = empty().given(assigned("ann", "2024-02-01", "2024-06-01"))
    imported(life, assigned("bob", "2024-05-31")).refused("B4")
    life.given(assigned("bob", "2024-06-01"))


def test_holders_are_known_by_day_and_a_gap_shows() -> None:
    life = empty().given(assigned("bob", "2024-06-01"), assigned("ann", "2024-03-01", "2024-05-01"))
    days = ("2024-01-31", "2024-02-01", "2024-03-01", "2024-05-01", "2024-06-01")
    assert holders(life, *days) == ["bestuur-p-bd", "", "ann", "", "bob"]


def test_a_term_ends_after_it_begins() -> None:
    imported(empty(), assigned("ann", "2024-03-01", "2024-03-01")).refused("B11")
    empty().given(assigned("ann", "2024-03-01", "2024-03-02"))


def test_only_a_seat_that_is_held_falls_vacant() -> None:
    imported(empty(), vacated("2024-03-01")).refused("B5")
    imported(empty(), vacated("2024-02-01")).refused("B5")
    imported(empty(), vacated("2023-12-01")).refused("B5")
    empty().given(assigned("ann", "2024-03-01"), vacated("2024-04-01"))


def test_a_holder_may_leave_before_the_next_one_comes() -> None:
    life = scene().given(
        vacated("2024-06-01"), assigned("ann", "2024-07-01"), vacated("2024-05-01")
    )
    days = ("2024-04-30", "2024-05-01", "2024-07-01")
    assert holders(life, *days) == ["bestuur-p-bd", "", "ann"]


def test_a_term_that_ends_on_its_first_day_has_never_been() -> None:
    life = empty().given(assigned("ann", "2024-03-01"), vacated("2024-03-01"))
    assert holders(life, "2024-03-01") == [""]
    life.given(assigned("bob", "2024-02-01"))


def test_the_chain_manager_takes_no_seat_of_a_partner() -> None:
    manager = RoleAssigned(
        role="chain-manager", person="ann", valid_from="2024-06-01", valid_until="2024-09-01"
    )
    life = empty().given(manager)
    imported(life, assigned("ann", "2024-06-01")).refused("B6")
    imported(life, assigned("ann", "2024-03-01")).refused("B6")
    life.given(assigned("ann", "2024-03-01", "2024-06-01"), assigned("ann", "2024-09-01"))


def test_the_chain_manager_may_take_an_advisory_seat() -> None:
    scene().given(
        RoleAssigned(role="chain-manager", person="ann", valid_from="2024-01-01"),
        SeatCreated(seat="advies", body="bestuur", advisory=True),
        SeatAssigned(seat="advies", person="ann", valid_from="2024-01-01"),
    )


@pytest.mark.parametrize("weight", [0, 1001])
def test_the_weight_of_a_seat_has_limits(weight: int) -> None:
    imported(scene(), SeatWeightSet(seat="bestuur-bd", weight=weight)).refused("B7")
    for fine in (1, 1000):
        scene().given(SeatWeightSet(seat="bestuur-bd", weight=fine))


# The chair


def rotation(*order: str, months: int = 0) -> ChairRotationAgreed:
    period = "months" if months else "per-meeting"
    return ChairRotationAgreed(body="bestuur", order=order, period=period, months=months)


def chair(organisation: str, **fields: str) -> ChairTermStarted:
    return ChairTermStarted(body="bestuur", seat=f"bestuur-{organisation}", **fields)


def test_a_rotation_names_every_organisation_with_a_vote_once() -> None:
    imported(scene(), rotation("bd", "uwv")).refused("B8")
    imported(scene(), rotation("bd", "uwv", "cbs", "bd")).refused("B8")
    imported(scene(), rotation("bd", "uwv", "knmi")).refused("B8")
    scene().given(rotation("uwv", "cbs", "bd"))


def test_a_rotation_by_months_says_how_many() -> None:
    scene().given(rotation("bd", "uwv", "cbs", months=6))
    wrong = ChairRotationAgreed(body="bestuur", order=("bd", "uwv", "cbs"), period="months")
    imported(scene(), wrong).refused("B8")


def test_the_chair_goes_round_in_the_agreed_order() -> None:
    life = scene().given(rotation("uwv", "cbs", "bd"))
    imported(life, chair("cbs")).refused("B9")
    life = life.given(chair("uwv"))
    imported(life, chair("bd")).refused("B9")
    imported(life, chair("uwv")).refused("B9")
    imported(life.given(chair("cbs"), chair("bd")), chair("cbs")).refused("B9")
    life.given(chair("cbs"), chair("bd"), chair("uwv"))


def test_an_organisation_is_skipped_only_with_a_reason() -> None:
    life = scene().given(rotation("uwv", "cbs", "bd"), chair("uwv"))
    life.given(chair("bd", skipped_because="De zetel van cbs is vacant."), chair("uwv"))


def test_the_chair_sits_in_the_body_itself() -> None:
    wrong = ChairTermStarted(body="bestuur", seat="stuurgroep-bd")
    imported(scene(), wrong).refused("B9")
    scene().given(chair("bd"))


# Who may record it


def test_only_the_holder_declares_commitment() -> None:
    event = CommitmentDeclared(seat="bestuur-bd", statement="Ik kom zelf, met mandaat.")
    scene().done(event, by="bestuur-p-bd")
    scene().record(event, by="bestuur-p-uwv").not_allowed()
    imported(scene(), event).refused("B12")


def test_an_organisation_fills_its_own_seat() -> None:
    event = assigned("ann", "2024-03-01")
    empty().done(event, by="p-bd")
    empty().record(event, by="p-uwv").not_allowed()


def test_a_holder_leaves_by_own_choice_or_that_of_the_organisation() -> None:
    event = vacated("2024-03-01")
    scene().done(event, by="bestuur-p-bd")
    scene().done(event, by="p-bd")
    scene().record(event, by="bestuur-p-uwv").not_allowed()


def test_a_member_of_the_body_hands_over_the_chair() -> None:
    scene().done(chair("bd"), by="bestuur-p-uwv")
    scene().record(chair("bd"), by="ann").not_allowed()


def test_bodies_and_seats_come_and_go_by_decision() -> None:
    for event in (
        body("werkgroep"),
        SeatCreated(body="bestuur", organisation="bd"),
        SeatAbolished(seat="bestuur-bd", reason="Kleiner."),
        SeatWeightSet(seat="bestuur-bd", weight=2),
        rotation("bd", "uwv", "cbs"),
        DISSOLVED,
    ):
        scene().record(event, by="bestuur-p-bd").not_allowed()
