"""Who signs in as whom: from the subject of a token to the pseudonym of a person in a chain.

The record says which sign-in is whose, with the subject sealed; the ledger's own state says which
of them are linked now, so an ended one counts for nothing at once. This table only finds the sealed
value that a subject belongs to: by an HMAC-SHA256 over issuer and subject, under a key of this
installation that lies in a file outside the database. It is filled from the vault, and filled anew
where rows are missing; what was erased there cannot come back.
"""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Mapping
from typing import Any, Final

from api.log_policy import founded
from api.problems import Problem
from ledger.domain.chain import ChainState
from ledger.domain.events.people import SignInLinked
from ledger.domain.values import Event, Refused
from ledger.ledger import Ledger
from ledger.log.store import Store
from ledger.vault import Vault

KEY_FILE: Final = "subjects.key"
SUBJECT: Final = re.compile(r"https?://[!-{}~]{1,1000}\|[!-~]{1,255}")
MAX_CHAINS: Final = 10_000

THERE = """
    SELECT digest
    FROM subject_links
    WHERE chain = %(chain)s AND digest = ANY(%(digests)s::text[])
"""

OF_SUBJECT = """
    SELECT digest
    FROM subject_links
    WHERE chain = %(chain)s AND subject_key = %(subject_key)s
    ORDER BY digest
    LIMIT 100
"""

# Only beside the disclosure itself: what was erased meanwhile gets no row.
PUT = """
    INSERT INTO subject_links (chain, digest, subject_key)
    SELECT d.chain, d.digest, %(subject_key)s
    FROM disclosures AS d
    WHERE d.chain = %(chain)s AND d.digest = %(digest)s
    ON CONFLICT (chain, digest) DO NOTHING
"""


class SubjectLinks:
    """Finds people by the subject of their token; safe to share between threads."""

    def __init__(self, store: Store, ledger: Ledger, vault: Vault, key: bytes) -> None:
        self._store = store
        self._ledger = ledger
        self._vault = vault
        self._key = key
        self._filled: dict[str, int] = {}
        self._filling = threading.Lock()

    def person(self, chain: str, *, issuer: str, subject: str) -> str:
        """Return the pseudonym of whoever signs in as this subject; empty where there is none.

        Raises Problem (not-allowed) where more than one person has that sign-in.
        """
        state = founded(self._ledger, chain) if chain else None
        if state is None or state.people.linked_at < 0:
            return ""
        self._fill(chain, state)
        asked = {"chain": chain, "subject_key": self._subject_key(f"{issuer}|{subject}")}
        digests = [digest for (digest,) in self._store.fetch(OF_SUBJECT, asked)]
        people = {state.people.signs_in_as(digest) for digest in digests} - {""}
        if len(people) > 1:
            raise Problem(
                "not-allowed",
                f"Deze aanmelding is in keten {chain} aan meer dan één persoon gekoppeld; laat de "
                "koppelingen die niet kloppen beëindigen.",
            )
        return next(iter(people), "")

    def _fill(self, chain: str, state: ChainState) -> None:
        """Add what was linked since, or is missing from before this process began."""
        with self._filling:
            since = self._filled.get(chain, -1)
        if since >= state.people.linked_at:
            return
        signed = state.people.sign_ins.values()
        wanted = [one.digest for one in signed if one.linked and one.position > since]
        asked = {"chain": chain, "digests": wanted}
        there = {digest for (digest,) in self._store.fetch(THERE, asked)}
        missing = [digest for digest in wanted if digest not in there]
        opened = self._vault.open(chain, missing)
        with self._store.connection() as conn:
            for digest, one in opened.items():
                if one is not None:
                    made = self._subject_key(one.value)
                    conn.execute(PUT, {"chain": chain, "digest": digest, "subject_key": made})
        with self._filling:
            if len(self._filled) >= MAX_CHAINS:
                self._filled.clear()
            self._filled[chain] = state.people.linked_at

    def _subject_key(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")


def require_form(kind: type[Event], body: Mapping[str, Any], *, signed: bool = False) -> None:
    """Refuse (G13) a sign-in that is no `issuer|subject`: sealed, nobody could see that any more.

    In a signed act the value came sealed already, and cannot be looked at here.
    """
    given = body.get("tokenSubject")
    if (
        kind is SignInLinked
        and not signed
        and not (isinstance(given, str) and SUBJECT.fullmatch(given))
    ):
        raise Refused(
            "G13", "tokenSubject: verwacht het adres van de uitgever, een | en wie het token noemt"
        )
