"""What is held on one person, for that person: the data report (GDPR, article 15), and its readers.

    GET /v1/chains/{chain}/people/{person}/data        everything, machine-readable
    GET /v1/chains/{chain}/people/{person}/erasures    what was erased, and who still has it

Only the person themselves, the chain office and whoever speaks for a partner that answers for the
person may ask; what is opened is noted in the log of reads. Records that the asker may not read are
counted. Files of the server hold nothing more: no name stands in a log line, a session is a cookie
in the browser itself.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request

from api import identity, noting
from api.answer_schemas import ANY
from api.problems import Problem
from api.reading import Asked, AsOf, Route
from api.reads import sees_all
from api.reads import told as told_reads
from ledger.domain.chain import ChainState
from ledger.domain.values import NotFound, instant
from ledger.held import OFFICE, Held, Value, held_on, may_inspect
from ledger.log.handed_out import HandedOut
from ledger.log.store import Store
from ledger.vault import Vault
from projections import people
from projections.items import seen_at
from projections.timeline import told
from projections.views import Conn, Doc, View
from projections.words import word

ELSEWHERE: Final = (
    "In back-ups van de database staan dezelfde gegevens, versleuteld, tot die verlopen.",
    "In de browser van wie is aangemeld staat een cookie met het pseudoniem en de functie.",
    "In het logboek van de server staat wat er gebeurde en wanneer, en geen persoon of naam.",
    "In bundels die zijn meegegeven staat wat hierboven als geopend is genoemd.",
)
"""What the report cannot list, because it is not in the database, said in words."""


def require_insight(state: ChainState, reader: str, person: str, day: str) -> None:
    """Refuse whoever has no business with what is held on this person.

    That there is nobody of that name hears only who might see what is held on anybody.
    """
    if not reader:
        raise Problem("unauthenticated", "Niet bekend is wie om inzage vraagt.")
    if may_inspect(state, reader, person, day):
        return
    if person not in state.people.registered and state.roles.holds(reader, OFFICE, day):
        raise NotFound(f"Persoon {person} bestaat niet, of was toen nog niet bekend.")
    raise Problem(
        "not-allowed",
        "Inzage hebben de betrokkene zelf, het ketenbureau en wie spreekt voor een partner "
        "waarvoor de betrokkene optrad.",
    )


def report(
    store: Store, vault: Vault, state: ChainState, lent: Conn, view: View, person: str, *, to: str
) -> Doc:
    """Return everything that is held on somebody, as far as records go within this view.

    `to` is who is given it, empty for whoever runs the server. What somebody wrote in confidence is
    told to themselves, and to who may see the record.
    """
    held = held_on(store, vault, state, person)
    seen = {one.header.position for one in seen_at(lent, view, (v.position for v in held.values))}
    about = people.person(lent, view, person)
    about.pop("history")
    return {
        "chain": state.name,
        "person": person,
        "at": view.now,
        "knownAt": view.known_at,
        "about": about,
        "values": [_value(one, shown=to == person or one.position in seen) for one in held.values],
        "signingKeys": _signing_keys(state, person),
        "records": _records(lent, view, held),
        "recordsNotShown": _not_shown(lent, view, held),
        "spelledOutIn": list(held.spelled_out_in),
        "handedOut": [_bundle(one, held) for one in held.handed_out],
        "taken": [_bundle(one, held) for one in held.taken],
        **_reads(lent, view, held, to),
        "elsewhere": list(ELSEWHERE),
    }


def _reads(lent: Conn, view: View, held: Held, to: str) -> Doc:
    """Return what the log of reads holds of somebody, to who may see that; to others how much."""
    if to != held.person and not sees_all(view):
        return {"reads": [], "readsNotShown": len(held.reads)}
    found = told_reads(lent, view, held.reads, to=to)
    return {"reads": [_read(one, held.person) for one in found], "readsNotShown": 0}


def _read(one: Doc, person: str) -> Doc:
    return {**one, "as": "reader" if one["reader"] == person else "about"}


def _signing_keys(state: ChainState, person: str) -> list[Doc]:
    return [
        {"signingKey": name, "organisation": one.organisation, "validFrom": one.start}
        for name, one in state.signing_keys.all.items()
        if one.person == person
    ]


def erasures(state: ChainState, held: Held) -> Doc:
    """Return what was erased of somebody, by record, and which bundles still open it."""
    groups: dict[int | None, list[Value]] = {}
    for one in held.values:
        if one.erased is not None:
            groups.setdefault(one.erased.position, []).append(one)
    known = {one.digest for one in held.values if one.erased is not None}
    waiting = [
        digest
        for digest, one in state.erasures.erased.items()
        if digest not in known and state.sealed[digest].subject == held.person
    ]
    items = [_erasure(position, own, held) for position, own in groups.items()]
    return {"person": held.person, "items": items, "notYetDone": waiting}


def _erasure(position: int | None, own: list[Value], held: Held) -> Doc:
    digests = {one.digest for one in own}
    bundles = [one for one in held.handed_out if digests & {*one.disclosed}]
    made = own[0].erased
    return {
        **({} if position is None else {"position": position}),
        "recorded": position is not None,
        **({} if made is None else _why(own[0])),
        "values": [{"field": one.field, "digest": one.digest} for one in own],
        "handedOut": [_bundle(one, held) for one in bundles],
    }


def _value(one: Value, *, shown: bool) -> Doc:
    place = {"field": one.field, "digest": one.digest, "position": one.position}
    if one.status == "readable" and not shown:
        return {**place, "status": "not-shown"}
    said = {"value": one.value} if one.status == "readable" else {}
    gone = {"erased": _why(one)} if one.erased else {}
    return {**place, "status": one.status, **said, **gone}


def _why(one: Value) -> Doc:
    if one.erased is None:
        return {}
    return {
        "ground": one.erased.ground,
        "groundText": word(one.erased.ground),
        "organisation": one.erased.organisation,
        "erasedAt": instant(one.erased.at),
    }


def _bundle(one: HandedOut, held: Held) -> Doc:
    """Return a bundle as its taker is told of: who, when, what, and which of these values."""
    own = {value.digest for value in held.values}
    return {
        "takenBy": one.taken_by,
        "door": one.door,
        "selection": one.selection,
        "at": "" if one.at is None else instant(one.at),
        "sha256": one.sha256.hex(),
        "opened": sorted(own & {*one.disclosed}),
    }


def _records(lent: Conn, view: View, held: Held) -> list[Doc]:
    entries = told(lent, view, seen_at(lent, view, held.named_in))
    for one in entries:
        acted = held.person in (one["by"], one.get("recordedBy"))
        one["as"] = "acted" if acted else "named"
    return entries


def _not_shown(lent: Conn, view: View, held: Held) -> int:
    return len(held.named_in) - len(seen_at(lent, view, held.named_in))


def inspected(works: Any, chain: str, reader: str, person: str, day: str) -> ChainState:
    """Return the state of a chain to somebody who may see what is held on a person in it.

    `works` is what works behind the doors (`app.state`). Not while something is being erased.
    """
    if works.ledger.erasing:
        raise Problem("unavailable", "Er wordt nu iets gewist; vraag het straks opnieuw.")
    state: ChainState = works.ledger.state(chain)
    require_insight(state, reader, person, day)
    return state


def _insight(asked: Asked[AsOf]) -> tuple[ChainState, Store, Vault, str]:
    person, works = asked.named("person"), asked.request.app.state
    reader = identity.reader(asked.request).person
    state = inspected(works, asked.view.chain, reader, person, asked.view.now[:10])
    return state, works.proving, works.vault, person


def _report(asked: Asked[AsOf]) -> Doc:
    state, store, vault, person = _insight(asked)
    reader = identity.reader(asked.request).person
    found = report(store, vault, state, asked.connection, asked.view, person, to=reader)
    note(asked.request, reader, found)
    return found


def note(request: Request, reader: str, found: Doc) -> None:
    """Note that somebody is given a report that opens sealed values, before it goes out."""
    opened = {one["position"] for one in found["values"] if one["status"] == "readable"}
    if opened:
        chain, person = found["chain"], found["person"]
        noting.inspected(request, chain, reader=reader, person=person, positions=opened)


def _erasures(asked: Asked[AsOf]) -> Doc:
    state, store, vault, person = _insight(asked)
    return erasures(state, held_on(store, vault, state, person))


ROUTES: Final[tuple[Any, ...]] = (
    Route(
        "/people/{person}/data",
        "getPersonData",
        "Everything that is held on somebody: for themselves, and for who answers for it.",
        _report,
        ANY,
    ),
    Route(
        "/people/{person}/erasures",
        "getPersonErasures",
        "What was erased of somebody, on what ground, and which bundles still hold it.",
        _erasures,
        ANY,
    ),
)
