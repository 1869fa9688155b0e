"""What follows from an act and from time: in which order, by whom, bounded, readable."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger import catalogue, recording
from ledger.domain.chain import ChainState
from ledger.domain.events.actions import ActionAssigned, ActionOverdue
from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import (
    DrivingProblemRecorded,
    PartnerAdmitted,
)
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import (
    DeliberationOpened,
    Effect,
    ProposalSubmitted,
    VoteCast,
)
from ledger.domain.events.memory import (
    LessonRecorded,
)
from ledger.domain.events.outcomes import DecisionAdopted, DecisionTookForce
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import RULES, Document, later
from ledger.recording import Act
from tests.domain.given import IMPORTER, SOURCE, Life, a_board, a_chain, founding

PROBLEM = DrivingProblemRecorded(text="De lonen komen te laat binnen.")
LESSON = LessonRecorded(subject="aanlevering", problem="p", approach="a", solution="s")
UNFOUNDED = Life(ChainState(name="testketen"))


def test_consequences_name_their_cause_and_come_depth_first() -> None:
    entries = UNFOUNDED.record(founding("bd", "uwv"), by="p-bd").entries
    causes = [(type(one.event).__name__, one.header.cause) for one in entries[:5]]
    assert causes == [
        ("ChainEstablished", None),
        ("PersonRegistered", 0),
        ("PartnerAdmitted", 0),
        ("PersonRegistered", 2),
        ("RoleAssigned", 2),
    ]
    assert [one.header.position for one in entries] == list(range(len(entries)))
    assert {one.header.by for one in entries[1:]} == {RULES}


def test_the_consequences_of_history_are_history_too() -> None:
    event = PartnerAdmitted(
        organisation="svb",
        name="SVB",
        status="partner",
        representative="p-svb",
        effective_on="2024-02-01",
    )
    entries = a_chain().record(event, by=IMPORTER, source=SOURCE).entries
    assert [one.header.source for one in entries] == [SOURCE] * 3


def test_time_acts_before_the_act_and_at_its_own_moment() -> None:
    action = ActionAssigned(
        action="a-1", title="t", organisation="bd", role="r", due_on="2024-02-01"
    )
    life = a_chain().given(action)
    when = "2024-03-01T12:00:00.000000Z"
    done = recording.record(life.state, Act(event=PROBLEM, by="p-bd"), at=when)
    overdue, act = done.entries
    assert type(overdue.event) is ActionOverdue
    assert (overdue.header.on, overdue.header.at) == ("2024-02-02T00:00:00.000000Z", when)
    assert done.first == act.header.position == overdue.header.position + 1


def test_time_does_no_more_than_the_moment_of_the_act() -> None:
    action = ActionAssigned(
        action="a-1", title="t", organisation="bd", role="r", due_on="2024-02-01"
    )
    life = a_chain().given(action).at("2024-03-01")
    life.record(PROBLEM, by="p-bd", on="2024-02-01").gives()


def test_time_alone_works_in_bounded_steps_until_nothing_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    life = a_chain_with_actions(12)
    monkeypatch.setattr(recording, "MAX_CONSEQUENCES", 5)
    at, sizes, names = later(life.now, days=60), [], []
    state = life.state
    while (step := recording.pass_time(state, at=at)).entries:
        sizes.append(len(step.entries))
        names += [one.event.action for one in step.entries]
        state = step.chain
    assert sizes == [5, 5, 2]
    assert names == sorted(names)


def test_an_act_does_not_wait_for_time_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MAX_DUE", 5)
    fits = a_chain_with_actions(5).record(PROBLEM, by="p-bd", on="2024-03-01")
    assert len(fits.events) == 6
    a_chain_with_actions(6).record(PROBLEM, by="p-bd", on="2024-03-01").refused("G9")


def a_chain_with_actions(count: int) -> Life:
    """Return a chain with so many actions, all due on the same day."""
    return a_chain().given(
        *(
            ActionAssigned(
                action=f"a-{number:02}", title="t", organisation="bd", role="r", due_on="2024-02-01"
            )
            for number in range(count)
        )
    )


def test_a_thing_without_an_id_gets_one_from_its_position() -> None:
    result = a_chain().record(LESSON, by="p-bd")
    position = result.entries[0].header.position
    assert result.events[0] == replace(LESSON, lesson=f"lesson-{position}")


def test_what_is_recorded_reads_back_as_it_was() -> None:
    for entry in a_board(a_chain()).entries:
        record = catalogue.decode(entry.data)
        assert (record.body, record.header) == (entry.event, entry.header)
        assert catalogue.encode(record.body, record.header) == entry.data


@pytest.mark.parametrize(
    ("records_scope", "scope"), [("", "chain"), ("public", "public"), ("confidential",) * 2]
)
def test_a_body_chooses_who_may_read_its_records(records_scope: str, scope: str) -> None:
    body = BodyEstablished(
        body="team", name="Team", kind="core-team", level="tactical", records_scope=records_scope
    )
    life = a_chain().given(body)
    result = life.record(SeatCreated(body="team", organisation="bd"), by=IMPORTER, source=SOURCE)
    assert result.entries[0].header.scope == scope


def test_a_proposal_may_admit_a_partner_and_seat_its_representative_at_once() -> None:
    effects: tuple[Effect, ...] = (
        PartnerAdmitted(
            organisation="svb",
            name="SVB",
            status="partner",
            representative="p-svb",
            consent=Document(title="Brief", sha256="a" * 64),
            effective_on="2024-06-01",
        ),
        SeatCreated(
            seat="bestuur-svb", body="bestuur", organisation="svb", valid_from="2024-06-01"
        ),
        SeatAssigned(seat="bestuur-svb", person="p-svb", valid_from="2024-06-01"),
    )
    proposal = ProposalSubmitted(
        decision="b-1",
        body="bestuur",
        subject="toetreding",
        title="SVB treedt toe",
        chain_interest="De keten wordt compleet.",
        effects=effects,
    )
    rule = DecisionRule(kind="majority", early_closing="outcome-fixed")
    life = a_board(a_chain(), rule).done(proposal, by="bestuur-p-bd")
    life = life.done(DeliberationOpened(decision="b-1"), by="bestuur-p-bd")
    for organisation in ("bd", "uwv"):
        vote = VoteCast(decision="b-1", seat=f"bestuur-{organisation}", choice="for")
        result = life.record(vote, by=f"bestuur-p-{organisation}")
        life = result.life
    result.gives(
        DecisionAdopted,
        DecisionTookForce,
        PartnerAdmitted,
        PersonRegistered,
        RoleAssigned,
        SeatCreated,
        SeatAssigned,
    )
