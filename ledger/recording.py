"""Record one act and everything that follows from it: the one function that writes and audits.

    act -> what time made happen first -> policy (under) -> check -> evolve -> follow -> ...

Nothing is stored here; a caller gets the new state and the records, and forgets both when the store
refuses. Rules G1 to G14; G15 to G17 stand in `signatures.py`.
"""

from __future__ import annotations

from msgspec import Struct, ValidationError, to_builtins
from msgspec.structs import force_setattr, replace

from ledger import catalogue, policy, signatures
from ledger.domain import chain as fold
from ledger.domain import sealing, secrecy
from ledger.domain.chain import BY_RULES, ChainState
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.events.decisions import ProposalAmended, ProposalSubmitted
from ledger.domain.events.erasures import PersonalDataErased
from ledger.domain.events.memory import (
    EventAnnotated,
    LessonRecorded,
    RationaleAdded,
    RecordCorrected,
)
from ledger.domain.events.outcomes import DecisionSuperseded, DecisionTookForce, EffectFailed
from ledger.domain.rule import Rule
from ledger.domain.values import (
    RULES,
    Event,
    Header,
    Refused,
    Scope,
    Signature,
    Source,
    require,
)
from ledger.log import canonical

GENERAL_RULES = (
    Rule("G1", "Een keten begint met haar oprichting.", "default"),
    Rule("G2", "Een handeling ligt niet in de toekomst.", "default"),
    Rule("G3", "Een handeling ligt niet voor de oprichting van de keten.", "default"),
    Rule("G4", "Wat uit de regels volgt, kan niemand zelf vastleggen.", "default"),
    Rule("G5", "Wie vastlegt, heeft op die datum een rol, zetel of mandaat daarvoor.", "[S] K:815"),
    Rule("G6", "Een handelingskenmerk hoort bij één handeling.", "default"),
    Rule("G7", "Een vastlegging telt hoogstens 65.535 bytes.", "default"),
    Rule("G8", "Tekst is genormaliseerde Unicode (NFC) zonder NUL-tekens.", "default"),
    Rule("G9", "Eén handeling heeft hoogstens 1.000 gevolgen, en elk gevolg past.", "default"),
    Rule(
        "G10",
        "Na de ontbinding worden alleen lessen en toelichtingen toegevoegd, en gegevens gewist.",
        "[S] K:283-287",
    ),
    Rule("G11", "Wie handelt, is geregistreerd in de keten.", "default"),
    Rule(
        "G12", "Namens een ander vastleggen doet het ketenbureau of de ketenmanager.", "[S] K:1087"
    ),
    Rule("G13", "Een gebeurtenis heeft een bekende soort en precies haar velden.", "default"),
    Rule("G14", "Het ketenbureau beslist en stemt niet.", "[S] K:1108-1112"),
    *signatures.RULES,
)

MAX_CONSEQUENCES = 1000
MAX_DUE = 10_000
"""How much time may make happen just before one act."""

MAX_REASON = 20_000
"""As much as a failed effect can say of why, in characters."""

AFTER_THE_END = (
    LessonRecorded, RationaleAdded, RecordCorrected, EventAnnotated, PersonalDataErased
)  # fmt: skip
PROPOSALS = (ProposalSubmitted, ProposalAmended)
CLOSING = (*AFTER_THE_END, EffectFailed, DecisionSuperseded)
"""What stands behind a dissolution: memory, and what is left of the decision that brought it."""


class Act(Struct, frozen=True, kw_only=True):
    """What somebody asks to record.

    `by` acted, `recorded_by` entered it for them; `on` is when it happened (empty: now); `act` is
    the caller's key: asking twice records once; `source` marks history taken from elsewhere;
    `signature` is over the event and who, when, in which chain and under which key. `read` says
    that the event was read from JSON as it is, so that nobody need read it back.
    """

    event: Event
    by: str
    act: str = ""
    on: str = ""
    recorded_by: str = ""
    scope: Scope | None = None
    source: Source | None = None
    signature: Signature | None = None
    read: bool = False


class Entry(Struct, frozen=True):
    """A record that is ready to be stored: its event, its header, and its exact bytes."""

    event: Event
    header: Header
    data: bytes


class Recorded(Struct, frozen=True):
    """What came of an act: the state after it, and its records in order.

    `first` is the position of the act itself; what time made happen just before stands ahead of it.
    """

    chain: ChainState
    entries: tuple[Entry, ...]
    first: int


def record(chain: ChainState, act: Act, *, at: str) -> Recorded:
    """Check one act against the rules, apply it, and everything that follows, to the end.

    `at` is the recorded time, an Instant. Raises Refused or NotAllowed with the rule's number; then
    nothing has changed.
    """
    at = max(at, chain.at)
    on = act.on or at
    _possible(chain, act, on=on, at=at)
    ahead: list[Entry] = []
    chain = _time(chain, now=on, at=at, entries=ahead)
    first = chain.size
    if act.signature is not None:
        signatures.explicit(act.event, act=act.act, on=act.on)
    event = _named(act.event, first)
    header = _header(chain, act, on=on, at=at)
    _sealed_as_due(act, event, header)
    # Nobody has seen this header yet, and positions need no second look at all the rest of it.
    force_setattr(header, "under", policy.lawful(chain, event, header))
    signatures.check(chain, event, header)
    entries: list[Entry] = []
    chain = _apply(chain, event, header, entries, read=act.read)
    return Recorded(chain, (*ahead, *entries), first)


def pass_time(chain: ChainState, *, at: str) -> Recorded:
    """Record what time alone makes happen up to `at`; nothing due gives no entries.

    At most about MAX_CONSEQUENCES at once: whoever gets entries asks again.
    """
    entries: list[Entry] = []
    after = chain
    while len(entries) < MAX_CONSEQUENCES:
        step = one_due(after, now=max(at, chain.at), at=at)
        if step is None:
            break
        entries.extend(step.entries)
        after = step.chain
    return Recorded(after, tuple(entries), chain.size)


def one_due(chain: ChainState, *, now: str, at: str) -> Recorded | None:
    """Record the one thing that time makes happen first, not later than `now`, and what follows.

    None where nothing is due. `at` is the recorded time. However much follows, it is never refused:
    time that stood still in a chain would stop everybody in it.
    """
    found = fold.due(chain, now)
    if found is None:
        return None
    entries: list[Entry] = []
    header = _by_rules(chain, found.event, on=found.on, at=max(at, chain.at))
    after = _apply(chain, found.event, header, entries, bounded=False)
    return Recorded(after, tuple(entries), chain.size)


def repeats(act: Act, first: catalogue.Record) -> bool:
    """Tell whether an act asks again for what was recorded: the same event by the same person.

    Of what is sealed only whether it is filled counts: sealed twice, a value has two digests.
    """
    wanted = _named(act.event, first.header.position)
    same = _without_digests(wanted) == _without_digests(first.body)
    return same and act.by == first.header.by


def _without_digests(event: Event) -> object:
    """Return the event as plain values, with only yes or no for what is sealed."""
    plain = to_builtins(sealing.mapped(event, _without_digest))
    return plain | {name: bool(plain.get(name)) for name in catalogue.sealed_fields(type(event))}


def _without_digest(_: str, text: str) -> str:
    return sealing.PREFIX if sealing.sealed_as(text) else text


def _possible(chain: ChainState, act: Act, *, on: str, at: str) -> None:
    # Every act comes by here, so a reason is put into words only where there is one to give.
    kind = type(act.event)
    if kind in BY_RULES:
        raise Refused("G4", f"{kind.__name__} volgt alleen uit de regels")
    if act.by == RULES or act.recorded_by == RULES:
        raise Refused("G4", f"{RULES} is niemand")
    if not chain.size and kind is not ChainEstablished:
        raise Refused("G1", f"keten {chain.name} bestaat nog niet")
    if on > at:
        raise Refused("G2", f"{on} ligt na nu ({at})")
    if chain.size:
        if on < chain.chains.since:
            raise Refused("G3", f"{on} ligt voor de oprichting ({chain.chains.since})")
        for person in (act.by, act.recorded_by) if act.recorded_by else (act.by,):
            if not _registered(chain, person):
                raise Refused("G11", f"{person} is niet geregistreerd")
    if chain.chains.dissolved >= 0 and kind not in AFTER_THE_END:
        raise Refused("G10", f"{kind.__name__} na de ontbinding")
    taken = chain.acts.get(act.act) if act.act else None
    if taken is not None:
        raise Refused("G6", f"{act.act} is al gebruikt (gebeurtenis {taken})")


def _registered(chain: ChainState, actor: str) -> bool:
    """Tell whether somebody takes part, or is a program with an account."""
    return actor in chain.people.registered or actor in chain.service_accounts.all


def _named(event: Event, position: int) -> Event:
    """Give the thing this event makes an id from the position, where the caller gave none."""
    field = event.CREATES
    if not field or getattr(event, field):
        return event
    return replace(event, **{field: f"{field}-{position}"})


def _header(chain: ChainState, act: Act, *, on: str, at: str) -> Header:
    own = act.recorded_by in ("", act.by)
    try:
        return Header(
            v=1,
            chain=chain.name,
            position=chain.size,
            at=at,
            on=on,
            by=act.by,
            scope=scope_of(chain, act),
            recorded_by="" if own else act.recorded_by,
            act=act.act,
            source=act.source,
            signature=act.signature,
        )
    except (ValueError, ValidationError) as error:
        raise Refused("G13", catalogue.in_dutch(str(error))) from error


def scope_of(chain: ChainState, act: Act) -> Scope:
    """Return who may read what an act records: as it says itself, else as its event has it."""
    return act.scope or _scope(chain, act.event)


def _sealed_as_due(act: Act, event: Event, header: Header) -> None:
    """Refuse free text that anybody could read in what is confidential, and a seal elsewhere.

    Whoever seals says the scope with it (`confidential.py`). A seal without one was typed, and
    would open for its writer what is sealed elsewhere.
    """
    secret = header.scope == "confidential"
    if not (secret or sealing.may_be_sealed(event)):
        return
    for name, text in sealing.texts(event):
        sealed = bool(sealing.sealed_as(text))
        if sealed != secret or (sealed and act.scope is None):
            where = "niet vertrouwelijk" if sealed else "vertrouwelijk en deze tekst staat er open"
            raise Refused("G13", f"{name}: de vastlegging is {where}; vraag het opnieuw")


def _scope(chain: ChainState, event: Event) -> Scope:
    """That of a confidential matter or of the body concerned; else the default of the type."""
    if secrecy.concerned(chain.secrets, event):
        return "confidential"
    body = chain.bodies.bodies.get(policy.body_concerned(chain, event))
    return (body.records_scope if body is not None else "") or event.SCOPE


def _time(chain: ChainState, *, now: str, at: str, entries: list[Entry]) -> ChainState:
    """Let happen, in order, what fell due up to `now`."""
    if not chain.wakes or chain.wakes > now:
        return chain
    while (step := one_due(chain, now=now, at=at)) is not None:
        require(len(entries) < MAX_DUE, "G9", "te veel tegelijk verstreken termijnen")
        entries.extend(step.entries)
        chain = step.chain
    return chain


def _by_rules(
    chain: ChainState,
    event: Event,
    *,
    on: str,
    at: str,
    cause: Header | None = None,
    under: tuple[int, ...] = (),
) -> Header:
    # What follows from something confidential would otherwise tell it to everybody.
    secret = cause is not None and cause.scope == "confidential"
    return Header(
        v=1,
        chain=chain.name,
        position=chain.size,
        at=at,
        on=on,
        by=RULES,
        scope="confidential" if secret else _scope(chain, event),
        under=under,
        cause=None if cause is None else cause.position,
        source=None if cause is None else cause.source,
    )


def _apply(
    chain: ChainState,
    event: Event,
    header: Header,
    entries: list[Entry],
    *,
    bounded: bool = True,
    read: bool = False,
) -> ChainState:
    """Check and apply one event, then what follows from it, depth first."""
    if chain.chains.dissolved >= 0 and not isinstance(event, CLOSING):
        raise Refused("G10", f"{type(event).__name__} na de ontbinding")
    fold.check(chain, event, header)
    if isinstance(event, PROPOSALS) and event.effects:
        _rehearse(chain, event, header)
    data = _encoded(event, header, read=read)
    chain = fold.evolve(chain, event, header)
    entries.append(Entry(event, header, data))
    for number, consequence in enumerate(fold.follow(chain, event, header)):
        few = len(entries) < MAX_CONSEQUENCES or not bounded
        require(few, "G9", f"meer dan {MAX_CONSEQUENCES} gevolgen")
        chain = _consequence(
            chain, consequence, header, entries, cause=event, number=number, bounded=bounded
        )
    return chain


def _encoded(event: Event, header: Header, *, read: bool) -> bytes:
    """Return the bytes of a record that is sure to fit, and to be readable for ever."""
    write = catalogue.encode if read else catalogue.encode_to_last
    try:
        data = write(event, header)
    except canonical.NotCanonical as error:
        raise Refused("G8", str(error)) from error
    if len(data) > canonical.MAX_RECORD_BYTES:
        raise Refused("G7", f"deze vastlegging telt {len(data)} bytes")
    return data


def _rehearse(
    chain: ChainState, event: ProposalSubmitted | ProposalAmended, header: Header
) -> None:
    """Try a proposal's effects one after another, as if it took force now (D5)."""
    chain = fold.evolve(replace(chain, acts=chain.acts.apart()), event, header)
    chain = fold.evolve(chain, DecisionTookForce(decision=event.decision), header)
    for number, wanted in enumerate(event.effects):
        effect = _named(wanted, chain.size)
        own = _by_rules(chain, effect, on=header.on, at=header.at, cause=header)
        try:
            chain = _apply(chain, effect, own, [])
        except Refused as refusal:
            name = type(effect).__name__
            raise Refused("D5", f"gevolg {number} ({name}): {refusal}") from refusal


def _consequence(
    chain: ChainState,
    event: Event,
    header: Header,
    entries: list[Entry],
    *,
    cause: Event,
    number: int,
    bounded: bool,
) -> ChainState:
    """Apply one consequence; an effect that became impossible is recorded as failed."""
    under = (header.position,) if cause.AUTHORISES else ()
    event = _named(event, chain.size)
    own = _by_rules(chain, event, on=header.on, at=header.at, cause=header, under=under)
    mark = len(entries)
    try:
        return _apply(chain, event, own, entries, bounded=bounded)
    except Refused as refusal:
        if not isinstance(cause, DecisionTookForce):
            raise
        del entries[mark:]
        failed = EffectFailed(
            decision=cause.decision,
            effect=number,
            effect_type=type(event).__name__,
            rule=refusal.rule,
            reason=refusal.reason[:MAX_REASON],
        )
        return _apply(chain, failed, own, entries)
