"""Who may record what: every capacity that makes an act lawful, and what is missing without it."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pytest

from ledger import policy
from ledger.domain.chain import OWNERS, ChainState
from ledger.domain.events.actions import ActionAssigned, ActionCompleted, ActionOverdue
from ledger.domain.events.agreements import AgreementProposed, AgreementSigned
from ledger.domain.events.bodies import (
    BodyDissolved,
    ChairTermStarted,
    CommitmentDeclared,
    SeatAssigned,
)
from ledger.domain.events.chains import (
    ChainEstablished,
    ContributionCommitted,
    DrivingProblemRecorded,
    ObjectiveAdopted,
)
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import (
    AdviceIssued,
    DeliberationOpened,
    ProposalSubmitted,
    ProposalWithdrawn,
    VoteCast,
)
from ledger.domain.events.escalations import BottleneckSignalled, EscalationClosed
from ledger.domain.events.mandates import (
    MandateAccepted,
    MandateGranted,
    MandateScope,
    OverrideAuthorityExercised,
    OverrideAuthorityGranted,
)
from ledger.domain.events.meetings import MeetingConvened
from ledger.domain.events.outcomes import DecisionExecuted
from ledger.domain.events.people import PersonDetailsGiven, PersonRegistered, SignInLinked
from ledger.domain.events.reviews import EvidenceRequested, ReviewAccessGranted
from ledger.domain.events.roles import OF_AN_ORGANISATION, RoleAssigned, RoleEnded, RoleKind
from ledger.domain.events.service_accounts import ServiceAccountOpened
from ledger.domain.values import Event, Header, NotAllowed
from tests.domain.given import (
    IMPORTER,
    PARTNERS,
    SOURCE,
    START,
    Life,
    a_board,
    a_chain,
    founding,
    people,
)
from tests.domain.given_reviews import proposed, supported
from tests.domain.given_service_accounts import NOTE, PROGRAM, account, replaced

ROLES: tuple[RoleKind, ...] = (
    "chain-manager",
    "chain-coordinator",
    "chain-office",
    "line-manager",
    "reviewer",
    "archivist",
    "ecosystem-manager",
)
PROBLEM = DrivingProblemRecorded(text="De lonen komen te laat binnen.")
ADVICE = AdviceIssued(decision="b-1", weight="free", text="Doen.")
SUBSTITUTE = MandateGranted(
    mandate="m-1",
    grantor_kind="organisation",
    grantor="bd",
    holder_kind="person",
    holder="sub",
    scope=MandateScope(subjects=("tasks",)),
    valid_from="2024-01-01",
    valid_until="2024-07-01",
)
OVERRIDE = OverrideAuthorityGranted(
    authority="o-1",
    holder="chain-manager",
    scope="De hele keten.",
    emergency_definition="De betaling stokt.",
    valid_from="2024-01-01",
)
CONVENANT = AgreementProposed(
    agreement="c-1",
    kind="convenant",
    title="Convenant",
    subjects=("tasks",),
    parties=("bd", "uwv"),
    valid_from="2024-01-01",
)
PROPOSAL = ProposalSubmitted(
    decision="b-1", body="bestuur", subject="tasks", title="t", chain_interest="c"
)


def role(kind: RoleKind) -> RoleAssigned:
    organisation = "cbs" if kind in OF_AN_ORGANISATION else ""
    return RoleAssigned(
        assignment=kind, role=kind, person=kind, organisation=organisation, valid_from="2024-01-01"
    )


@cache
def scene() -> Life:
    """A chain in which somebody has each capacity, and `visitor` none."""
    rule = DecisionRule(kind="majority", substitution=True)
    life = people(a_board(a_chain(direct=("ObjectiveAdopted",)), rule), "visitor", "sub", *ROLES)
    life = life.given(*(role(kind) for kind in ROLES))
    chair = ChairTermStarted(body="bestuur", seat="bestuur-uwv")
    action = ActionAssigned(
        action="a-1", title="t", organisation="cbs", role="r", due_on="2024-12-01"
    )
    life = life.given(SUBSTITUTE, OVERRIDE, CONVENANT, chair, action)
    life = life.done(PROPOSAL, by="bestuur-p-bd")
    life = life.done(account(), by="p-bd")
    life = life.done(proposed(reviewer="sub"), by="p-bd").done(supported(), by="p-uwv")
    return life.done(DeliberationOpened(decision="b-1"), by="bestuur-p-bd")


class Case(NamedTuple):
    """Somebody who has a capacity for an event, on what it rests, and somebody who has not."""

    event: Event
    allowed: str
    under: tuple[type[Event], ...]
    not_allowed: str = "visitor"


def advice(kind: RoleKind) -> Case:
    return Case(ADVICE, kind, (RoleAssigned,))


CASES: dict[str, Case] = {
    "decision": Case(ObjectiveAdopted(text="t", supported_by=PARTNERS), "p-bd", (SeatAssigned,)),
    "partner": Case(
        ContributionCommitted(organisation="uwv", contribution="c", period="2024"),
        "p-uwv",
        (RoleAssigned,),
        "p-bd",
    ),
    "seat": Case(
        CommitmentDeclared(seat="bestuur-bd", statement="s"),
        "bestuur-p-bd",
        (SeatAssigned,),
        "bestuur-p-uwv",
    ),
    "substitute": Case(
        VoteCast(decision="b-1", seat="bestuur-bd", choice="for"), "sub", (MandateGranted,)
    ),
    "member": Case(PROBLEM, "p-cbs", (SeatAssigned,)),
    "chair": Case(
        MeetingConvened(body="bestuur", starts_at="2024-05-01T09:00:00.000000Z"),
        "bestuur-p-uwv",
        (SeatAssigned,),
    ),
    "anyone": Case(BottleneckSignalled(subject="s"), "archivist", (RoleAssigned,)),
    "self": Case(PersonDetailsGiven(person="sub"), "sub", (PersonRegistered,)),
    "proposer": Case(
        ProposalWithdrawn(decision="b-1", reason="r"),
        "bestuur-p-bd",
        (SeatAssigned, ProposalSubmitted),
        "bestuur-p-uwv",
    ),
    "grantor": Case(
        MandateGranted(
            grantor_kind="organisation",
            grantor="uwv",
            holder_kind="person",
            holder="sub",
            valid_from="2024-01-01",
        ),
        "p-uwv",
        (RoleAssigned,),
        "p-bd",
    ),
    "first-sign-in": Case(
        SignInLinked(person="p-uwv", organisation="uwv", token_subject="A" * 43),
        "p-bd",
        (ChainEstablished,),
        "p-cbs",
    ),
    "mandate-holder": Case(MandateAccepted(mandate="m-1"), "sub", (MandateGranted,)),
    "override-holder": Case(
        OverrideAuthorityExercised(
            authority="o-1", towards="uwv", instruction="i", emergency_reason="e"
        ),
        "chain-manager",
        (OverrideAuthorityGranted, RoleAssigned),
        "p-bd",
    ),
    "signatory": Case(
        AgreementSigned(agreement="c-1", organisation="bd", version=1),
        "sub",
        (MandateGranted,),
        "p-uwv",
    ),
    "action-owner": Case(
        ActionCompleted(action="a-1", evidence="e"), "line-manager", (RoleAssigned,), "p-bd"
    ),
    "chain-manager": advice("chain-manager"),
    "chain-coordinator": advice("chain-coordinator"),
    "chain-office": Case(PROBLEM, "chain-office", (RoleAssigned,)),
    "line-manager": advice("line-manager"),
    "reviewer": advice("reviewer"),
    "review-access": Case(
        EvidenceRequested(review="t-1", question="q"),
        "sub",
        (ReviewAccessGranted,),
        "reviewer",
    ),
    "account-keeper": Case(replaced(), "p-bd", (RoleAssigned,), "p-uwv"),
    "service-account": Case(NOTE, PROGRAM, (ServiceAccountOpened,)),
    "archivist": advice("archivist"),
    "ecosystem-manager": advice("ecosystem-manager"),
}


@pytest.mark.parametrize("capacity", CASES)
def test_a_capacity_makes_an_act_lawful_and_the_record_says_by_what(capacity: str) -> None:
    case = CASES[capacity]
    assert capacity in case.event.who()
    life = scene()
    result = life.record(case.event, by=case.allowed)
    assert result.refusal is None, result.refusal
    resting_on = [type(life.entries[position].event) for position in result.entries[0].header.under]
    assert resting_on == list(case.under)


@pytest.mark.parametrize("capacity", CASES)
def test_without_the_capacity_the_act_is_not_allowed(capacity: str) -> None:
    case = CASES[capacity]
    result = scene().record(case.event, by=case.not_allowed)
    result.not_allowed()
    assert policy.FINDERS[capacity][0] in str(result.refusal)


def test_every_capacity_is_tried_here() -> None:
    assert set(CASES) | {"founder", "rules"} == set(policy.FINDERS)


def test_every_capacity_an_event_names_can_be_found() -> None:
    named = {capacity for kind in OWNERS for capacity in kind.WHO}
    assert named == set(policy.FINDERS)


# Founding and the rules themselves


def test_the_founding_needs_nothing_that_went_before() -> None:
    life = Life(ChainState(name="testketen"))
    assert life.record(founding("bd", "uwv"), by="p-bd").entries[0].header.under == ()
    scene().record(founding("bd", "uwv"), by="p-bd").not_allowed()


def test_no_capacity_makes_a_consequence_lawful() -> None:
    header = Header(
        v=1,
        chain="testketen",
        position=scene().state.size,
        at=START,
        on=START,
        by="chain-manager",
        scope="chain",
    )
    with pytest.raises(NotAllowed, match="de afgesproken regels zelf"):
        policy.lawful(scene().state, ActionOverdue(action="a-1"), header)


# What is said when it is missing


def test_what_was_missing_is_named() -> None:
    result = scene().record(PROBLEM, by="visitor")
    assert result.refusal is not None
    assert result.refusal.reason == (
        "visitor mist op 2024-01-01 voor DrivingProblemRecorded: de rol van ketenmanager"
        " of een rol bij het ketenbureau of een zetel in het betrokken overleg"
    )


# On its date


def test_a_capacity_is_judged_on_the_day_of_the_act() -> None:
    life = scene().at("2024-08-01")
    accepted = MandateAccepted(mandate="m-1")
    life.record(accepted, by="sub", on="2024-07-01").not_allowed()
    assert life.record(accepted, by="sub", on="2024-06-30").refusal is None


def test_no_order_of_acts_gives_somebody_more_than_they_had_on_that_day() -> None:
    life = a_chain("bd", "uwv").done(PersonRegistered(person="climber"), by="p-bd").at("2024-03-10")
    told = DrivingProblemRecorded(text="t")

    def manager(start: str) -> RoleAssigned:
        return RoleAssigned(
            assignment="R-1", role="chain-manager", person="climber", valid_from=start
        )

    # Nobody begins by making themselves something, nor does a proposal do before it is adopted.
    life.record(manager("2024-03-01"), by="climber").not_allowed()
    proposal = ProposalSubmitted(
        decision="B-1",
        body="stuurgroep",
        subject="s",
        title="t",
        chain_interest="c",
        effects=(manager("2024-03-10"),),
    )
    life.record(proposal, by="climber").not_allowed()
    life = life.done(proposal, by="p-bd").done(DeliberationOpened(decision="B-1"), by="p-bd")
    life.record(told, by="climber").not_allowed()
    life.record(
        VoteCast(decision="B-1", seat="stuurgroep-uwv", choice="for"), by="climber"
    ).refused("G5")
    for person, seat in (("p-bd", "stuurgroep-bd"), ("p-uwv", "stuurgroep-uwv")):
        life = life.done(VoteCast(decision="B-1", seat=seat, choice="for"), by=person)
    # From that day on it counts, and for no day before it, whenever that is entered.
    life.done(told, by="climber")
    life.at("2024-03-12").record(told, by="climber", on="2024-03-09").not_allowed()
    ended = RoleEnded(assignment="R-1", valid_until="2024-03-15", reason="r")
    life = life.at("2024-03-14").done(ended, by="climber").at("2024-03-20")
    life.record(told, by="climber").not_allowed()


def test_a_seat_in_a_body_that_ended_gives_no_say() -> None:
    life = scene().given(BodyDissolved(body="stuurgroep", reason="Het bestuur nam over."))
    objective = ObjectiveAdopted(text="t", supported_by=PARTNERS)
    life.record(objective, by="p-bd").not_allowed()
    life.done(objective, by="bestuur-p-bd")


# Capacities with more than one road


def test_a_representative_registers_people_without_having_a_seat() -> None:
    life = scene().given(BodyDissolved(body="stuurgroep", reason="Het bestuur nam over."))
    result = life.record(PersonRegistered(person="new"), by="p-uwv")
    (position,) = result.entries[0].header.under
    assert type(life.entries[position].event) is RoleAssigned
    life.record(PersonRegistered(person="new"), by="visitor").not_allowed()


def test_the_holder_of_a_strategic_seat_speaks_for_the_organisation() -> None:
    event = ContributionCommitted(organisation="uwv", contribution="c", period="2024")
    result = scene().record(event, by="bestuur-p-uwv")
    (position,) = result.entries[0].header.under
    assert type(scene().entries[position].event) is SeatAssigned
    scene().record(event, by="bestuur-p-bd").not_allowed()


def test_who_speaks_for_a_party_signs_for_it() -> None:
    scene().done(AgreementSigned(agreement="c-1", organisation="uwv", version=1), by="p-uwv")


def test_a_mandate_for_another_subject_signs_nothing() -> None:
    other = AgreementProposed(
        agreement="c-2",
        kind="convenant",
        title="Ander convenant",
        subjects=("planning",),
        parties=("bd", "uwv"),
        valid_from="2024-01-01",
    )
    signature = AgreementSigned(agreement="c-2", organisation="bd", version=1)
    scene().given(other).record(signature, by="sub").not_allowed()


def test_the_chair_of_one_body_is_not_that_of_another() -> None:
    event = MeetingConvened(body="stuurgroep", starts_at="2024-05-01T09:00:00.000000Z")
    scene().record(event, by="bestuur-p-uwv").not_allowed()


def test_a_member_of_one_body_is_not_one_of_another() -> None:
    event = ProposalSubmitted(
        body="stuurgroep", subject="s", title="t", chain_interest="Samen verder."
    )
    scene().record(event, by="bestuur-p-bd").not_allowed()
    scene().done(event, by="p-bd")


def test_what_the_office_closes_is_not_closed_by_a_member() -> None:
    scene().record(EscalationClosed(escalation="e-1", lesson="l"), by="p-bd").not_allowed()
    executed = DecisionExecuted(decision="b-1", evidence="e")
    scene().record(executed, by="bestuur-p-bd").not_allowed()


# Recorded by somebody else


def test_an_act_entered_for_another_rests_on_both() -> None:
    for recorder in ("chain-office", "chain-manager"):
        result = scene().record(PROBLEM, by="p-bd", recorded_by=recorder)
        positions = result.entries[0].header.under
        kinds = [type(scene().entries[position].event) for position in positions]
        assert kinds == [SeatAssigned, RoleAssigned]
    scene().record(PROBLEM, by="p-bd", recorded_by="reviewer").not_allowed()


def test_entering_an_act_for_another_gives_that_other_no_capacity() -> None:
    scene().record(PROBLEM, by="visitor", recorded_by="chain-office").not_allowed()


# History


def test_only_the_import_authority_records_history() -> None:
    result = scene().record(PROBLEM, by=IMPORTER, source=SOURCE)
    (position,) = result.entries[0].header.under
    assert type(scene().entries[position].event) is ChainEstablished
    scene().record(PROBLEM, by="chain-manager", source=SOURCE).not_allowed()


def test_history_of_others_is_entered_by_the_import_authority() -> None:
    by_other = scene().record(PROBLEM, by="visitor", recorded_by=IMPORTER, source=SOURCE)
    assert by_other.refusal is None
    wrong = scene().record(PROBLEM, by=IMPORTER, recorded_by="chain-office", source=SOURCE)
    wrong.not_allowed()


def test_the_import_authority_does_nothing_in_its_own_name() -> None:
    scene().record(PROBLEM, by=IMPORTER).not_allowed()


def test_a_chain_without_an_import_authority_takes_no_history() -> None:
    event = founding("bd", "uwv")
    without = ChainEstablished(
        name=event.name, origin="chosen", objective=event.objective, partners=event.partners
    )
    life = Life(ChainState(name="testketen")).done(without, by="p-bd")
    life.record(PROBLEM, by="p-bd", source=SOURCE).not_allowed()
