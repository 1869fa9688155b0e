"""How outcomes come about: what follows from a proposal, from votes, and from time alone.

opened -> electorate, weights, rule version and deadline are frozen
last vote, or deadline -> counted by the frozen rule -> outcome with its explanation
adopted -> takes force after reflection -> effects, under this decision; what it supersedes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.domain import bodies, decision_rules, tally
from ledger.domain.decision_state import Deliberation, earlier
from ledger.domain.events.chains import ObjectiveAdopted, ObjectiveRevised
from ledger.domain.events.decision_rules import DecisionRule
from ledger.domain.events.decisions import (
    DeadlineExtended,
    DeliberationOpened,
    EarlierDecisionNotCited,
    Elector,
    ElectorateFixed,
    ProposalAmended,
    ProposalSubmitted,
    VoteCast,
)
from ledger.domain.events.outcomes import (
    DecisionAdopted,
    DecisionDeferred,
    DecisionLapsed,
    DecisionRejected,
    DecisionSuperseded,
    DecisionTakenUnderMandate,
    DecisionTied,
    DecisionTookForce,
    Tally,
    TieBroken,
)
from ledger.domain.values import Due, Event, Header, Refused, later

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

FOLLOWS: tuple[type[Event], ...] = (
    ProposalSubmitted,
    ProposalAmended,
    DeliberationOpened,
    ElectorateFixed,
    VoteCast,
    TieBroken,
    DecisionAdopted,
    DecisionTakenUnderMandate,
    DecisionTookForce,
)


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Return what the adopted rules make of this step in the life of a decision."""
    match event:  # what comes most stands first
        case VoteCast():
            return _closing_early(chain, event.decision, header)
        case ProposalSubmitted() | ProposalAmended():
            return _not_cited(chain, event.decision)
        case DeliberationOpened():
            return (_electorate(chain, event.decision, header),)
        case ElectorateFixed():
            return _deferred(chain, event)
        case DecisionAdopted():
            at_once = event.in_force_at <= header.on
            return (DecisionTookForce(decision=event.decision),) if at_once else ()
        case DecisionTookForce():
            return _effects(chain, event.decision)
        case TieBroken():
            return (_tie_decided(chain, event, header),)
        case DecisionTakenUnderMandate():
            adopted = event.outcome == "adopted"
            return (DecisionTookForce(decision=event.decision),) if adopted else ()
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


def _not_cited(chain: ChainState, name: str) -> tuple[Event, ...]:
    """Earlier joint solutions must not be undone unknowingly: say which were left unnamed."""
    before = earlier(chain, subject=chain.decisions.all[name].subject, besides=name)
    cites = chain.decisions.pending[name].cites
    unnamed = tuple(one for one in before if one not in cites)[-100:]
    return (EarlierDecisionNotCited(decision=name, earlier=unnamed),) if unnamed else ()


def _electorate(chain: ChainState, name: str, header: Header) -> ElectorateFixed:
    decision = chain.decisions.all[name]
    version = version_for(chain, name, moment=header.on)
    electors = _electors(chain, decision.body, header.day)
    present = {one.organisation for one in electors if one.holder}
    left_out = [one for one in chain.chains.partners_on(header.day) if one not in present]
    return ElectorateFixed(
        decision=name,
        rule=version.position,
        parameters=version.rule,
        electors=electors,
        deadline=later(header.on, days=version.rule.voting_days),
        not_invited=tuple(left_out),
    )


def version_for(chain: ChainState, name: str, *, moment: str) -> decision_rules.Version:
    """Return the rule version by which a decision is taken at a moment.

    The joint objective is supported by every partner, so it asks unanimity whatever the body's
    own rule says: then the founding rule counts.
    """
    decision, effects = chain.decisions.all[name], chain.decisions.pending[name].effects
    version = decision_rules.in_force(
        chain, body=decision.body, subject=decision.subject, moment=moment
    )
    joint = any(isinstance(one, ObjectiveAdopted | ObjectiveRevised) for one in effects)
    if not joint or version.rule.kind == "unanimity":
        return version
    return decision_rules.founding(chain)


def _electors(chain: ChainState, body: str, day: str) -> tuple[Elector, ...]:
    found = []
    for name, seat in bodies.voting_seats(chain, chain.bodies.bodies[body], day):
        term = bodies.holder(seat, day)
        found.append(
            Elector(
                seat=name,
                organisation=seat.organisation,
                weight=seat.weight,
                holder=term.person if term is not None else "",
            )
        )
    return tuple(found)


def _deferred(chain: ChainState, event: ElectorateFixed) -> tuple[Event, ...]:
    """Nobody is confronted with a decision they were not invited to."""
    if not (event.parameters.all_partners_invited and event.not_invited):
        return ()
    asked = chain.decisions.pending[event.decision]
    names = ", ".join(event.not_invited)
    return (
        DecisionDeferred(
            decision=event.decision,
            rule=event.rule,
            tally=tally.count(event.parameters, asked.electors, asked.votes),
            because=f"niet uitgenodigd of zonder bezette zetel: {names}",
        ),
    )


def _present(chain: ChainState, asked: Deliberation) -> tuple[str, ...]:
    if not asked.meeting:
        return ()
    return tuple(sorted(chain.meetings.all[asked.meeting].present))


def _rule(asked: Deliberation) -> DecisionRule:
    if asked.rule is None:
        raise Refused("G9", "er is geen regel vastgesteld voor deze stemming")
    return asked.rule


def _closing_early(chain: ChainState, name: str, header: Header) -> tuple[Event, ...]:
    asked = chain.decisions.pending[name]
    rule, present = _rule(asked), _present(chain, asked)
    if not tally.settled(rule, asked.electors, asked.votes, present):
        return ()
    return (_outcome(chain, name, moment=header.on),)


def _outcome(chain: ChainState, name: str, *, moment: str) -> Event:
    """Count and judge by the frozen rule; the result carries the rule, the counts and the why."""
    asked = chain.decisions.pending[name]
    rule = _rule(asked)
    counts = tally.count(rule, asked.electors, asked.votes, _present(chain, asked))
    verdict, because = tally.judge(rule, counts)
    if verdict == "tied" and rule.tie == "rejected":
        verdict, because = "rejected", f"de stemmen staken: {because}"
    return _closing(asked, name, counts, verdict, because, moment=moment)


def _closing(
    asked: Deliberation, name: str, counts: Tally, verdict: str, because: str, *, moment: str
) -> Event:
    rule, position = _rule(asked), asked.rule_position
    if verdict == "adopted":
        force = later(moment, days=rule.reflection_days)
        return DecisionAdopted(
            decision=name, rule=position, tally=counts, because=because, in_force_at=force
        )
    if verdict == "tied":
        return DecisionTied(
            decision=name,
            rule=position,
            tally=counts,
            because=because,
            resolved_by="chair" if rule.tie == "chair" else "revote",
        )
    kind = DecisionLapsed if verdict == "lapsed" else DecisionRejected
    return kind(decision=name, rule=position, tally=counts, because=because)


def _tie_decided(chain: ChainState, event: TieBroken, header: Header) -> Event:
    asked = chain.decisions.pending[event.decision]
    if asked.tally is None:
        raise Refused("G9", "de stemmen staakten niet")
    verdict = "adopted" if event.choice == "for" else "rejected"
    because = "de stemmen staakten; de voorzitter besliste"
    return _closing(asked, event.decision, asked.tally, verdict, because, moment=header.on)


def _effects(chain: ChainState, name: str) -> tuple[Event, ...]:
    """The smart contract: what the decision asked to record, then what it takes the place of."""
    asked = chain.decisions.taking_force
    replaced = (DecisionSuperseded(decision=one, by_decision=name) for one in asked.supersedes)
    return (*asked.effects, *replaced)


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Close votings whose deadline passed; let adopted decisions take force after reflection."""
    return tuple(
        Due(on=moment, event=_fallen_due(chain, key, moment))
        for moment, key in chain.decisions.alarms.ringing(now)
    )


def _fallen_due(chain: ChainState, key: str, moment: str) -> Event:
    what, _, name = key.partition("/")
    if what == "force":
        return DecisionTookForce(decision=name)
    asked = chain.decisions.pending[name]
    rule = _rule(asked)
    counts = tally.count(rule, asked.electors, asked.votes, _present(chain, asked))
    if not counts.quorum_met and rule.late_quorum_extension_days and not asked.extended:
        return DeadlineExtended(
            decision=name,
            deadline=later(moment, days=rule.late_quorum_extension_days),
            reason=f"quorum {counts.quorum_found} van {counts.quorum_needed}",
        )
    return _outcome(chain, name, moment=moment)
