"""Decisions of the file as events: their statuses, what resolved them, what they rest on.

    first status -> DecisionRecorded      each further status -> DecisionStatusRecorded

Title, kind, proposers and topics are those of the file's revision; only statuses have a history. A
decision that is only in the status history (no title, no kind) becomes one of kind `status-only`,
so that all statuses can be asked for while the other kinds stay the decisions of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Final

from msgspec import Struct

from api.peps_file import Decision, Mandate, Peps, StatusChange, Word, label, plain, slug
from api.peps_plan import Order, Planned, Pseudonyms, planned
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.events.outcomes import (
    Citation,
    DecisionRecorded,
    DecisionStatusRecorded,
    Status,
)
from ledger.domain.values import day_start, instant

STATUSES: Final[dict[Word, Status]] = {
    "Draft": "proposed",
    "Incomplete": "proposed",
    "Accepted": "adopted",
    "Provisional": "adopted",
    "Active": "in-force",
    "Final": "executed",
    "Rejected": "rejected",
    "April Fool!": "rejected",
    "Withdrawn": "withdrawn",
    "Deferred": "deferred",
    "Superseded": "superseded",
    "Replaced": "superseded",
}
"""The ledger's status for each word of the source; the word itself is kept beside it."""
YES: Final[frozenset[Word]] = frozenset({"Accepted", "Provisional", "Active", "Final"})
STATUS_ONLY: Final = "status-only"


class Grant(Struct, frozen=True):
    """A mandate under the id it gets in the ledger, and the moment it was given."""

    id: str
    at: str
    given: Mandate


class Case(Struct, frozen=True):
    """All the file says of one decision, each list in order of time.

    `resolution` is the index of the status that resolved it, -1 for none; `under` are the mandates
    in force at that moment, where the file says that it was decided under a mandate.
    """

    id: str
    subject: str
    facts: Decision | None
    history: tuple[StatusChange, ...]
    grants: tuple[Grant, ...]
    resolution: int
    under: tuple[Grant, ...]

    @property
    def start(self) -> tuple[str, str]:
        """When it was recorded first, and its id: what decisions are ordered by."""
        return (instant(self.history[0].at), self.id)

    @property
    def delegated(self) -> bool:
        """Whether the file says that it was, or is to be, decided by a delegate."""
        return self.facts is not None and bool(self.facts.decided_under_mandate_of)


def cases(peps: Peps) -> dict[str, Case]:
    """Return every decision of the file, and those that are only in its status history."""
    histories: defaultdict[str, list[StatusChange]] = defaultdict(list)
    for change in sorted(peps.status_history, key=lambda one: one.at):
        histories[change.decision].append(change)
    grants: defaultdict[str, list[Grant]] = defaultdict(list)
    for given in sorted(peps.mandates, key=lambda one: one.granted_at):
        mine = grants[given.scope]
        mandate = f"mandate-{given.scope}-{len(mine) + 1}"
        mine.append(Grant(id=mandate, at=instant(given.granted_at), given=given))
    facts = {one.id: one for one in peps.decisions}
    subjects = _subjects(peps, {name: changes[0] for name, changes in histories.items()})
    return {
        name: _case(name, subjects[name], facts.get(name), tuple(history), tuple(grants[name]))
        for name, history in histories.items()
    }


def _case(
    name: str,
    subject: str,
    facts: Decision | None,
    history: tuple[StatusChange, ...],
    grants: tuple[Grant, ...],
) -> Case:
    resolution = resolved_by(history, stated=facts is not None and facts.resolved)
    delegated = facts is not None and bool(facts.decided_under_mandate_of)
    under: tuple[Grant, ...] = ()
    if delegated and resolution >= 0:
        under = in_force(grants, at=instant(history[resolution].at))
    return Case(
        id=name,
        subject=subject,
        facts=facts,
        history=history,
        grants=grants,
        resolution=resolution,
        under=under,
    )


def resolved_by(history: tuple[StatusChange, ...], *, stated: bool) -> int:
    """Return the index of the status that resolved a decision last, or -1.

    That is a yes (Accepted, or Provisional, Active or Final of what was not decided yes before) or
    a no (Rejected). Where there is neither but the file states a resolution, it is the last status.
    """
    found, before = -1, ""
    for index, change in enumerate(history):
        again = change.status == before
        taken = change.status in ("Accepted", "Rejected") and not again
        if taken or (change.status in YES and before not in YES):
            found = index
        before = change.status
    return len(history) - 1 if found < 0 and stated else found


def in_force(grants: tuple[Grant, ...], *, at: str) -> tuple[Grant, ...]:
    """Return the mandates given last, not later than a moment; more than one if given at once.

    This goes by time alone: names are no ground, because the source spells them in several ways
    and rewrites them long after.
    """
    before = [one for one in grants if one.at <= at]
    newest = max((one.at for one in before), default="")
    return tuple(one for one in before if one.at == newest)


def _subjects(peps: Peps, first: dict[str, StatusChange]) -> dict[str, str]:
    """Return what each decision is about: its topic, or else the oldest it follows up.

    Decisions that supersede one another are about the same thing, so a line of them shares the id
    of its oldest: that is how the earlier ones are found.
    """
    line = {name: name for name in first}

    def head(name: str) -> str:
        while line[name] != name:
            name = line[name]
        return name

    for one in peps.decisions:
        for other in (*one.supersedes, *one.superseded_by):
            ends = sorted((head(one.id), head(other)), key=lambda end: (first[end].at, end))
            line[ends[1]] = ends[0]
    topics = {one.id: topic for one in peps.decisions for topic in _topics(one)[:1]}
    return {name: slug(topics[name]) if name in topics else head(name) for name in first}


def _topics(facts: Decision) -> tuple[str, ...]:
    return tuple(filter(None, (plain(one) for one in (facts.topic or "").split(","))))


def plan(all_cases: dict[str, Case]) -> Iterator[Planned]:
    """Plan every decision with its statuses and its reasons, in no order."""
    for case in all_cases.values():
        on, name = case.start
        cited = _cited(case, all_cases)
        event = partial(_recorded, case, cited)
        yield Planned(on, Order.DECISION, f"peps/decision/{name}", event)
        for index in range(1, len(case.history)):
            when = instant(case.history[index].at)
            act = f"peps/status/{name}/{index + 1:03}"
            yield planned(when, Order.STATUS, act, _status(case, index))
        yield from _told_later(case, all_cases)
        yield from _mandates_told(case)


def _cited(case: Case, all_cases: dict[str, Case]) -> tuple[Citation, ...]:
    """Cite what it rests on, as far as that was there before it."""
    required = case.facts.requires if case.facts else ()
    there = (name for name in required if all_cases[name].start < case.start)
    return tuple(Citation(decision=name, relation="rests-on") for name in there)


def _recorded(case: Case, cites: tuple[Citation, ...], names: Pseudonyms) -> DecisionRecorded:
    said, facts = _said(case, 0), case.facts
    if facts is None:
        return DecisionRecorded(
            decision=case.id,
            subject=case.subject,
            title=case.id,
            kind=STATUS_ONLY,
            status=said.status,
            status_label=said.status_label,
            evidence=said.evidence,
        )
    title = label(facts.title)
    return DecisionRecorded(
        decision=case.id,
        subject=case.subject,
        title=title,
        kind=plain(facts.kind),
        text="" if title == plain(facts.title) else plain(facts.title),
        topics=_topics(facts),
        proposed_on=facts.proposed_on,
        proposers=tuple(names.of(one, "auteur") for one in facts.proposers),
        sponsors=tuple(names.of(one, "sponsor") for one in facts.sponsor or ()),
        status=said.status,
        status_label=said.status_label,
        decided_at=day_start(said.resolved_on) if said.resolved_on else "",
        mandate=said.mandate,
        cites=cites,
        reference=said.reference,
        evidence=said.evidence,
    )


class Said(Struct, frozen=True, kw_only=True):
    """What the file says at one status: the ledger's word, the source's, and on what ground."""

    status: Status
    status_label: str
    resolved_on: str
    mandate: str
    reference: str
    evidence: str


def _said(case: Case, index: int) -> Said:
    change, facts = case.history[index], case.facts
    resolving = index == case.resolution and facts is not None
    return Said(
        status=STATUSES[change.status],
        status_label=change.status,
        resolved_on=(facts.resolved_on or "") if facts and resolving else "",
        mandate=case.under[0].id if resolving and case.under else "",
        reference=(facts.resolution_ref or "") if facts and resolving else "",
        evidence=plain(change.evidence),
    )


def _status(case: Case, index: int) -> DecisionStatusRecorded:
    said = _said(case, index)
    return DecisionStatusRecorded(
        decision=case.id,
        status=said.status,
        status_label=said.status_label,
        resolved_on=said.resolved_on,
        mandate=said.mandate,
        reference=said.reference,
        evidence=said.evidence,
    )


def _told_later(case: Case, all_cases: dict[str, Case]) -> Iterator[Planned]:
    """What it rests on but came after it is told when that came."""
    for name in case.facts.requires if case.facts else ():
        other = all_cases[name]
        if other.start > case.start:
            text = f"Volgens de bron rust dit besluit ook op {name}."
            act = f"peps/requires/{case.id}/{name}"
            told = RationaleAdded(decision=case.id, text=text)
            yield planned(other.start[0], Order.RATIONALE, act, told)


def _mandates_told(case: Case) -> Iterator[Planned]:
    """Mandates beside the one its resolution names: given with it, or named by the source later."""
    if not case.delegated or case.resolution < 0:
        return
    resolved_at = instant(case.history[case.resolution].at)
    then = ", ".join(one.id for one in case.under) or "volgens de bron nog geen mandaat"
    told = [(resolved_at, one, "viel mede onder dat mandaat") for one in case.under[1:]]
    later = [one for one in case.grants if one.at > resolved_at]
    told += [(one.at, one, f"viel eerder; toen gold {then}") for one in later]
    for on, grant, how in told:
        text = f"De bron noemt bij dit besluit {grant.id}. Het besluit {how}."
        event = RationaleAdded(decision=case.id, text=text)
        yield planned(on, Order.RATIONALE, f"peps/mandate-told/{grant.id}", event)
