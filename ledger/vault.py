"""The vault: disclosures of sealed values, encrypted for whom they are about, and the keys.

Each person in a chain has a data key of their own (AES-256-GCM). It encrypts their disclosures,
bound to chain, person and digest, and is itself stored only wrapped by the key of this
installation, which lies in a file outside the database. So a copy of the database alone tells
nothing, and destroying one wrapped key erases one person everywhere.

A disclosure is stored before the record that holds its digest. Once that is recorded, its position
is noted (`settle`); a disclosure that has none after an hour is an orphan of a refused act and is
swept, unless the record turns out to hold it after all. `destroy` takes values away for good.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection
from psycopg.rows import DictRow

from ledger import catalogue
from ledger.log import erased
from ledger.log.erased import ToErase
from ledger.log.store import Disclosure, Store, put_disclosures
from ledger.sealed import Disclosed, Opened, digest_of, opened

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
SWEEP_AGE: Final = timedelta(hours=1)
MAX_SWEPT: Final = 10_000
"""How many disclosures one sweep looks at; the next one takes the rest."""

# Numbers nobody else uses: the ASCII bytes of "ketenkey".
_LOCK: Final = 7738719513699116409

Conn = Connection[DictRow]

PUT_KEY = """
    INSERT INTO subject_keys (chain, subject, wrapped_key)
    VALUES (%(chain)s, %(subject)s, %(wrapped_key)s)
    ON CONFLICT (chain, subject) DO NOTHING
"""

# Who stores a value of somebody keeps out who destroys their key meanwhile, and the reverse.
LOCK_SHARED = """
    SELECT pg_advisory_xact_lock_shared(hashtextextended(%(chain)s || '|' || %(subject)s, %(lock)s))
"""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(chain)s || '|' || %(subject)s, %(lock)s))"

PUT_NEW_KEY = """
    UPDATE subject_keys
    SET wrapped_key = %(wrapped_key)s
    WHERE chain = %(chain)s AND subject = %(subject)s
"""

DROP_KEY = "DELETE FROM subject_keys WHERE chain = %(chain)s AND subject = %(subject)s"

UNSETTLED = """
    SELECT digest
    FROM disclosures
    WHERE chain = %(chain)s AND subject = %(subject)s AND position IS NULL
"""

DROP = """
    DELETE FROM disclosures AS d
    USING erasures AS e
    WHERE d.chain = %(chain)s AND e.chain = d.chain AND e.digest = d.digest
        AND (d.subject = %(subject)s OR d.digest = ANY(%(digests)s::text[]))
"""

REMAINING = """
    SELECT chain, digest, subject, ciphertext, nonce
    FROM disclosures
    WHERE chain = %(chain)s AND subject = %(subject)s
"""

REPLACE = """
    UPDATE disclosures
    SET ciphertext = %(ciphertext)s, nonce = %(nonce)s
    WHERE chain = %(chain)s AND digest = %(digest)s
"""

KEYS = """
    SELECT subject, wrapped_key
    FROM subject_keys
    WHERE chain = %(chain)s AND subject = ANY(%(subjects)s::text[])
"""

SETTLE = """
    UPDATE disclosures
    SET position = %(position)s
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[])
"""

# Across chains: what is to be swept, asked once an hour.
WITHOUT_POSITION = """
    SELECT chain, digest
    FROM disclosures
    WHERE position IS NULL AND stored_at < now() - %(age)s::interval
    ORDER BY chain, stored_at
    LIMIT %(most)s
"""

RECORDS_WITH_SEALS = """
    SELECT originator_version - 1 AS position, state
    FROM records
    WHERE originator_id = %(chain)s AND topic = ANY(%(topics)s::text[])
"""

SWEEP = """
    DELETE FROM disclosures
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[]) AND position IS NULL
"""


class KeyRefused(Exception):
    """The key file cannot be used, or is not the one these values were encrypted with."""


class Vault:
    """The disclosures of all chains in one database, opened with the key from one file."""

    def __init__(self, store: Store, key: bytes, *, erasing: Store | None = None) -> None:
        self._store = store
        self._erasing = erasing or store
        self._wrapping = AESGCM(key)

    @classmethod
    def at(cls, store: Store, key_file: Path, *, erasing: Store | None = None) -> Self:
        """Return the vault that this key file opens; the file is made where it is missing.

        What is to be removed is removed through `erasing`, where that is another store.
        """
        return cls(store, load_key(key_file), erasing=erasing)

    def keep(self, chain: str, disclosures: Sequence[Disclosed]) -> None:
        """Store these disclosures encrypted, all or none; a repeat changes nothing."""
        if not disclosures:
            return
        subjects = {one.subject for one in disclosures}
        with self._store.connection() as conn:
            keys = self._own_keys(conn, chain, subjects)
            rows = [self._encrypted(chain, one, keys[one.subject]) for one in disclosures]
            put_disclosures(conn, rows)

    def settle(self, chain: str, position: int, disclosures: Sequence[Disclosed]) -> None:
        """Note where these digests are recorded; what a sweep took meanwhile is put back."""
        digests = [one.digest for one in disclosures]
        if digests and self._settle(chain, position, digests) < len(digests):
            self.keep(chain, disclosures)
            self._settle(chain, position, digests)

    def open(self, chain: str, digests: Iterable[str]) -> dict[str, Opened | None]:
        """Return name and value by digest; None where it was erased or never known here."""
        wanted = [digest for digest in dict.fromkeys(digests) if digest]
        rows = self._store.get_disclosures(chain, wanted)
        keys = self._keys(chain, {row.subject for row in rows.values()})
        return {digest: self._opened(rows.get(digest), keys) for digest in wanted}

    def texts(self, chain: str, digests: Iterable[str]) -> dict[str, str]:
        """Return by digest the disclosures themselves, as a bundle hands them out; those known."""
        rows = self._store.get_disclosures(chain, [digest for digest in digests if digest])
        keys = self._keys(chain, {row.subject for row in rows.values()})
        texts = {digest: self._text(row, keys) for digest, row in rows.items()}
        return {digest: text for digest, text in texts.items() if text is not None}

    def differ(self, chain: str, digests: Iterable[str], disclosures: Sequence[Disclosed]) -> bool:
        """Tell whether these disclosures say something else than what the digests stand for.

        A value that was erased can no longer be compared, and differs from nothing.
        """
        told = {one.name: one.value for one in self.open(chain, digests).values() if one}
        asked = (opened(one.text) for one in disclosures)
        return any(told.get(one.name, one.value) != one.value for one in asked)

    def destroy(self, wanted: ToErase) -> None:
        """Take these values away for good, and the key they were encrypted with.

        With them goes what no record holds of this person. Values that stay get a new key. To do
        it again does no harm.
        """
        asked = {"chain": wanted.chain, "subject": wanted.subject}
        with self._store.connection() as conn:
            waiting = {row["digest"] for row in conn.execute(UNSETTLED, asked).fetchall()}
        if waiting:
            self._sweep_chain(wanted.chain, waiting)
        with self._erasing.connection() as conn:
            conn.execute(LOCK, {**asked, "lock": _LOCK})
            erased.put(conn, wanted)
            gone = conn.execute(DROP, {**asked, "digests": list(wanted.digests)}).rowcount
            rows = [Disclosure(**row) for row in conn.execute(REMAINING, asked).fetchall()]
            if not rows:
                conn.execute(DROP_KEY, asked)
            elif gone:
                self._rekey(conn, wanted.chain, wanted.subject, rows)

    def _rekey(self, conn: Conn, chain: str, subject: str, rows: Sequence[Disclosure]) -> None:
        """Encrypt what stays of somebody under a new key; the old one is destroyed."""
        keys = self._keys_on(conn, chain, {subject})
        texts = {row.digest: self._text(row, keys) for row in rows}
        fresh = AESGCM.generate_key(8 * KEY_BYTES)
        wrapped = self._wrapped(chain, subject, fresh)
        conn.execute(PUT_NEW_KEY, {"chain": chain, "subject": subject, "wrapped_key": wrapped})
        for digest, text in texts.items():
            if text is not None:
                one = Disclosed(subject=subject, digest=digest, text=text)
                conn.execute(REPLACE, self._encrypted(chain, one, AESGCM(fresh))._asdict())

    def discard(self, chain: str, digests: Iterable[str]) -> None:
        """Take back what was kept for an act that turned out to be recorded before."""
        with self._erasing.connection() as conn:
            conn.execute(SWEEP, {"chain": chain, "digests": list(digests)})

    def sweep(self, *, age: timedelta = SWEEP_AGE) -> int:
        """Delete disclosures this old that no record holds; return how many there were."""
        with self._store.connection() as conn:
            found = conn.execute(WITHOUT_POSITION, {"age": age, "most": MAX_SWEPT}).fetchall()
        waiting: dict[str, set[str]] = defaultdict(set)
        for row in found:
            waiting[row["chain"]].add(row["digest"])
        return sum(self._sweep_chain(chain, digests) for chain, digests in waiting.items())

    def _sweep_chain(self, chain: str, digests: set[str]) -> int:
        orphans = set(digests)
        for position, found in self._recorded(chain, digests):
            self._settle(chain, position, sorted(found))
            orphans -= found
        with self._erasing.connection() as conn:
            return conn.execute(SWEEP, {"chain": chain, "digests": sorted(orphans)}).rowcount

    def _recorded(self, chain: str, digests: set[str]) -> list[tuple[int, set[str]]]:
        """Find which of these digests stand in which records; only types with seals are read."""
        asked = {"chain": chain, "topics": list(_topics())}
        held = []
        with self._store.connection() as conn, conn.cursor("records_with_seals") as records:
            for row in records.execute(RECORDS_WITH_SEALS, asked):
                found = digests & catalogue.digests_in(catalogue.decode(row["state"]).body)
                if found:
                    held.append((row["position"], found))
        return held

    def _settle(self, chain: str, position: int, digests: Sequence[str]) -> int:
        asked: dict[str, Any] = {"chain": chain, "position": position, "digests": list(digests)}
        with self._store.connection() as conn:
            return conn.execute(SETTLE, asked).rowcount

    def _keys(self, chain: str, subjects: set[str]) -> dict[str, AESGCM]:
        """Return the data key of each of these persons who has one."""
        with self._store.connection() as conn:
            return self._keys_on(conn, chain, subjects)

    def _own_keys(self, conn: Conn, chain: str, subjects: set[str]) -> dict[str, AESGCM]:
        """Return the data key of each of these persons, given one now where they had none.

        Until the end of the transaction nobody destroys these keys.
        """
        for subject in sorted(subjects):
            conn.execute(LOCK_SHARED, {"chain": chain, "subject": subject, "lock": _LOCK})
        found = self._keys_on(conn, chain, subjects)
        lacking = subjects - found.keys()
        for subject in sorted(lacking):
            wrapped = self._wrapped(chain, subject, AESGCM.generate_key(8 * KEY_BYTES))
            conn.execute(PUT_KEY, {"chain": chain, "subject": subject, "wrapped_key": wrapped})
        return found | self._keys_on(conn, chain, lacking) if lacking else found

    def _keys_on(self, conn: Conn, chain: str, subjects: set[str]) -> dict[str, AESGCM]:
        rows = conn.execute(KEYS, {"chain": chain, "subjects": sorted(subjects)}).fetchall()
        return {
            row["subject"]: self._unwrapped(chain, row["subject"], row["wrapped_key"])
            for row in rows
        }

    def _wrapped(self, chain: str, subject: str, key: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, _bound(chain, subject))

    def _unwrapped(self, chain: str, subject: str, wrapped: bytes) -> AESGCM:
        nonce, encrypted = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return AESGCM(self._wrapping.decrypt(nonce, encrypted, _bound(chain, subject)))
        except InvalidTag as error:
            raise KeyRefused(
                f"De sleutel van {subject} in {chain} is niet met deze sleutel versleuteld."
            ) from error

    def _encrypted(self, chain: str, one: Disclosed, key: AESGCM) -> Disclosure:
        nonce = secrets.token_bytes(NONCE_BYTES)
        bound = _bound(chain, one.subject, one.digest)
        ciphertext = key.encrypt(nonce, one.text.encode("ascii"), bound)
        return Disclosure(chain, one.digest, one.subject, ciphertext, nonce)

    def _opened(self, row: Disclosure | None, keys: dict[str, AESGCM]) -> Opened | None:
        text = self._text(row, keys)
        return None if text is None else opened(text)

    def _text(self, row: Disclosure | None, keys: dict[str, AESGCM]) -> str | None:
        if row is None or row.subject not in keys:
            return None
        bound = _bound(row.chain, row.subject, row.digest)
        try:
            text = keys[row.subject].decrypt(row.nonce, row.ciphertext, bound).decode("ascii")
        except InvalidTag as error:
            raise KeyRefused(
                f"De waarde achter {row.digest} in {row.chain} is veranderd."
            ) from error
        if digest_of(text) != row.digest:
            raise KeyRefused(f"De waarde achter {row.digest} in {row.chain} hoort daar niet bij.")
        return text


def load_key(path: Path) -> bytes:
    """Return the key in a file that only its owner may read; make the file where it is missing.

    Raises KeyRefused for a file that others may read or that holds no key.
    """
    try:
        if not path.exists():
            _make_key(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except OSError as error:
        raise KeyRefused(f"Het sleutelbestand {path} is onbruikbaar: {error.strerror}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(
            f"Het sleutelbestand {path} is leesbaar voor anderen; doe: chmod 600 {path}"
        )
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"Het sleutelbestand {path} telt {len(key)} bytes; verwacht {KEY_BYTES}.")
    return key


def _make_key(path: Path) -> None:
    """Make the file at once with all it holds, so that two processes never have two keys."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _bound(*parts: str) -> bytes:
    return "|".join(parts).encode()


def _topics() -> Iterator[str]:
    """Yield the event types that have sealed fields."""
    return (name for name, one in catalogue.TYPES.items() if catalogue.sealed_fields(one.kind))
