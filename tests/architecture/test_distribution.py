"""The database can be spread over machines by chain: every key, reference and statement allows it.

Citus itself is not needed here: these are the properties it asks of a schema and of its statements.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from ledger.log.distribution import (
    CHAIN_COLUMNS,
    KEYS,
    SHARED,
    NotOfAChain,
    Step,
    is_cluster,
    plan,
    spread,
)
from ledger.log.migrations import RECORD_FOLDER
from projections import scopes
from projections.models import MODELS
from tests.architecture.statements import of, refused_by_citus, statements, unrouted

INDEXES = """
    SELECT t.relname, i.relname, a.attname
    FROM pg_index AS x
    JOIN pg_class AS t ON t.oid = x.indrelid
    JOIN pg_class AS i ON i.oid = x.indexrelid
    LEFT JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
    WHERE x.indisunique AND t.relnamespace = 'public'::regnamespace AND t.relkind = 'r'
"""
OTHERS = """
    SELECT c.relname, c.relkind FROM pg_class AS c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('r', 'i', 't')
"""
REFERENCES = """
    SELECT f.conname, a.attname, b.attname
    FROM pg_constraint AS f
    JOIN pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
    JOIN pg_attribute AS b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]
    WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace
"""
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""


MADE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)
BY_CODE = {"migrations", "read_models", "read_progress"}


def made_tables() -> set[str]:
    """Return the names of all tables, as the migrations and the read models make them."""
    files = "".join(file.read_text("utf-8") for file in RECORD_FOLDER.iterdir())
    of_models = {table.name for model in MODELS.values() for table in model.tables}
    return {*MADE.findall(files), *of_models, *BY_CODE}


def _asked(database: str, query: str) -> list[tuple[str, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.slow
def test_every_table_has_a_key_that_begins_with_the_chain_or_is_shared_for_a_reason(
    database: str,
) -> None:
    keys = dict(_asked(database, KEYS))
    assert {name for (name,) in _asked(database, TABLES)} == set(keys) == made_tables()
    of_chains = {table for table, column in keys.items() if column in CHAIN_COLUMNS}
    assert set(keys) - of_chains == set(SHARED)
    assert {"records", "tiles", "checkpoints", "read_progress", "read_decisions"} <= of_chains


@pytest.mark.slow
def test_every_unique_index_of_a_chain_begins_with_the_chain(database: str) -> None:
    found = _asked(database, INDEXES)
    assert len(found) > 20
    others = [row for row in found if row[0] not in SHARED and row[2] not in CHAIN_COLUMNS]
    assert others == []


@pytest.mark.slow
def test_no_reference_leaves_its_chain_and_nothing_counts_for_all_chains(database: str) -> None:
    for name, column, other in _asked(database, REFERENCES):
        assert {column, other} <= CHAIN_COLUMNS, name
    assert _asked(database, OTHERS) == [], "a sequence or a view"


@pytest.mark.slow
def test_without_the_extension_nothing_is_spread(database: str) -> None:
    before = _asked(database, INDEXES)
    with psycopg.connect(database, autocommit=True) as connection:
        assert not is_cluster(connection)
        assert spread(connection) == []
    assert _asked(database, INDEXES) == before


def test_the_record_is_spread_first_the_rest_beside_it_and_the_shared_are_copied() -> None:
    keys = {"checks": "chain", "migrations": "part", "records": "originator_id"}
    assert plan(keys, set()) == [
        Step("records", "originator_id", "none"),
        Step("checks", "chain", "public.records"),
        Step("migrations"),
    ]
    assert plan(keys, {"records", "migrations"}) == [Step("checks", "chain", "public.records")]
    assert plan(keys, set(keys)) == []


def test_a_table_that_is_of_no_chain_and_not_shared_is_refused() -> None:
    with pytest.raises(NotOfAChain, match=r"Tabel rates .* begint met year"):
        plan({"rates": "year"}, set())


def test_every_statement_names_its_chain_or_says_why_it_crosses() -> None:
    tables = made_tables() - set(SHARED)
    found = {}
    for one in statements():
        crossing = unrouted(one.sql, tables)
        refused = refused_by_citus(one.sql, across=bool(crossing))
        if refused or (crossing and not one.across):
            found[one.place] = [*crossing, *refused]
    assert found == {}, "name the chain, or say right above it: # Across chains: why"


def test_the_statements_are_found() -> None:
    found = {one.place for one in statements()}
    assert len(found) > 100
    assert {"ledger/log/store.py: READ", "projections/listing.py: LIST"} <= found


def test_the_filter_of_scopes_names_the_chain() -> None:
    for made in (scopes.version("t"), scopes.worded("t"), scopes.entry("t")):
        assert '"t".chain = %(chain)s' in made.as_string()


def test_a_statement_that_forgets_the_chain_is_noticed() -> None:
    tables = {"records", "checks"}
    assert unrouted("SELECT state FROM records WHERE topic = %(t)s", tables) == ["records"]
    assert unrouted("SELECT 1 FROM checks AS c JOIN records AS r ON true", tables) == [
        "checks c",
        "records r",
    ]
    joined = "SELECT 1 FROM checks AS c JOIN records AS r ON r.originator_id = c.chain"
    assert unrouted(joined, tables) == []
    assert unrouted("INSERT INTO checks (at, chain) VALUES (1, 2)", tables) == ["checks"]
    assert unrouted("INSERT INTO checks (chain, at) VALUES (1, 2)", tables) == []
    assert unrouted("SELECT 1 FROM checks WHERE chain = %(chain)s", tables) == []
    assert unrouted("SELECT 1 FROM checks AS c WHERE {visible}", tables) == []


def test_what_a_cluster_refuses_is_noticed() -> None:
    clock = "INSERT INTO a (chain) VALUES (1) ON CONFLICT (chain) DO UPDATE SET at = now()"
    assert refused_by_citus(clock, across=False) != []
    case = "UPDATE a SET at = CASE n WHEN 0 THEN now() ELSE at END WHERE chain = 1"
    assert refused_by_citus(case, across=False) != []
    walk = "WITH RECURSIVE found AS (SELECT 1) SELECT 1 FROM found"
    assert refused_by_citus(walk, across=True) != []
    assert refused_by_citus(walk, across=False) == []


def test_the_reason_above_a_statement_is_read() -> None:
    source = "# Across chains: the few\n# that fail.\nFAILING = 'SELECT 1'\n\nONE = 'SELECT 2'\n"
    first, second = of(source, Path("x.py"))
    assert (first.across, second.across) == ("the few that fail.", "")
