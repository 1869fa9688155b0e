"""The vault: disclosures of sealed values, encrypted for whom they are about, and the keys.

Each person in a chain has a data key of their own (AES-256-GCM), and so has each matter of which
something confidential is told: a subject. It encrypts their disclosures, bound to chain, subject
and digest, and is itself stored only wrapped: by the key of the partner that the person (or whoever
first wrote in the matter) acts for, else by that of this installation (`key_provider.py`). Those
keys are outside the database. So a copy of it alone tells nothing, and destroying one wrapped key
erases one person or one matter.

A disclosure is stored before the record that holds its digest. Once that is recorded, its position
is noted (`settle`), or at the next start after a crash in between; one that no record holds after
an hour is an orphan of a refused act and is swept. `destroy` takes values away for good.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import Connection
from psycopg.rows import DictRow

from ledger import catalogue
from ledger.domain.values import is_slug
from ledger.key_provider import (
    KEY_BYTES,
    NONCE_BYTES,
    FileKeys,
    KeyProvider,
    KeyRefused,
    KeysUnavailable,
    Owner,
    Wrapped,
    load_key,
)
from ledger.log import erased
from ledger.log.erased import ToErase
from ledger.log.store import Disclosure, Store, put_disclosures
from ledger.sealed import Disclosed, Opened, digest_of, opened

__all__ = ["KeyRefused", "KeysUnavailable", "Vault", "load_key"]

SWEEP_AGE: Final = timedelta(hours=1)
MAX_SWEPT: Final = 10_000
"""How many disclosures one sweep looks at; the next one takes the rest."""

# Numbers nobody else uses: the ASCII bytes of "ketenkey".
_LOCK: Final = 7738719513699116409

Conn = Connection[DictRow]

PUT_KEY = """
    INSERT INTO subject_keys (chain, subject, wrapped_key, owner, version)
    VALUES (%(chain)s, %(subject)s, %(wrapped_key)s, %(owner)s, %(version)s)
    ON CONFLICT (chain, subject) DO NOTHING
"""

# Who stores a value of somebody keeps out who destroys their key meanwhile, and the reverse.
LOCK_SHARED = """
    SELECT pg_advisory_xact_lock_shared(hashtextextended(%(chain)s || '|' || %(subject)s, %(lock)s))
"""

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(chain)s || '|' || %(subject)s, %(lock)s))"

PUT_NEW_KEY = """
    UPDATE subject_keys
    SET wrapped_key = %(wrapped_key)s, owner = %(owner)s, version = %(version)s
    WHERE chain = %(chain)s AND subject = %(subject)s
"""

SUBJECTS = "SELECT subject FROM subject_keys WHERE chain = %(chain)s ORDER BY subject"

DROP_KEY = "DELETE FROM subject_keys WHERE chain = %(chain)s AND subject = %(subject)s"

UNSETTLED = """
    SELECT digest
    FROM disclosures
    WHERE chain = %(chain)s AND subject = ANY(%(subjects)s::text[]) AND position IS NULL
"""

# The keys these values are under: that of the person, and for free text that of its matter.
UNDER = """
    SELECT DISTINCT subject
    FROM disclosures
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[])
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
    SELECT subject, wrapped_key, owner, version
    FROM subject_keys
    WHERE chain = %(chain)s AND subject = ANY(%(subjects)s::text[])
"""

SETTLE = """
    UPDATE disclosures
    SET position = %(position)s
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[])
"""

# Across chains: what is to be settled or swept, asked at the start and once an hour.
WITHOUT_POSITION = """
    SELECT chain, digest, stored_at < now() - %(age)s::interval AS old
    FROM disclosures
    WHERE position IS NULL
    ORDER BY stored_at
    LIMIT %(most)s
"""

RECORDS_WITH_SEALS = """
    SELECT originator_version - 1 AS position, state
    FROM records
    WHERE originator_id = %(chain)s
        AND (topic = ANY(%(topics)s::text[]) OR position('"sealed:'::bytea IN state) > 0)
"""

SWEEP = """
    DELETE FROM disclosures
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[]) AND position IS NULL
"""


class Vault:
    """The disclosures of all chains in one database, opened with the key from one file."""

    def __init__(
        self, store: Store, keys: bytes | KeyProvider, *, erasing: Store | None = None
    ) -> None:
        self._store = store
        self._erasing = erasing or store
        self._partners = not isinstance(keys, bytes)
        self._keep_keys = FileKeys(keys, Path()) if isinstance(keys, bytes) else keys

    @classmethod
    def at(cls, store: Store, key_file: Path, *, erasing: Store | None = None) -> Self:
        """Return the vault with the keys in files: that of the installation, and beside it those
        of partners; made where they are missing.

        What is to be removed is removed through `erasing`, where that is another store.
        """
        return cls(store, FileKeys(load_key(key_file), key_file.parent), erasing=erasing)

    def keep(self, chain: str, disclosures: Sequence[Disclosed]) -> None:
        """Store these disclosures encrypted, all or none; a repeat changes nothing."""
        if not disclosures:
            return
        owners = {one.subject: one.owner if self._partners else "" for one in disclosures}
        with self._store.connection() as conn:
            keys = self._own_keys(conn, chain, owners)
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
        asked = {"chain": wanted.chain, "digests": list(wanted.digests)}
        with self._store.connection() as conn:
            found = {row["subject"] for row in conn.execute(UNDER, asked).fetchall()}
            subjects = sorted({wanted.subject, *found})
            waiting = {row["digest"] for row in conn.execute(
                UNSETTLED, {"chain": wanted.chain, "subjects": subjects}
            )}  # fmt: skip
        if waiting:
            self.discard(wanted.chain, self._orphans(wanted.chain, waiting))
        with self._erasing.connection() as conn:
            for subject in subjects:
                conn.execute(LOCK, {"chain": wanted.chain, "subject": subject, "lock": _LOCK})
            erased.put(conn, wanted)
            gone = conn.execute(DROP, {**asked, "subject": wanted.subject}).rowcount
            for subject in subjects:
                self._destroy_key(conn, wanted.chain, subject, anew=gone > 0)

    def _destroy_key(self, conn: Conn, chain: str, subject: str, *, anew: bool) -> None:
        """Destroy a key under which nothing is left; else, `anew`, put what stays under another."""
        asked = {"chain": chain, "subject": subject}
        rows = [Disclosure(**row) for row in conn.execute(REMAINING, asked).fetchall()]
        if not rows:
            conn.execute(DROP_KEY, asked)
        elif anew:
            self._rekey(conn, chain, subject, rows)

    def _rekey(self, conn: Conn, chain: str, subject: str, rows: Sequence[Disclosure]) -> None:
        """Encrypt what stays of somebody under a new key; the old one is destroyed."""
        [old] = self._rows(conn, chain, {subject})
        keys = {subject: self._unwrapped(chain, old)}
        texts = {row.digest: self._text(row, keys) for row in rows}
        fresh = AESGCM.generate_key(8 * KEY_BYTES)
        self._replace_key(conn, chain, subject, owner=old["owner"], key=fresh)
        for digest, text in texts.items():
            if text is not None:
                one = Disclosed(subject=subject, digest=digest, text=text)
                conn.execute(REPLACE, self._encrypted(chain, one, AESGCM(fresh))._asdict())

    def _replace_key(self, conn: Conn, chain: str, subject: str, *, owner: str, key: bytes) -> None:
        wrapped = self._keep_keys.wrap(Owner(chain, owner), key, _bound(chain, subject))
        given = {"owner": owner, "version": wrapped.version, "wrapped_key": wrapped.data}
        conn.execute(PUT_NEW_KEY, {"chain": chain, "subject": subject, **given})

    def rewrap(self, chain: str, owner_of: Callable[[str], str]) -> int:
        """Wrap the keys of a chain anew where another partner or version should; return how many.

        `owner_of` tells of a person whose key it should be; the key of a matter keeps its owner.
        """
        with self._store.connection() as conn:
            subjects = [row["subject"] for row in conn.execute(SUBJECTS, {"chain": chain})]
        return sum(self._rewrap(chain, subject, owner_of) for subject in subjects)

    def _rewrap(self, chain: str, subject: str, owner_of: Callable[[str], str]) -> bool:
        with self._erasing.connection() as conn:
            conn.execute(LOCK, {"chain": chain, "subject": subject, "lock": _LOCK})
            row = next(iter(self._rows(conn, chain, {subject})), None)
            if row is None:
                return False
            owner = owner_of(subject) if is_slug(subject) else row["owner"]
            newest = self._keep_keys.newest(Owner(chain, owner))
            if newest and (row["owner"], row["version"]) == (owner, newest):
                return False
            if not owner and not row["owner"] and row["version"] == newest:
                return False
            key = self._unwrapped_bytes(chain, row)
            self._replace_key(conn, chain, subject, owner=owner, key=key)
            return True

    def discard(self, chain: str, digests: Iterable[str]) -> int:
        """Take back what no record holds, such as what was kept for an act of before; how many."""
        with self._erasing.connection() as conn:
            return conn.execute(SWEEP, {"chain": chain, "digests": sorted(digests)}).rowcount

    def sweep(self, *, age: timedelta = SWEEP_AGE) -> int:
        """Delete disclosures this old that no record holds; return how many there were.

        Of those that one does hold, whatever their age, it is noted where they stand.
        """
        with self._store.connection() as conn:
            found = conn.execute(WITHOUT_POSITION, {"age": age, "most": MAX_SWEPT}).fetchall()
        waiting: dict[str, dict[str, bool]] = defaultdict(dict)
        for row in found:
            waiting[row["chain"]][row["digest"]] = row["old"]
        return sum(
            self.discard(chain, [one for one in self._orphans(chain, set(old)) if old[one]])
            for chain, old in waiting.items()
        )

    def _orphans(self, chain: str, digests: set[str]) -> set[str]:
        """Return those of these digests that no record holds; of the others note where they are."""
        orphans = set(digests)
        for position, found in self._recorded(chain, digests):
            if position is not None:
                self._settle(chain, position, sorted(found))
            orphans -= found
        return orphans

    def _recorded(self, chain: str, digests: set[str]) -> list[tuple[int | None, set[str]]]:
        """Find which of these digests stand at which positions; None: where nothing can be read."""
        asked = {"chain": chain, "topics": list(_topics())}
        held: list[tuple[int | None, set[str]]] = []
        with self._store.connection() as conn, conn.cursor("records_with_seals") as records:
            for row in records.execute(RECORDS_WITH_SEALS, asked):
                data, position = bytes(row["state"]), row["position"]
                try:
                    found = digests & catalogue.digests_in(catalogue.decode(data).body)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    # A check names it; it may be mended, so what stands in its bytes is kept.
                    found, position = {one for one in digests if one.encode() in data}, None
                if found:
                    held.append((position, found))
        return held

    def _settle(self, chain: str, position: int, digests: Sequence[str]) -> int:
        asked: dict[str, Any] = {"chain": chain, "position": position, "digests": list(digests)}
        with self._store.connection() as conn:
            return conn.execute(SETTLE, asked).rowcount

    def _keys(self, chain: str, subjects: set[str]) -> dict[str, AESGCM]:
        """Return the data key of each of these persons who has one."""
        with self._store.connection() as conn:
            return self._keys_on(conn, chain, subjects)

    def _own_keys(self, conn: Conn, chain: str, owners: Mapping[str, str]) -> dict[str, AESGCM]:
        """Return the data key of each of these persons, given one now where they had none.

        Until the end of the transaction nobody destroys these keys.
        """
        for subject in sorted(owners):
            conn.execute(LOCK_SHARED, {"chain": chain, "subject": subject, "lock": _LOCK})
        found = self._keys_on(conn, chain, set(owners))
        lacking = owners.keys() - found.keys()
        for subject in sorted(lacking):
            owner, fresh = owners[subject], AESGCM.generate_key(8 * KEY_BYTES)
            wrapped = self._keep_keys.wrap(Owner(chain, owner), fresh, _bound(chain, subject))
            given = {"owner": owner, "version": wrapped.version, "wrapped_key": wrapped.data}
            conn.execute(PUT_KEY, {"chain": chain, "subject": subject, **given})
        return found | self._keys_on(conn, chain, lacking) if lacking else found

    def _keys_on(self, conn: Conn, chain: str, subjects: set[str]) -> dict[str, AESGCM]:
        rows = self._rows(conn, chain, subjects)
        return {row["subject"]: self._unwrapped(chain, row) for row in rows}

    def _rows(self, conn: Conn, chain: str, subjects: set[str]) -> list[DictRow]:
        return conn.execute(KEYS, {"chain": chain, "subjects": sorted(subjects)}).fetchall()

    def _unwrapped(self, chain: str, row: DictRow) -> AESGCM:
        return AESGCM(self._unwrapped_bytes(chain, row))

    def _unwrapped_bytes(self, chain: str, row: DictRow) -> bytes:
        wrapped = Wrapped(row["version"], bytes(row["wrapped_key"]))
        bound = _bound(chain, row["subject"])
        return self._keep_keys.unwrap(Owner(chain, row["owner"]), wrapped, bound)

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


def _bound(*parts: str) -> bytes:
    return "|".join(parts).encode()


def _topics() -> Iterator[str]:
    """Yield the event types that have sealed fields."""
    return (name for name, one in catalogue.TYPES.items() if catalogue.sealed_fields(one.kind))
