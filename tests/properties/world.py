"""What somebody in a chain could name: the things that are there, a day, and one source of chance.

Everything is listed in order, so that the same chance picks the same thing in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from ledger.domain.chain import ChainState
from ledger.domain.values import later

T = TypeVar("T")

NOTHING = "onbekend"
"""A name that nothing ever gets."""
ORGANISATIONS = ("bd", "uwv", "cbs", "svb", "duo", "rdw")
SUBJECTS = ("loonaangifte", "ict", "gegevens", "k1")
WORDS = (
    "Zo doen wij het samen.",
    "Beter voor de keten, óók voor de burger",
    "€ 12,50 per bericht; zie “bijlage 3”\nen verder",
    "x",
)
NAMES: dict[str, Callable[[ChainState], Mapping[str, Any]]] = {
    "action": lambda state: state.actions.all,
    "agreement": lambda state: state.agreements.all,
    "assignment": lambda state: state.roles.assignments,
    "authority": lambda state: state.mandates.overrides.authorities,
    "body": lambda state: state.bodies.bodies,
    "bottleneck": lambda state: state.escalations.bottlenecks,
    "decision": lambda state: state.decisions.all,
    "escalation": lambda state: state.escalations.all,
    "exercise": lambda state: state.mandates.overrides.exercises,
    "lesson": lambda state: state.memory.lessons,
    "mandate": lambda state: state.mandates.all,
    "meeting": lambda state: state.meetings.all,
    "objective": lambda state: state.chains.objectives,
    "organisation": lambda state: state.chains.partners,
    "person": lambda state: state.people.registered,
    "seat": lambda state: state.bodies.seats,
    "evidence_request": lambda state: state.reviews.requests,
    "review": lambda state: state.reviews.all,
    "service_account": lambda state: state.service_accounts.all,
    "sign_in": lambda state: state.people.sign_ins,
    "signing_key": lambda state: state.signing_keys.all,
}
"""Where the things of each kind stand in a state, by id."""


class World:
    """The chain as it stands at a moment, for somebody who picks at random what to do next."""

    def __init__(self, state: ChainState, pick: Random, now: str) -> None:
        self.state = state
        self.pick = pick
        self.now = now

    @property
    def day(self) -> str:
        """Today."""
        return self.now[:10]

    def chance(self, percent: int) -> bool:
        """Say yes so many times out of a hundred."""
        return self.pick.randrange(100) < percent

    def one(self, options: Sequence[T]) -> T:
        """Pick one of these."""
        return options[self.pick.randrange(len(options))]

    def some(self, options: Sequence[T], *, most: int) -> tuple[T, ...]:
        """Pick a few of these, each once, in any order."""
        count = self.pick.randint(0, min(most, len(options)))
        return tuple(self.pick.sample(list(options), count))

    def names(self, kind: str) -> list[str]:
        """Return the ids of all things of a kind, sorted."""
        return sorted(NAMES[kind](self.state))

    def name(self, kind: str) -> str:
        """Pick a thing of a kind; now and then, or where there is none, one that does not exist."""
        names = self.names(kind)
        return self.one(names) if names and not self.chance(3) else NOTHING

    def new(self, kind: str) -> str:
        """Make up an id; sometimes one that is taken, or one that the ledger would give soon."""
        luck = self.pick.randrange(100)
        if luck < 50:
            return ""
        if luck < 90:
            return f"{kind[:3]}-{self.state.size}"
        if luck < 94:
            return f"{kind}-{self.state.size + self.pick.randrange(12)}"
        return self.one(self.names(kind) or [""]) if luck < 98 else "a" * 64

    def partner(self) -> str:
        """Pick a partner of today; seldom an organisation that is none."""
        partners = self.state.chains.partners_on(self.day)
        return self.one(partners) if partners and not self.chance(4) else self.one(ORGANISATIONS)

    def partners(self) -> tuple[str, ...]:
        """Return the partners of today, or nearly all of them."""
        partners = self.state.chains.partners_on(self.day)
        return partners if self.chance(85) else partners[1:]

    def person(self) -> str:
        """Pick somebody."""
        return self.name("person")

    def position(self) -> int:
        """Pick an earlier record; seldom one that is still to come."""
        return self.pick.randrange(self.state.size + (3 if self.chance(4) else 0) or 1)

    def date(self, *, least: int = -40, most: int = 60) -> str:
        """Pick a day near today: today itself more often than any other."""
        days = 0 if self.chance(35) else self.pick.randint(least, most)
        return later(self.now, days=days)[:10]

    def moment(self) -> str:
        """Pick a moment near now, past or to come."""
        return later(self.now, days=self.pick.randint(-20, 40))

    def text(self) -> str:
        """Say something; seldom something long, or that cannot be written down."""
        luck = self.pick.randrange(1000)
        if luck < 3:
            return "a\x00b" if luck else "é: samengesteld"
        return "lang " * 36 if luck < 15 else self.one(WORDS)
