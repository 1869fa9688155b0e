"""The words in which rules are tested: a chain with a history, one act, what comes of it.

History (`given`) is imported by the chain's import authority, so that a test needs no procedure to
set its scene; the structural rules hold for it all the same. Then one act is recorded as people do.
"""

from __future__ import annotations

from collections.abc import Collection

from ledger import confidential, recording
from ledger.domain.chain import ChainState
from ledger.domain.events.bodies import BodyEstablished, SeatAssigned, SeatCreated
from ledger.domain.events.chains import ChainEstablished, FoundingPartner
from ledger.domain.events.decision_rules import DecisionRule, DecisionRuleAdopted
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import (
    Event,
    NotAllowed,
    Refused,
    Scope,
    Signature,
    Source,
    instant,
    later,
    moment,
)
from ledger.recording import Act, Entry
from ledger.sealed import Disclosed

START = "2024-01-01T09:00:00.000000Z"
IMPORTER = "importer"
SOURCE = Source(name="test history", sha256="0" * 64)
PARTNERS = ("bd", "uwv", "cbs")


def on_day(day: str) -> str:
    """Return noon of a day as an instant."""
    return f"{day}T12:00:00.000000Z"


class Life:
    """A chain as it grows in a test. Every step returns a new one, so that scenes can be shared."""

    def __init__(
        self,
        state: ChainState,
        entries: tuple[Entry, ...] = (),
        now: str = START,
        disclosures: tuple[Disclosed, ...] = (),
    ) -> None:
        self.state = state
        self.entries = entries
        self.now = now
        self.disclosures = disclosures

    def given(self, *history: Event, on: str = "") -> Life:
        """Take events over as history, all at `on` (an instant, or a day; empty: now)."""
        life = self
        for event in history:
            result = life.record(event, by=IMPORTER, on=on, source=SOURCE)
            assert result.refusal is None, result.refusal
            life = result.life
        return life

    def at(self, when: str) -> Life:
        """Let the clock stand at an instant or a day, without recording anything."""
        clock = on_day(when) if len(when) == 10 else when
        return Life(self.state, self.entries, clock, self.disclosures)

    def after(self, days: int) -> Life:
        """Move the clock so many days."""
        return self.at(later(self.now, days=days))

    def record(
        self,
        event: Event,
        *,
        by: str,
        on: str = "",
        act: str = "",
        recorded_by: str = "",
        source: Source | None = None,
        scope: Scope | None = None,
        signature: Signature | None = None,
    ) -> Result:
        """Record one act at `on` (an instant or a day; empty: now); the clock never goes back."""
        when = on_day(on) if len(on) == 10 else (on or self.now)
        clock = max(self.now, when)
        wanted = Act(
            event=event,
            by=by,
            act=act,
            on=when,
            recorded_by=recorded_by,
            source=source,
            scope=scope,
            signature=signature,
        )
        try:
            closed = confidential.closed(self.state, wanted, read=self._bytes, told=_nothing)
            done = recording.record(self.state, closed.act, at=clock)
        except Refused as refusal:
            return Result(self, (), refusal)
        sealed = (*self.disclosures, *closed.disclosures)
        life = Life(done.chain, (*self.entries, *done.entries), _tick(clock), sealed)
        return Result(life, done.entries, None)

    def _bytes(self, position: int) -> bytes | None:
        return self.entries[position].data if position < len(self.entries) else None

    def done(self, event: Event, *, by: str, on: str = "") -> Life:
        """Record one act that has to succeed, and go on from there."""
        result = self.record(event, by=by, on=on)
        assert result.refusal is None, result.refusal
        return result.life

    def time_passes(self, days: int) -> Result:
        """Let time do its work up to so many days from now."""
        until = later(self.now, days=days)
        done = recording.pass_time(self.state, at=until)
        entries = (*self.entries, *done.entries)
        return Result(Life(done.chain, entries, until, self.disclosures), done.entries, None)


def _nothing(_: Collection[str]) -> dict[str, str]:
    return {}


def _tick(clock: str) -> str:
    """A minute later, so that no two acts of a test share their moment by accident."""
    return instant(moment(clock) + _MINUTE)


_MINUTE = moment("2024-01-01T00:01:00.000000Z") - moment("2024-01-01T00:00:00.000000Z")


class Result:
    """What came of one act."""

    def __init__(self, life: Life, entries: tuple[Entry, ...], refusal: Refused | None) -> None:
        self.life = life
        self.entries = entries
        self.refusal = refusal

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that was recorded, the act itself first."""
        return tuple(entry.event for entry in self.entries)

    def gives(self, *kinds: type[Event]) -> Result:
        """Everything recorded after the act itself is of exactly these types, in this order."""
        assert self.refusal is None, self.refusal
        found = [type(event).__name__ for event in self.events[1:]]
        assert found == [kind.__name__ for kind in kinds], found
        return self

    def brings(self, *kinds: type[Event]) -> Result:
        """Time alone recorded exactly these types, in this order."""
        found = [type(event).__name__ for event in self.events]
        assert found == [kind.__name__ for kind in kinds], found
        return self

    def holds(self, *events: Event) -> Result:
        """Each of these events is among what was recorded, field for field."""
        for event in events:
            assert event in self.events, (event, self.events)
        return self

    def first(self, kind: type[Event]) -> Event:
        """Return the first recorded event of a type."""
        return next(event for event in self.events if type(event) is kind)

    def refused(self, rule: str) -> None:
        """The rule of this number said no, and nothing was recorded."""
        assert self.refusal is not None, [type(event).__name__ for event in self.events]
        assert self.refusal.rule == rule, self.refusal
        assert self.entries == ()

    def not_allowed(self) -> None:
        """No capacity of the person made it lawful."""
        assert isinstance(self.refusal, NotAllowed), self.refusal or self.events


def founding(*partners: str, direct: tuple[str, ...] = ()) -> ChainEstablished:
    """Return the founding of a chain; `p-<organisation>` speaks for each partner."""
    return ChainEstablished(
        name="Testketen",
        origin="chosen",
        objective="Samen doen wat geen van ons alleen kan.",
        partners=tuple(
            FoundingPartner(
                organisation=name, name=name.upper(), status="owner", representative=f"p-{name}"
            )
            for name in partners
        ),
        import_authority=IMPORTER,
        direct=direct,
    )


def a_chain(*partners: str, direct: tuple[str, ...] = ()) -> Life:
    """Return a chain that was founded at START by these partners (default: bd, uwv, cbs)."""
    life = Life(ChainState(name="testketen"))
    return life.done(founding(*(partners or PARTNERS), direct=direct), by="p-bd")


def people(life: Life, *names: str) -> Life:
    """Register people under these pseudonyms."""
    return life.given(*(PersonRegistered(person=name, function="test") for name in names))


def a_board(life: Life, rule: DecisionRule | None = None, *, body: str = "bestuur") -> Life:
    """Add a strategic board: seat `<body>-<org>` held by `<body>-p-<org>` for every partner."""
    life = life.given(
        BodyEstablished(body=body, name=body.capitalize(), kind="chain-board", level="strategic")
    )
    for name in life.state.chains.partners_on(life.now[:10]):
        life = people(life, f"{body}-p-{name}").given(
            SeatCreated(seat=f"{body}-{name}", body=body, organisation=name),
            SeatAssigned(
                seat=f"{body}-{name}", person=f"{body}-p-{name}", valid_from=life.now[:10]
            ),
        )
    if rule is not None:
        life = life.given(DecisionRuleAdopted(body=body, name="testregel", rule=rule))
    return life
