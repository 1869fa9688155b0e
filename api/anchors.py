"""Time stamps behind the doors: which authority stamps checkpoints, and how that is going.

Without an authority in the settings nothing is stamped. One that fails is told by health as a
warning, for as long as the last question failed: recording, signing and reading go on.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final, Literal

from msgspec import Struct

from api.settings import Settings, SettingsRefused
from ledger.domain.values import instant
from ledger.log.anchor import Anchors, Failing
from ledger.log.anchoring import Anchorer, Anchoring, AnchorKind, Authority
from ledger.log.store import Store
from ledger.log.time_stamp import CertificatesRefused, Trusted, read_certificates

REASONS: Final[dict[AnchorKind, str]] = {
    "unreachable": "De tijdstempelautoriteit gaf geen bruikbaar antwoord.",
    "malformed": "Wat de tijdstempelautoriteit stuurde, is geen tijdstempel.",
    "refused": "De tijdstempelautoriteit weigerde.",
    "imprint": "De tijdstempel is van iets anders dan dit controlepunt.",
    "nonce": "De tijdstempel antwoordt op een andere vraag.",
    "certificate": "Het certificaat of de handtekening van de tijdstempel deugt niet.",
    "time": "De klok van de tijdstempelautoriteit en die van de server liggen te ver uiteen.",
    "checkpoint": "Het laatste controlepunt is niet wat er in zijn rij staat.",
}
"""Why a chain gets no time stamp, for everybody to read: the log of the server says more."""


class NotAnchored(Struct, frozen=True):
    """A chain for which the last question for a time stamp failed, and since when that is so."""

    chain: str
    kind: str
    reason: str
    failures: int
    since: str


class AnchoringState(Struct, frozen=True):
    """How the time stamps are going; `waiting` is how many chains are due for one."""

    status: Literal["pass", "warn"]
    waiting: int
    failing: list[NotAnchored]


class ChainAnchors(Struct, frozen=True, rename="camel"):
    """How it stands with the time stamps of one chain: how many records the newest covers.

    `none` where there is no time stamp and none is asked for; `warn` while asking fails, or where
    none was had yet. Whether those that are kept still hold is told by the check of the chain.
    """

    status: Literal["pass", "warn", "none"]
    covered: int
    stamped_at: str | None
    authority: str | None
    failing: NotAnchored | None


class Stamping:
    """The thread that has checkpoints stamped, where there is an authority; runs until `stop`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._anchoring = anchoring(store, settings)
        self._anchorer = (
            Anchorer(self._anchoring, poll_seconds=settings.tsa_poll_seconds)
            if self._anchoring
            else None
        )

    def stop(self) -> None:
        """Stop; an answer still on its way is asked for again after the next start."""
        if self._anchorer is not None:
            self._anchorer.stop()

    def state(self) -> AnchoringState | None:
        """Return how the time stamps are going; None where none are asked for."""
        if self._anchoring is None or self._anchorer is None:
            return None
        failing = self._failing()
        sound = self._anchorer.running and not failing
        waiting = len(self._anchoring.due())
        return AnchoringState("pass" if sound else "warn", waiting, failing)

    def of_chain(self, store: Store, chain: str) -> ChainAnchors:
        """Return how it stands with the time stamps of one chain."""
        last = Anchors(store).latest(chain)
        failing = next((one for one in self._failing() if one.chain == chain), None)
        status: Literal["pass", "warn", "none"] = "pass"
        if failing is not None or (last is None and self._anchoring is not None):
            status = "warn"
        if last is None:
            return ChainAnchors(status if self._anchoring else "none", 0, None, None, failing)
        moment = instant(last.stamped.astimezone(UTC))
        return ChainAnchors(status, last.size, moment, last.authority, failing)

    def _failing(self) -> list[NotAnchored]:
        return [] if self._anchoring is None else [*map(_told, self._anchoring.anchors.failing())]


def anchoring(store: Store, settings: Settings) -> Anchoring | None:
    """Return what asks the authority of the settings; None without one. Raises SettingsRefused."""
    found = authority(settings)
    if found is None:
        return None
    return Anchoring(store, found, interval_seconds=settings.tsa_interval_seconds)


def authority(settings: Settings) -> Authority | None:
    """Return the authority of the settings, if there is one. Raises SettingsRefused."""
    if not settings.tsa_url:
        return None
    return Authority(settings.tsa_url, trusted(settings))


def trusted(settings: Settings) -> Trusted:
    """Return the certificates that time stamps are checked with. Raises SettingsRefused."""
    try:
        return read_certificates(settings.tsa_certificates)
    except CertificatesRefused as error:
        raise SettingsRefused(f"KETENLEDGER_TSA_CERTIFICATES: {error}") from error


def trusted_stamps(settings: Settings) -> Trusted | None:
    """Return those certificates; None where the settings name none. Raises SettingsRefused."""
    return trusted(settings) if settings.tsa_certificates else None


def _told(failing: Failing) -> NotAnchored:
    reason = next((said for kind, said in REASONS.items() if kind == failing.kind), "")
    since = instant(failing.since.astimezone(UTC))
    return NotAnchored(failing.chain, failing.kind, reason, failing.failures, since)
