"""The scene of tests about decisions: a board of three with a rule, a proposal, votes."""

from ledger.domain.events.decision_rules import (
    DecisionRule,
)
from ledger.domain.events.decisions import (
    DeliberationOpened,
    Effect,
    ProposalSubmitted,
    VoteCast,
)
from ledger.domain.events.mandates import MandateGranted, MandateScope
from ledger.domain.events.outcomes import (
    DecisionTakenUnderMandate,
)
from ledger.domain.events.roles import RoleAssigned
from tests.domain.given import Life, Result, a_board, a_chain, people

MAJORITY = DecisionRule(kind="majority", voting_days=14)
MANAGER = RoleAssigned(
    assignment="manager-1", role="chain-manager", person="manager", valid_from="2024-01-01"
)
OFFICE = RoleAssigned(
    assignment="office-1", role="chain-office", person="office", valid_from="2024-01-01"
)


def proposal(name: str = "b-1", *effects: Effect, **fields: object) -> ProposalSubmitted:
    wanted: dict[str, object] = {
        "decision": name,
        "body": "bestuur",
        "subject": "onderwerp",
        "title": "Een voorstel",
        "chain_interest": "Beter voor de keten als geheel.",
        "effects": effects,
        **fields,
    }
    return ProposalSubmitted(**wanted)  # type: ignore[arg-type]  # fields by name, for tests


def board(rule: DecisionRule = MAJORITY, *partners: str) -> Life:
    life = people(a_board(a_chain(*partners), rule), "manager", "office")
    return life.given(MANAGER, OFFICE)


def vote(life: Life, organisation: str, choice: str, name: str = "b-1", by: str = "") -> Result:
    event = VoteCast(decision=name, seat=f"bestuur-{organisation}", choice=choice)  # type: ignore[arg-type]  # test data
    return life.record(event, by=by or f"bestuur-p-{organisation}")


def opened(life: Life, *effects: Effect, name: str = "b-1", **fields: object) -> Life:
    life = life.done(proposal(name, *effects, **fields), by="bestuur-p-bd")
    return life.done(DeliberationOpened(decision=name), by="manager")


def adopted(life: Life, name: str = "b-1", **fields: object) -> Life:
    life = opened(life, name=name, **fields)
    for organisation in ("bd", "uwv", "cbs"):
        life = vote(life, organisation, "for", name).life
    return life


BOARD = board()


DELEGATE = MandateGranted(
    mandate="m-1",
    grantor_kind="body",
    grantor="bestuur",
    holder_kind="person",
    holder="manager",
    scope=MandateScope(subjects=("onderwerp",), max_amount_cents=100_00),
    valid_from="2024-01-01",
)
DECIDED = DecisionTakenUnderMandate(
    decision="b-1", mandate="m-1", outcome="adopted", reason="binnen de kaders"
)
