"""Escalations: a bottleneck goes up the ladder rung by rung until it is solved, with its lesson.

Escalation: open (raised -> received -> sent back or forwarded …) -> resolved -> closed. A term runs
from the moment a rung receives the matter until it moves or is resolved. A bypass is a use of
doorzettingsmacht like any other: told to all seats and put before the board. What an escalation is,
`escalation_state` says; what a ladder is, `ladder`. Rules E1 to E17.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from ledger.domain import decision_state, doorzettingsmacht, ladder
from ledger.domain.escalation_state import STATUS_NAMES, Escalation, known, still_open
from ledger.domain.escalation_state import Escalations as Escalations
from ledger.domain.events.escalations import (
    BottleneckSignalled,
    EmergencyBypassInvoked,
    EscalationClosed,
    EscalationEvent,
    EscalationForwarded,
    EscalationLadderAdopted,
    EscalationRaised,
    EscalationReceived,
    EscalationResolved,
    EscalationSentBack,
    EscalationTermExpired,
    EscalationTermSet,
    HorizontalAttemptMissing,
    HorizontalResolutionAttempted,
    PoliticalDecisionReceived,
)
from ledger.domain.events.mandates import OverrideAuthorityExercised
from ledger.domain.events.memory import LessonRecorded
from ledger.domain.ladder import HORIZONTAL_BEFORE_RUNG, Ladder
from ledger.domain.rule import Rule
from ledger.domain.values import RULES as BY_THE_RULES
from ledger.domain.values import Due, Event, Header, Refused, later, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("E1", "Een knelpunt of escalatie krijgt een kenmerk dat nog vrij is.", "default"),
    Rule(
        "E2",
        "Een ladder noemt elke trede één keer; vanzelf doorschuiven vraagt een termijn en een "
        "trede erboven.",
        "default",
    ),
    Rule("E3", "Betrokken organisaties zijn partners, elk één keer genoemd.", "default"),
    Rule("E4", "Een escalatie gaat één trede tegelijk omhoog.", "[S] K:1006-1008"),
    Rule(
        "E5",
        "Ten minste twee partners escaleren samen, of de escalatie is als eenzijdig gemarkeerd.",
        "[S] K:1209-1211",
    ),
    Rule("E6", "Wie de ladder op gaat, heeft eerst horizontaal overlegd.", "[S] K:1207"),
    Rule("E7", "Een genoemd knelpunt of een genoemde escalatie bestaat.", "default"),
    Rule("E8", "Horizontaal overleg voeren ten minste twee partners.", "[S] K:1207"),
    Rule("E9", "Een opgeloste of gesloten escalatie neemt niets meer aan.", "default"),
    Rule("E10", "De trede waar een escalatie ligt, ontvangt haar één keer.", "default"),
    Rule("E11", "Terugsturen gaat naar de trede eronder.", "default"),
    Rule("E12", "De noodroute slaat ten minste één trede over.", "[S] K:995-997"),
    Rule("E13", "Een politiek besluit valt op de laatste trede.", "[S] K:1028-1030"),
    Rule("E14", "Opgelost wordt met een besluit of met een oplossing in woorden.", "default"),
    Rule("E15", "Sluiten kan nadat de escalatie is opgelost.", "default"),
    Rule("E16", "De termijn van een trede loopt vanaf de ontvangst.", "default"),
    Rule("E17", "Een stap in een escalatie ligt niet voor de vorige stap.", "default"),
)

FOLLOWS: tuple[type[Event], ...] = (
    EscalationRaised,
    EscalationForwarded,
    EscalationReceived,
    EscalationTermExpired,
    EmergencyBypassInvoked,
    EscalationClosed,
)

STEPS = (
    EscalationReceived,
    EscalationSentBack,
    EscalationForwarded,
    EmergencyBypassInvoked,
    PoliticalDecisionReceived,
    EscalationResolved,
    EscalationClosed,
)
"""What brings a raised escalation further, or to its end."""


def check(chain: ChainState, event: EscalationEvent, header: Header) -> None:
    """Refuse a step that the ladder does not have, and any step of what is solved."""
    if isinstance(event, STEPS):
        _in_order(chain, event.escalation, header)
    match event:
        case EscalationLadderAdopted():
            ladder.sensible(event)
        case BottleneckSignalled():
            free = event.bottleneck not in chain.escalations.bottlenecks
            require(free, "E1", f"het kenmerk {event.bottleneck} is al van een ander knelpunt")
            _partners(chain, event.organisations, header.day)
        case HorizontalResolutionAttempted():
            _horizontal_attempt(chain, event, header)
        case EscalationRaised():
            _escalation_raised(chain, event, header)
        case EscalationForwarded():
            _escalation_forwarded(chain, event, header)
        case EscalationReceived():
            _escalation_received(chain, event)
        case EscalationTermSet() | EscalationTermExpired():
            _term(chain, event, header)
        case EscalationSentBack():
            rung = still_open(chain, event.escalation).rung
            found = f"van trede {rung} naar trede {event.to_rung}"
            require(event.to_rung == rung - 1, "E11", found)
        case EmergencyBypassInvoked():
            _emergency_bypass(chain, event)
        case PoliticalDecisionReceived():
            _political_decision(chain, event)
        case EscalationResolved():
            _escalation_resolved(chain, event)
        case EscalationClosed():
            status = known(chain, event.escalation).status
            require(status == "resolved", "E15", f"{event.escalation} is {STATUS_NAMES[status]}")
        case HorizontalAttemptMissing():
            still_open(chain, event.escalation)
        case _:
            assert_never(event)


def _in_order(chain: ChainState, name: str, header: Header) -> None:
    """However late it is recorded, nothing happens between two steps that are already told."""
    moved_at = known(chain, name).moved_at
    require(moved_at <= header.on, "E17", f"de vorige stap van {name} was op {moved_at}")


def _partners(chain: ChainState, organisations: tuple[str, ...], day: str) -> None:
    listed = ", ".join(organisations)
    require(len(set(organisations)) == len(organisations), "E3", f"dubbel genoemd in {listed}")
    for name in organisations:
        require(chain.chains.partner_on(name, day), "E3", f"{name} is geen partner op {day}")


def _bottleneck(chain: ChainState, name: str) -> None:
    require(name in chain.escalations.bottlenecks, "E7", f"knelpunt {name} bestaat niet")


def _horizontal_attempt(
    chain: ChainState, event: HorizontalResolutionAttempted, header: Header
) -> None:
    _bottleneck(chain, event.bottleneck)
    _partners(chain, event.organisations, header.day)
    listed = ", ".join(event.organisations) or "niemand"
    require(len(event.organisations) >= 2, "E8", f"gevonden: {listed}")


def _escalation_raised(chain: ChainState, event: EscalationRaised, header: Header) -> None:
    free = event.escalation not in chain.escalations.all
    require(free, "E1", f"het kenmerk {event.escalation} is al van een andere escalatie")
    if event.bottleneck:
        _bottleneck(chain, event.bottleneck)
    _partners(chain, event.jointly_by, header.day)
    alone = len(event.jointly_by) == 1
    listed, marked = ", ".join(event.jointly_by), "wel" if event.one_sided else "niet"
    require(alone == event.one_sided, "E5", f"door {listed}, {marked} als eenzijdig gemarkeerd")
    steps = chain.escalations.ladders[chain.escalations.ladder_on(header.on)]
    ladder.one_up(steps, from_rung=event.from_rung, to_rung=event.to_rung)
    _prepared(chain, steps, event.bottleneck, event.to_rung, header)


def _escalation_forwarded(chain: ChainState, event: EscalationForwarded, header: Header) -> None:
    matter = still_open(chain, event.escalation)
    steps = chain.escalations.ladder_of(event.escalation)
    ladder.one_up(steps, from_rung=matter.rung, to_rung=event.to_rung)
    _prepared(chain, steps, matter.bottleneck, event.to_rung, header)


def _prepared(
    chain: ChainState, steps: Ladder, bottleneck: str, to_rung: int, header: Header
) -> None:
    """Hold people to it; history happened, and a term forwards whatever was done before."""
    by_people = header.source is None and header.by != BY_THE_RULES
    if by_people and steps.horizontal_first == "require":
        tried = to_rung < HORIZONTAL_BEFORE_RUNG or chain.escalations.tried(bottleneck)
        about = f"knelpunt {bottleneck}" if bottleneck else "deze kwestie, zonder knelpunt,"
        require(tried, "E6", f"over {about} is geen horizontaal overleg vastgelegd")


def _escalation_received(chain: ChainState, event: EscalationReceived) -> None:
    matter = still_open(chain, event.escalation)
    steps = chain.escalations.ladder_of(event.escalation)
    found = f"{event.escalation} ligt op {steps.name(matter.rung)}, niet op {event.rung}"
    require(event.rung == matter.rung, "E10", found)
    require(not matter.received, "E10", f"{steps.name(matter.rung)} ontving haar al")


def _term(
    chain: ChainState, event: EscalationTermSet | EscalationTermExpired, header: Header
) -> None:
    matter = still_open(chain, event.escalation)
    here = matter.received and event.rung == matter.rung
    require(here, "E16", f"{event.escalation} is niet ontvangen op trede {event.rung}")
    if isinstance(event, EscalationTermExpired):
        due_at = chain.escalations.alarms.moments.get(event.escalation)
        over = due_at is not None and due_at <= header.on
        require(over, "E16", f"de termijn loopt tot {due_at or 'onbepaald'}")


def _emergency_bypass(chain: ChainState, event: EmergencyBypassInvoked) -> None:
    rung = still_open(chain, event.escalation).rung
    ladder.exists(chain.escalations.ladder_of(event.escalation), event.to_rung)
    skips = event.to_rung > rung + 1
    require(skips, "E12", f"van trede {rung} naar trede {event.to_rung} wordt niets overgeslagen")
    doorzettingsmacht.known(chain, event.authority)


def _political_decision(chain: ChainState, event: PoliticalDecisionReceived) -> None:
    matter = still_open(chain, event.escalation)
    steps = chain.escalations.ladder_of(event.escalation)
    found = f"{event.escalation} ligt op {steps.name(matter.rung)}, nog niet op trede {steps.top}"
    require(matter.rung == steps.top, "E13", found)


def _escalation_resolved(chain: ChainState, event: EscalationResolved) -> None:
    still_open(chain, event.escalation)
    one = bool(event.decision) != bool(event.solution)
    found = "beide zijn gegeven" if event.decision else "geen van beide is gegeven"
    require(one, "E14", found)
    if event.decision:
        decision_state.known(chain, event.decision)


def evolve(own: Escalations, event: EscalationEvent, header: Header) -> Escalations:
    """Copy where each matter stands now, and which term runs."""
    match event:
        case EscalationLadderAdopted():
            return _with_ladder(own, event, header)
        case BottleneckSignalled():
            return replace(own, bottlenecks=own.bottlenecks.insert(event.bottleneck, False))
        case HorizontalResolutionAttempted():
            return replace(own, bottlenecks=own.bottlenecks.insert(event.bottleneck, True))
        case EscalationRaised():
            return _with_escalation(own, event, header)
        case HorizontalAttemptMissing():
            return _with(own, event.escalation, unprepared=True)
        case EscalationReceived():
            return _with(own, event.escalation, received=True, moved_at=header.on)
        case EscalationTermSet():
            return replace(own, alarms=own.alarms.set(event.escalation, event.due_at))
        case EscalationTermExpired():
            return replace(own, alarms=own.alarms.clear(event.escalation))
        case EscalationSentBack() | EscalationForwarded() | EmergencyBypassInvoked():
            return _moved(own, event.escalation, event.to_rung, header)
        case EscalationResolved():
            own = replace(own, alarms=own.alarms.clear(event.escalation))
            solved = {"status": "resolved", "decision": event.decision}
            return _with(own, event.escalation, **solved, moved_at=header.on)
        case EscalationClosed():
            return _with(own, event.escalation, status="closed", moved_at=header.on)
        case PoliticalDecisionReceived():
            return own
        case _:
            assert_never(event)


def _with(own: Escalations, name: str, **changes: object) -> Escalations:
    return replace(own, all=own.all.insert(name, replace(own.all[name], **changes)))


def _with_ladder(own: Escalations, event: EscalationLadderAdopted, header: Header) -> Escalations:
    adopted = Ladder(rungs=event.rungs, horizontal_first=event.horizontal_first, since=header.on)
    return replace(own, ladders=(*own.ladders, adopted))


def _with_escalation(own: Escalations, event: EscalationRaised, header: Header) -> Escalations:
    matter = Escalation(
        subject=event.subject,
        bottleneck=event.bottleneck,
        ladder=own.ladder_on(header.on),
        rung=event.to_rung,
        highest=event.to_rung,
        position=header.position,
        moved_at=header.on,
    )
    return replace(own, all=own.all.insert(event.escalation, matter))


def _moved(own: Escalations, name: str, to_rung: int, header: Header) -> Escalations:
    highest = max(own.all[name].highest, to_rung)
    own = replace(own, alarms=own.alarms.clear(name))
    return _with(own, name, rung=to_rung, highest=highest, received=False, moved_at=header.on)


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Let the ladder work: a term that runs or ran out, missing talks, an emergency, a lesson."""
    match event:
        case EscalationRaised() | EscalationForwarded():
            return _unprepared(chain, event.escalation)
        case EscalationReceived():
            return _term_set(chain, event, header)
        case EscalationTermExpired():
            return _forwarded_by_itself(chain, event)
        case EmergencyBypassInvoked():
            return (_use_of_power(chain, event),)
        case EscalationClosed():
            return (_lesson(chain, event),)
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


def _unprepared(chain: ChainState, name: str) -> tuple[Event, ...]:
    matter = chain.escalations.all[name]
    below = matter.rung < HORIZONTAL_BEFORE_RUNG
    if below or matter.unprepared or chain.escalations.tried(matter.bottleneck):
        return ()
    return (HorizontalAttemptMissing(escalation=name),)


def _term_set(chain: ChainState, event: EscalationReceived, header: Header) -> tuple[Event, ...]:
    days = chain.escalations.ladder_of(event.escalation).rungs[event.rung].term_days
    if days == 0:
        return ()
    due_at = later(header.on, days=days)
    return (EscalationTermSet(escalation=event.escalation, rung=event.rung, due_at=due_at),)


def _forwarded_by_itself(chain: ChainState, event: EscalationTermExpired) -> tuple[Event, ...]:
    steps = chain.escalations.ladder_of(event.escalation)
    if not steps.rungs[event.rung].forwards_by_itself:
        return ()
    reason = f"De termijn van {steps.name(event.rung)} is verstreken."
    up = event.rung + 1
    return (EscalationForwarded(escalation=event.escalation, to_rung=up, reason=reason),)


def _use_of_power(chain: ChainState, event: EmergencyBypassInvoked) -> Event:
    """Every use of doorzettingsmacht is told to all seats and reviewed, the bypass as well."""
    rung = chain.escalations.ladder_of(event.escalation).name(event.to_rung)
    return OverrideAuthorityExercised(
        authority=event.authority,
        towards=f"trede-{event.to_rung}",
        instruction=f"Escalatie {event.escalation} gaat langs de noodroute naar {rung}.",
        emergency_reason=event.reason,
    )


def _lesson(chain: ChainState, event: EscalationClosed) -> Event:
    matter = chain.escalations.all[event.escalation]
    highest = chain.escalations.ladder_of(event.escalation).name(matter.highest)
    how = f"met besluit {matter.decision}" if matter.decision else "zonder besluit"
    return LessonRecorded(
        subject=matter.bottleneck or event.escalation,
        problem=matter.subject,
        approach=f"Geëscaleerd tot {highest}; opgelost {how}.",
        solution=event.lesson,
        decisions=(matter.decision,) if matter.decision else (),
        escalation=event.escalation,
    )


ALARMS = "alarms"
"""The part of the state that knows when `due` has something to give."""


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Return the terms that have run out, each at the moment it did."""
    own = chain.escalations
    return tuple(
        Due(on=at, event=EscalationTermExpired(escalation=name, rung=own.all[name].rung))
        for at, name in own.alarms.ringing(now)
    )
