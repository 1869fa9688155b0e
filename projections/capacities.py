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
from ledger.domain.values import Event
from projections.items import seen_at
from projections.names import Ref, said, titles
from projections.things import Seen, fields
from projections.views import Conn, Doc, View
from projections.words import word

Telling = tuple[str, tuple[str, ...], Callable[[Any, dict[Ref, str]], str]]


def _role(event: RoleAssigned, known: dict[Ref, str]) -> str:
    what = event.label or word(event.role)
    of = f" van {said(('partner', event.organisation), known)}" if event.organisation else ""
    return f"{what}{of}"


def _seat(event: SeatAssigned, known: dict[Ref, str]) -> str:
    return f"houder van zetel {said(('seat', event.seat), known)}"


def _mandate(event: MandateGranted, known: dict[Ref, str]) -> str:
    kind = {"organisation": "partner"}.get(event.grantor_kind, event.grantor_kind)
    return f"mandaat {event.mandate} van {said((kind, event.grantor), known)}"


def _authority(event: OverrideAuthorityGranted, _: dict[Ref, str]) -> str:
    return f"doorzettingsmacht {event.authority}"


def _decision(event: DecisionTookForce, known: dict[Ref, str]) -> str:
    return f"besluit {said(('decision', event.decision), known)}"


def _proposer(event: ProposalSubmitted, known: dict[Ref, str]) -> str:
    return f"indiener van {said(('decision', event.decision), known)}"


def _founding(event: ChainEstablished, _: dict[Ref, str]) -> str:
    return f"oprichting van {event.name}"


def _self(_event: PersonRegistered, _: dict[Ref, str]) -> str:
    return "de betrokkene zelf"


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
}
"""What an act can rest on: its kind, the fields that say which, and how people call it."""


def capacities(connection: Conn, view: View, positions: Iterable[int]) -> dict[int, Doc]:
    """Return by position what it stands for: `kind`, its ids, its term, and `text` in Dutch."""
    wanted = set(positions)
    seen = seen_at(connection, view, wanted)
    known = titles(connection, view, {ref for one in seen for ref in _refs(one.event)})
    found: dict[int, Doc] = {one.header.position: _told(one, known) for one in seen}
    hidden: Doc = {"kind": "hidden", "text": "niet zichtbaar voor deze lezer"}
    return {at: found.get(at, {"position": at, **hidden}) for at in sorted(wanted)}


def with_capacities(connection: Conn, view: View, entries: Iterable[Doc]) -> None:
    """Add to each entry that has `under` what those positions stand for, as `capacities`."""
    resting = [entry for entry in entries if entry.get("under")]
    known = capacities(connection, view, {at for entry in resting for at in entry["under"]})
    for entry in resting:
        entry["capacities"] = [known[at] for at in entry["under"]]


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


def _told(seen: Seen, known: dict[Ref, str]) -> Doc:
    telling = TELLINGS.get(type(seen.event))
    position = seen.header.position
    if telling is None:
        name = type(seen.event).__name__
        return {"position": position, "kind": "record", "text": f"gebeurtenis {position} ({name})"}
    kind, names, text = telling
    own = fields(seen.event, *names, *_term(seen.event))
    return {"position": position, "kind": kind, **own, "text": text(seen.event, known)}


def _term(event: Event) -> tuple[str, ...]:
    return tuple(name for name in ("valid_from", "valid_until") if hasattr(event, name))
