"""Opening sealed texts for readers: what the doors lend a view beside the read models.

Where the keys cannot be reached now, or are not the ones, the texts stay closed: records are read
all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from ledger.vault import KeyRefused, KeysUnavailable, Vault
from projections.views import Opener

LOG = logging.getLogger(__name__)


def opener(vault: Vault) -> Opener:
    """Return what opens the texts that are sealed in confidential records, by digest."""

    def opened(chain: str, digests: Collection[str]) -> Mapping[str, str]:
        try:
            found = vault.open(chain, digests)
        except (KeyRefused, KeysUnavailable) as error:
            LOG.warning("Verzegelde teksten van keten %s blijven dicht: %s", chain, error)
            return {}
        return {digest: one.value for digest, one in found.items() if one is not None}

    return opened
