"""What an act seals: stored before it is recorded, and told where it stands afterwards.

Names come sealed from the door; free text of what is confidential is sealed here (see
`confidential.py`), for here it is known what is. A disclosure that was stored for an act that was
refused is an orphan, and is swept.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from functools import partial

from ledger import catalogue, confidential
from ledger.confidential import Closed
from ledger.domain import sealing
from ledger.domain.chain import ChainState
from ledger.domain.values import require
from ledger.key_owners import owned
from ledger.log.store import Store, StoreUnavailable
from ledger.receipts import Receipt
from ledger.recording import Act
from ledger.sealed import Disclosed
from ledger.states import States
from ledger.vault import Vault

LOG = logging.getLogger(__name__)


class Sealing:
    """Seals what acts hold, in the vault of one store; without a vault nothing can be sealed."""

    def __init__(self, store: Store, states: States, vault: Vault | None) -> None:
        self._store = store
        self._states = states
        self._vault = vault

    def is_plain(self, chain: str, act: Act) -> bool:
        """Tell whether an act has no text to seal, as far as is known without reading anything."""
        state = self._states.seen(chain)
        if state is None:
            return not sealing.texts(act.event)
        return confidential.is_plain(state, act)

    def kept(
        self, chain: str, act: Act, given: Sequence[Disclosed]
    ) -> tuple[Act, Sequence[Disclosed]]:
        """Store what an act seals; return the act as it is recorded, and what was stored."""
        if not given and self.is_plain(chain, act):
            return act, ()
        state = self._states.caught_up(chain)
        act, made = self.closed(state, act, given)
        found = owned(state, act.by, made)
        if found:
            self._of_vault().keep(chain, found)
        return act, found

    def closed(self, state: ChainState, act: Act, given: Sequence[Disclosed]) -> Closed:
        """Return an act with its texts sealed where what it records is confidential."""
        read = partial(bytes_at, self._store, state.name)
        return confidential.closed(state, act, given, read=read, told=partial(self._told, state))

    def settle(self, receipt: Receipt, disclosures: Sequence[Disclosed]) -> None:
        """Note where the disclosures belong; a repeat must have been about the same values."""
        if not disclosures:
            return
        if receipt.repeated:
            self._same_values(receipt, disclosures)
            return
        try:
            self._of_vault().settle(receipt.chain, receipt.position, disclosures)
        except StoreUnavailable as error:
            # The act is recorded and the values are kept; the sweep notes the position later.
            LOG.warning("Plaats van verzegelde waarden nog niet genoteerd: %s", error)

    def _same_values(self, receipt: Receipt, disclosures: Sequence[Disclosed]) -> None:
        [first] = self._store.read(receipt.chain, start=receipt.position, limit=1)
        digests = catalogue.digests_in(catalogue.decode(first.data).body)
        same = not self._of_vault().differ(receipt.chain, digests, disclosures)
        again = {one.digest for one in disclosures} - digests
        self._of_vault().discard(receipt.chain, again)
        where = f"gebeurtenis {receipt.position}"
        require(same, "G6", f"{receipt.act} hoort bij andere verzegelde gegevens ({where})")

    def _told(self, state: ChainState, digests: Collection[str]) -> dict[str, str]:
        if self._vault is None:
            return {}
        found = self._vault.open(state.name, digests)
        return {digest: one.value for digest, one in found.items() if one is not None}

    def _of_vault(self) -> Vault:
        if self._vault is None:
            raise RuntimeError("sealed values need a vault, and this ledger was made without one")
        return self._vault


def bytes_at(store: Store, chain: str, position: int) -> bytes | None:
    """Return the bytes of the record at a position; None where there is none."""
    return next((row.data for row in store.read(chain, start=position, limit=1)), None)
