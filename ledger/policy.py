"""Who may record this? Finds the capacity and mandate that make an act lawful on its date.

Every event type lists the capacities that may record it (`WHO`), tried in that order; the first
that the person has on the day of the act gives the positions for `under`: the role assignment, seat
term, mandate or decision that anybody can look up. Pure: the same state and act give the same
answer for ever, so an audit asks again.
"""

from __future__ import annotations

from collections.abc import Callable

from ledger.domain import bodies, mandates, people, reviews, service_accounts
from ledger.domain.chain import ChainState
from ledger.domain.events.service_accounts import openers
from ledger.domain.values import Event, Header, NotAllowed

Capacity = tuple[int, ...] | None
Finder = Callable[[ChainState, Event, Header], Capacity]
ABOUT_A_PARTNER = ("organisation", "seat", "assignment", "signing_key", "service_account")
"""The fields that say which partner an event is about."""


def lawful(chain: ChainState, event: Event, header: Header) -> tuple[int, ...]:
    """Return the positions that make this act lawful, or raise NotAllowed (G5, G12, Y10)."""
    if service_accounts.concerns(chain, header):
        return service_accounts.lawful(chain, event, header)
    if header.source is not None:
        return _imported(chain, header)
    wanted = event.who()
    for name in wanted:
        found = FINDERS[name][1](chain, event, header)
        if found is not None:
            recorder = _recorder(chain, header) if header.recorded_by else ()
            return _distinct((*found, *recorder)) if recorder or len(found) > 1 else found
    needed = " of ".join(FINDERS[name][0] for name in wanted)
    what = type(event).__name__
    raise NotAllowed("G5", f"{header.by} mist op {header.day} voor {what}: {needed}")


def _distinct(positions: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(positions))


def _imported(chain: ChainState, header: Header) -> tuple[int, ...]:
    """History is recorded by the import authority that the founding partners named."""
    recorder = header.recorded_by or header.by
    if header.position == 0:
        return ()
    if not chain.chains.import_authority:
        raise NotAllowed("G5", "deze keten heeft geen importbevoegde")
    if recorder != chain.chains.import_authority:
        raise NotAllowed("G5", f"{recorder} is niet de importbevoegde van deze keten")
    return (chain.chains.founded,)


def _recorder(chain: ChainState, header: Header) -> tuple[int, ...]:
    """Whoever enters an act of somebody else works for the chain office or is the chain manager."""
    for role in ("chain-office", "chain-manager"):
        held = _role(role)(chain, header.recorded_by, header.day)
        if held is not None:
            return held
    raise NotAllowed(
        "G12", f"{header.recorded_by} is op {header.day} geen ketenbureau of ketenmanager"
    )


def _role(kind: str) -> Callable[[ChainState, str, str], Capacity]:
    def held(chain: ChainState, person: str, day: str) -> Capacity:
        term = chain.roles.term(person, kind, day)
        return None if term is None else (term.position,)

    return held


def _has_role(kind: str) -> Finder:
    find = _role(kind)

    def finder(chain: ChainState, event: Event, header: Header) -> Capacity:
        return find(chain, header.by, header.day)

    return finder


def _founder(chain: ChainState, event: Event, header: Header) -> Capacity:
    return () if header.position == 0 else None


def _direct(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Without a decision only where the governance model says so, for those who steer the chain."""
    if type(event).__name__ not in chain.chains.direct:
        return None
    return _role("chain-manager")(chain, header.by, header.day) or _strategic_seat(
        chain, header.by, header.day, organisation=""
    )


def _never(chain: ChainState, event: Event, header: Header) -> Capacity:
    return None


def _strategic_seat(chain: ChainState, person: str, day: str, *, organisation: str) -> Capacity:
    for name, term in bodies.seats_held(chain, person, day):
        seat = chain.bodies.seats[name]
        strategic = chain.bodies.bodies[seat.body].level == "strategic" and not seat.advisory
        if strategic and organisation in ("", seat.organisation):
            return (term.position,)
    return None


def speaks_for(chain: ChainState, person: str, day: str, organisation: str) -> Capacity:
    """Return in which capacity somebody speaks for a partner: for it, or in its strategic seat."""
    if not organisation or not chain.chains.partner_on(organisation, day):
        return None
    for one in chain.roles.held(person, day):
        if one.role == "representative" and one.organisation == organisation:
            return (one.position,)
    return _strategic_seat(chain, person, day, organisation=organisation)


def _organisation(chain: ChainState, event: Event) -> str:
    """The organisation an event is about: named, or that of its seat or role."""
    named = str(getattr(event, "organisation", ""))
    if named:
        return named
    seat = chain.bodies.seats.get(getattr(event, "seat", ""))
    if seat is not None:
        return seat.organisation
    assignment = chain.roles.assignments.get(getattr(event, "assignment", ""))
    if assignment is not None:
        return assignment.organisation
    account = chain.service_accounts.all.get(getattr(event, "service_account", ""))
    if account is not None:
        return account.organisation
    key = chain.signing_keys.all.get(getattr(event, "signing_key", ""))
    return "" if key is None else key.organisation


def acts_for(chain: ChainState, event: Event, header: Header) -> tuple[str, ...]:
    """Return the partners for whom an act is done: the one it is about, or else the actor's own."""
    concerned = _organisation(chain, event)
    if concerned:
        return (concerned,)
    roles = [one.organisation for one in chain.roles.held(header.by, header.day)]
    held = bodies.seats_held(chain, header.by, header.day)
    seats = [chain.bodies.seats[name].organisation for name, _ in held]
    return tuple(dict.fromkeys(filter(None, (*roles, *seats))))


def _partner(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Whoever speaks for the organisation concerned; for any partner where none can be."""
    if any(hasattr(event, name) for name in ABOUT_A_PARTNER):
        return speaks_for(chain, header.by, header.day, _organisation(chain, event))
    partners = chain.chains.partners_on(header.day)
    found = (speaks_for(chain, header.by, header.day, one) for one in partners)
    return next(filter(None, found), None)


def _own_seat(chain: ChainState, event: Event, header: Header) -> Capacity:
    seat = getattr(event, "seat", "")
    term = bodies.seat_held(chain, seat, person=header.by, day=header.day)
    return None if term is None else (term.position,)


def body_concerned(chain: ChainState, event: Event) -> str:
    """Return the body an event is about: named, or that of its seat, decision or meeting; or ''.

    An event about an action belongs to the body that the action came from.
    """
    named = str(getattr(event, "body", ""))
    if named:
        return named
    seat = chain.bodies.seats.get(getattr(event, "seat", ""))
    if seat is not None:
        return seat.body
    action = chain.actions.all.get(getattr(event, "action", ""))
    origin = event if action is None else action
    decision = chain.decisions.all.get(getattr(origin, "decision", ""))
    if decision is not None:
        return decision.body
    meeting = chain.meetings.all.get(getattr(origin, "meeting", ""))
    return meeting.body if meeting is not None else ""


def _member(chain: ChainState, event: Event, header: Header) -> Capacity:
    body = body_concerned(chain, event)
    for name, term in bodies.seats_held(chain, header.by, header.day):
        if not body or chain.bodies.seats[name].body == body:
            return (term.position,)
    return None


def _chair(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Whoever chairs the body concerned; any chair where no body is concerned."""
    concerned = body_concerned(chain, event)
    for name, term in bodies.seats_held(chain, header.by, header.day):
        body = chain.bodies.seats[name].body
        if concerned in ("", body) and chain.bodies.bodies[body].chair == name:
            return (term.position,)
    return None


def _anyone(chain: ChainState, event: Event, header: Header) -> Capacity:
    roles = chain.roles.held(header.by, header.day)
    if roles:
        return (roles[0].position,)
    seats = bodies.seats_held(chain, header.by, header.day)
    return (seats[0][1].position,) if seats else None


def _self(chain: ChainState, event: Event, header: Header) -> Capacity:
    person = getattr(event, "person", "")
    assignment = chain.roles.assignments.get(getattr(event, "assignment", ""))
    if assignment is not None and assignment.person == header.by:
        return (assignment.position,)
    key = chain.signing_keys.all.get(getattr(event, "signing_key", ""))
    person = key.person if key is not None else person
    known = chain.people.registered.get(header.by)
    return (known,) if person == header.by and known is not None else None


def _proposer(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Whoever proposed goes on with it as long as they have a role or seat in the chain."""
    decision = chain.decisions.all.get(getattr(event, "decision", ""))
    capacity = _anyone(chain, event, header)
    if decision is None or decision.proposer != header.by or capacity is None:
        return None
    return (*capacity, decision.position)


def _grantor(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Whoever gives a mandate, narrows it or takes it back must hold what was given."""
    name = getattr(event, "mandate", "")
    given = chain.mandates.all.get(name)
    kind = getattr(event, "grantor_kind", given.grantor_kind if given else "")
    grantor = getattr(event, "grantor", given.grantor if given else "")
    if kind == "organisation":
        return speaks_for(chain, header.by, header.day, grantor)
    return _holding(chain, grantor, header) if kind == "mandate" else None


def _holding(chain: ChainState, name: str, header: Header) -> Capacity:
    """Return the capacity of somebody who holds this mandate on the day, as themselves."""
    return mandates.held_as(chain, name, person=header.by, day=header.day)


def _mandate_holder(chain: ChainState, event: Event, header: Header) -> Capacity:
    return _holding(chain, getattr(event, "mandate", ""), header)


def _override_holder(chain: ChainState, event: Event, header: Header) -> Capacity:
    return mandates.override_held(
        chain, getattr(event, "authority", ""), person=header.by, day=header.day
    )


def _mandated_by(
    chain: ChainState,
    header: Header,
    *,
    organisation: str,
    subjects: tuple[str, ...],
    amount_cents: int | None,
    level: str,
) -> Capacity:
    """Find a mandate that comes from an organisation and covers the matter, or None."""
    for name, _ in mandates.in_hand(chain, person=header.by, day=header.day):
        source = mandates.root(chain, name)
        given = source.grantor_kind == "organisation" and source.grantor == organisation
        scope = mandates.reach(chain, name, header.day)
        if (
            given
            and scope is not None
            and mandates.covers(scope, subjects=subjects, amount_cents=amount_cents, level=level)
        ):
            return _holding(chain, name, header)
    return None


def _signatory(chain: ChainState, event: Event, header: Header) -> Capacity:
    """A party signs through whoever speaks for it, or somebody it mandated for this matter."""
    organisation = _organisation(chain, event)
    agreement = chain.agreements.all.get(getattr(event, "agreement", ""))
    if agreement is None:
        return None
    return speaks_for(chain, header.by, header.day, organisation) or _mandated_by(
        chain,
        header,
        organisation=organisation,
        subjects=agreement.subjects,
        amount_cents=agreement.amount_cents,
        level="",
    )


def _substitute(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Where the rule allows substitution: somebody the seat's organisation mandated for this."""
    decision = chain.decisions.all.get(getattr(event, "decision", ""))
    seat = chain.bodies.seats.get(getattr(event, "seat", ""))
    if decision is None or seat is None or not decision.substitution:
        return None
    return _mandated_by(
        chain,
        header,
        organisation=seat.organisation,
        subjects=(decision.subject,),
        amount_cents=decision.amount_cents,
        level=chain.bodies.bodies[seat.body].level,
    )


def _review_access(chain: ChainState, event: Event, header: Header) -> Capacity:
    name = getattr(event, "review", "")
    return reviews.held(chain, name, person=header.by, day=header.day)


def _account_keeper(chain: ChainState, event: Event, header: Header) -> Capacity:
    """Whoever could open an account as it stands may give it another key."""
    account = chain.service_accounts.all.get(getattr(event, "service_account", ""))
    if account is None:
        return None
    wanted = openers(account.organisation, account.classification)
    found = (FINDERS[name][1](chain, event, header) for name in wanted)
    return next((one for one in found if one is not None), None)


def _action_owner(chain: ChainState, event: Event, header: Header) -> Capacity:
    action = chain.actions.all.get(getattr(event, "action", ""))
    if action is None:
        return None
    for one in chain.roles.held(header.by, header.day):
        if one.organisation == action.organisation:
            return (one.position,)
    for name, term in bodies.seats_held(chain, header.by, header.day):
        if chain.bodies.seats[name].organisation == action.organisation:
            return (term.position,)
    return None


FINDERS: dict[str, tuple[str, Finder]] = {
    "founder": ("de oprichting zelf", _founder),
    "decision": ("een aangenomen besluit dat dit als gevolg heeft", _direct),
    "rules": ("de afgesproken regels zelf", _never),
    "partner": ("de vertegenwoordiging van de betrokken partner", _partner),
    "seat": ("de betrokken zetel, in persoon", _own_seat),
    "substitute": ("een mandaat als toegelaten vervanger", _substitute),
    "member": ("een zetel in het betrokken overleg", _member),
    "chair": ("het voorzitterschap", _chair),
    "anyone": ("een rol of zetel in de keten", _anyone),
    "self": ("de betrokkene zelf zijn", _self),
    "proposer": ("het indienen van dit voorstel", _proposer),
    "grantor": ("het gezag om dit mandaat te geven", _grantor),
    "mandate-holder": ("een geldig mandaat", _mandate_holder),
    "override-holder": ("doorzettingsmacht", _override_holder),
    "signatory": ("tekenbevoegdheid voor deze partij", _signatory),
    "first-sign-in": (
        "de keten hebben opgericht, voor de eerste aanmelding van een partner",
        people.first_sign_in,
    ),
    "action-owner": ("een rol of zetel bij de organisatie van de actie", _action_owner),
    "chain-manager": ("de rol van ketenmanager", _has_role("chain-manager")),
    "chain-coordinator": ("de rol van ketenregisseur", _has_role("chain-coordinator")),
    "chain-office": ("een rol bij het ketenbureau", _has_role("chain-office")),
    "line-manager": ("de rol van lijnmanager", _has_role("line-manager")),
    "reviewer": ("de rol van reviewer", _has_role("reviewer")),
    "review-access": ("een lopende toegang als reviewer", _review_access),
    "account-keeper": ("het gezag om dit dienstaccount te openen", _account_keeper),
    "service-account": ("een dienstaccount dat dit noemt", _never),
    "archivist": ("de rol van archivaris", _has_role("archivist")),
    "ecosystem-manager": ("de rol van ecosysteemmanager", _has_role("ecosystem-manager")),
}
"""Every capacity an event type may name: how to say it, and how to find it."""
