"""Every kind of reader, each with a token or key of their own, on a server in production.

The chain is the demonstration with scopes that change from record to record; its prose says of
which scope and which record it is, as `GEHEIM-17`. Beside it stand the same life stamped as a
demonstration, and a chain of which nobody outside may know anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg
from msgspec.structs import replace

from api import service_keys
from api.mini_issuer import FOUND
from ledger import catalogue
from ledger.domain.chain import BY_PROGRAMS
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.reviews import ReviewAccessGranted, ReviewAccessProposed
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.events.service_accounts import ServiceAccountOpened
from ledger.domain.values import Event, Header
from ledger.recording import Act, Entry
from ledger.sealed import seal_body
from projections.access import Reader, access
from tests.api.an_issuer import AnIssuer
from tests.api.doors import Doors
from tests.api.programs import bearer, day
from tests.projections.given import CHAIN, taken_in
from tests.projections.scenes import everything, in_earnest, with_scopes

DEMO: Final = "demonstratie"
HIDDEN: Final = "verborgen-keten"
MARKS: Final = {"chain": "INTERN", "confidential": "GEHEIM"}
PARTICIPANT: Final = "bestuurder-cbs"
OFFICE: Final = "ketenbureau"
REVIEWER: Final = "meelezer"
AUDITOR: Final = "rekenmeester"
OUTSIDER: Final = "niemand"
PROGRAM: Final = "meter"
KEY: Final = service_keys.make()
"""The key of the program, which reads what is of the chain."""
PERSONS: Final = {
    "outsider": OUTSIDER,
    "participant": PARTICIPANT,
    "office": OFFICE,
    "auditor": AUDITOR,
    "reviewer": REVIEWER,
}
READERS: Final = ("nobody", "unknown", *PERSONS, "program")


def marked(entries: Sequence[Entry], scope: str = "", *, demo: bool = False) -> list[Entry]:
    """Return a life in which every prose says of which scope and record it is."""
    first, *rest = entries
    # Stamped as a demonstration it would be open to everybody.
    founding = replace(first.event, demo=demo)
    return [_marked(one, scope) for one in [replace(first, event=founding), *rest]]


def _marked(entry: Entry, scope: str) -> Entry:
    header = replace(entry.header, scope=scope or entry.header.scope)
    mark = MARKS.get(header.scope, "")
    body = msgspec.to_builtins(entry.event)
    if mark:
        body = _with_mark(body, f"{mark}-{header.position}")
    return _entry(msgspec.convert(body, type(entry.event)), header)


def _with_mark(value: Any, mark: str) -> Any:
    if isinstance(value, dict):
        return {name: _with_mark(part, mark) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_mark(part, mark) for part in value]
    return f"{mark} {value}"[:200] if isinstance(value, str) and " " in value else value


def _entry(event: Event, header: Header) -> Entry:
    return Entry(event, header, catalogue.encode(event, header))


def mixed_life() -> list[Entry]:
    """Return the marked life of the chain, with a reviewer, an auditor and an outsider in it."""
    life = marked(with_scopes(everything()))
    last = replace(life[-1].header, cause=None, under=(), source=None, scope="public")
    added = _additions()
    headers = [replace(last, position=len(life) + n, act=f"t-{n}") for n in range(len(added))]
    return life + [_entry(event, one) for event, one in zip(added, headers, strict=True)]


def _additions() -> list[Event]:
    """Return a grant of what is for the chain, and people who come from outside."""
    proposed = ReviewAccessProposed(
        review="T-1",
        organisation="uwv",
        reviewer=REVIEWER,
        commission="Evaluatie",
        classification="chain",
        valid_from="2015-01-01",
        valid_until="2999-01-01",
        reason="Evaluatie.",
    )
    audits = RoleAssigned(
        assignment="auditor-1", role="auditor", person=AUDITOR, valid_from="2015-01-01"
    )
    people = [PersonRegistered(person=one) for one in (OUTSIDER, REVIEWER, AUDITOR)]
    granted = ReviewAccessGranted(review="T-1", organisations=("uwv", "cbs"))
    program = ServiceAccountOpened(
        service_account=PROGRAM,
        organisation="cbs",
        purpose="Meten",
        classification="chain",
        event_types=tuple(sorted(BY_PROGRAMS)),
        key_digest=service_keys.digest_of(KEY),
        valid_from="2015-01-01",
        valid_until="2999-01-01",
    )
    return [*people, audits, proposed, granted, program]


def three_chains(database: str) -> None:
    """Put the chain, the demonstration and the hidden one into a database."""
    taken_in(database, mixed_life())
    taken_in(database, marked(with_scopes(everything()), demo=True), chain=DEMO)
    taken_in(database, marked(in_earnest()[:60], "confidential"), chain=HIDDEN)


class Cast:
    """The readers of a running server in production, and what each may see."""

    def __init__(self, doors: Doors, issuer: AnIssuer, database: str) -> None:
        self.doors = doors
        self._issuer = issuer
        self._database = database
        for person in PERSONS.values():
            self._link(person)

    def headers(self, kind: str) -> dict[str, str]:
        """Return the header fields of a kind of reader."""
        match kind:
            case "nobody":
                return {}
            case "unknown" | "visitor":
                return bearer(self._issuer.token(sub="van-elders"))
            case "operator":
                return bearer(self._issuer.token(sub="beheer", scope=FOUND))
            case "program":
                return bearer(KEY)
        return bearer(self._issuer.token(sub=f"sub-{PERSONS[kind]}"))

    def confidential(self, kind: str) -> set[int]:
        """Return which confidential records of the chain are open to a kind of reader."""
        query = "SELECT position, concerns FROM read_records WHERE chain = %s AND scope = 3"
        person = PERSONS.get(kind, "")
        with psycopg.connect(self._database) as connection:
            found = access(connection, CHAIN, Reader(person=person), moment=f"{day(0)}T12:00:00Z")
            rows = connection.execute(query, (CHAIN,)).fetchall()
        if kind == "program":
            return set()
        return {
            at
            for at, concerns in rows
            if found.rank >= 3 or (found.near_rank >= 3 and set(concerns) & set(found.places))
        }

    def _link(self, person: str) -> None:
        body = {
            "type": "SignInLinked",
            "signIn": f"in-{person}",
            "person": person,
            "organisation": "cbs",
            "tokenSubject": f"{self._issuer.url}|sub-{person}",
        }
        self._record(body, f"link-{person}")

    def _record(self, body: dict[str, Any], act: str) -> None:
        kind = catalogue.find(body["type"]).kind
        sealed = seal_body(kind, body, act=act)
        event = catalogue.read_body(sealed.body)
        told = self.doors.app.state.ledger.submit(
            CHAIN, Act(event=event, by=PARTICIPANT, act=act), sealed.disclosures
        )
        assert self.doors.app.state.shown.wait(CHAIN, told.positions[-1], 60.0)
