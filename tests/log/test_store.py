"""The store on real PostgreSQL: rows come back as they were, a position is taken once."""

import psycopg
import pytest
from psycopg import errors

from ledger.bell import Bell
from ledger.log.canonical import MAX_RECORD_BYTES, leaf_hash
from ledger.log.growth import FIRST_RECORDS, GROWN_RECORDS, MOST_AT_ONCE
from ledger.log.store import Disclosure, NotStorable, Row, Store

LEAF_HASHES = "SELECT leaf_hash FROM records ORDER BY originator_version"
LEAP = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    SELECT %(chain)s, v, 'T', 'x'
    FROM unnest(ARRAY[%(last)s - 4, %(last)s]::int8[]) AS v
"""
TRIGGERS = """
    SELECT tgname, tgenabled FROM pg_trigger
    WHERE tgrelid = 'records'::regclass AND NOT tgisinternal
"""
FILL = """
    INSERT INTO records (originator_id, originator_version, topic, state)
    SELECT 'keten-' || c, v, 'T', 'x'
    FROM generate_series(1, 20) AS c, generate_series(1, 1000) AS v
"""


def row(position: int, chain: str = "keten", data: bytes = b"{}") -> Row:
    return Row(chain, position, "Made.v1", data)


def rows(count: int, *, start: int = 0, chain: str = "keten") -> list[Row]:
    return [
        row(position, chain, b'{"n":%d}' % position) for position in range(start, start + count)
    ]


# Keeping and reading


def test_rows_come_back_as_they_were(store: Store) -> None:
    kept = [row(0, data=bytes(range(256))), row(1, data='{"naam":"é"}'.encode()), row(2)]
    store.append(kept[:1])
    store.append(kept[1:])
    assert store.read("keten") == kept
    assert all(type(found.data) is bytes for found in store.read("keten"))


def test_an_unknown_chain_is_empty(store: Store) -> None:
    assert store.read("onbekend") == []
    assert list(store.walk("onbekend")) == []
    assert store.size("onbekend") == 0
    assert store.chains() == []
    assert store.sizes() == {}


def test_appending_nothing_keeps_nothing(store: Store) -> None:
    store.append([])
    assert store.sizes() == {}


def test_reading_starts_and_stops_where_asked(store: Store) -> None:
    kept = rows(10)
    store.append(kept)
    assert store.read("keten", start=3, limit=4) == kept[3:7]
    assert store.read("keten", start=8, limit=4) == kept[8:]
    assert store.read("keten", start=10) == []
    assert store.read("keten", limit=0) == []


@pytest.mark.parametrize("page", [0, 1, 3, 7, 10, 11, 1000])
def test_a_walk_gives_each_row_once_whatever_the_page(store: Store, page: int) -> None:
    kept = rows(10)
    store.append(kept)
    assert list(store.walk("keten", page=page)) == kept
    assert list(store.walk("keten", 4, page)) == kept[4:]


def test_a_walk_includes_what_is_written_meanwhile(store: Store) -> None:
    store.append(rows(4))
    walk = store.walk("keten", page=2)
    seen = [next(walk) for _ in range(4)]
    store.append(rows(3, start=4))
    assert seen + list(walk) == rows(7)


def test_a_walk_goes_on_behind_a_hole_made_by_force(store: Store, database: str) -> None:
    store.append(rows(50))
    with psycopg.connect(database) as owner:
        owner.execute("ALTER TABLE records DISABLE TRIGGER records_never_change")
        owner.execute("DELETE FROM records WHERE originator_version BETWEEN 11 AND 40")
    positions = [found.position for found in store.walk("keten", page=5)]
    assert positions == [*range(10), *range(40, 50)]


@pytest.mark.parametrize("page", [1, 3, 7, 10, 11, 1000])
def test_a_tail_gives_each_row_to_the_end_whatever_the_page(store: Store, page: int) -> None:
    kept = rows(10)
    store.append(kept)
    assert list(store.tail("keten", 0, page)) == kept
    assert list(store.tail("keten", 4, page)) == kept[4:]
    assert list(store.tail("keten", 10, page)) == []
    assert list(store.tail("onbekend", 0, page)) == []


def test_a_tail_goes_on_behind_a_hole_made_by_force(store: Store, database: str) -> None:
    store.append(rows(50))
    with psycopg.connect(database) as owner:
        owner.execute("ALTER TABLE records DISABLE TRIGGER records_never_change")
        owner.execute("DELETE FROM records WHERE originator_version BETWEEN 11 AND 40")
    positions = [found.position for found in store.tail("keten", 8, 5)]
    assert positions == [8, 9, *range(40, 50)]


def test_chains_are_apart(store: Store) -> None:
    store.append([*rows(3, chain="a"), *rows(5, chain="b"), *rows(1, chain="ü")])
    assert store.sizes() == {"a": 3, "b": 5, "ü": 1}
    assert store.chains() == sorted(store.sizes())
    assert [found.chain for found in store.read("b")] == ["b"] * 5
    assert store.size("b") == 5


def test_sizes_are_found_through_indexes_alone(store: Store) -> None:
    known = {f"keten-{number}": 1000 for number in range(1, 21)}
    asked = {"chains": list(known), "sizes": list(known.values()), "most": MOST_AT_ONCE}
    with store.connection() as conn:
        conn.execute(FILL)
        conn.execute("ANALYZE records")
        # A table this small may be read as a whole; whether it has to be is the question.
        conn.execute("SET LOCAL enable_seqscan = off")
        conn.execute("SET LOCAL enable_bitmapscan = off")
        plans = [
            "\n".join(str(line["QUERY PLAN"]) for line in conn.execute("EXPLAIN " + query, asked))
            for query in (FIRST_RECORDS, GROWN_RECORDS)
        ]
    assert "Seq Scan" not in "".join(plans)
    assert "Index Only Scan using records_first" in plans[0]
    assert "Index Only Scan using records_key" in plans[1]
    assert store.sizes() == known


def test_sizes_follow_what_grew_what_is_new_and_what_was_removed_by_force(store: Store) -> None:
    store.append([*rows(3, chain="a"), *rows(5, chain="b")])
    assert store.sizes() == {"a": 3, "b": 5}
    store.append([*rows(4, chain="a")[3:], *rows(2, chain="c")])
    assert store.sizes() == {"a": 4, "b": 5, "c": 2}
    with store.connection() as conn:
        conn.execute("ALTER TABLE records DISABLE TRIGGER USER")
        conn.execute("DELETE FROM records WHERE originator_id = 'b' AND originator_version > 2")
        conn.execute("DELETE FROM records WHERE originator_id = 'c'")
    assert store.sizes() == {"a": 4, "b": 2}


def test_a_chain_that_grew_by_very_much_is_asked_from_its_end(store: Store) -> None:
    store.append(rows(1))
    assert store.sizes() == {rows(1)[0].chain: 1}
    with store.connection() as conn:
        conn.execute(LEAP, {"chain": rows(1)[0].chain, "last": MOST_AT_ONCE + 5})
    assert store.sizes() == {rows(1)[0].chain: MOST_AT_ONCE + 5}


def test_the_database_computes_the_leaf_hash(store: Store) -> None:
    store.append(rows(3))
    with store.connection() as conn:
        found = [bytes(line["leaf_hash"]) for line in conn.execute(LEAF_HASHES)]
    assert found == [leaf_hash(kept.data) for kept in rows(3)]


def test_nobody_states_a_leaf_hash_of_his_own(store: Store) -> None:
    with pytest.raises(errors.GeneratedAlways), store.connection() as conn:
        conn.execute(
            "INSERT INTO records (originator_id, originator_version, topic, state, leaf_hash)"
            " VALUES ('keten', 1, 'T', 'x', 'y')"
        )


# What is kept never changes


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE records SET state = 'y' WHERE originator_version = 2",
        "UPDATE records SET originator_id = 'other'",
        "DELETE FROM records",
        "TRUNCATE records",
        "TRUNCATE records CASCADE",
        "INSERT INTO records (originator_id, originator_version, topic, state)"
        " VALUES ('keten', 1, 'T', 'y')"
        " ON CONFLICT (originator_id, originator_version) DO UPDATE SET state = 'y'",
    ],
)
def test_the_database_refuses_a_change_of_the_record(store: Store, change: str) -> None:
    store.append(rows(3))
    with (
        pytest.raises(errors.RestrictViolation, match="Wat is vastgelegd verandert niet"),
        store.connection() as conn,
    ):
        conn.execute(change.encode())
    assert store.read("keten") == rows(3)


def test_the_refusal_stands_where_ordinary_triggers_are_off(store: Store) -> None:
    with store.connection() as conn:
        found = {line["tgname"]: line["tgenabled"] for line in conn.execute(TRIGGERS)}
    assert found == {"records_never_change": "A", "records_never_emptied": "A"}


def test_snapshots_and_disclosures_may_be_deleted(store: Store) -> None:
    store.put_disclosures([Disclosure("keten", "d1", "person-1", b"secret", bytes(12))])
    with store.connection() as conn:
        conn.execute("INSERT INTO snapshots VALUES ('keten', 7, 'v1', 'state')")
    with store.connection() as conn:
        assert conn.execute("DELETE FROM snapshots").rowcount == 1
        assert conn.execute("DELETE FROM disclosures").rowcount == 1


# What cannot be kept


def test_the_largest_record_is_kept_and_one_byte_more_is_refused(store: Store) -> None:
    store.append([row(0, data=b"x" * MAX_RECORD_BYTES)])
    for too_large in ([row(1, data=b"x" * (MAX_RECORD_BYTES + 1))], [row(1), row(2, data=b"")]):
        with pytest.raises(NotStorable, match="1 tot en met 65535 bytes"):
            store.append(too_large)
    assert store.size("keten") == 1


@pytest.mark.parametrize("size", [0, MAX_RECORD_BYTES + 1])
def test_the_database_itself_refuses_a_record_of_a_wrong_size(store: Store, size: int) -> None:
    with (
        pytest.raises(errors.CheckViolation, match="records_state_size"),
        store.connection() as conn,
    ):
        conn.execute(
            "INSERT INTO records (originator_id, originator_version, topic, state)"
            " VALUES ('keten', 1, 'T', %s)",
            (b"x" * size,),
        )


@pytest.mark.parametrize(
    "wrong",
    [
        row(-1),
        row(0, chain=""),
        row(0, chain="x" * 201),
        row(0, chain="a\0b"),
        Row("keten", 0, "", b"{}"),
        row(2**63),
    ],
)
def test_a_row_that_fits_nowhere_is_refused_with_its_batch(store: Store, wrong: Row) -> None:
    for batch in ([wrong], [row(5), wrong]):
        with pytest.raises(NotStorable, match="kan niet worden bewaard"):
            store.append(batch)
    assert store.sizes() == {}


# Telling others


def test_who_listens_hears_which_chain_grew(store: Store) -> None:
    heard = store.listen(timeout_seconds=30)
    assert next(heard) == ""
    store.notify({"keten-één met spatie": 3})
    store.notify({"b": 1})
    assert next(heard) == "keten-één met spatie"
    assert next(heard) == "b"
    heard.close()


def test_telling_goes_on_after_what_went_wrong_on_the_same_connection(database: str) -> None:
    heard = Store(database).listen(timeout_seconds=30)
    assert next(heard) == ""
    with Store(database, pool_size=1) as store:
        store.notify({"a": 1})
        with store.connection() as conn:
            conn.execute("SELECT 1", prepare=True)
        with pytest.raises(errors.DivisionByZero), store.connection() as conn:
            conn.execute("SELECT 1 / 0")
        assert store.size("a") == 0
        store.notify({"b": 1})
        assert [next(heard), next(heard)] == ["a", "b"]
    heard.close()


def test_who_rests_on_a_bell_hears_it_and_hears_how_far_a_chain_is(store: Store) -> None:
    bell = Bell()
    heard = store.hear(30, bell)
    assert next(heard) == ("", 0)
    bell.ring()
    assert next(heard) == ("", 0)
    store.notify({"b": 12})
    assert next(heard) == ("b", 12)
    heard.close()
    bell.close()


def test_silence_is_told_as_well(store: Store) -> None:
    heard = store.listen(timeout_seconds=0.01)
    assert [next(heard) for _ in range(3)] == ["", "", ""]
    heard.close()


# Disclosures


def test_disclosures_come_back_by_digest_and_chain(store: Store) -> None:
    kept = [
        Disclosure("keten", f"d{number}", "person-1", b"\x00secret", bytes(12))
        for number in range(3)
    ]
    store.put_disclosures(kept)
    store.put_disclosures([])
    assert store.get_disclosures("keten", ["d0", "d2", "erased"]) == {"d0": kept[0], "d2": kept[2]}
    assert store.get_disclosures("other", ["d0"]) == {}
    assert store.get_disclosures("keten", []) == {}


def test_a_disclosure_put_twice_stays_as_it_was(store: Store) -> None:
    first = Disclosure("keten", "d1", "person-1", b"one", bytes(12))
    store.put_disclosures([first])
    store.put_disclosures([first._replace(ciphertext=b"two")])
    assert store.get_disclosures("keten", ["d1"]) == {"d1": first}


def test_disclosures_are_put_all_or_none(store: Store) -> None:
    good = Disclosure("keten", "d1", "person-1", b"one", bytes(12))
    with pytest.raises(errors.CheckViolation):
        store.put_disclosures([good, good._replace(digest="d2", nonce=b"")])
    assert store.get_disclosures("keten", ["d1", "d2"]) == {}


# A connection for others


def test_a_lent_connection_commits_at_the_end(store: Store) -> None:
    with store.connection() as conn:
        conn.execute("CREATE TABLE made (n int)")
    with store.connection() as conn:
        assert conn.execute("SELECT count(*) AS n FROM made").fetchone() == {"n": 0}


def test_a_lent_connection_is_undone_by_an_error(store: Store) -> None:
    def make_a_table_and_fail() -> None:
        with store.connection() as conn:
            conn.execute("CREATE TABLE made (n int)")
            raise LookupError("somebody else's mistake")

    with pytest.raises(LookupError):
        make_a_table_and_fail()
    with pytest.raises(errors.UndefinedTable), store.connection() as conn:
        conn.execute("SELECT n FROM made")
