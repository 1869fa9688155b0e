"""What an event takes on disk: its record, leaf hash and part of the tiles, with their indexes."""

from __future__ import annotations

from typing import Final

from ledger.log.store import Store

BODY_BYTES: Final = 600
READ_MODELS: Final = "read_"
CACHES: Final = ("snapshots",)
LIMIT: Final = "the rows and indexes named in the file of figures under «bytes of tables»"
FOUND: Final[dict[str, int]] = {}
"""What every table took when it was measured, the read models and caches too."""

SIZES = """
    SELECT c.relname, pg_total_relation_size(c.oid)
    FROM pg_class AS c
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    ORDER BY c.relname
"""
RECORDS = "SELECT count(*), sum(length(state)) FROM records"


def tables(store: Store) -> dict[str, int]:
    """Return the bytes of every table with its indexes."""
    return {str(name): int(size) for name, size in store.fetch(SIZES, {})}


def bytes_per_event(store: Store) -> float:
    """Return what is stored for an event of 600 bytes; read models and caches are not counted.

    That is 600 and what comes on top of the bytes of a record, on average.
    """
    FOUND.update(found := tables(store))
    evidence = sum(size for name, size in found.items() if _is_evidence(name))
    [(count, total)] = store.fetch(RECORDS, {})
    return BODY_BYTES + (evidence - int(total)) / int(count)


def _is_evidence(table: str) -> bool:
    return not table.startswith(READ_MODELS) and table not in CACHES
