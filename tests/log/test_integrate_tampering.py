"""What a superuser of the database changes by force is not signed; what he cannot hide is named."""

from typing import LiteralString

import psycopg
import pytest

from ledger.log.integrate import Integrator, RefusalKind, SigningRefused
from ledger.log.log_key import LogKey
from ledger.log.note_keys import ED25519, Signer
from ledger.log.store import Row, Store
from ledger.log.tree_tables import TreeDamaged
from tests.log import tree_oracle as oracle
from tests.log.signing import (
    CHAIN,
    KEY,
    ORIGIN,
    an_integrator,
    by_force,
    grow,
    head_of,
    integrator_on,
    sizes_signed,
)

SIGNED = 600
FOREIGN = LogKey((Signer(ORIGIN, ED25519, b"f" * 32),))

SWAP = """
    UPDATE records SET originator_version =
        CASE originator_version WHEN {0} THEN -{1} WHEN {1} THEN -{0} END
    WHERE originator_version IN ({0}, {1});
    UPDATE records SET originator_version = -originator_version WHERE originator_version < 0
"""
LOOSEN = "ALTER TABLE records DROP CONSTRAINT records_position_from_zero"
INSERT_BETWEEN = """
    UPDATE records SET originator_version = -originator_version - 1 WHERE originator_version >= 550;
    UPDATE records SET originator_version = -originator_version WHERE originator_version < 0;
    INSERT INTO records (originator_id, originator_version, topic, state)
    VALUES ('keten', 550, 'Made.v1', 'inserted')
"""
FORGE_HASH = """
    ALTER TABLE records ALTER COLUMN leaf_hash DROP EXPRESSION;
    UPDATE records SET state = 'x' WHERE originator_version = 3
"""

# What is still in the tile that is not full yet, or no longer there, is noticed at once.
AT_ONCE: dict[str, tuple[RefusalKind, tuple[LiteralString, ...]]] = {
    "last changed": (
        "different", ("UPDATE records SET state = 'x' WHERE originator_version = 600",)),
    "one changed": (
        "different", ("UPDATE records SET state = 'x' WHERE originator_version = 513",)),
    "two swapped": ("different", (LOOSEN, SWAP.format(520, 530))),
    "one inserted": ("different", (LOOSEN, INSERT_BETWEEN)),
    "one removed": ("different", ("DELETE FROM records WHERE originator_version = 550",)),
    "last removed": ("smaller", ("DELETE FROM records WHERE originator_version = 600",)),
    "cut at a tile": ("smaller", ("DELETE FROM records WHERE originator_version > 512",)),
    "emptied": ("smaller", ("TRUNCATE records",)),
    "checkpoint removed": ("smaller", ("DELETE FROM checkpoints WHERE size = 600",)),
    "checkpoints emptied": ("smaller", ("TRUNCATE checkpoints CASCADE",)),
    "root replaced": (
        "different", ("UPDATE checkpoints SET root = sha256('x') WHERE size = 600",)),
    "note replaced": (
        "checkpoint", ("UPDATE checkpoints SET note = 'x' || note WHERE size = 600",)),
    "size replaced": ("checkpoint", ("UPDATE checkpoints SET size = 599 WHERE size = 600",
                                     "UPDATE checkpoints SET size = 601 WHERE size = 599",
                                     "INSERT INTO records (originator_id, originator_version,"
                                     " topic, state) VALUES ('keten', 601, 'T', '600')")),
    "restored backup": ("smaller", ("DELETE FROM checkpoints WHERE size > 300",
                                    "DELETE FROM tiles WHERE index >= 1",
                                    "DELETE FROM records WHERE originator_version > 300")),
}  # fmt: skip

# What was full and signed before: a process that starts compares all of it.
AT_A_RESTART: dict[str, tuple[LiteralString, ...]] = {
    "old changed": ("UPDATE records SET state = 'x' WHERE originator_version = 3",),
    "old swapped": (LOOSEN, SWAP.format(3, 400)),
    "old removed": ("DELETE FROM records WHERE originator_version = 3",),
    "first removed": ("DELETE FROM records WHERE originator_version = 1",),
    "hash forged": (FORGE_HASH,),
    "tile changed": ("UPDATE tiles SET hashes = set_byte(hashes, 99, get_byte(hashes, 99) # 1)",),
    "tile root changed": ("UPDATE tiles SET root = sha256('x') WHERE index = 0",),
    "tile removed": ("DELETE FROM tiles WHERE index = 1",),
    "tiles swapped": ("UPDATE tiles SET index = 9 - index", "UPDATE tiles SET index = index - 8"),
    "tiles emptied": ("TRUNCATE tiles",),
}


@pytest.fixture
def integrator(store: Store) -> Integrator:
    """An integrator that has signed the log at 300 and at 600 records."""
    integrator = integrator_on(store)
    for size in (300, SIGNED):
        grow(store, size)
        integrator.integrate(CHAIN)
    return integrator


def refused(integrator: Integrator) -> SigningRefused:
    with pytest.raises(SigningRefused, match=f"Keten {CHAIN} wordt niet getekend: ") as refusal:
        integrator.integrate(CHAIN)
    assert integrator.refusals == {CHAIN: refusal.value}
    return refusal.value


def newest(database: str) -> tuple[int, str] | None:
    with psycopg.connect(database) as reader:
        found = reader.execute("SELECT size, note FROM checkpoints ORDER BY size DESC").fetchone()
    return None if found is None else (found[0], found[1])


def put_checkpoint(database: str, note: str) -> None:
    """Put a checkpoint of 601 records, with their true root, behind the last one."""
    with psycopg.connect(database) as owner:
        owner.execute(
            "INSERT INTO checkpoints (chain, size, previous, root, note)"
            " VALUES (%s, 601, %s, %s, %s)",
            (CHAIN, SIGNED, oracle.mth(0, 601), note),
        )


@pytest.mark.parametrize("case", AT_ONCE)
def test_a_change_at_the_end_is_refused_at_once(
    store: Store, integrator: Integrator, database: str, case: str
) -> None:
    kind, changes = AT_ONCE[case]
    by_force(database, *changes)
    before = newest(database)
    assert refused(integrator).kind == kind
    store.append([Row(CHAIN, store.size(CHAIN), "Made.v1", b"another")])
    assert refused(integrator).kind in (kind, "different")
    assert newest(database) == before


@pytest.mark.parametrize("case", AT_A_RESTART)
def test_a_change_of_what_was_long_signed_is_refused_by_who_starts(
    integrator: Integrator, database: str, case: str
) -> None:
    by_force(database, *AT_A_RESTART[case])
    with an_integrator(database) as restarted:
        assert refused(restarted).kind == "different"
    assert integrator.checkpoint(CHAIN) is not None
    assert newest(database) == (SIGNED, str(KEY.sign(SIGNED, oracle.mth(0, SIGNED))))


def test_who_is_running_goes_on_with_the_log_it_signed(
    store: Store, integrator: Integrator, database: str
) -> None:
    by_force(database, *AT_A_RESTART["old changed"])
    grow(store, SIGNED + 200)
    assert integrator.integrate(CHAIN) == head_of(SIGNED + 200)
    assert sizes_signed(database)[-1] == SIGNED + 200


@pytest.mark.parametrize("case", ["last changed", "one removed", "last removed", "restored backup"])
def test_a_start_after_a_change_at_the_end_is_refused_as_far_as_it_shows(
    integrator: Integrator, database: str, case: str
) -> None:
    by_force(database, *AT_ONCE[case][1])
    with an_integrator(database) as restarted:
        if case == "restored backup":
            # A backup looks like any earlier moment: only a witness, or who saw more, can tell.
            assert restarted.integrate(CHAIN) == head_of(300)
        else:
            assert refused(restarted).kind == AT_ONCE[case][0]
    assert refused(integrator).chain == CHAIN


def test_a_whole_log_made_anew_is_refused_by_who_saw_the_old_one(
    integrator: Integrator, database: str
) -> None:
    with psycopg.connect(database) as owner:
        for table in ("records", "tiles", "checkpoints"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
            owner.execute(f"DELETE FROM {table}".encode())
        owner.execute(
            "INSERT INTO records (originator_id, originator_version, topic, state)"
            " SELECT 'keten', n, 'Made.v1', 'forged' FROM generate_series(1, 700) AS n"
        )
    with an_integrator(database) as forger:
        assert forger.integrate(CHAIN).size == 700
    assert refused(integrator).kind == "different"


def test_a_checkpoint_of_another_key_is_refused(
    store: Store, integrator: Integrator, database: str
) -> None:
    grow(store, SIGNED + 1)
    put_checkpoint(database, str(FOREIGN.sign(601, oracle.mth(0, 601))))
    assert refused(integrator).kind == "checkpoint"
    with an_integrator(database) as restarted:
        assert "Geen bekende sleutel" in str(refused(restarted))


def test_a_signed_checkpoint_that_contradicts_its_row_is_refused(
    store: Store, integrator: Integrator, database: str
) -> None:
    grow(store, SIGNED + 1)
    put_checkpoint(database, str(KEY.sign(601, oracle.mth(0, 600))))
    assert refused(integrator).kind == "checkpoint"
    with an_integrator(database) as restarted:
        assert "zegt iets anders" in str(refused(restarted))


def test_another_key_does_not_go_on_with_this_log(
    store: Store, integrator: Integrator, database: str
) -> None:
    grow(store, SIGNED + 1)
    with an_integrator(database, key=FOREIGN) as thief:
        assert refused(thief).kind == "checkpoint"
    assert integrator.integrate(CHAIN) == head_of(SIGNED + 1)


def test_a_tile_that_nobody_signed_is_in_the_way(
    store: Store, integrator: Integrator, database: str
) -> None:
    with psycopg.connect(database) as owner:
        owner.execute(
            "INSERT INTO tiles (chain, level, index, hashes, root)"
            " VALUES (%s, 0, 2, decode(repeat('00', 8192), 'hex'), sha256('x'))",
            (CHAIN,),
        )
    grow(store, 800)
    assert refused(integrator).kind == "different"
    assert sizes_signed_without_tiles(database) == [300, SIGNED]


def sizes_signed_without_tiles(database: str) -> list[int]:
    with psycopg.connect(database) as reader:
        return [row[0] for row in reader.execute("SELECT size FROM checkpoints ORDER BY size")]


def test_a_gap_behind_what_is_signed_is_refused(
    store: Store, integrator: Integrator, database: str
) -> None:
    grow(store, SIGNED + 5)
    by_force(database, "DELETE FROM records WHERE originator_version = 603")
    assert "gebeurtenis 602 ontbreekt" in str(refused(integrator))
    assert sizes_signed(database) == [300, SIGNED]


def test_one_chain_that_is_refused_holds_up_no_other(
    store: Store, integrator: Integrator, database: str
) -> None:
    by_force(database, "DELETE FROM records WHERE originator_version = 600")
    refused(integrator)
    grow(store, 5, chain="other")
    assert integrator.integrate("other") == head_of(5)
    assert list(integrator.refusals) == [CHAIN]


def test_what_is_put_right_is_signed_again(
    store: Store, integrator: Integrator, database: str
) -> None:
    by_force(database, "DELETE FROM records WHERE originator_version = 600")
    refused(integrator)
    grow(store, SIGNED + 1)
    assert integrator.integrate(CHAIN) == head_of(SIGNED + 1)
    assert integrator.refusals == {}


def test_a_clock_that_runs_backwards_does_not_matter(
    store: Store, integrator: Integrator, database: str
) -> None:
    by_force(database, "UPDATE checkpoints SET at = now() + interval '5 years'")
    grow(store, SIGNED + 1)
    assert integrator.integrate(CHAIN) == head_of(SIGNED + 1)
    with an_integrator(database) as restarted:
        assert restarted.integrate(CHAIN) == head_of(SIGNED + 1)
        found = restarted.checkpoint(CHAIN)
        assert found is not None
        assert found.size == SIGNED + 1


def test_a_tile_or_record_that_was_taken_away_is_told_apart_from_one_that_never_was(
    integrator: Integrator, database: str
) -> None:
    assert integrator.tile(CHAIN, "tile/0/002") is None
    by_force(
        database,
        "DELETE FROM tiles WHERE index = 1",
        "DELETE FROM records WHERE originator_version = 3",
        "DELETE FROM records WHERE originator_version = 600",
    )
    for path in ("tile/0/001", "tile/0/000.p/5", "tile/entries/000", "tile/0/002.p/88",
                 "tile/1/000.p/2"):  # fmt: skip
        with pytest.raises(TreeDamaged, match="is niet meer volledig"):
            integrator.tile(CHAIN, path)
    assert integrator.tile(CHAIN, "tile/0/000") is not None
