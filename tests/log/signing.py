"""What the tests of the signed tree say: a log of numbers, its key, and what must hold of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg

from ledger.log.checkpoint import Head, read_text
from ledger.log.integrate import Gate, Integrator
from ledger.log.log_key import KeyRefused, LogKey
from ledger.log.note import open_note
from ledger.log.note_keys import ED25519, Signer
from ledger.log.store import Row, Store
from ledger.log.tiles import ENTRIES, bundle, layout
from ledger.log.tree_tables import TreeTables
from tests.log import tree_oracle as oracle

CHAIN = "keten"
ORIGIN = "log.example/log/keten"
KEY = LogKey((Signer(ORIGIN, ED25519, b"k" * 32),))

CHECKPOINTS = """
    SELECT size, previous, root, note FROM checkpoints WHERE chain = %s ORDER BY size
"""
TILES = "SELECT level, index FROM tiles WHERE chain = %s ORDER BY level, index"
FILL = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    SELECT %s, position + 1, 'Made.v1', position::text::bytea
    FROM generate_series(%s::bigint, %s::bigint - 1) AS position
"""
DISARM: tuple[LiteralString, ...] = (
    "ALTER TABLE records DISABLE TRIGGER USER",
    "ALTER TABLE tiles DISABLE TRIGGER USER",
    "ALTER TABLE checkpoints DISABLE TRIGGER USER",
    "ALTER TABLE anchors DISABLE TRIGGER USER",
)


class OneKey:
    """The same key for every chain, or none."""

    def __init__(self, key: LogKey | None = KEY) -> None:
        self.now = key

    def key(self, chain: str) -> LogKey:
        if self.now is None:
            raise KeyRefused(f"De sleutel van keten {chain} is er niet.")
        return self.now


def integrator_on(
    store: Store,
    *,
    key: LogKey | None = KEY,
    gate: Gate | None = None,
    tables: TreeTables | None = None,
) -> Integrator:
    return Integrator(store, OneKey(key), gate=gate, tables=tables)


@contextmanager
def an_integrator(database: str, *, key: LogKey | None = KEY) -> Iterator[Integrator]:
    """Give an integrator on a store of its own, as another or a restarted process has it."""
    with Store(database) as store:
        yield integrator_on(store, key=key)


def grow(store: Store, size: int, *, chain: str = CHAIN) -> None:
    """Let the record of a chain grow to this size; the record at position i says i."""
    start = store.size(chain)
    store.append([Row(chain, one, "Made.v1", b"%d" % one) for one in range(start, size)])


def fill(database: str, start: int, end: int, *, chain: str = CHAIN) -> None:
    """The same for many records, made inside the database."""
    with psycopg.connect(database) as owner:
        owner.execute(FILL, (chain, start, end))


def by_force(database: str, *changes: LiteralString) -> None:
    """Change what stands as a superuser can, with all triggers off."""
    with psycopg.connect(database) as owner:
        for statement in (*DISARM, *changes):
            owner.execute(statement)


def head_of(size: int) -> Head:
    """The head of a log of numbers of this size, by the definition."""
    return Head(ORIGIN, size, oracle.mth(0, size))


def sizes_signed(database: str, *, chain: str = CHAIN, key: LogKey = KEY) -> list[int]:
    """The sizes of all checkpoints, each found to be in order and to follow the one before."""
    with psycopg.connect(database) as reader:
        rows = reader.execute(CHECKPOINTS, (chain,)).fetchall()
        tiles = reader.execute(TILES, (chain,)).fetchall()
    before = 0
    for size, previous, root, note in rows:
        assert previous == before
        found, _ = open_note(note.encode(), key.verifiers)
        assert read_text(found.text) == Head(ORIGIN, size, root) == head_of(size)
        before = size
    full = [tile for tile in layout(before) if tile.level != ENTRIES and tile.width == 256]
    assert sorted((tile.level, tile.index) for tile in full) == tiles
    return [row[0] for row in rows]


def require_served(integrator: Integrator, size: int, *, chain: str = CHAIN) -> None:
    """Every tile and bundle of this size is there and holds what the definition says."""
    for tile in layout(size):
        found = integrator.tile(chain, tile.path)
        if tile.level == ENTRIES:
            numbers = range(tile.first, tile.first + tile.width)
            assert found == bundle(b"%d" % number for number in numbers)
        else:
            assert found == oracle.tile_hashes(tile)
