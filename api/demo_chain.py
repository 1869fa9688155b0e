"""The demonstration chain: how three organisations went from crisis to a chain that keeps itself.

About three hundred events in the shape of the loonaangifteketen, told as people would have
recorded them: no import, every effect decided by the votes of those concerned. The course is made
up and says so in its first annotation. Each chapter is a function in a `demo_story_` file, its
docstring the story; `demo_tour` has the questions a newcomer can ask.

The story is the same each time, byte for byte, and its lines carry their own keys, so recording
it again records nothing. Each line is recorded at its own hour of the story (see `demo_clock`), so
that what was known then can be asked too. Record it before a timer lets time pass in the chain: the
terms of 2007 have long run out, and voting that was open halfway would be closed.
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
from api.demo_clock import StoryClock
from api.demo_story_script import CHAIN, Line, Script
from api.founding import as_founded_here
from ledger import catalogue
from ledger.domain import chain as fold
from ledger.domain.events.evidence import Witness
from ledger.domain.values import NotFound
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
    ledger: Ledger,
    keys: KeyFolder | None = None,
    witnesses: tuple[Witness, ...] = (),
    *,
    clock: StoryClock,
) -> Summary:
    """Record the story; what is there already stays as it is.

    The founding names the log key of the chain, where `keys` has one. `clock` is that of the
    ledger: every line is recorded at its hour of the story, as access to a chain is given on the
    very day.

    Raises Refused where a line does not fit, as when the chain of that name tells another story.
    """
    before = _size(ledger)
    for line in story(witnesses):
        act = act_of(line)
        act = replace(act, event=as_founded_here(act.event, ledger, CHAIN, keys, demo=True))
        _let_time_pass(ledger, clock, until=line["at"])
        with clock.at(line["at"]):
            ledger.submit(CHAIN, act)
    size = _size(ledger)
    return Summary(chain=CHAIN, size=size, recorded=size - before)


def _let_time_pass(ledger: Ledger, clock: StoryClock, *, until: str) -> None:
    """Record what time makes happen before the next line on its own day, as a timer would."""
    while until and _size(ledger) and (found := fold.due(ledger.state(CHAIN), until)):
        with clock.at(found.on):
            ledger.pass_time(CHAIN)


def act_of(line: Line) -> Act:
    """Return a line as the act it asks for."""
    return Act(
        event=catalogue.read_body(line["body"]),
        by=line["by"],
        act=line["act"],
        on=line["on"],
        recorded_by=line.get("recordedBy", ""),
    )


def _size(ledger: Ledger) -> int:
    try:
        return ledger.state(CHAIN).size
    except NotFound:
        return 0
