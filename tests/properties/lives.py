"""Random lives of a chain: somebody founds it, then people do what people do, and time passes.

A life is made of numbers: each decides, together with what happened before, one step. Zero is a
step in which nothing happens, so that a failing life shrinks to the few steps that matter. The same
numbers give the same life in every process.

Every act comes in as a JSON object and is recorded as the writer does it: read, decided upon, and
read back. People are clumsy: they try what they may not, record late, and name what is not there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from msgspec.structs import replace

from ledger import catalogue, policy, recording, sealed
from ledger.domain import chain as fold
from ledger.domain import sealing
from ledger.domain.chain import ChainState
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.events.decisions import ProposalSubmitted
from ledger.domain.values import (
    MAX_TEXT,
    Event,
    Header,
    NotAllowed,
    Refused,
    Source,
    instant,
    later,
    moment,
)
from ledger.recording import Act, Entry
from tests.properties.likely import LIKELY, founded
from tests.properties.making import COMMON, CONSEQUENCES, EFFECTS, RECORDABLE, Body, Kinds, made
from tests.properties.onward import COURSES
from tests.properties.signing import signed
from tests.properties.world import World

NAME = "levensloop"
START = "2024-01-01T09:00:00.000000Z"
SOURCE = Source(name="oud archief", sha256="0" * 64)
MAX_SEED = 2**32 - 1
MANY_PENDING = 4

settings.register_profile(
    "ci",
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search", settings.get_profile("ci"), max_examples=2000, derandomize=False
)
BOUNDED = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
"""The same few lives in every run; HYPOTHESIS_PROFILE=search looks through many new ones."""


class Step(NamedTuple):
    """One thing that was tried: an act (None: time passed), when, and what came of it."""

    before: ChainState
    act: Act | None
    at: str
    entries: tuple[Entry, ...] = ()
    after: ChainState | None = None
    refusal: Refused | None = None

    def told(self) -> str:
        """Say in a line what was tried and what came of it."""
        came = self.refusal or ", ".join(type(one.event).__name__ for one in self.entries)
        if self.act is None:
            return f"{self.at} time passes -> {came or 'nothing'}"
        body = to_builtins(self.act.event)
        who = f"{self.act.by}/{self.act.recorded_by}{' (import)' if self.act.source else ''}"
        return f"{self.at} on {self.act.on} {who}: {body} -> {came}"


class Story:
    """A life as it was lived: all that was tried, and all that was recorded."""

    def __init__(self, name: str = NAME) -> None:
        self.steps: list[Step] = []
        self.entries: list[Entry] = []
        self.state = ChainState(name=name)
        self.now = START

    @property
    def acts(self) -> list[Step]:
        """The steps in which somebody tried something."""
        return [step for step in self.steps if step.act is not None]

    @property
    def data(self) -> list[bytes]:
        """The records as they would be stored."""
        return [entry.data for entry in self.entries]

    def at(self, position: int) -> ChainState:
        """Return the state just before the record at a position, folded from the first on."""
        return folded(self.entries[:position], self.state.name)

    def told(self) -> str:
        """Tell the life in lines, for whoever has to find out what went wrong."""
        return "\n".join(step.told() for step in self.steps)

    def add(self, step: Step) -> None:
        """Go on from a step."""
        self.steps.append(step)
        self.entries.extend(step.entries)
        self.state = step.after or self.state


def folded(entries: Iterable[Entry], name: str = NAME) -> ChainState:
    """Return the state that these records alone make, read from their bytes."""
    state = ChainState(name=name)
    for entry in entries:
        read = catalogue.decode(entry.data)
        state = fold.evolve(state, read.body, read.header)
    return state


def lived(seeds: Sequence[int], name: str = NAME) -> Story:
    """Live the life of these numbers."""
    story = Story(name)
    for seed in seeds:
        if seed:
            _step(story, Random(seed))
    return story


def lives(*, steps: int) -> st.SearchStrategy[Story]:
    """Return lives of so many steps, of which some may be empty."""
    seeds = st.lists(st.integers(0, MAX_SEED), min_size=steps, max_size=steps)
    return seeds.map(lived)


def seeded(number: int, *, steps: int, name: str = NAME) -> Story:
    """Return the life of a number: always the same one."""
    pick = Random(number)
    return lived([pick.randint(1, MAX_SEED) for _ in range(steps)], name)


def _step(story: Story, pick: Random) -> None:
    story.now = _clock(story.now, pick)
    world = World(story.state, pick, story.now)
    if world.state.size and world.chance(6):
        story.add(_time_passed(world))
        return
    wanted = _intent(world)
    tried = Step(story.state, None, story.now)
    for _ in range(1 if world.chance(25) else 4):
        tried = _attempt(world, wanted(world))
        if tried.refusal is None:
            break
    story.add(tried)


def _clock(now: str, pick: Random) -> str:
    """Return when the next thing happens: minutes later, or days, or a season."""
    luck = pick.randrange(100)
    if luck < 85:
        minutes = pick.randrange(300)
        return instant(moment(now) + (moment(START) - moment("2024-01-01T08:59:00Z")) * minutes)
    return later(now, days=pick.randint(1, 15) if luck < 97 else pick.randint(30, 400))


def _time_passed(world: World) -> Step:
    done = recording.pass_time(world.state, at=world.now)
    for entry in done.entries:
        catalogue.decode(entry.data)
    return Step(world.state, None, world.now, done.entries, done.chain)


def _attempt(world: World, body: Body) -> Step:
    """Try one act as the writer does: nothing of it counts unless every record can be read back."""
    act = None
    try:
        event = catalogue.read_body(body)
        act = _act(world, event)
        done = recording.record(world.state, act, at=world.now)
        for entry in done.entries:
            catalogue.decode(entry.data)
    except Refused as refusal:
        return Step(world.state, act, world.now, refusal=refusal)
    return Step(world.state, act, world.now, done.entries, done.chain)


def _intent(world: World) -> Callable[[World], Body]:
    """Decide what to try: the next step of something, a proposal, or an event of some type."""
    luck = world.pick.randrange(100)
    if not world.state.size:
        return founded if luck < 95 else partial(_likely, COMMON[0])
    course = next((one for one in world.pick.sample(COURSES, len(COURSES)) if one(world)), None)
    if luck < 50 and course is not None:
        return lambda world: world.one(course(world) or [_likely(world.one(COMMON), world)])
    if luck < 60 and len(world.state.decisions.pending) < MANY_PENDING:
        return _proposal
    if luck < 62:
        return lambda world: {**_likely(world.one(COMMON), world), "onbekend": world.text()}
    rare: dict[int, Kinds] = {62: CONSEQUENCES, 63: RECORDABLE}
    return partial(_likely, world.one(rare.get(luck, COMMON)))


def _likely(kind: type[Event], world: World) -> Body:
    body = made(kind, world)
    likely = LIKELY.get(kind.__name__)
    return body | likely(world) if likely is not None and world.chance(95) else body


def _proposal(world: World) -> Body:
    """Propose something, with effects that are mostly possible at the moment."""
    effects = (_likely(world.one(EFFECTS), world) for _ in range(world.pick.randrange(6)))
    wanted = [one for one in effects if world.chance(4) or _possible(one, world)]
    return _likely(ProposalSubmitted, world) | {"effects": wanted[:3]}


def _possible(body: Body, world: World) -> bool:
    header = _header(world, "rules", world.now)
    try:
        fold.check(world.state, catalogue.read_body(body), header)
    except Refused:
        return False
    return True


def _header(world: World, by: str, on: str) -> Header:
    size = world.state.size
    return Header(
        v=1,
        chain=world.state.name,
        position=size,
        at=world.now,
        on=on,
        by=by,
        scope="chain",
        cause=size - 1 if by == "rules" else None,
    )


def _act(world: World, event: Event) -> Act:
    """Say who does it, when it happened, and how it comes in."""
    on = _when(world)
    authority = world.state.chains.import_authority
    able = _able(world, event, on or world.now)
    history = bool(authority) and world.chance(10 if able else 60)
    by = authority if history else _actor(world, event, able)
    recorded_by = ""
    if history and world.chance(30):
        by, recorded_by = world.person(), authority
    elif world.chance(5):
        recorded_by = world.person()
    act = Act(
        event=event,
        by=by,
        act=_key(world),
        on=on,
        recorded_by=recorded_by,
        scope=world.one(("public", "chain", "confidential")) if world.chance(5) else None,
        source=SOURCE if history or world.chance(1) else None,
    )
    return signed(world, _closed(world, act), _header(world, by, on or world.now))


def _closed(world: World, act: Act) -> Act:
    """Seal the texts of what is confidential, the same in every run of one life."""
    if recording.scope_of(world.state, act) != "confidential":
        return act

    def seal(path: str, text: str) -> str:
        salt = f"{world.state.size} {path}".encode().ljust(16)
        return sealing.seal_of(sealed.seal("matter", path, text, salt=salt, most=MAX_TEXT).digest)

    try:
        return replace(act, event=sealing.mapped(act.event, seal))
    except Refused:
        return act  # a text that no record can hold


def _when(world: World) -> str:
    """Return when it happened: mostly now, sometimes earlier; seldom at an impossible moment."""
    luck = world.pick.randrange(100)
    if luck < 82:
        return world.now if luck < 70 else ""
    if luck < 98:
        earlier = later(world.now, days=-world.pick.randint(1, 60))
        return max(earlier, world.state.chains.since)
    return later(world.now, days=1) if luck == 98 else later(START, days=-400)


def _key(world: World) -> str:
    if world.chance(2) and len(world.state.acts):
        return world.one(sorted(world.state.acts))
    return f"handeling-{world.state.size}" if world.chance(30) else ""


def _actor(world: World, event: Event, able: list[str]) -> str:
    """Mostly somebody who may; otherwise whoever comes along."""
    if isinstance(event, ChainEstablished) and event.partners and world.chance(95):
        return event.partners[0].representative
    programs = [one for one in able if one in world.state.service_accounts.all]
    if programs and world.chance(40):
        return world.one(programs)
    return world.one(able) if able and world.chance(90) else world.person()


def _able(world: World, event: Event, on: str) -> list[str]:
    """Return the people and programs that have a capacity for this at that moment."""
    found = []
    for person in (*world.names("person"), *world.names("service_account")):
        try:
            policy.lawful(world.state, event, _header(world, person, on))
        except NotAllowed:
            continue
        found.append(person)
    return found
