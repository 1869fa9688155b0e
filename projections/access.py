"""The policy of reading: which capacity opens how much of a chain, and what somebody may read now.

    capacity      everywhere      confidential    limits   who
    unknown       public          none                     somebody who is not known
    outsider      public          none                     a known person without a place here
    visitor       public, chain   none                     anybody, of a demonstration chain
    participant   public, chain   one's own                who holds a seat, role or mandate now
    office        public, chain   all                      chain manager and chain office
    auditor       public, chain   all                      an auditor whom the chain appointed
    reviewer      public          none            grant    and what the grant says, no more
    service       nothing         none            key      a program: what its key says
    developer     public, chain   all                      who works on a server in development

One's own is what was done or decided in a body where one sits, what names an organisation that one
speaks for, and what names oneself. A body has one level, and nothing else in the record has one, so
the level is that of the body.

What a token allows is a limit on all of it, never a right. Places are those of this very moment, by
the read models of roles, seats and mandates: a role that ended ends reading at once. Whoever has a
place reads by that place; a grant is for who has none. A chain that shows a reader nothing is to
them a chain that does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from psycopg import sql
from psycopg.sql import SQL, Composed, Identifier

from ledger.domain.values import Scope
from projections import scopes
from projections.reviews import Grant, grants
from projections.scopes import END, RANKS, Access
from projections.views import Conn, fetch

Capacity = Literal[
    "unknown",
    "outsider",
    "visitor",
    "participant",
    "office",
    "auditor",
    "reviewer",
    "service",
    "developer",
]

PUBLIC: Final[tuple[Scope, ...]] = ("public",)
OF_THE_CHAIN: Final[tuple[Scope, ...]] = ("public", "chain")
EVERY: Final = frozenset(RANKS)


class Rule(Struct, frozen=True, kw_only=True):
    """A row of the policy: what a capacity opens everywhere, and which confidential records.

    `levels` are those of the bodies whose confidential records are open: none, one's own, or all.
    `limits` says what sets classification, period and moment beyond that: a grant, or a key.
    """

    capacity: Capacity
    scopes: tuple[Scope, ...]
    levels: Literal["none", "own", "all"] = "none"
    limits: Literal["none", "grant", "key"] = "none"


_ROWS: Final = (
    Rule(capacity="unknown", scopes=PUBLIC),
    Rule(capacity="outsider", scopes=PUBLIC),
    Rule(capacity="visitor", scopes=OF_THE_CHAIN),
    Rule(capacity="participant", scopes=OF_THE_CHAIN, levels="own"),
    Rule(capacity="office", scopes=OF_THE_CHAIN, levels="all"),
    Rule(capacity="auditor", scopes=OF_THE_CHAIN, levels="all"),
    Rule(capacity="reviewer", scopes=PUBLIC, limits="grant"),
    Rule(capacity="service", scopes=(), limits="key"),
    Rule(capacity="developer", scopes=OF_THE_CHAIN, levels="all"),
)
POLICY: Final[Mapping[Capacity, Rule]] = {row.capacity: row for row in _ROWS}
"""The policy by capacity."""

BY_ROLE: Final[Mapping[str, Capacity]] = {
    "chain-manager": "office",
    "chain-office": "office",
    "auditor": "auditor",
    "reviewer": "outsider",
}
"""What the holder of a role is in reading; every other role makes a participant.

A reviewer reads by a grant: the role alone gives nothing.
"""
STRONGEST: Final[tuple[Capacity, ...]] = (
    "office",
    "auditor",
    "participant",
    "reviewer",
    "visitor",
)
"""Whoever has several capacities reads by the first of these."""
DEMONSTRATION: Final = "demonstration"
"""What stands in the place of a role for a chain that was founded to try things out."""
SPEAKS_FOR: Final = "representative"
"""The role that makes what concerns an organisation one's own."""


class Reader(Struct, frozen=True, kw_only=True):
    """Who asks: the person in this chain (empty: unknown) and what their token allows at most.

    `kind` is a person, a program with a key of its own, or who works on a server in development.
    """

    person: str = ""
    allowed: frozenset[str] = EVERY
    kind: Literal["person", "service", "developer"] = "person"


class Held(NamedTuple):
    """A place that somebody holds now: what it makes of them, and what it makes their own."""

    capacity: Capacity
    places: tuple[str, ...] = ()


# The fullest reading of each row counts: what somebody holds is a fact, whoever may know of it.
HELD = SQL("""
    SELECT may.chain, {demonstration} AS role, '' AS organisation, '' AS body
    FROM unnest(%(chains)s::text[]) AS may (chain)
    JOIN behind.chains AS c ON c.chain = may.chain AND c.kind = 'chain' AND c.id = may.chain
    WHERE c.known_until IS NULL AND c.scope_until = %(end)s
        AND c.summary -> 'demo' = 'true'::jsonb
    UNION ALL
    SELECT may.chain, r.role, r.organisation, ''
    FROM unnest(%(chains)s::text[], %(persons)s::text[]) AS may (chain, person)
    JOIN behind.roles AS r ON r.chain = may.chain AND r.person = may.person
    WHERE may.person <> '' AND r.kind = 'assignment' AND {valid_role}
    UNION ALL
    SELECT may.chain, '', '', b.id
    FROM unnest(%(chains)s::text[], %(persons)s::text[]) AS may (chain, person)
    JOIN behind.bodies AS s ON s.chain = may.chain AND may.person = ANY(s.persons)
    JOIN behind.bodies AS b ON b.chain = s.chain AND b.kind = 'body' AND b.id = s.body
    WHERE may.person <> '' AND s.kind = 'seat' AND {valid_seat} AND {valid_body}
        AND EXISTS (
            SELECT 1 FROM jsonb_array_elements(s.summary -> 'terms') AS term
            WHERE term ->> 'person' = may.person
                AND (term ->> 'validFrom')::date <= %(day)s::date
                AND (term ->> 'validUntil' IS NULL
                    OR (term ->> 'validUntil')::date > %(day)s::date)
        )
    UNION ALL
    SELECT may.chain, '', '', ''
    FROM unnest(%(chains)s::text[], %(persons)s::text[]) AS may (chain, person)
    JOIN behind.mandates AS m ON m.chain = may.chain AND m.holder = may.person
    WHERE may.person <> '' AND m.kind = 'mandate' AND {valid_mandate}
        AND m.summary ->> 'holderKind' = 'person' AND m.summary -> 'accepted' = 'true'::jsonb
""")
REVIEWED = SQL("""
    SELECT DISTINCT may.chain
    FROM unnest(%(chains)s::text[], %(persons)s::text[]) AS may (chain, person)
    JOIN behind.reviews AS r ON r.chain = may.chain AND r.reviewer = may.person
    WHERE may.person <> '' AND r.kind = 'review'
""")
VALID_NOW = SQL("""
    {alias}.known_until IS NULL AND {alias}.scope_until = %(end)s
    AND {alias}.valid_from <= %(day)s::date
    AND ({alias}.valid_until IS NULL OR {alias}.valid_until > %(day)s::date)
""")


def access(connection: Conn, chain: str, reader: Reader, *, moment: str) -> Access:
    """Return what somebody may read of a chain at a moment, by the places they hold then."""
    return accesses(connection, {chain: reader}, moment=moment)[chain]


def accesses(connection: Conn, readers: Mapping[str, Reader], *, moment: str) -> dict[str, Access]:
    """Return the same for many chains at once, by chain: in each somebody may be another person."""
    people = {chain: one.person for chain, one in readers.items() if one.kind == "person"}
    held = _held(connection, people, moment[:10])
    granted = {
        chain: grants(connection, chain, people[chain], moment)
        for chain in _reviewed(connection, people)
    }
    return {
        chain: opened(reader, held.get(chain, []), granted.get(chain, ()))
        for chain, reader in readers.items()
    }


def opened(reader: Reader, held: Sequence[Held], grants: Sequence[Grant]) -> Access:
    """Return what the policy opens to who holds these places and has these grants."""
    rule = POLICY[_capacity(reader, held, grants)]
    match rule.limits:
        case "key":
            return scopes.of_scopes(reader.allowed)
        case "grant" if grants:
            return _limited(_granted(rule, grants), reader)
    own = {place for one in held for place in one.places}
    return _limited(_open(rule, own | {f"person:{reader.person}"}), reader)


def _capacity(reader: Reader, held: Sequence[Held], grants: Sequence[Grant]) -> Capacity:
    if reader.kind != "person":
        return reader.kind
    has = {one.capacity for one in held}
    if grants and reader.person:
        has.add("reviewer")
    least: Capacity = "outsider" if reader.person else "unknown"
    return next((one for one in STRONGEST if one in has), least)


def _open(rule: Rule, own: Collection[str]) -> Access:
    """Return what a row of the policy opens to who has these places."""
    most = RANKS["confidential"]
    reached = most if rule.levels == "all" else scopes.rank(rule.scopes)
    if rule.levels != "own":
        return Access(rank=reached, floor=reached)
    return Access(rank=reached, floor=reached, near_rank=most, places=tuple(sorted(own)))


def _granted(rule: Rule, grants: Sequence[Grant]) -> Access:
    """Return what the widest of the grants opens, beside what is open anyhow."""
    widest = max(grants, key=lambda one: (one.rank, -one.first, scopes.end_of(_last(one))))
    floor = scopes.rank(rule.scopes)
    return Access(
        rank=max(floor, widest.rank),
        floor=floor,
        first=widest.first,
        last=_last(widest),
        grant=widest.grant,
    )


def _last(grant: Grant) -> int | None:
    """Return the last position that counts, by the end of the period or by the moment."""
    end = None if grant.until is None else grant.until - 1
    return min((one for one in (end, grant.known_at) if one is not None), default=None)


def _limited(access: Access, reader: Reader) -> Access:
    """Return an access as far as the token of the reader allows."""
    most = scopes.rank(reader.allowed)
    return replace(
        access,
        rank=min(access.rank, most),
        floor=min(access.floor, most),
        near_rank=min(access.near_rank, most),
    )


def _reviewed(connection: Conn, people: Mapping[str, str]) -> list[str]:
    """Return the chains in which these people ever were named as reviewers."""
    if not people:
        return []
    asked = {"chains": list(people), "persons": list(people.values())}
    return [row["chain"] for row in fetch(connection, REVIEWED, asked)]


def _held(connection: Conn, people: Mapping[str, str], day: str) -> dict[str, list[Held]]:
    if not people:
        return {}
    query = HELD.format(
        demonstration=sql.Literal(DEMONSTRATION),
        valid_role=_valid("r"),
        valid_seat=_valid("s"),
        valid_body=_valid("b"),
        valid_mandate=_valid("m"),
    )
    asked = {"chains": list(people), "persons": list(people.values()), "day": day, "end": END}
    found: dict[str, list[Held]] = {}
    for row in fetch(connection, query, asked):
        place = _place(row["role"], row["organisation"], row["body"])
        found.setdefault(row["chain"], []).append(place)
    return found


def _valid(alias: str) -> Composed:
    return VALID_NOW.format(alias=Identifier(alias))


def _place(role: str, organisation: str, body: str) -> Held:
    """Return what a role, a seat in a body, or a mandate (neither of them) makes of its holder."""
    if role == DEMONSTRATION:
        return Held("visitor")
    if body:
        return Held("participant", (f"body:{body}",))
    own = (f"partner:{organisation}",) if role == SPEAKS_FOR and organisation else ()
    return Held(BY_ROLE.get(role, "participant"), own)
