"""What random lives brought to light, each told as the shortest life in which it showed."""

from __future__ import annotations

import pytest

from ledger import recording
from ledger.domain.chain import ChainState
from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from ledger.domain.events.agreements import AgreementTerminated
from ledger.domain.events.bodies import BodyEstablished, SeatAbolished
from ledger.domain.events.chains import (
    ChainDissolved,
    DrivingProblemRecorded,
    PartnerAdmitted,
    PartnershipEnded,
    PartnerWithdrew,
)
from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from ledger.domain.events.decisions import (
    DeliberationOpened,
    ProposalAmended,
    ProposalSubmitted,
    VoteCast,
)
from ledger.domain.events.mandates import MandateGranted
from ledger.domain.events.meetings import MeetingCancelled, MeetingConvened
from ledger.domain.events.outcomes import (
    Citation,
    DecisionAdopted,
    DecisionExecuted,
    DecisionRecorded,
    DecisionRevoked,
    DecisionSuperseded,
    DecisionTookForce,
)
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from ledger.domain.values import Document
from tests.domain.given import IMPORTER, PARTNERS, SOURCE, Life, Result, a_chain, founding, people
from tests.domain.given_agreements import NEW_VERSION, a_proposal, in_force, signature
from tests.domain.given_escalations import BACK, SOLVED
from tests.domain.given_escalations import raised as escalated

BODY = "stuurgroep"
END = ChainDissolved(reason="Opgelost.", archive_transfer_plan="Naar het archief.")
PROBLEM = DrivingProblemRecorded(text="De lonen komen te laat binnen.")
GROUP = BodyEstablished(body="groep", name="Groep", kind="working-group", level="tactical")
MEETING = MeetingConvened(meeting="v-1", body=BODY, starts_at="2024-02-01T09:00:00.000000Z")


def proposal(name: str, **fields: object) -> ProposalSubmitted:
    """Return a proposal to the founding body."""
    wanted: dict[str, object] = {
        "decision": name,
        "body": BODY,
        "subject": "onderwerp",
        "title": "Een voorstel",
        "chain_interest": "Beter voor de keten als geheel.",
        **fields,
    }
    return ProposalSubmitted(**wanted)  # type: ignore[arg-type]  # fields by name, for tests


def reflecting() -> Life:
    """Return a chain whose decisions take force thirty days after they are adopted."""
    rule = DecisionRule(kind="majority", reflection_days=30)
    life = people(a_chain(), "manager")
    replaced = life.state.decision_rules.versions[BODY, ""][-1].position
    return life.given(
        DecisionRuleAdopted(body=BODY, name="met bedenktijd", rule=rule, replaces=replaced),
        RoleAssigned(role="chain-manager", person="manager", valid_from="2024-01-01"),
    )


def adopted(life: Life, name: str = "b-1", **fields: object) -> Result:
    """Propose, open, and let all partners vote in favour."""
    life = life.done(proposal(name, **fields), by="p-bd")
    result = life.record(DeliberationOpened(decision=name), by="p-bd")
    for partner in PARTNERS:
        seat = f"{BODY}-{partner}"
        vote = VoteCast(decision=name, seat=seat, choice="for")
        result = result.life.record(vote, by=f"p-{partner}")
    return result


def test_a_chain_is_dissolved_by_its_own_decision() -> None:
    adopted(a_chain(), effects=(END,)).gives(DecisionAdopted, DecisionTookForce, ChainDissolved)


def test_a_decision_records_nothing_more_once_it_dissolved_the_chain() -> None:
    a_chain().record(proposal("b-1", effects=(END, GROUP)), by="p-bd").refused("D5")
    a_chain().done(proposal("b-1", effects=(GROUP, END)), by="p-bd")


def test_nothing_falls_due_in_a_dissolved_chain() -> None:
    mandate = MandateGranted(
        mandate="m-1",
        grantor_kind="organisation",
        grantor="bd",
        holder_kind="person",
        holder="p-uwv",
        valid_from="2024-01-01",
        valid_until="2024-06-01",
    )
    life = a_chain().given(mandate)
    assert life.time_passes(400).entries
    life.given(END).time_passes(400).brings()


def test_what_is_revoked_in_its_reflection_time_never_takes_force() -> None:
    life = adopted(reflecting(), effects=(GROUP,)).gives(DecisionAdopted).life
    life.time_passes(31).brings(DecisionTookForce, BodyEstablished)
    life.given(DecisionRevoked(decision="b-1", reason="toch niet")).time_passes(31).brings()


def test_what_is_superseded_in_its_reflection_time_never_takes_force() -> None:
    life = adopted(reflecting(), effects=(GROUP,)).life
    at_once = DecisionRule(kind="majority")
    replaced = life.state.decision_rules.versions[BODY, ""][-1].position
    life = life.given(
        DecisionRuleAdopted(body=BODY, name="meteen", rule=at_once, replaces=replaced)
    )
    other = (Citation(decision="b-1", relation="supersedes"),)
    result = adopted(life, "b-2", cites=other)
    result.gives(DecisionAdopted, DecisionTookForce, DecisionSuperseded)
    result.life.time_passes(31).brings()


def test_a_decision_is_executed_once_it_is_in_force() -> None:
    life = adopted(reflecting()).life
    done = DecisionExecuted(decision="b-1", evidence="Klaar.")
    life.record(done, by="manager").refused("D14")
    life.time_passes(31).life.done(done, by="manager")


def test_an_agreement_ended_before_its_term_ran_out_can_be_told_so_later() -> None:
    life = in_force().time_passes(400).life
    ended = AgreementTerminated(
        agreement="cv", organisation="bd", valid_until="2024-12-15", reason="overbodig"
    )
    life = life.done(ended, by="p-bd", on="2024-12-01").at("2025-06-01")
    life.time_passes(1).brings()
    life.done(PROBLEM, by="p-bd")


def test_nobody_votes_before_the_opening_however_late_it_is_recorded() -> None:
    life = a_chain().done(proposal("b-1"), by="p-bd").after(5)
    life = life.done(DeliberationOpened(decision="b-1"), by="p-bd").after(5)
    vote = VoteCast(decision="b-1", seat=f"{BODY}-bd", choice="for")
    life.record(vote, by="p-bd", on="2024-01-03").refused("D8")
    life.done(vote, by="p-bd", on="2024-01-08")


def test_no_step_in_a_decision_is_told_before_the_last_one() -> None:
    life = adopted(a_chain().after(5)).life.after(5)
    revoked = DecisionRevoked(decision="b-1", reason="toch niet")
    early = life.record(revoked, by=IMPORTER, source=SOURCE, on="2024-01-03")
    early.refused("D25")
    life.given(revoked, on="2024-01-08")


def test_no_step_in_an_escalation_is_told_before_the_last_one() -> None:
    life = escalated().after(5).given(BACK).after(5)
    life.record(SOLVED, by="manager", on="2024-01-03").refused("E17")
    life.done(SOLVED, by="manager", on="2024-01-08")


def test_no_meeting_is_cancelled_before_it_was_convened() -> None:
    life = a_chain().after(5).given(MEETING).after(5)
    cancelled = MeetingCancelled(meeting="v-1", reason="te weinig stukken")
    life.record(cancelled, by=IMPORTER, source=SOURCE, on="2024-01-03").refused("V13")
    life.given(cancelled)


def test_no_action_is_done_before_it_was_given() -> None:
    action = ActionAssigned(
        action="a-1", title="Regelen", organisation="bd", role="beheer", due_on="2024-01-10"
    )
    life = a_chain().after(5).given(action)
    done = ActionCompleted(action="a-1", evidence="Geregeld.")
    life.record(done, by="p-bd", on="2024-01-03").refused("X8")
    life.time_passes(20).life.done(done, by="p-bd", on="2024-01-09")


def test_nobody_signs_what_does_not_lie_before_them_yet() -> None:
    life = a_proposal().after(5).given(NEW_VERSION).after(5)
    signed = signature("bd", version=2)
    life.record(signed, by="p-bd", on="2024-01-03").refused("A19")
    life.done(signed, by="p-bd")


def test_a_proposal_names_an_escalation_and_a_body_that_exist() -> None:
    a_chain().record(proposal("b-1", escalation="e9"), by="p-bd").refused("E7")
    a_chain().record(proposal("b-1", prepared_by="niemand"), by="p-bd").refused("D2")
    named = proposal("b-1", escalation="e1", prepared_by=BODY)
    escalated().done(named, by="p-bd")


def test_time_goes_on_however_much_follows_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = PartnerWithdrew(organisation="bd", notice="Wij gaan.", effective_on="2024-02-01")
    life = a_chain().given(gone)
    monkeypatch.setattr(recording, "MAX_CONSEQUENCES", 2)
    life.time_passes(60).brings(PartnershipEnded, SeatAbolished, RoleEnded)
    life.at("2024-03-01").done(PROBLEM, by="p-uwv")


def test_a_decision_from_elsewhere_is_not_amended_here() -> None:
    life = a_chain().given(DecisionRecorded(decision="b-1", title="Ooit", status="proposed"))
    amended = ProposalAmended(
        decision="b-1", reason="beter", title="Nu", chain_interest="Beter.", effects=(GROUP,)
    )
    manager = RoleAssigned(role="chain-manager", person="m", valid_from="2024-01-01")
    people(life, "m").given(manager).record(amended, by="m").refused("D6")


def test_the_name_of_an_organisation_may_be_as_long_as_a_name_can_be() -> None:
    admitted = PartnerAdmitted(
        organisation="svb",
        name="n" * 200,
        status="partner",
        representative="p-svb",
        consent=Document(title="Instemming", sha256="c" * 64),
        effective_on="2024-02-01",
    )
    result = a_chain().given(admitted)
    registered = next(
        one.event
        for one in result.entries
        if isinstance(one.event, PersonRegistered) and one.event.person == "p-svb"
    )
    assert len(registered.function) == 200


def test_what_could_not_be_read_back_is_not_recorded() -> None:
    nobody = Life(ChainState(name="testketen"))
    nobody.record(founding("a" * 60, "uwv"), by="p-uwv").refused("G13")
    nobody.done(founding("a" * 50, "uwv"), by="p-uwv")
