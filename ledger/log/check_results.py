"""What checks found, kept in the table `checks`: a row per check, in order, never changed.

A break stands until a later check that looked at no less finds nothing: what was found against
somebody's copy is not undone by a check that did not look at it.
"""

from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec
import psycopg
from msgspec import Struct

from ledger.log.flaws import Flaw
from ledger.log.store import Store

MAX_STANDING: Final = 100
ATTEMPTS: Final = 5

Outcome = Literal["whole", "broken", "unknown"]

LAST = """
    SELECT report
    FROM checks
    WHERE chain = %(chain)s
    ORDER BY number DESC
    LIMIT 1
"""

LAST_SOUND = """
    SELECT at, size, root
    FROM checks
    WHERE chain = %(chain)s AND outcome <> 'broken' AND octet_length(root) = 32
    ORDER BY number DESC
    LIMIT 1
"""

# Across chains, where none is named: every break that stands, for the health of the server.
STANDING = """
    SELECT b.report
    FROM checks AS b
    WHERE b.outcome = 'broken'
        AND (%(chain)s::text IS NULL OR b.chain = %(chain)s)
        AND NOT EXISTS (
            SELECT FROM checks AS w
            WHERE w.chain = b.chain AND w.number > b.number AND w.outcome <> 'broken'
                AND w.signatures >= b.signatures AND w.rules >= b.rules AND w.models >= b.models
                AND w.stamped >= b.stamped
                AND (b.against = '' OR w.against = b.against)
        )
    ORDER BY b.chain, b.number DESC
    LIMIT %(most)s
"""

# Across chains: which were ever checked, asked once a night.
CHAINS = "SELECT DISTINCT chain FROM checks"

DONE = "SELECT FROM checks WHERE chain = %(chain)s AND night = %(night)s"

# The number follows from what is there; where two are as quick, one of them asks again.
PUT = """
    INSERT INTO checks (
        chain, number, at, size, root, outcome, signatures, rules, models, stamped, against, night,
        report
    )
    SELECT
        %(chain)s, coalesce(max(number), 0) + 1, %(at)s, %(size)s, %(root)s, %(outcome)s,
        %(signatures)s, %(rules)s, %(models)s, %(stamped)s, %(against)s, %(night)s,
        %(report)s
    FROM checks
    WHERE chain = %(chain)s
    ON CONFLICT DO NOTHING
"""


class Checked(Struct, frozen=True, kw_only=True, rename="camel"):
    """One check: of which moment (`at`) and how far (`size` records, of which `signed` signed).

    `signatures`, `rules`, `models` and `stamped` tell what else was looked at than bytes and tree;
    `against` names the copy or checkpoint it was compared with, empty for none. `unknown` says that
    nothing is wrong, but that no signature or kept head was there to measure it by. `witnessed` is
    the size of the last checkpoint that met the quorum of its witnesses, `stamps` how many time
    stamps were checked, `took_ms` how long it took (0 where that was not kept).
    """

    chain: str
    at: str
    size: int
    signed: int
    checkpoints: int
    tiles: int
    cosignatures: int
    signatures: bool
    rules: bool
    models: bool
    against: str
    outcome: Outcome
    breaks: tuple[Flaw, ...]
    remarks: tuple[Flaw, ...]
    witnessed: int = 0
    stamps: int = 0
    stamped: bool = False
    took_ms: int = 0


class CheckResults:
    """The checks of all chains in the database of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last(self, chain: str) -> Checked | None:
        """Return the newest check of a chain."""
        with self._store.connection() as conn:
            row = conn.execute(LAST, {"chain": chain}).fetchone()
        return None if row is None else _read(row)

    def last_sound(self, chain: str) -> tuple[datetime, int, bytes] | None:
        """Return when a chain was last found without a break, its size then, and its root."""
        with self._store.connection() as conn:
            row = conn.execute(LAST_SOUND, {"chain": chain}, binary=True).fetchone()
        return None if row is None else (row["at"], row["size"], row["root"])

    def standing(self, chain: str | None = None) -> list[Checked]:
        """Return the checks whose breaks still stand, of one chain or of all; the newest first."""
        asked = {"chain": chain, "most": MAX_STANDING}
        with self._store.connection() as conn:
            return list(map(_read, conn.execute(STANDING, asked).fetchall()))

    def chains(self) -> set[str]:
        """Return the chains that were ever checked."""
        with self._store.connection() as conn:
            return {row["chain"] for row in conn.execute(CHAINS)}

    def done(self, chain: str, night: date) -> bool:
        """Tell whether the check of a night was done."""
        with self._store.connection() as conn:
            return conn.execute(DONE, {"chain": chain, "night": night}).fetchone() is not None

    def keep(self, checked: Checked, *, root: bytes, night: date | None = None) -> None:
        """Keep what a check found; of one night only the first."""
        own = (
            "chain", "at", "size", "outcome", "signatures", "rules", "models", "stamped", "against"
        )  # fmt: skip
        given: dict[str, Any] = {name: getattr(checked, name) for name in own}
        report = msgspec.json.encode(checked).decode()
        given |= {"root": root, "night": night, "report": report}
        for _ in range(ATTEMPTS):
            with self._store.connection() as conn:
                if conn.execute(PUT, given).rowcount:
                    return
            if night is not None and self.done(checked.chain, night):
                return
        raise psycopg.errors.UniqueViolation("the number of a check was taken each time")


def _read(row: dict[str, Any]) -> Checked:
    return msgspec.json.decode(row["report"], type=Checked)
