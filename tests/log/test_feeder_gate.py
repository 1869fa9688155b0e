"""The gate: what witnesses know keeps a restored backup and a second history from being signed."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.log.checkpoint import Head
from ledger.log.feed_tables import Evidence, FeedTables
from ledger.log.feeder import InForce, PolicyUnknown
from ledger.log.integrate import SigningRefused
from ledger.log.note import Note, signed
from ledger.log.store import Row
from ledger.log.witness import read_request
from tests.log.feeding import (
    SHORT,
    Liar,
    Side,
    a_policy,
    a_side,
    a_witness_of_us,
    all_served,
    key_of,
    listed,
)
from tests.log.scene import until
from tests.log.signing import CHAIN, KEY, ORIGIN, grow, head_of

pytestmark = pytest.mark.slow

DEAD = "http://127.0.0.1:9"


def now() -> int:
    return int(time.time())


def evidence_of(size: int) -> Evidence:
    return Evidence(size, 409, b"old 0", b"400")


def refusal(side: Side) -> SigningRefused:
    with pytest.raises(SigningRefused) as refused:
        side.sign()
    assert refused.value.kind == "gate"
    return refused.value


def branch(side: Side, size: int) -> None:
    """Let the record go on otherwise than it did, as after a restored backup."""
    start = side.store.size(CHAIN)
    rows = [Row(CHAIN, one, "Made.v1", b"anders %d" % one) for one in range(start, size)]
    side.store.append(rows)


@pytest.fixture
def backup(database: str) -> Iterator["Backup"]:
    made = Backup(database)
    yield made
    made.drop()


class Backup:
    """Copies a database, and gives the copy as if it had been put back."""

    def __init__(self, database: str) -> None:
        self._from = database
        self._name = f"copy_{uuid4().hex[:12]}"

    def taken(self) -> str:
        """Copy the database as it is now, with nobody connected to it; return the copy."""
        said = conninfo_to_dict(self._from)
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        with psycopg.connect(self._elsewhere(), autocommit=True) as owner:
            names = (sql.Identifier(self._name), sql.Identifier(str(said["dbname"])))
            owner.execute(sql.SQL(copy).format(*names))
        return make_conninfo(self._from, dbname=self._name)

    def drop(self) -> None:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with psycopg.connect(self._elsewhere(), autocommit=True) as owner:
            owner.execute(drop.format(sql.Identifier(self._name)))

    def _elsewhere(self) -> str:
        return make_conninfo(self._from, dbname="postgres")


def test_a_restored_backup_signs_nothing_and_says_why(
    database: str, tmp_path: Path, backup: Backup
) -> None:
    with all_served(tmp_path, 2) as witnesses:
        policy = a_policy(*witnesses, needed=2)
        with a_side(database, policy) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.published_size() == 5)
        copy = backup.taken()
        with a_side(database, policy) as side:
            grow(side.store, 9)
            side.sign()
            until(lambda: side.published_size() == 9)
        with a_side(copy, policy, feeding=False) as restored:
            branch(restored, 7)
            refused = refusal(restored)
            assert "kent een groter log" in str(refused)
            assert "omvang 9" in str(refused)
            head = restored.integrator.checkpoint(CHAIN)
            assert head is not None
            assert head.size == 5
            kept = restored.feeds.refusals(CHAIN)
            assert {one.kind for one in kept} == {"ahead"}
            assert all(b"\n9\n" in one.answer for one in kept)
        # The witnesses are as they were: the true log goes on.
        with a_side(database, policy) as side:
            grow(side.store, 11)
            assert side.sign().size == 11
            until(lambda: side.published_size() == 11)


def test_a_restored_backup_that_grew_past_the_witnesses_is_another_log(
    database: str, tmp_path: Path, backup: Backup
) -> None:
    with all_served(tmp_path, 1) as [one]:
        with a_side(database) as side:
            grow(side.store, 5)
            side.sign()
        copy = backup.taken()
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 7)
            side.sign()
            until(lambda: side.published_size() == 7)
        # While the witness was away the copy was signed, and grew past it.
        with a_side(copy, a_policy(listed(0, DEAD), needed=1), feeding=False) as restored:
            branch(restored, 9)
            assert restored.sign().size == 9
        with a_side(copy, a_policy(one, needed=1), feeding=False) as restored:
            branch(restored, 12)
            assert "kent een ander log" in str(refusal(restored))
        with a_side(copy, a_policy(one, needed=1)) as restored:
            # Sending finds the same without asking for what it shows.
            until(lambda: len(restored.feeds.refusals(CHAIN)) >= 1)
            until(lambda: restored.problem(one) != "")
            assert restored.cosigned(one) == 0
            refusal(restored)


def test_sending_finds_a_second_history_also_where_nothing_is_shown(
    database: str, tmp_path: Path
) -> None:
    witness = a_witness_of_us(tmp_path)
    other = signed(Head(ORIGIN, 5, b"\x07" * 32).text(), KEY.signers)
    assert witness.add_checkpoint(b"old 0\n\n" + other.encode(), 1).status == 200

    def post(body: bytes) -> tuple[int, bytes]:
        answer = witness.add_checkpoint(body, 1)
        return answer.status, answer.body

    with Liar(post=post) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 8)
            assert side.sign().size == 8
            until(lambda: side.problem(one) != "")
            grow(side.store, 9)
            assert "kent een ander log" in str(refusal(side))
            [kept] = side.feeds.refusals(CHAIN)
            assert (kept.kind, kept.status, kept.size) == ("different", 422, 8)
            assert read_request(kept.sent).head == head_of(8)


def test_a_witness_that_says_it_knows_more_stops_the_signing_until_it_does_not(
    database: str,
) -> None:
    claims = [True]

    def post(body: bytes) -> tuple[int, bytes]:
        if claims:
            return 409, b"400\n"
        asked = read_request(body)
        made = signed(asked.note.text, [key_of(0)], at=now())
        return 200, made.signatures[0].line().encode()

    with Liar(post=post) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.problem(one) != "")
            grow(side.store, 6)
            assert "omvang 400" in str(refusal(side))
            claims.clear()
            until(lambda: side.published_size() == 5)
            assert side.sign().size == 6
            until(lambda: side.published_size() == 6)
            [kept] = side.feeds.refusals(CHAIN)
            assert (kept.kind, kept.answer) == ("ahead", b"400\n")


def test_a_witness_that_is_no_longer_in_the_policy_forbids_nothing(database: str) -> None:
    with Liar(post=lambda body: (409, b"400\n")) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: side.problem(one) != "")
            grow(side.store, 6)
            refusal(side)
            side.adopted.append(InForce(6, a_policy(needed=0)))
            assert side.sign().size == 6


def test_a_proof_refused_against_what_the_witness_itself_shows_is_its_own_fault(
    database: str,
) -> None:
    shown: list[Note] = []

    def post(body: bytes) -> tuple[int, bytes]:
        shown.append(read_request(body).note)
        return 422, b""

    with Liar(post=post, get=lambda: (200, shown[0].encode())) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1)) as side:
            grow(side.store, 5)
            side.sign()
            until(lambda: "bewijs dat klopt" in side.problem(one))
            grow(side.store, 6)
            assert side.sign().size == 6
            assert side.feeds.refusals(CHAIN) == []


@pytest.mark.parametrize("kind", ["silent", "hangs", "garbage", "another log", "not ours", "302"])
def test_what_says_nothing_about_our_log_forbids_nothing(database: str, kind: str) -> None:
    elsewhere = Head("elders.example/log", 99, b"\x07" * 32).text()
    stranger = key_of(5)
    answers: dict[str, tuple[int, bytes] | None] = {
        "silent": (503, b""),
        "hangs": None,
        "garbage": (200, b"\xff" * 300),
        "another log": (200, signed(elsewhere, [key_of(0)], at=now()).encode()),
        "not ours": (200, signed(head_of(99).text(), [stranger], at=now()).encode()),
        "302": (302, b""),
    }
    with Liar(get=lambda: answers[kind]) as liar:
        one = listed(0, liar.url)
        with a_side(database, a_policy(one, needed=1), feeding=False, patience=SHORT) as side:
            grow(side.store, 5)
            assert side.sign().size == 5
            assert side.problem(one) != ""
            grow(side.store, 6)
            assert side.sign().size == 6


def test_each_witness_is_asked_before_the_first_signature_and_once(database: str) -> None:
    asked: list[int] = []

    def get() -> tuple[int, bytes]:
        asked.append(1)
        return 404, b""

    with Liar(get=get) as liar:
        policy = a_policy(listed(0, liar.url), needed=1)
        with a_side(database, policy, feeding=False) as side:
            for size in (3, 5):
                grow(side.store, size)
                side.sign()
            assert len(asked) == 1
        with a_side(database, policy, feeding=False) as restarted:
            grow(restarted.store, 7)
            restarted.sign()
            assert len(asked) == 2


def test_where_nobody_knows_the_policy_nothing_is_signed(database: str) -> None:
    def unknown(chain: str) -> list[InForce]:
        raise PolicyUnknown("Het beleid is niet te lezen.")

    with a_side(database, feeding=False) as side:
        side.feeder._policies = unknown
        grow(side.store, 3)
        assert "niet te lezen" in str(refusal(side))


def test_evidence_stays_as_it_is_and_does_not_grow_without_end(database: str) -> None:
    with Liar() as liar, a_side(database, feeding=False) as side:
        one = listed(0, liar.url)
        tables = FeedTables(side.store)
        for size in range(40):
            evidence = evidence_of(size)
            tables.refuse(CHAIN, one.verifier, "ahead", evidence)
            tables.refuse(CHAIN, one.verifier, "ahead", evidence)
        assert [kept.size for kept in tables.refusals(CHAIN)] == list(range(32))
    with psycopg.connect(database) as owner:
        for change in ("DELETE FROM witness_refusals", "UPDATE witness_refusals SET size = 1"):
            with pytest.raises(psycopg.errors.RestrictViolation):
                owner.execute(change)
            owner.rollback()
