"""The chain and its partners: founded by at least two, steered by joint objectives, ended in order.

Chain: established -> dissolved. Partner: admitted -> withdrawn from a day on -> ended on that day;
it may come back later. Objective: adopted -> revised. Rules C1 to C16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import verifier_keys
from ledger.domain.alarms import Alarms
from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import (
    ChainConditionDeclared,
    ChainDissolved,
    ChainEstablished,
    ChainEvent,
    ContributionCommitted,
    DrivingProblemRecorded,
    FoundingPartner,
    GovernanceModelAdopted,
    Identifiers,
    ObjectiveAdopted,
    ObjectiveRevised,
    PartnerAdmitted,
    PartnershipEnded,
    PartnerStatusChanged,
    PartnerWithdrew,
)
from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import (
    Due,
    Event,
    Header,
    Refused,
    day_start,
    overlap,
    require,
    within,
)

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("C1", "Een keten heeft ten minste twee zelfstandige organisaties.", "[S] K:259"),
    Rule("C2", "Een RSIN voldoet aan de elfproef.", "default"),
    Rule("C3", "Een organisatie treedt één keer tegelijk toe.", "default"),
    Rule("C4", "De ketendoelstelling wordt door alle partners gedragen.", "[S] K:886-905"),
    Rule("C5", "Een keten wordt één keer opgericht, als eerste gebeurtenis.", "default"),
    Rule("C6", "Een toetredende partner stemt zelf in.", "default"),
    Rule("C7", "Alleen een huidige partner kan uittreden of van status wisselen.", "default"),
    Rule("C8", "Ontbinden kan pas als alle verplichtingen zijn afgesloten.", "[S] K:283-287"),
    Rule("C9", "Een herziene doelstelling vervangt een geldende doelstelling.", "[S] K:886-905"),
    Rule("C10", "Een besturingsmodel noemt alleen bestaande soorten gebeurtenissen.", "default"),
    Rule("C11", "Na uittreding blijven ten minste twee partners over.", "[S] K:259"),
    Rule("C12", "Een opgelegde keten noemt haar wettelijke grondslag.", "[S] K:240-247"),
    Rule("C13", "Een doelstelling krijgt een kenmerk dat nog niet in gebruik is.", "default"),
    Rule(
        "C14",
        "Hoe de keten beslist, verandert alleen bij besluit, nooit rechtstreeks.",
        "[S] K:1118-1129",
    ),
    Rule("C15", "Wie de keten opricht, spreekt voor een partner of mag importeren.", "default"),
    Rule(
        "C16",
        "De oprichting noemt de Ed25519-sleutel waarmee de server het log tekent, of geen.",
        "default",
    ),
)

FOUNDING_BODY = "stuurgroep"
FOUNDING_RULE = DecisionRule(
    kind="unanimity", base="all-seats", abstentions_in_base=True, voting_days=30
)
"""Until the partners adopt something else: every partner says yes (glossary, section 0)."""
MAX_FUNCTION = 200
"""As much as a person's function may hold; the name of an organisation can be as long itself."""
NEVER_DIRECT = ("DecisionRuleAdopted", "GovernanceModelAdopted", "SignatureRuleAdopted")
"""A chain chooses its own rules, but changing them is itself a decision (glossary, section 0)."""
FOLLOWS: tuple[type[Event], ...] = (ChainEstablished, PartnerAdmitted)


class Term(Struct, frozen=True):
    """A time during which an organisation is a partner; `until` is the first day without it."""

    start: str
    until: str = ""


class Partner(Struct, frozen=True):
    """An organisation in the chain: its status now, and all its terms, newest last."""

    status: str
    terms: tuple[Term, ...]


class Chains(Struct, frozen=True):
    """What holds for the whole chain.

    `founded` and `dissolved` are the positions that say so, -1 for not; `objectives` tells of every
    objective whether it is in force; `leaving` waits for the day on which a partner is gone.
    """

    founded: int = -1
    founder: str = ""
    since: str = ""
    dissolved: int = -1
    direct: frozenset[str] = frozenset()
    import_authority: str = ""
    log_key: str = ""
    demo: bool = False
    objectives: Map[str, bool] = field(default_factory=Map)
    partners: Map[str, Partner] = field(default_factory=Map)
    leaving: Alarms = field(default_factory=Alarms)

    def partner_on(self, organisation: str, day: str) -> bool:
        """Tell whether an organisation is a partner on a day."""
        partner = self.partners.get(organisation)
        for term in () if partner is None else partner.terms:
            if within(day, start=term.start, until=term.until):
                return True
        return False

    def partners_on(self, day: str) -> tuple[str, ...]:
        """Return the partners on a day, in alphabetical order."""
        return tuple(sorted([name for name in self.partners if self.partner_on(name, day)]))


def eleven_test(rsin: str) -> bool:
    """Tell whether nine digits are a possible RSIN: weights 9 to 2 and -1, a multiple of eleven."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    total = sum(int(digit) * weight for digit, weight in zip(rsin, weights, strict=True))
    return total % 11 == 0 and rsin != "000000000"


def check(chain: ChainState, event: ChainEvent, header: Header) -> None:
    """Refuse what a chain and its partners cannot be."""
    match event:
        case ChainEstablished():
            _chain_established(chain, event, header)
        case GovernanceModelAdopted():
            _governance(chain, event.direct)
        case ObjectiveAdopted() | ObjectiveRevised():
            _objective(chain, event, header)
        case PartnerAdmitted():
            _partner_admitted(chain, event, header)
        case PartnerStatusChanged():
            _partner_now(chain, event.organisation, header)
            other = chain.chains.partners[event.organisation].status != event.status
            require(other, "C7", f"{event.organisation} is al {event.status}")
        case PartnerWithdrew():
            _partner_withdrew(chain, event, header)
        case PartnershipEnded():
            gone = not chain.chains.partner_on(event.organisation, header.day)
            require(gone, "C7", f"{event.organisation} is nog partner op {header.day}")
        case ContributionCommitted():
            _partner_now(chain, event.organisation, header)
        case ChainDissolved():
            _chain_dissolved(chain)
        case DrivingProblemRecorded() | ChainConditionDeclared():
            pass
        case _:
            assert_never(event)


def _chain_established(chain: ChainState, event: ChainEstablished, header: Header) -> None:
    require(chain.size == 0, "C5", f"de keten telt al {chain.size} gebeurtenissen")
    names = [partner.organisation for partner in event.partners]
    require(len(set(names)) >= 2, "C1", f"gevonden: {', '.join(names) or 'geen'}")
    require(len(set(names)) == len(names), "C3", f"dubbel genoemd in {', '.join(names)}")
    for partner in event.partners:
        _identifiers(partner.identifiers)
    based = event.origin != "imposed" or event.legal_basis
    require(based, "C12", "de wettelijke grondslag ontbreekt")
    founders = {event.import_authority, *(partner.representative for partner in event.partners)}
    require(header.by in founders, "C15", f"{header.by} is geen van beide")
    if event.log_key:
        verifier_keys.read(event.log_key, verifier_keys.LOG_KEYS, "C16")
    _governance(chain, event.direct)


def _identifiers(given: Identifiers) -> None:
    passes = not given.rsin or eleven_test(given.rsin)
    require(passes, "C2", f"{given.rsin} voldoet niet aan de elfproef")


def _governance(chain: ChainState, direct: tuple[str, ...]) -> None:
    unknown = ", ".join(name for name in direct if name not in chain.by_decision)
    require(not unknown, "C10", f"geen gebeurtenis die anders een besluit vraagt: {unknown}")
    reserved = ", ".join(name for name in direct if name in NEVER_DIRECT)
    require(not reserved, "C14", f"niet rechtstreeks vast te leggen: {reserved}")


def _objective(
    chain: ChainState, event: ObjectiveAdopted | ObjectiveRevised, header: Header
) -> None:
    partners = chain.chains.partners_on(header.day)
    missing = sorted(set(partners) ^ set(event.supported_by))
    require(not missing, "C4", f"verschil tussen partners en dragers: {', '.join(missing)}")
    objectives = chain.chains.objectives
    free = event.objective not in objectives
    require(free, "C13", f"het kenmerk {event.objective} is al van een andere doelstelling")
    if isinstance(event, ObjectiveRevised):
        in_force = sorted(name for name, current in objectives.items() if current)
        valid = event.supersedes in in_force
        require(valid, "C9", f"{event.supersedes} geldt niet; wel: {', '.join(in_force) or 'geen'}")


def _partner_admitted(chain: ChainState, event: PartnerAdmitted, header: Header) -> None:
    earlier = chain.chains.partners.get(event.organisation)
    for term in () if earlier is None else earlier.terms:
        gone = term.until and term.until <= header.day
        require(gone, "C3", f"{event.organisation} is partner tot {term.until or 'nader bericht'}")
        clash = overlap(
            start=event.effective_on, until="", other_start=term.start, other_until=term.until
        )
        require(not clash, "C3", f"{event.organisation} was partner tot {term.until}")
    _identifiers(event.identifiers)
    # The founders consent by founding; history may come without the paper.
    settled = header.cause == 0 or header.source is not None
    require(settled or event.consent, "C6", f"de instemming van {event.organisation} ontbreekt")


def _partner_now(chain: ChainState, organisation: str, header: Header) -> None:
    now = chain.chains.partner_on(organisation, header.day)
    require(now, "C7", f"{organisation} is geen partner op {header.day}")


def _partner_withdrew(chain: ChainState, event: PartnerWithdrew, header: Header) -> None:
    _partner_now(chain, event.organisation, header)
    term = chain.chains.partners[event.organisation].terms[-1]
    require(not term.until, "C7", f"{event.organisation} treedt al uit per {term.until}")
    after = term.start < event.effective_on
    require(after, "C7", f"{event.organisation} trad toe per {term.start}")
    for day in _days_of_leaving(chain, event.effective_on):
        others = [one for one in chain.chains.partners_on(day) if one != event.organisation]
        require(len(others) >= 2, "C11", f"op {day} blijft over: {', '.join(others) or 'niemand'}")


def _days_of_leaving(chain: ChainState, first: str) -> list[str]:
    """Return this day and every later one on which another partner leaves."""
    partners = chain.chains.partners.values()
    untils = (term.until for partner in partners for term in partner.terms)
    return sorted({first, *(until for until in untils if until > first)})


def _chain_dissolved(chain: ChainState) -> None:
    unfinished = (
        *chain.decisions.unfinished(),
        *chain.agreements.unfinished(),
        *chain.escalations.unfinished(),
        *chain.actions.unfinished(),
    )
    listed = ", ".join(unfinished[:10])
    require(not unfinished, "C8", f"nog open: {listed} ({len(unfinished)} in totaal)")


def evolve(own: Chains, event: ChainEvent, header: Header) -> Chains:
    """Copy what is now true of the chain as a whole."""
    match event:
        case ChainEstablished():
            return replace(
                own,
                founded=header.position,
                founder=header.by,
                since=header.on,
                direct=frozenset(event.direct),
                import_authority=event.import_authority,
                log_key=event.log_key,
                demo=event.demo,
            )
        case GovernanceModelAdopted():
            return replace(own, direct=frozenset(event.direct))
        case ObjectiveAdopted():
            return replace(own, objectives=own.objectives.insert(event.objective, True))
        case ObjectiveRevised():
            objectives = own.objectives.insert(event.supersedes, False)
            return replace(own, objectives=objectives.insert(event.objective, True))
        case PartnerAdmitted():
            return _with_term(own, event)
        case PartnerStatusChanged():
            partner = replace(own.partners[event.organisation], status=event.status)
            return replace(own, partners=own.partners.insert(event.organisation, partner))
        case PartnerWithdrew():
            return _with_end(own, event)
        case PartnershipEnded():
            return replace(own, leaving=own.leaving.clear(event.organisation))
        case ChainDissolved():
            return replace(own, dissolved=header.position)
        case DrivingProblemRecorded() | ContributionCommitted() | ChainConditionDeclared():
            return own
        case _:
            assert_never(event)


def _with_term(own: Chains, event: PartnerAdmitted) -> Chains:
    earlier = own.partners.get(event.organisation)
    terms = () if earlier is None else earlier.terms
    partner = Partner(status=event.status, terms=(*terms, Term(event.effective_on)))
    return replace(own, partners=own.partners.insert(event.organisation, partner))


def _with_end(own: Chains, event: PartnerWithdrew) -> Chains:
    partner = own.partners[event.organisation]
    *earlier, last = partner.terms
    ended = replace(partner, terms=(*earlier, replace(last, until=event.effective_on)))
    return replace(
        own,
        partners=own.partners.insert(event.organisation, ended),
        leaving=own.leaving.set(event.organisation, day_start(event.effective_on)),
    )


ALARMS = "leaving"
"""The part of the state that knows when `due` has something to give."""


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Return the partners whose last day has passed."""
    ringing = chain.chains.leaving.ringing(now)
    return tuple(Due(on=at, event=PartnershipEnded(organisation=name)) for at, name in ringing)


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Found the first steering group; give every partner somebody who speaks for it."""
    match event:
        case ChainEstablished():
            return tuple(_founding(event, header.day))
        case PartnerAdmitted():
            return _representative(chain, event)
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


def _representative(chain: ChainState, event: PartnerAdmitted) -> tuple[Event, ...]:
    role = RoleAssigned(
        role="representative",
        person=event.representative,
        organisation=event.organisation,
        valid_from=event.effective_on,
    )
    if event.representative in chain.people.registered:
        return (role,)
    function = f"vertegenwoordiger van {event.name}"[:MAX_FUNCTION]
    return (PersonRegistered(person=event.representative, function=function), role)


def _founding(event: ChainEstablished, day: str) -> list[Event]:
    first: list[Event] = []
    if event.import_authority:
        first.append(PersonRegistered(person=event.import_authority, function="importbevoegde"))
    first += [_admission(partner, day) for partner in event.partners]
    first.append(
        BodyEstablished(
            body=FOUNDING_BODY, name="Eerste stuurgroep", kind="steering-group", level="strategic"
        )
    )
    for partner in event.partners:
        seat = f"{FOUNDING_BODY}-{partner.organisation}"
        first.append(SeatCreated(seat=seat, body=FOUNDING_BODY, organisation=partner.organisation))
        first.append(SeatAssigned(seat=seat, person=partner.representative, valid_from=day))
    first.append(
        DecisionRuleAdopted(body=FOUNDING_BODY, name="oprichtingsregel", rule=FOUNDING_RULE)
    )
    everybody = tuple(sorted(partner.organisation for partner in event.partners))
    first.append(ObjectiveAdopted(text=event.objective, supported_by=everybody))
    return first


def _admission(partner: FoundingPartner, day: str) -> PartnerAdmitted:
    return PartnerAdmitted(
        organisation=partner.organisation,
        name=partner.name,
        status=partner.status,
        representative=partner.representative,
        identifiers=partner.identifiers,
        effective_on=day,
    )
