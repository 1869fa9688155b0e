"""Whatever is changed by force in the stored evidence is found, and named by its kind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ledger.log.checkpoint import Head
from ledger.log.fsck import Fsck, Kept
from ledger.log.log_key import LogKey
from ledger.log.note import signature
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, Signer
from ledger.log.snapshot import Snapshot
from ledger.log.store import Store
from ledger.log.tree import Tree
from ledger.log.tree_tables import TreeTables
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.log.checked import (
    SIZES,
    by_the_owner,
    check,
    check_on,
    data_of,
    found,
    grow,
    moment,
    replace_record,
    signed_log,
)
from tests.log.signing import CHAIN, KEY, ORIGIN, by_force, integrator_on

FOREIGN = LogKey((Signer(ORIGIN, ED25519, b"f" * 32),))
WITNESS = Signer("witness.example", ED25519_COSIGNATURE, b"w" * 32)
DAY = 86_400

Owner = psycopg.Connection[Any]
Damage = Callable[[Owner], object]


@pytest.fixture(scope="module")
def untouched(server: str, template: str) -> Iterator[str]:
    """The database of a whole log, which the tests leave as it is."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with Store(_url(server, name)) as store:
            signed_log(store)
        yield _url(server, name)
    finally:
        _run(server, DROP, name=name)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A log of 600 records, signed at 300 and 600."""
    with Store(database) as store:
        signed_log(store)
        yield store


@pytest.fixture
def whole(store: Store, database: str) -> str:
    """The database of that log, which was found whole before anybody touched it."""
    assert check(database).flaws == ()
    return database


def sql(statement: str) -> Damage:
    return lambda owner: owner.execute(statement.encode())


def test_a_log_that_nobody_touched_is_whole(store: Store, database: str) -> None:
    evidence = check(database)
    assert evidence.flaws == evidence.remarks == ()
    assert (evidence.size, evidence.signed) == (600, 600)
    assert (evidence.checkpoints, evidence.tiles) == (2, 2)
    assert evidence.root == Tree(store).root(CHAIN, 600)


def test_what_is_not_signed_yet_is_told_and_no_flaw(store: Store, database: str) -> None:
    grow(store, 800)
    evidence = check(database)
    assert evidence.flaws == ()
    assert [(one.kind, one.at, one.count) for one in evidence.remarks] == [("unsigned", 600, 200)]


def test_an_empty_chain_and_one_without_key_are_checked_as_far_as_they_go(database: str) -> None:
    assert check(database, keys=()).size == 0
    with Store(database) as store:
        grow(store, 10)
    evidence = check(database, keys=())
    assert (evidence.size, evidence.signed, evidence.checkpoints) == (10, 0, 0)
    assert evidence.flaws == ()


def swap(one: int, other: int) -> Damage:
    """Exchange the bytes of two records."""

    def change(owner: Owner) -> None:
        replace_record(owner, one, data_of(other))
        replace_record(owner, other, data_of(one))

    return change


def insert(position: int) -> Damage:
    """Move all later records up by one, and put another in the place that became free."""

    def change(owner: Owner) -> None:
        away = "UPDATE records SET originator_version = originator_version + 10000"
        owner.execute(f"{away} WHERE originator_version > {position}".encode())
        back = "UPDATE records SET originator_version = originator_version - 9999"
        owner.execute(f"{back} WHERE originator_version > 10000".encode())
        owner.execute(
            "INSERT INTO records (originator_id, originator_version, topic, state)"
            " VALUES (%s, %s, 'Made.v1', %s)",
            (CHAIN, position + 1, data_of(position, said="ingevoegd", act="another")),
        )

    return change


def other(position: int, **changed: Any) -> Damage:
    """Put another sound record in the place of one."""
    return lambda owner: replace_record(owner, position, data_of(position, **changed))


def bytes_at(position: int, data: bytes) -> Damage:
    return lambda owner: replace_record(owner, position, data)


def forged_hash(owner: Owner) -> None:
    """Other bytes under the leaf hash of the old ones."""
    owner.execute("ALTER TABLE records ALTER COLUMN leaf_hash DROP EXPRESSION")
    replace_record(owner, 2, data_of(2, said="x"))


# What was done, which kinds name it, and where the first of the first kind is.
DAMAGE: dict[str, tuple[Damage, set[str], int]] = {
    "a record changed in a full tile": (other(10, said="anders"), {"root"}, 10),
    "a record changed in the last tile": (other(550, said="anders"), {"root"}, 300),
    "the last record changed": (other(599, said="anders"), {"root"}, 300),
    "bytes changed under the old hash": (forged_hash, {"hash", "root"}, 2),
    "a byte changed": (
        bytes_at(10, data_of(10).replace(b"10", b"1O", 1)),
        {"root"}, 10),
    "a record that is none": (
        bytes_at(10, b"geen vastlegging"), {"form", "root"}, 10),
    "JSON that is no record": (
        bytes_at(10, b'{"a":1}'), {"form", "root"}, 10),
    "spaces in the bytes": (
        bytes_at(10, data_of(10).replace(b":", b": ", 1)),
        {"form", "root"}, 10),
    "a fraction in the bytes": (
        bytes_at(10, data_of(10).replace(b'"10"', b"1.5", 1)),
        {"form", "root"}, 10),
    "a record removed": (sql("DELETE FROM records WHERE originator_version = 11"), {"gap"}, 10),
    "the first record removed": (
        sql("DELETE FROM records WHERE originator_version = 1"), {"gap"}, 0),
    "two swapped": (swap(10, 20), {"place", "time", "root"}, 10),
    "two swapped in the last tile": (swap(520, 530), {"place", "time", "root"}, 300),
    "one inserted": (insert(550), {"place", "root"}, 300),
    "cut at the end": (
        sql("DELETE FROM records WHERE originator_version > 590"), {"cut"}, 590),
    "cut at a tile": (sql("DELETE FROM records WHERE originator_version > 512"), {"cut"}, 512),
    "emptied": (sql("TRUNCATE records"), {"cut"}, 0),
    "a record of another chain": (other(10, chain="other"), {"place", "root"}, 10),
    "a row of another kind": (
        sql("UPDATE records SET topic = 'Other.v1' WHERE originator_version = 11"), {"place"}, 10),
    "a clock that went back": (other(20, at=moment(1)), {"time", "root"}, 20),
    "an act twice": (other(20, act="act-3"), {"act", "root"}, 20),
    "a tile replaced": (
        sql("UPDATE tiles SET hashes = set_byte(hashes, 32, 0) WHERE index = 1"), {"tile"}, 257),
    "the root of a tile replaced": (
        sql("UPDATE tiles SET root = sha256('x') WHERE index = 0"), {"tile"}, 0),
    "a tile removed": (sql("DELETE FROM tiles WHERE index = 1"), {"tile"}, 256),
    "a tile too many": (
        sql("INSERT INTO tiles (chain, level, index, hashes, root)"
            " SELECT chain, level, 2, hashes, root FROM tiles WHERE index = 1"), {"tile"}, 600),
    "a tile of a level that is not there": (
        sql("INSERT INTO tiles (chain, level, index, hashes, root)"
            " SELECT chain, 7, 0, hashes, root FROM tiles WHERE index = 1"), {"tile"}, 600),
    "the root of a checkpoint replaced": (
        sql("UPDATE checkpoints SET root = sha256('x') WHERE size = 300"), {"checkpoint"}, 300),
    "the note of a checkpoint replaced": (
        sql("UPDATE checkpoints SET note = 'x' WHERE size = 300"), {"checkpoint"}, 300),
    "the text of a checkpoint replaced": (
        sql("UPDATE checkpoints SET note = replace(note, '300', '301') WHERE size = 300"),
        {"checkpoint", "signature"}, 300),
    "a checkpoint removed": (
        sql("DELETE FROM checkpoints WHERE size = 300"), {"order"}, 600),
    "the last checkpoint removed": (
        sql("DELETE FROM checkpoints WHERE size = 600"), {"tile"}, 300),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_found_and_named(untouched: str, case: str) -> None:
    damage, kinds, at = DAMAGE[case]
    with by_the_owner(untouched) as owner:
        damage(owner)
        flaws = check_on(owner).flaws
        owner.rollback()
    assert {flaw.kind for flaw in flaws} == kinds
    assert min(flaw.at for flaw in flaws) == at
    assert all(flaw.sentence.endswith(".") for flaw in flaws)


def test_a_damaged_log_that_is_put_right_is_whole(untouched: str) -> None:
    assert check(untouched).flaws == ()


def test_a_changed_record_and_a_changed_tile_are_told_apart(whole: str) -> None:
    with by_the_owner(whole) as owner:
        replace_record(owner, 10, data_of(10, said="anders"))
    assert "de eerste afwijking is gebeurtenis 10" in found(check(whole))["root"].sentence


def test_of_each_kind_the_first_is_named_and_all_are_counted(whole: str) -> None:
    by_force(whole, "UPDATE records SET topic = 'Other.v1' WHERE originator_version > 100")
    flaw = found(check(whole))["place"]
    assert (flaw.at, flaw.count) == (100, 500)


def test_a_checkpoint_that_the_log_signed_over_other_records_is_found(whole: str) -> None:
    forged = (str(KEY.sign(300, b"x" * 32)), b"x" * 32)
    with by_the_owner(whole) as owner:
        owner.execute("UPDATE checkpoints SET note = %s, root = %s WHERE size = 300", forged)
    assert set(found(check(whole))) == {"root"}


def test_a_replaced_key_is_found(untouched: str) -> None:
    flaw = found(check(untouched, keys=FOREIGN.verifiers))["signature"]
    assert (flaw.at, flaw.count) == (300, 2)


def test_a_rotated_or_retired_key_still_counts(whole: str, store: Store) -> None:
    rotated = KEY.rotated()
    grow(store, 700)
    integrator_on(store, key=rotated).integrate(CHAIN)
    assert check(whole, keys=rotated.verifiers).flaws == ()
    retired = rotated.without(KEY.verifiers[0].key_id.hex())
    grow(store, 710)
    integrator_on(store, key=retired).integrate(CHAIN)
    assert check(whole, keys=retired.verifiers).flaws == ()
    assert set(found(check(whole, keys=retired.verifiers[:1]))) == {"signature"}


def kept_head(store: Store, size: int) -> Kept:
    return Kept("against", "het bewaarde controlepunt", size, Tree(store).root(CHAIN, size))


def made_anew(database: str, *, key: LogKey = KEY) -> None:
    """The operator writes another history and signs all of it again."""
    by_force(
        database,
        "TRUNCATE checkpoints CASCADE",
        "TRUNCATE tiles",
        "TRUNCATE records",
    )
    with Store(database) as store:
        signed_log(store, key=key, said="anders")


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 301, 512, 600])
def test_what_was_kept_earlier_of_the_same_log_agrees(whole: str, store: Store, size: int) -> None:
    assert check(whole, kept=[kept_head(store, size)]).flaws == ()


@pytest.mark.parametrize("size", [1, 300, 301, 600])
def test_a_log_made_anew_is_whole_by_itself_and_caught_by_what_was_kept(
    whole: str, store: Store, size: int
) -> None:
    kept = kept_head(store, size)
    made_anew(whole)
    assert check(whole).flaws == ()
    assert set(found(check(whole, kept=[kept]))) == {"against"}


def test_a_restored_backup_is_whole_by_itself_and_caught_by_what_was_kept(
    whole: str, store: Store
) -> None:
    kept = kept_head(store, 600)
    by_force(
        whole,
        "DELETE FROM checkpoints WHERE size > 300",
        "DELETE FROM tiles WHERE index >= 1",
        "DELETE FROM records WHERE originator_version > 300",
    )
    assert check(whole).flaws == ()
    flaw = found(check(whole, kept=[kept]))["against"]
    assert "telt er 600" in flaw.sentence


def cosign(store: Store, size: int, *, at: int, text: str = "") -> None:
    tables = TreeTables(store)
    checkpoint = tables.checkpoint(CHAIN, size)
    assert checkpoint is not None
    said = text or checkpoint.note.partition("\n\n")[0] + "\n"
    tables.put_cosignature(CHAIN, size, signature(said, WITNESS, at=at))


def test_cosignatures_are_checked_where_the_witness_is_known(whole: str, store: Store) -> None:
    for size in SIZES:
        cosign(store, size, at=DAY + size)
    known = check(whole, witnesses=[WITNESS.verifier])
    assert (known.flaws, known.remarks, known.cosignatures) == ((), (), 2)
    strange = check(whole)
    assert strange.flaws == ()
    assert [(one.kind, one.count) for one in strange.remarks] == [("unknown-witness", 2)]


def test_a_cosignature_over_something_else_is_found(whole: str, store: Store) -> None:
    cosign(store, 300, at=DAY, text=Head(ORIGIN, 300, b"y" * 32).text())
    flaw = found(check(whole, witnesses=[WITNESS.verifier]))["cosignature"]
    assert "klopt niet" in flaw.sentence


def test_a_cosignature_that_cannot_be_read_is_found(whole: str, store: Store) -> None:
    cosign(store, 300, at=DAY)
    by_force(whole, "UPDATE cosignatures SET line = 'x'")
    assert "onleesbaar" in found(check(whole))["cosignature"].sentence


def test_a_witness_whose_clock_goes_back_is_named(whole: str, store: Store) -> None:
    cosign(store, 300, at=2 * DAY)
    cosign(store, 600, at=DAY)
    flaw = found(check(whole, witnesses=[WITNESS.verifier]))["cosignature"]
    assert (flaw.at, "is ouder dan" in flaw.sentence) == (600, True)


def test_one_moment_is_checked_while_writers_go_on(whole: str, store: Store) -> None:
    integrator = integrator_on(store)
    with Store(whole) as reading, reading.snapshot(statement_seconds=60) as conn:
        fsck = Fsck(Snapshot(conn, CHAIN), keys=KEY.verifiers)
        for row in fsck.records():
            if row.position in (0, 250, 599):
                grow(store, store.size(CHAIN) + 300)
                assert integrator.integrate(CHAIN).size == store.size(CHAIN)
        evidence = fsck.evidence()
    assert evidence.flaws == evidence.remarks == ()
    assert evidence.size == 600
    assert check(whole).size == 1500


def test_a_check_writes_nothing(whole: str) -> None:
    with (
        Store(whole) as store,
        store.snapshot(statement_seconds=60) as conn,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        conn.execute("TRUNCATE records")


def test_two_servers_that_sign_at_once_leave_a_log_that_is_whole(whole: str, store: Store) -> None:
    def sign() -> None:
        with Store(whole) as own:
            integrator = integrator_on(own)
            while integrator.integrate(CHAIN).size < 1200:
                pass

    servers = [threading.Thread(target=sign) for _ in range(2)]
    for server in servers:
        server.start()
    for size in range(610, 1201, 10):
        grow(store, size)
    for server in servers:
        server.join(60)
        assert not server.is_alive()
    evidence = check(whole)
    assert evidence.flaws == evidence.remarks == ()
    assert evidence.signed == 1200
