"""The demonstration chain: how three organisations went from crisis to a chain that keeps itself.

About three hundred events in the shape of the loonaangifteketen, told as people would have
recorded them: no import, every effect decided by the votes of those concerned. The course is made
up and says so in its first annotation. Each chapter is a function in a `demo_story_` file, its
docstring the story; `tour` gives the questions a newcomer can ask.

The story is the same each time, byte for byte, and its lines carry their own keys, so recording
it again records nothing. Record it before a timer lets time pass in the chain: the terms of 2007
have long run out, and voting that was open halfway would be closed.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from api import demo_story_agreements as agreements
from api import demo_story_buildup as buildup
from api import demo_story_change as change
from api import demo_story_ladder as ladder
from api import demo_story_start as start
from api import demo_story_steady as steady
from api import demo_story_witnesses as last
from api.demo_story_script import CHAIN, Line, Script
from api.founding import as_founded_here
from ledger import catalogue
from ledger.domain.events.evidence import Witness
from ledger.domain.values import NotFound, Refused
from ledger.ledger import Ledger
from ledger.log.log_key import KeyFolder
from ledger.recording import Act

CHAPTERS: Final = (
    start.start,
    start.crisis,
    buildup.manager,
    buildup.structure,
    buildup.model,
    agreements.power,
    agreements.convenant,
    agreements.service_levels,
    agreements.mandates,
    ladder.breach,
    ladder.silence_and_a_tie,
    ladder.ladder,
    change.money,
    change.costs,
    change.vacancy,
    steady.ecosystem,
    steady.steady,
)

QUESTIONS: Final = (
    ("Hoe ging deze keten van crisis naar rust?", "/timeline?newestFirst=false"),
    ("Wie was ketenmanager op 1 juni 2009?", "/roles?role=chain-manager&validOn=2009-06-01"),
    ("Waarom kwam er in 2006 geen gezamenlijk herstelteam?", "/decisions/B-2006-02"),
    ("Wie mocht in 2007 niet voor een ander meepraten?", "/meetings/V-2007-01"),
    ("Wie bedacht zich bij de benoeming van de ketenmanager?", "/decisions/B-2007-03"),
    ("Volgens welke regels beslist elk overleg?", "/decision-rules"),
    ("Was het gebruik van doorzettingsmacht terecht?", "/decisions/B-2008-01"),
    ("Welke mandaten golden op 1 november 2008?", "/mandates?validOn=2008-11-01"),
    ("Welk mandaat droeg het noodherstel van B-2008-04?", "/audit/decision/B-2008-04"),
    ("Welke verschrijving is hersteld, en wat stond er?", "/meetings/V-2008-01"),
    ("Is de afspraak over de levering nagekomen?", "/agreements/SLA-2008-01"),
    ("De stemmen staakten; wie besliste, en wie betwist dat?", "/decisions/B-2009-02"),
    ("Hoe klom het knelpunt met correctieberichten de ladder op?", "/escalations/E-2009-01"),
    ("Waar ging het over correctieberichten?", "/search?text=correctiebericht"),
    ("Wat is er eerder over de financiering besloten?", "/memory?subject=financiering"),
    ("Hoe werd een besluit uit 2006 vervangen?", "/decisions/B-2006-01"),
    ("Wie zat op 1 januari 2011 in het bestuur?", "/bodies/ketenbestuur?validOn=2011-01-01"),
    ("Waarom bleef het jaarplan 2011 liggen?", "/decisions/B-2010-03"),
    ("Wat staat nog open?", "/due"),
)
"""What to look up, and the path below the chain that answers it."""


class Summary(Struct, frozen=True):
    """What came of recording: the chain, its records in all, and those that were new."""

    chain: str
    size: int
    recorded: int


def story(witnesses: tuple[Witness, ...] = ()) -> tuple[Line, ...]:
    """Return the whole story as lines to record, in order; the last chapter is of witnesses."""
    return tuple(told(witnesses).lines)


def told(witnesses: tuple[Witness, ...] = ()) -> Script:
    """Return the story with what the ledger would hold after it."""
    script = Script()
    for chapter in CHAPTERS:
        chapter(script)
    if witnesses:
        last.witnesses(script, witnesses)
    return script


def record_demo(
    ledger: Ledger, keys: KeyFolder | None = None, witnesses: tuple[Witness, ...] = ()
) -> Summary:
    """Record the story; what is there already stays as it is.

    The founding names the log key of the chain, where `keys` has one.

    Raises Refused where a line does not fit, as when the chain of that name tells another story.
    """
    before = _size(ledger)
    acts = map(act_of, story(witnesses))
    told = (
        replace(act, event=as_founded_here(act.event, ledger, CHAIN, keys, demo=True))
        for act in acts
    )
    for outcome in ledger.submit_each(CHAIN, told, stop_at_refusal=True):
        if isinstance(outcome, Refused):
            raise outcome
    size = _size(ledger)
    return Summary(chain=CHAIN, size=size, recorded=size - before)


def act_of(line: Line) -> Act:
    """Return a line as the act it asks for."""
    return Act(
        event=catalogue.read_body(line["body"]),
        by=line["by"],
        act=line["act"],
        on=line["on"],
        recorded_by=line.get("recordedBy", ""),
    )


def tour(base_url: str) -> list[tuple[str, str]]:
    """Return questions in Dutch, each with the address that answers it."""
    chain = f"{base_url.rstrip('/')}/v1/chains/{CHAIN}"
    return [(question, chain + path) for question, path in QUESTIONS]


def _size(ledger: Ledger) -> int:
    try:
        return ledger.state(CHAIN).size
    except NotFound:
        return 0
