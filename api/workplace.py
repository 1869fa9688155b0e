"""Where commands and the server work: the database with its ledger, vault and read models, opened.

The same for every door, so that a command and a server beside each other use one database in one
way: with `DATABASE_URL` that one, otherwise the embedded one in the data folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from msgspec import Struct

from api.settings import Settings, database
from ledger.erasing import Eraser
from ledger.erasure_list import ErasureList
from ledger.key_provider import FileKeys, KeyProvider, load_key
from ledger.key_service import TransitKeys
from ledger.key_token import SCHEME, TokenKeys
from ledger.ledger import Ledger, utc_now
from ledger.log import store as record_store
from ledger.log.database_roles import Duties, duties
from ledger.log.migrations import may_migrate, require_current
from ledger.log.store import Store
from ledger.vault import Vault
from projections.rebuild import require_current as require_read_models
from projections.runner import Runner
from projections.runner import migrate as migrate_read_models

CONNECTIONS: Final = 4
KEY_FILE: Final = "disclosures.key"


class Workplace(Struct, frozen=True):
    """An opened database: the ledger to record with and the runner of the read models.

    `conninfo` connects as whoever was named in the settings, `duties` in a role. What `reading`
    finds in the read models is what whoever looks may see (see `projections/wall.py`).
    """

    conninfo: str
    duties: Duties
    store: Store
    reading: Store
    ledger: Ledger
    runner: Runner
    vault: Vault


def migrate(conninfo: str) -> None:
    """Make or bring up to date all tables; safe to repeat and to run twice at once."""
    record_store.migrate(conninfo)
    migrate_read_models(conninfo)


def prepare(conninfo: str) -> None:
    """Bring all tables up to date, or require that they are where who connects may not do so.

    Raises MigrationRefused or ReadModelsDiffer.
    """
    if may_migrate(conninfo):
        migrate(conninfo)
    else:
        require_current(conninfo)
        require_read_models(duties(conninfo).reading)


@contextmanager
def opened(settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> Iterator[Workplace]:
    """Open the database, migrated, and close everything in order at the end."""
    with database(settings) as conninfo:
        prepare(conninfo)
        ways = duties(conninfo)
        with (
            Store(ways.writing, pool_size=CONNECTIONS) as store,
            Store(ways.reading, pool_size=1) as reading,
            Store(ways.erasing, pool_size=1) as erasing,
        ):
            vault = Vault(store, provider(settings), erasing=erasing)
            erases = eraser(store, vault, settings, conninfo)
            erases.finish()
            with (
                Ledger(store, clock=clock, vault=vault, eraser=erases) as ledger,
                Runner(ways.keeping) as runner,
            ):
                yield Workplace(conninfo, ways, store, reading, ledger, runner, vault)


def provider(settings: Settings) -> KeyProvider:
    """Return where the keys of partners are: in a token or service, else files; or KeyRefused."""
    if settings.kms_token and settings.kms_url.startswith(SCHEME):
        return TokenKeys(settings.kms_url, settings.kms_token)
    if settings.kms_url and settings.kms_token:
        return TransitKeys(settings.kms_url, settings.kms_token)
    return FileKeys(load_key(settings.folder / KEY_FILE), settings.folder)


def eraser(store: Store, vault: Vault, settings: Settings, owner: str) -> Eraser:
    """Return what carries out erasures; before anything is read or served it has to `finish`."""
    return Eraser(store, vault, ErasureList(settings.erasures), owner=owner)
