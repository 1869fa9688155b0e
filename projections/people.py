"""People as readers find them: a pseudonym and a function, never a name.

Name and contact are sealed: what is shown here is their digest, which says only that there is
something to disclose to whoever may see it. Of what was erased it says on what ground.
"""

from __future__ import annotations

from ledger.domain.events import people as p
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.values import Header
from projections import bodies, roles
from projections.listing import Wanted, everything, listed
from projections.things import Kind, Part, Words, fields, ids, listed_in, picked, stamp
from projections.views import Conn, Doc, Page, Paging, View
from projections.whole import whole

VERSION = 3
TABLE = listed_in("people")


def _registered(doc: Doc, event: p.PersonRegistered, header: Header) -> None:
    doc |= fields(event, "function")
    doc["registered"] = stamp(header)
    _sealed(doc, event, header)


def _sealed(doc: Doc, event: p.PersonRegistered | p.PersonDetailsGiven, _header: Header) -> None:
    """Show the newest digest of each sealed value."""
    digests = fields(event, "name", "contact")
    if digests:
        doc["sealed"] = {**doc.get("sealed", {}), **digests}
        _put(doc, "erased", picked_but(doc.get("erased", {}), *digests))


def _erased(doc: Doc, event: PersonalDataErased, header: Header) -> None:
    """Show of each value that is gone on what ground, and who decided so."""
    gone = {name for name, digest in doc.get("sealed", {}).items() if digest in event.digests}
    why = {**fields(event, "ground", "organisation"), **stamp(header)}
    _put(doc, "sealed", picked_but(doc.get("sealed", {}), *gone))
    _put(doc, "erased", {**doc.get("erased", {}), **dict.fromkeys(sorted(gone), why)})
    doc.setdefault("erasures", []).append(why)


def _put(doc: Doc, name: str, entries: Doc) -> None:
    """Let a document show these entries under a name, or nothing where there are none."""
    doc.pop(name, None)
    doc |= {name: entries} if entries else {}


def picked_but(doc: Doc, *names: str) -> Doc:
    """Return a document without these entries."""
    return {name: value for name, value in doc.items() if name not in names}


def _linked(doc: Doc, event: p.SignInLinked, header: Header) -> None:
    entry = {**fields(event, "sign_in", "organisation", "token_subject"), **stamp(header)}
    doc.setdefault("signIns", []).append(entry)


def _unlinked(doc: Doc, event: p.SignInUnlinked, header: Header) -> None:
    known = next((one for one in doc.get("signIns", ()) if one["signIn"] == event.sign_in), None)
    if known is None:
        # The reader may see that it ended and not how it began.
        known = fields(event, "sign_in", "organisation")
        doc.setdefault("signIns", []).append(known)
    known["unlinked"] = {**fields(event, "reason"), **stamp(header)}


PERSON = Kind(
    name="person",
    table=TABLE,
    parts={
        p.PersonRegistered: Part(ids("person"), _registered),
        p.PersonDetailsGiven: Part(ids("person"), _sealed),
        p.SignInLinked: Part(ids("person"), _linked),
        p.SignInUnlinked: Part(ids("person"), _unlinked),
        PersonalDataErased: Part(ids("person"), _erased),
    },
    row=lambda doc: {
        "valid_from": doc["since"][:10],
        "summary": picked(doc, "function", "sealed", "erased"),
    },
    words=lambda doc: Words(doc.get("function", "")),
)
KINDS = (PERSON,)


def people(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of the people who take part, by pseudonym and function."""
    return listed(connection, view, paging, PERSON, Wanted())


def person(connection: Conn, view: View, name: str) -> Doc:
    """Return somebody with the roles and seats they have or had."""
    doc = whole(connection, view, PERSON, name)
    own = Wanted(columns={"person": name})
    doc["roles"] = everything(connection, view, roles.ASSIGNMENT, own)
    doc["seats"] = bodies.seats_ever_held(connection, view, name)
    return doc
