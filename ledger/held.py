"""What is held on one person in a chain: values, where they stand in the record, who took them,
and what they read or was read of them that is confidential.

Everything is found by looking, not by what a capability says of itself: every record in which the
pseudonym stands as a value, and every record in which a sealed value stands in the clear after all,
as somebody may have typed it into free text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from ledger import catalogue
from ledger.domain import erasures
from ledger.domain.chain import ChainState
from ledger.domain.sealing import Sealing
from ledger.domain.values import MAX_INTEGER
from ledger.log import erased
from ledger.log.erased import Erased
from ledger.log.handed_out import HandedOut, Register
from ledger.log.read_log import Noted, ReadLog
from ledger.log.store import Store
from ledger.policy import speaks_for
from ledger.sealed import Opened
from ledger.vault import Vault

MAX_FOUND: Final = 5000
SHORTEST_SOUGHT: Final = 3
"""A value of fewer characters stands in every other word."""
OFFICE: Final = "chain-office"
DETAILS: Final = frozenset(
    name for one in catalogue.TYPES.values() for name in catalogue.sealed_fields(one.kind)
)
"""The fields that hold a detail of a person, in every event type that has them."""

NAMING = """
    SELECT originator_version - 1
    FROM records
    WHERE originator_id = %(chain)s AND position(%(sought)s::bytea IN state) > 0
    ORDER BY originator_version
    LIMIT %(most)s
"""


class Value(Struct, frozen=True, kw_only=True):
    """A sealed value of somebody: where its digest stands, what it says, or why it does not.

    `status` is readable, erased (then `erased` says on what ground) or lost.
    """

    field: str
    digest: str
    position: int
    status: str
    value: str = ""
    erased: Erased | None = None

    @property
    def own_words(self) -> bool:
        """Whether it is what they wrote in confidence, and not a detail of themselves."""
        return self.field not in DETAILS


class Held(Struct, frozen=True, kw_only=True):
    """All that is held on a person; lists of positions and of reads stop at MAX_FOUND.

    `reads` are those by the person and those about them, newest first.
    """

    person: str
    values: tuple[Value, ...]
    named_in: tuple[int, ...]
    spelled_out_in: tuple[int, ...]
    handed_out: tuple[HandedOut, ...]
    taken: tuple[HandedOut, ...]
    reads: tuple[Noted, ...]


def may_inspect(state: ChainState, reader: str, person: str, day: str) -> bool:
    """Tell whether a reader may have the report: the person, the office, who answers for them."""
    if not reader or person not in state.people.registered:
        return False
    if reader == person or state.roles.holds(reader, OFFICE, day):
        return True
    organisations = erasures.answering_for(state, person, day)
    return any(speaks_for(state, reader, day, one) is not None for one in organisations)


def sealed_of(state: ChainState, person: str) -> dict[str, Sealing]:
    """Return by digest where the sealed values of somebody stand, in order, erased ones too."""
    own = {digest: one for digest, one in state.sealed.items() if one.subject == person}
    return dict(sorted(own.items(), key=lambda pair: (pair[1].position, pair[1].field)))


def held_on(store: Store, vault: Vault, state: ChainState, person: str) -> Held:
    """Return all that is held on somebody in a chain. Raises KeyRefused where the key is not it."""
    chain, sealed = state.name, sealed_of(state, person)
    opened = vault.open(chain, sealed)
    gone = erased.find(store, chain, sealed)
    values = [_value(digest, one, opened, gone) for digest, one in sealed.items()]
    texts = dict.fromkeys(one.value for one in values if len(one.value) >= SHORTEST_SOUGHT)
    register = Register(store)
    return Held(
        person=person,
        values=tuple(values),
        named_in=_standing(store, chain, [json.dumps(person)]),
        spelled_out_in=_standing(store, chain, map(_as_recorded, texts)),
        handed_out=tuple(register.holding(chain, list(sealed))),
        taken=tuple(register.taken_by(chain, person)),
        reads=tuple(ReadLog(store).noted(chain, before=MAX_INTEGER, most=MAX_FOUND, person=person)),
    )


def _value(
    digest: str, one: Sealing, opened: dict[str, Opened | None], gone: dict[str, Erased]
) -> Value:
    found = opened.get(digest)
    status = "readable" if found else "erased" if digest in gone else "lost"
    return Value(
        field=one.field,
        digest=digest,
        position=one.position,
        status=status,
        value=found.value if found else "",
        erased=gone.get(digest),
    )


def _as_recorded(text: str) -> str:
    """Return a text as it would stand inside a record, without the quotes."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _standing(store: Store, chain: str, sought: Iterable[str]) -> tuple[int, ...]:
    """Return the positions of the records in which one of these texts stands."""
    found: set[int] = set()
    for text in sought:
        asked = {"chain": chain, "sought": text.encode(), "most": MAX_FOUND}
        found.update(position for (position,) in store.fetch(NAMING, asked))
    return tuple(sorted(found))
