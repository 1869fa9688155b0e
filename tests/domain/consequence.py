"""Ask what the rules say of one event by itself, as an audit does of every consequence."""

from __future__ import annotations

from ledger.domain import chain as fold
from ledger.domain.values import RULES, Event, Header, Refused
from tests.domain.given import Life, Result


def by_rules(life: Life, event: Event) -> Result:
    """Check a consequence against the rules without recording it."""
    header = Header(
        v=1,
        chain=life.state.name,
        position=life.state.size,
        at=life.now,
        on=life.now,
        by=RULES,
        scope="chain",
        cause=0,
    )
    try:
        fold.check(life.state, event, header)
    except Refused as refusal:
        return Result(life, (), refusal)
    return Result(life, (), None)
