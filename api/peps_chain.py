"""The frame of the file as events: the chain, its bodies, elections, seats, mandates, succession.

The file tells of two bodies, not of partners: that a chain has two of them, and which, is the
ledger's own frame (see docs/peps.md). It names no holder of the BDFL's seat, so that stays vacant.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Final

from api.peps_decisions import STATUSES, Case, Grant
from api.peps_file import Body, Election, Peps, Score, SeatTerm, label, plain, supersessions
from api.peps_plan import IMPORTER, Order, Planned, Pseudonyms, planned
from ledger.domain.events.bodies import BodyDissolved, BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import ChainEstablished, FoundingPartner
from ledger.domain.events.mandates import MandateGranted, MandateScope
from ledger.domain.events.outcomes import Citation, DecisionRecorded, SupersessionRecorded
from ledger.domain.values import day_start, instant

BDFL: Final = "bdfl"
COUNCIL: Final = "steering-council"
BODIES: Final = {"BDFL": BDFL, "Python Steering Council": COUNCIL}
SEATS: Final = {BDFL: "bdfl", COUNCIL: "sc"}
CORE_TEAM: Final = "core-team"
PARTNERS: Final = (("psf", "Python Software Foundation"), (CORE_TEAM, "Python core developers"))


def plan(peps: Peps, all_cases: dict[str, Case]) -> Iterator[Planned]:
    """Plan everything but the decisions, in no order."""
    started = _day_before(peps)
    council = min((term.start for term in peps.seat_assignments), default="")
    yield planned(day_start(started), Order.CHAIN, "peps/chain", _founding(peps))
    for body in peps.bodies:
        yield from _body(body, start=(BODIES[body.id] == COUNCIL and council) or started)
    yield from _terms(peps)
    yield from _elections(peps, all_cases)
    yield from _rule_changes(peps, all_cases)
    for case in all_cases.values():
        for grant in case.grants:
            elected = bool(council) and grant.at >= day_start(council)
            event = partial(_mandate, grant, COUNCIL if elected else BDFL)
            yield Planned(grant.at, Order.MANDATE, f"peps/mandate/{grant.id}", event)
    yield from _supersessions(peps, all_cases)


def _day_before(peps: Peps) -> str:
    """Return the day before the earliest date in the file: before that it says nothing."""
    dates = [decision.proposed_on for decision in peps.decisions]
    dates += [instant(change.at)[:10] for change in peps.status_history]
    dates += [instant(mandate.granted_at)[:10] for mandate in peps.mandates]
    dates += [body.until for body in peps.bodies if body.until]
    dates += [term.start for term in peps.seat_assignments]
    dates += [election.closed_on for election in peps.elections]
    dates += [change.at for change in peps.rule_changes]
    return (date.fromisoformat(min(dates)) - timedelta(days=1)).isoformat()


def _founding(peps: Peps) -> ChainEstablished:
    return ChainEstablished(
        name=label(peps.source.name),
        origin="chosen",
        objective="De besluiten over Python en hun geschiedenis bewaren zoals de bron ze geeft.",
        partners=tuple(
            FoundingPartner(
                organisation=organisation,
                name=name,
                status="partner",
                representative=f"vertegenwoordiger-{organisation}",
            )
            for organisation, name in PARTNERS
        ),
        import_authority=IMPORTER,
    )


def _body(body: Body, *, start: str) -> Iterator[Planned]:
    """A body with its seats; one that the file gives no start is there from the first day."""
    name, on = BODIES[body.id], day_start(start)
    established = BodyEstablished(
        body=name, name=body.id, kind="other", level="strategic", records_scope="public"
    )
    yield planned(on, Order.BODY, f"peps/body/{name}", established)
    for number in range(1, body.seats + 1):
        seat = f"{SEATS[name]}-{number}"
        created = SeatCreated(seat=seat, body=name, organisation=CORE_TEAM)
        yield planned(on, Order.SEAT, f"peps/seat/{seat}", created)
    if body.until:
        ended = BodyDissolved(body=name, reason=f"Volgens de bron bestond dit tot {body.until}.")
        yield planned(day_start(body.until), Order.END, f"peps/body-ended/{name}", ended)


def seating(terms: tuple[SeatTerm, ...]) -> list[tuple[str, SeatTerm]]:
    """Return (seat, term) for each term: who is elected again stays, others take a free seat."""
    seated: list[tuple[str, SeatTerm]] = []
    for start in sorted({term.start for term in terms}):
        new = [term for term in terms if term.start == start]
        before = [one for one in seated if _runs_into(one[1], start)]
        kept = {term.person: seat for seat, term in before if term.until == start}
        taken = {seat for seat, term in before if term.until != start}
        taken |= {kept[term.person] for term in new if term.person in kept}
        every = (f"{SEATS[COUNCIL]}-{number}" for number in range(1, len(terms) + 1))
        free = (seat for seat in every if seat not in taken)
        seated += [(kept.get(term.person) or next(free), term) for term in new]
    return seated


def _runs_into(term: SeatTerm, day: str) -> bool:
    return not term.until or term.until >= day


def _terms(peps: Peps) -> Iterator[Planned]:
    for seat, term in seating(peps.seat_assignments):
        act = f"peps/term/{seat}/{term.start}"
        yield Planned(day_start(term.start), Order.TERM, act, partial(_assigned, seat, term))


def _assigned(seat: str, term: SeatTerm, names: Pseudonyms) -> SeatAssigned:
    person = names.of(term.person, "lid van de stuurraad")
    return SeatAssigned(
        seat=seat, person=person, valid_from=term.start, valid_until=term.until or ""
    )


def _elections(peps: Peps, all_cases: dict[str, Case]) -> Iterator[Planned]:
    for election in peps.elections:
        event = partial(_election, election, all_cases[election.id].subject)
        act = f"peps/election/{election.closed_on}"
        yield Planned(day_start(election.closed_on), Order.ELECTION, act, event)


def _election(election: Election, subject: str, names: Pseudonyms) -> DecisionRecorded:
    """An election as a decision of the council's voters; the source calls it closed."""
    said = [
        f"Zetels: {election.seats}. Kiesgerechtigd: {election.eligible}. "
        f"Stembiljetten: {election.ballots}. Methode: {plain(election.method)}."
    ]
    if election.extension:
        said.append("De stemming is verlengd.")
    if election.tally is not None:
        said.append(f"Uitslag: {_scores(election.tally, names)}.")
    for one in election.rounds:
        counts = (("kiesgerechtigd", one.eligible), ("stembiljetten", one.ballots))
        known = "".join(f", {what} {count}" for what, count in counts if count is not None)
        said.append(f"Ronde {plain(one.round)}{known}: {_scores(one.tally, names)}.")
    winners = ", ".join(names.of(one, "kandidaat") for one in election.winners)
    return DecisionRecorded(
        decision=f"election-{election.closed_on}",
        body=COUNCIL,
        subject=subject,
        title=label(election.title),
        kind="election",
        text="\n".join((*said, f"Gekozen: {winners}.")),
        status="executed",
        status_label="closed",
        decided_at=day_start(election.closed_on),
        cites=(Citation(decision=election.id, relation="rests-on"),),
    )


def _scores(tally: tuple[Score, ...], names: Pseudonyms) -> str:
    return "; ".join(f"{names.of(one.candidate, 'kandidaat')} {one.score}" for one in tally)


def _rule_changes(peps: Peps, all_cases: dict[str, Case]) -> Iterator[Planned]:
    ordered = sorted(peps.rule_changes, key=lambda change: change.at)
    for number, change in enumerate(ordered, start=1):
        name = f"rule-change-{number}"
        event = DecisionRecorded(
            decision=name,
            subject=all_cases[change.rule].subject,
            title=label(change.change),
            kind="rule-change",
            text=plain(change.change),
            status="in-force",
            status_label="changed",
            decided_at=day_start(change.at),
            cites=(Citation(decision=change.rule, relation="rests-on"),),
        )
        yield planned(day_start(change.at), Order.RULE_CHANGE, f"peps/{name}", event)


def _mandate(grant: Grant, grantor: str, names: Pseudonyms) -> MandateGranted:
    given = grant.given
    return MandateGranted(
        mandate=grant.id,
        grantor_kind="body",
        grantor=grantor,
        holder_kind="person",
        holder=names.of(given.holder, "gemandateerde"),
        scope=MandateScope(subjects=(given.scope,)),
        conditions=f"{plain(given.kind)} (revisie {plain(given.evidence)})",
        valid_from=grant.at[:10],
    )


def _supersessions(peps: Peps, all_cases: dict[str, Case]) -> Iterator[Planned]:
    """Each edge with who states it, once both stand and the older one is called superseded."""
    for (successor, replaced), stated_by in supersessions(peps).items():
        event = SupersessionRecorded(decision=replaced, by_decision=successor, stated_by=stated_by)
        history = all_cases[replaced].history
        called = [instant(one.at) for one in history if STATUSES[one.status] == "superseded"]
        on = max(all_cases[successor].start[0], all_cases[replaced].start[0], *called[:1])
        act = f"peps/supersession/{successor}/{replaced}"
        yield planned(on, Order.SUPERSESSION, act, event)
