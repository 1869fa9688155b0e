"""What a decision is and becomes: the state that the rules of decisions ask for.

Ended decisions keep only what later rules need; the rest is for readers, not for rules. Opening
and each vote touch what is asked of the few that are not finished, apart from all there ever were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain.alarms import Alarms
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import (
    AdviceAnswered,
    AdviceIssued,
    DeadlineExtended,
    DecisionEvent,
    DeliberationOpened,
    DissentRecorded,
    EarlierDecisionNotCited,
    Effect,
    Elector,
    ElectorateFixed,
    ProposalAmended,
    ProposalSubmitted,
    ProposalWithdrawn,
    VoteCast,
)
from ledger.domain.events.outcomes import (
    DecisionAdopted,
    DecisionDeferred,
    DecisionExecuted,
    DecisionLapsed,
    DecisionRecorded,
    DecisionRejected,
    DecisionRevoked,
    DecisionStatusRecorded,
    DecisionSuperseded,
    DecisionTakenUnderMandate,
    DecisionTied,
    DecisionTookForce,
    EffectFailed,
    OutcomeDisputed,
    SupersessionRecorded,
    Tally,
    TieBroken,
)
from ledger.domain.maps import Map
from ledger.domain.values import Event, Header, Refused

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

UNDECIDED = frozenset({"proposed", "open", "tied", "deferred"})
BECOMES: dict[type[Event], str] = {
    ProposalWithdrawn: "withdrawn",
    DecisionRejected: "rejected",
    DecisionLapsed: "lapsed",
    DecisionSuperseded: "superseded",
    DecisionRevoked: "revoked",
    DecisionExecuted: "executed",
}
VALID = frozenset({"adopted", "in-force", "executed"})
NO_VOTES: Final[Map[str, str]] = Map()


class Decision(Struct, frozen=True):
    """A decision for as long as the chain lasts: where it belongs and where it stands.

    It has its status since `status_on`. `substitution` is whether the rule frozen at its opening
    lets somebody vote for the holder of a seat.
    """

    body: str
    subject: str
    proposer: str
    position: int
    status: str
    status_on: str = ""
    amount_cents: int | None = None
    imported: bool = False
    substitution: bool = False


class Deliberation(Struct, frozen=True):
    """What is asked of a decision from proposal until it takes force or ends, then forgotten.

    `rule` and `rule_position` are the version frozen when it was opened; `deadline` is when voting
    ends; `meeting` is where it is decided, if anywhere; `tally` is kept while the votes are tied.
    """

    submitted_at: str = ""
    cites: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    rule: DecisionRule | None = None
    rule_position: int = -1
    electors: tuple[Elector, ...] = ()
    votes: Map[str, str] = NO_VOTES
    voted_on: Map[str, str] = NO_VOTES
    deadline: str = ""
    extended: bool = False
    meeting: str = ""
    tally: Tally | None = None

    def elects(self, seat: str) -> bool:
        """Tell whether a seat is in the electorate that was fixed when voting opened."""
        return seat in [one.seat for one in self.electors]


NOTHING: Final = Deliberation()


class Decisions(Struct, frozen=True):
    """All decisions; which of them hold, by subject; what waits for an outcome or for a moment.

    Those that wait stand apart from the rest: each vote changes one of the few, not of all there
    ever were. `taking_force` is what was asked of the decision that took force last.
    """

    all: Map[str, Decision] = field(default_factory=Map)
    holding: Map[str, tuple[str, ...]] = field(default_factory=Map)
    pending: Map[str, Deliberation] = field(default_factory=Map)
    alarms: Alarms = Alarms()
    taking_force: Deliberation = NOTHING

    def deliberation(self, decision: str) -> Deliberation:
        """Return what is asked of a decision; nothing where it is ended, or never was here."""
        return self.pending.get(decision, NOTHING)

    def unfinished(self) -> tuple[str, ...]:
        """Return the decisions that still wait for an outcome or for taking force, sorted."""
        return tuple(sorted(self.pending))


def known(chain: ChainState, decision: str) -> Decision:
    """Return a decision, or refuse (D3)."""
    found = chain.decisions.all.get(decision)
    if found is None:
        raise Refused("D3", f"besluit {decision} bestaat niet")
    return found


def earlier(chain: ChainState, *, subject: str, besides: str) -> tuple[str, ...]:
    """Return the decisions that hold on a subject, oldest first, without the one named."""
    own = chain.decisions
    names = (name for name in own.holding.get(subject, ()) if name != besides)
    return tuple(sorted(names, key=lambda name: own.all[name].position))


def evolve(own: Decisions, event: DecisionEvent, header: Header) -> Decisions:
    """Copy where each decision stands and what it waits for."""
    match event:  # what comes most stands first
        case VoteCast():
            return _with_vote(own, event, header)
        case ProposalSubmitted():
            return _with_proposal(own, event, header)
        case DeliberationOpened():
            return _asked(own, event.decision, meeting=event.meeting)
        case ElectorateFixed():
            return _with_electorate(own, event, header)
        case DecisionAdopted():
            own = _closed(own, event.decision, "adopted", header, keep=True)
            return _waiting(own, f"force/{event.decision}", event.in_force_at)
        case DecisionTookForce():
            asked = own.deliberation(event.decision)
            return replace(_closed(own, event.decision, "in-force", header), taking_force=asked)
        case ProposalAmended():
            return _with_amendment(own, event)
        case DeadlineExtended():
            own = _asked(own, event.decision, deadline=event.deadline, extended=True)
            return _waiting(own, f"vote/{event.decision}", event.deadline)
        case DecisionTied() | DecisionDeferred():
            status = "tied" if isinstance(event, DecisionTied) else "deferred"
            own = replace(own, alarms=own.alarms.clear(f"vote/{event.decision}"))
            own = _asked(own, event.decision, tally=event.tally)
            return _became(own, event.decision, status, header)
        case DecisionTakenUnderMandate():
            keep = event.outcome == "adopted"
            return _closed(own, event.decision, event.outcome, header, keep=keep)
        case ProposalWithdrawn() | DecisionRejected() | DecisionLapsed():
            return _closed(own, event.decision, BECOMES[type(event)], header)
        case DecisionSuperseded() | DecisionRevoked():
            # Also of what still waits out its reflection time: it never takes force then.
            return _closed(own, event.decision, BECOMES[type(event)], header)
        case DecisionExecuted():
            return _became(own, event.decision, BECOMES[type(event)], header)
        case DecisionRecorded():
            return _with_recorded(own, event, header)
        case DecisionStatusRecorded():
            return _with_status(own, event, header)
        case EarlierDecisionNotCited() | DissentRecorded() | AdviceIssued() | AdviceAnswered():
            return own
        case TieBroken() | EffectFailed() | SupersessionRecorded() | OutcomeDisputed():
            return own
        case _:
            assert_never(event)


def _with_vote(own: Decisions, event: VoteCast, header: Header) -> Decisions:
    asked = own.pending[event.decision]
    return _asked(
        own,
        event.decision,
        votes=asked.votes.insert(event.seat, event.choice),
        voted_on=asked.voted_on.insert(event.seat, header.on),
    )


def _with_amendment(own: Decisions, event: ProposalAmended) -> Decisions:
    amended = replace(own.all[event.decision], amount_cents=event.amount_cents)
    return _asked(
        replace(own, all=own.all.insert(event.decision, amended)),
        event.decision,
        effects=event.effects,
        cites=tuple(one.decision for one in event.cites),
        supersedes=_superseding(event),
    )


def _with_status(own: Decisions, event: DecisionStatusRecorded, header: Header) -> Decisions:
    """The newest status by the time it happened counts, in whatever order they are recorded."""
    if header.on < own.all[event.decision].status_on:
        return own
    return _became(own, event.decision, event.status, header)


def _asked(own: Decisions, name: str, **changes: object) -> Decisions:
    """Change what is asked of a decision that is not finished."""
    return replace(own, pending=own.pending.insert(name, replace(own.pending[name], **changes)))


def _became(own: Decisions, name: str, status: str, header: Header, **changes: object) -> Decisions:
    """Give a decision another status, which it has since what is recorded happened."""
    before = own.all[name]
    after = replace(before, status=status, status_on=header.on, **changes)
    return _holding(replace(own, all=own.all.insert(name, after)), name, before.status)


def _holding(own: Decisions, name: str, before: str) -> Decisions:
    """Keep which decisions hold on a subject; this one had another status before, if any."""
    now = own.all[name]
    holds, held = now.status in VALID, before in VALID
    if holds == held or not now.subject:
        return own
    others = tuple(one for one in own.holding.get(now.subject, ()) if one != name)
    names = (*others, name) if holds else others
    kept = own.holding.insert(now.subject, names) if names else own.holding.discard(now.subject)
    return replace(own, holding=kept)


def _waiting(own: Decisions, key: str, moment: str) -> Decisions:
    return replace(own, alarms=own.alarms.set(key, moment))


def _closed(
    own: Decisions, name: str, status: str, header: Header, *, keep: bool = False
) -> Decisions:
    """End deliberation. What it needed is forgotten; `keep` leaves it for taking force."""
    alarms = own.alarms.clear(f"vote/{name}").clear(f"force/{name}")
    pending = own.pending if keep else own.pending.discard(name)
    return _became(replace(own, alarms=alarms, pending=pending), name, status, header)


def _superseding(event: ProposalSubmitted | ProposalAmended) -> tuple[str, ...]:
    return tuple(one.decision for one in event.cites if one.relation == "supersedes")


def _with_proposal(own: Decisions, event: ProposalSubmitted, header: Header) -> Decisions:
    decision = Decision(
        body=event.body,
        subject=event.subject,
        proposer=header.by,
        position=header.position,
        status="proposed",
        status_on=header.on,
        amount_cents=event.amount_cents,
    )
    asked = Deliberation(
        submitted_at=header.on,
        cites=tuple(one.decision for one in event.cites),
        supersedes=_superseding(event),
        effects=event.effects,
    )
    return replace(
        own,
        all=own.all.insert(event.decision, decision),
        pending=own.pending.insert(event.decision, asked),
    )


def _with_electorate(own: Decisions, event: ElectorateFixed, header: Header) -> Decisions:
    name = event.decision
    own = _became(own, name, "open", header, substitution=event.parameters.substitution)
    own = _asked(
        own,
        name,
        rule=event.parameters,
        rule_position=event.rule,
        electors=event.electors,
        votes=NO_VOTES,
        voted_on=NO_VOTES,
        deadline=event.deadline,
        extended=False,
        tally=None,
    )
    return _waiting(own, f"vote/{name}", event.deadline)


def _with_recorded(own: Decisions, event: DecisionRecorded, header: Header) -> Decisions:
    decision = Decision(
        body=event.body,
        subject=event.subject,
        proposer=event.proposers[0] if event.proposers else "",
        position=header.position,
        status=event.status,
        status_on=header.on,
        imported=True,
    )
    return _holding(replace(own, all=own.all.insert(event.decision, decision)), event.decision, "")
