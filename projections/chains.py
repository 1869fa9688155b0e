"""Chains, their partners and their objectives as readers find them.

A partner may leave and come back: its terms are kept apart, and the list tells of each partner
whether it is one on the day that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from psycopg.sql import SQL

from ledger.domain.events import chains as c
from ledger.domain.events.evidence import LogKeyAnnounced
from ledger.domain.values import Header
from projections import scopes
from projections.listing import Wanted, everything, listed
from projections.names import titles
from projections.scopes import Access
from projections.tables import text
from projections.things import (
    Kind,
    Part,
    Words,
    fields,
    ids,
    listed_in,
    mark,
    picked,
    stamp,
)
from projections.views import MAX_LIMIT, Conn, Doc, Page, Paging, View, fetch, page
from projections.whole import whole

VERSION = 1
TABLE = listed_in("chains", text("organisation"))

# Across chains: the list of chains itself. A chain is its own first key, so this walks along one
# index whatever the number of chains.
NAMES = SQL("""
    SELECT DISTINCT t.chain
    FROM behind.chains AS t
    WHERE t.kind = 'chain' AND t.chain > %(after)s AND t.known_until IS NULL
    ORDER BY t.chain
    LIMIT %(size)s
""")
# Across chains: what is known of each by now, by who may see so much of that chain.
CHAINS = SQL("""
    SELECT t.chain, t.summary
    FROM unnest(
        %(chains)s::text[], %(floors)s::int2[], %(ranks)s::int2[], %(firsts)s::int8[],
        %(lasts)s::int8[]
    ) AS may (chain, floor, rank, first, last)
    JOIN behind.chains AS t ON t.chain = may.chain AND t.kind = 'chain' AND t.id = may.chain
    WHERE {visible}
    ORDER BY t.chain
""").format(visible=scopes.each("t", "may"))


def _whole(_event: Any, header: Header) -> tuple[str, ...]:
    return (header.chain,)


def _established(doc: Doc, event: c.ChainEstablished, header: Header) -> None:
    doc |= fields(event, "name", "origin", "legal_basis", "reasons", "import_authority", "direct")
    if event.demo:
        doc["demo"] = True
    doc["foundingObjective"] = event.objective
    doc["founders"] = [one.organisation for one in event.partners]
    doc["established"] = stamp(header)
    if event.log_key:
        _log_key(doc, event.log_key, header.day, header)
    mark(doc, header, "open")


def _log_key(doc: Doc, key: str, day: str, header: Header) -> None:
    doc.setdefault("logKeys", []).append({"logKey": key, "effectiveOn": day, **stamp(header)})


def _announced(doc: Doc, event: LogKeyAnnounced, header: Header) -> None:
    _log_key(doc, event.log_key, event.effective_on, header)
    doc["logKeys"][-1]["reason"] = event.reason


def _governance(doc: Doc, event: c.GovernanceModelAdopted, header: Header) -> None:
    doc["direct"] = list(event.direct)
    doc.setdefault("governance", []).append({**fields(event, "direct", "reason"), **stamp(header)})


def _problem(doc: Doc, event: c.DrivingProblemRecorded, header: Header) -> None:
    told_so = {**fields(event, "text", "documents"), **stamp(header)}
    doc.setdefault("drivingProblems", []).append(told_so)


def _condition(doc: Doc, event: c.ChainConditionDeclared, header: Header) -> None:
    entry = {**fields(event, "condition", "reason"), **stamp(header)}
    doc.setdefault("conditions", []).append(entry)


def _dissolved(doc: Doc, event: c.ChainDissolved, header: Header) -> None:
    doc["dissolved"] = {**fields(event, "reason", "archive_transfer_plan"), **stamp(header)}
    mark(doc, header, "closed")


def _chain_row(doc: Doc) -> Doc:
    summary = picked(doc, "name", "origin", "since", "demo")
    conditions = sorted(doc.get("conditions", []), key=lambda one: (one["on"], one["position"]))
    if conditions:
        summary["condition"] = conditions[-1]["condition"]
    if "dissolved" in doc:
        summary["dissolvedOn"] = doc["dissolved"]["on"][:10]
    return {"valid_from": doc["since"][:10], "summary": summary}


CHAIN = Kind(
    name="chain",
    table=TABLE,
    parts={
        c.ChainEstablished: Part(_whole, _established),
        c.GovernanceModelAdopted: Part(_whole, _governance),
        c.DrivingProblemRecorded: Part(_whole, _problem),
        c.ChainConditionDeclared: Part(_whole, _condition),
        c.ChainDissolved: Part(_whole, _dissolved),
        LogKeyAnnounced: Part(_whole, _announced),
    },
    row=_chain_row,
    words=lambda doc: Words(
        doc.get("name", ""), "\n".join(one["text"] for one in doc.get("drivingProblems", []))
    ),
)


def _admitted(doc: Doc, event: c.PartnerAdmitted, header: Header) -> None:
    doc |= fields(event, "organisation", "name", "representative", "identifiers", "consent")
    doc.setdefault("terms", []).append({"validFrom": event.effective_on, **stamp(header)})
    mark(doc, header, event.status, on=_start_of(event.effective_on))


def _start_of(day: str) -> str:
    return f"{day}T00:00:00.000000Z"


def _status_changed(doc: Doc, event: c.PartnerStatusChanged, header: Header) -> None:
    mark(doc, header, event.status)
    doc["statuses"][-1] |= fields(event, "legal_basis")


def _withdrew(doc: Doc, event: c.PartnerWithdrew, header: Header) -> None:
    terms: list[Doc] = doc.setdefault("terms", [])
    if not terms:
        terms.append({})
    terms[-1] |= {"validUntil": event.effective_on, "notice": event.notice, "ended": stamp(header)}
    mark(doc, header, "withdrawn", on=_start_of(event.effective_on))


def _contributed(doc: Doc, event: c.ContributionCommitted, header: Header) -> None:
    entry = {**fields(event, "contribution", "period", "management_contract"), **stamp(header)}
    doc.setdefault("contributions", []).append(entry)


def _no_more(_doc: Doc, _event: c.PartnershipEnded, _header: Header) -> None:
    """The term already says on which day it ended."""


def _partner_row(doc: Doc) -> Doc:
    terms = doc.get("terms", [])
    summary = picked(doc, "organisation", "name", "representative", "identifiers")
    if terms:
        summary["terms"] = [picked(one, "validFrom", "validUntil") for one in terms]
    return {
        "valid_from": terms[0].get("validFrom", "") if terms else "",
        "valid_until": terms[-1].get("validUntil", "") if terms else "",
        "organisation": doc["partner"],
        "summary": summary,
    }


PARTNER = Kind(
    name="partner",
    table=TABLE,
    parts={
        c.PartnerAdmitted: Part(ids("organisation"), _admitted),
        c.PartnerStatusChanged: Part(ids("organisation"), _status_changed),
        c.PartnerWithdrew: Part(ids("organisation"), _withdrew),
        c.PartnershipEnded: Part(ids("organisation"), _no_more),
        c.ContributionCommitted: Part(ids("organisation"), _contributed),
    },
    row=_partner_row,
    words=lambda doc: Words(
        doc.get("name", ""), "\n".join(one["contribution"] for one in doc.get("contributions", []))
    ),
    dated=True,
    gone=frozenset({"withdrawn"}),
)


def _objective(doc: Doc, event: Any, header: Header) -> None:
    if doc["objective"] == event.objective:
        doc |= fields(event, "text", "targets", "supported_by")
        doc |= {"supersedes": event.supersedes} if hasattr(event, "supersedes") else {}
        doc["validFrom"] = header.day
        doc["adopted"] = stamp(header)
        mark(doc, header, "in-force")
    else:
        doc["validUntil"] = header.day
        doc["supersededBy"] = event.objective
        mark(doc, header, "superseded")


OBJECTIVE = Kind(
    name="objective",
    table=TABLE,
    parts={
        c.ObjectiveAdopted: Part(ids("objective"), _objective),
        c.ObjectiveRevised: Part(ids("objective", "supersedes"), _objective),
    },
    row=lambda doc: {
        "valid_from": doc.get("validFrom", ""),
        "valid_until": doc.get("validUntil", ""),
        "summary": picked(doc, "text", "targets", "supportedBy", "supersedes", "supersededBy"),
    },
    words=lambda doc: Words("", "\n".join([doc.get("text", ""), *doc.get("targets", [])])),
    dated=True,
)
KINDS: Final = (CHAIN, PARTNER, OBJECTIVE)
Reading = Callable[[Sequence[str]], Mapping[str, Access]] | Collection[str]
"""What somebody may see of each of these chains."""


def chains(connection: Conn, reader: Reading, paging: Paging) -> Page:
    """Return a page of the chains of which a reader may know anything, by name.

    `reader` says what they may see of each chain it is given; a set of scopes is the same for all.
    """
    [after] = paging.after(str) or ("",)
    found: list[Doc] = []
    names = _names(connection, after)
    while names and len(found) <= paging.size:
        found += _seen_of(connection, _accesses(reader, names))
        names = _names(connection, names[-1]) if len(names) == MAX_LIMIT else []
    shown, following = page(found, paging, "chain")
    return Page([row["summary"] for row in shown], following)


def _names(connection: Conn, after: str) -> list[str]:
    asked = {"after": after, "size": MAX_LIMIT}
    return [row["chain"] for row in fetch(connection, NAMES, asked)]


def _accesses(reader: Reading, names: Sequence[str]) -> Mapping[str, Access]:
    if callable(reader):
        return reader(names)
    return dict.fromkeys(names, scopes.of_scopes(reader))


def _seen_of(connection: Conn, accesses: Mapping[str, Access]) -> list[Doc]:
    """Return what is known of each chain by who has this access to it."""
    asked = {
        "chains": list(accesses),
        "floors": [min(one.floor, one.rank) for one in accesses.values()],
        "ranks": [one.rank for one in accesses.values()],
        "firsts": [one.first for one in accesses.values()],
        "lasts": [one.end for one in accesses.values()],
    }
    return fetch(connection, CHAINS, asked)


def chain(connection: Conn, view: View) -> Doc:
    """Return a chain with its partners and objectives; `knownAt` is the position it is told of."""
    doc = whole(connection, view, CHAIN, view.chain)
    doc["knownAt"] = view.known_at
    doc["partners"] = everything(connection, view, PARTNER, Wanted(valid=True))
    doc["objectives"] = everything(connection, view, OBJECTIVE, Wanted(valid=True))
    return doc


def partners(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of partners, also of those that left, each with its terms."""
    return listed(connection, view, paging, PARTNER, Wanted())


def partner(connection: Conn, view: View, organisation: str) -> Doc:
    """Return a partner with its terms and contributions."""
    doc = whole(connection, view, PARTNER, organisation)
    known = titles(connection, view, {("person", doc.get("representative", ""))})
    doc["representativeFunction"] = next(iter(known.values()), "")
    return doc


def objective(connection: Conn, view: View, name: str) -> Doc:
    """Return an objective: its targets, who supports it, and what it replaced."""
    return whole(connection, view, OBJECTIVE, name)


def objectives(connection: Conn, view: View, paging: Paging) -> Page:
    """Return a page of objectives, newest first, also of those that were revised."""
    return listed(connection, view, paging, OBJECTIVE, Wanted(newest_first=True))
