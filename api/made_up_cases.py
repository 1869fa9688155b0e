"""What happens in a made-up chain: whole cases, each from its first act to its last.

A proposal that is voted on, one that is withdrawn, a meeting, an action, an agreement and what is
measured under it, an escalation up the ladder, a seat that changes hands, a new chain manager, a
lesson. A case never refers to what is not there, and every act says how many records it gives.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from api.made_up_words import ORGANISATIONS, TOPICS, Words
from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from ledger.domain.events.agreements import (
    AgreementProposed,
    AgreementSigned,
    Indicator,
    ServiceLevelMeasured,
)
from ledger.domain.events.bodies import SeatAssigned, SeatVacated
from ledger.domain.events.decisions import (
    DeliberationOpened,
    ProposalSubmitted,
    ProposalWithdrawn,
    VoteCast,
)
from ledger.domain.events.escalations import (
    BottleneckSignalled,
    EscalationClosed,
    EscalationForwarded,
    EscalationRaised,
    EscalationReceived,
    EscalationResolved,
    HorizontalResolutionAttempted,
)
from ledger.domain.events.meetings import (
    AgendaItem,
    AttendanceRecorded,
    MeetingConvened,
    MeetingHeld,
    MinutesAdopted,
)
from ledger.domain.events.memory import LessonRecorded, RationaleAdded
from ledger.domain.events.outcomes import Citation
from ledger.domain.events.people import PersonRegistered
from ledger.domain.events.roles import RoleAssigned, RoleEnded
from ledger.domain.values import Document, Event, Source, instant
from ledger.recording import Act

BODIES: Final = ("ketenbestuur", "lijnmanagersoverleg", "productieoverleg")
SUBJECTS: Final = 2_000
STEP: Final = timedelta(minutes=10)
FIRST_DAY: Final = datetime(2006, 1, 1, tzinfo=UTC)
ADOPTED_OF_TEN: Final = 8


class Step(NamedTuple):
    """An act, and how many records it gives with all that follows from it."""

    act: Act
    records: int


class Life:
    """Where a made-up chain stands: the clock, who sits where, which decision holds on a subject.

    `seats` gives by seat who holds it, since which day, and the how-manieth holder that is.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.words = Words(chance)
        self.seats: dict[str, tuple[str, str, int]] = {}
        self.holding: dict[str, str] = {}
        self.in_force: list[str] = []
        self.measured: list[str] = []
        self._managers = [("manager-1", "")]
        self._now = FIRST_DAY
        self._acts = 0

    @property
    def day(self) -> str:
        """The day it is."""
        return self.days_from_now(0)

    def days_from_now(self, days: int) -> str:
        """Return the day so many days ahead."""
        return (self._now + timedelta(days=days)).date().isoformat()

    def moment(self) -> str:
        """Return when the act after the next is."""
        return instant(self._now + STEP)

    def step(
        self, by: str, event: Event, *, records: int = 1, source: Source | None = None
    ) -> Step:
        """Let somebody do something now, and go ten minutes on."""
        self._acts += 1
        act = Act(event=event, by=by, act=f"g-{self._acts}", on=instant(self._now), source=source)
        self._now += STEP
        return Step(act, records)

    def named(self, prefix: str) -> str:
        """Return a name that no other thing has."""
        return f"{prefix}-{self._now.year}-{self._acts}"

    def voters(self, body: str) -> Iterator[tuple[str, str]]:
        """Yield each seat of a body with who holds it."""
        for organisation in ORGANISATIONS:
            seat = f"{body}-{organisation}"
            yield seat, self.seats[seat][0]

    @property
    def manager(self) -> str:
        """Who is chain manager today."""
        return next(who for who, since in reversed(self._managers) if since <= self.day)

    def appoint(self, since: str) -> tuple[str, str]:
        """Let there be a new chain manager from a day on; return who goes and who comes."""
        before, after = self._managers[-1][0], f"manager-{len(self._managers) + 1}"
        self._managers.append((after, since))
        return before, after

    def within_today(self, acts: int) -> bool:
        """Tell whether so many acts from now on are all on this day."""
        return (self._now + acts * STEP).date() == self._now.date()


def decided(life: Life) -> Iterator[Step]:
    """A proposal on some subject is voted on; adopted, it takes the place of the one before."""
    body = life.chance.choice(BODIES)
    subject = _subject(life, body)
    earlier = life.holding.get(subject, "")
    name = life.named("B")
    action = _action(life, decision=name) if life.chance.random() < 0.3 else None
    yield life.step(life.manager, _proposal(life, name, body, subject, earlier, action))
    yield life.step(life.manager, DeliberationOpened(decision=name), records=2)
    adopted = life.chance.randrange(10) < ADOPTED_OF_TEN
    follows = 2 + bool(earlier) + bool(action) if adopted else 1
    voters = list(life.voters(body))
    for number, (seat, person) in enumerate(voters, 1):
        choice = "for" if adopted or number == 1 else "against"
        vote = VoteCast(decision=name, seat=seat, choice=choice, reason=life.words.prose(4))  # type: ignore[arg-type]  # either literal
        last = number == len(voters)
        yield life.step(person, vote, records=1 + follows if last else 1)
    if adopted:
        life.holding[subject] = name
        life.in_force.append(name)


def _proposal(
    life: Life, name: str, body: str, subject: str, earlier: str, action: ActionAssigned | None
) -> ProposalSubmitted:
    return ProposalSubmitted(
        decision=name,
        body=body,
        subject=subject,
        title=f"Voorstel over {life.words.matter()}",
        problem=life.words.prose(3),
        text=life.words.prose(4),
        chain_interest=life.words.prose(2),
        cites=(Citation(decision=earlier, relation="supersedes"),) if earlier else (),
        effects=(action,) if action is not None else (),
    )


def _subject(life: Life, body: str) -> str:
    # A body of a lower level does not decide about what a higher one decided.
    return f"{body}-{life.chance.choice(TOPICS)}-{life.chance.randrange(SUBJECTS // 40)}"


def withdrawn(life: Life) -> Iterator[Step]:
    """A proposal is made and taken back."""
    name, body = life.named("B"), life.chance.choice(BODIES)
    _, person = life.chance.choice(list(life.voters(body)))
    yield life.step(person, _proposal(life, name, body, life.named("zaak"), "", None))
    yield life.step(person, ProposalWithdrawn(decision=name, reason=life.words.prose(1)))


def met(life: Life) -> Iterator[Step]:
    """A body meets, all seats in person, and adopts its minutes."""
    name, body = life.named("V"), life.chance.choice(BODIES)
    listed = tuple(AgendaItem(subject=life.words.matter()) for _ in range(3))
    starts = life.moment()
    yield life.step(
        "bureau", MeetingConvened(meeting=name, body=body, starts_at=starts, agenda=listed)
    )
    for seat, person in list(life.voters(body)):
        present = AttendanceRecorded(meeting=name, seat=seat, person=person)
        yield life.step("bureau", present)
    told = life.in_force[-3:]
    yield life.step(
        "bureau", MeetingHeld(meeting=name, summary=life.words.prose(4), decisions=tuple(told))
    )
    digest = hashlib.sha256(name.encode()).hexdigest()
    minutes = Document(title=f"Verslag van {name}", sha256=digest)
    yield life.step("bureau", MinutesAdopted(meeting=name, minutes=minutes))


def acted(life: Life) -> Iterator[Step]:
    """An action is agreed and, mostly, done."""
    action = _action(life, decision=life.in_force[-1] if life.in_force else "")
    yield life.step(life.manager, action)
    if life.chance.random() < 0.95:
        done = ActionCompleted(action=action.action, evidence=life.words.prose(2))
        yield life.step("bureau", done)


def _action(life: Life, *, decision: str) -> ActionAssigned:
    return ActionAssigned(
        action=life.named("A"),
        title=f"Werk aan {life.words.matter()}",
        text=life.words.prose(2),
        organisation=life.chance.choice(ORGANISATIONS),
        role="projectleider",
        due_on="2040-12-31",
        decision=decision,
    )


def agreed(life: Life) -> Iterator[Step]:
    """The partners agree on a service, sign, and measure it from then on."""
    name = life.named("SLA")
    day = life.day
    yield life.step(
        "bureau",
        AgreementProposed(
            agreement=name,
            kind="other",
            title=f"Afspraak over {life.words.matter()}",
            subjects=("tasks", "planning"),
            text=life.words.prose(5),
            parties=ORGANISATIONS,
            indicators=(
                Indicator(name="tijdig", unit="promille", target=950, direction="at-least"),
            ),
            valid_from=day,
        ),
    )
    for number, organisation in enumerate(ORGANISATIONS, 1):
        signed = AgreementSigned(agreement=name, organisation=organisation, version=1)
        last = number == len(ORGANISATIONS)
        yield life.step(f"r-{organisation}", signed, records=2 if last else 1)
    life.measured.append(name)


def measured(life: Life) -> Iterator[Step]:
    """What was agreed is measured; a target that is missed is met again the next time."""
    if not life.measured:
        return
    name = life.chance.choice(life.measured[-50:])
    missed = life.chance.random() < 0.1
    for found, records in ((900, 2), (970, 2)) if missed else ((960, 1),):
        period = life.moment()[:10]
        measure = ServiceLevelMeasured(
            agreement=name, indicator="tijdig", period=period, measured=found
        )
        yield life.step("bureau", measure, records=records)


def escalated(life: Life) -> Iterator[Step]:
    """A bottleneck that talking did not solve goes two rungs up, and leaves a lesson."""
    knot, name = life.named("K"), life.named("E")
    topic = life.words.matter()
    yield life.step(
        "bureau", BottleneckSignalled(bottleneck=knot, subject=topic, impact=life.words.prose(2))
    )
    tried = HorizontalResolutionAttempted(
        bottleneck=knot, organisations=ORGANISATIONS[:2], result=life.words.prose(2)
    )
    yield life.step("bureau", tried)
    raised = EscalationRaised(
        escalation=name,
        bottleneck=knot,
        subject=topic,
        reason=life.words.prose(3),
        from_rung=1,
        to_rung=2,
        jointly_by=ORGANISATIONS[:2],
    )
    yield life.step("bureau", raised)
    yield life.step("bureau", EscalationReceived(escalation=name, rung=2), records=2)
    up = EscalationForwarded(escalation=name, to_rung=3, reason=life.words.prose(1))
    yield life.step(life.manager, up)
    yield life.step(life.manager, EscalationReceived(escalation=name, rung=3), records=2)
    solved = EscalationResolved(escalation=name, solution=life.words.prose(2))
    yield life.step(life.manager, solved)
    yield life.step(
        life.manager, EscalationClosed(escalation=name, lesson=life.words.prose(2)), records=2
    )


def succeeded(life: Life) -> Iterator[Step]:
    """The holder of a seat leaves it to somebody new, who has it from the same day on."""
    seat = life.chance.choice(list(life.seats))
    _, since, number = life.seats[seat]
    today = life.day
    if since >= today or not life.within_today(3):
        return
    organisation = next(one for one in ORGANISATIONS if seat.endswith(one))
    successor = f"{seat}-{number + 1}"
    yield life.step("bureau", PersonRegistered(person=successor, function="opvolger"))
    left = SeatVacated(seat=seat, valid_until=today, reason=life.words.prose(1))
    yield life.step(f"r-{organisation}", left)
    yield life.step(
        f"r-{organisation}", SeatAssigned(seat=seat, person=successor, valid_from=today)
    )
    life.seats[seat] = (successor, today, number + 1)


def appointed(life: Life) -> Iterator[Step]:
    """The board appoints a new chain manager, from tomorrow on."""
    name, tomorrow = life.named("B"), life.days_from_now(1)
    if not life.within_today(8):
        return
    before, after = life.appoint(tomorrow)
    yield life.step("bureau", PersonRegistered(person=after, function="ketenmanager"))
    proposal = ProposalSubmitted(
        decision=name,
        body="ketenbestuur",
        subject=name,
        title="Een nieuwe ketenmanager",
        chain_interest=life.words.prose(2),
        effects=(
            RoleEnded(assignment=before, valid_until=tomorrow, reason=life.words.prose(1)),
            RoleAssigned(assignment=after, role="chain-manager", person=after, valid_from=tomorrow),
        ),
    )
    yield life.step("bureau", proposal)
    yield life.step("bureau", DeliberationOpened(decision=name), records=2)
    voters = list(life.voters("ketenbestuur"))
    for number, (seat, person) in enumerate(voters, 1):
        vote = VoteCast(decision=name, seat=seat, choice="for", reason=life.words.prose(2))
        yield life.step(person, vote, records=5 if number == len(voters) else 1)


def learned(life: Life) -> Iterator[Step]:
    """Somebody tells what was learned, or why something was decided."""
    if life.in_force and life.chance.random() < 0.5:
        told = RationaleAdded(decision=life.chance.choice(life.in_force), text=life.words.prose(3))
        yield life.step("bureau", told)
        return
    lesson = LessonRecorded(
        lesson=life.named("L"),
        subject=life.chance.choice(TOPICS),
        problem=life.words.prose(2),
        approach=life.words.prose(2),
        solution=life.words.prose(2),
        decisions=tuple(life.in_force[-2:]),
    )
    yield life.step("bureau", lesson)


Case = Callable[[Life], Iterator[Step]]
CASES: Final[tuple[Case, ...]] = (
    decided, withdrawn, met, acted, agreed, measured, escalated, succeeded, appointed, learned,
)  # fmt: skip
WEIGHTS: Final = (60, 12, 9, 10, 3, 12, 4, 1, 0.05, 8)
"""How often each comes, so that about one record in ten is a proposal."""
