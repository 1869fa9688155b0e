"""The words in which the demonstration chain is told: a day, who acts, what happens, who votes how.

A script plays every line against the rules while it is written, so that a line the rules refuse
cannot stand in the story, and a line that points at an earlier record finds its position by itself.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any, Final, NotRequired, Self, TypedDict

import msgspec

from ledger import recording
from ledger.domain import bodies
from ledger.domain import chain as fold
from ledger.domain.chain import ChainState
from ledger.domain.events.decisions import Choice, DeliberationOpened, VoteCast
from ledger.domain.events.meetings import AttendanceRecorded
from ledger.domain.events.people import PersonRegistered
from ledger.domain.values import Document, Event, Refused, instant, moment
from ledger.recording import Act, Entry

CHAIN: Final = "loonaangifteketen"
OWNERS: Final = ("belastingdienst", "uwv", "cbs")
FOR: Final = "for"
AGAINST: Final = "against"
ABSTAIN: Final = "abstain"
TOLD_AT: Final = "2015-01-01T00:00:00.000000Z"
"""After the last day of the story: when a line is played that is recorded whenever it is shown."""

_FIRST_MINUTE: Final = "T08:00:00.000000Z"
_STEP: Final = moment(f"2006-01-01{_FIRST_MINUTE}") - moment("2006-01-01T07:55:00.000000Z")
_CHOICES: Final[dict[str, Choice]] = {FOR: "for", AGAINST: "against", ABSTAIN: "abstain"}


class Line(TypedDict):
    """One line as `ketenledger record` takes it; `at` is when it is recorded, empty for now."""

    body: dict[str, Any]
    on: str
    at: str
    by: str
    act: str
    recordedBy: NotRequired[str]


class Script:
    """The story so far: its lines, what the ledger would hold after them, and the clock."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.entries: list[Entry] = []
        self.state = ChainState(name=CHAIN)
        self._now = moment(f"2006-01-01{_FIRST_MINUTE}")
        self._late: timedelta | None = timedelta(0)

    def on(self, day: str) -> Self:
        """Go to the morning of a later day; what happens is recorded as it happens."""
        morning = moment(f"{day}{_FIRST_MINUTE}")
        if morning <= self._now + (self._late or timedelta(0)):
            raise ValueError(f"{day} ligt niet na wat al is vastgelegd")
        self._now, self._late = morning, timedelta(0)
        return self

    def entered(self, day: str) -> Self:
        """Record what happens today only on the morning of a later day."""
        self._late = moment(f"{day}{_FIRST_MINUTE}") - moment(
            f"{instant(self._now)[:10]}{_FIRST_MINUTE}"
        )
        return self

    def entered_now(self) -> Self:
        """Record the rest whenever the story is told to somebody, not at an hour of the story."""
        self._late = None
        return self

    def act(self, by: str, *events: Event, recorded_by: str = "") -> Self:
        """Let somebody record these events, five minutes apart."""
        for event in events:
            self._play(event, by=by, recorded_by=recorded_by)
        return self

    def register(self, by: str, **functions: str) -> Self:
        """Register people by their function; an underscore in a pseudonym is written as `-`."""
        people = ((name.replace("_", "-"), function) for name, function in functions.items())
        return self.act(by, *(PersonRegistered(person=name, function=is_) for name, is_ in people))

    def open(self, decision: str, *, by: str, meeting: str = "") -> Self:
        """Open the deliberation on a proposal, in a meeting or in writing."""
        return self.act(by, DeliberationOpened(decision=decision, meeting=meeting))

    def vote(self, decision: str, *, recorded_by: str = "", **positions: str) -> Self:
        """Let seats vote, each by its holder: `uwv="against: reden"` or just `uwv=FOR`."""
        body = self.state.decisions.all[decision].body
        for organisation, position in positions.items():
            choice, _, reason = position.partition(": ")
            seat = f"{body}-{organisation}"
            vote = VoteCast(decision=decision, seat=seat, choice=_CHOICES[choice], reason=reason)
            self.act(self.holder(seat), vote, recorded_by=recorded_by)
        return self

    def attend(self, meeting: str, *organisations: str, by: str = "") -> Self:
        """Record who is present, by themselves or by somebody who keeps the list."""
        body = self.state.meetings.all[meeting].body
        for organisation in organisations:
            seat = f"{body}-{organisation}"
            person = self.holder(seat)
            self.act(by or person, AttendanceRecorded(meeting=meeting, seat=seat, person=person))
        return self

    def holder(self, seat: str) -> str:
        """Return who holds a seat today."""
        term = bodies.holder(self.state.bodies.seats[seat], instant(self._now)[:10])
        if term is None:
            raise ValueError(f"zetel {seat} is vacant")
        return term.person

    def position(self, kind: type[Event], **fields: str) -> int:
        """Return where the last event of a type stands that has these field values."""
        for entry in reversed(self.entries):
            fits = all(getattr(entry.event, name, None) == value for name, value in fields.items())
            if type(entry.event) is kind and fits:
                return entry.header.position
        raise ValueError(f"nog geen {kind.__name__} met {fields}")

    def _play(self, event: Event, *, by: str, recorded_by: str) -> None:
        on, act = instant(self._now), f"demo-{len(self.lines) + 1:03d}"
        at = "" if self._late is None else instant(self._now + self._late)
        self._let_time_pass(at)
        wanted = Act(event=event, by=by, act=act, on=on, recorded_by=recorded_by)
        try:
            done = recording.record(self.state, wanted, at=at or TOLD_AT)
        except Refused as refusal:
            refusal.add_note(f"bij {act} van het demonstratieverhaal, {on}")
            raise
        self.state = done.chain
        self.entries.extend(done.entries)
        body = msgspec.json.decode(msgspec.json.encode(event))
        line = Line(body=body, on=on, at=at, by=by, act=act)
        if recorded_by:
            line["recordedBy"] = recorded_by
        self.lines.append(line)
        self._now += _STEP

    def _let_time_pass(self, until: str) -> None:
        """Record what time makes happen in between on its own day, as a server that runs does."""
        while until and self.state.size and (found := fold.due(self.state, until)):
            done = recording.pass_time(self.state, at=found.on)
            self.state = done.chain
            self.entries.extend(done.entries)


def document(title: str) -> Document:
    """Return a document that exists in the story only; its digest is that of its title."""
    return Document(title=title, sha256=hashlib.sha256(title.encode()).hexdigest())
