"""The tables of what goes to the witnesses: what each knows, and what was refused.

Here stands every statement about them. Nothing is decided here: `feeder` decides when to send,
`courier` what an answer means.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from psycopg.rows import tuple_row

from ledger.log.note_keys import Verifier
from ledger.log.store import Store

MAX_PROBLEM: Final = 500
MAX_REFUSALS: Final = 32
"""How many refusals of one witness are kept for each chain; the first ones stay."""

Standing = Literal["unknown", "sound", "ahead", "different"]
"""How a witness stands to our log: not heard yet, knows a part of it, knows more, knows another."""

# Takes the row until the lease is over, unless another has it or it is not yet time: by putting it
# there, or else by moving it ahead. Two statements, since a database that is spread over several
# machines takes no clock inside ON CONFLICT.
CLAIM = """
    INSERT INTO feeds (chain, witness, key_id, next_at)
    VALUES (
        %(chain)s, %(witness)s, %(key_id)s, now() + make_interval(secs => %(lease_seconds)s)
    )
    ON CONFLICT (chain, witness, key_id) DO NOTHING
    RETURNING size, cosigned, tries
"""

CLAIM_AGAIN = """
    UPDATE feeds
    SET next_at = now() + make_interval(secs => %(lease_seconds)s)
    WHERE chain = %(chain)s AND witness = %(witness)s AND key_id = %(key_id)s
        AND next_at <= now()
    RETURNING size, cosigned, tries
"""

AIM_FIRST = """
    INSERT INTO feed_targets (chain, size)
    VALUES (%(chain)s, %(size)s)
    ON CONFLICT (chain) DO NOTHING
"""

# Moves on to the last checkpoint when every witness that is well has cosigned the one before, or
# when that takes too long, and not more often than so.
AIM = """
    UPDATE feed_targets AS target
    SET size = %(size)s, at = now()
    WHERE target.chain = %(chain)s
        AND target.size < %(size)s
        AND target.at <= now() - make_interval(secs => %(between_seconds)s)
        AND (
            target.at <= now() - make_interval(secs => %(most_seconds)s)
            OR NOT EXISTS (
                SELECT
                FROM unnest(%(witnesses)s::text[], %(key_ids)s::text[]) AS given (witness, key_id)
                LEFT JOIN feeds ON feeds.chain = %(chain)s
                    AND feeds.witness = given.witness AND feeds.key_id = given.key_id
                WHERE coalesce(feeds.cosigned, 0) < target.size
                    AND coalesce(feeds.problem, '') = ''
            )
        )
"""

TARGET = "SELECT size FROM feed_targets WHERE chain = %(chain)s"

HEARD = """
    UPDATE feeds
    SET size = %(size)s, cosigned = greatest(cosigned, %(cosigned)s), standing = %(standing)s,
        problem = %(problem)s, tries = %(tries)s, heard_at = now(),
        next_at = now() + make_interval(secs => %(wait_seconds)s)
    WHERE chain = %(chain)s AND witness = %(witness)s AND key_id = %(key_id)s
"""

FAILED = """
    UPDATE feeds
    SET problem = %(problem)s, tries = %(tries)s,
        next_at = now() + make_interval(secs => %(wait_seconds)s)
    WHERE chain = %(chain)s AND witness = %(witness)s AND key_id = %(key_id)s
"""

# What was learned without sending: it takes no row, so that it keeps the others from nothing.
LEARNED = """
    INSERT INTO feeds (chain, witness, key_id, size, standing, problem, heard_at)
    VALUES (
        %(chain)s, %(witness)s, %(key_id)s, %(size)s, %(standing)s, %(problem)s, now()
    )
    ON CONFLICT (chain, witness, key_id)
    DO UPDATE SET size = excluded.size, standing = excluded.standing,
        problem = excluded.problem, heard_at = excluded.heard_at
"""

NOT_HEARD = """
    INSERT INTO feeds (chain, witness, key_id, problem)
    VALUES (%(chain)s, %(witness)s, %(key_id)s, %(problem)s)
    ON CONFLICT (chain, witness, key_id)
    DO UPDATE SET problem = excluded.problem
"""

FEEDS = """
    SELECT chain, witness, key_id, size, cosigned, standing, problem, tries, next_at, heard_at
    FROM feeds
    WHERE chain = %(chain)s
"""

# Across chains: the few that are in trouble, for the health of the server.
TROUBLED = """
    SELECT chain, witness, key_id, size, cosigned, standing, problem, tries, next_at, heard_at
    FROM feeds
    WHERE problem <> '' OR standing IN ('ahead', 'different')
    ORDER BY chain COLLATE "C", witness COLLATE "C", key_id COLLATE "C"
    LIMIT %(most)s
"""

REFUSE = """
    INSERT INTO witness_refusals (chain, witness, key_id, kind, size, status, sent, answer)
    SELECT %(chain)s, %(witness)s, %(key_id)s, %(kind)s, %(size)s, %(status)s, %(sent)s, %(answer)s
    FROM witness_refusals
    WHERE chain = %(chain)s AND witness = %(witness)s AND key_id = %(key_id)s
    HAVING count(*) < %(most)s
    ON CONFLICT (chain, witness, key_id, kind, size) DO NOTHING
"""

REFUSALS = """
    SELECT chain, witness, key_id, kind, size, status, sent, answer, at
    FROM witness_refusals
    WHERE chain = %(chain)s
    ORDER BY at, witness COLLATE "C", size
"""


class Claimed(NamedTuple):
    """What was sent before by whoever had the row: what the witness knows, and what it cosigned."""

    size: int
    cosigned: int
    tries: int


class Feed(NamedTuple):
    """How it stands between a chain and a key of a witness; `problem` is Dutch, empty for none."""

    chain: str
    witness: str
    key_id: str
    size: int
    cosigned: int
    standing: Standing
    problem: str
    tries: int
    next_at: datetime
    heard_at: datetime | None


class Refusal(NamedTuple):
    """What a witness answered that ended the signing: what was sent, and the answer, as it was."""

    chain: str
    witness: str
    key_id: str
    kind: Literal["ahead", "different"]
    size: int
    status: int
    sent: bytes
    answer: bytes
    at: datetime


class Heard(NamedTuple):
    """What an answer comes to: what the witness knows, cosigned, and how it stands to our log."""

    size: int
    cosigned: int
    standing: Standing
    problem: str = ""


class FeedTables:
    """The rows of chains and witnesses in the database of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def aim(
        self, chain: str, size: int, keys: Sequence[Verifier], *, between: float, most: float
    ) -> int:
        """Return which checkpoint of a chain to send, whose last one has this size.

        It stays the same until all that are well have cosigned it, or for at most `most` seconds,
        and for at least `between`.
        """
        marks = [mark(key) for key in keys]
        given = {
            "chain": chain,
            "size": size,
            "between_seconds": between,
            "most_seconds": most,
            "witnesses": [witness for witness, _ in marks],
            "key_ids": [key_id for _, key_id in marks],
        }
        self._run(AIM_FIRST, {"chain": chain, "size": size})
        self._run(AIM, given)
        [(target,)] = self._run(TARGET, {"chain": chain})
        return int(target)

    def claim(self, chain: str, key: Verifier, lease_seconds: float) -> Claimed | None:
        """Take the sending to a witness until the lease ends; None where it is not ours to take."""
        asked = {**_named(chain, key), "lease_seconds": lease_seconds}
        rows = self._run(CLAIM, asked) or self._run(CLAIM_AGAIN, asked)
        return Claimed(*rows[0]) if rows else None

    def heard(self, chain: str, key: Verifier, heard: Heard, *, tries: int, wait: float) -> None:
        """Keep what an answer to a sending came to; the next may be after `wait` seconds."""
        more = {**_said(heard), "tries": tries, "wait_seconds": wait}
        self._run(HEARD, {**_named(chain, key), **more})

    def failed(self, chain: str, key: Verifier, problem: str, *, tries: int, wait: float) -> None:
        """Keep that a sending failed, with what is known of the witness as it was."""
        more = {"problem": problem[:MAX_PROBLEM], "tries": tries, "wait_seconds": wait}
        self._run(FAILED, {**_named(chain, key), **more})

    def learned(self, chain: str, key: Verifier, heard: Heard) -> None:
        """Keep what was learned by looking; who has the row for sending keeps it."""
        self._run(LEARNED, {**_named(chain, key), **_said(heard)})

    def not_heard(self, chain: str, key: Verifier, problem: str) -> None:
        """Keep that looking failed."""
        self._run(NOT_HEARD, {**_named(chain, key), "problem": problem[:MAX_PROBLEM]})

    def feeds(self, chain: str) -> dict[tuple[str, str], Feed]:
        """Return what is known of the witnesses of a chain, by name and id of their key."""
        rows = [Feed(*row) for row in self._run(FEEDS, {"chain": chain})]
        return {(one.witness, one.key_id): one for one in rows}

    def troubled(self, most: int) -> list[Feed]:
        """Return at most so many witnesses of all chains of which something is wrong."""
        return [Feed(*row) for row in self._run(TROUBLED, {"most": most})]

    def refuse(self, chain: str, key: Verifier, kind: Standing, evidence: "Evidence") -> None:
        """Keep what was sent and answered; the same a second time adds nothing."""
        more = {**evidence._asdict(), "kind": kind, "most": MAX_REFUSALS}
        self._run(REFUSE, {**_named(chain, key), **more})

    def refusals(self, chain: str) -> list[Refusal]:
        """Return all that was kept of refusals, oldest first."""
        return [Refusal(*row) for row in self._run(REFUSALS, {"chain": chain})]

    def _run(self, query: str, params: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        with (
            self._store.datastore.session() as conn,
            conn.cursor(row_factory=tuple_row) as cursor,
        ):
            cursor.execute(query.encode(), params)
            return cursor.fetchall() if cursor.description else []


class Evidence(NamedTuple):
    """What passed between us and a witness: our size, what we sent, and what it answered."""

    size: int
    status: int
    sent: bytes
    answer: bytes


def mark(key: Verifier) -> tuple[str, str]:
    """Return under which name and id a key of a witness stands in the tables."""
    return key.name, key.key_id.hex()


def _named(chain: str, key: Verifier) -> dict[str, Any]:
    witness, key_id = mark(key)
    return {"chain": chain, "witness": witness, "key_id": key_id}


def _said(heard: Heard) -> dict[str, Any]:
    return {**heard._asdict(), "problem": heard.problem[:MAX_PROBLEM]}
