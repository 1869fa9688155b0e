"""Checks of chains as they are stored: what to check, by which keys, and how to say what was found.

The check itself is `ledger/checking.py`; here it gets the keys of the log and the read models. The
command `verify`, the nightly run and the address `integrity` use it and say the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from msgspec import Struct

from ledger.announced import announced
from ledger.checking import Wanted, check, check_for
from ledger.log.check_results import Checked, CheckResults
from ledger.log.fsck import Kept
from ledger.log.log_key import KeyFolder, KeyRefused
from ledger.log.note_keys import Verifier
from ledger.log.read_log import links
from ledger.log.store import Store
from ledger.log.time_stamp import Trusted
from ledger.log.tree import Tree
from ledger.vault import Vault
from projections import checking as read_models

FIRST_SIGNATURE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.2

SAY_HOW_MANY: Final = (
    "unsigned",
    "unwitnessed",
    "unchecked-stamp",
    "behind",
    "orphan",
    "read-model",
)
"""Of these the sentence itself tells how many there are."""
OUTCOMES: Final = {
    "whole": "Alles wat is nagegaan, klopt.",
    "broken": "Er is een breuk.",
    "unknown": (
        "Niets klopt niet, maar er is geen handtekening of bewaard controlepunt om het aan te "
        "meten."
    ),
}
NOT_COMPARED: Final = (
    "Niet vergeleken met wat een ander bewaarde: of het hele register door wie de sleutel heeft "
    "opnieuw is gemaakt, is zo niet te zien."
)


ALWAYS: Final[tuple[read_models.Look, ...]] = (read_models.position, links)
"""What is looked at besides the evidence, in every check."""


class Checker(Struct, frozen=True):
    """What a check needs: the database, the vault of sealed values, and the keys of the logs.

    `stamped_by` are the certificates of the time-stamping authority, where there is one.
    """

    conninfo: str
    store: Store
    vault: Vault | None
    keys: KeyFolder
    stamped_by: Trusted | None = None

    def check(
        self,
        chain: str,
        *,
        rules: bool = True,
        models: bool = False,
        keys: tuple[Verifier, ...] = (),
        kept: tuple[Kept, ...] = (),
        against: str = "",
    ) -> Checked:
        """Check one chain now and keep the outcome; `keys` are those that somebody trusts."""
        more: tuple[read_models.Look, ...] = ALWAYS
        if models:
            more = (*more, read_models.Contents(self.conninfo))
        wanted = Wanted(
            keys=keys,
            held=held(self.keys, chain),
            kept=kept,
            against=against,
            rules=rules,
            models=models,
            more=more,
            stamped_by=self.stamped_by,
        )
        return check(self.store, chain, wanted, vault=self.vault)

    def check_for(self, chain: str, night: date) -> None:
        """Check one chain for a night, at rest now and then, unless another process does."""
        own = held(self.keys, chain)
        wanted = Wanted(
            held=own,
            more=ALWAYS,
            restful=True,
            stamped_by=self.stamped_by,
        )
        check_for(self.store, chain, wanted, night, vault=self.vault)

    def known_keys(self, chain: str) -> tuple[Verifier, ...]:
        """Return the keys of a chain's log as the chain names them, else those kept here."""
        with self.store.connection() as conn:
            return announced(conn, chain).log or held(self.keys, chain)

    def all(self, night: date, stopping: Callable[[], bool]) -> bool:
        """Check every chain for a night; tell whether that was all."""
        results = CheckResults(self.store)
        known = {*self.store.chains(), *Tree(self.store).heads(), *results.chains()}
        for chain in sorted(known):
            if stopping():
                return False
            if not results.done(chain, night):
                self._let_sign(chain, stopping)
                self.check_for(chain, night)
        return True

    def _let_sign(self, chain: str, stopping: Callable[[], bool]) -> None:
        """Wait a moment for the first signature of a chain with a key, as after a first start.

        Checked before it, a chain would be told as unsigned until the next night.
        """
        tree, until = Tree(self.store), time.monotonic() + FIRST_SIGNATURE_SECONDS
        if not held(self.keys, chain):
            return
        while tree.checkpoint(chain) is None and time.monotonic() < until and not stopping():
            time.sleep(LOOK_SECONDS)


def held(keys: KeyFolder, chain: str) -> tuple[Verifier, ...]:
    """Return the verifier keys of a log that are kept here; none where that file cannot be read."""
    try:
        return keys.key(chain).verifiers
    except KeyRefused:
        return ()


def in_words(checked: Checked) -> Iterator[str]:
    """Say what was checked and what came of it, a sentence each."""
    yield (
        f"Gecontroleerd op {checked.at[:10]} om {checked.at[11:16]} (UTC): "
        f"{_many(checked.size, 'gebeurtenis', 'gebeurtenissen')}, waarvan {checked.signed} "
        f"ondertekend in {_many(checked.checkpoints, 'controlepunt', 'controlepunten')}."
    )
    parts = [
        "bytes en volgorde",
        _many(checked.tiles, "tegel", "tegels"),
        "wortels van de controlepunten",
    ]
    parts += ["handtekeningen"] if checked.signatures else []
    if checked.cosignatures:
        parts.append(_many(checked.cosignatures, "medeondertekening", "medeondertekeningen"))
    if checked.stamps:
        parts.append(_many(checked.stamps, "tijdstempel", "tijdstempels"))
    parts += ["de regels"] if checked.rules else []
    parts += ["de inhoud van de leesmodellen"] if checked.models else []
    yield f"Nagegaan: {', '.join(parts)}."
    if checked.against:
        yield f"Vergeleken met {checked.against}."
    yield OUTCOMES[checked.outcome]
    for one in (*checked.breaks, *checked.remarks):
        several = one.count > 1 and one.kind not in SAY_HOW_MANY
        yield f"{one.sentence} ({one.count} in totaal)" if several else one.sentence
    if not checked.against:
        yield NOT_COMPARED


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
