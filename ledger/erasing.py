"""Erasing: what the record says was erased is destroyed, also where a backup brought it back.

    PersonalDataErased on record -> the list outside the database -> disclosures and key destroyed

Each step can be done again, and is: `finish` looks for recorded erasures that were not carried out
(a crash came between) and for listed ones that a restored backup undid. It comes before anything is
served. What is destroyed: the disclosures of those digests, disclosures of that person that no
record holds, and the person's data key; values that stay get a new key.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import psycopg

from ledger import catalogue
from ledger.domain.events.erasures import PersonalDataErased
from ledger.erasure_list import ErasureList, Listed
from ledger.log import erased
from ledger.log.database import rewrite
from ledger.log.erased import Erased, ToErase
from ledger.log.store import Store, StoreUnavailable
from ledger.vault import Vault

MAX_AT_ONCE: Final = 1000

NOT_DONE = """
    SELECT r.originator_id AS chain, r.originator_version - 1 AS position, r.state
    FROM records AS r
    WHERE r.topic LIKE 'PersonalDataErased.%%'
        AND NOT EXISTS (
            SELECT FROM erasures AS e
            WHERE e.chain = r.originator_id AND e.position = r.originator_version - 1
        )
    ORDER BY r.originator_id, r.originator_version
    LIMIT %(most)s
"""

LOG = logging.getLogger(__name__)


class Eraser:
    """Carries out erasures in one database, with the list that outlives its backups.

    `owner` is the conninfo of who may write the table of keys anew.
    """

    def __init__(self, store: Store, vault: Vault, kept: ErasureList, *, owner: str) -> None:
        self._store = store
        self._vault = vault
        self._list = kept
        self._owner = owner

    def finish(self) -> int:
        """Carry out what was recorded or listed and is not done; return how many that were.

        Raises ListRefused, KeyRefused or StoreUnavailable; then it has to be done again.
        """
        recorded = [*self._recorded()]
        known = self._list.entries()
        done = {(one.chain, one.digest): one for one in erased.everything(self._store)}
        self._list.add(_lacking(known, [*_grouped(done.values()), *recorded]))
        undone = [*recorded, *_undone(known, done.keys() | _digests(recorded))]
        for wanted in undone:
            self._vault.destroy(wanted)
        if undone:
            self._tidy()
        return len(undone)

    def _recorded(self) -> Iterator[ToErase]:
        """Yield the erasures on record of which no value was taken away yet.

        One that can no longer be read says nothing of what to take away; a check names it.
        """
        rows = self._store.fetch(NOT_DONE, {"most": MAX_AT_ONCE})
        for chain, position, state in rows:
            try:
                event = catalogue.decode(bytes(state)).body
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                LOG.error("Wissing %s van keten %s is onleesbaar: %s", position, chain, error)
                continue
            if isinstance(event, PersonalDataErased):
                yield ToErase(
                    chain,
                    event.person,
                    event.digests,
                    event.ground,
                    event.organisation,
                    position,
                )

    def _tidy(self) -> None:
        """Let the database forget the bytes of the keys that are gone from its table."""
        try:
            hindered = rewrite(self._owner, "subject_keys")
        except (psycopg.Error, StoreUnavailable) as error:
            hindered = str(error)
        if hindered:
            LOG.warning("De tabel van sleutels is niet herschreven: %s", hindered)


def _grouped(done: Iterable[Erased]) -> Iterator[ToErase]:
    """Put values together that were erased by one record."""
    groups: dict[tuple[str, str, int | None], list[Erased]] = {}
    for one in done:
        groups.setdefault((one.chain, one.subject, one.position), []).append(one)
    for (chain, subject, position), own in groups.items():
        digests = tuple(one.digest for one in own)
        yield ToErase(chain, subject, digests, own[0].ground, own[0].organisation, position)


def _digests(wanted: Iterable[ToErase]) -> set[tuple[str, str]]:
    return {(one.chain, digest) for one in wanted for digest in one.digests}


def _lacking(known: Iterable[Listed], wanted: Iterable[ToErase]) -> list[Listed]:
    """Return what is not on the list yet."""
    listed = {(one.chain, digest) for one in known for digest in one.digests}
    return [
        Listed(**{**one._asdict(), "digests": tuple(one.digests)})
        for one in wanted
        if not {(one.chain, digest) for digest in one.digests} <= listed
    ]


def _undone(known: Iterable[Listed], done: set[tuple[str, str]]) -> Iterator[ToErase]:
    """Yield what the list says and this database does not know: a backup was restored."""
    for one in known:
        back = tuple(digest for digest in one.digests if (one.chain, digest) not in done)
        if back:
            yield ToErase(one.chain, one.subject, back, one.ground, one.organisation)
