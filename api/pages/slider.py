"""The slider in the bar of dates: from the first day of a chain to today, without a script.

    ?schuif=<step>      leads on to the same page with ?geldig_op=<the day of that step>

A browser sends where the slider stands as a number; the server makes a day of it. So the slider
counts in steps: one for each day of a young chain, evenly spaced over the life of an older one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from api.pages.as_of import MAX_LENGTH, VALID_ON
from api.problems import Problem

STEP: Final = "schuif"
MAX_STEPS: Final = 240
"""Of twenty years each step is a month; a telephone has no room for more."""
MARKS: Final = 4
"""Into how many parts the days under the slider divide it."""
MAX_DIGITS: Final = 4


class Slider(Struct, frozen=True):
    """The days between which to slide: the chain's first day and today, `days` apart."""

    first: date
    days: int

    @property
    def steps(self) -> int:
        """How many steps there are; the first day is step 0."""
        return min(self.days, MAX_STEPS)

    @property
    def stride(self) -> int:
        """How many days a step is, in whole days."""
        return round(self.days / self.steps)

    @property
    def marks(self) -> list[str]:
        """Days evenly spaced along the slider, its ends included."""
        parts = min(self.steps, MARKS)
        return [self.day(self.steps * part // parts) for part in range(parts + 1)]

    def day(self, step: int) -> str:
        """Return the day of a step, from 0 to `steps`."""
        return str(self.first + timedelta(days=step * self.days // self.steps))

    def step(self, day: str) -> int:
        """Return the step that is nearest to a day, which may lie outside the slider."""
        passed = (date.fromisoformat(day) - self.first).days
        return min(max(round(passed * self.steps / self.days), 0), self.steps)


def slider(first: str, today: str) -> Slider | None:
    """Return the slider of a chain that began on a day; None where there is nothing to slide."""
    if not first or first >= today:
        return None
    began = date.fromisoformat(first)
    return Slider(began, (date.fromisoformat(today) - began).days)


def day_asked(query: Mapping[str, str], along: Slider | None) -> str:
    """Return the day of the step in an address; Problem (malformed) where there can be none."""
    given = query[STEP]
    if along is None:
        raise Problem("malformed", f"{STEP}: deze keten is nog te jong om in te schuiven.")
    if query.get(VALID_ON):
        raise Problem("malformed", f"Verwacht {VALID_ON} of {STEP}, niet allebei.")
    sound = given.isascii() and given.isdigit() and len(given) <= MAX_DIGITS
    if not sound or int(given) > along.steps:
        found = f"{STEP}: {given[:MAX_LENGTH]!r} is geen stap"
        raise Problem("malformed", f"{found} van 0 tot en met {along.steps}.")
    return along.day(int(given))
