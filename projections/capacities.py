"""Capacities: in which role, seat or mandate somebody acted, from the positions an act rests on.

A record says `under` which earlier records it was lawful. Here those positions become what they
stand for. A position this reader may not see is still shown, as hidden: it is part of the answer
that there was something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from ledger.domain.events.bodies import SeatAssigned
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.events.decisions import ProposalSubmitted
from ledger.domain.events.mandates import MandateGranted, OverrideAuthorityGranted
from ledger.domain.events.outcomes import DecisionTookForce
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.events.service_accounts import ServiceAccountOpened, ServiceKeyReplaced
from ledger.domain.values import Event
from projections.items import seen_at
from projections.names import Ref, said, titles
from projections.sentences import FIELD
from projections.things import Seen, fields
from projections.views import Conn, Doc, View
from projections.words import Speech

Telling = tuple[str, tuple[str, ...], Callable[[Any, dict[Ref, str], Speech], str]]

ROLE_OF: Final = "{role} van {organisation}"
SEAT: Final = "houder van zetel {seat}"
MANDATE: Final = "mandaat {mandate} van {grantor}"
AUTHORITY: Final = "doorzettingsmacht {authority}"
DECISION: Final = "besluit {decision}"
PROPOSER: Final = "indiener van {decision}"
FOUNDING: Final = "oprichting van {name}"
ACCOUNT: Final = "dienstaccount {account}"
NEW_KEY: Final = "nieuwe sleutel van dienstaccount {account}"
SELF: Final = "de betrokkene zelf"
HIDDEN: Final = "niet zichtbaar voor deze lezer"
RECORD: Final = "gebeurtenis {position} ({name})"
TEXTS: Final = (
    ROLE_OF, SEAT, MANDATE, AUTHORITY, DECISION, PROPOSER, FOUNDING, ACCOUNT, NEW_KEY, SELF,
    HIDDEN, RECORD,
)  # fmt: skip
"""All that is said of a capacity, in Dutch; `Speech.template` knows it in other languages."""


def _role(event: RoleAssigned, known: dict[Ref, str], speech: Speech) -> str:
    role = event.label or speech.word(event.role)
    if not event.organisation:
        return role
    organisation = said(("partner", event.organisation), known)
    return _filled(speech.template(ROLE_OF), role=role, organisation=organisation)


def _seat(event: SeatAssigned, known: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(SEAT), seat=said(("seat", event.seat), known))


def _mandate(event: MandateGranted, known: dict[Ref, str], speech: Speech) -> str:
    kind = {"organisation": "partner"}.get(event.grantor_kind, event.grantor_kind)
    grantor = said((kind, event.grantor), known)
    return _filled(speech.template(MANDATE), mandate=event.mandate, grantor=grantor)


def _authority(event: OverrideAuthorityGranted, _: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(AUTHORITY), authority=event.authority)


def _decision(event: DecisionTookForce, known: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(DECISION), decision=said(("decision", event.decision), known))


def _proposer(event: ProposalSubmitted, known: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(PROPOSER), decision=said(("decision", event.decision), known))


def _founding(event: ChainEstablished, _: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(FOUNDING), name=event.name)


def _account(event: ServiceAccountOpened, _: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(ACCOUNT), account=event.service_account)


def _new_key(event: ServiceKeyReplaced, _: dict[Ref, str], speech: Speech) -> str:
    return _filled(speech.template(NEW_KEY), account=event.service_account)


def _self(_event: PersonRegistered, _: dict[Ref, str], speech: Speech) -> str:
    return speech.template(SELF)


def _filled(template: str, **fields: str) -> str:
    """Fill in a template once: what a name itself contains is not looked at again."""
    return FIELD.sub(lambda found: fields[found[1]], template)


TELLINGS: Final[dict[type[Event], Telling]] = {
    RoleAssigned: ("role", ("assignment", "role", "label", "person", "organisation"), _role),
    SeatAssigned: ("seat", ("seat", "person"), _seat),
    MandateGranted: (
        "mandate",
        ("mandate", "grantor_kind", "grantor", "holder_kind", "holder", "scope", "conditions"),
        _mandate,
    ),
    OverrideAuthorityGranted: ("authority", ("authority", "holder", "scope"), _authority),
    DecisionTookForce: ("decision", ("decision",), _decision),
    ProposalSubmitted: ("proposer", ("decision",), _proposer),
    ChainEstablished: ("founding", ("import_authority",), _founding),
    PersonRegistered: ("self", ("person",), _self),
    ServiceAccountOpened: ("serviceAccount", ("service_account", "organisation"), _account),
    ServiceKeyReplaced: ("serviceKey", ("service_account",), _new_key),
}
"""What an act can rest on: its kind, the fields that say which, and how people call it."""


def capacities(connection: Conn, view: View, positions: Iterable[int]) -> dict[int, Doc]:
    """Return by position what it stands for: `kind`, its ids, its term, and `text` for people."""
    wanted = set(positions)
    seen = seen_at(connection, view, wanted)
    return as_capacities(view, wanted, seen, titles(connection, view, refs(seen)))


def with_capacities(connection: Conn, view: View, entries: Iterable[Doc]) -> None:
    """Add to each entry that has `under` what those positions stand for, as `capacities`."""
    resting = [entry for entry in entries if entry.get("under")]
    show(resting, capacities(connection, view, rested_on(resting)))


def rested_on(resting: Iterable[Doc]) -> set[int]:
    """Return the positions on which these entries rest."""
    return {at for entry in resting for at in entry["under"]}


def refs(seen: Iterable[Seen]) -> set[Ref]:
    """Return the things whose names are told of records on which something rests."""
    return {ref for one in seen for ref in _refs(one.event)}


def as_capacities(
    view: View, wanted: Iterable[int], seen: Iterable[Seen], known: dict[Ref, str]
) -> dict[int, Doc]:
    """Return what these positions stand for, by their records as far as the reader sees them."""
    found: dict[int, Doc] = {one.header.position: _told(one, known, view.speech) for one in seen}
    hidden: Doc = {"kind": "hidden", "text": view.speech.template(HIDDEN)}
    return {at: found.get(at, {"position": at, **hidden}) for at in sorted(wanted)}


def show(resting: Iterable[Doc], found: dict[int, Doc]) -> None:
    """Put the capacities beside the entries that rest on them."""
    for entry in resting:
        entry["capacities"] = [found[at] for at in entry["under"]]


def _refs(event: Event) -> list[Ref]:
    match event:
        case RoleAssigned():
            return [("partner", event.organisation)]
        case SeatAssigned():
            return [("seat", event.seat)]
        case MandateGranted():
            kind = {"organisation": "partner"}.get(event.grantor_kind, event.grantor_kind)
            return [(kind, event.grantor)]
        case DecisionTookForce() | ProposalSubmitted():
            return [("decision", event.decision)]
    return []


def _told(seen: Seen, known: dict[Ref, str], speech: Speech) -> Doc:
    telling = TELLINGS.get(type(seen.event))
    position = seen.header.position
    if telling is None:
        name = type(seen.event).__name__
        text = _filled(speech.template(RECORD), position=str(position), name=name)
        return {"position": position, "kind": "record", "text": text}
    kind, names, say = telling
    own = fields(seen.event, *names, *_term(seen.event))
    return {"position": position, "kind": kind, **own, "text": say(seen.event, known, speech)}


def _term(event: Event) -> tuple[str, ...]:
    return tuple(name for name in ("valid_from", "valid_until") if hasattr(event, name))
