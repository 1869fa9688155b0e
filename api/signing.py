"""Signing behind the doors: which chains have a log key, and how their signing is doing.

The keys are files in the data folder, one per chain. A chain with a key is integrated and signed as
soon as it grows; a chain that never had one is simply not signed. A chain that was signed and lost
its key is not forgotten: that is a refusal, which the health of the server tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from api.settings import Settings
from ledger.log.checkpoint import Head
from ledger.log.follower import Follower
from ledger.log.integrate import Gate, Integrator, RefusalKind
from ledger.log.log_key import KeyFolder
from ledger.log.merkle import EMPTY_ROOT
from ledger.log.store import Store

LOG_KEYS: Final = "log-keys"
CONNECTIONS: Final = 2

REASONS: Final[dict[RefusalKind, str]] = {
    "smaller": "Er staat minder vast dan er getekend is; is een oude reservekopie teruggezet?",
    "different": "Een vastlegging, tegel of controlepunt is niet meer wat het was.",
    "checkpoint": "Het laatste controlepunt is niet met een sleutel van dit log getekend.",
    "key": "De sleutel van het log ontbreekt of is niet veilig bewaard.",
    "gate": "Een getuige kent een groter of een ander log; is een oude reservekopie teruggezet?",
}
"""Why a chain is not signed, for everybody to read: the log of the server names files too."""


class NotSigned(Struct, frozen=True):
    """A chain that must not be signed now, and why."""

    chain: str
    kind: RefusalKind
    reason: str


class SigningState(Struct, frozen=True):
    """How the signing is doing; `behind` is how many records are not yet signed.

    `unnamed` are the chains that name keys of their log, but not one that signed since the start.
    """

    status: Literal["pass", "warn", "fail"]
    behind: int
    refused: list[NotSigned]
    unnamed: list[str] = []


class KeyedIntegrator(Integrator):
    """The integrator of the chains that have a key, or had one."""

    def __init__(self, store: Store, keys: KeyFolder, *, gate: Gate | None = None) -> None:
        super().__init__(store, keys, gate=gate)
        self._folder = keys
        self._never_signed: set[str] = set()

    def integrate(self, chain: str) -> Head:
        """Take in and sign a chain with a key; the head of one that was never signed is empty."""
        if not self._concerns(chain):
            return Head(chain, 0, EMPTY_ROOT)
        return super().integrate(chain)

    def has_key(self, chain: str) -> bool:
        """Tell whether a chain has a key file, sound or not."""
        return self._folder.path(chain).exists()

    def _concerns(self, chain: str) -> bool:
        """Tell whether a chain is to be signed: it has a key, or was signed before."""
        if self.has_key(chain):
            self._never_signed.discard(chain)
            return True
        # Asked twice a second for every chain without a key, so the answer is remembered.
        if chain not in self._never_signed:
            if self.checkpoint(chain) is not None:
                return True
            self._never_signed.add(chain)
        return False


class Signing:
    """The integrator and the thread that follows the record; runs until `stop`.

    `gate` is asked before each signature, `signed` hears of each.
    """

    def __init__(
        self,
        store: Store,
        keys: KeyFolder,
        *,
        gate: Gate | None = None,
        signed: Callable[[str, Head], None] | None = None,
    ) -> None:
        self.integrator = KeyedIntegrator(store, keys, gate=gate)
        self.follower = Follower(store, self.integrator, signed=signed)

    def stop(self) -> None:
        """Stop after the chain in hand."""
        self.follower.stop()

    def state(
        self,
        *,
        sizes: Mapping[str, int],
        signed: Mapping[str, int],
        unnamed: Iterable[str] = (),
    ) -> SigningState | None:
        """Return how the signing is doing at these sizes of the record and of what is signed.

        None where no chain is signed.
        """
        chains = {*signed, *filter(self.integrator.has_key, sizes)}
        if not chains:
            return None
        refused = [
            NotSigned(chain, refusal.kind, REASONS[refusal.kind])
            for chain, refusal in sorted(dict(self.integrator.refusals).items())
        ]
        told = sorted(unnamed)
        behind = sum(max(0, sizes.get(chain, 0) - signed.get(chain, 0)) for chain in chains)
        if refused or not self.follower.running:
            return SigningState("fail", behind, refused, told)
        return SigningState("warn" if behind or told else "pass", behind, refused, told)


def log_keys(settings: Settings) -> KeyFolder:
    """Return the folder with the key files of the logs."""
    return KeyFolder(settings.folder / LOG_KEYS)


def default_origin(settings: Settings, chain: str) -> str:
    """Return the name of a chain's log: where others reach it, without http:// or https://."""
    return f"{settings.address.partition('://')[2]}/log/{chain}"


def ensure_key(settings: Settings, chain: str) -> Path:
    """Make the key of a chain where there is none yet; return its file. Raises KeyRefused."""
    keys = log_keys(settings)
    path = keys.path(chain)
    if not path.exists():
        keys.make(chain, default_origin(settings, chain))
    return path
