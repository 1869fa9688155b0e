"""One agreement as the rules see it: its versions, who signed them, and from when until when.

A version lies before its parties (`draft`) until all have signed; then it joins `versions`. On any
day the newest version that has begun is the one that counts; a term's `until` is the first day
outside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain.alarms import Alarms
from ledger.domain.events.agreements import AgreementAmended, AgreementProposed, Indicator
from ledger.domain.maps import Map
from ledger.domain.values import Header, Refused, within

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

Status = Literal["proposed", "in-force", "expired", "terminated"]


class Version(Struct, frozen=True):
    """One text, put before its parties at `since`: who has to sign it, who did, and its term."""

    number: int
    since: str
    parties: tuple[str, ...]
    start: str
    until: str
    indicators: tuple[Indicator, ...]
    amount_cents: int | None
    signed: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Tell whether every named party has signed."""
        return set(self.signed) == set(self.parties)


class Agreement(Struct, frozen=True):
    """An agreement with the versions all their parties signed, and the one that lies before them.

    `terminated` is the first day without it, once somebody ended it; `breaches` tells of each
    indicator that was ever breached whether it still is.
    """

    kind: str
    subjects: tuple[str, ...]
    parent: str
    provider: str
    consumer: str
    position: int
    draft: Version | None
    versions: tuple[Version, ...] = ()
    status: Status = "proposed"
    terminated: str = ""
    breaches: Map[str, bool] = field(default_factory=Map)

    @property
    def newest(self) -> Version:
        """The version that lies before the parties, otherwise the last one they all signed."""
        return self.versions[-1] if self.draft is None else self.draft

    @property
    def parties(self) -> tuple[str, ...]:
        """Whom it binds, or would bind as long as no version was signed by all."""
        return self.versions[-1].parties if self.versions else self.newest.parties

    @property
    def amount_cents(self) -> int | None:
        """The amount of the newest version, in euro cents."""
        return self.newest.amount_cents

    @property
    def until(self) -> str:
        """The first day on which nothing of it holds any more; empty is open."""
        term = self.versions[-1].until if self.versions else ""
        return min(filter(None, (term, self.terminated)), default="")

    def open_on(self, day: str) -> bool:
        """Tell whether it had not ended on a day, signed or not."""
        return not self.until or day < self.until

    def version_on(self, day: str) -> Version | None:
        """Return the version in force on a day, or None."""
        begun = (one for one in reversed(self.versions) if one.start <= day)
        last = next(begun, None)
        if last is None or not self.open_on(day):
            return None
        return last if within(day, start=last.start, until=last.until) else None


class Agreements(Struct, frozen=True):
    """All agreements, and the days on which their terms run out."""

    all: Map[str, Agreement] = field(default_factory=Map)
    alarms: Alarms = field(default_factory=Alarms)

    def unfinished(self) -> tuple[str, ...]:
        """Return the agreements that still bind somebody, in alphabetical order."""
        return tuple(sorted(name for name, one in self.all.items() if one.status == "in-force"))


def known(chain: ChainState, name: str) -> Agreement:
    """Return an agreement, or refuse an unknown one."""
    found = chain.agreements.all.get(name)
    if found is None:
        raise Refused("A7", f"afspraak {name} bestaat niet")
    return found


def proposed(event: AgreementProposed, header: Header) -> Agreement:
    """Return the agreement as it starts, with its first version before the parties."""
    return Agreement(
        kind=event.kind,
        subjects=event.subjects,
        parent=event.parent,
        provider=event.provider,
        consumer=event.consumer,
        position=header.position,
        draft=_version(event, 1, header),
    )


def amended(before: Agreement, event: AgreementAmended, header: Header) -> Agreement:
    """Return the agreement with a new version before the parties; an unsigned one gives way."""
    return replace(before, draft=_version(event, before.newest.number + 1, header))


def _version(event: AgreementProposed | AgreementAmended, number: int, header: Header) -> Version:
    return Version(
        number=number,
        since=header.on,
        parties=event.parties,
        start=event.valid_from,
        until=event.valid_until,
        indicators=event.indicators,
        amount_cents=event.amount_cents,
    )
