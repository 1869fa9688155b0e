"""Real history for the ledger: the Python Enhancement Proposals as lines to record.

    file -> peps_file (read) -> peps_chain, peps_decisions (plan) -> lines, in order of time

The same file gives the same lines with the same keys, so that an import can be resumed and
repeated. Names stand in one place only, the sealed field of PersonRegistered, which the recorder
seals. What the mapping claims, and what not, is in docs/peps.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from api import peps_chain, peps_decisions
from api.peps_decisions import Case
from api.peps_file import label, plain, read, supersessions
from api.peps_plan import IMPORTER, Pseudonyms
from api.record_lines import Line
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Event, Refused, Scope, Source


class Summary(Struct, frozen=True, kw_only=True):
    """What a file brings: counts, each of which can be looked up in the chain afterwards.

    `status_only` counts decisions that are only in the status history. Of the decisions that name
    a delegate (`delegated`), `shown` have a resolution that names the mandate in force then,
    `stated_later` were resolved before the source first named a mandate, `unresolved` are not
    resolved. `renamed` counts mandates that the source put in place of another afterwards.
    """

    decisions: int
    status_changes: int
    status_only: int
    mandates: int
    supersessions: int
    one_sided: int
    elections: int
    seat_terms: int
    rule_changes: int
    delegated: int
    shown: int
    stated_later: int
    unresolved: int
    renamed: int


def lines_of(data: bytes) -> Iterator[Line]:
    """Yield the lines of a file as it was read, with its own digest; Refused when it is no JSON."""
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise Refused("G13", f"dit is geen JSON: {error}") from error
    return lines(document, sha256=hashlib.sha256(data).hexdigest())


def lines(document: dict[str, Any], *, sha256: str) -> Iterator[Line]:
    """Yield the lines of a file (`keten-import/0`), oldest first, with its digest as their source.

    Raises Refused before the first line when the file is not what it should be.
    """
    peps = read(document)
    source = Source(
        name=label(peps.source.name),
        sha256=sha256,
        reference=f"{plain(peps.source.repo)}@{plain(peps.source.commit)}"[:500],
    )
    all_cases, names = peps_decisions.cases(peps), Pseudonyms()
    plans = [*peps_chain.plan(peps, all_cases), *peps_decisions.plan(all_cases)]
    for one in sorted(plans, key=lambda one: one.turn):
        event = one.event(names)
        for person in names.newcomers():
            yield _line(person, on=one.on, act=f"peps/person/{person.person}", source=source)
        yield _line(event, on=one.on, act=one.act, source=source)


def _line(event: Event, *, on: str, act: str, source: Source) -> Line:
    """Return one line. What is published is public here too; who took part is for the chain."""
    scope: Scope = "chain" if isinstance(event, PersonRegistered) else "public"
    body = msgspec.json.decode(msgspec.json.encode(event))
    return Line(body=body, on=on, by=IMPORTER, act=act, scope=scope, source=source)


def summary(document: dict[str, Any]) -> Summary:
    """Count what a file brings. Raises Refused when the file is not what it should be."""
    peps = read(document)
    all_cases = peps_decisions.cases(peps)
    delegated = [case for case in all_cases.values() if case.delegated]
    resolved = [case for case in delegated if case.resolution >= 0]
    shown = [case for case in resolved if case.under]
    stated = supersessions(peps)
    return Summary(
        decisions=len(peps.decisions),
        status_changes=len(peps.status_history),
        status_only=sum(case.facts is None for case in all_cases.values()),
        mandates=len(peps.mandates),
        supersessions=len(stated),
        one_sided=sum(by != "both" for by in stated.values()),
        elections=len(peps.elections),
        seat_terms=len(peps.seat_assignments),
        rule_changes=len(peps.rule_changes),
        delegated=len(delegated),
        shown=len(shown),
        stated_later=len(resolved) - len(shown),
        unresolved=len(delegated) - len(resolved),
        renamed=sum(map(_renamed, shown)),
    )


def _renamed(case: Case) -> int:
    """Count the mandates that came after those under which a decision was taken."""
    return sum(grant.at > case.under[-1].at for grant in case.grants)
