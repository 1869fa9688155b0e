"""The state of one chain and the fold: which capability owns which event, and what asks for what.

A state has one field per capability. `check` may refuse, `evolve` copies, `follow` and `due` give
what the adopted rules make happen. Nothing here reads a clock, a database or a random number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import (
    actions,
    agreements,
    bodies,
    chains,
    decision_rules,
    decisions,
    erasures,
    escalations,
    events,
    evidence,
    mandates,
    meetings,
    memory,
    people,
    reviews,
    roles,
    sealing,
    secrecy,
    service_accounts,
    signing_keys,
)
from ledger.domain.acts import Acts
from ledger.domain.alarms import Alarms
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Due, Event, Header


class ChainState(Struct, frozen=True):
    """What is true in one chain after its first `size` records.

    `at` is the recorded time of the last one, `acts` gives the position at which an act id was
    recorded, `sealed` where each digest stands, `secrets` which matters are confidential, `wakes`
    is the first moment at which something falls due (empty: nothing waits). Every other field
    belongs to the capability of that name.
    """

    name: str
    size: int = 0
    at: str = ""
    wakes: str = ""
    acts: Acts = field(default_factory=Acts)
    sealed: Map[str, sealing.Sealing] = field(default_factory=Map)
    secrets: Map[str, int] = field(default_factory=Map)
    chains: chains.Chains = field(default_factory=chains.Chains)
    people: people.People = field(default_factory=people.People)
    bodies: bodies.Bodies = field(default_factory=bodies.Bodies)
    roles: roles.Roles = field(default_factory=roles.Roles)
    mandates: mandates.Mandates = field(default_factory=mandates.Mandates)
    decision_rules: decision_rules.DecisionRules = field(
        default_factory=decision_rules.DecisionRules
    )
    meetings: meetings.Meetings = field(default_factory=meetings.Meetings)
    decisions: decisions.Decisions = field(default_factory=decisions.Decisions)
    agreements: agreements.Agreements = field(default_factory=agreements.Agreements)
    escalations: escalations.Escalations = field(default_factory=escalations.Escalations)
    actions: actions.Actions = field(default_factory=actions.Actions)
    memory: memory.Memory = field(default_factory=memory.Memory)
    evidence: evidence.Evidence = field(default_factory=evidence.Evidence)
    signing_keys: signing_keys.SigningKeys = field(default_factory=signing_keys.SigningKeys)
    reviews: reviews.Reviews = field(default_factory=reviews.Reviews)
    erasures: erasures.Erasures = field(default_factory=erasures.Erasures)
    service_accounts: service_accounts.ServiceAccounts = field(
        default_factory=service_accounts.ServiceAccounts
    )

    @property
    def by_decision(self) -> frozenset[str]:
        """The event types that need a decision unless the governance model says otherwise."""
        return BY_DECISION

    @property
    def by_people(self) -> frozenset[str]:
        """The event types that people record; the others only follow from the rules."""
        return BY_PEOPLE

    @property
    def by_programs(self) -> frozenset[str]:
        """The event types that are open to service accounts; every other one is not."""
        return BY_PROGRAMS


class Owner(NamedTuple):
    """The capability that owns an event type: its name and its functions.

    `alarms` finds what waits for a moment in its state, if anything can; `seals` is whether the
    type has fields whose values are sealed.
    """

    capability: str
    check: Callable[[ChainState, Any, Header], None]
    evolve: Callable[[Any, Any, Header], Any]
    alarms: Callable[[Any], Alarms] | None
    seals: bool


CAPABILITIES: dict[str, tuple[Any, Any]] = {
    "chains": (events.chains, chains),
    "people": (events.people, people),
    "bodies": (events.bodies, bodies),
    "roles": (events.roles, roles),
    "mandates": (events.mandates, mandates),
    "decision_rules": (events.decision_rules, decision_rules),
    "meetings": (events.meetings, meetings),
    "decisions": (events.decisions, decisions),
    "agreements": (events.agreements, agreements),
    "escalations": (events.escalations, escalations),
    "actions": (events.actions, actions),
    "memory": (events.memory, memory),
    "evidence": (events.evidence, evidence),
    "signing_keys": (events.signing_keys, signing_keys),
    "reviews": (events.reviews, reviews),
    "erasures": (events.erasures, erasures),
    "service_accounts": (events.service_accounts, service_accounts),
}
"""Every capability in the order in which consequences are asked for: its events and its rules."""

OWNERS: dict[type[Event], Owner] = {
    kind: Owner(
        name,
        rules.check,
        rules.evolve,
        alarms=attrgetter(rules.ALARMS) if hasattr(rules, "due") else None,
        seals=bool(sealing.sealed_fields(kind)),
    )
    for name, (vocabulary, rules) in CAPABILITIES.items()
    for kind in vocabulary.EVENTS
}
BY_RULES: frozenset[type[Event]] = frozenset(
    kind for vocabulary, _ in CAPABILITIES.values() for kind in vocabulary.BY_RULES
)
FOLLOWERS: dict[type[Event], list[Callable[[ChainState, Event, Header], tuple[Event, ...]]]] = {}
for _vocabulary, _rules in CAPABILITIES.values():
    for _kind in getattr(_rules, "FOLLOWS", ()):
        FOLLOWERS.setdefault(_kind, []).append(_rules.follow)
TIMED: dict[str, tuple[Callable[[Any], str], Callable[[ChainState, str], tuple[Due, ...]]]] = {
    name: (attrgetter(f"{rules.ALARMS}.first"), rules.due)
    for name, (_, rules) in CAPABILITIES.items()
    if hasattr(rules, "due")
}
"""How a capability tells the first moment at which something falls due, and what to ask then."""
BY_PEOPLE: frozenset[str] = frozenset(kind.__name__ for kind in OWNERS if kind not in BY_RULES)
BY_PROGRAMS: frozenset[str] = frozenset(
    kind.__name__ for kind in OWNERS if service_accounts.CAPACITY in kind.WHO
)
BY_DECISION: frozenset[str] = frozenset(kind.__name__ for kind in OWNERS if "decision" in kind.WHO)


def domain_rules() -> tuple[Rule, ...]:
    """Return every numbered rule of every capability."""
    return tuple(rule for _, rules in CAPABILITIES.values() for rule in rules.RULES)


def check(chain: ChainState, event: Event, header: Header) -> None:
    """Raise Refused when a rule of the event's capability says no."""
    OWNERS[type(event)].check(chain, event, header)


def evolve(chain: ChainState, event: Event, header: Header) -> ChainState:
    """Return the state after this record. Never refuses."""
    capability, _, change, alarms, seals = OWNERS[type(event)]
    before = getattr(chain, capability)
    own = change(before, event, header)
    changes = {capability: own, "size": header.position + 1, "at": header.at}
    if header.act:
        changes["acts"] = chain.acts.insert(header.act, header.position)
    if seals or header.scope == "confidential":
        changes["sealed"] = sealing.noted(chain.sealed, event, header)
        changes["secrets"] = secrecy.noted(chain.secrets, event, header)
    if alarms is not None:
        was, now = alarms(before), alarms(own)
        if now is not was and now.first != was.first:
            changes["wakes"] = _wakes(chain, capability, was=was.first, now=now.first)
    return replace(chain, **changes)


def evolve_all(chain: ChainState, records: Iterable[tuple[Event, Header]]) -> ChainState:
    """Return the state after all these records: what `evolve` gives, without the states between.

    Who asks nothing in between is spared a quarter of the work.
    """
    own = {name: getattr(chain, name) for name in CAPABILITIES}
    size, at, acts = chain.size, chain.at, dict(chain.acts.items())
    sealed, secrets = chain.sealed, chain.secrets
    for event, header in records:
        capability, _, change, _, seals = OWNERS[type(event)]
        own[capability] = change(own[capability], event, header)
        size, at = header.position + 1, header.at
        if header.act:
            acts[header.act] = header.position
        if seals or header.scope == "confidential":
            sealed = sealing.noted(sealed, event, header)
            secrets = secrecy.noted(secrets, event, header)
    wakes = min(filter(None, (look(own[name]) for name, (look, _) in TIMED.items())), default="")
    kept = {"acts": Acts(acts.items()), "sealed": sealed, "secrets": secrets}
    return replace(chain, size=size, at=at, wakes=wakes, **kept, **own)


def _wakes(chain: ChainState, changed: str, *, was: str, now: str) -> str:
    """Return the first moment of all, where one capability has another one than before."""
    if was != chain.wakes:  # so another one comes first, and still does unless this is earlier
        return min(now, chain.wakes) if now and chain.wakes else now or chain.wakes
    others = [look(getattr(chain, name)) for name, (look, _) in TIMED.items() if name != changed]
    return min(filter(None, (now, *others)), default="")


def follow(chain: ChainState, event: Event, header: Header) -> tuple[Event, ...]:
    """Return what the adopted rules make happen after this event; `chain` already holds it."""
    followers = FOLLOWERS.get(type(event))
    if followers is None:
        return ()
    if len(followers) == 1:
        return followers[0](chain, event, header)
    return tuple([one for ask in followers for one in ask(chain, event, header)])


def due(chain: ChainState, now: str) -> Due | None:
    """Return the one thing that time makes happen first, not later than now, or None.

    In a dissolved chain nothing falls due any more.
    """
    if not chain.wakes or chain.wakes > now or chain.chains.dissolved >= 0:
        return None
    waiting = [one for _, ask in TIMED.values() for one in ask(chain, now)]
    return min(waiting, key=lambda one: one.on, default=None)
