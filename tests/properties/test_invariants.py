"""The invariants see what they are there for: a history that the rules would have refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ledger import catalogue
from ledger.domain import chain as fold
from ledger.domain.events.agreements import AgreementEnteredIntoForce
from ledger.domain.events.bodies import CommitmentDeclared, SeatAssigned
from ledger.domain.events.chains import ChainDissolved, DrivingProblemRecorded
from ledger.domain.events.decisions import DeliberationOpened, ProposalSubmitted, VoteCast
from ledger.domain.events.mandates import MandateGranted, MandateScope
from ledger.domain.events.outcomes import (
    DecisionAdopted,
    DecisionRevoked,
    DecisionTakenUnderMandate,
    DecisionTookForce,
)
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event, Header
from ledger.recording import Entry
from tests.domain.given import PARTNERS, Life, a_chain, people
from tests.domain.given_agreements import a_proposal
from tests.properties.dump import dumped
from tests.properties.invariants import breaches
from tests.properties.lives import Story
from tests.properties.world import NOTHING

BODY = "stuurgroep"
FORCE = DecisionTookForce(decision="b-1")
PROBLEM = DrivingProblemRecorded(text="De lonen komen te laat binnen.")


def story_of(life: Life) -> Story:
    """Return a life of the rule tests as a story."""
    story = Story()
    story.entries, story.state = list(life.entries), life.state
    return story


def and_then(life: Life, *events: Event, on: str = "") -> Story:
    """Return a life to which these events were added without asking any rule."""
    story = story_of(life)
    for event in events:
        header = Header(
            v=1,
            chain=life.state.name,
            position=len(story.entries),
            at=life.now,
            on=on or life.now,
            by="rules",
            scope="chain",
        )
        story.entries.append(Entry(event, header, catalogue.encode(event, header)))
        story.state = fold.evolve(story.state, event, header)
    return story


def opened() -> Life:
    """Return a chain in which a voting is open."""
    proposal = ProposalSubmitted(
        decision="b-1", body=BODY, subject="ict", title="Voorstel", chain_interest="Beter."
    )
    return a_chain().done(proposal, by="p-bd").done(DeliberationOpened(decision="b-1"), by="p-bd")


def adopted() -> Life:
    """Return the same chain after everybody voted in favour."""
    life = opened()
    for partner in PARTNERS:
        vote = VoteCast(decision="b-1", seat=f"{BODY}-{partner}", choice="for")
        life = life.done(vote, by=f"p-{partner}")
    return life


def mandated(subject: str = "ict", until: str = "") -> Story:
    """Return a life in which a decision on ict is taken under a mandate for this subject."""
    mandate = MandateGranted(
        mandate="m-1",
        grantor_kind="body",
        grantor=BODY,
        holder_kind="person",
        holder="p-uwv",
        scope=MandateScope(subjects=(subject,)),
        valid_from="2024-01-01",
        valid_until=until,
    )
    taken = DecisionTakenUnderMandate(
        decision="b-1", mandate="m-1", outcome="adopted", reason="spoed"
    )
    return and_then(opened().given(mandate), taken, on="2024-02-01T12:00:00.000000Z")


def role(person: str) -> RoleAssigned:
    """Return a coordinator of bd."""
    return RoleAssigned(
        assignment=f"rol-{person}",
        role="chain-coordinator",
        person=person,
        organisation="bd",
        valid_from="2024-01-01",
    )


def test_an_ordinary_life_breaches_nothing() -> None:
    for life in (opened(), adopted(), a_proposal()):
        assert breaches(story_of(life)) == []
    assert breaches(mandated()) == []


SEATED = SeatAssigned(seat=f"{BODY}-bd", person="p-uwv", valid_from="2024-02-01")
SIGNED = AgreementEnteredIntoForce(
    agreement="cv", version=1, signatories=("bd",), valid_from="2024-01-01"
)
STRANGER = VoteCast(decision="b-1", seat="stuurgroep-rdw", choice="for")
EARLY = VoteCast(decision="b-1", seat=f"{BODY}-bd", choice="for")
END = ChainDissolved(reason="Opgelost.", archive_transfer_plan="Naar het archief.")
LOST = CommitmentDeclared(seat=NOTHING, statement="Ik ben er.")
UNDONE = DecisionRevoked(decision="b-1", reason="toch niet")


@pytest.mark.parametrize(
    ("story", "what"),
    [
        (and_then(a_chain(), SEATED), "is held by"),
        (and_then(people(a_chain(), "an", "bo"), role("an"), role("bo")), "is both"),
        (and_then(a_proposal(), SIGNED), "without all signatures"),
        (and_then(opened(), STRANGER), "is no elector"),
        (and_then(opened(), EARLY, on="2024-01-01T00:00:00.000000Z"), "before it is opened"),
        (mandated("geld"), "is taken beyond"),
        (mandated(until="2024-01-15"), "is taken beyond"),
        (and_then(opened(), FORCE), "without being adopted"),
        (and_then(adopted(), FORCE), "without being adopted"),
        (and_then(adopted(), UNDONE, FORCE), "without being adopted"),
        (and_then(a_chain(), END, PROBLEM), "after the dissolution"),
        (and_then(a_chain(), LOST), "not there"),
    ],
    ids=range(12),
)
def test_what_no_chain_may_be_is_seen(story: Story, what: str) -> None:
    assert any(what in one for one in breaches(story)), breaches(story)


def test_an_outcome_that_its_votes_do_not_carry_is_seen() -> None:
    life = adopted()
    outcome = next(one.event for one in life.entries if isinstance(one.event, DecisionAdopted))
    too_few = replace(outcome.tally, reached=1)
    miscounted = replace(outcome.tally, weight_for=2)
    for tally, what in ((too_few, "is adopted on"), (miscounted, "the votes say")):
        story = story_of(life)
        story.entries = [
            replace(one, event=replace(outcome, tally=tally)) if one.event == outcome else one
            for one in story.entries
        ]
        assert any(what in one for one in breaches(story))


def test_two_states_that_differ_are_dumped_apart() -> None:
    assert dumped(opened().state) == dumped(opened().state)
    assert dumped(opened().state) != dumped(adopted().state)
