"""What an import plans to record: each event with its moment, its order and its key.

An event is made only when its turn comes, because people get their pseudonyms in order of
appearance: whoever is named for the first time is registered just before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from typing import Final

from msgspec import Struct

from api.peps_file import plain
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Event

IMPORTER: Final = "importeur"
"""Who records this history: the import authority that the founding names."""
NOBODY_YET: Final = re.compile(r"^(?:[A-Z]+|n/a)$")
"""A mark that the source has no name here yet: one word in capitals, or `n/a`."""


class Order(IntEnum):
    """What comes first of things that happened at the same moment."""

    CHAIN = 1
    BODY = 2
    SEAT = 3
    MANDATE = 4
    DECISION = 5
    STATUS = 6
    ELECTION = 7
    RULE_CHANGE = 8
    TERM = 9
    SUPERSESSION = 10
    RATIONALE = 11
    END = 12


class Pseudonyms:
    """Gives every spelling of a name its own pseudonym, `person-1` first.

    The names in a file do not tell who is the same person: two spellings are never put together.
    """

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._newcomers: list[PersonRegistered] = []

    def of(self, name: str, function: str) -> str:
        """Return the pseudonym for a name; `function` tells what a newcomer first appears as."""
        name = plain(name)
        if name not in self._given:
            person = self._given[name] = f"person-{len(self._given) + 1}"
            said = "nog niet benoemd in de bron" if NOBODY_YET.match(name) else function
            self._newcomers.append(PersonRegistered(person=person, function=said, name=name))
        return self._given[name]

    def newcomers(self) -> list[PersonRegistered]:
        """Return who was named for the first time since this was last asked, names unsealed."""
        newcomers, self._newcomers = self._newcomers, []
        return newcomers


class Planned(Struct, frozen=True):
    """Something to record at a moment; `act` is its key, the same on every import of the file."""

    on: str
    order: Order
    act: str
    event: Callable[[Pseudonyms], Event]

    @property
    def turn(self) -> tuple[str, int, str]:
        """What it is sorted by: the moment, then the kind, then the key."""
        return (self.on, self.order, self.act)


def planned(on: str, order: Order, act: str, event: Event) -> Planned:
    """Plan an event that names no person of the file."""
    return Planned(on, order, act, lambda _: event)
