"""What an escalation is and where it stands: the state that its rules ask for.

Texts of reasons and solutions are for readers; here is what later steps are judged by, and what the
lesson at the end is made of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from ledger.domain.alarms import Alarms
from ledger.domain.ladder import DEFAULT_LADDER, Ladder
from ledger.domain.maps import Map
from ledger.domain.values import Refused, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

STATUS_NAMES = {"open": "open", "resolved": "opgelost", "closed": "gesloten"}


class Escalation(Struct, frozen=True):
    """A matter on its ladder (the place of that version in `Escalations.ladders`).

    Its last step was at `moved_at`; `unprepared` says that the lack of horizontal talks was put on
    record.
    """

    subject: str
    bottleneck: str
    ladder: int
    rung: int
    highest: int
    position: int
    moved_at: str
    status: Literal["open", "resolved", "closed"] = "open"
    received: bool = False
    unprepared: bool = False
    decision: str = ""


class Escalations(Struct, frozen=True):
    """All escalations, the ladders they stand on, running terms, and bottlenecks.

    `bottlenecks` tells of each whether those concerned tried to solve it among themselves.
    """

    all: Map[str, Escalation] = field(default_factory=Map)
    bottlenecks: Map[str, bool] = field(default_factory=Map)
    ladders: tuple[Ladder, ...] = (DEFAULT_LADDER,)
    alarms: Alarms = field(default_factory=Alarms)

    def tried(self, bottleneck: str) -> bool:
        """Tell whether those concerned tried to solve it among themselves; no bottleneck, no."""
        return self.bottlenecks.get(bottleneck, False)

    def unfinished(self) -> tuple[str, ...]:
        """Return the escalations that are not closed, in alphabetical order."""
        return tuple(sorted(name for name, one in self.all.items() if one.status != "closed"))

    def ladder_on(self, moment: str) -> int:
        """Return the place of the ladder in force at a moment."""
        count = range(len(self.ladders))
        return next(place for place in reversed(count) if self.ladders[place].since <= moment)

    def ladder_of(self, name: str) -> Ladder:
        """Return the ladder under which an escalation was raised."""
        return self.ladders[self.all[name].ladder]


def known(chain: ChainState, name: str) -> Escalation:
    """Return an escalation, or refuse an unknown one."""
    found = chain.escalations.all.get(name)
    if found is None:
        raise Refused("E7", f"escalatie {name} bestaat niet")
    return found


def still_open(chain: ChainState, name: str) -> Escalation:
    """Return an escalation that was not solved yet, or refuse."""
    found = known(chain, name)
    require(found.status == "open", "E9", f"{name} is {STATUS_NAMES[found.status]}")
    return found
