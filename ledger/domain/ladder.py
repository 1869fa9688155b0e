"""The escalation ladder: its rungs from the work floor up, each with its term.

A chain without a ladder of its own uses the default one; a ladder counts from the moment it was
adopted, and an escalation keeps the ladder under which it was raised. Rules E2 and E4.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ledger.domain.events.escalations import EscalationLadderAdopted, Rung
from ledger.domain.values import require

HORIZONTAL_BEFORE_RUNG = 2
"""Whoever goes up to this rung or higher has first tried to solve it among themselves (K:1207)."""


class Ladder(Struct, frozen=True):
    """One version of the ladder: its rungs from 0 up, and since when it counts (empty: always)."""

    rungs: tuple[Rung, ...]
    horizontal_first: Literal["warn", "require"] = "warn"
    since: str = ""

    @property
    def top(self) -> int:
        """The number of the last rung."""
        return len(self.rungs) - 1

    def name(self, rung: int) -> str:
        """Say a rung with its number and its name."""
        return f"trede {rung} ({self.rungs[rung].name})"


DEFAULT_LADDER = Ladder(
    rungs=(
        Rung(name="horizontaal overleg", term_days=14),
        Rung(name="teammanagers", term_days=14),
        Rung(name="ketenregisseurs", term_days=14),
        Rung(name="ketenmanager", term_days=10),
        Rung(name="lijnmanagersoverleg", term_days=21),
        Rung(name="ketenbestuur", term_days=30),
        Rung(name="bestuurlijk kernteam", term_days=14),
        Rung(name="minister of staatssecretaris", term_days=0),
    )
)
"""What holds until the chain adopts a ladder of its own (glossary, section 5)."""


def sensible(event: EscalationLadderAdopted) -> None:
    """Refuse a ladder that names a rung twice or lets one forward to nowhere or at no time."""
    names = [rung.name for rung in event.rungs]
    require(len(set(names)) == len(names), "E2", f"dubbel genoemd in {', '.join(names)}")
    for number, rung in enumerate(event.rungs):
        timed = rung.term_days > 0 or not rung.forwards_by_itself
        require(timed, "E2", f"trede {number} schuift vanzelf door, maar heeft geen termijn")
    onward = not event.rungs[-1].forwards_by_itself
    require(onward, "E2", "boven de laatste trede is niets om naar door te schuiven")


def one_up(ladder: Ladder, *, from_rung: int, to_rung: int) -> None:
    """Refuse a step of more or less than one rung up, and one past the last rung."""
    next_rung = to_rung == from_rung + 1
    require(next_rung, "E4", f"gevonden: van trede {from_rung} naar trede {to_rung}")
    exists(ladder, to_rung)


def exists(ladder: Ladder, rung: int) -> None:
    """Refuse a rung above the last one."""
    require(rung <= ladder.top, "E4", f"trede {rung} bestaat niet; de laatste is {ladder.top}")
