"""What tests of the log share: a store on a database of their own, and a vault beside it."""

from collections.abc import Iterator

import pytest

from ledger.log.store import Store
from ledger.vault import Vault

KEY = bytes(range(32))
"""The key of sealed values."""


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store(database, pool_size=4) as store:
        yield store


@pytest.fixture
def vault(store: Store) -> Vault:
    return Vault(store, KEY)
