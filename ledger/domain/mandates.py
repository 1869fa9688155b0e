"""Mandates: authority to act for somebody else, given, passed on, narrowed and ended.

Granted -> accepted -> restricted -> revoked, or lapsed when its term has run out. Terms and scopes
are kept with the day they start, so that an act is judged by the authority of its own day; nothing
is undone. What was passed on never reaches further or holds longer than what it comes from.
Rules M1 to M15; doorzettingsmacht, M16 to M18, stands in `doorzettingsmacht.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import bodies, doorzettingsmacht, people
from ledger.domain.alarms import Alarms
from ledger.domain.doorzettingsmacht import Overrides
from ledger.domain.doorzettingsmacht import override_held as override_held
from ledger.domain.events.mandates import (
    MandateAccepted,
    MandateEvent,
    MandateGranted,
    MandateLapsed,
    MandateRestricted,
    MandateRevoked,
    MandateScope,
    OverrideAuthorityExercised,
)
from ledger.domain.mandate_scope import common, fits, in_words, part
from ledger.domain.mandate_scope import covers as covers
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import (
    LEVEL_NAMES,
    Due,
    Event,
    Header,
    Level,
    Refused,
    day_start,
    overlap,
    require,
    within,
)

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule(
        "M1",
        "Een mandaat, doorzettingsmacht of gebruik daarvan krijgt een kenmerk dat nog niet in "
        "gebruik is.",
        "default",
    ),
    Rule("M2", "Een handeling over een mandaat noemt een mandaat dat bestaat.", "default"),
    Rule("M3", "Wie een mandaat geeft, bestaat en heeft het op de eerste dag zelf.", "default"),
    Rule("M4", "Een mandaat wordt alleen doorgegeven als het dat toestaat.", "default"),
    Rule("M5", "Een doorgegeven mandaat reikt niet verder dan waar het uit komt.", "default"),
    Rule("M6", "Een doorgegeven mandaat loopt niet langer dan waar het uit komt.", "default"),
    Rule("M7", "Een overleg mandateert op het eigen niveau en daaronder.", "default"),
    Rule("M8", "Niemand geeft een mandaat aan zichzelf.", "default"),
    Rule("M9", "Een mandaat is voor een persoon, rolvervulling of zetel die er is.", "default"),
    Rule("M10", "Een termijn eindigt na haar begin.", "default"),
    Rule("M11", "Een beperking maakt het bereik kleiner, in volgorde van ingang.", "default"),
    Rule("M12", "Beperken en intrekken werken niet terug.", "default"),
    Rule("M13", "Alleen wat loopt, wordt beperkt of ingetrokken.", "default"),
    Rule("M14", "Een mandaat wordt één keer aanvaard.", "default"),
    Rule(
        "M15",
        "Een besluit geeft of beëindigt geen mandaat van een partner of een mandaathouder.",
        "[S] K:632-634",
    ),
    *doorzettingsmacht.RULES,
)
FOLLOWS: tuple[type[Event], ...] = (OverrideAuthorityExercised,)
DOWNWARD: tuple[Level, ...] = ("strategic", "tactical", "operational")


class Mandate(Struct, frozen=True):
    """An authority given; `until` is the first day without it, empty is open.

    `scope` is what was granted. `narrowed` holds each narrower scope with its first day; how far
    the mandate reaches on a day, after all that it was passed on from, is asked of `reach`.
    """

    grantor_kind: str
    grantor: str
    holder_kind: str
    holder: str
    scope: MandateScope
    start: str
    until: str
    sub_delegation: bool
    position: int
    narrowed: tuple[tuple[str, MandateScope], ...] = ()
    accepted: bool = False


class Mandates(Struct, frozen=True):
    """All mandates, found by id and by holder; who waits for its end; doorzettingsmacht."""

    all: Map[str, Mandate] = field(default_factory=Map)
    by_holder: Map[tuple[str, str], tuple[str, ...]] = field(default_factory=Map)
    alarms: Alarms = field(default_factory=Alarms)
    overrides: Overrides = field(default_factory=Overrides)


def known(chain: ChainState, mandate: str) -> Mandate:
    """Return a mandate that was once granted, or refuse."""
    found = chain.mandates.all.get(mandate)
    if found is None:
        raise Refused("M2", f"mandaat {mandate} bestaat niet")
    return found


def root(chain: ChainState, mandate: str) -> Mandate:
    """Return the first mandate, given by a body or a partner, that this one was passed on from."""
    found = known(chain, mandate)
    while found.grantor_kind == "mandate":
        found = chain.mandates.all[found.grantor]
    return found


def scope_on(mandate: Mandate, day: str) -> MandateScope:
    """Return the scope of a mandate by itself on a day; `reach` also asks those above it."""
    begun = [scope for start, scope in mandate.narrowed if start <= day]
    return begun[-1] if begun else mandate.scope


def reach(chain: ChainState, mandate: str, day: str) -> MandateScope | None:
    """Return how far a mandate reaches on a day, or None when it does not hold.

    It holds while its term and those of all mandates it was passed on from run, and while the
    partner it comes from is in the chain; it reaches no further than any of them.
    """
    found, scope = chain.mandates.all.get(mandate), MandateScope()
    while found is not None:
        left = common(scope, scope_on(found, day))
        if left is None or not within(day, start=found.start, until=found.until):
            return None
        if found.grantor_kind != "mandate":
            from_partner = found.grantor_kind == "organisation"
            gone = from_partner and not chain.chains.partner_on(found.grantor, day)
            return None if gone else left
        found, scope = chain.mandates.all.get(found.grantor), left
    return None


def held_as(chain: ChainState, name: str, *, person: str, day: str) -> tuple[int, ...] | None:
    """Return the positions that show how this person holds a mandate on a day, or None.

    They are that of the mandate, and that of the role or seat term through which it is held.
    """
    mandate = chain.mandates.all.get(name)
    if mandate is None or reach(chain, name, day) is None:
        return None
    through = _through(chain, mandate, person=person, day=day)
    return None if through is None else (mandate.position, *through)


def in_hand(chain: ChainState, *, person: str, day: str) -> tuple[tuple[str, Mandate], ...]:
    """Return what a person can use on a day, in order of grant, each with its reach as `scope`."""
    holders = [
        ("person", person),
        *(("role", role) for role in chain.roles.by_person.get(person, ())),
        *(("seat", seat) for seat in chain.bodies.by_person.get(person, ())),
    ]
    usable = []
    for name in (name for key in holders for name in chain.mandates.by_holder.get(key, ())):
        mandate, scope = chain.mandates.all[name], reach(chain, name, day)
        if scope is not None and _through(chain, mandate, person=person, day=day) is not None:
            usable.append((name, replace(mandate, scope=scope, narrowed=())))
    return tuple(sorted(usable, key=lambda one: one[1].position))


def _through(
    chain: ChainState, mandate: Mandate, *, person: str, day: str
) -> tuple[int, ...] | None:
    """Return the position of the role or seat term by which a person is the holder, or None."""
    if mandate.holder_kind == "person":
        return () if mandate.holder == person else None
    if mandate.holder_kind == "seat":
        held = bodies.seats_held(chain, person, day)
        return next(((term.position,) for seat, term in held if seat == mandate.holder), None)
    role = chain.roles.assignments[mandate.holder]
    filled = role.person == person and within(day, start=role.start, until=role.until)
    return (role.position,) if filled else None


def check(chain: ChainState, event: MandateEvent, header: Header) -> None:
    """Refuse more than the grantor has, and what cannot be done to this mandate any more."""
    match event:
        case MandateGranted():
            _mandate_granted(chain, event, header)
        case MandateAccepted():
            mandate = known(chain, event.mandate)
            require(not mandate.accepted, "M14", f"{event.mandate} is al aanvaard")
        case MandateRestricted():
            _mandate_restricted(chain, event, header)
        case MandateRevoked():
            _mandate_revoked(chain, event, header)
        case MandateLapsed():
            known(chain, event.mandate)
        case _:
            doorzettingsmacht.check(chain, event, header)


def _mandate_granted(chain: ChainState, event: MandateGranted, header: Header) -> None:
    free = event.mandate not in chain.mandates.all
    require(free, "M1", f"het kenmerk {event.mandate} is al van een ander mandaat")
    ends_later = not event.valid_until or event.valid_from < event.valid_until
    require(ends_later, "M10", f"van {event.valid_from} tot {event.valid_until}")
    _not_by_decision(event.grantor_kind, event.grantor, header)
    match event.grantor_kind:
        case "body":
            _by_body(chain, event, header)
        case "organisation":
            partner = chain.chains.partner_on(event.grantor, event.valid_from)
            require(partner, "M3", f"{event.grantor} is op {event.valid_from} geen partner")
        case "mandate":
            _passed_on(chain, event)
        case _:
            assert_never(event.grantor_kind)
    _not_to_oneself(chain, event, header, receivers=_receivers(chain, event))


def _not_by_decision(kind: str, grantor: str, header: Header) -> None:
    """A body decides on its own mandates; partners decide on theirs themselves."""
    own = kind == "body" or header.cause is None or header.source is not None
    require(own, "M15", f"dit mandaat komt van {grantor}, niet van een overleg")


def _by_body(chain: ChainState, event: MandateGranted, header: Header) -> None:
    body = chain.bodies.bodies.get(event.grantor)
    if body is None or (body.ended and header.source is None):
        raise Refused("M3", f"overleg {event.grantor} bestaat niet of werkt niet meer")
    below = DOWNWARD[DOWNWARD.index(body.level) :]
    listed = ", ".join(LEVEL_NAMES[level] for level in event.scope.levels) or "alle niveaus"
    fitting = body.level == DOWNWARD[0] or part(event.scope.levels, below)
    require(fitting, "M7", f"{event.grantor} is {LEVEL_NAMES[body.level]}, gegeven is {listed}")


def _passed_on(chain: ChainState, event: MandateGranted) -> None:
    parent = known(chain, event.grantor)
    require(parent.sub_delegation, "M4", f"{event.grantor} mag niet worden doorgegeven")
    runs = event.valid_from >= parent.start and (
        not parent.until or bool(event.valid_until and event.valid_until <= parent.until)
    )
    term = f"van {parent.start} tot {parent.until or 'nader bericht'}"
    require(runs, "M6", f"{event.grantor} loopt {term}")
    scope = reach(chain, event.grantor, event.valid_from)
    if scope is None:
        raise Refused("M3", f"{event.grantor} geldt niet op {event.valid_from}")
    require(fits(event.scope, scope), "M5", f"{event.grantor} reikt tot {in_words(scope)}")


def _receivers(chain: ChainState, event: MandateGranted) -> set[str]:
    """Return who fills the holder's place at any time in the term; refuse a place that is not."""
    if event.holder_kind == "person":
        people.known(chain, event.holder)
        return {event.holder}
    if event.holder_kind == "seat":
        terms = bodies.seat_of(chain, event.holder).holdings
        return {one.person for one in terms if _meets(event, start=one.start, until=one.until)}
    role = chain.roles.assignments.get(event.holder)
    if role is None:
        raise Refused("M9", f"rolvervulling {event.holder} bestaat niet")
    shared = _meets(event, start=role.start, until=role.until)
    term = f"van {role.start} tot {role.until or 'nader bericht'}"
    require(shared, "M9", f"rolvervulling {event.holder} loopt {term}")
    return {role.person}


def _meets(event: MandateGranted, *, start: str, until: str) -> bool:
    return overlap(
        start=event.valid_from, until=event.valid_until, other_start=start, other_until=until
    )


def _not_to_oneself(
    chain: ChainState, event: MandateGranted, header: Header, *, receivers: set[str]
) -> None:
    givers = {header.by}
    if event.grantor_kind == "mandate":
        parent = known(chain, event.grantor)
        givers |= {
            person
            for person in receivers
            if _through(chain, parent, person=person, day=event.valid_from) is not None
        }
    oneself = ", ".join(sorted(givers & receivers))
    require(not oneself, "M8", f"{oneself} geeft en ontvangt")


def _mandate_restricted(chain: ChainState, event: MandateRestricted, header: Header) -> None:
    mandate = known(chain, event.mandate)
    _changed_by_its_source(chain, event.mandate, header, day=event.valid_from)
    runs = within(event.valid_from, start=mandate.start, until=mandate.until)
    require(runs, "M13", f"{event.mandate} loopt niet op {event.valid_from}")
    last = mandate.narrowed[-1][0] if mandate.narrowed else mandate.start
    require(last <= event.valid_from, "M11", f"{event.mandate} is al beperkt vanaf {last}")
    current = scope_on(mandate, event.valid_from)
    narrower = fits(event.scope, current) and not fits(current, event.scope)
    require(narrower, "M11", f"{event.mandate} reikt nu tot {in_words(current)}")


def _mandate_revoked(chain: ChainState, event: MandateRevoked, header: Header) -> None:
    mandate = known(chain, event.mandate)
    _changed_by_its_source(chain, event.mandate, header, day=event.valid_until)
    runs = not mandate.until or event.valid_until < mandate.until
    require(runs, "M13", f"{event.mandate} eindigt al per {mandate.until}")
    require(mandate.start <= event.valid_until, "M10", f"het begin is {mandate.start}")


def _changed_by_its_source(chain: ChainState, name: str, header: Header, *, day: str) -> None:
    """A person cannot backdate; an adopted decision may have taken longer than the day it names."""
    ahead = day >= header.day or header.cause is not None or header.source is not None
    require(ahead, "M12", f"gevonden {day}; verwacht {header.day} of later")
    source = root(chain, name)
    _not_by_decision(source.grantor_kind, source.grantor, header)


def evolve(own: Mandates, event: MandateEvent, header: Header) -> Mandates:
    """Copy who may act for whom, how far and until when."""
    match event:
        case MandateGranted():
            return _with_mandate(own, event, header)
        case MandateAccepted():
            return _with(own, event.mandate, accepted=True)
        case MandateRestricted():
            narrowed = own.all[event.mandate].narrowed
            return _with(own, event.mandate, narrowed=(*narrowed, (event.valid_from, event.scope)))
        case MandateRevoked():
            own = replace(own, alarms=own.alarms.clear(event.mandate))
            return _with(own, event.mandate, until=event.valid_until)
        case MandateLapsed():
            return replace(own, alarms=own.alarms.clear(event.mandate))
        case _:
            overrides = doorzettingsmacht.evolve(own.overrides, event, header)
            return replace(own, overrides=overrides)


def _with(own: Mandates, name: str, **changes: object) -> Mandates:
    return replace(own, all=own.all.insert(name, replace(own.all[name], **changes)))


def _with_mandate(own: Mandates, event: MandateGranted, header: Header) -> Mandates:
    mandate = Mandate(
        grantor_kind=event.grantor_kind,
        grantor=event.grantor,
        holder_kind=event.holder_kind,
        holder=event.holder,
        scope=event.scope,
        start=event.valid_from,
        until=event.valid_until,
        sub_delegation=event.sub_delegation,
        position=header.position,
    )
    name, key = event.mandate, (event.holder_kind, event.holder)
    ends = event.valid_until
    return replace(
        own,
        all=own.all.insert(name, mandate),
        by_holder=own.by_holder.insert(key, (*own.by_holder.get(key, ()), name)),
        alarms=own.alarms.set(name, day_start(ends)) if ends else own.alarms,
    )


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Give what the use of doorzettingsmacht brings about at once."""
    match event:
        case OverrideAuthorityExercised():
            return doorzettingsmacht.after_use(chain, event, header)
        case _:
            raise Refused("G9", f"op {type(event).__name__} volgt hier niets")


ALARMS = "alarms"
"""The part of the state that knows when `due` has something to give."""


def due(chain: ChainState, now: str) -> tuple[Due, ...]:
    """Give the mandates whose term has run out."""
    ringing = chain.mandates.alarms.ringing(now)
    return tuple(Due(on=at, event=MandateLapsed(mandate=name)) for at, name in ringing)
