"""A made-up chain of any size, the same for the same seed: for measuring and for trying out.

    ketenledger generate --events 1000000 --seed 7 > keten.jsonl
    ketenledger record proefketen keten.jsonl

The acts are what people of such a chain do (`made_up_cases.py`), one every ten minutes from 2006
on, and the rules of the ledger take every one of them. Each comes with how many records it gives,
what follows from it included, so that a chain of a wanted size is made without keeping its state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

import msgspec

from api.made_up_cases import CASES, WEIGHTS, Life, Step
from api.made_up_words import ORGANISATIONS
from ledger import catalogue
from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import ChainEstablished, FoundingPartner
from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from ledger.domain.events.escalations import EscalationLadderAdopted, Rung
from ledger.domain.events.memory import EventAnnotated
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned
from ledger.domain.values import Event, Refused, Source
from ledger.recording import Act

MIN_EVENTS: Final = 100
MAX_EVENTS: Final = 1_000_000
FOUNDING_RECORDS: Final = 20
"""The founding and what follows: three partners with their representatives, seats and body."""
LONGEST_CASE: Final = 14
LEVELS: Final = (
    ("ketenbestuur", "chain-board", "strategic"),
    ("lijnmanagersoverleg", "line-managers-meeting", "tactical"),
    ("productieoverleg", "production-meeting", "operational"),
)
RULE: Final = DecisionRule(kind="majority", early_closing="all-voted")
RUNGS: Final = (
    Rung(name="werkvloer", term_days=0),
    Rung(name="teammanagers", term_days=30),
    Rung(name="ketenregisseurs", term_days=30),
    Rung(name="ketenmanager", term_days=30),
    Rung(name="ketenbestuur", term_days=60),
)
IMPORTER: Final = "overname"
SOURCE: Final = Source(name="oprichtingsdossier van een verzonnen keten", sha256="0" * 64)


def steps(events: int, seed: int) -> Iterator[Step]:
    """Yield the acts of a made-up chain that together give exactly so many records.

    Raises Refused (G13) outside MIN_EVENTS to MAX_EVENTS.
    """
    if not MIN_EVENTS <= events <= MAX_EVENTS:
        raise Refused("G13", f"{events} gebeurtenissen; verwacht {MIN_EVENTS} tot {MAX_EVENTS}")
    # Nothing here is a secret.
    life = Life(random.Random(seed))  # noqa: S311  # nosec B311
    made = 0
    for step in _founding(life):
        made += step.records
        yield step
    while made + LONGEST_CASE <= events:
        for step in life.chance.choices(CASES, WEIGHTS)[0](life):
            made += step.records
            yield step
    for number in range(events - made):
        note = EventAnnotated(target=number, label="slot", text=life.words.prose(2))
        yield life.step("bureau", note)


def acts(events: int, seed: int) -> Iterator[Act]:
    """Yield the same as acts alone."""
    return (step.act for step in steps(events, seed))


def line(act: Act) -> bytes:
    """Write an act as a line that `ketenledger record` takes."""
    body = {"type": catalogue.type_name(type(act.event)), **msgspec.to_builtins(act.event)}
    said = {"body": body, "on": act.on, "by": act.by, "act": act.act}
    if act.source is not None:
        said["source"] = msgspec.to_builtins(act.source)
    return msgspec.json.encode(said)


def _founding(life: Life) -> Iterator[Step]:
    yield life.step("r-dienst-noord", _establishment(), records=FOUNDING_RECORDS)
    for event in _frame(life):
        yield life.step(IMPORTER, event, source=SOURCE)


def _establishment() -> ChainEstablished:
    return ChainEstablished(
        name="Verzonnen keten",
        origin="chosen",
        objective="Een keten die alleen bestaat om te meten en te proberen.",
        partners=tuple(
            FoundingPartner(
                organisation=one,
                name=one.replace("-", " ").capitalize(),
                status="owner",
                representative=f"r-{one}",
            )
            for one in ORGANISATIONS
        ),
        import_authority=IMPORTER,
    )


def _frame(life: Life) -> Iterator[Event]:
    """The people, bodies, seats and rules of the first day, taken over from a file."""
    day = life.day
    for person, function in (("manager-1", "ketenmanager"), ("bureau", "ketenbureau")):
        yield PersonRegistered(person=person, function=function)
    yield RoleAssigned(assignment="bureau", role="chain-office", person="bureau", valid_from=day)
    yield RoleAssigned(
        assignment="manager-1", role="chain-manager", person="manager-1", valid_from=day
    )
    for name, kind, level in LEVELS:
        yield BodyEstablished(body=name, name=name.capitalize(), kind=kind, level=level)  # type: ignore[arg-type]  # literals above
        for organisation in ORGANISATIONS:
            seat, person = f"{name}-{organisation}", f"{name}-{organisation}-1"
            yield PersonRegistered(person=person, function=f"lid {name}")
            yield SeatCreated(seat=seat, body=name, organisation=organisation)
            yield SeatAssigned(seat=seat, person=person, valid_from=day)
            life.seats[seat] = (person, day, 1)
        yield DecisionRuleAdopted(body=name, name="meerderheid", rule=RULE)
    yield EscalationLadderAdopted(rungs=RUNGS)
