"""What is never true of a chain, whatever happened to it; each function names the breaches.

They are told from the records and the final state alone, in another way than the rules tell it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol

from msgspec import to_builtins

from ledger.domain import mandates
from ledger.domain.chain import ChainState
from ledger.domain.events.chains import ChainDissolved
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import Elector, ElectorateFixed, ProposalWithdrawn, VoteCast
from ledger.domain.events.outcomes import (
    DecisionAdopted,
    DecisionRevoked,
    DecisionSuperseded,
    DecisionTakenUnderMandate,
    DecisionTookForce,
    EffectFailed,
    Outcome,
    TieBroken,
)
from ledger.domain.mandate_scope import fits
from ledger.domain.values import overlap, within
from ledger.recording import AFTER_THE_END, Entry
from tests.properties.lives import Story
from tests.properties.world import NOTHING

ONE_AT_A_TIME = ("chain-coordinator", "chain-manager", "representative")


class Term(Protocol):
    """A time that somebody held something; `until` is the first day outside it."""

    @property
    def start(self) -> str: ...
    @property
    def until(self) -> str: ...


def breaches(story: Story) -> list[str]:
    """Return everything about this life that no chain may show."""
    return [
        *_two_on_a_seat(story.state),
        *_two_in_a_role(story.state),
        *_unsigned(story.state),
        *_reaching_too_far(story.state),
        *_miscounted(story.entries),
        *_strange_votes(story.entries),
        *_beyond_its_mandate(story),
        *_force_from_nothing(story.entries),
        *_after_the_end(story.entries),
        *_named_and_not_there(story.entries),
    ]


def _two_on_a_seat(state: ChainState) -> Iterator[str]:
    for name, seat in state.bodies.seats.items():
        for one, other in combinations(seat.holdings, 2):
            if _together(one, other):
                yield f"seat {name} is held by {one.person} and {other.person}"


def _together(one: Term, other: Term) -> bool:
    return overlap(
        start=one.start, until=one.until, other_start=other.start, other_until=other.until
    )


def _two_in_a_role(state: ChainState) -> Iterator[str]:
    terms = [one for one in state.roles.assignments.values() if one.role in ONE_AT_A_TIME]
    for one, other in combinations(terms, 2):
        same = (one.role, one.organisation) == (other.role, other.organisation)
        if same and _together(one, other):
            yield f"{one.role} of {one.organisation} is both {one.person} and {other.person}"


def _unsigned(state: ChainState) -> Iterator[str]:
    for name, agreement in state.agreements.all.items():
        for version in agreement.versions:
            if set(version.signed) != set(version.parties):
                yield f"{name} version {version.number} is in force without all signatures"


def _reaching_too_far(state: ChainState) -> Iterator[str]:
    """On no day does a mandate reach beyond what it was passed on from, or outlast it."""
    every = list(state.mandates.all.values())
    days = sorted({day for one in every for day in (one.start, one.until) if day})
    for name in state.mandates.all:
        for day in days:
            scope = mandates.reach(state, name, day)
            for above in [] if scope is None else _line(state, name):
                runs = within(day, start=above.start, until=above.until)
                if not runs or scope is None or not fits(scope, mandates.scope_on(above, day)):
                    yield f"mandate {name} reaches too far on {day}"


def _line(state: ChainState, name: str) -> list[mandates.Mandate]:
    """Return a mandate and all that it was passed on from, up to the first."""
    line = [state.mandates.all[name]]
    while line[-1].grantor_kind == "mandate":
        line.append(state.mandates.all[line[-1].grantor])
    return line


def _miscounted(entries: Sequence[Entry]) -> Iterator[str]:
    """Recount every outcome from the votes in the records, by the rule frozen at the opening."""
    fixed: dict[str, ElectorateFixed] = {}
    votes: dict[str, dict[str, str]] = {}
    for entry in entries:
        event = entry.event
        match event:
            case ElectorateFixed():
                fixed[event.decision], votes[event.decision] = event, {}
            case VoteCast():
                votes[event.decision][event.seat] = event.choice
            case Outcome():
                by_chair = isinstance(_cause(entries, entry), TieBroken)
                frozen = fixed[event.decision]
                yield from _wrong(event, frozen, votes[event.decision], by_chair=by_chair)


def _cause(entries: Sequence[Entry], entry: Entry) -> object:
    return None if entry.header.cause is None else entries[entry.header.cause].event


def _wrong(
    outcome: Outcome, fixed: ElectorateFixed, votes: dict[str, str], *, by_chair: bool
) -> Iterator[str]:
    rule, tally = fixed.parameters, outcome.tally
    counted = {
        choice: sum(_weight(rule, one) for one in fixed.electors if votes.get(one.seat) == choice)
        for choice in ("for", "against", "abstain")
    }
    said = {
        "for": tally.weight_for,
        "against": tally.weight_against,
        "abstain": tally.weight_abstained,
    }
    if counted != said:
        yield f"{outcome.decision} counts {said}, the votes say {counted}"
    if isinstance(outcome, DecisionAdopted) and not by_chair and not _carried(rule, outcome):
        yield f"{outcome.decision} is adopted on {tally}"


def _weight(rule: DecisionRule, one: Elector) -> int:
    return one.weight if rule.weight == "seat" else 1


def _carried(rule: DecisionRule, outcome: Outcome) -> bool:
    """Tell whether the tally of an adopted decision is enough under its rule."""
    tally = outcome.tally
    if not tally.quorum_met or tally.quorum_found < tally.quorum_needed:
        return False
    if rule.kind in ("consent", "tacit"):
        return tally.weight_against == 0
    return tally.weight_for > 0 and tally.reached >= tally.needed


def _strange_votes(entries: Sequence[Entry]) -> Iterator[str]:
    """Only electors vote, from the opening until the deadline, and never after the outcome."""
    fixed: dict[str, tuple[ElectorateFixed, str]] = {}
    for entry in entries:
        event, on = entry.event, entry.header.on
        if isinstance(event, ElectorateFixed):
            fixed[event.decision] = (event, on)
        elif isinstance(event, Outcome | ProposalWithdrawn | DecisionTakenUnderMandate):
            fixed.pop(event.decision, None)
        elif isinstance(event, VoteCast):
            voting = fixed.get(event.decision)
            if voting is None or event.seat not in [one.seat for one in voting[0].electors]:
                yield f"{event.seat} votes on {event.decision}, and is no elector"
            elif on < voting[1]:
                yield f"{event.seat} votes on {event.decision} before it is opened"


def _beyond_its_mandate(story: Story) -> Iterator[str]:
    """Whoever decides under a mandate has it, and all it was passed on from, on that day."""
    for entry in story.entries:
        event, day = entry.event, entry.header.day
        if isinstance(event, DecisionTakenUnderMandate):
            state = story.at(entry.header.position)
            matter = state.decisions.all[event.decision]
            for above in _line(state, event.mandate):
                scope = mandates.scope_on(above, day)
                runs = within(day, start=above.start, until=above.until)
                about = not scope.subjects or matter.subject in scope.subjects
                ceiling, amount = scope.max_amount_cents, matter.amount_cents
                affordable = ceiling is None or amount is None or amount <= ceiling
                if not (runs and about and affordable):
                    yield f"{event.decision} is taken beyond {event.mandate} on {day}"


def _force_from_nothing(entries: Sequence[Entry]) -> Iterator[str]:
    """What takes force was adopted, or decided under a mandate, and was not undone since."""
    carried: set[str] = set()
    for entry in entries:
        event = entry.event
        match event:
            case DecisionAdopted():
                carried.add(event.decision)
            case DecisionTakenUnderMandate(outcome="adopted"):
                carried.add(event.decision)
            case DecisionRevoked() | DecisionSuperseded():
                carried.discard(event.decision)
            case DecisionTookForce():
                if event.decision not in carried:
                    yield f"{event.decision} takes force without being adopted"
                carried.discard(event.decision)


def _after_the_end(entries: Sequence[Entry]) -> Iterator[str]:
    """After the dissolution only memory is added, and the rest of the decision that ended it."""
    ended: Entry | None = None
    for entry in entries:
        same_act = ended is not None and entry.header.cause == ended.header.cause
        closing = isinstance(entry.event, EffectFailed | DecisionSuperseded) and same_act
        if ended is not None and not closing and not isinstance(entry.event, AFTER_THE_END):
            yield f"{type(entry.event).__name__} is recorded after the dissolution"
        if isinstance(entry.event, ChainDissolved):
            ended = entry


def _named_and_not_there(entries: Sequence[Entry]) -> Iterator[str]:
    """Nobody made anything by this name, so no record can be about it."""
    for entry in entries:
        if _names(to_builtins(entry.event), NOTHING):
            yield f"{type(entry.event).__name__} names something that is not there"


def _names(value: object, name: str) -> bool:
    if isinstance(value, dict):
        return any(_names(one, name) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_names(one, name) for one in value)
    return value == name
