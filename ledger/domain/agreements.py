"""Agreements: texts that bind the partners who signed them, from a day on, until a day.

Agreement: proposed -> in force -> expired or terminated. A new version lies before its parties
while the one in force stays so; it takes over on its first day, once its own parties all signed.
An agreement ended as of a later day binds until then. Rules A1 to A12 and A19 here, A13 to A18
(keeping what was agreed) in `compliance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from ledger.domain import compliance
from ledger.domain.agreement_state import Agreement, amended, known, proposed
from ledger.domain.agreement_state import Agreements as Agreements
from ledger.domain.events.agreements import (
    AgreementAmended,
    AgreementEnteredIntoForce,
    AgreementEvent,
    AgreementExpired,
    AgreementProposed,
    AgreementSigned,
    AgreementTerminated,
    BreachExcused,
    ImplementationConfirmed,
    NonComplianceSignalled,
    ServiceLevelBreached,
    ServiceLevelMeasured,
    ServiceLevelRestored,
)
from ledger.domain.rule import Rule
from ledger.domain.values import Due, Event, Header, Refused, day_start, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("A1", "Een afspraak krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule("A2", "Partijen zijn partners van de keten, elk één keer genoemd.", "[S] K:801-807"),
    Rule(
        "A3",
        "Een afspraak heeft ten minste twee partijen; een leveringscontract met één partner noemt "
        "de afnemer buiten de keten.",
        "[S] K:478-481",
    ),
    Rule(
        "A4",
        "Een nadere afspraak staat onder een lopend convenant en heeft partijen van dat convenant.",
        "[S] K:985-988",
    ),
    Rule(
        "A5",
        "Een service level agreement noemt leverancier en afnemer onder haar partijen, en "
        "indicatoren met elk een eigen naam.",
        "default",
    ),
    Rule("A6", "Een termijn eindigt na haar begin, en na het ondertekenen.", "default"),
    Rule("A7", "Een afspraak bestaat en is niet geëindigd.", "default"),
    Rule("A8", "Ondertekend wordt de versie die voorligt.", "default"),
    Rule("A9", "Alleen een genoemde partij ondertekent, één keer per versie.", "default"),
    Rule("A10", "Een versie is van kracht als al haar partijen hebben ondertekend.", "default"),
    Rule(
        "A11",
        "Een afspraak wordt beëindigd door een partij of bij besluit, niet met terugwerkende "
        "kracht en niet later dan het einde dat al vaststaat.",
        "default",
    ),
    Rule("A12", "Een afspraak verloopt als haar termijn voorbij is.", "default"),
    Rule("A13", "Gemeten en gevolgd wordt wat op die dag van kracht is.", "default"),
    Rule(
        "A14",
        "Gemeten wordt een afgesproken indicator, door leverancier, afnemer, ketenmanager of "
        "ketenbureau.",
        "default",
    ),
    Rule("A15", "Schending en herstel volgen uit een meting en haar norm.", "default"),
    Rule("A16", "Een vastgestelde schending wordt verontschuldigd door de afnemer.", "default"),
    Rule("A17", "Niemand is gebonden aan wat hij niet heeft ondertekend.", "default"),
    Rule("A18", "Een partner bevestigt de invoering in zijn eigen lijn zelf.", "[S] K:1038-1052"),
    Rule("A19", "Niemand tekent, wijzigt of beëindigt wat nog niet voorligt.", "default"),
)

FOLLOWS: tuple[type[Event], ...] = (AgreementSigned, ServiceLevelMeasured)


def check(chain: ChainState, event: AgreementEvent, header: Header) -> None:
    """Refuse what was not agreed, and whatever would bind somebody who did not sign."""
    match event:
        case AgreementProposed():
            free = event.agreement not in chain.agreements.all
            require(free, "A1", f"het kenmerk {event.agreement} is al van een andere afspraak")
            _sound(chain, proposed(event, header), event.text, header.day)
        case AgreementAmended():
            before = _open(chain, event.agreement, header)
            _sound(chain, amended(before, event, header), event.text, header.day)
        case AgreementSigned():
            _agreement_signed(chain, event, header)
        case AgreementEnteredIntoForce():
            _entered_into_force(chain, event)
        case AgreementTerminated():
            _agreement_terminated(chain, event, header)
        case AgreementExpired():
            _agreement_expired(chain, event, header)
        case ServiceLevelMeasured():
            compliance.measured(chain, event, header)
        case ServiceLevelBreached() | ServiceLevelRestored():
            compliance.judged(chain, event, header)
        case BreachExcused():
            compliance.excused(chain, event)
        case ImplementationConfirmed() | NonComplianceSignalled():
            compliance.bound(chain, event, header)
        case _:
            assert_never(event)


def _open(chain: ChainState, name: str, header: Header) -> Agreement:
    found = known(chain, name)
    require(found.open_on(header.day), "A7", f"{name} eindigde per {found.until}")
    since = found.newest.since
    require(since <= header.on, "A19", f"{name} ligt voor sinds {since}")
    return found


def _sound(chain: ChainState, agreement: Agreement, text: str, day: str) -> None:
    """Judge an agreement as it would be with the new text before its parties."""
    _parties(chain, agreement, text, day)
    term = agreement.newest
    in_order = not term.until or term.start < term.until
    require(in_order, "A6", f"van {term.start} tot {term.until}")
    _indicators(agreement)
    if agreement.kind == "service-level":
        _two_sides(agreement)
    if agreement.kind == "service-level" or agreement.parent:
        _framed(chain, agreement, day)


def _parties(chain: ChainState, agreement: Agreement, text: str, day: str) -> None:
    parties = agreement.newest.parties
    listed = ", ".join(parties) or "geen"
    require(len(set(parties)) == len(parties), "A2", f"dubbel genoemd in {listed}")
    for name in parties:
        _partner(chain, name, day)
    outsider = text or agreement.consumer not in ("", *parties)
    needed = 1 if agreement.kind == "delivery-contract" and outsider else 2
    require(len(parties) >= needed, "A3", f"gevonden: {listed}; nodig: {needed}")


def _partner(chain: ChainState, name: str, day: str) -> None:
    require(chain.chains.partner_on(name, day), "A2", f"{name} is geen partner op {day}")


def _indicators(agreement: Agreement) -> None:
    names = [one.name for one in agreement.newest.indicators]
    require(len(set(names)) == len(names), "A5", f"dubbel genoemd in {', '.join(names)}")


def _two_sides(agreement: Agreement) -> None:
    require(agreement.newest.indicators, "A5", "er zijn geen indicatoren genoemd")
    sides = {agreement.provider, agreement.consumer}
    apart = len(sides) == 2 and sides <= set(agreement.newest.parties)
    found = f"leverancier {agreement.provider or 'geen'}, afnemer {agreement.consumer or 'geen'}"
    require(apart, "A5", f"{found}; partijen zijn {', '.join(agreement.newest.parties)}")


def _framed(chain: ChainState, agreement: Agreement, day: str) -> None:
    frame = chain.agreements.all.get(agreement.parent)
    if frame is None or frame.kind != "convenant":
        raise Refused("A4", f"{agreement.parent or 'niets'} is geen convenant van deze keten")
    require(frame.open_on(day), "A4", f"convenant {agreement.parent} eindigde per {frame.until}")
    outside = sorted(set(agreement.newest.parties) - {*frame.parties, *frame.newest.parties})
    require(not outside, "A4", f"geen partij bij {agreement.parent}: {', '.join(outside)}")


def _agreement_signed(chain: ChainState, event: AgreementSigned, header: Header) -> None:
    draft = _open(chain, event.agreement, header).draft
    if draft is None or draft.number != event.version:
        before = "geen versie" if draft is None else f"versie {draft.number}"
        raise Refused("A8", f"van {event.agreement} ligt {before} voor, niet {event.version}")
    named = event.organisation in draft.parties
    listed = ", ".join(draft.parties)
    require(named, "A9", f"{event.organisation} is geen partij; genoemd zijn {listed}")
    twice = event.organisation in draft.signed
    require(not twice, "A9", f"{event.organisation} heeft versie {draft.number} al ondertekend")
    _partner(chain, event.organisation, header.day)
    running = not draft.until or header.day < draft.until
    require(running, "A6", f"de termijn van versie {draft.number} eindigt per {draft.until}")


def _entered_into_force(chain: ChainState, event: AgreementEnteredIntoForce) -> None:
    draft = known(chain, event.agreement).draft
    if draft is None or draft.number != event.version:
        raise Refused("A10", f"versie {event.version} van {event.agreement} ligt niet voor")
    missing = sorted(set(draft.parties) - set(draft.signed))
    require(not missing, "A10", f"nog niet ondertekend door {', '.join(missing)}")


def _agreement_terminated(chain: ChainState, event: AgreementTerminated, header: Header) -> None:
    agreement = _open(chain, event.agreement, header)
    named = ("", *agreement.parties, *agreement.newest.parties)
    party = event.organisation in named
    require(party, "A11", f"{event.organisation} is geen partij bij {event.agreement}")
    ahead = header.source is not None or event.valid_until >= header.day
    require(ahead, "A11", f"{event.valid_until} ligt voor {header.day}")
    sooner = not agreement.until or event.valid_until <= agreement.until
    require(sooner, "A11", f"{event.agreement} eindigt al per {agreement.until}")


def _agreement_expired(chain: ChainState, event: AgreementExpired, header: Header) -> None:
    agreement = known(chain, event.agreement)
    over = agreement.status == "in-force" and not agreement.open_on(header.day)
    found = f"{event.agreement} is {agreement.status} tot {agreement.until or 'onbepaald'}"
    require(over, "A12", found)


def evolve(own: Agreements, event: AgreementEvent, header: Header) -> Agreements:
    """Copy what is agreed now, who signed it, and when it ends."""
    match event:
        case AgreementProposed():
            return _with(own, event.agreement, proposed(event, header))
        case AgreementAmended():
            after = amended(own.all[event.agreement], event, header)
            return _with(own, event.agreement, after)
        case AgreementSigned():
            return _with_signature(own, event)
        case AgreementEnteredIntoForce():
            return _with_force(own, event)
        case AgreementTerminated():
            return _with_end(own, event, header)
        case AgreementExpired():
            return _with_expiry(own, event)
        case ServiceLevelBreached() | ServiceLevelRestored():
            agreement = own.all[event.agreement]
            is_open = isinstance(event, ServiceLevelBreached)
            breaches = agreement.breaches.insert(event.indicator, is_open)
            return _with(own, event.agreement, replace(agreement, breaches=breaches))
        case (
            ServiceLevelMeasured()
            | BreachExcused()
            | ImplementationConfirmed()
            | NonComplianceSignalled()
        ):
            return own
        case _:
            assert_never(event)


def _with(own: Agreements, name: str, agreement: Agreement) -> Agreements:
    return replace(own, all=own.all.insert(name, agreement))


def _until(own: Agreements, name: str, day: str) -> Agreements:
    """Wait for the end of a term; an empty day waits for nothing."""
    alarms = own.alarms.set(name, day_start(day)) if day else own.alarms.clear(name)
    return replace(own, alarms=alarms)


def _with_signature(own: Agreements, event: AgreementSigned) -> Agreements:
    agreement = own.all[event.agreement]
    draft = agreement.newest
    signed = replace(draft, signed=tuple(sorted((*draft.signed, event.organisation))))
    return _with(own, event.agreement, replace(agreement, draft=signed))


def _with_force(own: Agreements, event: AgreementEnteredIntoForce) -> Agreements:
    before = own.all[event.agreement]
    versions = (*before.versions, before.newest)
    after = replace(before, draft=None, versions=versions, status="in-force")
    return _with(_until(own, event.agreement, after.until), event.agreement, after)


def _with_end(own: Agreements, event: AgreementTerminated, header: Header) -> Agreements:
    """What is in force goes on binding until its last day, and then its term runs out.

    Told late, of something that ended meanwhile: then nothing of it is left to run out.
    """
    before = own.all[event.agreement]
    after = replace(before, terminated=event.valid_until)
    if before.status == "in-force" and after.open_on(header.day):
        return _with(_until(own, event.agreement, after.until), event.agreement, after)
    ended = replace(after, status="terminated")
    return _with(_until(own, event.agreement, ""), event.agreement, ended)


def _with_expiry(own: Agreements, event: AgreementExpired) -> Agreements:
    before = own.all[event.agreement]
    ended_early = before.until == before.terminated
    after = replace(before, status="terminated" if ended_early else "expired")
    return _with(_until(own, event.agreement, ""), event.agreement, after)


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Let the last signature put a version in force, and a measurement breach or restore."""
    match event:
        case AgreementSigned():
            return _last_signature(chain, event)
        case ServiceLevelMeasured():
            return compliance.against_target(chain, event, header)
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


def _last_signature(chain: ChainState, event: AgreementSigned) -> tuple[Event, ...]:
    version = known(chain, event.agreement).newest
    if not version.complete:
        return ()
    in_force = AgreementEnteredIntoForce(
        agreement=event.agreement,
        version=version.number,
        signatories=version.signed,
        valid_from=version.start,
    )
    return (in_force,)


ALARMS = "alarms"
"""The part of the state that knows when `due` has something to give."""


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Return the agreements whose term has run out, each at the start of the day after it."""
    ringing = chain.agreements.alarms.ringing(now)
    return tuple(Due(on=at, event=AgreementExpired(agreement=name)) for at, name in ringing)
