"""Making up an event of any type, as the JSON object that somebody would ask to record.

An event is made field by field from its definition. A field's name tells which things it can name;
`likely.py` says for some types how their fields belong together, so that a fair share is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, get_args

from msgspec import inspect

from ledger.domain.chain import BY_RULES, OWNERS
from ledger.domain.decision_state import VALID
from ledger.domain.events.chains import ChainDissolved
from ledger.domain.events.decisions import Effect
from ledger.domain.values import Event
from tests.properties.world import SUBJECTS, World

Body = dict[str, Any]
Kinds = tuple[type[Event], ...]


def _sorted(kinds: Iterable[type[Event]]) -> Kinds:
    return tuple(sorted(kinds, key=lambda one: one.__name__))


OFTEN = {
    "AgreementProposed": 4, "AgreementAmended": 2, "ActionAssigned": 4, "BodyEstablished": 2,
    "BottleneckSignalled": 2, "ChairTermStarted": 4, "DecisionRecorded": 2, "DecisionRevoked": 3,
    "DecisionRuleAdopted": 8, "DecisionExecuted": 2,
    "EscalationRaised": 3, "MandateGranted": 4, "MeetingConvened": 4, "PersonRegistered": 6,
    "RoleAssigned": 6, "SeatAssigned": 4, "SeatCreated": 4, "SupersessionRecorded": 2,
}  # fmt: skip
"""What happens more often than other things; the end of a chain happens once."""
RECORDABLE = _sorted(kind for kind in OWNERS if kind not in BY_RULES)
COMMON: Kinds = tuple(
    kind
    for kind in RECORDABLE
    if kind.__name__ != "ChainDissolved"
    for _ in range(OFTEN.get(kind.__name__, 1))
)
CONSEQUENCES = _sorted(BY_RULES)
EFFECTS: Kinds = (*(kind for kind in COMMON if kind in get_args(Effect)), ChainDissolved)
REFERENCES = {
    "accepted_by": "person",
    "by_decision": "decision",
    "consumer": "organisation",
    "decisions": "decision",
    "actions": "action",
    "provider": "organisation",
    "prepared_by": "body",
    "proposers": "person",
    "representative": "person",
    "successor": "body",
    "supersedes": "objective",
    "import_authority": "person",
    "AgreementProposed.parent": "agreement",
    "BodyEstablished.parent": "body",
    "EscalationClosed.lesson": "words",
    "OverrideAuthorityGranted.holder": "assignment",
}
"""What fields name whose own name is not that of a kind of thing."""
SIGNABLE = ("VoteCast", "AgreementSigned", "LessonRecorded")
"""What a chain of these tests may want signed."""
PARTNERS = frozenset({"organisation", "organisations", "parties", "jointly_by", "order"})


@cache
def _definition(kind: type[Event]) -> Any:
    return inspect.type_info(kind)


def made(kind: type[Event], world: World) -> Body:
    """Return an event of this type as a JSON object, with or without what is optional."""
    return _struct(_definition(kind), world, creates=kind.CREATES)


def _struct(info: Any, world: World, *, creates: str = "") -> Body:
    plain: Body = {info.tag_field: info.tag} if info.tag_field else {}
    for one in info.fields:
        if one.name == creates:
            plain[one.encode_name] = world.new(creates)
        elif one.required or world.chance(40):
            plain[one.encode_name] = _field(info.cls.__name__, one.name, one.type, world)
    return plain


def _field(owner: str, name: str, info: Any, world: World) -> Any:
    kind = REFERENCES.get(f"{owner}.{name}", REFERENCES.get(name, name))
    if name in PARTNERS:
        return _listed(info, world.partner, world)
    if kind in _KINDS:
        return _listed(info, lambda: world.name(kind), world)
    known = NAMED.get(f"{owner}.{name}") or NAMED.get(name)
    return known(world) if known is not None else _value(info, world)


def _listed(info: Any, pick: Callable[[], str], world: World) -> Any:
    """Return one name, or a few different ones where the field holds a list."""
    while isinstance(info, inspect.Metadata):
        info = info.type
    if not isinstance(info, inspect.VarTupleType):
        return pick()
    return list(dict.fromkeys(pick() for _ in range(world.pick.randint(1, 3))))


_KINDS = frozenset(
    {
        "action", "agreement", "assignment", "authority", "body", "bottleneck", "decision",
        "escalation", "exercise", "lesson", "mandate", "meeting", "objective", "person", "seat",
        "service_account", "signing_key",
    }
)  # fmt: skip


def _cites(world: World) -> list[Body]:
    relations = ("confirms", "departs-from", "supersedes", "rests-on")
    all_of_them = world.state.decisions.all
    valid = [name for name in sorted(all_of_them) if all_of_them[name].status in VALID]
    if valid and world.chance(60):
        return [{"decision": world.one(valid), "relation": "supersedes"}]
    named = world.some(sorted(all_of_them), most=2)
    return [{"decision": one, "relation": world.one(relations)} for one in named]


NAMED: dict[str, Callable[[World], Any]] = {
    "subject": lambda world: world.one(SUBJECTS),
    "subjects": lambda world: list(world.some(SUBJECTS, most=2)),
    "indicator": lambda world: world.one(("op-tijd", "juist")),
    "supported_by": lambda world: list(world.partners()),
    "towards": lambda world: world.partner(),
    "target": lambda world: world.position(),
    "advice": lambda world: world.position(),
    "origin": lambda world: world.position(),
    "replaces": lambda world: world.position(),
    "cites": _cites,
    "effects": lambda world: [],
    "identifiers": lambda world: (
        {"rsin": "111222333"} if world.chance(90) else {"rsin": "111222334"}
    ),
    "key_digest": lambda world: f"{world.pick.randrange(2**32):064x}",
    "sha256": lambda world: f"{world.pick.randrange(16):x}" * 64,
    "field": lambda world: world.one(("/title", "/text", "/reason", "/name", "/validFrom")),
    "amount_cents": lambda world: world.pick.randrange(5000),
    "term_days": lambda world: world.pick.randrange(1, 20),
    "valid_until": lambda world: world.date(least=-5, most=300),
    "due_on": lambda world: world.date(least=-2, most=60),
    "effective_on": lambda world: world.date(least=-2, most=30),
    "event_types": lambda world: list(world.some(SIGNABLE, most=2)),
    "SeatWeightSet.weight": lambda world: world.pick.randint(1, 5),
}
"""How to fill a field that says by its name what it is about."""


def _value(info: Any, world: World) -> Any:
    match info:
        case inspect.Metadata():
            return _value(info.type, world)
        case inspect.StructType():
            return _struct(info, world)
        case inspect.UnionType():
            chosen = [one for one in info.types if not isinstance(one, inspect.NoneType)]
            return _value(world.one(chosen), world)
        case inspect.VarTupleType():
            least = max(info.min_length or 0, 0)
            return [
                _value(info.item_type, world) for _ in range(world.pick.randint(least, least + 2))
            ]
        case inspect.LiteralType():
            return world.one(info.values)
        case inspect.IntType():
            return world.pick.randint(info.ge or 0, min(info.le or 9, (info.ge or 0) + 9))
        case inspect.BoolType():
            return world.chance(50)
        case inspect.StrType():
            return _text(info, world)
    raise TypeError(f"nothing can be made up for {info}")


def _text(info: Any, world: World) -> str:
    pattern = info.pattern or ""
    if "T(?:[01]" in pattern:
        return world.moment()
    if "02-29" in pattern:
        return world.date()
    if "{43}" in pattern:
        return "A" * 43
    if "https?" in pattern:
        return "https://getuige.example/w1"
    if "A-Za-z0-9" in pattern:
        return world.one(("iets", world.partner()))
    return world.text()
