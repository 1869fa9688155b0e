"""What a decision is and becomes: the state that the rules of decisions ask for.

Closed decisions keep only what later rules need; the rest is for readers, not for rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace
from rpds import HashTrieMap

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


class Decision(Struct, frozen=True):
    """A decision from proposal to end. What deliberation needs is dropped when it closes.

    It has its status since `status_on`. `rule` and `rule_position` are the version frozen when it
    was opened; `deadline` is when voting ends; `meeting` is where it is decided, if anywhere;
    `tally` is kept while the votes are tied.
    """

    body: str
    subject: str
    proposer: str
    position: int
    submitted_at: str
    status: str
    status_on: str = ""
    amount_cents: int | None = None
    imported: bool = False
    cites: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    rule: DecisionRule | None = None
    rule_position: int = -1
    electors: tuple[Elector, ...] = ()
    votes: HashTrieMap[str, str] = field(default_factory=HashTrieMap)
    voted_on: HashTrieMap[str, str] = field(default_factory=HashTrieMap)
    deadline: str = ""
    extended: bool = False
    meeting: str = ""
    tally: Tally | None = None
    not_invited: tuple[str, ...] = ()

    def elects(self, seat: str) -> bool:
        """Tell whether a seat is in the electorate that was fixed when voting opened."""
        return seat in [one.seat for one in self.electors]

    @property
    def substitution(self) -> bool:
        """Whether the frozen rule lets somebody vote for the holder of a seat."""
        return self.rule is not None and self.rule.substitution


class Decisions(Struct, frozen=True):
    """All decisions; which stand on a subject; which are not finished; what waits for a moment.

    `taking_force` is the decision that took force last, with the effects it still had then.
    """

    all: HashTrieMap[str, Decision] = field(default_factory=HashTrieMap)
    by_subject: HashTrieMap[str, tuple[str, ...]] = field(default_factory=HashTrieMap)
    pending: HashTrieMap[str, bool] = field(default_factory=HashTrieMap)
    alarms: Alarms = Alarms()
    taking_force: Decision | None = None

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
    names = chain.decisions.by_subject.get(subject, ())
    return tuple(
        name for name in names if name != besides and chain.decisions.all[name].status in VALID
    )


def evolve(own: Decisions, event: DecisionEvent, header: Header) -> Decisions:
    """Copy where each decision stands and what it waits for."""
    match event:
        case ProposalSubmitted():
            return _with_proposal(own, event, header)
        case ProposalAmended():
            return _with_amendment(own, event)
        case DeliberationOpened():
            return _changed(own, event.decision, meeting=event.meeting)
        case ElectorateFixed():
            return _with_electorate(own, event, header)
        case VoteCast():
            return _with_vote(own, event, header)
        case DeadlineExtended():
            own = _changed(own, event.decision, deadline=event.deadline, extended=True)
            return _waiting(own, f"vote/{event.decision}", event.deadline)
        case DecisionAdopted():
            own = _closed(own, event.decision, "adopted", header, keep=True)
            return _waiting(own, f"force/{event.decision}", event.in_force_at)
        case DecisionTied() | DecisionDeferred():
            status = "tied" if isinstance(event, DecisionTied) else "deferred"
            own = replace(own, alarms=own.alarms.clear(f"vote/{event.decision}"))
            changes = {"status": status, "status_on": header.on, "tally": event.tally}
            return _changed(own, event.decision, **changes)
        case DecisionTakenUnderMandate():
            keep = event.outcome == "adopted"
            return _closed(own, event.decision, event.outcome, header, keep=keep)
        case DecisionTookForce():
            whole = own.all[event.decision]
            return replace(_closed(own, event.decision, "in-force", header), taking_force=whole)
        case ProposalWithdrawn() | DecisionRejected() | DecisionLapsed():
            return _closed(own, event.decision, BECOMES[type(event)], header)
        case DecisionSuperseded() | DecisionRevoked():
            # Also of what still waits out its reflection time: it never takes force then.
            return _closed(own, event.decision, BECOMES[type(event)], header)
        case DecisionExecuted():
            return _changed(own, event.decision, status=BECOMES[type(event)], status_on=header.on)
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
    decision = own.all[event.decision]
    return _changed(
        own,
        event.decision,
        votes=decision.votes.insert(event.seat, event.choice),
        voted_on=decision.voted_on.insert(event.seat, header.on),
    )


def _with_amendment(own: Decisions, event: ProposalAmended) -> Decisions:
    return _changed(
        own,
        event.decision,
        amount_cents=event.amount_cents,
        effects=event.effects,
        cites=tuple(one.decision for one in event.cites),
        supersedes=_superseding(event),
    )


def _with_status(own: Decisions, event: DecisionStatusRecorded, header: Header) -> Decisions:
    """The newest status by the time it happened counts, in whatever order they are recorded."""
    if header.on < own.all[event.decision].status_on:
        return own
    return _changed(own, event.decision, status=event.status, status_on=header.on)


def _changed(own: Decisions, name: str, **changes: object) -> Decisions:
    return replace(own, all=own.all.insert(name, replace(own.all[name], **changes)))


def _waiting(own: Decisions, key: str, moment: str) -> Decisions:
    return replace(own, alarms=own.alarms.set(key, moment))


def _closed(
    own: Decisions, name: str, status: str, header: Header, *, keep: bool = False
) -> Decisions:
    """End deliberation. What it needed is forgotten; `keep` leaves the effects for taking force."""
    alarms = own.alarms.clear(f"vote/{name}").clear(f"force/{name}")
    own = replace(own, alarms=alarms, pending=own.pending if keep else own.pending.discard(name))
    effects = own.all[name].effects if keep else ()
    return _changed(
        own,
        name,
        status=status,
        status_on=header.on,
        effects=effects,
        supersedes=own.all[name].supersedes if keep else (),
        electors=(),
        votes=HashTrieMap(),
        voted_on=HashTrieMap(),
        tally=None,
    )


def _superseding(event: ProposalSubmitted | ProposalAmended) -> tuple[str, ...]:
    return tuple(one.decision for one in event.cites if one.relation == "supersedes")


def _on_subject(own: Decisions, subject: str, name: str) -> HashTrieMap[str, tuple[str, ...]]:
    return own.by_subject.insert(subject, (*own.by_subject.get(subject, ()), name))


def _with_proposal(own: Decisions, event: ProposalSubmitted, header: Header) -> Decisions:
    decision = Decision(
        body=event.body,
        subject=event.subject,
        proposer=header.by,
        position=header.position,
        submitted_at=header.on,
        status="proposed",
        status_on=header.on,
        amount_cents=event.amount_cents,
        cites=tuple(one.decision for one in event.cites),
        supersedes=_superseding(event),
        effects=event.effects,
    )
    return replace(
        own,
        all=own.all.insert(event.decision, decision),
        by_subject=_on_subject(own, event.subject, event.decision),
        pending=own.pending.insert(event.decision, True),
    )


def _with_electorate(own: Decisions, event: ElectorateFixed, header: Header) -> Decisions:
    own = _changed(
        own,
        event.decision,
        status="open",
        rule=event.parameters,
        rule_position=event.rule,
        electors=event.electors,
        votes=HashTrieMap(),
        voted_on=HashTrieMap(),
        status_on=header.on,
        deadline=event.deadline,
        extended=False,
        tally=None,
        not_invited=event.not_invited,
    )
    return _waiting(own, f"vote/{event.decision}", event.deadline)


def _with_recorded(own: Decisions, event: DecisionRecorded, header: Header) -> Decisions:
    decision = Decision(
        body=event.body,
        subject=event.subject,
        proposer=event.proposers[0] if event.proposers else "",
        position=header.position,
        submitted_at=header.on,
        status=event.status,
        status_on=header.on,
        imported=True,
        cites=tuple(one.decision for one in event.cites),
    )
    own = replace(own, all=own.all.insert(event.decision, decision))
    if not event.subject:
        return own
    return replace(own, by_subject=_on_subject(own, event.subject, event.decision))
