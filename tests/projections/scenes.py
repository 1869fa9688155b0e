"""Lives for tests of read models: one with everything in it, and less visible forms of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec.structs import replace

from api import demo_chain
from ledger import catalogue
from ledger.domain.values import Scope
from ledger.recording import Entry
from tests.projections.given import CHAIN

SCOPES: tuple[Scope, ...] = ("chain", "public", "confidential", "chain", "chain", "public", "chain")
"""Scopes that fall on records in turn, so that every thing is known otherwise to other readers."""


@cache
def everything() -> tuple[Entry, ...]:
    """Return the demonstration chain: about 330 records, of every capability."""
    return tuple(_as(entry, chain=CHAIN) for entry in demo_chain.told().entries)


@cache
def in_earnest() -> tuple[Entry, ...]:
    """Return the same life of a chain that is not stamped as a demonstration."""
    first, *rest = everything()
    event = replace(first.event, demo=False)
    return (Entry(event, first.header, catalogue.encode(event, first.header)), *rest)


@cache
def mixed() -> tuple[Entry, ...]:
    """Return the same life, with scopes that change from record to record."""
    return with_scopes(everything())


def with_scopes(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return these records in the test chain, with scopes that fall on them in turn."""
    return tuple(
        _as(entry, chain=CHAIN, scope=SCOPES[entry.header.position % len(SCOPES)])
        for entry in entries
    )


def _as(entry: Entry, **changes: str) -> Entry:
    header = replace(entry.header, **changes)
    return Entry(entry.event, header, catalogue.encode(entry.event, header))
