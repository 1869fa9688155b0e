"""A log to tamper with, the ways to tamper with it, and what the audit makes of that."""

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from ledger import catalogue
from ledger.audit import Findings, Stored, audit
from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import DeliberationOpened, ProposalSubmitted, VoteCast
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event
from ledger.recording import Entry
from tests.domain.given import Life, a_board, a_chain, people

MAJORITY = DecisionRule(kind="majority", voting_days=14)


def a_life() -> Life:
    """A board, an appointment it decides on, an action that is late, and what came after."""
    life = people(a_board(a_chain(), MAJORITY), "manager", "office", "guest")
    for role, holder in (("chain-manager", "manager"), ("chain-office", "office")):
        term = RoleAssigned(role=role, person=holder, valid_from="2024-01-01")  # type: ignore[arg-type]  # test data
        life = life.given(term)
    appointed = RoleAssigned(
        assignment="eco", role="ecosystem-manager", person="guest", valid_from="2024-02-01"
    )
    life = life.done(
        ActionAssigned(
            action="a-1", title="Doe iets", organisation="bd", role="regisseur", due_on="2024-01-10"
        ),
        by="manager",
    )
    life = life.done(proposal("b-1", appointed), by="bestuur-p-bd")
    life = life.done(DeliberationOpened(decision="b-1"), by="manager")
    for organisation in ("bd", "uwv", "cbs"):
        life = life.done(vote(organisation), by=f"bestuur-p-{organisation}")
    life = life.after(20).record(person("late"), by="office", act="key-1").life
    life = life.record(person("other"), by="p-uwv", recorded_by="office").life
    return life.done(ActionCompleted(action="a-1", evidence="Gedaan."), by="manager")


def proposal(name: str, *effects: RoleAssigned) -> ProposalSubmitted:
    return ProposalSubmitted(
        decision=name,
        body="bestuur",
        subject="onderwerp",
        title="Een voorstel",
        chain_interest="Beter voor de keten als geheel.",
        effects=effects,
    )


def vote(organisation: str) -> VoteCast:
    return VoteCast(decision="b-1", seat=f"bestuur-{organisation}", choice="for")


def person(name: str) -> PersonRegistered:
    return PersonRegistered(person=name, function="test")


LIFE = a_life()
ENTRIES = LIFE.entries
LAST = len(ENTRIES) - 1


def stored(entries: Iterable[Entry]) -> list[Stored]:
    return [Stored(entry.header.position, entry.data) for entry in entries]


def audited(entries: Iterable[Entry]) -> Findings:
    return audit(stored(entries), "testketen")


def place(kind: type[Event]) -> int:
    """Return the position of the last event of a type."""
    return max(entry.header.position for entry in ENTRIES if type(entry.event) is kind)


def forged(entry: Entry, *, event: Event | None = None, **changes: object) -> Entry:
    """Return an entry as a forger with knowledge of the format would write it."""
    header = replace(entry.header, **changes)
    body = event or entry.event
    return Entry(body, header, catalogue.encode(body, header))


def with_entry(position: int, entry: Entry) -> list[Entry]:
    return [*ENTRIES[:position], entry, *ENTRIES[position + 1 :]]


def renumbered(entries: Iterable[Entry], *, start: int, by: int) -> list[Entry]:
    """Move entries from `start` on, with everything in their headers that points there."""

    def moved(position: int) -> int:
        return position + by if position >= start else position

    return [
        forged(
            entry,
            position=moved(entry.header.position),
            cause=None if entry.header.cause is None else moved(entry.header.cause),
            under=tuple(moved(one) for one in entry.header.under),
        )
        for entry in entries
    ]


def without(position: int) -> list[Entry]:
    """Return the log without a record, renumbered so that no gap shows."""
    rest = renumbered(ENTRIES[position + 1 :], start=position, by=-1)
    return [*ENTRIES[:position], *rest]


def inserted(position: int, entry: Entry) -> list[Entry]:
    """Return the log with a record too many, renumbered so that no double shows."""
    extra = forged(entry, position=position)
    return [*ENTRIES[:position], extra, *renumbered(ENTRIES[position:], start=position, by=1)]


@dataclass
class Caught:
    """What an audit found; reads as a sentence in a test."""

    findings: Findings

    def at(self, position: int, kind: str, rule: str = "") -> None:
        """The first break is here, of this kind and under this rule."""
        assert self.findings.breaks, "nothing was found"
        first = self.findings.breaks[0]
        assert (first.position, first.kind, first.rule) == (position, kind, rule), first
        assert f"Gebeurtenis {position}" in first.sentence
        assert self.findings.clean == position
        assert not self.findings.sound


def caught(entries: Iterable[Entry]) -> Caught:
    return Caught(audited(entries))
