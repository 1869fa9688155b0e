"""The demonstration chain holds together and shows all that a newcomer may want to look up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from msgspec.structs import replace

from api import demo_chain
from api.demo_story_script import CHAIN, OWNERS, TOLD_AT, Script
from ledger import catalogue, recording
from ledger.audit import audit
from ledger.domain.chain import ChainState
from ledger.domain.events import (
    bodies,
    chains,
    decisions,
    mandates,
    meetings,
    memory,
    outcomes,
    reviews,
)
from ledger.domain.events.actions import ActionCompleted, ActionOverdue
from ledger.domain.events.agreements import (
    AgreementEnteredIntoForce,
    AgreementProposed,
    ServiceLevelBreached,
    ServiceLevelRestored,
)
from ledger.domain.events.decision_rules import DecisionRuleAdopted
from ledger.domain.events.escalations import (
    EscalationClosed,
    EscalationForwarded,
    EscalationResolved,
    EscalationTermExpired,
)
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event, Header, NotAllowed, Refused
from ledger.log import canonical
from ledger.recording import Entry
from tests.domain import given_evidence

FUNCTIONS = re.compile(
    r"^(?:ketenmanager|ketenbureau|(?:bestuurder|lijnmanager|regisseur|adviseur)-"
    r"(?:belastingdienst|uwv|cbs)(?:-2)?|vertegenwoordiger-software|beoordelaar)$"
)
A_LATER_DAY = "2030-01-01T00:00:00.000000Z"

E = TypeVar("E", bound=Event)


@pytest.fixture(scope="module")
def script() -> Script:
    return demo_chain.told()


@pytest.fixture(scope="module")
def watched() -> Script:
    """The story with its last chapter, which `make demo` adds: the witnesses of the owners."""
    return demo_chain.told(tuple(given_evidence.witness(name, name=name) for name in OWNERS))


def played() -> list[Entry]:
    """Return every record that the lines give, recorded one by one as the ledger would."""
    state = ChainState(name=CHAIN)
    entries: list[Entry] = []
    for line in demo_chain.story():
        done = recording.record(state, demo_chain.act_of(line), at=line["at"])
        state = done.chain
        entries.extend(done.entries)
    return entries


def all_of(script: Script, kind: type[E], **fields: object) -> list[E]:
    """Return the recorded events of a type that have these field values."""
    found = (entry.event for entry in script.entries)
    return [
        event
        for event in found
        if isinstance(event, kind)
        and all(getattr(event, name) == value for name, value in fields.items())
    ]


def one(script: Script, kind: type[E], **fields: object) -> E:
    [event] = all_of(script, kind, **fields)
    return event


def of_decision(script: Script, decision: str) -> list[str]:
    """Return the names of the events about a decision, votes left out, in order."""
    return [
        type(entry.event).__name__
        for entry in script.entries
        if getattr(entry.event, "decision", "") == decision
        and type(entry.event).__name__ not in ("VoteCast", "ElectorateFixed", "ActionAssigned")
    ]


def test_every_line_is_accepted_as_an_act_of_its_own(script: Script) -> None:
    def whenever(entries: list[Entry]) -> list[tuple[Event, Header]]:
        # What time makes happen is recorded on its own day where a timer runs, else by who is next.
        return [(one.event, replace(one.header, at=one.header.on)) for one in entries]

    assert whenever(played()) == whenever(script.entries)


def test_what_time_makes_happen_is_recorded_on_its_own_day(script: Script) -> None:
    headers = [one.header for one in script.entries if one.header.by == "rules"]
    assert all(one.at == one.on for one in headers if one.cause is None)
    assert sum(one.cause is None for one in headers) >= 5


def test_a_line_by_somebody_without_that_capacity_is_not_accepted() -> None:
    lines = demo_chain.story()
    number = next(n for n, line in enumerate(lines) if line["body"]["type"] == "VoteCast.v1")
    state = ChainState(name=CHAIN)
    for line in lines[:number]:
        state = recording.record(state, demo_chain.act_of(line), at=line["at"]).chain
    stolen = demo_chain.act_of({**lines[number], "by": "bestuurder-cbs"})
    with pytest.raises(NotAllowed):
        recording.record(state, stolen, at=TOLD_AT)


def test_every_line_is_recorded_at_its_hour_of_the_story_some_of_them_later(
    watched: Script,
) -> None:
    own = [line for line in watched.lines if line["at"]]
    assert [line["at"] for line in own] == sorted(line["at"] for line in own)
    late = {line["on"][:10]: line["at"][:10] for line in own if line["at"] != line["on"]}
    assert late == {"2008-02-11": "2008-02-18", "2008-11-03": "2008-11-04"}
    assert all(line["on"] <= line["at"] < TOLD_AT for line in own)
    rest = watched.lines[len(own) :]
    assert {line["at"] for line in rest} == {""}
    assert {line["body"].get("decision") for line in rest} == {"B-2014-01"}


def test_a_chapter_that_breaks_a_rule_is_not_told() -> None:
    script = Script().on("2006-01-02")
    with pytest.raises(Refused) as caught:
        script.act("bestuurder-uwv", chains.DrivingProblemRecorded(text="Nog geen keten."))
    assert caught.value.rule == "G1"
    assert script.lines == []


def test_the_story_has_about_three_hundred_records(script: Script) -> None:
    assert 290 <= len(script.entries) <= 340


def test_the_story_is_the_same_byte_for_byte_each_time() -> None:
    first, second = (msgspec.json.encode(demo_chain.story()) for _ in range(2))
    assert first == second


def test_each_line_has_a_key_of_its_own_and_days_go_forward(script: Script) -> None:
    keys = [line["act"] for line in script.lines]
    days = [line["on"] for line in script.lines]
    assert keys[0] == "demo-001"
    assert len(set(keys)) == len(keys)
    assert days == sorted(days)
    assert (days[0][:4], days[-1][:4]) == ("2006", "2014")


def test_the_audit_is_clean(script: Script) -> None:
    findings = audit(map(_Row, script.entries), CHAIN)
    assert findings.breaks == ()
    assert findings.records == len(script.entries)


def test_the_audit_sees_a_changed_vote(script: Script) -> None:
    rows = [_Row(entry) for entry in script.entries]
    place = next(n for n, row in enumerate(rows) if b'"choice":"against"' in row.data)
    rows[place].data = rows[place].data.replace(b'"choice":"against"', b'"choice":"for"')
    assert audit(rows, CHAIN).breaks != ()


class _Row:
    def __init__(self, entry: Entry) -> None:
        self.position = entry.header.position
        self.data = entry.data
        self.leaf_hash = canonical.leaf_hash(entry.data)


def test_people_appear_by_function_only(script: Script) -> None:
    persons = {event.person for event in all_of(script, PersonRegistered)}
    persons |= {line["by"] for line in script.lines}
    assert [person for person in sorted(persons) if not FUNCTIONS.match(person)] == []
    for line in script.lines:
        kind = catalogue.find(line["body"]["type"]).kind
        assert not set(catalogue.sealed_fields(kind)) & set(line["body"])


def test_everything_was_decided_in_the_chain_itself(script: Script) -> None:
    assert [entry for entry in script.entries if entry.header.source is not None] == []
    governed = (RoleAssigned, DecisionRuleAdopted, bodies.BodyEstablished, chains.PartnerAdmitted)
    for entry in script.entries:
        if isinstance(entry.event, governed) and entry.header.by == "rules":
            assert entry.header.under or _follows_from_founding_or_admission(script, entry)


def _follows_from_founding_or_admission(script: Script, entry: Entry) -> bool:
    cause = script.entries[entry.header.cause or 0].event
    return isinstance(cause, chains.ChainEstablished | chains.PartnerAdmitted)


def test_time_alone_changes_nothing_after_the_last_day(script: Script) -> None:
    assert recording.pass_time(script.state, at=A_LATER_DAY).entries == ()


def test_one_action_is_left_to_look_up_as_open(script: Script) -> None:
    assert script.state.actions.unfinished() == ("A-2014-01",)


def test_two_owners_let_somebody_look_in_who_asks_and_is_answered(script: Script) -> None:
    granted = one(script, reviews.ReviewAccessGranted)
    assert granted.organisations == ("uwv", "cbs")
    asked = one(script, reviews.EvidenceRequested, review=granted.review)
    answer = one(script, reviews.EvidenceRequestAnswered, evidence_request=asked.evidence_request)
    named = re.findall(r"\b[A-Z]+-\d{4}-\d\d\b", answer.text)
    assert [one(script, mandates.OverrideAuthorityExercised).exercise] == named
    one(script, reviews.ReviewAccessLapsed, review=granted.review)


def test_the_chain_goes_from_crisis_over_build_up_to_stable(script: Script) -> None:
    conditions = [event.condition for event in all_of(script, chains.ChainConditionDeclared)]
    assert conditions == ["crisis", "build-up", "stable"]


def test_decisions_fall_by_every_kind_of_rule(script: Script) -> None:
    fixed = all_of(script, decisions.ElectorateFixed)
    kinds = {event.parameters.kind for event in fixed}
    assert kinds == {"unanimity", "consent", "majority", "qualified-majority", "tacit"}
    one(script, outcomes.DecisionTakenUnderMandate, decision="B-2008-04", mandate="MD-2008-03")


def test_a_proposal_is_rejected_by_one_vote_against(script: Script) -> None:
    assert of_decision(script, "B-2006-02")[-1] == "DecisionRejected"
    against = one(script, decisions.VoteCast, decision="B-2006-02", choice="against")
    assert against.seat == "stuurgroep-belastingdienst"


def test_a_substitute_is_refused_and_does_not_count_as_present(script: Script) -> None:
    refused = one(script, meetings.SubstituteRefused)
    assert (refused.meeting, refused.seat) == ("V-2007-01", "stuurgroep-cbs")
    assert all_of(script, meetings.AttendanceRecorded, meeting="V-2007-01", seat=refused.seat) == []


def test_a_decision_from_outside_is_labelled_with_its_deviation(script: Script) -> None:
    taken_over = one(script, outcomes.DecisionRecorded, decision="B-2007-01")
    assert taken_over.deviation
    assert len(taken_over.accepted_by) == 3


def test_the_chain_manager_is_appointed_with_mandate_and_doorzettingsmacht(script: Script) -> None:
    in_force = script.position(outcomes.DecisionTookForce, decision="B-2007-03")
    under = [type(e.event).__name__ for e in script.entries if in_force in e.header.under]
    assert under[:3] == ["RoleAssigned", "MandateGranted", "OverrideAuthorityGranted"]


def test_a_seat_changes_its_mind_while_voting_is_open(script: Script) -> None:
    votes = all_of(script, decisions.VoteCast, decision="B-2007-03", seat="stuurgroep-cbs")
    assert [vote.choice for vote in votes] == ["abstain", "for"]


def test_an_action_is_overdue_and_then_done(script: Script) -> None:
    overdue = script.position(ActionOverdue, action="A-2007-01")
    assert overdue < script.position(ActionCompleted, action="A-2007-01")


def test_the_use_of_power_is_told_to_all_seats_and_reviewed_by_the_board(script: Script) -> None:
    used = script.position(mandates.OverrideAuthorityExercised, exercise="DG-2008-01")
    told = one(script, mandates.SeatsInformed, exercise="DG-2008-01")
    assert len(told.seats) == 3
    assert one(script, meetings.AgendaItemAdded, meeting="V-2008-01").origin == used
    assert one(script, mandates.OverrideReviewed, exercise="DG-2008-01").justified


def test_the_office_enters_votes_of_others(script: Script) -> None:
    entered = [entry for entry in script.entries if entry.header.recorded_by == "ketenbureau"]
    assert {type(entry.event) for entry in entered} == {decisions.VoteCast}


def test_the_convenant_is_adopted_slept_on_and_signed(script: Script) -> None:
    adopted = one(script, outcomes.DecisionAdopted, decision="B-2008-02")
    took_force = script.entries[script.position(outcomes.DecisionTookForce, decision="B-2008-02")]
    assert adopted.in_force_at == took_force.header.on
    assert adopted.in_force_at[:10] == "2008-03-31"
    versions = [e.version for e in all_of(script, AgreementEnteredIntoForce, agreement="CV-2008")]
    assert versions == [1, 2]


def test_advice_is_given_and_answered(script: Script) -> None:
    advice = script.position(decisions.AdviceIssued, decision="B-2008-02")
    assert one(script, decisions.AdviceAnswered).advice == advice


def test_a_service_level_is_breached_and_restored(script: Script) -> None:
    assert one(script, AgreementProposed, agreement="SLA-2008-01").parent == "CV-2008"
    breach = script.position(ServiceLevelBreached, agreement="SLA-2008-01")
    assert breach < script.position(ServiceLevelRestored, agreement="SLA-2008-01")


def test_a_line_manager_signs_under_a_mandate(script: Script) -> None:
    granted = script.position(mandates.MandateGranted, mandate="MD-2008-01")
    signed = [e for e in script.entries if e.header.by == "lijnmanager-uwv" and e.header.under]
    assert any(granted in entry.header.under for entry in signed)


def test_a_mandate_is_passed_on_narrowed_revoked_and_its_source_lapses(script: Script) -> None:
    assert one(script, mandates.MandateGranted, mandate="MD-2008-03").grantor == "MD-2008-02"
    assert one(script, mandates.MandateRestricted).mandate == "MD-2008-03"
    assert one(script, mandates.MandateRevoked).mandate == "MD-2008-03"
    assert one(script, mandates.MandateLapsed).mandate == "MD-2008-02"


def test_a_correction_shows_both_readings_of_what_stands(script: Script) -> None:
    correction = one(script, memory.RecordCorrected)
    target = script.entries[correction.target].event
    assert isinstance(target, meetings.MeetingHeld)
    assert target.summary == correction.was != correction.becomes


def test_a_tie_is_broken_by_the_chair_then_dissented_from_and_disputed(script: Script) -> None:
    assert of_decision(script, "B-2009-02") == [
        "ProposalSubmitted",
        "DeliberationOpened",
        "DecisionTied",
        "TieBroken",
        "DecisionAdopted",
        "DecisionTookForce",
        "DissentRecorded",
        "OutcomeDisputed",
    ]


def test_an_escalation_climbs_the_ladder_and_leaves_a_lesson(script: Script) -> None:
    rungs = [event.to_rung for event in all_of(script, EscalationForwarded)]
    assert rungs == [2, 3, 4]
    assert one(script, EscalationTermExpired).rung == 1
    assert one(script, EscalationResolved).decision == "B-2009-03"
    assert one(script, EscalationClosed).escalation == "E-2009-01"
    assert one(script, memory.LessonRecorded, escalation="E-2009-01").decisions == ("B-2009-03",)


def test_a_late_quorum_gets_more_time_once(script: Script) -> None:
    assert of_decision(script, "B-2010-01")[1:5] == [
        "DeliberationOpened",
        "DeadlineExtended",
        "DecisionAdopted",
        "DecisionTookForce",
    ]
    assert one(script, decisions.DissentRecorded, decision="B-2010-01").seat == "ketenbestuur-cbs"


def test_an_earlier_decision_is_flagged_when_forgotten_and_then_superseded(script: Script) -> None:
    flag = one(script, decisions.EarlierDecisionNotCited)
    assert (flag.decision, flag.earlier) == ("B-2010-02", ("B-2006-01",))
    replaced = one(script, outcomes.DecisionSuperseded)
    assert (replaced.decision, replaced.by_decision) == ("B-2006-01", "B-2010-02")
    assert one(script, memory.RationaleAdded).decision == "B-2006-01"


def test_a_vacancy_puts_a_decision_off_until_the_seat_is_filled(script: Script) -> None:
    assert one(script, bodies.SeatVacated).seat == "ketenbestuur-uwv"
    assert "uwv" in one(script, outcomes.DecisionDeferred, decision="B-2010-03").because
    assert of_decision(script, "B-2010-03")[-3:] == [
        "DeliberationOpened",
        "DecisionAdopted",
        "DecisionTookForce",
    ]


def test_the_chair_rotates_and_skips_a_turn_only_with_a_reason(script: Script) -> None:
    terms = all_of(script, bodies.ChairTermStarted, body="ketenbestuur")
    assert [term.seat.removeprefix("ketenbestuur-") for term in terms] == [
        "uwv",
        "belastingdienst",
        "cbs",
        "belastingdienst",
    ]
    assert [bool(term.skipped_because) for term in terms] == [False, False, False, True]


def test_a_participant_joins_after_the_board_changed_its_rule(script: Script) -> None:
    admitted = one(script, chains.PartnerAdmitted, status="participant")
    assert admitted.consent is not None
    changed = [e for e in all_of(script, DecisionRuleAdopted) if e.replaces is not None]
    assert [(event.body, event.rule.all_partners_invited) for event in changed] == [
        ("ketenbestuur", False)
    ]


def test_all_partners_set_the_new_objective_under_the_founding_rule(script: Script) -> None:
    fixed = one(script, decisions.ElectorateFixed, decision="B-2012-01")
    assert fixed.rule == script.state.decision_rules.versions["stuurgroep", ""][0].position
    assert one(script, chains.ObjectiveRevised).supported_by == OWNERS


def test_power_is_given_back_at_last(script: Script) -> None:
    assert one(script, mandates.OverrideAuthorityWithdrawn).authority == "DM-2007-01"


def test_made_up_amounts_and_measurements_say_so(script: Script) -> None:
    assert "verzonnen" in all_of(script, memory.EventAnnotated, target=0)[0].text
    for text in _texts(msgspec.to_builtins([line["body"] for line in script.lines])):
        assert not re.search(r"€|1 op de|van de tien", text) or "voorbeeldcijfer" in text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def test_every_owner_witnesses_the_log_and_two_of_them_suffice(watched: Script) -> None:
    (policy,) = watched.state.evidence.policies
    assert [one.organisation for one in policy.witnesses] == list(OWNERS)
    assert policy.quorum == 2
    assert one(watched, decisions.DecisionAdopted, decision="B-2014-01")


def test_the_written_tour_names_only_what_is_there(watched: Script) -> None:
    script = watched
    page = (Path(__file__).parents[2] / "docs" / "tour.md").read_text("utf-8")
    told = {text for entry in script.entries for text in _texts(msgspec.to_builtins(entry.event))}
    named = set(re.findall(r"`([A-Z]+-[0-9-]+)`", page))
    assert named
    assert named - told == set()
    assert f"{len(script.entries)} gebeurtenissen" in page
